"""Figures that serve several chapters: each function draws one and returns nothing.

Nothing is computed here that a reader should see: the numbers come from the chapter,
and are put on paper in the book's style.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lecture_code import _validate
from lecture_code.session import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = ("", ".", "o", "s", "^", "x", "+")


def bars(
    heights: Any,
    *,
    reference: Any = None,
    labels: tuple[str, str] = ("model", "reference"),
    xlabel: str = "",
    ylabel: str = "",
) -> None:
    """Draw one bar for each bin, with reference heights as dots if there are any.

    Parameters
    ----------
    heights, reference : array_like, shape (k,)
    labels : tuple of str
        What the bars and the dots are.
    xlabel, ylabel : str
    """
    heights = _validate.array("heights", heights, shape=("k",))
    labels = _check_texts("labels", labels, 2)
    axes = _draw_axes(xlabel, ylabel)
    axes.bar(range(len(heights)), heights, color=PALETTE["blue"], label=labels[0])
    if reference is not None:
        reference = _validate.array("reference", reference, shape=heights.shape)
        style: dict[str, Any] = {"color": PALETTE["orange"], "label": labels[1]}
        axes.plot(range(len(heights)), reference, "o", ms=4, **style)
        axes.legend()


def curves(
    x: Any,
    ys: Mapping[str, Any],
    *,
    xlabel: str = "",
    ylabel: str = "",
    scale: str = "linear",
    marker: str = "",
    mark: float | None = None,
) -> None:
    """Draw labelled curves over one axis.

    Parameters
    ----------
    x : array_like, shape (n,)
    ys : mapping of str to array_like
        For each label a curve of shape (n,).
    xlabel, ylabel : str
    scale : {"linear", "logx", "logy", "loglog"}
        Which axes are logarithmic.
    marker : str
        A matplotlib marker for the points, one of . o s ^ x +, none by default.
    mark : float, optional
        Where to draw a dashed vertical line.
    """
    _validate.choice("scale", scale, ("linear", "logx", "logy", "loglog"))
    _validate.choice("marker", marker, _MARKERS)
    x = _validate.array("x", x, shape=("n",))
    names = _validate.items("ys", list(_validate.instance("ys", ys, Mapping)))
    ys = {name: _validate.array("ys", ys[name], shape=x.shape) for name in names}
    mark = None if mark is None else _validate.real("mark", mark)
    axes = _draw_axes(xlabel, ylabel)
    for name, y in ys.items():
        axes.plot(x, y, marker=marker, label=name)
    axes.set_xscale("log" if scale in ("logx", "loglog") else "linear")
    axes.set_yscale("log" if scale in ("logy", "loglog") else "linear")
    if mark is not None:
        axes.axvline(mark, color=PALETTE["orange"], ls="--", lw=1.2)
    if len(ys) > 1:
        axes.legend()


def images(
    pixels: Any,
    *,
    columns: int = 10,
    titles: Sequence[str] | None = None,
    high: float | None = None,
) -> None:
    """Draw square grey images in rows, dark where the pixel is large.

    Parameters
    ----------
    pixels : array_like, shape (n, side * side)
    columns : int
        Images in a row.
    titles : sequence of str, optional
        One title for each image.
    high : float, optional
        The pixel value drawn black; by default the largest one.
    """
    pixels = _validate.array("pixels", pixels, shape=("n", "side * side"))
    columns = _validate.integer("columns", columns, low=1)
    side = _check_side("pixels", pixels)
    if titles is not None:
        titles = _check_texts("titles", titles, len(pixels))
    squares = pixels.reshape(-1, side, side)
    _draw_grid(squares, columns, titles, _check_high(high))


def image_rows(rows: Mapping[str, Any], *, high: float | None = None) -> None:
    """Draw rows of images one below the other, each with its label on the left.

    Parameters
    ----------
    rows : mapping of str to array_like
        For each label square images of shape (n, side * side), n the same for all.
    high : float, optional
        The pixel value drawn black; by default the largest one of all rows.
    """
    labels = _validate.items("rows", list(_validate.instance("rows", rows, Mapping)))
    labels = _check_texts("rows", labels, len(rows))
    size: tuple = ("n", "side * side")
    pixels = []
    for label in labels:
        pixels.append(_validate.array("rows", rows[label], shape=size))
        size = pixels[0].shape
    side, columns = _check_side("rows", pixels[0]), len(pixels[0])
    squares = np.concatenate(pixels).reshape(-1, side, side)
    grid = _draw_grid(squares, columns, None, _check_high(high))
    for axes, label in zip(grid[::columns], labels, strict=True):
        axes.set_ylabel(label, rotation=0, ha="right", va="center", labelpad=8)


def arrows(points: Any, moves: Any, *, samples: Any = None) -> None:
    """Draw arrows in the plane, in the units of the axes, over a cloud of samples.

    Parameters
    ----------
    points, moves : array_like, shape (n, 2)
        Where the arrows begin, and how far their tips are from there.
    samples : array_like, shape (m, 2), optional
        Points drawn beneath.
    """
    points = _validate.array("points", points, shape=("n", 2))
    moves = _validate.array("moves", moves, shape=points.shape)
    axes = _draw_axes("", "")
    axes.figure.set_size_inches(4.6, 4.6)
    if samples is not None:
        samples = _validate.array("samples", samples, shape=("m", 2))
        axes.scatter(*samples.T, s=3, color=PALETTE["grey"], alpha=0.5, linewidths=0)
    scaled = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.004}
    axes.quiver(*points.T, *moves.T, color=PALETTE["orange"], **scaled)
    low, high = points.min(axis=0), points.max(axis=0)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.margins(0.05)


def draw_image(axes: Axes, image: np.ndarray, high: float) -> None:
    """Draw one image (rows, columns) in a thin frame, black where it is ``high``."""
    axes.imshow(image, vmin=0, vmax=high)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=PALETTE["grey"], linewidth=0.5)


def _check_side(name: str, pixels: np.ndarray) -> int:
    """Return the side of square images (n, side * side), or refuse them."""
    side = math.isqrt(pixels.shape[1])
    if side * side != pixels.shape[1]:
        raise ValueError(
            f"{name}: expected square images, got {pixels.shape[1]} pixels each"
        )
    return side


def _check_high(value: float | None) -> float | None:
    """Return the pixel value drawn black, which is left open by None."""
    return None if value is None else _validate.real("high", value, above=0)


def _check_texts(name: str, values: Any, count: int) -> list[str]:
    """Return the strings, or refuse another number of them."""
    texts = [_validate.instance(name, t, str) for t in _validate.items(name, values)]
    if len(texts) != count:
        raise ValueError(f"{name}: expected {count} strings, got {len(texts)}")
    return texts


def _draw_grid(
    squares: np.ndarray, columns: int, titles: list[str] | None, high: float | None
) -> np.ndarray:
    """Draw images (n, side, side) in rows, and return the axes one after the other."""
    import matplotlib.pyplot as plt

    high = squares.max() if high is None else high
    rows = -(-len(squares) // columns)
    size = (0.72 * columns, 0.72 * rows + (0.25 * rows if titles else 0))
    grid = plt.subplots(rows, columns, figsize=size, squeeze=False)[1].ravel()
    for axes in grid[len(squares) :]:
        axes.set_axis_off()
    for i, image in enumerate(squares):
        draw_image(grid[i], image, high)
        if titles is not None:
            grid[i].set_title(titles[i], fontsize=9)
    return grid


def _draw_axes(xlabel: str, ylabel: str) -> Axes:
    """Begin a figure of one panel."""
    import matplotlib.pyplot as plt

    axes = plt.subplots(figsize=(5.8, 3.0))[1]
    axes.set(xlabel=xlabel, ylabel=ylabel)
    return axes
