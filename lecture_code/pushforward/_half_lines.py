r"""Lower bounds from two half-lines and the gap between them, and the best such pair.

A half-line A ends at y1, its enlargement at y2. The target puts the masses a, b and c
to the left, into the gap and to the right; the theorem says how much an L-Lipschitz
model puts into the gap at least, and every distance pays for the difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lecture_code.pushforward._normal_scores import Law, mass_below, scores_of

_POINTS = 200  # of the first search, on each axis
_ROUNDING = 1e-14  # of a mass between two points
_MARGIN = 1e-9  # given away, so that rounding never lifts a bound above what it bounds
_EQUAL = 1e-15  # masses, and shares of a mass, that float64 cannot tell from nothing
#: Scores of a model's half-line, and of its enlargement, between which a divergence is
#: minimised: beyond them a cell holds less than 1e-300, and nothing changes any more.
_SCORES = np.linspace(-40, 40, 321)
_FLATTEST = np.finfo(float).tiny  # slope: a steeper model can only come nearer
_WIDEST = 1e4  # gap in scores: beyond, their squares leave too few digits
_SPLITS = 20  # rounds in which cells of scores are split, at most

Value = Callable[[np.ndarray, np.ndarray], np.ndarray]


def gap_excess(mass: np.ndarray, shift: np.ndarray) -> np.ndarray:
    r"""Return what a model has in the gap at least, next to a half-line of mass t.

    .. math:: \psi_h(t) = \Phi(\Phi^{-1}(t) + h) - t

    The shift h is the gap's width over the slope L. The excess is 0 at masses 0 and 1.
    """
    moved = mass_below(scores_of(mass, 1 - mass) + shift) - mass
    return np.where((mass <= 0) | (mass >= 1), 0.0, moved)


def total_variation(law: Law, lipschitz: float) -> float:
    """Return the best lower bound that follows from three masses of the target."""

    def value(y1: np.ndarray, y2: np.ndarray) -> np.ndarray:
        shift = _shift(y1, y2, lipschitz)
        left, right = gap_excess(law.cdf(y1), shift), gap_excess(law.sf(y2), shift)
        return np.minimum(left, right) - _gap(law, y1, y2)

    return _round_down_mass(_search(law, value, _POINTS)[0])


def total_variation_seen(
    law: Law, lipschitz: float, seen: np.ndarray, band: float
) -> float:
    """Return a lower bound from the target and sorted samples of one trained model.

    The model's distribution function is within the ``band`` of that of the samples.
    """

    def least(mass: np.ndarray, shift: np.ndarray) -> np.ndarray:
        # Concave in the mass, so smallest at an end of what the mass may be.
        ends = (np.clip(mass + sign * band, 0, 1) for sign in (-1, 1))
        return np.minimum(*(gap_excess(end, shift) for end in ends))

    def value(y1: np.ndarray, y2: np.ndarray) -> np.ndarray:
        shift = _shift(y1, y2, lipschitz)
        left = np.searchsorted(seen, y1, side="right") / len(seen)
        right = 1 - np.searchsorted(seen, y2, side="left") / len(seen)
        gap = np.maximum(least(left, shift), least(right, shift))
        return gap - _gap(law, y1, y2)

    return _round_down_mass(_search(law, value, _POINTS)[0])


def divergence(law: Law, lipschitz: float, forward: bool) -> float:
    r"""Return a lower bound on KL(target, model), or on KL(model, target), in nats.

    If the target breaks the theorem, the nearest three masses that obey it meet it with
    equality: the line from the target to any others first does so there. The model's
    masses are then those of :math:`(-\infty, u, u + h, \infty)` for one score u.
    """
    rule = _forward if forward else _reverse

    def value(y1: np.ndarray, y2: np.ndarray) -> np.ndarray:
        cells, shift = _cells(law, y1, y2), _shift(y1, y2, lipschitz)
        broken, found = gap_excess(cells[0], shift) > cells[1], np.zeros(len(y1))
        if broken.any():
            found[broken] = _estimate_least(
                rule, shift[broken, None], cells[:, broken, None]
            )
        return found

    found, y1, y2 = _search(law, value, 40)
    if found <= 0:
        return 0.0
    shift, cells = _shift(y1, y2, lipschitz), _cells(law, y1, y2)
    least = _prove_least(rule, shift, cells[:, None])
    return max(_round_down(least), 0.0)


def _shift(y1: Any, y2: Any, lipschitz: float) -> Any:
    """Return a gap's width over L; a smaller one demands less of a model."""
    with np.errstate(over="ignore"):
        return np.minimum((y2 - y1) / max(lipschitz, _FLATTEST), _WIDEST)


