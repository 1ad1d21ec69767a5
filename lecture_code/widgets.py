"""Pictures that sliders move: every frame is drawn ahead, so no kernel is needed.

A figure is drawn once for each setting of its sliders. In Jupyter the sliders switch
between the stored pictures in the browser; on the site a small script does the same.
"""

from __future__ import annotations

import base64
import contextlib
import html
import io
import itertools
import math
import numbers
import random
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from lecture_code import _validate

if TYPE_CHECKING:
    import ipywidgets
    from matplotlib.figure import Figure

#: More frames than this are a film, not a figure: nobody visits them all.
MOST_FRAMES = 64
#: Bytes that one figure may take up in a notebook, which has to stay light.
BUDGET = 600_000

_COLOURS = 64
_DPI = 100
_ENTRY = 1_500  # bytes that a frame takes up beside its picture and its text
_SLOW = 8  # frames; with more than these a progress bar is worth its line


class Frame(NamedTuple):
    """One picture of a figure, and what it shows in words.

    Parameters
    ----------
    png : bytes
        The content of a PNG file.
    alt : str
        The text that stands for the picture where it is not seen.
    """

    png: bytes
    alt: str


class Explorer:
    """A figure drawn for every setting of its sliders; made by :func:`explore`.

    It shows itself in a notebook when it is the last expression of a cell.

    Parameters
    ----------
    sliders : dict of str to list of str
        Name of each slider, and what stands at each of its positions.
    frames : list of Frame
        One for each combination; the last slider runs fastest.
    start : list of int
        Position of each slider at first.
    """

    def __init__(
        self, sliders: dict[str, list[str]], frames: list[Frame], start: list[int]
    ) -> None:
        self.sliders = sliders
        self.frames = frames
        self.start = start

    def __repr__(self) -> str:
        # Strict re-runs of a notebook compare this text: no address, no digits of data.
        sizes = (f"{name}={len(values)}" for name, values in self.sliders.items())
        return f"explore({', '.join(sizes)} settings)"

    def _ipython_display_(self) -> None:
        """Show the live sliders, with one still picture for a viewer without them."""
        from IPython.display import display

        shape = [len(labels) for labels in self.sliders.values()]
        first = self.frames[np.ravel_multi_index(self.start, shape)]
        still = base64.b64encode(first.png).decode("ascii")
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        mime = "application/vnd.jupyter.widget-view+json"
        bundle = {"text/plain": repr(self), "image/png": still, mime: view}
        display(bundle, raw=True)

    @cached_property
    def box(self) -> ipywidgets.VBox:
        """The live sliders with the picture under them."""
        import ipywidgets

        places = zip(self.sliders.items(), self.start, strict=True)
        controls = [_make_slider(name, labels, at) for (name, labels), at in places]
        pictures = [_embed(frame) for frame in self.frames]
        # Stacks switch in the browser alone, but ipywidgets 7 does not have them.
        face = _stack if hasattr(ipywidgets, "Stack") else _swap
        box = ipywidgets.VBox([*controls, face(pictures, controls)])
        return box.add_class("explore")


def explore(
    draw: Callable[..., str], /, *, start: dict | None = None, **sliders: list
) -> Explorer:
    """Draw a figure for every setting of its sliders, to be moved without a kernel.

    Each frame starts from the same random state, and neither that state nor
    matplotlib's settings are changed.

    Parameters
    ----------
    draw : callable
        Called once for each setting, as in ``draw(bins=10, samples=100)``. Makes one
        matplotlib figure and returns its alt text, with the numbers that it shows.
    start : dict, optional
        For some sliders, by name, the setting that is shown at first; otherwise it is
        the first one.
    **sliders : list of numbers or strings
        One to four sliders, each with its distinct settings in order; at most 64
        combinations. Underscores in a name read as spaces.
    """
    _validate.function("draw", draw)
    if not 1 <= len(sliders) <= 4:
        raise ValueError(f"sliders: expected 1 to 4 of them, got {len(sliders)}")
    labels = {name: _write_labels(name, values) for name, values in sliders.items()}
    count = math.prod(len(values) for values in labels.values())
    if count > MOST_FRAMES:
        raise ValueError(
            f"sliders: expected at most {MOST_FRAMES} combinations, got {count}"
        )
    places = _find_places({} if start is None else start, sliders)
    frames = [_draw_frame(draw, setting) for setting in _combine(sliders, count)]
    _check_frames(frames)
    return Explorer({n.replace("_", " "): v for n, v in labels.items()}, frames, places)


def _find_places(start: dict, sliders: dict[str, list]) -> list[int]:
    """Return the position of each slider at first."""
    for name, setting in start.items():
        if name not in sliders or setting not in list(sliders[name]):
            got = f"{name!r}: {setting!r}"
            raise ValueError(f"start: expected settings of the sliders, got {got}")
    return [list(v).index(start.get(name, v[0])) for name, v in sliders.items()]


