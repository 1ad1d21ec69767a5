"""Scenes show the numbers that they were given, each panel its own."""

from __future__ import annotations

import matplotlib.pyplot as plt

from lecture_code import scenes


def test_each_density_has_a_panel_under_its_title():
    scenes.machines([0, 1, 2], [[1, 2, 3], [30, 20, 10]], titles=["a", "b"])
    axes = plt.gcf().axes
    assert [a.get_title() for a in axes] == ["a", "b"]
    assert [list(a.lines[0].get_ydata()) for a in axes] == [[1, 2, 3], [30, 20, 10]]
    assert axes[0].get_ylim()[1] < 10 < axes[1].get_ylim()[1]


def test_a_search_shows_the_data_the_model_and_where_it_stands():
    scenes.search([1, 2], [2, 1], [0, 1, 2], nll=[3, 2, 3], kl=[1, 0, 1], mark=1.5)
    data, valley = plt.gcf().axes
    assert [bar.get_height() for bar in data.patches] == [1, 2]
    assert list(data.lines[0].get_ydata()) == [2, 1]
    nll, kl, line = valley.lines
    assert (list(nll.get_ydata()), nll.get_label()) == ([3, 2, 3], "NLL")
    assert (list(kl.get_ydata()), kl.get_label()) == ([1, 0, 1], "KL")
    assert set(line.get_xdata()) == {1.5}
