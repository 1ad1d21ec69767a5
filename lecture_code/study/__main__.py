"""The command line: ``python -m lecture_code.study COMMAND``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from lecture_code.study import models, report, runner


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command of the study.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command-line arguments; by default those of the process.

    Raises
    ------
    SystemExit
        If the arguments are not understood.
    """
    parser = argparse.ArgumentParser(prog="lecture_code.study", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    ahead = commands.add_parser("models", help="compute what the chapters load")
    ahead.add_argument("--force", action="store_true", help="compute anew")
    line = commands.add_parser("one-dimensional", help="the study of chapter 16")
    _add_study_options(line, "study-one-dimensional")
    chosen = parser.parse_args(arguments)
    if chosen.command == "models":
        models.make(force=chosen.force)
    else:
        _study(parser, chosen)


def _add_study_options(command: argparse.ArgumentParser, folder: str) -> None:
    add = command.add_argument
    add("--runs", type=int, default=10, help="networks for each setting")
    add("--folder", type=Path, default=Path(folder), help="where the results go")
    add("--resume", action="store_true", help="go on from what is there")
    add("--jobs", type=int, default=1, help="processes on this machine")
    add("--backend", choices=runner.BACKENDS, default="joblib")
    add("--store", action="store_true", help="let the chapters load the tables")
    add("--scheduler", help="address of a Dask cluster, for --backend dask")


def _study(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> None:
    resources = runner.Resources(chosen.jobs, chosen.backend, chosen.scheduler)
    try:
        report.one_dimensional_study(
            chosen.folder,
            runs=chosen.runs,
            resume=chosen.resume,
            resources=resources,
            store=chosen.store,
        )
    except (ValueError, OSError) as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
