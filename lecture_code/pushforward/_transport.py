r"""The L-Lipschitz map of a Gaussian that is nearest to a target in transport.

Of all maps h with slope at most L, the one with the least :math:`E|h(Z) - T(Z)|` is
sought, T being the exact map. Then :math:`L z - h(z)` never falls, so this is isotonic
regression with absolute errors, and pooling neighbours that stand in the wrong order
solves it.
"""

from __future__ import annotations

import numpy as np

from lecture_code.pushforward._normal_scores import Law

_FINER = 8  # cells of the regression for each cell of the law's grid


def nearest_cost(law: Law, lipschitz: float) -> float:
    """Return the least mean distance of an L-Lipschitz map to the exact one."""
    y, z, weights = _cut_line(law)
    fitted = fit_isotonic_medians(lipschitz * z - y, weights)
    return float(weights @ np.abs(lipschitz * z - y - fitted))


def fit_isotonic_medians(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the nondecreasing sequence nearest to the values in absolute error.

    On each pool of neighbours the fit is their weighted median. At every stage the
    medians of the pools so far increase; a new one that is too low is pooled with those
    before it.

    References
    ----------
    Robertson and Wright (1980), Algorithms in order restricted statistical inference,
    Annals of Statistics 8.
    """
    ends: list[int] = []
    medians: list[float] = []
    # A stretch that falls is one pool from the start.
    stops = np.append(np.flatnonzero(np.diff(values) > 0) + 1, len(values))
    for end in stops.tolist():
        start = ends[-1] if ends else 0
        median = _median(values[start:end], weights[start:end])
        while medians and medians[-1] > median:
            ends.pop()
            medians.pop()
            start = ends[-1] if ends else 0
            median = _median(values[start:end], weights[start:end])
        ends.append(end)
        medians.append(median)
    return np.repeat(medians, np.diff([0, *ends]))


def _median(values: np.ndarray, weights: np.ndarray) -> float:
    """Return a weighted median."""
    order = values.argsort()
    total = weights[order].cumsum()
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _cut_line(law: Law) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut the line finely: points, their latents and the masses of their cells."""
    grid = law.grid
    steps = np.arange(_FINER * (len(grid) - 1) + 1) / _FINER
    edges = np.interp(steps, np.arange(len(grid)), grid)
    y = (edges[1:] + edges[:-1]) / 2
    below, above = law.cdf(edges), law.sf(edges)
    masses = np.where(below[1:] <= 0.5, np.diff(below), -np.diff(above))
    return y, law.scores(y), masses
