"""What is computed ahead of the chapters: ``make models``.

Every file of the study that trains a stored model lists it in its ``WEIGHTS``, every
one that computes a stored table in its ``TABLES``, with fixed seeds. An entry whose
file is there already is skipped, so an interrupted run is taken up where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from lecture_code import trained, validate
from lecture_code.study import binary, coverage, implicit, latent

_STUDIES = (coverage, binary, latent, implicit)
WEIGHTS: dict[str, Callable[[], torch.nn.Module]] = {
    name: train
    for study in _STUDIES
    for name, train in getattr(study, "WEIGHTS", {}).items()
}
TABLES: dict[str, Callable[[], dict[str, np.ndarray]]] = {
    name: compute
    for study in _STUDIES
    for name, compute in getattr(study, "TABLES", {}).items()
}


def make(*, force: bool = False) -> None:
    """Compute what is not there yet, weights first, since tables may load them.

    Parameters
    ----------
    force : bool
        Whether to compute anew what is there.

    Raises
    ------
    TypeError
        If ``force`` is no bool.

    Notes
    -----
    Used by ``make models``.
    """
    validate.flag("force", force)
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
