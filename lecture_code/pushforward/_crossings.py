r"""What it costs to cross a valley: the function E(k) of the push-forward theorem.

A model that gives up the mass k on the far left and then follows the target has to
leave it where the target is thinner than a slope L allows, at x1, and comes out on the
other side, at x2, with too much mass behind it:

.. math:: V(k) = \sup_{x_1 \le x_2} \Phi(\Phi^{-1}(F(x_1) - k) + (x_2 - x_1) / L)
          - F(x_2), \qquad E(k) = k + \max(V(k), 0)

No L-Lipschitz model has a total variation below the smallest E(k).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lecture_code.pushforward._normal_scores import (
    Law,
    excess,
    fall,
    log_ratio,
    mass_below,
    profile,
    scores_of,
)

_TOLERANCE = 3e-7
_ROUNDS = 9  # of root finding: at a tangency an error in the point hardly matters
_MANY = 28  # where the value counts
_MOST = 1200  # points in k; only slopes far below the law's own need so many
_NEIGHBOURS = np.arange(-16, 17)
_EQUAL = 1e-11
_TAIL = 1e-13
_OUTSIDE = -1.0  # smaller than every gain

#: Masses to start with, as shares of the largest of use; closer together near 0.
SHARES = np.concatenate(
    [
        *(np.geomspace(1e-13, 1e-2, 12), np.linspace(0.05, 0.99, 18)),
        *(1 - np.geomspace(1e-3, 1e-6, 4), [1]),
    ]
)

#: Offsets, in units of L, at which a crossing far shorter than a mode is looked for.
_NEAR = np.concatenate([[1e-3, 1e-2], np.linspace(0.03, 20, 80)])


class Crossings(NamedTuple):
    """The best crossing for each mass k given up, as arrays of one length n.

    ``leave`` and ``arrive`` are x1 and x2, in standard units; ``masses`` (4, n) are
    those left and right of x1, then left and right of x2.
    """

    given_up: np.ndarray
    leave: np.ndarray
    arrive: np.ndarray
    masses: np.ndarray

    @classmethod
    def between(
        cls, law: Law, given_up: np.ndarray, leave: np.ndarray, arrive: np.ndarray
    ) -> Crossings:
        """Return the crossings between given points, with the masses there."""
        masses = [law.cdf(leave), law.sf(leave), law.cdf(arrive), law.sf(arrive)]
        return cls(given_up, leave, arrive, np.array(masses))

    def gains(self, given_up: np.ndarray, lipschitz: float) -> np.ndarray:
        """Return G - F at the far end, if other masses were given up before."""
        below, above, *end = self.masses
        start = scores_of(below - given_up, above + given_up)
        return excess(start + (self.arrive - self.leave) / lipschitz, *end)

    def prices(self, lipschitz: float) -> np.ndarray:
        """Return E(k): what is given up, and the crossing's gain if there is any."""
        return self.given_up + np.maximum(self.gains(self.given_up, lipschitz), 0)

    def join(self, *others: Crossings) -> Crossings:
        """Return these and other crossings, sorted by the mass given up."""
        parts = zip(self, *others, strict=True)
        every = Crossings(*(np.concatenate(part, axis=-1) for part in parts))
        return every.pick(np.argsort(every.given_up))

    def pick(self, where: np.ndarray | Sequence[int]) -> Crossings:
        """Return some of the crossings."""
        return Crossings(*(each[..., where] for each in self))


def find_cheapest(law: Law, lipschitz: float) -> tuple[float, float, Crossings]:
    """Minimise E over k, with a proof: a lower bound, the value and the crossing there.

    This is a branch and bound. Each crossing gives a gain that is concave in k, so
    between two values of k, E is at least the smaller of what one and the same crossing
    gives at both. An interval is split as long as that floor lies below the best price
    seen.
    """
    found = search(law, lipschitz, np.zeros(1), _MANY)
    most = float(found.prices(lipschitz)[0])
    found = found.join(search(law, lipschitz, most * SHARES))
    while True:
        cost, floor = _compare_neighbours(found, lipschitz)
        rough = np.flatnonzero(floor < cost.min() - _TOLERANCE)
        new = _split(found, rough, lipschitz) if len(rough) else rough
        if not len(new) or len(cost) > _MOST:
            break
        found = found.join(search(law, lipschitz, new))
    # Of equal ones, as by symmetry, the one that gives up least.
    best = found.pick([np.flatnonzero(cost <= cost.min() + _EQUAL)[0]])
    if best.given_up[0] > 0:  # at 0 it is refined already
        best = search(law, lipschitz, best.given_up, _MANY)
    value = max(float(best.prices(lipschitz)[0]), float(cost.min()))
    # Beyond the largest k nothing is cheaper, since E(k) is at least k.
    return min(float(floor.min(initial=most)), value), value, best


