"""The autoregressive model of the grey digits, trained to be stored, and its cost."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code import datasets, trained
from lecture_code.recipes import rounds

NAME = "autoregressive-grey"
RATES = (3e-3, 3e-3, 3e-3, 3e-3, 1e-3, 1e-3, 1e-3, 3e-4)


def grey_model() -> torch.nn.Module:
    """Train the stored model of 17 grey levels, and keep what validates best."""
    return _trained()[0]


def costs() -> dict[str, np.ndarray]:
    """Measure what the training of :func:`grey_model` took and what came of it.

    One row: ``model``, processor time in ``train_seconds``, number of ``parameters``,
    mean negative log-likelihood of the ``validation`` and of the ``test`` images in
    nats.
    """
    model, seconds = _trained()
    held_out = [datasets.digits(part).pixels for part in ("validation", "test")]
    with torch.no_grad():
        nats = [model.loss(x).item() for x in held_out]
    return {
        "model": np.array([NAME]),
        "train_seconds": np.round([seconds], 1),
        "parameters": np.array([sum(p.numel() for p in model.parameters())]),
        "validation": np.round(nats[:1], 3),
        "test": np.round(nats[1:], 3),
    }


@functools.cache
def _trained() -> tuple[torch.nn.Module, float]:
    """Train once in a process: weights and costs are stored from the same run."""
    train, held_out = (datasets.digits(p).pixels for p in ("train", "validation"))
    start = time.process_time()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = trained.BUILDERS[NAME]()
        kwargs: dict[str, Any] = {"rates": RATES, "steps": 125, "batch_size": 64}
        rounds.keep_best(model, train, held_out, **kwargs)
    return model, time.process_time() - start


WEIGHTS: dict[str, Callable[[], torch.nn.Module]] = {NAME: grey_model}
TABLES: dict[str, Callable[[], dict[str, np.ndarray]]] = {"grey-costs": costs}
