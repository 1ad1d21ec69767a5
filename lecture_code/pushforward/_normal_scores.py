"""A law on the line in normal scores, the coordinate in which the theorem is straight.

The normal score of a point is the latent that an increasing map sends there. In this
coordinate "the map is L-Lipschitz" reads "scores rise at least at the rate 1/L".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import torch

from lecture_code import _validate

_ROUNDING = 1e-13
_PEAKS = 8  # of the slope that are looked at
_CLOSER = 0.5 ** np.arange(1, 7)
_FAR = 2.0**59  # the grid's end
_WANTED = "a law on the line with cdf, ppf and pdf (or log_prob)"


class Law:
    r"""A density on the line in standard units, with its normal scores.

    .. math:: u(x) = \Phi^{-1}(F(x)), \qquad u'(x) = f(x) / \varphi(u(x))

    Points are in units of the law's own spread around its median: ``y`` stands for
    ``centre + unit * y``, where the unit is the interquartile range. So no result
    depends on where the law lies or on the unit of length. Where the target has ``sf``
    and ``isf`` besides ``cdf``, ``ppf`` and ``pdf`` (or ``log_prob``), its upper tail
    is as accurate as the lower one.

    References
    ----------
    Borell (1975), The Brunn-Minkowski inequality in Gauss space, Inventiones 30.
    """

    def __init__(self, target: Any) -> None:
        cdf, ppf, pdf, log_prob = (
            callable(getattr(target, name, None))
            for name in ("cdf", "ppf", "pdf", "log_prob")
        )
        if not (cdf and ppf and (pdf or log_prob)):
            got = _validate.describe(target)
            raise ValueError(f"target: expected {_WANTED}, got {got}")
        self._target = target
        low, middle, high = np.asarray(target.ppf([0.25, 0.5, 0.75]), dtype=float)
        self.centre, self.unit = float(middle), float(high - low)
        if not (math.isfinite(self.unit) and self.unit > 0):
            got = _validate.describe(target)
            raise ValueError(f"target: expected a law with some spread, got {got}")

    def __repr__(self) -> str:
        return f"Law({self._target!r})"

    def cdf(self, y: np.ndarray) -> np.ndarray:
        """Return the mass to the left of standardised points."""
        return self._at("cdf", y)

    def sf(self, y: np.ndarray) -> np.ndarray:
        """Return the mass to the right of standardised points."""
        if hasattr(self._target, "sf"):
            return self._at("sf", y)
        return 1 - self.cdf(y)

    def pdf(self, y: np.ndarray) -> np.ndarray:
        """Return the density per standard unit."""
        if hasattr(self._target, "pdf"):
            return self._at("pdf", y) * self.unit
        points = torch.as_tensor(self.centre + self.unit * np.asarray(y))
        return self._target.log_prob(points).exp().numpy() * self.unit

    def quantile(self, below: np.ndarray, above: np.ndarray) -> np.ndarray:
        """Return the points with these masses on both sides, by the smaller one."""
        below, above = np.clip(below, 0, 1), np.clip(above, 0, 1)
        upper = getattr(self._target, "isf", lambda mass: self._target.ppf(1 - mass))
        right = above < below
        result = np.empty(np.shape(right))
        for side, quantile, mass in (
            (~right, self._target.ppf, below),
            (right, upper, above),
        ):
            if side.any():
                result[side] = quantile(mass[side])
        return (result - self.centre) / self.unit

    def points(self, scores: np.ndarray, cut: float = 0.0) -> np.ndarray:
        """Return the points with given scores, after a mass is cut off on the left."""
        from scipy import special

        return self.quantile(special.ndtr(scores) + cut, special.ndtr(-scores) - cut)

    def scores(self, y: np.ndarray, cut: np.ndarray | float = 0.0) -> np.ndarray:
        r"""Return :math:`\Phi^{-1}(F(y) - c)`, -inf where F(y) is below the cut c."""
        below = self.cdf(y)
        # The upper tail is asked for where it is the smaller one.
        above = self.sf(y) if (below > 0.5).any() else 1 - below
        return scores_of(below - cut, above + cut)

    def slopes(self, y: np.ndarray) -> np.ndarray:
        r"""Return :math:`I(F(y)) / f(y)`, the slope at y of the exact increasing map.

        It is infinite where the density vanishes inside the support, 0 outside of it.
        """
        return _slopes(profile(self.scores(y)), self.pdf(y))

    def fits(self, lipschitz: float) -> bool:
        """Say whether the exact map is no steeper than allowed, up to rounding."""
        # A look at the grid settles most cases without the search for the top.
        least = lipschitz / (1 - 1e-12)
        return bool(least >= self._grid_slopes.max() and least >= self.steepest)

    def has_mean(self) -> bool:
        """Say whether the tails leave a first moment that can be computed.

        If they do, a far point times the mass beyond it is next to nothing. Tails like
        a power of the distance count as too heavy from an exponent of about -1.3 on.
        """
        beyond = self.cdf(np.array([-_FAR])) + self.sf(np.array([_FAR]))
        return bool(_FAR * beyond[0] < 1e-6)

    @cached_property
    def _grid_slopes(self) -> np.ndarray:
        _, below, above, density = self.table
        return _slopes(profile(scores_of(below, above)), density)

    @cached_property
    def steepest(self) -> float:
        """The largest slope of the exact map, in standard units."""
        slopes = self._grid_slopes
        if np.isinf(slopes).any():
            return math.inf
        inner = np.arange(1, len(slopes) - 1)
        tops = inner[(slopes[1:-1] >= slopes[:-2]) & (slopes[1:-1] >= slopes[2:])]
        tops = tops[np.argsort(slopes[tops])[-_PEAKS:]]
        refined = [zoom(self.slopes, *self.grid[[top - 1, top + 1]])[1] for top in tops]
        return float(max([slopes.max(), *refined]))

    @property
    def grid(self) -> np.ndarray:
        """Points that resolve the modes, the valleys between them and both tails."""
        return self.table[0]

    @cached_property
    def table(self) -> np.ndarray:
        """What :meth:`tabulate` returns for the points of the grid.

        Cells are halved until none is rough; at most 60 times, since one at a jump
        stays so.
        """
        reach = 2.0 ** np.arange(-3, 60, 0.5)
        reach = np.concatenate([np.linspace(0, 3, 33)[:-1], reach[reach >= 3]])
        y = np.concatenate([-reach[:0:-1], reach])
        inside = np.flatnonzero((self.cdf(y) > 0) & (self.sf(y) > 0))
        table = self.tabulate(y[max(inside[0] - 1, 0) : inside[-1] + 2])
        for _ in range(60):
            rough = _find_rough(*table)
            if not rough.any():
                break
            middles = (table[0, :-1] + table[0, 1:])[rough] / 2
            table = np.concatenate([table, self.tabulate(middles)], axis=1)
            table = table[:, table[0].argsort()]
        table = table[:, (table[1] > 0) & (table[2] > 0)]
        # A valley may be steep enough to matter on less than a cell.
        table = np.concatenate([table, self.tabulate(_find_tops(table))], axis=1)
        return table[:, np.unique(table[0], return_index=True)[1]]

    def tabulate(self, y: Any) -> np.ndarray:
        """Return four rows: points, masses left and right of them, densities."""
        return np.array([y, self.cdf(y), self.sf(y), self.pdf(y)])

    def _at(self, name: str, y: np.ndarray) -> np.ndarray:
        """Call the target at standardised points."""
        points = self.centre + self.unit * np.asarray(y)
        if not points.size:
            return points
        return np.asarray(getattr(self._target, name)(points))


def _find_rough(
    y: np.ndarray, below: np.ndarray, above: np.ndarray, density: np.ndarray
) -> np.ndarray:
    """Say across which cells mass or log-density change too much to be resolved."""
    width = np.diff(y)
    mass = np.maximum(np.diff(below), -np.diff(above))
    log_density = np.log(np.maximum(density, 1e-30))
    rough = (mass > 1 / 64) | (np.abs(np.diff(log_density)) > 0.7)
    # A mode between two points shows as mass that their densities do not explain.
    rough |= mass > 4 * width * np.maximum(density[1:], density[:-1]) + 1e-12
    return rough & (width > 1e-12 * np.maximum(1, np.abs(y[1:])))


def _find_tops(table: np.ndarray) -> np.ndarray:
    """Return points that close in on where slopes peak.

    The peak is about that of a parabola through the three highest points.
    """
    y, below, above, density = table
    slopes = _slopes(profile(scores_of(below, above)), density)
    rise = np.diff(np.log(np.clip(slopes, 1e-300, 1e300))) / np.diff(y)
    left = np.flatnonzero((rise[:-1] > 0) & (rise[1:] <= 0))
    left = left[np.argsort(slopes[left + 1])[-_PEAKS:], None]
    share = rise[left] / (rise[left] - rise[left + 1])
    top = (y[left] + y[left + 1] + share * (y[left + 2] - y[left])) / 2
    ends = np.concatenate([y[left], y[left + 2]], axis=1)
    return np.append(top, top[..., None] + (ends - top)[..., None] * _CLOSER)


def _slopes(floor: np.ndarray, density: np.ndarray) -> np.ndarray:
    """Divide what the theorem asks of the density by what it is."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(floor > 0, floor / density, 0.0)


