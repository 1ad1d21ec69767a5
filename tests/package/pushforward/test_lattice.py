"""The dynamic programme: below every feasible model, and hardly below the best."""

from __future__ import annotations

import numpy as np
import pytest

from lecture_code.densities import GaussianMixture
from lecture_code.pushforward import _crossings, _lattice
from lecture_code.pushforward._normal_scores import Law
from lecture_code.pushforward._routes import Route

ONE_VALLEY = [
    (GaussianMixture([-3, 3]), 5.0),
    (GaussianMixture([-2, 2], [0.5, 1], [0.6, 0.4]), 2.0),
]


@pytest.mark.parametrize(("target", "slope"), ONE_VALLEY)
def test_it_meets_the_closed_form_where_there_is_one(target, slope):
    law = Law(target)
    closed = _crossings.find_cheapest(law, slope / law.unit)[1]
    assert closed - 3e-3 < _lattice.floor(law, slope / law.unit) <= closed


def test_rounding_is_in_the_optimums_favour(monkeypatch):
    law = Law(GaussianMixture([-6, 0, 6]))
    floors = []
    for levels in (100, 1000):
        monkeypatch.setattr(_lattice, "_LEVELS", levels)
        floors.append(_lattice.floor(law, 5 / law.unit))
    routes = [Route(law, 5 / law.unit, [k], ()) for k in np.linspace(0, 0.4, 15)]
    assert floors == sorted(floors)
    assert floors[-1] <= min(route.tv for route in routes)


def test_a_slope_that_fits_costs_nothing(monkeypatch):
    monkeypatch.setattr(_lattice, "_LEVELS", 1000)
    law = Law(GaussianMixture([-2, 0, 2]))
    assert _lattice.floor(law, 1.01 * law.steepest) == 0


def test_the_sketch_is_a_path_from_nothing_to_everything():
    law = Law(GaussianMixture([-6, 0, 6]))
    points, cuts = _lattice.sketch(law, 5 / law.unit)
    masses = law.cdf(points) - cuts
    assert np.all(np.diff(masses) >= 0)
    assert 0 <= masses[0] < 0.01
    assert 0.99 < masses[-1] <= 1
