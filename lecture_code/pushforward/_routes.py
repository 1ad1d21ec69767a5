r"""Models that are feasible by construction: follow the target, or cross at slope L.

A route is an increasing L-Lipschitz map of one Gaussian latent, made of two kinds of
pieces. Where it *follows*, it moves as the target's own quantile function does, with a
mass given up so far, the cut; where the target is too thin for that, it *crosses* on a
straight line of slope L.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lecture_code import _validate
from lecture_code.pushforward._normal_scores import (
    Law,
    excess,
    fall,
    log_ratio,
    profile,
    scores_of,
    zoom,
)

# How far, in logarithms, the target may fall below the slope before a route leaves it:
# more than rounding, which would else make it leave and return without end.
_SLACK = 1e-9
_COMBINATIONS = 32  # of plans to start from
_FINER = 3  # cells for each cell of the law's grid
_CLOSE = 4  # rounds of looking closely at a dip
_TAIL = 1e-6  # where valleys are not looked for

Numbers = Sequence[float] | np.ndarray


class Piece(NamedTuple):
    """A piece's start on the line and as a latent, and its cut.

    The cut is the mass given up where the piece follows, NaN where it crosses.
    """

    y: float
    z: float
    cut: float


class Route:
    """A feasible model: an increasing map with no slope above L.

    ``cuts`` are the masses to have given up, first from the start and then behind each
    of the ``borders``, points in standard units of which there is one fewer. A cut
    below what a crossing leaves behind has no effect. ``extra`` are points to look at
    besides the law's own grid.

    The map is kept as ``pieces``, following and crossing in turn; ``tv`` is the total
    variation between the model and the target.
    """

    def __init__(
        self,
        law: Law,
        lipschitz: float,
        cuts: Numbers,
        borders: Numbers = (),
        extra: Numbers = (),
    ) -> None:
        self._law, self._lipschitz = law, lipschitz
        self._cuts, self._borders = np.asarray(cuts, dtype=float), np.asarray(borders)
        steps = np.arange(_FINER * (len(law.grid) - 1) + 1) / _FINER
        fine = np.interp(steps, np.arange(len(law.grid)), law.grid)
        self._table = law.tabulate(np.sort(np.concatenate([fine, extra])))
        self.pieces = [Piece(self._start(), -math.inf, float(self._cuts[0]))]
        self.tv = 0.0
        while self._advance():
            pass
        # What is still held back where the target ends has to lie there, in one point.
        last = self.pieces[-1].cut
        self.tv += 0.0 if math.isnan(last) else max(last, 0.0)

    def __repr__(self) -> str:
        return f"Route({len(self.pieces)} pieces, tv={self.tv:g})"

    def __call__(self, z: ArrayLike) -> np.ndarray:
        """Map latents to the line, in the target's own units."""
        z = _validate.array("z", z)
        with np.errstate(under="ignore"):
            return self._law.centre + self._law.unit * self._standard(z)

    def _standard(self, z: np.ndarray) -> np.ndarray:
        """Map latents to standardised points."""
        starts = np.array([piece.z for piece in self.pieces])
        place = np.searchsorted(starts, z, side="right") - 1
        y = np.empty(z.shape)
        for number, piece in enumerate(self.pieces):
            here = place == number
            if here.any():
                y[here] = self._along(number, piece, z[here])
        return y

    def _along(self, number: int, piece: Piece, z: np.ndarray) -> np.ndarray:
        """Map the latents of one piece."""
        if math.isnan(piece.cut):
            return piece.y + self._lipschitz * (z - piece.z)
        last = number + 1 == len(self.pieces)
        end = math.inf if last else self.pieces[number + 1].y
        return np.clip(self._law.points(z, piece.cut), piece.y, end)

    def _start(self) -> float:
        """Return the point below which the first cut lies."""
        cut = self._cuts[:1]
        return float(self._law.quantile(cut, 1 - cut)[0])

    def _advance(self) -> bool:
        """Append the next piece, and say whether there was one."""
        piece = self.pieces[-1]
        following = not math.isnan(piece.cut)
        step = self._leave if following else self._arrive
        found = step(piece)
        if found is not None:
            self.pieces.append(found)
        if not following:
            self.tv += self._price(piece, found)
        return found is not None

    def _leave(self, piece: Piece) -> Piece | None:
        """Find where following gets steeper than L."""

        def margin(table: np.ndarray) -> np.ndarray:
            _, below, above, density = table
            scores = scores_of(below - piece.cut, above + piece.cut)
            return log_ratio(density, profile(scores) / self._lipschitz) + _SLACK

        y = self._first(margin, piece.y)
        if y is None:
            return None
        z = float(self._law.scores(np.array([y]), piece.cut)[0])
        return Piece(y, z, math.nan)

    def _arrive(self, piece: Piece) -> Piece | None:
        """Find where the target is dense enough, and enough is given up, to follow."""

        def obstacle(table: np.ndarray) -> np.ndarray:
            y, below, above, density = table
            z = piece.z + (y - piece.y) / self._lipschitz
            thin = log_ratio(profile(z) / self._lipschitz, density)
            given_up = -excess(z, below, above)
            return np.maximum(thin, self._aim(y) - given_up)

        y = self._first(obstacle, piece.y)
        if y is None:
            return None
        z = piece.z + (y - piece.y) / self._lipschitz
        masses = self._law.cdf(np.array([y])), self._law.sf(np.array([y]))
        return Piece(y, z, -float(excess(np.array([z]), *masses)[0]))

    def _aim(self, y: np.ndarray) -> np.ndarray:
        """Return the mass to have given up before following again at a point."""
        aims = np.append(-math.inf, self._cuts[1:])
        return aims[np.searchsorted(self._borders, y)]

    def _first(self, function, after: float) -> float | None:
        """Return the first point after another at which a function turns negative.

        A dip below zero may hide between points: local minima are looked at closely.
        """
        table = self._table[:, self._table[0] > after]
        if math.isfinite(after):  # where it may be zero, but does not count
            table = np.column_stack([self._law.tabulate(after), table])
        y, values = table[0], function(table)
        values[0] = max(values[0], 0.0)
        low = np.flatnonzero(values < 0)[:1]

        def refined(y: np.ndarray) -> np.ndarray:
            return function(self._law.tabulate(y))

        stop = int(low[0]) if len(low) else len(y)
        inner = np.arange(1, min(stop, len(y) - 1))
        dip = (values[inner] <= values[inner - 1]) & (values[inner] < values[inner + 1])
        for place in inner[dip & (values[inner] < 1)]:
            ends = y[place - 1], y[place + 1]
            bottom, depth = zoom(lambda y: -refined(y), *ends, _CLOSE)
            if depth > 0:
                return self._find_fall(refined, ends[0], bottom)
        return self._find_fall(refined, *y[stop - 1 : stop + 1]) if len(low) else None

    @staticmethod
    def _find_fall(function, before: float, behind: float) -> float:
        """Return where a function falls through zero between two points."""
        return float(fall(function, np.array([before]), np.array([behind]))[0])

    def _price(self, piece: Piece, end: Piece | None) -> float:
        """Return how much mass a crossing puts where the target has less."""
        y = self._table[0]
        inside = self._table[:, (y > piece.y) & (y < (end.y if end else math.inf))]
        ends = self._law.tabulate(np.array([piece.y, *([end.y] if end else [])]))
        table = np.column_stack([ends[:, :1], inside, ends[:, 1:]])

        def growth(y: np.ndarray, density: np.ndarray) -> np.ndarray:
            z = piece.z + (y - piece.y) / self._lipschitz
            return log_ratio(profile(z) / self._lipschitz, density)

        y, *_, density = table
        sign = np.where(growth(y, density) > 0, 1, -1)
        cells = np.flatnonzero(np.diff(sign))
        turns = fall(
            lambda y: sign[cells] * growth(y, self._law.pdf(y)), y[cells], y[cells + 1]
        )
        table = np.column_stack([table, self._law.tabulate(turns)])
        y, below, above, _ = table[:, np.argsort(table[0])]
        ahead = excess(piece.z + (y - piece.y) / self._lipschitz, below, above)
        ahead = np.append(ahead, [] if end else [0.0])
        return float(np.maximum(np.diff(ahead), 0).sum())