def _write_labels(name: str, values: list) -> list[str]:
    """Write what stands at each position of a slider, or refuse its settings."""
    if not isinstance(values, (list, tuple, range)):
        got = _validate.describe(values)
        raise TypeError(f"{name}: expected a list of numbers or strings, got {got}")
    labels = [_write_label(name, value) for value in values]
    if not labels or len(set(labels)) < len(labels):
        got = ", ".join(labels) or "none"
        raise ValueError(f"{name}: expected settings that read differently, got {got}")
    return labels


def _write_label(name: str, value: float | str) -> str:
    """Write one setting, a string or a number."""
    if isinstance(value, str):
        return _validate.text(name, value)
    if isinstance(value, numbers.Integral):
        return str(_validate.integer(name, value))
    return f"{_validate.real(name, value):g}"


def _combine(sliders: dict[str, list], count: int) -> Iterator[dict]:
    """Yield every combination of the sliders, the last one running fastest."""
    grid = itertools.product(*sliders.values())
    settings = (dict(zip(sliders, values, strict=True)) for values in grid)
    if count <= _SLOW:
        return settings
    return iter(tqdm(settings, total=count, desc="frames", leave=False))


def _draw_frame(draw: Callable[..., str], setting: dict) -> Frame:
    """Let the author draw one figure, and close it whatever happens."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    before = set(plt.get_fignums())
    try:
        with _restore_randomness(), mpl.rc_context():
            alt = _validate.text("what draw returns", draw(**setting))
            made = sorted(set(plt.get_fignums()) - before)
            if len(made) != 1:
                raise ValueError(f"draw: expected to make 1 figure, got {len(made)}")
            return Frame(_encode(plt.figure(made[0])), alt.strip())
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)


@contextlib.contextmanager
def _restore_randomness() -> Iterator[None]:
    """Put every random state back afterwards."""
    python, legacy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)


def _encode(figure: Figure) -> bytes:
    """Return a figure as a small PNG file of few colours."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    # Drawn once, where savefig draws twice, and never cropped: all frames fit.
    figure.set_dpi(_DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # A palette is a third of the weight; this method keeps a thin line's colour too.
    cut = Image.Quantize.MAXCOVERAGE
    picture = picture.quantize(_COLOURS, method=cut, dither=Image.Dither.NONE)
    file = io.BytesIO()
    picture.save(file, format="PNG", optimize=True)
    return file.getvalue()


def _check_frames(frames: list[Frame]) -> None:
    """Refuse frames that differ in size, or are too heavy together."""
    # Width and height are the first two numbers of a PNG file's first block.
    sizes = {frame.png[16:24] for frame in frames}
    if len(sizes) > 1:
        raise ValueError(
            f"draw: expected figures of one size, got {len(sizes)} different sizes"
        )
    weight = sum(len(_embed(frame)) + _ENTRY for frame in frames)
    if weight > BUDGET:
        raise ValueError(
            f"draw: expected frames of at most {BUDGET // 1000} KB together, got "
            f"{weight // 1000} KB ({len(frames)} of about "
            f"{weight // len(frames) // 1000} KB)"
        )


def _embed(frame: Frame) -> str:
    """Return a frame as HTML that holds its picture and its text."""
    data = base64.b64encode(frame.png).decode("ascii")
    alt = html.escape(frame.alt)
    return f'<img alt="{alt}" src="data:image/png;base64,{data}">'


def _make_slider(name: str, labels: list[str], at: int) -> ipywidgets.SelectionSlider:
    """Return a slider over the labels that stands at one of them."""
    import ipywidgets

    style = {"description_width": "initial"}
    return ipywidgets.SelectionSlider(
        options=labels, value=labels[at], description=name, style=style
    )


def _stack(pictures: list[str], controls: list) -> ipywidgets.Widget:
    """Nest one stack of pictures for each slider, and link them in the browser."""
    import ipywidgets

    # shared: a layout weighs as much as a small picture
    look = {"layout": ipywidgets.Layout(), "style": ipywidgets.HTML().style}

    def nest(part: list[str], level: int) -> ipywidgets.Widget:
        if level == len(controls):
            return ipywidgets.HTML(part[0], **look)
        slider = controls[level]
        step = len(part) // len(slider.options)
        starts = range(0, len(part), step)
        inner = [nest(part[i : i + step], level + 1) for i in starts]
        at = {"selected_index": slider.index, "layout": look["layout"]}
        stack = ipywidgets.Stack(inner, **at)
        ipywidgets.jsdlink((slider, "index"), (stack, "selected_index"))
        return stack

    return nest(pictures, 0)


def _swap(pictures: list[str], controls: list) -> ipywidgets.Widget:
    """Show one picture, and let Python exchange it when a slider has moved."""
    import ipywidgets

    shown = ipywidgets.HTML()
    shape = [len(slider.options) for slider in controls]

    def show(_: object) -> None:
        place = np.ravel_multi_index([slider.index for slider in controls], shape)
        shown.value = pictures[place]

    show(None)
    for slider in controls:
        slider.observe(show, "index")
    return shown
