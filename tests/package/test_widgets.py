"""Every frame is drawn once, and both faces of ipywidgets show the right one."""

from __future__ import annotations

import base64
import html
import io
import itertools
import random

import global_state
import ipywidgets
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from ipywidgets.embed import dependency_state
from PIL import Image

from lecture_code import widgets

GRID = {"patch_size": [2, 3, 5], "rate": [0.1, 1e-05], "law": ["a<b", 'c "d"']}


def draw(**setting):
    """Draw a bar for each number in the setting."""
    _, axes = plt.subplots(figsize=(3, 2))
    axes.bar(range(len(setting)), [len(str(value)) for value in setting.values()])
    axes.set_title(str(setting))
    return f"Bars & <settings>: {setting}"


@pytest.fixture(scope="module")
def explorer() -> widgets.Explorer:
    """Give a figure with three sliders and twelve frames."""
    return widgets.explore(draw, **GRID)


# ------------------------------------------------------------------------- the frames


def test_each_setting_is_drawn_once_the_last_slider_fastest(explorer):
    settings = [
        dict(zip(GRID, values, strict=True))
        for values in itertools.product(*GRID.values())
    ]
    expected = [f"Bars & <settings>: {setting}" for setting in settings]
    assert [frame.alt for frame in explorer.frames] == expected
    assert len({frame.png for frame in explorer.frames}) == len(expected)


def test_sliders_read_as_text_and_may_have_any_name_and_number(explorer):
    texts = [["2", "3", "5"], ["0.1", "1e-05"], ["a<b", 'c "d"']]
    assert list(explorer.sliders.items()) == [
        *zip(("patch size", "rate", "law"), texts, strict=True)
    ]
    other = widgets.explore(draw, draw=range(2), b=(np.float32(0.5), np.int64(3)))
    assert other.sliders == {"draw": ["0", "1"], "b": ["0.5", "3"]}


def test_pictures_have_a_palette_and_100_dots_per_inch(explorer):
    with mpl.rc_context({"savefig.dpi": 30, "figure.dpi": 30, "savefig.bbox": "tight"}):
        small = widgets.explore(draw, a=[1])
    for frame in [*explorer.frames, *small.frames]:
        picture = Image.open(io.BytesIO(frame.png))
        assert (picture.format, picture.mode, picture.size) == ("PNG", "P", (300, 200))
        assert picture.convert("RGB").getpixel((1, 1)) == (255, 255, 255)


def test_thin_lines_keep_their_colours():
    colours = ["#1f2430", "#2a62a8", "#c4561b", "#3f7d4e", "#7a4f9e", "#7c8493"]

    def lines(n):
        plt.imshow(np.linspace(0, 1, 60).reshape(6, 10), cmap="viridis")
        for height, colour in enumerate(colours):
            plt.axhline(height - 0.25, color=colour, linewidth=2)
        return "six lines over many shades"

    with mpl.rc_context({"lines.antialiased": False}):
        [frame] = widgets.explore(lines, n=[1]).frames
    pixels = np.asarray(Image.open(io.BytesIO(frame.png)).convert("RGB")).astype(int)
    for colour in colours:
        wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert np.abs(pixels - wanted).max(axis=-1).min() <= 16


def noise(n):
    """Draw from all three random states."""
    numbers = [random.random(), np.random.rand(), float(torch.rand(()))]
    plt.figure(figsize=(2, 1))
    return f"numbers {numbers}"


def test_frames_start_from_one_random_state_and_globals_stay(kept_globals):
    def meddle(n):
        mpl.rcParams["font.size"] = 30
        return noise(n)

    standing = plt.figure()
    before = global_state.snapshot()
    first, second = widgets.explore(meddle, n=[1, 2]).frames
    assert global_state.changed(before, global_state.snapshot()) == []
    assert first == second
    assert plt.get_fignums() == [standing.number]


def test_a_long_grid_shows_a_bar(monkeypatch):
    bars = []
    monkeypatch.setattr(
        widgets, "tqdm", lambda settings, **kind: bars.append(kind) or settings
    )
    widgets.explore(picture_of(), n=range(8))
    assert bars == []
    widgets.explore(picture_of(), n=range(9))
    assert [kind["total"] for kind in bars] == [9]


# ------------------------------------------------------------------------ the refusals


def picture_of(size=(2, 1), alt="a picture", figures=1):
    """Make a function that draws what a test wants."""

    def draw_it(n):
        for _ in range(figures):
            plt.figure(figsize=size)
        return alt

    return draw_it


@pytest.mark.parametrize(
    ("drawing", "sliders", "error", "message"),
    [
        ("no function", {"n": [1]}, TypeError, "draw: expected a function"),
        (draw, {}, ValueError, "sliders: expected 1 to 4 of them, got 0"),
        (draw, {key: [1] for key in "abcde"}, ValueError, "1 to 4 of them, got 5"),
        (draw, {"n": 3}, TypeError, "n: expected a list of numbers or strings"),
        (draw, {"n": "abc"}, TypeError, "n: expected a list of numbers or strings"),
        (draw, {"n": []}, ValueError, "n: expected settings .* got none"),
        (draw, {"n": [1, 1.0]}, ValueError, "n: expected settings .* got 1, 1"),
        (draw, {"n": [True]}, TypeError, "n: expected an integer"),
        (draw, {"n": [None]}, TypeError, "n: expected a finite number"),
        (draw, {"n": [float("nan")]}, ValueError, "n: expected a finite number"),
        (draw, {"n": [" "]}, ValueError, "n: expected a string with some text"),
        (draw, {"n": range(65)}, ValueError, "at most 64 combinations, got 65"),
        (picture_of(alt=None), {"n": [1]}, TypeError, "draw returns: expected a str"),
        (picture_of(alt=" "), {"n": [1]}, ValueError, "draw returns: expected a str"),
        (picture_of(figures=0), {"n": [1]}, ValueError, "to make 1 figure, got 0"),
        (picture_of(figures=2), {"n": [1]}, ValueError, "to make 1 figure, got 2"),
    ],
)
def test_wrong_arguments_are_named(drawing, sliders, error, message):
    with pytest.raises(error, match=message):
        widgets.explore(drawing, **sliders)
    assert plt.get_fignums() == []


