"""The optimum for one valley: by other means, and how well it is proved."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special, stats

from lecture_code import pushforward
from lecture_code.densities import GaussianMixture
from lecture_code.pushforward import _crossings, _saddles
from lecture_code.pushforward._normal_scores import Law

#: Two modes of one scale: half their distance, weight of the left one, scale.
PAIRS = [
    (3, 0.5, 1),
    (3, 0.3, 1),
    (1, 0.5, 1),
    (10, 0.4, 1),
    (2, 0.5, 0.5),
    (8, 0.05, 1),
    (17, 0.46, 2),
]
SLOPES = [1e-3, 1e-2, 0.1, 0.3, 1.0, 1.05, 2.0, 5.0, 20.0, 100.0, 1e12]
STEEP = [
    (GaussianMixture([-3, 3]), 1e-3),
    (GaussianMixture([-1, 1], 1, [0.4, 0.6]), 0.01),
    (GaussianMixture([-2, 2], 1, [0.3, 0.7]), 0.1),
    (GaussianMixture([-1.3, 1.3]), 0.96),
    (GaussianMixture([0.0], 2), 0.7),
]


def _pair(m, weight, scale):
    return GaussianMixture([-m, m], scale, [weight, 1 - weight])


@pytest.mark.parametrize(("m", "weight", "scale"), PAIRS)
def test_one_valley_is_known_to_a_millionth(m, weight, scale):
    target = _pair(m, weight, scale)
    fit = pushforward.tv_star(target, SLOPES)
    assert np.all(fit.upper - fit.lower <= 1e-6)
    assert np.all(fit.lower <= fit.value)
    assert np.all(np.diff(fit.value) <= 1e-6)
    assert np.all(fit.value >= pushforward.tv_lower_bound(target, SLOPES))
    enough = np.array(SLOPES) >= pushforward.lipschitz_min(target)
    np.testing.assert_array_equal(fit.value == 0, enough)
    mirrored = pushforward.tv_star(_pair(m, 1 - weight, scale), SLOPES)
    np.testing.assert_allclose(mirrored.value, fit.value, rtol=0, atol=1e-6)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99, 0.999])
@pytest.mark.parametrize(("m", "weight"), [(1.9, 0.5), (1.74, 0.228), (3.1, 0.6)])
def test_a_valley_narrower_than_the_grid_is_not_missed(m, weight, share):
    target = _pair(m, weight, 1.0)
    slope = share * pushforward.lipschitz_min(target)
    fit = pushforward.tv_star(target, slope)
    # The closed form for the heavier mode on the left, by a search near the valley.
    left = target if weight >= 0.5 else _pair(m, 1 - weight, 1.0)
    x = np.linspace(-m, m, 200_001)
    level = special.ndtri(left.cdf(x)) - x / slope
    path = np.maximum.accumulate(level) + x / slope
    dense = (special.ndtr(path) - left.cdf(x)).max()
    assert fit.value == pytest.approx(dense, abs=1e-7)
    assert 0 < fit.lower <= fit.value <= fit.lower + 1e-6


def _distance(middle, slope, target):
    """Total variation to N(middle, slope^2), by its crossings with the target."""
    x = middle + slope * np.linspace(-9, 9, 4001)
    ahead = stats.norm.cdf(x, middle, slope) - target.cdf(x)
    ahead = np.concatenate([[0.0], ahead, [0.0]])
    return np.maximum(np.diff(ahead), 0).sum()


@pytest.mark.parametrize(("target", "slope"), STEEP)
def test_below_every_slope_of_the_target_a_gaussian_is_best(target, slope):
    starts = target.means[:, None] + 3 * slope * np.linspace(-1, 1, 7)
    starts = np.append(starts, target.means[:, None] + np.linspace(-1, 1, 21))
    near = [_distance(start, slope, target) for start in starts]
    best = optimize.minimize_scalar(
        _distance,
        bracket=(starts[np.argmin(near)], starts[np.argmin(near)] + 0.05),
        args=(slope, target),
        options={"xtol": 1e-10},
    )
    fit = pushforward.tv_star(target, slope)
    assert fit.value == pytest.approx(best.fun, abs=1e-6)
    assert fit.lower <= best.fun + 1e-9
    assert fit.upper - fit.lower <= 1e-6


def test_for_a_uniform_law_a_straight_line_is_not_best():
    # The lemma's bound, with the density 1 = phi(u) / L at both ends of the window.
    slope = 0.2
    u = np.sqrt(-2 * np.log(slope * np.sqrt(2 * np.pi)))
    bound = 1 - 2 * special.ndtr(-u) - 2 * u * slope
    fit = pushforward.tv_star(stats.uniform(), slope)
    assert fit.value == pytest.approx(bound, abs=1e-6)
    assert bound == pytest.approx(0.290, abs=5e-4)
    line = optimize.minimize_scalar(
        _distance, bounds=(0.2, 0.8), args=(slope, stats.uniform()), method="bounded"
    )
    assert line.fun == pytest.approx(0.302, abs=5e-4)


def _blocks(gap):
    """Uniform blocks of length 1 and masses 0.3 and 0.7, with nothing between."""
    return stats.rv_histogram((np.r_[3, np.zeros(gap), 7], np.arange(gap + 3.0)))


@pytest.mark.parametrize(
    ("target", "slope"),
    [
        (_blocks(2), 0.3),
        (_blocks(90), 0.7),
        (_blocks(90), 3.0),
        (GaussianMixture([-1e5, 1e5], 1, [0.3, 0.7]), 1.0),
        (GaussianMixture([-1e5, 1e5], 1, [0.3, 0.7]), 20.0),
    ],
)
def test_across_a_gap_too_wide_to_cross_the_lighter_mode_is_lost(target, slope):
    for law in (target, _Reflected(target)):
        fit = pushforward.tv_star(law, slope)
        assert fit.value == pytest.approx(0.3, abs=1e-6)
        assert fit.value - 1e-6 <= fit.lower <= fit.value


class _Reflected:
    """A law with its two sides exchanged."""

    def __init__(self, law):
        self.cdf, self.sf = (lambda x: law.sf(-x)), (lambda x: law.cdf(-x))
        self.ppf, self.isf = (lambda q: -law.isf(q)), (lambda q: -law.ppf(q))
        self.pdf = lambda x: law.pdf(-x)


@pytest.mark.parametrize("slope", [1e-3, 0.02, 1.0, 1.2, 4.0])
@pytest.mark.parametrize("weight", [0.5, 0.8])
def test_no_price_is_below_the_floor(slope, weight):
    law = Law(_pair(2, weight, 1.0))
    slope /= law.unit
    lower, value, best = _saddles.find_cheapest(law, slope)
    k = np.concatenate([np.linspace(0, value, 80), best.given_up * [0.999, 1.001]])
    prices = _crossings.search(law, slope, k, 28).prices(slope)
    # The search stops a little below the supremum.
    assert lower <= prices.min() + 1e-9
    assert value <= prices.min() + 1e-6
    assert value == pytest.approx(float(best.prices(slope)[0]), abs=1e-12)


def test_the_floor_holds_under_the_general_search():
    for m, weight, slope in ((3, 0.5, 5.0), (2, 0.6, 1.0), (4, 0.3, 1.4)):
        law = Law(_pair(m, weight, 1.0))
        lower, value, _ = _saddles.find_cheapest(law, slope / law.unit)
        below, above, _ = _crossings.find_cheapest(law, slope / law.unit)
        assert lower <= above + 1e-9
        assert below <= value + 1e-9
        assert value == pytest.approx(above, abs=1e-6)


def test_what_is_no_optimum_is_not_passed_off_as_one():
    # Three modes: the floor stays a floor, and lies below the candidate's price.
    law = Law(GaussianMixture([-6, 0, 6], 1, [0.3, 0.4, 0.3]))
    for slope in (0.5, 3.0, 8.0):
        lower, _, _ = _saddles.find_cheapest(law, slope / law.unit)
        assert lower <= _crossings.find_cheapest(law, slope / law.unit)[1] + 1e-9
