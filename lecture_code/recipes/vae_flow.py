"""The latent variable models and the flow of the digits, trained to be stored."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from lecture_code import _validate, datasets, flows, trained
from lecture_code.recipes import binary, rounds


def prepared_flow(flow: flows.Dequantised, levels: torch.Tensor) -> flows.Dequantised:
    """Fit what needs no training to grey levels (n, d), in place.

    These are the first layer, histograms of single pixels, and the last, which is
    linear: the table of independent pixels with a Gaussian dependence.
    """
    _validate.instance("flow", flow, flows.Dequantised)
    first, *_, last = flow.flow.layers
    _validate.instance("flow", first, flows.Marginals).count(levels)
    noisy = levels.repeat(20, 1).double()
    noisy = noisy + torch.rand(noisy.shape, generator=torch.Generator().manual_seed(1))
    _validate.instance("flow", last, flows.Triangular).whiten(first(noisy)[0])
    return flow


def latent_model(
    name: str, *, rates: Sequence[float] | None = None, steps: int = 600
) -> torch.nn.Module:
    """Train a stored VAE or flow, one of ``SETTINGS``; what validates best is kept.

    Each of the ``rates``, by default those in ``SETTINGS``, is a round of ``steps``
    updates.
    """
    settings = SETTINGS[_validate.choice("name", name, SETTINGS)]
    steps = _validate.integer("steps", steps, low=1)
    train, held_out = settings["data"]()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = trained.BUILDERS[name]()
        if isinstance(model, flows.Dequantised):
            prepared_flow(model, train)
        rates = settings["rates"] if rates is None else rates
        return rounds.keep_best(model, train, held_out, rates=rates, steps=steps)


def _binary() -> tuple[torch.Tensor, torch.Tensor]:
    shades = [datasets.binary_digits("train", threshold=t).pixels for t in binary.FIVE]
    return torch.cat(shades), datasets.binary_digits("validation").pixels


def _grey() -> tuple[torch.Tensor, torch.Tensor]:
    return datasets.digits("train").pixels, datasets.digits("validation").pixels


#: What each model learns from, and the learning rate of each round.
SETTINGS: dict[str, dict[str, Any]] = {
    "vae-binary": {"data": _binary, "rates": (2e-3,) * 5 + (5e-4,) * 3},
    "vae-grey": {"data": _grey, "rates": (2e-3,) * 4 + (5e-4,) * 3},
    "flow-digits": {"data": _grey, "rates": (1e-3,) * 4 + (3e-4,) * 2},
}


@functools.cache
def _timed(name: str) -> tuple[torch.nn.Module, float]:
    start = time.process_time()
    return latent_model(name), time.process_time() - start


def costs() -> dict[str, np.ndarray]:
    """Measure what training the models cost.

    Columns ``model``, ``train_seconds`` (CPU), ``parameters``, ``settings``. A model
    that this process has trained already, as ``make models --force`` does, is not
    trained again.
    """
    models = {name: _timed(name) for name in SETTINGS}
    sizes = [sum(p.numel() for p in model.parameters()) for model, _ in models.values()]
    rates = [settings["rates"] for settings in SETTINGS.values()]
    return {
        "model": np.array(list(models)),
        "train_seconds": np.array([round(spent, 1) for _, spent in models.values()]),
        "parameters": np.array(sizes),
        "settings": np.array([f"{len(r)} rounds, lr {r[0]} to {r[-1]}" for r in rates]),
    }


WEIGHTS: dict[str, Callable[[], torch.nn.Module]] = {
    name: functools.partial(lambda name: _timed(name)[0], name) for name in SETTINGS
}
TABLES = {"latent-costs": costs}
