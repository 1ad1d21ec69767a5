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


def generator(
    x: Any, *, target: Any, model: Any, z: Any, exact: Any, best: Any
) -> None:
    """Draw a model's density on its target, beside the map that makes it.

    Parameters
    ----------
    x : array_like
        Points on the line, shape (n,).
    target, model : array_like
        Densities at these points, shape (n,).
    z : array_like
        Latents, shape (m,).
    exact, best : array_like
        Where the exact map and the model's send them, shape (m,).

    Raises
    ------
    TypeError, ValueError
        If the arrays do not have these shapes.

    Notes
    -----
    Used in chapters 15 and 16.
    """
    import matplotlib.pyplot as plt

    x, target, model = _columns(x=x, target=target, model=model)
    z, exact, best = _columns(z=z, exact=exact, best=best)
    _, (laws, maps) = plt.subplots(1, 2, figsize=(6.8, 3.0))
    laws.fill_between(x, target, color=PALETTE["grey"], alpha=0.35, label="target")
    laws.plot(x, model, color=PALETTE["orange"], label="best model")
    laws.set(xlabel="x", ylabel="density", xlim=(x[0], x[-1]))
    laws.set_ylim(0, 1.4 * max(target.max(), model.max()))
    laws.legend(fontsize=9, loc="upper center")
    maps.plot(z, exact, color=PALETTE["grey"], label="exact map")
    maps.plot(z, best, color=PALETTE["orange"], label="best map")
    maps.set(xlabel="latent z", ylabel="g(z)", ylim=(x[0], x[-1]))
    maps.legend(fontsize=9, loc="upper left")


def frontier(
    slopes: Any, floor: Any, dots: Mapping[str, Any], *, floor_label: str = "optimum"
) -> None:
    """Draw models as dots over the least total variation that their slope allows.

    Parameters
    ----------
    slopes : array_like
        Slopes, ascending, shape (n,).
    floor : array_like
        The least total variation at these slopes, shape (n,).
    dots : mapping of str to array_like
        For each kind of model rows (slope, total variation), shape (models, 2).
    floor_label : str
        What the curve is called in the legend.

    Raises
    ------
    TypeError, ValueError
        If the arrays do not have these shapes, or a slope is not positive.

    Notes
    -----
    Used in chapter 18.
    """
    import matplotlib.pyplot as plt

    slopes, floor = _columns(slopes=slopes, floor=floor)
    validate.array("slopes", slopes, above=0)
    validate.text("floor_label", floor_label)
    dots = _dots(dots)
    axes = plt.subplots()[1]
    _frontier(axes, slopes, floor, dots, floor_label)
    axes.legend(fontsize=9)


def walk(image: Any, chance: Any, at: int) -> None:
    """Draw one image of a walk, beside what a classifier says all along the walk.

    Parameters
    ----------
    image : array_like
        A square image on the scale from 0 to 1, shape (side * side,).
    chance : array_like
        Probability of the second class at each station, shape (n,).
    at : int
        The station that the image is from, 0 to n - 1.

    Raises
    ------
    TypeError, ValueError
        If the arrays do not have these shapes, a probability leaves [0, 1] or there
        is no such station.

    Notes
    -----
    Used in chapter 17.
    """
    import matplotlib.pyplot as plt

    image = validate.array("image", image, shape=("side * side",))
    chance = validate.array("chance", chance, shape=("n",), low=0, high=1)
    at = validate.integer("at", at, low=0, high=len(chance) - 1)
    side = round(len(image) ** 0.5)
    if side * side != len(image):
        raise ValueError(f"image: expected a square one, got {len(image)} pixels")
    widths = {"width_ratios": [1, 1.8]}
    picture, line = plt.subplots(1, 2, figsize=(6.2, 2.6), gridspec_kw=widths)[1]
    picture.imshow(image.reshape(side, side), vmin=0, vmax=1)
    picture.set(xticks=[], yticks=[])
    line.axhspan(0.1, 0.9, color=PALETTE["grey"], alpha=0.2, linewidth=0)
    line.plot(chance, ".-", color=PALETTE["blue"])
    line.plot(at, chance[at], "o", color=PALETTE["orange"], ms=9)
    line.set(xlabel="station of the walk", ylabel="probability of a 7", ylim=(0, 1))


def budget(
    x: Any, laws: Mapping[str, Any], slopes: Any, floor: Any, dots: Mapping[str, Any]
) -> None:
    """Draw densities over one axis, beside what their slopes allow.

    Parameters
    ----------
    x : array_like
        Points on the line, shape (n,).
    laws : mapping of str to array_like
        Densities at these points, shape (n,): the target, then one for each dot.
    slopes, floor : array_like
        The least total variation at ascending slopes, shape (m,).
    dots : mapping of str to array_like
        For each model one row (slope, total variation), shape (1, 2).

    Raises
    ------
    TypeError, ValueError
        If the arrays do not have these shapes, or a slope is not positive.

    Notes
    -----
    Used in chapter 18.
    """
    import matplotlib.pyplot as plt

    slopes, floor = _columns(slopes=slopes, floor=floor)
    validate.array("slopes", slopes, above=0)
    x = validate.array("x", x, shape=("n",))
    names = validate.items("laws", list(validate.instance("laws", laws, Mapping)))
    curves = [validate.array("laws", laws[name], shape=x.shape) for name in names]
    dots = _dots(dots)
    densities, allowed = plt.subplots(1, 2, figsize=(6.8, 3.0))[1]
    densities.fill_between(x, curves[0], color=PALETTE["grey"], alpha=0.35)
    for name, curve, colour in zip(names[1:], curves[1:], _DOT_COLOURS, strict=False):
        densities.plot(x, curve, color=PALETTE[colour], label=name, lw=1.2)
    densities.set(xlabel="x", ylabel="density", ylim=(0, 1.4 * np.max(curves)))
    densities.legend(fontsize=9, loc="upper center")
    _frontier(allowed, slopes, floor, dots, "optimum")


_DOT_COLOURS = ("orange", "blue", "green", "purple")


def _dots(dots: Any) -> dict[str, np.ndarray]:
    names = validate.items("dots", list(validate.instance("dots", dots, Mapping)))
    size = ("models", 2)
    rows = {
        validate.text("dots", name): validate.array("dots", dots[name], shape=size)
        for name in names
    }
    for each in rows.values():
        validate.array("dots", each[:, 0], above=0)
    return rows


def _frontier(axes, slopes, floor, dots: dict[str, np.ndarray], label: str) -> None:
    axes.fill_between(slopes, floor, color=PALETTE["grey"], alpha=0.2, linewidth=0)
    axes.plot(slopes, floor, color=PALETTE["grey"], label=label)
    for (name, rows), colour in zip(dots.items(), _DOT_COLOURS, strict=False):
        axes.plot(*rows.T, "o", color=PALETTE[colour], label=name)
    axes.set(xscale="log", xlabel="slope", ylabel="total variation", ylim=(0, 0.62))


def _columns(**columns: Any) -> list[np.ndarray]:
    found = {k: validate.array(k, v, shape=("n",)) for k, v in columns.items()}
    first, *others = found
    for name in others:
        validate.same_length(**{first: found[first], name: found[name]})
    return list(found.values())
