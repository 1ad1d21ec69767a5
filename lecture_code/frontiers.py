"""Scenes of Part IV: maps, their laws, and the least distance that a slope allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lecture_code import validate
from lecture_code.scenes import columns
from lecture_code.session import PALETTE

_DOT_COLOURS = ("orange", "blue", "green", "purple")


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

    x, target, model = columns(x=x, target=target, model=model)
    z, exact, best = columns(z=z, exact=exact, best=best)
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

    slopes, floor = columns(slopes=slopes, floor=floor)
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

    slopes, floor = columns(slopes=slopes, floor=floor)
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
