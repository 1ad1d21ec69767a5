"""The command line: ``python -m lecture_code.study line`` or ``images``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lecture_code.study.images import report as images
from lecture_code.study.images import scenes
from lecture_code.study.line import report as line


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a study; what goes wrong ends it with one clear line."""
    parser = argparse.ArgumentParser(prog="lecture_code.study", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_line(commands.add_parser("line", help="the study in one dimension"))
    _add_images(commands.add_parser("images", help="the study on images"))
    chosen = parser.parse_args(arguments)
    try:
        chosen.run(chosen)
    except (ValueError, OSError) as error:
        parser.exit(1, f"{error}\n")


def _add_line(command: argparse.ArgumentParser) -> None:
    """Add the options of the study in one dimension."""
    add = command.add_argument
    add("--runs", type=int, default=10, help="networks for each setting")
    add("--folder", type=Path, default=Path("study-line"), help="for the results")
    add("--store", action="store_true", help="let the chapters load the tables")
    _add_where(command)
    command.set_defaults(run=_line)


def _add_images(command: argparse.ArgumentParser) -> None:
    """Add the options of the study on images."""
    add = command.add_argument
    add("--data", choices=scenes.SOURCES, default="digits", help="which images")
    add("--data-folder", type=Path, help="where MNIST's files are, or go")
    add("--scene", choices=scenes.SCENES, help="only this one")
    add("--runs", type=int, default=3, help="networks of each kind")
    add("--steps", type=int, help="updates of each network, if not its usual number")
    add("--device", default="cpu", help="what trains: cpu or cuda")
    add("--folder", type=Path, default=Path("study-images"), help="for the results")
    add("--store", action="store_true", help="let chapter 17 load the results")
    _add_where(command)
    command.set_defaults(run=_images)


def _add_where(command: argparse.ArgumentParser) -> None:
    """Add the options that say where the work is done."""
    add = command.add_argument
    add("--resume", action="store_true", help="go on from what is there")
    add("--jobs", type=int, default=1, help="processes on this machine")
    add("--backend", choices=("joblib", "dask"), default="joblib")
    add("--scheduler", help="address of a Dask cluster, for --backend dask")


def _where(chosen: argparse.Namespace) -> dict[str, Any]:
    """Check the options of :func:`_add_where`."""
    if chosen.jobs < 1:
        raise ValueError(f"--jobs: expected at least 1, got {chosen.jobs}")
    if (chosen.backend == "dask") != (chosen.scheduler is not None):
        raise ValueError("--scheduler: expected with --backend dask, and only with it")
    return {
        "resume": chosen.resume,
        "jobs": chosen.jobs,
        "scheduler": chosen.scheduler,
    }


def _line(chosen: argparse.Namespace) -> None:
    where = _where(chosen)
    line.study(chosen.folder, runs=chosen.runs, store=chosen.store, **where)


def _images(chosen: argparse.Namespace) -> None:
    where = _where(chosen)
    written = images.study(
        chosen.folder,
        chosen.data,
        scenes=[chosen.scene] if chosen.scene else scenes.SCENES,
        runs=chosen.runs,
        steps=chosen.steps,
        data_folder=chosen.data_folder,
        device=chosen.device,
        store=chosen.store,
        **where,
    )
    for path in written:
        print(f"{path} written")


if __name__ == "__main__":
    # New processes read it when they import tqdm: one bar is enough.
    os.environ["TQDM_DISABLE"] = "1"
    main()
