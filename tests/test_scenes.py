"""Scenes show the numbers that they were given, each panel its own."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from lecture_code import scenes


def test_each_density_has_a_panel_under_its_title():
    scenes.machines([0, 1, 2], [[1, 2, 3], [30, 20, 10]], titles=["a", "b"])
    axes = plt.gcf().axes
    assert [a.get_title() for a in axes] == ["a", "b"]
    assert [list(a.lines[0].get_ydata()) for a in axes] == [[1, 2, 3], [30, 20, 10]]
    assert axes[0].get_ylim()[1] < 10 < axes[1].get_ylim()[1]


def test_a_fourth_density_begins_a_second_row():
    scenes.machines([0, 1], [[1, 2]] * 4, titles=["a", "b", "c", "d"])
    *first, last = (a.get_position().y0 for a in plt.gcf().axes)
    assert len(set(first)) == 1
    assert last < first[0]


def test_a_search_shows_the_data_the_model_and_where_it_stands():
    curves = {"nll": [3, 2, 3], "kl": [1, 0, 1]}
    scenes.search([1, 2], [2, 1], [0, 1, 2], **curves, mark=1.5, tops=[4, 5])
    data, valley = plt.gcf().axes
    assert [bar.get_height() for bar in data.patches] == [1, 2]
    assert list(data.lines[0].get_ydata()) == [2, 1]
    nll, kl = valley.lines
    assert (list(nll.get_ydata()), nll.get_label()) == ([3, 2, 3], "NLL")
    assert (list(kl.get_ydata()), kl.get_label()) == ([1, 0, 1], "KL")
    arrow, letter = valley.texts
    assert (arrow.xy, arrow.xyann) == ((1.5, 2.5), (1.5, 0.5))
    assert (letter.get_text(), letter.xy) == ("H", (1.5, 1.5))
    assert (data.get_ylim(), valley.get_ylim()) == ((0, 4), (0, 5))


def test_a_generator_is_drawn_with_its_law_and_its_maps():
    numbers = {"target": [0.0, 2.0, 1.0], "model": [1.0, 1.5, 1.0]}
    maps = {"z": [-2.0, 2.0], "exact": [-1.0, 1.0], "best": [-0.5, 0.5]}
    scenes.generator([-1, 0, 1], **numbers, **maps)
    laws, latents = plt.gcf().axes
    np.testing.assert_array_equal(laws.lines[0].get_ydata(), numbers["model"])
    np.testing.assert_array_equal(latents.lines[0].get_ydata(), maps["exact"])
    np.testing.assert_array_equal(latents.lines[1].get_ydata(), maps["best"])
    assert latents.get_ylim() == (-1, 1)


def test_a_ranking_shows_every_image_in_the_order_of_the_rows():
    rows = {"first": np.arange(8.0).reshape(2, 4), "second": 10 + np.zeros((2, 4))}
    scenes.ranking(rows, high=10)
    (axes,) = plt.gcf().axes
    shown = axes.images[0].get_array()
    assert shown.shape == (8, 8)
    np.testing.assert_array_equal(shown[1:3, 1:3], [[0, 1], [2, 3]])
    np.testing.assert_array_equal(shown[1:3, 5:7], [[4, 5], [6, 7]])
    assert (shown[5:7, 1:3] == 10).all()
    assert [t.get_text() for t in axes.get_yticklabels()] == ["first", "second"]
    assert list(axes.get_yticks()) == [1.5, 5.5]
