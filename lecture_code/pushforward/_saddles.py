r"""Where the optimum is for a target with one valley, and the proof that it is there.

The price E(k) is the largest over all crossings, and the optimum is the smallest price:
a saddle point. With one valley it is looked for among three kinds. Nothing is given up
on the left before the crossing; or, in the mirror image, nothing on the right after it;
or something on both sides, and then the crossing runs from the score -u to the score u,
between two points at which the target is equally dense:

.. math:: f(x_1) = f(x_2) = \varphi(u) / L, \qquad x_2 - x_1 = 2 u L

The third kind is that of small slopes. For a mixture of Gaussians none of which is
narrower than L its price is the distance to a Gaussian of standard deviation L. That
there is no fourth kind is not proved; nothing certified rests on it, since the floor
holds for every k, up to rounding: all masses in it are the law's own, and none is
interpolated.
"""

from __future__ import annotations

import numpy as np

from lecture_code.pushforward._crossings import SHARES, Crossings, search
from lecture_code.pushforward._normal_scores import Law, mass_below, profile, scores_of

_TOLERANCE = 7e-7
_NEAR = 0.5  # of the way from the best price to 1: others that help in the proof
_EQUAL = 1e-11
_SPARE = 1e-8  # share of a mass that float64 can tell from what it is taken off
_BETWEEN = np.linspace(0.1, 0.9, 9)
# Of the search for the crossing with as much on both sides:
_SCORES = np.geomspace(0.02, 8, 24)[:, None]
_STEPS, _ROUNDS = 40, 6
_CALMER = 0.85  # bound on the next step, as a share of that on this one
# Of the proof:
_LEAST = 2e-8  # mass from which a crossing starts at least, where k is moved
_FAR = 1e-4  # too little by this much is no matter of rounding or interpolation
_MOST, _FEW = 8, 4  # parts of an interval, and of one that seems to need more
_MANY = 50_000  # intervals
_FINER = 8  # cells for each cell of the law's grid


class _Mirror(Law):
    """A law reflected at its median."""

    def __init__(self, law: Law) -> None:
        self._law = law
        self.table = law.table[[0, 2, 1, 3], ::-1] * np.array([[-1], [1], [1], [1]])

    def cdf(self, y: np.ndarray) -> np.ndarray:
        return self._law.sf(-y)

    def sf(self, y: np.ndarray) -> np.ndarray:
        return self._law.cdf(-y)

    def pdf(self, y: np.ndarray) -> np.ndarray:
        return self._law.pdf(-y)

    def quantile(self, below: np.ndarray, above: np.ndarray) -> np.ndarray:
        return -self._law.quantile(above, below)


def find_cheapest(law: Law, lipschitz: float) -> tuple[float, float, Crossings]:
    """Return a floor under all prices, the least price of three kinds, its crossing.

    Where the candidate is no optimum, its price lies above the floor.
    """
    none, kinds = np.zeros(1), _find_even(law, lipschitz)
    sides = {
        side: _estimate_gain(side, lipschitz, none) for side in (law, _Mirror(law))
    }
    most = min([*sides.values(), *(each.prices(lipschitz)[0] for each in kinds)])
    for side, gain in sides.items():
        # Next to 1 there is no mirror image: all mass would have to be given up.
        near = gain <= most + _NEAR * (1 - most) + _SPARE
        if near and (side is law or gain < 1 - 2 * _SPARE):
            ends = search(side, lipschitz, none, _ROUNDS)
            kinds.append(ends if side is law else _reflect(ends, lipschitz))
    found = kinds[0].join(*kinds[1:])
    prices = found.prices(lipschitz)
    value, best = float(prices.min()), found.pick([_find_first_least(prices)])
    lower = _prove_floor(law, lipschitz, found, value)
    if lower < value - _TOLERANCE:  # seldom: for some k other crossings are needed
        found = found.join(search(law, lipschitz, value * _BETWEEN))
        lower = _prove_floor(law, lipschitz, found, value)
    return lower, value, best


def _find_first_least(prices: np.ndarray) -> int:
    """Return where the least price is; of equal ones, as by symmetry, the first."""
    return int(np.flatnonzero(prices <= prices.min() + _EQUAL)[0])


