"""Scenes: several panels that tell one thing together, each made for one chapter.

The figures that serve many chapters are in ``plotting``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lecture_code import validate
from lecture_code.session import PALETTE


def machines(x: Any, densities: Any, *, titles: Sequence[str]) -> None:
    """Draw several densities over one axis, each in a panel with its own scale.

    Parameters
    ----------
    x : array_like
        Shape (n,).
    densities : array_like
        One row for each panel, shape (panels, n), not negative.
    titles : sequence of str
        One title for each panel.

    Raises
    ------
    TypeError, ValueError
        If the arrays do not have these shapes or the number of titles differs.

    Notes
    -----
    Used in chapter 3.
    """
    import matplotlib.pyplot as plt

    x = validate.array("x", x, shape=("n",))
    rows = validate.array("densities", densities, shape=("panels", "n"), low=0)
    validate.same_length(x=x, densities=rows[0])
    titles = [validate.text("titles", t) for t in validate.items("titles", titles)]
    validate.same_length(densities=rows, titles=titles)
    across = min(len(rows), 3)  # more would be too small to read on a phone
    down = math.ceil(len(rows) / across)
    figure = plt.figure(figsize=(5.8, 2.2 * down))
    for place, (y, title) in enumerate(zip(rows, titles, strict=True), 1):
        axes = figure.add_subplot(down, across, place)
        axes.fill_between(x, y, color=PALETTE["blue"], alpha=0.35, linewidth=0)
        axes.plot(x, y, color=PALETTE["blue"], lw=1)
        axes.set_title(title, fontsize=11)
        axes.set(yticks=[], ylim=(0, None))
        axes.locator_params("x", nbins=3)


def search(
    observed: Any, model: Any, x: Any, *, nll: Any, kl: Any, mark: float, tops: Any
) -> None:
    """Draw a bell over shares of ink, beside its two losses over its centre m.

    An arrow at the present centre spans the entropy of the data, NLL minus KL.

    Parameters
    ----------
    observed, model : array_like
        Shares of the amounts of ink and what the model says, shape (k,).
    x : array_like
        Values of the centre, ascending, shape (n,).
    nll, kl : array_like
        The two losses at these values, in nats, shape (n,).
    mark : float
        The present centre.
    tops : array_like
        Upper ends of the two vertical axes, shape (2,).

    Raises
    ------
    TypeError, ValueError
        If the arrays are not vectors of matching lengths.

    Notes
    -----
    Used in chapter 4.
    """
    import matplotlib.pyplot as plt

    observed = validate.array("observed", observed, shape=("k",))
    model = validate.array("model", model, shape=("k",))
    validate.same_length(observed=observed, model=model)
    x = validate.array("x", x, shape=("n",))
    nll = validate.array("nll", nll, shape=("n",))
    kl = validate.array("kl", kl, shape=("n",))
    validate.same_length(x=x, nll=nll, kl=kl)
    mark = validate.real("mark", mark)
    tops = validate.array("tops", tops, shape=(2,), above=0)
    data, valley = plt.subplots(1, 2)[1]
    data.bar(range(len(observed)), observed, color=PALETTE["blue"], label="data")
    data.plot(model, "o", color=PALETTE["orange"], ms=3.5, label="model")
    data.set(xlabel="black pixels", ylabel="share", ylim=(0, tops[0]))
    valley.plot(x, nll, label="NLL")
    valley.plot(x, kl, label="KL")
    _mark_entropy(valley, mark, np.interp(mark, x, kl), np.interp(mark, x, nll))
    valley.set(xlabel="m", ylabel="nats", ylim=(0, tops[1]))
    for axes in (data, valley):
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)


def _mark_entropy(axes, at: float, low: float, high: float) -> None:
    arrow = {"arrowstyle": "<->", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (at, high), (at, low), arrowprops=arrow)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    middle = at, (low + high) / 2
    axes.annotate("H", middle, ha="center", va="center", bbox=paper)


def walks(paths: Sequence[Any], *, samples: Any, titles: Sequence[str]) -> None:
    """Draw paths of points in the plane, a panel for each set, over a cloud of samples.

    Parameters
    ----------
    paths : sequence of array_like
        Each of shape (steps, n, 2): where n points stand after each step.
    samples : array_like
        Points drawn beneath, shape (m, 2).
    titles : sequence of str
        One title for each set of paths.

    Raises
    ------
    TypeError, ValueError
        If an array does not have its shape or the number of titles differs.

    Notes
    -----
    Used in chapter 7.
    """
    import matplotlib.pyplot as plt

    shape = ("steps", "n", 2)
    sets = [
        validate.array("paths", p, shape=shape) for p in validate.items("paths", paths)
    ]
    samples = validate.array("samples", samples, shape=("m", 2))
    titles = [validate.text("titles", t) for t in validate.items("titles", titles)]
    validate.same_length(paths=sets, titles=titles)
    _, grid = plt.subplots(1, len(sets), squeeze=False, figsize=(3.1 * len(sets), 3.4))
    for axes, path, title in zip(grid[0], sets, titles, strict=True):
        axes.scatter(*samples.T, s=3, color=PALETTE["grey"], alpha=0.5, linewidths=0)
        axes.plot(*path.transpose(2, 0, 1), color=PALETTE["blue"], lw=0.6, alpha=0.7)
        axes.plot(*path[-1].T, "o", color=PALETTE["orange"], ms=4)
        axes.set(title=title, aspect="equal", xlim=(-6, 6), ylim=(-6, 6))


def latent_map(codes: Any, labels: Any, *, z: Any, image: Any, high: float) -> None:
    """Draw the codes of digits in the plane, beside the image of one place.

    Parameters
    ----------
    codes : array_like
        Codes, shape (n, 2).
    labels : array_like of int
        The digit of each, shape (n,), from 0 to 9.
    z : array_like
        The place, shape (2,).
    image : array_like
        What it decodes to, shape (side * side,).
    high : float
        The pixel value drawn black.

    Raises
    ------
    TypeError, ValueError
        If the arrays do not have these shapes.

    Notes
    -----
    Used in chapter 9.
    """
    import matplotlib.pyplot as plt

    codes = validate.array("codes", codes, shape=("n", 2))
    labels = validate.integers("labels", labels, shape=("n",), low=0, high=9)
    validate.same_length(codes=codes, labels=labels)
    z = validate.array("z", z, shape=(2,))
    image = validate.array("image", image, shape=("side * side",))
    side = math.isqrt(len(image))
    if side**2 != len(image):
        raise ValueError(f"image: expected a square image, got {len(image)} pixels")
    high = validate.real("high", high, above=0)
    ratio = {"width_ratios": [2, 1]}
    _, (plane, picture) = plt.subplots(1, 2, figsize=(5.8, 3.6), gridspec_kw=ratio)
    for digit in labels.unique().tolist():  # a digit as the mark: no colour to learn
        own = codes[(labels == digit).numpy()]
        style = {"marker": f"${digit}$", "linewidths": 0, "color": PALETTE["blue"]}
        plane.scatter(*own.T, s=26, **style)
    plane.plot(*z, "+", color=PALETTE["orange"], ms=20, mew=3)
    plane.set(xlabel="z1", ylabel="z2", xlim=(-3.6, 3.6), ylim=(-3.6, 3.6))
    picture.imshow(image.reshape(side, side), vmin=0, vmax=high)
    picture.set_axis_off()


def mesh(corners: Any, values: Any, *, high: float, reach: float) -> None:
    """Draw a lattice that a map has bent, each cell shaded by a value.

    Parameters
    ----------
    corners : array_like
        Where the lattice's corners have come, shape (rows, columns, 2).
    values : array_like
        One for each cell, shape (rows - 1, columns - 1).
    high : float
        The value with the darkest shade.
    reach : float
        The axes go from minus to plus this.

    Raises
    ------
    TypeError, ValueError
        If the arrays do not have these shapes.

    Notes
    -----
    Used in chapter 10.
    """
    import matplotlib.pyplot as plt

    corners = validate.array("corners", corners, shape=("rows", "columns", 2))
    cells = (corners.shape[0] - 1, corners.shape[1] - 1)
    values = validate.array("values", values, shape=cells)
    high = validate.real("high", high, above=0)
    reach = validate.real("reach", reach, above=0)
    axes = plt.subplots(figsize=(4.6, 4.4))[1]
    style = {"cmap": "Blues", "edgecolors": PALETTE["grey"], "linewidth": 0.2}
    axes.pcolormesh(*np.moveaxis(corners, 2, 0), values, vmin=0, vmax=high, **style)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")


def duel(x: Any, *, data: Any, model: Any, critic: Any, pulls: Any) -> None:
    """Draw two densities with their best critic, and how two losses pull the model.

    Parameters
    ----------
    x : array_like
        Points on the line, shape (n,).
    data, model, critic : array_like
        Two densities, and a critic from 0 to 1, at these points, shape (n,).
    pulls : array_like
        Sizes of the gradients of the saturating and the non-saturating loss, shape
        (2,), not negative.

    Raises
    ------
    TypeError, ValueError
        If the arrays do not have these shapes.

    Notes
    -----
    Used in chapter 11.
    """
    import matplotlib.pyplot as plt

    x, data, model, critic = columns(x=x, data=data, model=model, critic=critic)
    validate.same_length(x=x, data=data, model=model, critic=critic)
    pulls = validate.array("pulls", pulls, shape=(2,), low=0)
    widths = {"width_ratios": [3, 1]}
    _, (laws, sizes) = plt.subplots(1, 2, figsize=(6.8, 3.0), gridspec_kw=widths)
    laws.fill_between(x, data, color=PALETTE["grey"], alpha=0.35, label="data")
    laws.plot(x, model, color=PALETTE["orange"], label="generator")
    laws.plot(x, critic, color=PALETTE["blue"], label="best critic D")
    laws.set(xlabel="x", ylim=(-0.02, 1.35))
    laws.legend(fontsize=9, loc="upper center", ncols=3, handlelength=1)
    sizes.bar(["sat.", "non-sat."], pulls.clip(1e-7), color=PALETTE["orange"])
    sizes.set(yscale="log", ylim=(1e-6, 30), title="pull on G")


def journeys(
    times: Any, paths: Any, *, now: float, x: Any, density: Any, data: Any
) -> None:
    """Draw paths from noise to data, beside the law at one time.

    Parameters
    ----------
    times : array_like
        Times from 1 to 0, shape (steps + 1,).
    paths : array_like
        Where each path is at these times, shape (steps + 1, n).
    now : float
        The time whose law is drawn, in [0, 1].
    x : array_like
        Points on the line, shape (m,).
    density, data : array_like
        The law at that time and the data's law at these points, shape (m,).

    Raises
    ------
    TypeError, ValueError
        If the arrays do not have these shapes.

    Notes
    -----
    Used in chapter 12.
    """
    import matplotlib.pyplot as plt

    times, now = validate.array("times", times, shape=("n",)), validate.real("now", now)
    paths = validate.array("paths", paths, shape=("n", "paths"))
    validate.same_length(times=times, paths=paths)
    x, density, data = columns(x=x, density=density, data=data)
    validate.same_length(x=x, density=density, data=data)
    layout = {"sharey": True, "gridspec_kw": {"width_ratios": [3, 1]}}
    _, (ways, law) = plt.subplots(1, 2, figsize=(6.8, 3.2), **layout)
    ways.plot(times, paths, color=PALETTE["blue"], lw=0.8, alpha=0.7)
    ways.axvline(now, color=PALETTE["orange"], lw=1.5)
    ways.set(xlabel="time t", ylabel="x", xlim=(1, 0), ylim=(x[0], x[-1]))
    law.fill_betweenx(x, data, color=PALETTE["grey"], alpha=0.35, label="data")
    law.plot(density, x, color=PALETTE["orange"], label="at t")
    law.set(xlabel="density", xlim=(0, None))
    law.legend(fontsize=9, loc="upper right")


def ranking(rows: Mapping[str, Any], *, high: float) -> None:
    """Draw rows of small images in one picture, from the first down to the last.

    Parameters
    ----------
    rows : mapping of str to array_like
        For each label square images of shape (n, side * side), alike for all.
    high : float
        The pixel value drawn black.

    Raises
    ------
    TypeError, ValueError
        If the rows are not equally many square images, or ``high`` is not positive.

    Notes
    -----
    Used in chapter 14.
    """
    import matplotlib.pyplot as plt

    validate.instance("rows", rows, Mapping)
    labels = [validate.text("rows", label) for label in rows]
    stack = validate.array("rows", list(rows.values()), shape=("rows", "n", "pixels"))
    side = math.isqrt(stack.shape[2])
    if side**2 != stack.shape[2]:
        raise ValueError(f"rows: expected square images, got {stack.shape[2]} pixels")
    high = validate.real("high", high, above=0)
    tiles = stack.reshape(*stack.shape[:2], side, side)
    tiles = np.pad(tiles, ((0, 0), (0, 0), (1, 1), (1, 1)))
    picture = np.block([list(row) for row in tiles])
    tall, wide = 0.4 * len(stack), 0.4 * stack.shape[1]
    size = wide + 2.4, tall + 0.2  # room for the labels on the left
    box = (2.3 / size[0], 0.1 / size[1], wide / size[0], tall / size[1])
    axes = plt.figure(figsize=size, layout="none").add_axes(box)
    axes.imshow(picture, vmin=0, vmax=high)
    middles = (np.arange(len(stack)) + 0.5) * (side + 2) - 0.5
    axes.set_yticks(middles, labels)
    axes.tick_params(length=0)
    axes.set_xticks([])
    axes.spines[:].set_visible(False)


def columns(**given: Any) -> list[np.ndarray]:
    """Check that all arguments are rows of numbers of one length.

    Parameters
    ----------
    **given : array_like
        Each of shape (n,), under its name.

    Returns
    -------
    list of numpy.ndarray
        The arrays in float64, in the order given.

    Raises
    ------
    TypeError, ValueError
        If one is no vector, or two lengths differ.

    Notes
    -----
    Used by the scenes of all chapters.
    """
    found = {k: validate.array(k, v, shape=("n",)) for k, v in given.items()}
    first, *others = found
    for name in others:
        validate.same_length(**{first: found[first], name: found[name]})
    return list(found.values())
