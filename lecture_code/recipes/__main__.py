"""What is computed ahead of the chapters: ``python -m lecture_code.recipes``.

Each recipe lists the models that it trains in its ``WEIGHTS``, and what it computes in
its ``ARRAYS`` and ``TABLES``, with fixed seeds. What is stored already is skipped, so
that an interrupted run is taken up where it stopped.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from lecture_code import recipes, scoreboard, trained

RECIPES = [
    importlib.import_module(f"lecture_code.recipes.{each.name}")
    for each in pkgutil.iter_modules(recipes.__path__)
    if each.name != "__main__"
]


def _gather(kind: str) -> dict[str, Callable[[], Any]]:
    """Put together what all recipes list under this name."""
    return {k: v for recipe in RECIPES for k, v in getattr(recipe, kind, {}).items()}


WEIGHTS: dict[str, Callable[[], torch.nn.Module]] = _gather("WEIGHTS")
ARRAYS: dict[str, Callable[[], dict[str, np.ndarray]]] = _gather("ARRAYS")
#: The scoreboard comes last: it reads the tables of costs.
TABLES: dict[str, Callable[[], dict[str, np.ndarray]]] = {
    **_gather("TABLES"),
    "scoreboard": scoreboard.table,
    "judgements": scoreboard.judgements,
}


def make(*, force: bool = False) -> None:
    """Compute what is not stored, or by force everything: weights first."""
    for compute, ending, write in (
        (WEIGHTS, ".npz", trained.store),
        (ARRAYS, ".npz", trained.store_arrays),
        (TABLES, ".csv", trained.store_table),
    ):
        there = [] if force else trained.names(ending)
        for name, work in compute.items():
            if name in there:
                print(f"{name}{ending} is there already (--force computes it anew)")
            else:
                print(f"{write(name, work()).name} written", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser("lecture_code.recipes", description=__doc__)
    parser.add_argument("--force", action="store_true", help="compute everything anew")
    make(force=parser.parse_args(arguments).force)


if __name__ == "__main__":
    main()