def _estimate_gain(law: Law, lipschitz: float, given_up: np.ndarray) -> float:
    """Return about V(k), from pairs of points of the grid."""
    y, below, above, _ = law.table
    level = scores_of(below - given_up, above + given_up) - y / lipschitz
    path = np.maximum.accumulate(level) + y / lipschitz
    return float((mass_below(path) - below).max())


def _reflect(found: Crossings, lipschitz: float) -> Crossings:
    """Return the mirror image, in which what was gained is given up.

    It is a little more, which float64 can tell from the mass on the left.
    """
    given_up = found.prices(lipschitz) * (1 + _SPARE)
    return Crossings(given_up, -found.arrive, -found.leave, found.masses[::-1])


# ------------------------------------------------------------ as much on both sides


def _find_even(law: Law, lipschitz: float) -> list[Crossings]:
    """Find the crossing from a score -u to u whose ends are equally dense, if any."""
    at = _solve(law, lipschitz, *_estimate_window(law, lipschitz))
    if at is None:
        return []
    leave, arrive = (at[:1] + sign * at[1] * lipschitz for sign in (-1, 1))
    given_up = law.cdf(leave) - mass_below(-at[1])
    found = Crossings.between(law, given_up, leave, arrive)
    gain = found.gains(given_up, lipschitz)
    # With a better crossing for the same mass given up it is no saddle point.
    beaten = _estimate_gain(law, lipschitz, given_up) > gain + _TOLERANCE
    return [] if min(given_up, gain) < 0 or beaten else [found]


def _estimate_window(law: Law, lipschitz: float) -> tuple[np.ndarray, np.ndarray]:
    """Return about where its middle is and its u, and how far these may be wrong.

    For each u a window of length 2 u L is sought that has most of the target's mass.
    """
    y, below, _, _ = law.table
    reach = _SCORES * lipschitz
    mass = np.interp(y + reach, y, below) - np.interp(y - reach, y, below)
    price = 1 - 2 * mass_below(-_SCORES) - mass
    place = _find_first_least(price.max(axis=0))
    score = _SCORES[price[:, place].argmax(), 0]
    spread = max(np.ptp(y[max(place - 1, 0) : place + 2]), score * lipschitz / 4)
    return np.array([y[place], score]), np.array([spread, score / 2])


def _solve(
    law: Law, lipschitz: float, at: np.ndarray, most: np.ndarray
) -> np.ndarray | None:
    """Solve f = phi(u) / L at both ends for the middle and u, by Newton's method."""
    sides = np.array([[-1.0], [1.0]])
    for _ in range(_STEPS):
        near = 1e-3 * at[1] * lipschitz
        ends = at[0] + sides * at[1] * lipschitz + near * np.arange(-1, 2)
        logs = np.log(np.maximum(law.pdf(ends), 1e-300))
        one, two = logs[:, 1] - np.log(profile(at[1]) / lipschitz)
        rise, drop = (logs[:, 2] - logs[:, 0]) / (2 * near)
        # Taken negative, this turns to the window with most mass, not with least.
        bend, tilt = -abs(drop - rise), drop + rise
        change = [[bend, lipschitz * tilt], [tilt, 2 * at[1] + lipschitz * bend]]
        if np.linalg.det(change) == 0:
            return None
        step = np.linalg.solve(change, [two - one, one + two])
        at, most = at - np.clip(step, -most, most), _CALMER * most
        if at[1] <= 0 or max(abs(one), abs(two)) < 1e-9:
            return at if at[1] > 0 else None
    return None


# ---------------------------------------------------------------------- the proof


