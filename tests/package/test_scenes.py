"""Each chapter's figures show the numbers that they were given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from scipy.special import ndtr

from lecture_code.scenes import (
    chapter01,
    chapter02,
    chapter03,
    chapter04,
    chapter05,
    chapter07,
    chapter08,
    chapter09,
    chapter10,
    chapter11,
    chapter12,
    chapter14,
    chapter15,
    chapter17,
    chapter18,
)
from lecture_code.session import PALETTE


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def heights(axes) -> list[float]:
    return [bar.get_height() for bar in axes.patches]


@pytest.mark.parametrize(("u", "bin_"), [(0.0, 0), (0.25, 0), (0.26, 1), (1.0, 2)])
def test_the_ray_drops_on_the_bin_of_the_rule(u, bin_):
    chapter01.inverse_cdf([0.25, 0.5, 0.25], u, [0, 1, 1, 2])
    stairs, sampled = plt.gcf().axes
    arrows = [child for child in stairs.texts if hasattr(child, "arrow_patch")]
    assert arrows[-1].xy == (bin_, 0)
    coloured = [to_hex(bar.get_facecolor()) for bar in sampled.patches]
    assert coloured.index(PALETTE["orange"]) == bin_
    assert heights(sampled) == [0.25, 0.5, 0.25]


def test_coverage_highlights_the_side_and_maps_the_page():
    where = np.linspace(0, 1, 25).reshape(5, 5)
    chapter02.coverage([0.0, 0.1, 0.2, 0.3, 0.4], 4, where)
    bars, page = plt.gcf().axes[:2]
    assert heights(bars) == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert [to_hex(b.get_facecolor()) for b in bars.patches].index(
        PALETTE["orange"]
    ) == 3
    assert np.array_equal(page.images[0].get_array(), where)


def test_each_way_to_store_a_law_has_a_panel_on_one_scale():
    ways = {"comb": torch.tensor([0.0, 0.9, 0.1, 0.0]), "flat": torch.full((4,), 0.25)}
    chapter03.three_ways(ways, low=1, high=3)
    panels = plt.gcf().axes
    assert [axes.get_title(loc="left") for axes in panels] == ["comb", "flat"]
    assert all(axes.get_ylim()[1] == pytest.approx(0.945) for axes in panels)
    assert {axes.get_xlim() for axes in panels} == {(1, 2)}


def test_finer_blocks_stand_above_the_means_over_splits():
    image = torch.arange(64.0).reshape(8, 8)
    saved = {name: np.arange(8.0).reshape(4, 2) + i for i, name in enumerate("abc")}
    chapter03.resolutions(image, saved)
    *blocks, curves = plt.gcf().axes
    arrays = [axes.images[0].get_array() for axes in blocks]
    assert [array.shape for array in arrays] == [(1, 1), (2, 2), (4, 4), (8, 8)]
    assert {array.sum() for array in arrays} == {2016}
    assert list(curves.lines[1].get_ydata()) == [1.5, 3.5, 5.5, 7.5]


def test_a_bend_cuts_the_probability_into_tenths():
    x = np.linspace(-4, 4, 801)
    chapter03.bend(x, 2 * x, np.exp(-2 * x**2))
    reached = [
        path.vertices[0, 0] for path in plt.gcf().axes[1].collections[1].get_paths()
    ]
    np.testing.assert_allclose(np.diff(ndtr(2 * np.array(reached))), 0.1, atol=1e-3)


def test_each_machine_has_a_panel_under_its_area():
    log_p = {"table": torch.full((4,), 0.25).log(), "curve": torch.zeros(401)}
    listed = chapter03.machines(log_p, step=0.5, reach=10)
    assert listed == "table 1.00, curve 200.50"
    table, curve = plt.gcf().axes
    assert (table.get_title(), curve.get_title()) == (
        "table\narea 1.00",
        "curve\narea 200.50",
    )
    assert heights(table) == [0.25] * 4
    assert (curve.lines[0].get_xdata()[[0, -1]] == [-10, 10]).all()


def test_an_unfinished_image_is_grey_from_its_frame_on():
    chapter05.unfinished([1, 0, 1, 1], [1, 3], [0.25, 0.5])
    first, second = plt.gcf().axes[:2]
    assert np.ravel(first.images[0].get_array()).tolist() == [1, 0.15, 0.15, 0.15]
    assert np.ravel(second.images[0].get_array()).tolist() == [1, 0, 1, 0.15]
    assert [first.get_title(), second.get_title()] == ["25%", "50%"]
    assert [a.patches[0].get_xy() for a in (first, second)] == [(0.5, -0.5), (0.5, 0.5)]


def test_a_network_has_the_lines_of_its_masks_and_shows_what_leads_to_an_output():
    first, second = np.array([[1, 0], [1, 1]]), np.array([[0, 0], [1, 0]])
    chapter05.network([first, second], [0, 1], output=1)
    lines = plt.gcf().axes[0].lines
    assert len(lines) == 4
    led = [
        line.get_ydata()[0] for line in lines if line.get_color() == PALETTE["orange"]
    ]
    assert led == [0, 1]


def test_a_search_shows_the_data_the_model_and_where_it_stands():
    curves = {"nll": [3, 2, 3], "kl": [1, 0, 1]}
    chapter04.search([1, 2], [2, 1], [0, 1, 2], **curves, mark=1.5, tops=[4, 5])
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


def test_a_landscape_marks_the_end_of_the_path():
    x, y = np.linspace(0, 3, 4), np.linspace(1, 2, 3)
    heights = x**2 + y[:, None]
    chapter04.landscape(x, y, heights, path=[(3, 2), (0, 1)])
    axes = plt.gcf().axes[0]
    line, dot = axes.lines
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([3, 0], [2, 1])
    assert (dot.get_xdata(), dot.get_ydata()) == ([0], [1])
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 3), (1, 2))


def test_gaps_show_rules_as_lines_and_measurements_as_marks():
    lines = {"5 knobs / 2n": [2, 1], "5 knobs, below": [2, 1], "8 knobs, above": [3, 2]}
    chapter04.gaps([10, 20], lines)
    axes = plt.gcf().axes[0]
    assert [line.get_linestyle() for line in axes.lines] == ["-", "None", "None"]
    assert [line.get_marker() for line in axes.lines] == ["None", "v", "^"]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_a_duel_shows_both_laws_the_critic_and_two_pulls():
    x = np.linspace(-1, 1, 5)
    chapter11.duel(x, data=x**2, model=x**4, critic=(x + 1) / 2, pulls=[1e-9, 2.0])
    laws, sizes = plt.gcf().axes
    assert [line.get_label() for line in laws.lines] == ["generator", "best critic D"]
    np.testing.assert_allclose(laws.lines[1].get_ydata(), (x + 1) / 2)
    assert [bar.get_height() for bar in sizes.patches] == [1e-7, 2.0]
    assert sizes.get_yscale() == "log"


def test_journeys_run_from_noise_on_the_left_to_data_on_the_right():
    times, x = [1.0, 0.5, 0.0], np.linspace(-2, 2, 4)
    paths = np.array([[0.0, 1.0], [0.5, 1.5], [1.0, 2.0]])
    chapter12.journeys(times, paths, now=0.5, x=x, density=x**2, data=x**4)
    ways, law = plt.gcf().axes
    assert ways.get_xlim() == (1.0, 0.0)
    np.testing.assert_allclose(ways.lines[1].get_ydata(), paths[:, 1])
    assert ways.lines[2].get_xdata()[0] == 0.5
    np.testing.assert_allclose(law.lines[0].get_xdata(), x**2)


def test_walks_are_drawn_from_start_to_end_panel_by_panel():
    paths = [np.arange(12.0).reshape(3, 2, 2), np.zeros((2, 1, 2))]
    chapter07.walks(paths, samples=[[1.0, 1.0]], titles=["a", "b"])
    first, second = plt.gcf().axes
    assert (first.get_title(), second.get_title()) == ("a", "b")
    *walkers, ends = first.lines
    assert [line.get_xydata().tolist() for line in walkers] == [
        paths[0][:, i].tolist() for i in (0, 1)
    ]
    assert ends.get_xydata().tolist() == paths[0][-1].tolist()
    assert len(second.lines) == 2


def test_a_projection_ends_on_the_line_at_a_right_angle():
    direction = np.array([0.6, 0.8])
    chapter08.projections([[1.0, 0.0], [0.0, 2.0]], direction, [0, 90], [1.0, 3.0])
    plane, chart = plt.gcf().axes
    for line, point in zip(plane.lines, ([1.0, 0.0], [0.0, 2.0]), strict=False):
        start, foot = line.get_xydata()
        assert start.tolist() == point
        assert (start - foot) @ direction == pytest.approx(0)
        assert foot @ [0.8, -0.6] == pytest.approx(0)
    assert list(chart.lines[0].get_ydata()) == [1.0, 3.0]
    assert chart.lines[1].get_xdata()[0] == pytest.approx(53.13, abs=0.01)


def test_a_latent_map_marks_the_place_and_shows_what_it_decodes_to():
    codes = [[0.0, 1.0], [2.0, 3.0]]
    chapter09.latent_map(codes, [4, 7], z=[0.5, -1], image=[0, 1, 2, 3], high=3)
    plane, picture = plt.gcf().axes
    four, seven = (marks.get_offsets().tolist() for marks in plane.collections)
    assert (four, seven) == ([codes[0]], [codes[1]])
    assert plane.lines[0].get_xydata().tolist() == [[0.5, -1]]
    assert picture.images[0].get_array().tolist() == [[0, 1], [2, 3]]


def test_a_density_of_codes_stands_in_circles_of_the_priors_mass():
    density = np.array([[1.0, 2.0], [3.0, 4.0]])
    chapter09.code_density([0, 1], density)
    (axes,) = plt.gcf().axes
    assert np.array_equal(axes.collections[0].get_array(), density.T)
    radii = np.array([circle.radius for circle in axes.patches])
    np.testing.assert_allclose(1 - np.exp(-(radii**2) / 2), [0.5, 0.9])


def test_a_mesh_shades_each_cell():
    corners = np.stack(np.meshgrid([0.0, 1, 2], [0.0, 1], indexing="ij"), axis=2)
    chapter10.mesh(corners, [[0.5], [1.5]], high=2, reach=3)
    (cells,) = plt.gcf().axes[0].collections
    assert cells.get_array().ravel().tolist() == [0.5, 1.5]
    assert cells.get_clim() == (0, 2)
    assert not plt.gcf().axes[0].lines


def test_a_mesh_draws_one_in_so_many_lines():
    corners = np.stack(np.meshgrid(range(3), range(5), indexing="ij"), axis=2)
    chapter10.mesh(corners, np.zeros((2, 4)), high=1, reach=5, every=2)
    drawn = [line.get_xydata().tolist() for line in plt.gcf().axes[0].lines]
    rows, columns = corners[[0, 2]], corners[:, [0, 2, 4]].swapaxes(0, 1)
    assert drawn == [*rows.tolist(), *columns.tolist()]


def test_strips_are_cut_where_the_map_says():
    z = np.linspace(-4, 4, 401)
    chapter10.strips(z, 10 + 2 * z, np.exp(-(z**2) / 2))
    above, below = plt.gcf().axes
    strips = [
        [c.get_paths()[0].get_extents() for c in a.collections] for a in (above, below)
    ]
    low, high = (np.array([s.x0 for s in row[1:10]]) for row in strips)
    np.testing.assert_allclose(high, 10 + 2 * low, atol=1e-6)
    np.testing.assert_allclose(low[[0, 4, 8]], [-1.2816, 0, 1.2816], atol=1e-3)


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


def test_a_generator_is_drawn_with_its_law_and_its_maps():
    numbers = {"target": [0.0, 2.0, 1.0], "model": [1.0, 1.5, 1.0]}
    maps = {"z": [-2.0, 2.0], "exact": [-1.0, 1.0], "best": [-0.5, 0.5]}
    chapter15.generator([-1, 0, 1], **numbers, **maps)
    laws, latents = plt.gcf().axes
    np.testing.assert_array_equal(laws.lines[0].get_ydata(), numbers["model"])
    np.testing.assert_array_equal(latents.lines[0].get_ydata(), maps["exact"])
    np.testing.assert_array_equal(latents.lines[1].get_ydata(), maps["best"])
    assert latents.get_ylim() == (-1, 1)


def test_models_are_dots_over_the_frontier():
    chapter18.frontier([1, 10], [0.5, 0.1], {"net": [(5, 0.4)], "chain": [(8, 0.3)]})
    (axes,) = plt.gcf().axes
    floor, net, chain = axes.lines
    assert list(floor.get_ydata()) == [0.5, 0.1]
    assert (net.get_label(), list(net.get_xydata()[0])) == ("net", [5, 0.4])
    assert (chain.get_label(), list(chain.get_xydata()[0])) == ("chain", [8, 0.3])
    assert axes.get_xscale() == "log"


def test_a_budget_is_drawn_as_laws_and_as_dots():
    laws = {"target": [0.0, 1.0, 0.0], "one map": [0.2, 0.6, 0.2]}
    chapter18.budget([-1, 0, 1], laws, [1, 10], [0.5, 0.1], {"one map": [(2, 0.4)]})
    densities, allowed = plt.gcf().axes
    (curve,) = densities.lines
    assert list(curve.get_ydata()) == laws["one map"]
    assert densities.get_ylim()[1] > 1
    assert list(allowed.lines[1].get_xydata()[0]) == [2, 0.4]


def test_a_walk_marks_where_it_stands():
    chapter17.walk(np.arange(9) / 9, [0.0, 0.4, 1.0], 1)
    picture, line = plt.gcf().axes
    assert picture.images[0].get_array().shape == (3, 3)
    assert list(line.lines[-1].get_xydata()[0]) == [1, 0.4]
