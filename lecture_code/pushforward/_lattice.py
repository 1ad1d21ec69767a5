r"""A floor under every L-Lipschitz model, for targets with several valleys.

The mass G to the left of a point and the point itself are all that matters for what a
model can still do. So the best model is a shortest path in (x, G), and dynamic
programming finds it. Masses live on a lattice; each is rounded down, and each step of
the path is forgiven what the rounding may have cost it. The length found is therefore
never above the true one: it is a proof, not an estimate.
"""

from __future__ import annotations

import numpy as np

from lecture_code.pushforward._normal_scores import Law, mass_below, scores_of

_LEVELS = 40_000  # of the proof
_SKETCH = 2**12  # of the path
_MODES, _VALLEYS = 90, 70  # cells by mass, and by length


def floor(law: Law, lipschitz: float) -> float:
    """Return a proved total variation that no L-Lipschitz model goes below.

    From right to left, ``ahead[i]`` is at most what it costs to go on from the mass i /
    n. How near the floor comes to the optimum depends on the target: up to 0.006 were
    seen between it and the best model found.
    """
    y = _cut_line(law)
    ahead = _end(law, y[-1], _LEVELS, 1 / _LEVELS)
    for cell in range(len(y) - 2, -1, -1):
        ahead = _step(law, lipschitz, y[cell : cell + 2], ahead, 1 / _LEVELS)[0]
    before = np.maximum(_lattice(_LEVELS) - law.cdf(y[:1]), 0)
    return float(np.maximum((before + ahead).min(), 0))


def sketch(law: Law, lipschitz: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a nearly best path: points, and the mass F - G given up at each."""
    y = _cut_line(law)
    ahead, choices = _end(law, y[-1], _SKETCH, 0.0), []
    for cell in range(len(y) - 2, -1, -1):
        ahead, choice = _step(law, lipschitz, y[cell : cell + 2], ahead, 0.0)
        choices.append(choice)
    before = np.maximum(_lattice(_SKETCH) - law.cdf(y[:1]), 0)
    path = [int((before + ahead).argmin())]
    for choice in reversed(choices):
        path.append(int(choice[path[-1]]))
    return y, law.cdf(y) - np.array(path) / _SKETCH


def _lattice(levels: int) -> np.ndarray:
    """Return the masses of all levels."""
    return np.arange(levels + 1) / levels


def _cut_line(law: Law) -> np.ndarray:
    """Cut the line into cells of about equal mass or length, whichever is shorter."""
    y = law.grid
    y = y[(law.cdf(y) > 1e-9) & (law.sf(y) > 1e-9)]
    length = (y - y[0]) / (y[-1] - y[0])
    way = _MODES * law.cdf(y) + _VALLEYS * length
    return np.interp(np.arange(way[0], way[-1]), way, y)


def _end(law: Law, y: float, levels: int, forgiven: float) -> np.ndarray:
    """Return the cost beyond the last point: mass left that the target has not."""
    left = law.sf(np.array([y]))
    return np.maximum(1 - _lattice(levels) - forgiven - left, 0)


def _step(
    law: Law, lipschitz: float, cell: np.ndarray, ahead: np.ndarray, forgiven: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cost to go from a cell's left end, and the level to go to.

    From level i the slope forces the model to level ``low`` at least; up to ``high``
    the target has enough mass in the cell; beyond, what it lacks is paid.
    """
    levels = len(ahead) - 1
    mass = _lattice(levels)
    own = float(law.cdf(cell[1:])[0] - law.cdf(cell[:1])[0])
    forced = mass_below(scores_of(mass, 1 - mass) + (cell[1] - cell[0]) / lipschitz)
    low = np.floor(forced * levels * (1 - 1e-12)).astype(int)
    enough = forgiven + own
    high = np.arange(levels + 1) + int((enough + 1e-12) * levels)
    high = np.minimum(high, levels)
    free, where = _find_least(ahead, low, np.maximum(high, low))
    free = np.where(low <= high, free, np.inf)
    # It never falls with the level, since who is lower may pay the difference.
    toll = mass + ahead
    behind = np.minimum(np.maximum(high + 1, low), levels)
    paid = np.maximum(toll[behind] - mass - enough, ahead[behind])
    return np.minimum(free, paid), np.where(free <= paid, where, behind)


def _find_least(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple:
    """Return the least value in each window, ends included, and where it stands.

    Windows of a power of two are made by doubling; two of them cover each window.
    """
    places = np.arange(len(values))
    best, tables = places, [places]
    while 2 ** len(tables) <= int((high - low).max()) + 1:
        size = 2 ** (len(tables) - 1)
        other = best[np.minimum(places + size, len(values) - 1)]
        best = np.where(values[other] < values[best], other, best)
        tables.append(best)
    power = np.frexp(high - low + 1)[1] - 1
    table = np.array(tables)
    first = table[power, low]
    second = table[power, high - 2**power + 1]
    where = np.where(values[second] < values[first], second, first)
    return values[where], where
