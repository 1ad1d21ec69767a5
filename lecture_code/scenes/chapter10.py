"""Chapter 10: a map keeps mass strip by strip, and folds a lattice cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.patches import ConnectionPatch

from lecture_code.session import PALETTE

STRIPS = 10


def strips(z, x, density) -> None:
    """Draw N(0, 1) over z and the density over x, (n,), where the map takes x to z.

    Both are cut into strips that hold a tenth of N(0, 1), and lines join the cuts.
    """
    z, x, density = map(np.asarray, (z, x, density))
    figure, (above, below) = plt.subplots(2, 1, figsize=(5.8, 4.4))
    figure.set_layout_engine("constrained", hspace=0.3)
    bell = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    mass = np.concatenate([[0], np.cumsum(np.diff(z) * (bell[1:] + bell[:-1]) / 2)])
    levels = np.linspace(0, 1, STRIPS + 1)[1:-1]
    cuts = [np.interp(levels, mass, where) for where in (z, x)]
    _draw_strips(above, z, bell, cuts[0])
    _draw_strips(below, x, density, cuts[1])
    above.set(xticks=[], ylabel="noise z")
    below.set(xlabel="x", ylabel="data x")
    style = {"color": PALETTE["orange"], "linewidth": 0.8}
    for start, end in zip(*cuts, strict=True):
        top = below.get_ylim()[1]
        ends = {"xyA": (start, 0), "xyB": (end, top), "axesA": above, "axesB": below}
        figure.add_artist(
            ConnectionPatch(**ends, coordsA="data", coordsB="data", **style)
        )
        below.vlines(end, np.interp(end, x, density), top, **style)


def layers(way: Sequence[torch.Tensor], *, reach: float) -> None:
    """Draw a cloud (n, 2) before a flow of eight layers, and after some of them.

    A point keeps the colour of the direction in which it lay at first, and the axes go
    from minus to plus ``reach``.
    """
    panels = plt.subplots(3, 2, figsize=(5.0, 7.6))[1].flat
    angles = np.arctan2(way[0][:, 1], way[0][:, 0])
    for panel, done in zip(panels, (0, 2, 4, 6, 7, 8), strict=True):
        style = {"cmap": "twilight", "s": 3, "linewidths": 0}
        panel.scatter(*way[done].T, c=angles, **style)
        panel.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        panel.set(title=f"{done} of 8" if done else "noise", xticks=[], yticks=[])


def _draw_strips(axes, where, heights, cuts) -> None:
    """Fill the area under a curve, in two shades that change at the cuts."""
    edges = np.concatenate([where[:1], cuts, where[-1:]])
    for i in range(len(edges) - 1):
        inside = np.linspace(edges[i], edges[i + 1], 30)
        style = {"color": PALETTE[("blue", "grey")[i % 2]], "alpha": 0.6, "lw": 0}
        axes.fill_between(inside, np.interp(inside, where, heights), **style)
    axes.set(xlim=edges[[0, -1]], ylim=(0, 1.15 * heights.max()), yticks=[])


def mesh(corners, values, *, high: float, reach: float, every: int = 0) -> None:
    """Draw a bent lattice (rows, columns, 2), a cell as dark as its value.

    ``values`` has shape (rows - 1, columns - 1), ``high`` is the darkest of them, and
    the axes go from minus to plus ``reach``. Of the lattice's lines one in ``every``
    is drawn, by default none.
    """
    axes = plt.subplots(figsize=(4.6, 4.4))[1]
    corners = np.asarray(corners)
    x, y = np.moveaxis(corners, 2, 0)
    axes.pcolormesh(x, y, np.asarray(values), cmap="Blues", vmin=0, vmax=high)
    if every:
        for lines in (corners[::every], corners[:, ::every].swapaxes(0, 1)):
            for line in lines:
                axes.plot(*line.T, color=PALETTE["grey"], linewidth=0.4)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
