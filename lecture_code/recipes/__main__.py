"""What is computed ahead of the chapters: ``python -m lecture_code.recipes``.

Each recipe lists the models that it trains in its ``WEIGHTS`` and the tables that it
computes in its ``TABLES``, with fixed seeds. What is stored already is skipped, so that
an interrupted run is taken up where it stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np
import torch

from lecture_code import scoreboard, trained
from lecture_code.recipes import (
    binary,
    codes,
    coverage,
    denoising,
    gan_diffusion,
    grey,
    overfitting,
    sharing,
    vae_flow,
)

WEIGHTS: dict[str, Callable[[], torch.nn.Module]] = {
    **binary.WEIGHTS,
    **grey.WEIGHTS,
    **vae_flow.WEIGHTS,
    **gan_diffusion.WEIGHTS,
}
#: In this order: the scoreboard reads the tables of costs.
TABLES: dict[str, Callable[[], dict[str, np.ndarray]]] = {
    **coverage.TABLES,
    **denoising.TABLES,
    **sharing.TABLES,
    **overfitting.TABLES,
    **binary.TABLES,
    **codes.TABLES,
    **grey.TABLES,
    **vae_flow.TABLES,
    **gan_diffusion.TABLES,
    "scoreboard": scoreboard.table,
    "judgements": scoreboard.judgements,
}


def make(*, force: bool = False) -> None:
    """Compute what is not stored, or by force everything: weights, then tables."""
    for compute, ending, write in (
        (WEIGHTS, ".npz", trained.store),
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
