"""The command line: ``python -m lecture_code.study line`` or ``images``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from lecture_code.study.images import measure, models
from lecture_code.study.line import report


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
    add("--resume", action="store_true", help="go on from what is there")
    add("--jobs", type=int, default=1, help="processes on this machine")
    add("--backend", choices=("joblib", "dask"), default="joblib")
    add("--scheduler", help="address of a Dask cluster, for --backend dask")
    add("--store", action="store_true", help="let the chapters load the tables")
    command.set_defaults(run=_line)


def _line(chosen: argparse.Namespace) -> None:
    if chosen.jobs < 1:
        raise ValueError(f"--jobs: expected at least 1, got {chosen.jobs}")
    if (chosen.backend == "dask") != (chosen.scheduler is not None):
        raise ValueError("--scheduler: expected with --backend dask, and only with it")
    report.study(
        chosen.folder,
        runs=chosen.runs,
        resume=chosen.resume,
        jobs=chosen.jobs,
        scheduler=chosen.scheduler,
        store=chosen.store,
    )


def _add_images(command: argparse.ArgumentParser) -> None:
    """Add the options of the study on images."""
    add = command.add_argument
    add("--data", choices=models.SOURCES, default="digits", help="which images")
    add("--data-folder", type=Path, help="where MNIST's files are, or go")
    add("--runs", type=int, default=2, help="networks of each kind")
    add("--steps", type=int, default=1000, help="updates of each network")
    add("--folder", type=Path, default=Path("study-images"), help="for the results")
    add("--store", action="store_true", help="let chapter 17 load the table")
    command.set_defaults(run=_images)


def _images(chosen: argparse.Namespace) -> None:
    written = measure.study(
        chosen.folder,
        chosen.data,
        runs=chosen.runs,
        steps=chosen.steps,
        data_folder=chosen.data_folder,
        store=chosen.store,
    )
    for path in written:
        print(f"{path} written")


if __name__ == "__main__":
    # New processes read it when they import tqdm: one bar is enough.
    os.environ["TQDM_DISABLE"] = "1"
    main()