def find_valleys(law: Law, lipschitz: float) -> np.ndarray:
    """Return the points of the grid where the exact map peaks in slope, above L."""
    y = law.grid[(law.cdf(law.grid) > _TAIL) & (law.sf(law.grid) > _TAIL)]
    slopes = law.slopes(y)
    top = (slopes[1:-1] > slopes[:-2]) & (slopes[1:-1] >= slopes[2:])
    return y[1:-1][top & (slopes[1:-1] > lipschitz)]


def plan(
    law: Law, lipschitz: float, known: Route, points: np.ndarray, cuts: np.ndarray
) -> Route:
    """Return the best route near a rough plan, or near one that is known already.

    The plan is a mass given up at each of n points. In each mode a route gives up
    nothing more, or as much as the plan does; the best of these combinations is then
    tuned until its cost stays.
    """
    borders = find_valleys(law, lipschitz)
    modes = np.split(cuts, np.searchsorted(points, borders))[:-1]
    aims: list[tuple[float, ...]]
    aims = [(-1.0, float(mode.max(initial=0))) for mode in modes]
    aims[:1] = [(known.pieces[0].cut, max(aims[0][1], 0.0))] if aims else [(0.0,)]
    starts = itertools.islice(itertools.product(*aims), _COMBINATIONS)

    def route(cuts: Numbers) -> Route:
        return Route(law, lipschitz, [np.clip(cuts[0], 0, 1), *cuts[1:]], borders[:-1])

    start = min(starts, key=lambda cuts: route(cuts).tv)
    return route(_tune(lambda cuts: route(cuts).tv, np.array(start)))


def _tune(cost: Callable[[np.ndarray], float], start: np.ndarray) -> np.ndarray:
    """Minimise a cost from a start, without derivatives."""
    from scipy import optimize

    simplex = np.vstack([start, start + 0.02 * np.eye(len(start))])
    options = {"initial_simplex": simplex, "xatol": 1e-8, "fatol": 1e-9}
    return optimize.minimize(cost, start, method="Nelder-Mead", options=options).x
