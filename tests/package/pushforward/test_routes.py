"""Routes: slopes, order, and their total variation by an independent quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from lecture_code.densities import GaussianMixture
from lecture_code.pushforward._normal_scores import Law
from lecture_code.pushforward._routes import Route, find_valleys

THREE = GaussianMixture([-6, 0, 5], [0.5, 1, 2], [0.3, 0.3, 0.4])
FIVE = GaussianMixture(
    [-10, -5, 0, 5, 10], [1, 0.5, 1, 0.5, 1], [0.1, 0.3, 0.2, 0.3, 0.1]
)
CASES = [
    (GaussianMixture([-3, 3]), 5.0, [0.0]),
    (GaussianMixture([-3, 3]), 5.0, [0.1]),
    (GaussianMixture([-3, 3]), 0.3, [0.2]),
    (THREE, 4.0, [0.05, 0.2]),
    (THREE, 0.4, [0.3, -1.0]),
    (GaussianMixture([0.0]), 2.0, [0.0]),
    # What is left of the first mode is steep in a valley narrower than the grid.
    (FIVE, 8.0, [0.0948807478]),
]


def _tv(route, target):
    """Integrate over latents: half the variation of F(g(z)) - Phi(z)."""
    z = np.unique(np.concatenate([np.linspace(-9, 9, 40_001), [-37.0, 37.0]]))
    x = route(z)
    ahead = np.where(
        z < 0, target.cdf(x) - special.ndtr(z), special.ndtr(-z) - target.sf(x)
    )
    return (np.abs(np.diff(ahead)).sum() + abs(ahead[0]) + abs(ahead[-1])) / 2


@pytest.mark.parametrize(("target", "slope", "cuts"), CASES)
def test_a_route_is_allowed_and_has_its_total_variation(target, slope, cuts):
    law = Law(target)
    valleys = find_valleys(law, slope / law.unit)[: len(cuts) - 1]
    route = Route(law, slope / law.unit, cuts, valleys)
    z = np.linspace(-8, 8, 20_001)
    slopes = np.diff(route(z)) / np.diff(z)
    assert slopes.min() > -1e-9
    assert slopes.max() < slope * (1 + 1e-5)
    assert route.tv == pytest.approx(_tv(route, target), abs=2e-6)


def test_with_slope_enough_a_route_is_the_exact_map():
    target = GaussianMixture([-2, 2], 1, [0.3, 0.7])
    law = Law(target)
    route = Route(law, law.steepest, [0.0])
    z = np.linspace(-6, 6, 301)
    np.testing.assert_allclose(target.cdf(route(z)), special.ndtr(z), atol=1e-12)
    assert route.tv == 0
    assert "1 pieces" in repr(route)


def test_what_is_held_back_at_the_end_of_the_support_is_paid_for():
    # The first tenth of a uniform law is given up, and lies in an atom at its end.
    law = Law(stats.uniform())
    route = Route(law, 1 / law.unit, [0.1])
    assert route.tv == pytest.approx(0.1, abs=1e-12)
    np.testing.assert_allclose(route(np.array([1.3, 5.0])), 1, rtol=0, atol=1e-12)


def test_valleys_lie_between_modes():
    law = Law(THREE)
    x = law.centre + law.unit * find_valleys(law, 5 / law.unit)
    assert len(x) == 2
    assert -6 < x[0] < 0 < x[1] < 5
    assert len(find_valleys(law, law.steepest)) == 0


def test_the_shoulders_of_a_peak_are_valleys_too():
    law = Law(GaussianMixture([-0.2, 0.2], [1, 0.2], [0.05, 0.95]))
    assert len(find_valleys(law, 1 / law.unit)) == 2
