"""Each chapter's figures show the numbers that they were given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from lecture_code.scenes import chapter01, chapter13, chapter14
from lecture_code.session import PALETTE


def heights(axes) -> list[float]:
    return [bar.get_height() for bar in axes.patches]


def test_images_carry_their_ink_and_a_hole_is_pointed_out():
    images = np.zeros((2, 64))
    images[0, :3] = images[1, :5] = 1
    chapter01.inked(images, [0, 0, 0, 2, 0, 1], hole=4)
    *shown, bars = plt.gcf().axes
    assert [axes.get_title() for axes in shown] == ["3", "5"]
    assert [axes.images[0].get_array().sum() for axes in shown] == [3, 5]
    assert heights(bars) == [0, 0, 0, 2, 0, 1]
    assert bars.texts[0].xy == (4, 0)


def test_rivals_are_drawn_over_the_counts_with_what_they_waste():
    tables = {"a": [0.5, 0.5], "b": [0.4, 0.6], "c": [0.3, 0.7]}
    wasted = {"a": 0.5, "b": 0.25, "c": 0.125}
    chapter01.rivals([0.2, 0.8], tables, wasted)
    (axes,) = plt.gcf().axes
    assert heights(axes) == [0.2, 0.8]
    assert [list(line.get_ydata()) for line in axes.lines] == list(tables.values())
    assert axes.lines[1].get_label() == "b: wastes 0.25 nats"


def test_two_evils_have_a_panel_each():
    chapter01.two_evils([1, 2, 4], [4.0, 4.5, 5.0], [0.2, 0.1, 0.0])
    blur, gaps = plt.gcf().axes
    assert list(blur.lines[0].get_ydata()) == [4.0, 4.5, 5.0]
    np.testing.assert_allclose(gaps.lines[0].get_ydata(), [20, 10, 0])


@pytest.mark.parametrize(("u", "bin_"), [(0.0, 0), (0.25, 0), (0.26, 1), (1.0, 2)])
def test_the_ray_drops_on_the_bin_of_the_rule(u, bin_):
    chapter01.inverse_cdf([0.25, 0.5, 0.25], u, [0, 1, 1, 2])
    stairs, sampled = plt.gcf().axes
    arrows = [child for child in stairs.texts if hasattr(child, "arrow_patch")]
    assert arrows[-1].xy == (bin_, 0)
    coloured = [to_hex(bar.get_facecolor()) for bar in sampled.patches]
    assert coloured.index(PALETTE["orange"]) == bin_
    assert heights(sampled) == [0.25, 0.5, 0.25]


def test_a_ranking_shows_every_image_in_the_order_of_the_rows():
    rows = {"first": np.arange(8.0).reshape(2, 4), "second": 10 + np.zeros((2, 4))}
    chapter14.ranking(rows, high=10)
    (axes,) = plt.gcf().axes
    shown = axes.images[0].get_array()
    assert shown.shape == (8, 8)
    np.testing.assert_array_equal(shown[1:3, 1:3], [[0, 1], [2, 3]])
    np.testing.assert_array_equal(shown[1:3, 5:7], [[4, 5], [6, 7]])
    assert (shown[5:7, 1:3] == 10).all()
    assert [t.get_text() for t in axes.get_yticklabels()] == ["first", "second"]
    assert list(axes.get_yticks()) == [1.5, 5.5]


def test_a_repainted_image_has_a_price_for_all_but_the_erased_one():
    rows = {name: torch.arange(8.0).reshape(2, 4) for name in ("erased", "truth")}
    said = chapter13.repaint(rows, torch.tensor([[70.0, 80.0]]), image=2)
    erased, truth = plt.gcf().axes
    assert (erased.get_title(), truth.get_title()) == ("erased\n", "truth\n80 bits")
    np.testing.assert_array_equal(truth.images[0].get_array(), [[4, 5], [6, 7]])
    assert said.endswith("truth 80 bits.")