def scores_of(below: Any, above: Any) -> np.ndarray:
    r"""Return :math:`\Phi^{-1}` of a mass, from it or its complement, the smaller one.

    A mass below 0 counts as 0, and has an infinite score.
    """
    from scipy import special

    left = below <= above
    tail = special.ndtri(np.maximum(np.where(left, below, above), 0.0))
    return np.where(left, tail, -tail)


def profile(scores: np.ndarray) -> np.ndarray:
    r"""Return :math:`\varphi(u)`, the isoperimetric profile at the mass of score u."""
    return np.exp(-np.square(scores) / 2) / math.sqrt(2 * math.pi)


def zoom(
    function: Callable, low: float, high: float, rounds: int = 12
) -> tuple[float, float]:
    """Return where a function of arrays peaks in a bracket, and its value there.

    Each round shrinks the bracket fivefold around the best of eleven points.
    """
    best = (low, -math.inf)
    for _ in range(rounds):
        points = np.linspace(low, high, 11)
        values = function(points)
        top = int(np.argmax(values))
        best = max(best, (float(points[top]), float(values[top])), key=lambda p: p[1])
        low, high = points[max(top - 1, 0)], points[min(top + 1, 10)]
    return best


def fall(
    function: Callable, low: np.ndarray, high: np.ndarray, rounds: int = 12
) -> np.ndarray:
    """Return where a function falls through zero, entry by entry.

    Regula falsi with the Illinois rule: the end that stayed twice counts for half, so
    that both ends move. Each round costs one call; the last is that in which all values
    that fall are at the level of rounding. Where the signs at the ends are not + and -,
    the result is some point of the bracket.
    """
    values, side, x = [function(low), function(high)], np.zeros(low.shape), low
    for _ in range(rounds):
        with np.errstate(divide="ignore", invalid="ignore"):
            x = (low * values[1] - high * values[0]) / (values[1] - values[0])
        x = np.where((x > low) & (x < high), x, (low + high) / 2)
        value = function(x)
        right = value > 0
        values[0] = np.where(right, value, np.where(side < 0, 0.5, 1) * values[0])
        values[1] = np.where(right, np.where(side > 0, 0.5, 1) * values[1], value)
        low, high = np.where(right, x, low), np.where(right, high, x)
        side = np.where(right, 1, -1)
        falls = (values[0] >= 0) & (values[1] <= 0)
        if (np.abs(value[falls]) < _ROUNDING).all():
            break
    return x


def log_ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Return log(top / bottom), cut off at -1 and 1, so that no end outweighs."""
    tiny = 1e-300
    logs = np.log(np.maximum(top, tiny)) - np.log(np.maximum(bottom, tiny))
    return np.clip(logs, -1, 1)


def excess(scores: np.ndarray, below: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Return model less target of the masses below, compared by the smaller tails."""
    return np.where(scores < 0, mass_below(scores) - below, above - mass_below(-scores))


def mass_below(scores: np.ndarray) -> np.ndarray:
    r"""Return :math:`\Phi(u)`, the mass below a normal score."""
    from scipy import special

    return special.ndtr(scores)
