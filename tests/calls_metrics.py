"""Calls of the metrics: two samples with as many columns."""

from __future__ import annotations

from dataclasses import replace

import arguments as a
import numpy as np
import torch
from calls import Call

from lecture_code import metrics


class _Classifier:
    def predict_proba(self, x):
        return np.full((len(x), 4), 0.25)


def _rows() -> torch.Tensor:
    return torch.linspace(-1.5, 1.5, 12, dtype=torch.float64).reshape(6, 2)


def _samples(*names: str) -> dict[str, a.Domain]:
    """Describe tables that must agree in their columns: any of them may be blamed."""
    table = a.array(_rows, fixed=(1,), low=-1e30, high=1e30)
    return {name: replace(table, named=names) for name in names}


X_Y = _samples("x", "y")
BANDWIDTH = {"bandwidth": a.optional(a.real(0.5, above=0))}
GENERATOR = {"generator": a.optional(a.generator())}
JUDGED = {
    "classifier": a.instance(_Classifier),
    "x": a.array(_rows, low=-1e30, high=1e30),
}

CALLS = {
    "metrics.mmd": Call(lambda: metrics.mmd, {**X_Y, **BANDWIDTH}),
    "metrics.two_sample_test": Call(
        lambda: metrics.two_sample_test,
        {**X_Y, "permutations": a.count(5), **BANDWIDTH, **GENERATOR},
    ),
    "metrics.sliced_wasserstein": Call(
        lambda: metrics.sliced_wasserstein,
        {**X_Y, "directions": a.count(5), **GENERATOR},
    ),
    "metrics.precision_recall": Call(
        lambda: metrics.precision_recall,
        {**_samples("real", "generated"), "k": a.count(2)},
    ),
    "metrics.frechet": Call(lambda: metrics.frechet, X_Y),
    "metrics.nearest_distance": Call(
        lambda: metrics.nearest_distance, _samples("x", "reference")
    ),
    "metrics.copying": Call(
        lambda: metrics.copying, _samples("generated", "train", "held_out")
    ),
    "metrics.confidence": Call(lambda: metrics.confidence, JUDGED),
    "metrics.class_shares": Call(lambda: metrics.class_shares, JUDGED),
}
