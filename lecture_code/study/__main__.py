"""The command line: ``python -m lecture_code.study COMMAND``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from lecture_code.study import image_models, images, models, report, runner


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command of the study.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command-line arguments; by default those of the process.

    Raises
    ------
    SystemExit
        If the arguments are not understood, or the data cannot be had.
    """
    parser = argparse.ArgumentParser(prog="lecture_code.study", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    ahead = commands.add_parser("models", help="compute what the chapters load")
    ahead.add_argument("--force", action="store_true", help="compute anew")
    ahead.set_defaults(run=lambda chosen: models.make(force=chosen.force))
    _add_line(commands.add_parser("one-dimensional", help="the study on the line"))
    _add_images(commands.add_parser("images", help="the study of chapter 17"))
    chosen = parser.parse_args(arguments)
    try:
        chosen.run(chosen)
    except (ValueError, OSError) as error:
        parser.exit(1, f"{error}\n")


def _add_line(command: argparse.ArgumentParser) -> None:
    add, folder = command.add_argument, Path("study-one-dimensional")
    add("--runs", type=int, default=10, help="networks for each setting")
    add("--folder", type=Path, default=folder, help="where the results go")
    add("--resume", action="store_true", help="go on from what is there")
    add("--jobs", type=int, default=1, help="processes on this machine")
    add("--backend", choices=runner.BACKENDS, default="joblib")
    add("--store", action="store_true", help="let the chapters load the tables")
    add("--scheduler", help="address of a Dask cluster, for --backend dask")
    command.set_defaults(run=_line)


def _line(chosen: argparse.Namespace) -> None:
    report.one_dimensional_study(
        chosen.folder,
        runs=chosen.runs,
        resume=chosen.resume,
        resources=runner.Resources(chosen.jobs, chosen.backend, chosen.scheduler),
        store=chosen.store,
    )


def _add_images(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--data", choices=image_models.SOURCES, default="digits", help="which images")
    add("--data-folder", type=Path, help="where MNIST's files are, or go")
    add("--runs", type=int, default=2, help="networks of each kind")
    add("--steps", type=int, default=1000, help="updates of each network")
    add("--folder", type=Path, default=Path("study-images"), help="for the results")
    command.set_defaults(run=_images)


def _images(chosen: argparse.Namespace) -> None:
    settings = {"runs": chosen.runs, "steps": chosen.steps}
    where = {"data_folder": chosen.data_folder}
    for path in images.study(chosen.folder, chosen.data, **settings, **where):
        print(f"{path} written")


if __name__ == "__main__":
    main()
