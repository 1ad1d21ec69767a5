"""Chapter 5: a digit is drawn pixel by pixel, and masks rub out a network's lines."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np

from lecture_code import plotting
from lecture_code.session import PALETTE


def unfinished(image, places, chances) -> None:
    """Draw an image (side * side) as it stands before some places, four in a row.

    What is not drawn yet is grey; the place is framed, under its chance of black.
    """
    image = np.asarray(image)
    side, rows = math.isqrt(len(image)), math.ceil(len(places) / 4)
    grid = plt.subplots(rows, 4, figsize=(4.4, 1.35 * rows), squeeze=False)[1]
    for axes in grid.flat[len(places) :]:
        axes.set_axis_off()
    shown = grid.flat[: len(places)]
    for axes, place, chance in zip(shown, places, chances, strict=True):
        drawn = np.where(np.arange(len(image)) < place, image, 0.15)
        plotting.draw_image(axes, drawn.reshape(side, side), 1)
        row, column = divmod(place, side)
        frame = {"fill": False, "edgecolor": PALETTE["orange"], "linewidth": 2}
        axes.add_patch(plt.Rectangle((column - 0.5, row - 0.5), 1, 1, **frame))
        axes.set_title(f"{chance:.0%}", fontsize=11)


def network(masks, degrees, output: int) -> None:
    """Draw a network of one hidden layer, its lines where the masks (b, a) are 1.

    ``degrees`` stand in the hidden units; what leads to one output is orange.
    """
    first, second = (np.asarray(mask) for mask in masks)
    layers = [range(first.shape[1]), degrees, range(len(second))]
    spots = [np.linspace(-1, 1, len(layer) + 2)[1:-1] for layer in layers]
    chosen = np.arange(len(second))[:, None] == output
    axes = plt.subplots(figsize=(4.8, 3.2))[1]
    _draw_lines(axes, first, spots[:2], first * second[output][:, None], 0)
    _draw_lines(axes, second, spots[1:], second * chosen, 1)
    for level, (layer, spot) in enumerate(zip(layers, spots, strict=True)):
        circle = {"s": 330, "color": "white", "edgecolors": PALETTE["ink"]}
        axes.scatter(spot, np.full(len(spot), level), zorder=3, **circle)
        for x, name in zip(spot, layer, strict=True):
            axes.text(x, level, f"{name:.0f}", ha="center", va="center", zorder=4)
    axes.set(yticks=(0, 1, 2), yticklabels=("input", "degree", "output"), xticks=[])
    axes.set_ylim(-0.3, 2.3)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _draw_lines(axes, mask, spots, leads, level: int) -> None:
    """Draw one layer's lines, orange and on top where they lead to the output."""
    for to, start in np.argwhere(mask):
        led = bool(leads[to, start])
        ends = spots[0][start], spots[1][to]
        colour = PALETTE["orange" if led else "grey"]
        axes.plot(ends, (level, level + 1), color=colour, lw=1, zorder=1 + led)
