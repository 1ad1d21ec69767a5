"""Figures from tensors: each function draws one figure and returns nothing.

Nothing is computed here that a reader should see: the numbers come from the chapter,
this room only puts them on paper in the book's style.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lecture_code import validate
from lecture_code.session import PALETTE

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
    heights : array_like
        Shape (k,).
    reference : array_like, optional
        Shape (k,), drawn as dots on the same bins.
    labels : tuple of str
        What the bars and the dots are, for the legend.
    xlabel, ylabel : str
        Axis labels.

    Raises
    ------
    TypeError, ValueError
        If the heights are not a vector of finite numbers, or the lengths differ.

    Notes
    -----
    Used in chapter 1.
    """
    heights = validate.array("heights", heights, shape=("k",))
    if reference is not None:
        reference = validate.array("reference", reference, shape=("k",))
        validate.same_length(heights=heights, reference=reference)
    labels = _texts("labels", labels, 2)
    axes = _axes(1, xlabel, ylabel)[0]
    axes.bar(range(len(heights)), heights, color=PALETTE["blue"], label=labels[0])
    if reference is not None:
        style = {"color": PALETTE["orange"], "label": labels[1]}
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
    x : array_like
        Shape (n,).
    ys : mapping of str to array_like
        For each label a curve of shape (n,).
    xlabel, ylabel : str
        Axis labels.
    scale : {"linear", "logx", "logy", "loglog"}
        Which axes are logarithmic.
    marker : str
        A matplotlib marker for the points, one of . o s ^ x +, none by default.
    mark : float, optional
        Where to draw a dashed vertical line.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not vectors of one length, or scale or marker is unknown.

    Notes
    -----
    Used in chapters 1 to 4.
    """
    validate.choice("scale", scale, ("linear", "logx", "logy", "loglog"))
    x = validate.array("x", x, shape=("n",))
    ys = _curves(x, ys)
    validate.choice("marker", marker, _MARKERS)
    mark = None if mark is None else validate.real("mark", mark)
    axes = _axes(1, xlabel, ylabel)[0]
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
    pixels : array_like
        Shape (n, side * side), row by row.
    columns : int
        Images in a row.
    titles : sequence of str, optional
        One title for each image.
    high : float, optional
        The pixel value drawn black; by default the largest one.

    Raises
    ------
    TypeError, ValueError
        If the pixels do not form square images, or the number of titles differs.

    Notes
    -----
    Used in chapters 1, 2 and 5.
    """
    pixels = validate.array("pixels", pixels, shape=("n", "side * side"))
    columns = validate.integer("columns", columns, low=1)
    side = _side(pixels)
    if titles is not None:
        titles = _texts("titles", titles, len(pixels))
    high = pixels.max() if high is None else validate.real("high", high, above=0)
    rows = -(-len(pixels) // columns)
    height = 0.72 * rows + (0.25 * rows if titles else 0)
    grid = _grid(rows, columns, (0.72 * columns, height))
    for axes in grid[len(pixels) :]:
        axes.set_axis_off()
    for i, image in enumerate(pixels):
        axes = grid[i]
        _image(axes, image.reshape(side, side), high)
        if titles is not None:
            axes.set_title(titles[i], fontsize=9)


def image_rows(rows: Mapping[str, Any], *, high: float | None = None) -> None:
    """Draw rows of images one below the other, each with its label on the left.

    Parameters
    ----------
    rows : mapping of str to array_like
        For each label square images of shape (n, side * side), n the same for all.
    high : float, optional
        The pixel value drawn black; by default the largest one of all rows.

    Raises
    ------
    TypeError, ValueError
        If the rows are not equally many images of one square size, or a label is no
        text.

    Notes
    -----
    Used in chapters 5 to 8.
    """
    import matplotlib.pyplot as plt

    listed = list(validate.instance("rows", rows, Mapping).items())
    validate.items("rows", listed)
    labels = [validate.instance("rows", label, str) for label, _ in listed]
    size = ("n", "side * side")
    pixels = [validate.array("rows", row, shape=size) for _, row in listed]
    for row in pixels:
        validate.array("rows", row, shape=pixels[0].shape)
    _side(pixels[0], "rows")
    images(np.concatenate(pixels), columns=len(pixels[0]), high=high)
    for axes, label in zip(plt.gcf().axes[:: len(pixels[0])], labels, strict=True):
        axes.set_ylabel(label, rotation=0, ha="right", va="center", labelpad=8)


def arrows(points: Any, moves: Any, *, samples: Any = None) -> None:
    """Draw arrows in the plane, in the units of the axes, over a cloud of samples.

    Parameters
    ----------
    points : array_like
        Where the arrows begin, shape (n, 2).
    moves : array_like
        From begin to tip, shape (n, 2).
    samples : array_like, optional
        Points drawn beneath, shape (m, 2).

    Raises
    ------
    TypeError, ValueError
        If the arrays do not have these shapes, or their lengths differ.

    Notes
    -----
    Used in chapter 7.
    """
    points = validate.array("points", points, shape=("n", 2))
    moves = validate.array("moves", moves, shape=("n", 2))
    validate.same_length(points=points, moves=moves)
    if samples is not None:
        samples = validate.array("samples", samples, shape=("m", 2))
    axes = _axes(1, "", "")[0]
    axes.figure.set_size_inches(4.6, 4.6)
    if samples is not None:
        axes.scatter(*samples.T, s=3, color=PALETTE["grey"], alpha=0.5, linewidths=0)
    scaled = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.004}
    axes.quiver(*points.T, *moves.T, color=PALETTE["orange"], **scaled)
    low, high = points.min(axis=0), points.max(axis=0)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.margins(0.05)