def _prove_floor(law: Law, lipschitz: float, known: Crossings, value: float) -> float:
    """Return a number that no E(k) falls below, at most the least known price.

    At every stage the intervals of k together cover all that can cost less than
    ``value``: the ones already proved, of which ``lowest`` is the smallest bound, and
    the ones left. Where crossings like the known ones do not show that an interval
    costs nearly that price, it is cut into parts. Stopping early is safe, since the
    bounds of what is left count too.
    """
    ends = np.unique(np.concatenate([value * SHARES, known.given_up, [0.0]]))
    ends = ends[ends <= value][:, None]  # beyond, E(k) is at least k
    low, high, goal = ends[:-1], ends[1:], value - _TOLERANCE
    shifts = (known.arrive - known.leave) / lipschitz
    before, after = known.masses[::2]
    least = _bound_prices(low, high, before, after, shifts).max(axis=1)
    parts, lowest, tried = np.ones(len(least), dtype=int), value, 0
    points = _points(law)
    while len(least) and tried < _MANY:
        rough = least < goal
        if (parts[rough] == 0).any():
            break
        lowest = min(lowest, float(least[~rough].min(initial=value)))
        low, high = _cut(low[rough], high[rough], parts[rough])
        crossings = _move(law, lipschitz, known, low, high, points)
        least, parts = _judge(low, high, crossings, goal)
        tried += len(least)
    return min(lowest, float(least.min(initial=value)))


def _points(law: Law) -> tuple[np.ndarray, np.ndarray]:
    """Return points close together, and their scores."""
    places = np.arange(law.grid.size)
    y = np.interp(np.arange(0, places[-1], 1 / _FINER), places, law.grid)
    return y, scores_of(law.cdf(y), law.sf(y))


def _move(
    law: Law,
    lipschitz: float,
    known: Crossings,
    low: np.ndarray,
    high: np.ndarray,
    points: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, ...]:
    """Move the known crossings to the middle of each interval of k.

    Their scores are kept; but a crossing has to start from a mass that is not small
    beside the interval. Returns masses before and behind, the shift of the score, the
    score at the start and whether the interval is wide beside that mass.
    """
    k, (before, above, _, _) = known.given_up, known.masses
    first = scores_of(_LEAST, 1.0)
    start = np.clip(scores_of(before - k, above + k), first, -first)
    end = start + (known.arrive - known.leave) / lipschitz
    mass = np.maximum(mass_below(start), np.minimum(high - low, 0.4))
    begin = scores_of(mass, 1.0)
    end = np.minimum(end, -np.where(begin > start, begin, first))
    shift = np.maximum(end - begin, 0.0)
    mass = mass + (low + high) / 2
    leave = np.interp(scores_of(mass, 1 - mass), points[1], points[0])
    masses = law.cdf(leave), law.cdf(leave + shift * lipschitz)
    return *masses, shift, begin, 8 * (high - low) > mass_below(start)


def _judge(
    low: np.ndarray, high: np.ndarray, crossings: tuple[np.ndarray, ...], goal: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return what E is at least on intervals of k, and into how many to cut them.

    Into none where that would not help, since even in the middle it does not suffice.
    """
    *crossings, begin, wide = crossings
    least = _bound_prices(low, high, *crossings)
    # How much more a gain with that bend is in the middle than at both ends.
    loss = crossings[2] * np.square(high - low) / (8 * profile(begin))
    best = least.argmax(axis=1)[:, None]
    least, loss, wide = (
        np.take_along_axis(x, best, axis=1)[:, 0] for x in (least, loss, wide)
    )
    parts = np.sqrt(loss / np.maximum(least + loss - goal, _LEAST))
    parts = np.where(parts < _MOST, np.ceil(1.05 * parts).clip(2), _FEW)
    parts[~wide & (least + loss < goal - _FAR)] = 0
    return np.maximum(low[:, 0], least), parts.astype(int)


def _bound_prices(low, high, before, after, shift) -> np.ndarray:
    """Return what crossings say of intervals of k, in which their gain is concave."""
    ends = (k + mass_below(scores_of(before - k, 1.0) + shift) for k in (low, high))
    return np.where(before > high, np.minimum(*ends) - after, 0.0)


def _cut(
    low: np.ndarray, high: np.ndarray, parts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cut intervals into numbers of equal parts."""
    number = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    low, width = (
        np.repeat(x[:, 0], parts) for x in (low, (high - low) / parts[:, None])
    )
    ends = low + number * width
    return ends[:, None], (ends + width)[:, None]