def _compare_neighbours(
    found: Crossings, lipschitz: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return E at each k, and what it is at least between each and the next.

    At each k the crossings found for its neighbours are tried too.
    """
    k = found.given_up
    after = np.append(k[1:], k[-1])[:, None]
    near = np.arange(len(k))[:, None] + _NEIGHBOURS
    each = found.pick(near.clip(0, len(k) - 1))
    here = k[:, None] + each.gains(k[:, None], lipschitz)
    there = after + each.gains(after, lipschitz)
    concave = each.masses[0] > after
    floor = np.where(concave, np.minimum(here, there), 0.0).max(axis=1)
    return np.maximum(k, here.max(axis=1)), np.maximum(k, floor)[:-1]


def _split(found: Crossings, rough: np.ndarray, lipschitz: float) -> np.ndarray:
    """Split intervals of k: evenly, by ratio, and where a gain passes zero."""
    left = found.pick(rough)
    a, b = left.given_up, found.given_up[rough + 1]
    below, _, *end = left.masses
    width = (left.arrive - left.leave) / lipschitz
    zero = below - mass_below(scores_of(*end) - width)
    zero = np.where((zero > a) & (zero < b), zero, (a + b) / 2)
    ratio = np.where(a > 0, np.sqrt(a * b), b / 8)
    new = [(3 * a + b) / 4, (a + b) / 2, (a + 3 * b) / 4, zero, ratio]
    return np.setdiff1d(np.concatenate(new), found.given_up)


def search(
    law: Law, lipschitz: float, given_up: np.ndarray, rounds: int = _ROUNDS
) -> Crossings:
    """Find the best crossing for each k: on a grid, then by its two tangencies."""
    coarse = _search_grid(law.table[:, None], lipschitz, given_up)
    found = _refine(law, lipschitz, given_up, coarse, rounds)
    cell = np.searchsorted(law.table[1], given_up).clip(1, len(law.grid) - 1)
    unseen = (np.diff(law.grid)[cell - 1] > lipschitz / 4) & (given_up > 0)
    unseen &= given_up < 1
    if not unseen.any():
        return found
    # The grid does not resolve so short a crossing, which happens where it starts.
    k = np.where(unseen, given_up, 0.5)
    near = law.quantile(k, 1 - k)[:, None] + lipschitz * _NEAR
    coarse = _search_grid(law.tabulate(near), lipschitz, given_up)
    return _choose_better(
        _refine(law, lipschitz, given_up, coarse, rounds), found, lipschitz
    )


def _search_grid(table: np.ndarray, lipschitz: float, given_up: np.ndarray) -> tuple:
    """Find the best pair of grid points for each k, and their neighbours.

    The best start for every end is a running maximum, because a higher score at the
    start is a higher score all along the crossing.
    """
    y, below, above, density = table
    k = given_up[:, None]
    level = scores_of(below - k, above + k) - y / lipschitz
    top = np.maximum.accumulate(level, axis=1)
    start = np.where(level == top, np.arange(y.shape[1]), 0)
    start = np.maximum.accumulate(start, axis=1)
    path = top + y / lipschitz
    growth = profile(path) / lipschitz - density
    # Far on the right only rounding is left, and it must not pass for a gain.
    peak = (growth[:, :-1] >= 0) & (growth[:, 1:] < 0)
    peak &= above[:, :-1] > _TAIL
    gain = excess(path, below, above)
    cell = np.where(peak, np.maximum(gain[:, :-1], gain[:, 1:]), _OUTSIDE)
    rows, last, ends = np.arange(len(k)), cell.argmax(axis=1), y.shape[1] - 1
    last = last + (gain[rows, last + 1] > gain[rows, last])
    first = start[rows, last]
    y = np.broadcast_to(y, path.shape)
    places = first - 1, first, first + 1, last - 1, last, last + 1
    return tuple(y[rows, np.clip(place, 0, ends)] for place in places)


def _refine(law, lipschitz, given_up, coarse, rounds) -> Crossings:
    """Refine crossings: at both ends the target's slope in scores is 1/L."""
    low1, grid1, high1, low2, grid2, high2 = coarse

    def leaving(y: np.ndarray) -> np.ndarray:
        return log_ratio(law.pdf(y), profile(law.scores(y, given_up)) / lipschitz)

    leave = fall(leaving, *_halve(leaving, low1, grid1, high1), rounds)
    start = law.scores(leave, given_up)

    def arriving(y: np.ndarray) -> np.ndarray:
        return log_ratio(
            profile(start + (y - leave) / lipschitz) / lipschitz, law.pdf(y)
        )

    ends = (np.maximum(end, leave) for end in (low2, grid2, high2))
    arrive = fall(arriving, *_halve(arriving, *ends), rounds)
    fine = Crossings.between(law, given_up, leave, arrive)
    # Where float64 sees no difference between a mass and k, the grid does better.
    return _choose_better(
        Crossings.between(law, given_up, grid1, grid2), fine, lipschitz
    )


def _halve(function, low, middle, high) -> tuple[np.ndarray, np.ndarray]:
    """Return the halves of brackets in which a function that falls passes zero."""
    before = function(middle) < 0
    return np.where(before, low, middle), np.where(before, middle, high)


def _choose_better(one: Crossings, other: Crossings, lipschitz: float) -> Crossings:
    """Keep, for each k, whichever of two crossings gains more."""
    k = other.given_up
    first = one.gains(k, lipschitz) > other.gains(k, lipschitz)
    return Crossings(*(np.where(first, a, b) for a, b in zip(one, other, strict=True)))
