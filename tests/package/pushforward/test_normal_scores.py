"""Normal scores: closed forms on Gaussians, tails, units, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from lecture_code.densities import GaussianMixture
from lecture_code.pushforward._normal_scores import (
    Law,
    excess,
    fall,
    log_ratio,
    mass_below,
    profile,
    scores_of,
    zoom,
)

PAIRS = [(0.5, 0.3), (1.0, 1.0), (4.0, 1.0), (20.0, 1.0), (12.0, 2.0)]


def test_the_scores_of_a_gaussian_are_its_standard_units():
    law = Law(GaussianMixture([3.0], 2.0))
    y = np.linspace(-20, 20, 81)
    x = law.centre + law.unit * y
    np.testing.assert_allclose(law.scores(y), (x - 3) / 2, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(law.points((x - 3) / 2), y, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(law.slopes(y) * law.unit, 2.0, rtol=1e-12)


@pytest.mark.parametrize(("separation", "scale"), PAIRS)
def test_the_steepest_slope_of_a_pair_has_its_closed_form(separation, scale):
    law = Law(GaussianMixture([0, separation], scale))
    expected = scale * math.exp(separation**2 / (8 * scale**2))
    assert law.steepest * law.unit == pytest.approx(expected, rel=1e-12)


def test_slopes_are_the_derivative_of_the_exact_map():
    law = Law(GaussianMixture([-2, 0, 3], [0.5, 1, 0.7], [0.2, 0.5, 0.3]))
    z = np.linspace(-3, 3, 41)
    step = 1e-5
    slopes = (law.points(z + step) - law.points(z - step)) / (2 * step)
    np.testing.assert_allclose(law.slopes(law.points(z)), slopes, rtol=1e-5)


@pytest.mark.parametrize(
    "target",
    [
        GaussianMixture([-10, 10]),
        GaussianMixture([0, 5, 300], [1, 1e-3, 2], [0.3, 0.4, 0.3]),
        GaussianMixture([1e6, 1e6 + 1e-2], 1e-3),
        stats.uniform(),
        stats.logistic(),
    ],
)
def test_the_grid_resolves_the_law(target):
    law = Law(target)
    assert np.all(np.diff(law.grid) > 0)
    assert len(law.grid) < 1500
    masses = np.diff(law.cdf(law.grid))
    assert masses.max() < 1 / 60
    # A coarse sum of the density already finds the mass: no mode is between points.
    middles = (law.grid[1:] + law.grid[:-1]) / 2
    simpson = (law.pdf(law.grid[1:]) + law.pdf(law.grid[:-1])) / 6
    simpson += law.pdf(middles) * 4 / 6
    assert (simpson * np.diff(law.grid)).sum() == pytest.approx(1, abs=1e-3)


def test_nothing_depends_on_the_unit_or_the_place():
    one = Law(GaussianMixture([-3, 3], [1, 0.5], [0.3, 0.7]))
    other = Law(GaussianMixture([7 - 30, 7 + 30], [10, 5], [0.3, 0.7]))
    assert other.steepest == pytest.approx(one.steepest, rel=1e-12)
    assert other.unit == pytest.approx(10 * one.unit, rel=1e-12)


def test_a_gap_has_no_finite_slope():
    boxes = stats.rv_histogram(([1.0, 0.0, 1.0], [0.0, 1.0, 2.0, 3.0]), density=True)
    assert Law(boxes).steepest == math.inf


def test_a_law_with_log_prob_alone_will_do():
    full = GaussianMixture([-2, 2])

    class Bare:
        cdf, ppf, log_prob = full.cdf, full.ppf, full.log_prob

    assert Law(Bare()).steepest == pytest.approx(Law(full).steepest, rel=1e-9)


@pytest.mark.parametrize("target", [None, stats.poisson(3)])
def test_what_has_no_density_is_refused(target):
    with pytest.raises(ValueError, match="target: expected"):
        Law(target)


def test_masses_and_scores_are_inverse_in_both_tails():
    z = np.array([-30.0, -3.0, 0.0, 3.0, 30.0])
    np.testing.assert_allclose(scores_of(mass_below(z), mass_below(-z)), z, rtol=1e-13)
    assert scores_of(np.array(-0.1), np.array(1.1)) == -math.inf
    np.testing.assert_allclose(profile(z), stats.norm.pdf(z), rtol=1e-13)
    assert excess(np.array(8.0), np.array(1.0), np.array(0.0)) == -stats.norm.sf(8.0)


def test_log_ratio_is_cut_at_one():
    ratios = log_ratio(np.array([1.1, 0.0, 1.0]), np.array([1.0, 1.0, 0.0]))
    np.testing.assert_allclose(ratios, [math.log(1.1), -1, 1])


def test_fall_finds_zeros_entry_by_entry():
    target = np.array([0.3, 1.0, 2.5])
    roots = fall(lambda x: target - x**3, np.zeros(3), np.full(3, 2.0), 30)
    np.testing.assert_allclose(roots, np.cbrt(target), rtol=1e-12)


def test_zoom_finds_a_peak():
    point, value = zoom(lambda x: -((x - 0.7) ** 4), 0, 1)
    assert point == pytest.approx(0.7, abs=1e-3)
    assert value == pytest.approx(0, abs=1e-12)
