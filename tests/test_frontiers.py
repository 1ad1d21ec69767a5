"""Scenes show the numbers that they were given, each panel its own."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from lecture_code import frontiers


def test_a_generator_is_drawn_with_its_law_and_its_maps():
    numbers = {"target": [0.0, 2.0, 1.0], "model": [1.0, 1.5, 1.0]}
    maps = {"z": [-2.0, 2.0], "exact": [-1.0, 1.0], "best": [-0.5, 0.5]}
    frontiers.generator([-1, 0, 1], **numbers, **maps)
    laws, latents = plt.gcf().axes
    np.testing.assert_array_equal(laws.lines[0].get_ydata(), numbers["model"])
    np.testing.assert_array_equal(latents.lines[0].get_ydata(), maps["exact"])
    np.testing.assert_array_equal(latents.lines[1].get_ydata(), maps["best"])
    assert latents.get_ylim() == (-1, 1)


def test_models_are_dots_over_the_frontier():
    frontiers.frontier([1, 10], [0.5, 0.1], {"net": [(5, 0.4)], "chain": [(8, 0.3)]})
    (axes,) = plt.gcf().axes
    floor, net, chain = axes.lines
    assert list(floor.get_ydata()) == [0.5, 0.1]
    assert (net.get_label(), list(net.get_xydata()[0])) == ("net", [5, 0.4])
    assert (chain.get_label(), list(chain.get_xydata()[0])) == ("chain", [8, 0.3])
    assert axes.get_xscale() == "log"


def test_a_budget_is_drawn_as_laws_and_as_dots():
    laws = {"target": [0.0, 1.0, 0.0], "one map": [0.2, 0.6, 0.2]}
    frontiers.budget([-1, 0, 1], laws, [1, 10], [0.5, 0.1], {"one map": [(2, 0.4)]})
    densities, allowed = plt.gcf().axes
    (curve,) = densities.lines
    assert list(curve.get_ydata()) == laws["one map"]
    assert densities.get_ylim()[1] > 1
    assert list(allowed.lines[1].get_xydata()[0]) == [2, 0.4]


def test_a_walk_marks_where_it_stands():
    frontiers.walk(np.arange(9) / 9, [0.0, 0.4, 1.0], 1)
    picture, line = plt.gcf().axes
    assert picture.images[0].get_array().shape == (3, 3)
    assert list(line.lines[-1].get_xydata()[0]) == [1, 0.4]
