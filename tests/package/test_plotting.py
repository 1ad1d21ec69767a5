"""Figures show the numbers that they were given, in the book's colours."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from lecture_code import plotting


def heights(axes) -> list[float]:
    return [bar.get_height() for bar in axes.patches]


def test_bars_have_the_heights_and_the_reference():
    plotting.bars([1, 2, 3], reference=[3, 2, 1], labels=("counted", "true"))
    [axes] = plt.gcf().axes
    assert heights(axes) == [1, 2, 3]
    assert list(axes.lines[0].get_ydata()) == [3, 2, 1]
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["true", "counted"]


def test_curves_hold_the_points_and_the_scale():
    plotting.curves([1, 10], {"a": [1, 2], "b": [3, 4]}, scale="loglog", mark=2.0)
    [axes] = plt.gcf().axes
    assert [list(line.get_ydata()) for line in axes.lines[:2]] == [[1, 2], [3, 4]]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert set(axes.lines[2].get_xdata()) == {2.0}


def test_images_are_drawn_row_by_row_and_spare_places_stay_empty():
    pixels = np.arange(3 * 4).reshape(3, 4)
    plotting.images(pixels, columns=2, titles=["a", "b", "c"])
    axes = plt.gcf().axes
    assert len(axes) == 4
    shown = [a.images[0].get_array() for a in axes[:3]]
    assert np.array_equal(np.array(shown).reshape(3, 4), pixels)
    assert not axes[3].images
    assert [a.get_title() for a in axes[:3]] == ["a", "b", "c"]
