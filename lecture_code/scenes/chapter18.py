"""Chapter 18: chains of maps over what their slope allows."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np

from lecture_code.session import PALETTE

_DOT_COLOURS = ("orange", "blue", "green", "purple")


def frontier(slopes, floor, dots: Mapping) -> None:
    """Draw kinds of models, each (slope, total variation), over the optimum (n,)."""
    axes = plt.subplots()[1]
    _draw_frontier(axes, slopes, floor, dots)
    axes.legend(fontsize=9)


def budget(x, laws: Mapping, slopes, floor, dots: Mapping) -> None:
    """Draw densities at x, the target first, beside what their slopes allow."""
    densities, allowed = plt.subplots(1, 2, figsize=(6.8, 3.0))[1]
    (_, target), *models = laws.items()
    densities.fill_between(x, target, color=PALETTE["grey"], alpha=0.35)
    for (name, density), colour in zip(models, _DOT_COLOURS, strict=False):
        densities.plot(x, density, color=PALETTE[colour], label=name, lw=1.2)
    top = 1.4 * np.max(list(laws.values()))
    densities.set(xlabel="x", ylabel="density", ylim=(0, top))
    densities.legend(fontsize=9, loc="upper center")
    _draw_frontier(allowed, slopes, floor, dots)


def _draw_frontier(axes, slopes, floor, dots: Mapping) -> None:
    """Draw the optimum over the slopes, and each kind of models as dots."""
    axes.fill_between(slopes, floor, color=PALETTE["grey"], alpha=0.2, linewidth=0)
    axes.plot(slopes, floor, color=PALETTE["grey"], label="optimum")
    for (name, rows), colour in zip(dots.items(), _DOT_COLOURS, strict=False):
        axes.plot(*np.transpose(rows), "o", color=PALETTE[colour], label=name)
    axes.set(xscale="log", xlabel="slope", ylabel="total variation", ylim=(0, 0.62))
