"""The nearest map: against linear programming, closed forms and order statistics."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from lecture_code.densities import GaussianMixture
from lecture_code.pushforward._normal_scores import Law
from lecture_code.pushforward._transport import fit_isotonic_medians, nearest_cost


def _program(values, weights):
    """Solve min sum w |y - x| over nondecreasing x as a linear programme."""
    n = len(values)
    eye, rise = np.eye(n), np.eye(n)[:-1] - np.eye(n)[1:]
    above = np.block([[eye, -eye], [-eye, -eye], [rise, np.zeros((n - 1, n))]])
    limits = np.concatenate([values, -values, np.zeros(n - 1)])
    cost = np.concatenate([np.zeros(n), weights])
    bounds = [(None, None)] * n + [(0, None)] * n
    return optimize.linprog(cost, above, limits, bounds=bounds).fun


@pytest.mark.parametrize("seed", range(3))
def test_pooling_solves_the_linear_programme(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=30).cumsum() * rng.choice([-1, 1])
    weights = rng.uniform(0.1, 1, 30)
    fitted = fit_isotonic_medians(values, weights)
    assert np.all(np.diff(fitted) >= 0)
    cost = weights @ np.abs(values - fitted)
    assert cost == pytest.approx(_program(values, weights), rel=1e-9)


@pytest.mark.parametrize(
    ("distance", "slope"), [(2.0, 1.0), (4.0, 2.0), (8.0, 2.0), (8.0, 10.0)]
)
def test_two_points_have_their_closed_form(distance, slope):
    law = Law(GaussianMixture([0, distance], 1e-6))
    w = distance / (2 * slope)
    norm = stats.norm
    expected = distance * (norm.cdf(w) - 0.5) - 2 * slope * (norm.pdf(0) - norm.pdf(w))
    assert law.unit * nearest_cost(law, slope / law.unit) == pytest.approx(
        expected, abs=5e-5
    )


@pytest.mark.parametrize(
    ("m", "slope", "expected"),
    [(2, 1, 1.219), (2, 2, 0.458), (2, 5, 0.0128), (3, 2, 1.407), (4, 5, 0.824)],
)
def test_the_mixture_agrees_with_a_linear_programme_of_1500_cells(m, slope, expected):
    law = Law(GaussianMixture([-m, m]))
    cost = law.unit * nearest_cost(law, slope / law.unit)
    assert cost == pytest.approx(expected, abs=1e-3)


def test_a_gaussian_that_is_too_wide_is_scaled():
    # The nearest map to 3 z with slope 1 is z: E|2 z| = 2 sqrt(2 / pi).
    law = Law(GaussianMixture([1.0], 3.0))
    cost = law.unit * nearest_cost(law, 1 / law.unit)
    assert cost == pytest.approx(2 * np.sqrt(2 / np.pi), abs=1e-4)
