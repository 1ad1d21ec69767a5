r"""Lower bounds from two half-lines and the gap between them, and the best such pair.

A half-line A ends at y1, its enlargement at y2. The target puts the masses a, b and c
to the left, into the gap and to the right; the theorem says how much an L-Lipschitz
model puts into the gap at least, and every distance pays for the difference.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lecture_code.normal_scores import Law, mass_below, scores_of, zoom

_POINTS = 200  # of the first search, on each axis
_ROUNDING = 1e-15  # of a mass between two points
_MARGIN = 1e-9  # given away, so that rounding never lifts a bound above what it bounds
#: Masses at which a model's half-line is tried when a divergence is minimised.
_TRIED = np.linspace(-9, 9, 181)

Value = Callable[[np.ndarray, np.ndarray], np.ndarray]


def gap_excess(mass: np.ndarray, shift: np.ndarray) -> np.ndarray:
    r"""Return what a model has in the gap at least, next to a half-line of given mass.

    .. math:: \psi_h(t) = \Phi(\Phi^{-1}(t) + h) - t

    Parameters
    ----------
    mass : numpy.ndarray
        Mass t of the half-line.
    shift : numpy.ndarray
        Width h of the gap, divided by the slope L.

    Returns
    -------
    numpy.ndarray
        Masses, 0 at both ends.
    """
    moved = mass_below(scores_of(mass, 1 - mass) + shift) - mass
    return np.where((mass <= 0) | (mass >= 1), 0.0, moved)


def total_variation(law: Law, lipschitz: float) -> float:
    """Return the best lower bound that follows from three masses of the target alone.

    Parameters
    ----------
    law : Law
        The target.
    lipschitz : float
        The slope L, in the law's units.

    Returns
    -------
    float
        A bound in [0, 1].
    """

    def value(y1: np.ndarray, y2: np.ndarray) -> np.ndarray:
        shift = (y2 - y1) / lipschitz
        left, right = gap_excess(law.cdf(y1), shift), gap_excess(law.sf(y2), shift)
        return np.minimum(left, right) - _gap(law, y1, y2)

    return _bound(_best(law, value, _POINTS)[0])


def total_variation_seen(
    law: Law, lipschitz: float, seen: np.ndarray, band: float
) -> float:
    """Return a lower bound from the target and samples of one trained model.

    Parameters
    ----------
    law : Law
        The target.
    lipschitz : float
        The model's slope L, in the law's units.
    seen : numpy.ndarray, shape (n,)
        The model's samples in the law's units, in order.
    band : float
        How far the model's distribution function may be from that of the samples.

    Returns
    -------
    float
        A bound in [0, 1].
    """

    def least(mass: np.ndarray, shift: np.ndarray) -> np.ndarray:
        # Concave in the mass, so smallest at an end of what the mass may be.
        ends = (np.clip(mass + sign * band, 0, 1) for sign in (-1, 1))
        return np.minimum(*(gap_excess(end, shift) for end in ends))

    def value(y1: np.ndarray, y2: np.ndarray) -> np.ndarray:
        shift = (y2 - y1) / lipschitz
        left = np.searchsorted(seen, y1, side="right") / len(seen)
        right = 1 - np.searchsorted(seen, y2, side="left") / len(seen)
        gap = np.maximum(least(left, shift), least(right, shift))
        return gap - _gap(law, y1, y2)

    return _bound(_best(law, value, _POINTS)[0])


def divergence(law: Law, lipschitz: float, forward: bool) -> float:
    """Return a lower bound on a Kullback-Leibler divergence, in nats.

    Parameters
    ----------
    law : Law
        The target.
    lipschitz : float
        The slope L, in the law's units.
    forward : bool
        Whether the target stands first.

    Returns
    -------
    float
        A bound.
    """

    def value(y1: np.ndarray, y2: np.ndarray) -> np.ndarray:
        cells = [cell[..., None] for cell in _cells(law, y1, y2)]
        shift = ((y2 - y1) / lipschitz)[..., None]
        return _price(mass_below(_TRIED), cells, shift, forward).min(axis=-1)

    _, y1, y2 = _best(law, value, 40)
    cells = _cells(law, np.array(y1), np.array(y2))

    def gain(scores: np.ndarray) -> np.ndarray:
        return -_price(mass_below(scores), cells, (y2 - y1) / lipschitz, forward)

    scores = np.linspace(-9, 9, 4001)
    tried = gain(scores)
    tops = np.flatnonzero((tried[1:-1] >= tried[:-2]) & (tried[1:-1] >= tried[2:])) + 1
    peaks = [zoom(gain, scores[top - 1], scores[top + 1])[1] for top in tops[:20]]
    return _bound(-max([float(tried.max()), *peaks]), most=np.inf)


def _price(mass, cells, shift, forward: bool) -> np.ndarray:
    """Return the divergence of three masses when the model's half-line has ``mass``.

    The gap gets what the theorem demands, or its fair share of the rest, if more.
    """
    from scipy import special

    _, b, c = cells
    gap = np.maximum(gap_excess(mass, shift), (1 - mass) * b / (b + c))
    model = [mass, gap, np.maximum(1 - mass - gap, 0)]
    pairs = (
        zip(cells, model, strict=True) if forward else zip(model, cells, strict=True)
    )
    return sum(special.rel_entr(p, q) for p, q in pairs)


def _best(law: Law, value: Value, points: int) -> tuple[float, float, float]:
    """Maximise over pairs of points: a coarse grid, then ever smaller ones."""
    y = law.grid[(law.cdf(law.grid) > 1e-12) & (law.sf(law.grid) > 1e-12)]
    y = np.interp(np.linspace(0, len(y) - 1, points), np.arange(len(y)), y)
    best, step = _top(value, y, y), points // 20 + 1
    near = [np.abs(y - at).argmin() for at in best[1:]]
    widths = [y[min(i + step, points - 1)] - y[max(i - step, 0)] for i in near]
    for _ in range(12):
        axes = [np.linspace(-w, w, 11) for w in widths]
        found = _top(value, best[1] + axes[0], best[2] + axes[1])
        best = max(best, found)
        widths = [0.4 * w for w in widths]
    return best


def _top(value: Value, y1: np.ndarray, y2: np.ndarray) -> tuple[float, float, float]:
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


def _cells(law: Law, y1: np.ndarray, y2: np.ndarray) -> list[np.ndarray]:
    return [law.cdf(y1), _gap(law, y1, y2) + _ROUNDING, law.sf(y2)]


def _bound(value: float, most: float = 1.0) -> float:
    return float(np.clip(value - _MARGIN, 0.0, most))