def inverse_cdf(probs: Any, u: float, draws: Any) -> None:
    """Draw the ray that turns ``u`` into a bin, beside the histogram of past draws.

    Parameters
    ----------
    probs : array_like
        Probabilities of the bins, shape (k,).
    u : float
        Height of the ray, in [0, 1].
    draws : array_like
        Bins drawn so far, whole numbers of shape (n,).

    Raises
    ------
    TypeError, ValueError
        If the probabilities do not sum to 1, u leaves [0, 1] or a draw is no bin.

    Notes
    -----
    Used in chapter 1.
    """
    probs = validate.probabilities("probs", probs)
    u = validate.real("u", u, low=0, high=1)
    k = len(probs)
    draws = validate.integers("draws", draws, shape=("n",), low=0, high=k - 1).numpy()
    stairs, sampled = _axes(2, "bin", "")
    chosen = _staircase(stairs, np.cumsum(probs), u)
    shares = np.bincount(draws, minlength=k) / len(draws)
    colours = [PALETTE["orange" if i == chosen else "blue"] for i in range(k)]
    sampled.bar(range(k), shares, color=colours, label="share of the draws")
    sampled.plot(range(k), probs, "o", color=PALETTE["ink"], ms=4, label="p")
    sampled.set_ylim(0, 1.25 * max(probs.max(), shares.max()))
    sampled.legend(loc="upper right", fontsize=9)


def coverage(shares: Any, side: int, where: Any) -> None:
    """Draw how many patches of each size are new, and where on the page they lie.

    Parameters
    ----------
    shares : array_like
        Share of new patches for the sides 1, 2, ..., shape (sides,).
    side : int
        The side that is highlighted, from 1 to the number of sides.
    where : array_like
        Share of new patches by position of that patch, shape (rows, columns).

    Raises
    ------
    TypeError, ValueError
        If the shares leave [0, 1] or the side is not among them.

    Notes
    -----
    Used in chapter 2.
    """
    import matplotlib.pyplot as plt

    shares = validate.array("shares", shares, shape=("sides",), low=0, high=1)
    side = validate.integer("side", side, low=1, high=len(shares))
    where = validate.array("where", where, shape=("rows", "columns"), low=0, high=1)
    bars_, page = _axes(2, "patch side", "share of new test patches")
    colours = [
        PALETTE["orange" if s + 1 == side else "blue"] for s in range(len(shares))
    ]
    bars_.bar(range(1, len(shares) + 1), shares, color=colours)
    bars_.set(ylim=(0, 1), xticks=range(1, len(shares) + 1))
    half = (side - 1) / 2  # a patch is drawn at its middle pixel
    extent = (half - 0.5, 7.5 - half, 7.5 - half, half - 0.5)
    shown = page.imshow(where, vmin=0, vmax=1, cmap="Oranges", extent=extent)
    page.set(xlim=(-0.5, 7.5), ylim=(7.5, -0.5), xlabel="column", ylabel="row")
    page.set(xticks=range(8), yticks=range(8))
    plt.colorbar(shown, ax=page, label="share new, by middle")