def _estimate_least(rule: Callable, shift: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return about the least divergence over scores, row by row: no bound."""
    near, between = np.linspace(-9, 9, 37), np.linspace(0, 1, 33)
    scores = [near + 0 * shift, near - shift, -between * shift]
    scores = np.sort(np.hstack(scores))
    for _ in range(5):
        values = rule(scores, shift, cells)[0]
        top = values.argmin(axis=1)[:, None]  # it may stand there twice
        ends = [np.clip(top + side, 0, scores.shape[1] - 1) for side in (-2, 2)]
        low, high = (np.take_along_axis(scores, end, axis=1) for end in ends)
        scores = low + (high - low) * np.linspace(0, 1, 13)
    return values.min(axis=1)


def _prove_least(rule: Callable, shift: Any, cells: np.ndarray) -> float:
    """Return a number that no divergence falls below, whatever the score is.

    Cells of scores are split until no floor of a cell lies below the best value seen,
    less a margin for rounding; the floors hold at every stage.
    """
    scores = np.concatenate([_SCORES - shift, _SCORES])
    scores.sort()
    for _ in range(_SPLITS):
        values, floors = rule(scores, shift, cells)
        rough = np.flatnonzero(floors < _round_down(values.min()))
        if not len(rough):
            break
        parts = np.diff(scores)[rough] * np.array([[0.25], [0.5], [0.75]])
        scores = np.sort(np.append(scores, scores[rough] + parts))
    return float(floors.min())


def _log_masses(scores: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return the logarithms of the model's three masses, each from its own tail."""
    from scipy import special

    ends = scores + shift
    left, right = special.log_ndtr(scores), special.log_ndtr(-ends)
    low = scores + ends < 0
    inner = np.where(low, left, right)
    outer = special.log_ndtr(np.where(low, ends, -scores))
    share = np.maximum(-np.expm1(inner - outer), _EQUAL)
    return np.array([left, outer + np.log(share), right])


def _forward(scores, shift, cells) -> tuple[np.ndarray, np.ndarray]:
    """Return KL(target, model) at scores, and what it is at least between them.

    It is convex in the score, since the mass of an interval that moves is log-concave.
    """
    logs = _log_masses(scores, shift)
    at, behind = _log_bell(scores), _log_bell(scores + shift)
    falls = cells[0] * np.exp(at - logs[0]) - cells[2] * np.exp(behind - logs[2])
    falls += cells[1] * (np.exp(behind - logs[1]) - np.exp(at - logs[1]))
    values, steps = (cells * (np.log(cells) - logs)).sum(axis=0), np.diff(scores)
    return values, _floors(values, -steps * falls[..., :-1], -steps * falls[..., 1:])


def _reverse(scores, shift, cells) -> tuple[np.ndarray, np.ndarray]:
    """Return KL(model, target) at scores, and what it is at least on chords.

    Masses that break the theorem are a convex set, so that whoever leaves it from the
    target crosses a chord between masses on its edge, unless the target lies behind
    one. From the target to there, and along the chord, the divergence is convex. (The
    chord that closes the polygon, between the outermost scores, has no mass in the gap
    to speak of, and the target has at least the rounding there.)
    """
    logs = _log_masses(scores, shift)
    model, surprise = np.exp(logs), logs - np.log(cells)
    values, chords = (model * surprise).sum(axis=0), np.diff(model)
    ends = surprise[..., :-1], surprise[..., 1:]
    floors = _floors(values, *((chords * end).sum(axis=0) for end in ends))
    left, _, right = cells - model[..., :-1]
    inside = chords[0] * right - chords[2] * left >= -_EQUAL
    return values, np.where(inside, floors, 0.0)


def _floors(values: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return what a convex function is at least between points: where tangents meet.

    ``first`` and ``last`` are their rises over the whole cell, at its two ends.
    """
    low, high = values[..., :-1], values[..., 1:]
    falls, rises = np.minimum(first, 0), np.maximum(last, 0)
    meet = (low - high + rises) / np.where(rises > falls, rises - falls, 1.0)
    inner = low + falls * np.clip(meet, 0, 1)
    return np.where(falls == 0, low, np.where(rises == 0, high, inner))


def _log_bell(scores: np.ndarray) -> np.ndarray:
    """Return the logarithm of the Gaussian density."""
    return -np.square(scores) / 2 - math.log(2 * math.pi) / 2


def _round_down(value: float) -> float:
    """Give the margin away that rounding may have added to a divergence."""
    return float(value) * (1 - _MARGIN) - _MARGIN


def _search(law: Law, value: Value, points: int) -> tuple[float, float, float]:
    """Maximise over pairs of points: a coarse grid, then ever smaller ones."""
    y = law.grid[(law.cdf(law.grid) > 1e-12) & (law.sf(law.grid) > 1e-12)]
    y = np.interp(np.linspace(0, len(y) - 1, points), np.arange(len(y)), y)
    best, step = _find_top(value, y, y), points // 20 + 1
    near = [np.abs(y - at).argmin() for at in best[1:]]
    widths = [y[min(i + step, points - 1)] - y[max(i - step, 0)] for i in near]
    for _ in range(12):
        axes = [np.linspace(-w, w, 11) for w in widths]
        found = _find_top(value, best[1] + axes[0], best[2] + axes[1])
        best = max(best, found)
        widths = [0.4 * w for w in widths]
    return best


def _find_top(
    value: Value, y1: np.ndarray, y2: np.ndarray
) -> tuple[float, float, float]:
    """Return the largest value over pairs y1 <= y2, and the pair."""
    i, j = np.nonzero(y1[:, None] <= y2)
    if not len(i):
        return -np.inf, 0.0, 0.0
    values = value(y1[i], y2[j])
    top = int(values.argmax())
    return float(values[top]), float(y1[i[top]]), float(y2[j[top]])


def _gap(law: Law, y1: np.ndarray, y2: np.ndarray) -> np.ndarray:
    """Return the target's mass between two points, from the smaller tails."""
    left = law.cdf(y2) <= 0.5
    return np.where(left, law.cdf(y2) - law.cdf(y1), law.sf(y1) - law.sf(y2))


def _cells(law: Law, y1: Any, y2: Any) -> np.ndarray:
    """Return the target's three masses; rounding may only widen the gap's."""
    return np.array([law.cdf(y1), _gap(law, y1, y2) + _ROUNDING, law.sf(y2)])


def _round_down_mass(value: float) -> float:
    """Give the margin away, and stay in [0, 1]."""
    return float(np.clip(value - _MARGIN, 0.0, 1.0))