def test_frames_of_different_sizes_are_refused():
    def grow(n):
        plt.figure(figsize=(n, 1))
        return "a picture"

    with pytest.raises(ValueError, match="draw: expected figures of one size, got 2"):
        widgets.explore(grow, n=[1, 2])


def test_heavy_frames_are_refused_with_their_weight():
    def grain(n):
        plt.figure(figsize=(6, 6)).figimage(np.random.rand(600, 600))
        return "grain"

    message = r"draw: expected .* 600 KB together, got \d+ KB \(3 of about \d+ KB\)"
    with pytest.raises(ValueError, match=message):
        widgets.explore(grain, n=[1, 2, 3])


def test_an_error_in_draw_reaches_the_author_and_leaves_no_figure():
    def broken(n):
        plt.figure()
        raise ZeroDivisionError(f"of the author's own, at {n}")

    with pytest.raises(ZeroDivisionError, match="the author's own, at 7"):
        widgets.explore(broken, n=[7])
    assert plt.get_fignums() == []


# ---------------------------------------------------------------------- the two faces


def pictures(explorer):
    """Give the HTML that each frame must be shown as, by the place of the sliders."""
    sizes = [range(len(labels)) for labels in explorer.sliders.values()]
    return zip(itertools.product(*sizes), explorer.frames, strict=True)


def is_shown(value, frame):
    """Tell whether an ``HTML`` widget shows this frame with its alternative text."""
    return f'alt="{html.escape(frame.alt)}"' in value and len(value) > len(frame.png)


def test_ipywidgets_8_holds_every_frame_without_python(explorer):
    *controls, top = explorer.box.children
    assert [control.description for control in controls] == list(explorer.sliders)
    for place, frame in pictures(explorer):
        shown = top
        for index in place:
            shown = shown.children[index]
        assert is_shown(shown.value, frame)


def test_ipywidgets_8_links_each_slider_to_its_stacks_in_the_browser(explorer):
    *controls, _ = explorer.box.children
    state = dependency_state([explorer.box], drop_defaults=False)
    classes = [m["state"].get("_dom_classes", ()) for m in state.values()]
    assert {name for names in classes for name in names} == {"explore"}
    links = [m["state"] for m in state.values() if "Link" in m["model_name"]]
    for level, control in enumerate(controls):
        source = [f"IPY_MODEL_{control.model_id}", "index"]
        targets = [link["target"] for link in links if link["source"] == source]
        stacks = {model.removeprefix("IPY_MODEL_") for model, _ in targets}
        assert {trait for _, trait in targets} == {"selected_index"}
        assert len(stacks) == np.prod([len(c.options) for c in controls[:level]])
        assert {state[stack]["model_name"] for stack in stacks} == {"StackModel"}
        for stack in stacks:
            assert len(state[stack]["state"]["children"]) == len(control.options)


def test_the_figure_starts_where_it_is_told():
    start = {"rate": 1e-05, "law": 'c "d"'}
    grid = {**GRID, "patch_size": [2]}
    moved = widgets.explore(draw, start=start, **grid)
    shape = [len(labels) for labels in moved.sliders.values()]
    first = moved.frames[np.ravel_multi_index(moved.start, shape)]
    assert first.alt == f"Bars & <settings>: { {'patch_size': 2, **start} }"
    assert [c.index for c in moved.box.children[:-1]] == moved.start
    stack = moved.box.children[-1]
    for at in moved.start:
        assert stack.selected_index == at
        stack = stack.children[at]
    assert is_shown(stack.value, first)


def test_ipywidgets_7_swaps_the_picture_in_python(explorer, monkeypatch):
    monkeypatch.delattr(ipywidgets, "Stack")
    fresh = widgets.Explorer(explorer.sliders, explorer.frames, explorer.start)
    *controls, shown = fresh.box.children
    assert isinstance(shown, ipywidgets.HTML)
    for place, frame in reversed(list(pictures(explorer))):
        for control, index in zip(controls, place, strict=True):
            control.index = index
        assert is_shown(shown.value, frame)


def test_the_last_expression_of_a_cell_shows_sliders_and_a_stable_text(
    explorer, monkeypatch
):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *a, **k: shown.append((a, k)))
    explorer._ipython_display_()
    [((bundle,), options)] = shown
    assert options == {"raw": True}
    assert bundle.pop("text/plain") == repr(explorer)
    assert base64.b64decode(bundle.pop("image/png")) == explorer.frames[0].png
    assert bundle == {
        "application/vnd.jupyter.widget-view+json": {
            "version_major": 2,
            "version_minor": 0,
            "model_id": explorer.box.model_id,
        }
    }
