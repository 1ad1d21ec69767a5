"""The command line: ``python -m lecture_code.study COMMAND``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lecture_code.study import models


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
    models.make(force=parser.parse_args(arguments).force)


if __name__ == "__main__":
    main()