def scree(lost: Any, rank: int, dot: float, pictures: Any) -> None:
    """Draw what each rank loses, one measured point on it, and pictures beside.

    Parameters
    ----------
    lost : array_like
        Error for the ranks 0, 1, 2, ..., shape (ranks,).
    rank : int
        The rank that was measured.
    dot : float
        What was measured there.
    pictures : array_like
        Square images in two rows of equal length, shape (2, n, side * side).

    Raises
    ------
    TypeError, ValueError
        If the arrays do not have these shapes or the rank is not on the curve.

    Notes
    -----
    Used in chapter 8.
    """
    import matplotlib.pyplot as plt

    lost = validate.array("lost", lost, shape=("ranks",))
    rank = validate.integer("rank", rank, low=0, high=len(lost) - 1)
    dot = validate.real("dot", dot)
    pictures = validate.array("pictures", pictures, shape=(2, "n", "side * side"))
    side = _side(pictures[0], "pictures")
    figure = plt.figure(figsize=(4.4, 4.6))  # pictures below, to be read on a phone
    chart, gallery = figure.subfigures(2, 1, height_ratios=(3, 2))
    axes = chart.subplots()
    axes.plot(lost, color=PALETTE["blue"])
    axes.plot(rank, dot, "o", color=PALETTE["orange"], ms=8)
    axes.set(xlabel="rank K", ylabel="squared error", ylim=(0, None))
    grid = gallery.subplots(2, pictures.shape[1], squeeze=False)
    for place, image in zip(grid.flat, pictures.reshape(-1, side, side), strict=True):
        _image(place, image, pictures[0].max())


def _image(axes, image: np.ndarray, high: float) -> None:
    axes.imshow(image, vmin=0, vmax=high)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=PALETTE["grey"], linewidth=0.5)


def _staircase(axes, cdf: np.ndarray, u: float) -> int:
    k, cdf = len(cdf), np.minimum(cdf, 1.0)
    chosen = min(int(np.searchsorted(cdf, u)), k - 1)
    stairs = np.concatenate([[0], cdf, [1]])
    axes.step(np.arange(-1, k + 1), stairs, where="post", color=PALETTE["blue"], lw=2)
    ray = {"color": PALETTE["orange"], "lw": 1.5}
    axes.annotate("", (chosen, u), (-1, u), arrowprops={"arrowstyle": "-", **ray})
    axes.annotate("", (chosen, 0), (chosen, u), arrowprops={"arrowstyle": "->", **ray})
    axes.set(xlim=(-1, k), ylim=(0, 1.05), ylabel="cumulative probability F")
    return chosen


def _side(pixels: np.ndarray, name: str = "pixels") -> int:
    side = round(pixels.shape[1] ** 0.5)
    if side * side != pixels.shape[1]:
        raise ValueError(
            f"{name}: expected square images, got {pixels.shape[1]} pixels each"
        )
    return side


def _texts(name: str, values: Any, count: int) -> list[str]:
    texts = [validate.instance(name, t, str) for t in validate.items(name, values)]
    if len(texts) != count:
        raise ValueError(f"{name}: expected {count} strings, got {len(texts)}")
    return texts


def _curves(x: np.ndarray, ys: Any) -> dict[str, np.ndarray]:
    names = validate.items("ys", list(validate.instance("ys", ys, Mapping)))
    curves = [validate.array("ys", ys[name], shape=("n",)) for name in names]
    for y in curves:
        validate.same_length(x=x, ys=y)
    return dict(zip(_texts("ys", names, len(names)), curves, strict=True))


def _axes(panels: int, xlabel: str, ylabel: str):
    import matplotlib.pyplot as plt

    validate.instance("xlabel", xlabel, str)
    validate.instance("ylabel", ylabel, str)
    size = (5.8, 3.0) if panels == 1 else (6.8, 3.0)
    _, grid = plt.subplots(1, panels, squeeze=False, figsize=size)
    for axes in grid[0]:
        axes.set(xlabel=xlabel, ylabel=ylabel)
    return grid[0]


def _grid(rows: int, columns: int, size: tuple[float, float]):
    import matplotlib.pyplot as plt

    return plt.subplots(rows, columns, figsize=size, squeeze=False)[1].flat
