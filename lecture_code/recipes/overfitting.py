"""How far below the truth a fit ends on its own data, and how far above on new ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from lecture_code import _validate, datasets, densities

LAWS = ("two-modes", "three-modes")
SIZES = (30, 100, 300, 1000)
#: Where the divergence is summed, and Adam's steps from the truth to the lowest loss.
GRID = torch.linspace(-12, 12, 2401, dtype=torch.float64)
STEPS, RATE = 300, 0.02


def gaps(
    law: densities.GaussianMixture,
    n: int,
    *,
    draws: int,
    generator: torch.Generator | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Fit a mixture to n examples of a mixture, many times, beginning at the truth.

    Two tensors (draws,): by how many nats the training NLL lies below that of the law,
    and the divergence from the law to the fitted mixture.
    """
    n = _validate.integer("n", n, low=1)
    draws = _validate.integer("draws", draws, low=1)
    data = law.sample(draws * n, generator=generator).double().reshape(draws, n)
    start = [np.log(law.weights), law.means, np.log(law.scales)]
    theta = [torch.tensor(part).repeat(draws, 1).requires_grad_() for part in start]
    adam = torch.optim.Adam(theta, lr=RATE)
    for _ in range(STEPS):
        loss = -_log_prob(theta, data).mean(dim=1).sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        below = (_log_prob(theta, data) - law.log_prob(data)).mean(dim=1)
        log_p = law.log_prob(GRID)
        lost = log_p.exp() * (log_p - _log_prob(theta, GRID.expand(draws, -1)))
    return below, lost.sum(dim=1) * (GRID[1] - GRID[0])


def _log_prob(theta: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Log-densities (draws, n) of points (draws, n), a mixture for each row."""
    log_weights, means, log_scales = (part[:, None] for part in theta)
    z = (x[..., None] - means) / log_scales.exp()
    bells = -(z**2) / 2 - log_scales - math.log(2 * math.pi) / 2
    return (log_weights.log_softmax(dim=2) + bells).logsumexp(dim=2)


def table(*, draws: int = 100) -> dict[str, np.ndarray]:
    """Compute :func:`gaps` for both laws and all sizes, one row for each draw."""
    generator = torch.Generator().manual_seed(0)
    columns: dict[str, list] = {name: [] for name in ("humps", "n", "below", "above")}
    pairs = [(name, n) for name in LAWS for n in SIZES]
    for name, n in tqdm(pairs, delay=2.0, leave=False):
        law: Any = datasets.toy(name)
        below, above = gaps(law, n, draws=draws, generator=generator)
        columns["humps"] += [len(law.means)] * draws
        columns["n"] += [n] * draws
        columns["below"] += below.tolist()
        columns["above"] += above.tolist()
    return {name: np.round(column, 6) for name, column in columns.items()}


TABLES = {"overfitting": table}
