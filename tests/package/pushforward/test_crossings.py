"""The price of a valley against a dense search, and its proof against samples of k."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from lecture_code.densities import GaussianMixture
from lecture_code.pushforward._crossings import find_cheapest
from lecture_code.pushforward._normal_scores import Law

CASES = [
    (GaussianMixture([-3, 3]), 5.0),
    (GaussianMixture([-2, 2]), 1.0),
    (GaussianMixture([-3, 3], 1, [0.3, 0.7]), 5.0),
    (GaussianMixture([-3, 3], 1, [0.7, 0.3]), 5.0),
    (GaussianMixture([-4, 0, 5], [0.5, 1, 2], [0.3, 0.3, 0.4]), 3.0),
    (GaussianMixture([0.0]), 0.3),
]


def _dense(target, slope, k, points=4001):
    """Evaluate E(k) by brute force over pairs of points, in the target's own units."""
    x = np.linspace(target.ppf(1e-12), target.isf(1e-12), points)
    below = target.cdf(x)
    with np.errstate(invalid="ignore"):
        start = special.ndtri(np.maximum(below - k, 0)) - x / slope
    best = np.maximum.accumulate(start)  # of all earlier starts
    return k + max(0.0, float((special.ndtr(best + x / slope) - below).max()))


@pytest.mark.parametrize(("target", "slope"), CASES)
def test_no_price_is_below_the_floor(target, slope):
    law = Law(target)
    lower, value, best = find_cheapest(law, slope / law.unit)
    prices = [_dense(target, slope, k) for k in np.linspace(0, 0.99, 40)]
    assert lower <= min(prices) + 1e-4  # the dense search misses the top a little
    assert lower <= value <= lower + 1e-6
    assert value == pytest.approx(_dense(target, slope, best.given_up[0]), abs=1e-4)


def test_the_price_of_the_best_crossing_is_what_it_says():
    law = Law(GaussianMixture([-3, 3]))
    _, value, best = find_cheapest(law, 5 / law.unit)
    gain = best.gains(best.given_up, 5 / law.unit)
    assert value == pytest.approx(float(best.given_up[0] + max(gain[0], 0)), abs=1e-9)
    assert best.pick([0]).leave.shape == (1,)


def test_short_crossings_are_found():
    # For a slope far below the scale the best model is a narrow peak at the mode:
    # it overlaps the density there along the width of its crossing.
    law = Law(GaussianMixture([0.0]))
    lower, value, best = find_cheapest(law, 1e-3 / law.unit)
    width = float(best.arrive[0] - best.leave[0]) * law.unit
    assert 1 - value == pytest.approx(width * 0.39894, rel=0.1)
    assert value - lower < 5e-3
