"""Chapter 18: chains of maps over what their slope allows."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np

from lecture_code.session import PALETTE

_DOT_COLOURS = ("orange", "blue", "green", "purple")
#: How each kind of trained networks is drawn.
_TRAINED = {
    "student": ("v-", "green"),
    "single": ("s-", "ink"),
    "joint": ("D-", "purple"),
    "separate": ("^-", "purple"),
}


def frontier(slopes, floor, chains: Mapping, runs: Mapping, *, teacher: float) -> None:
    """Draw chains and trained networks over the least total variation (n,) of slopes.

    ``chains`` names lists of chains with ``slope`` and ``tv``; ``runs`` is a table with
    ``kind``, ``seed``, ``slope`` and ``tv``, each training in order. A dashed line
    marks the total variation of the students' teacher.
    """
    axes = plt.subplots(figsize=(5.8, 4.0))[1]
    dots = {name: [(c.slope, c.tv) for c in kind] for name, kind in chains.items()}
    _draw_frontier(axes, slopes, floor, dots)
    for kind, (marker, colour) in _TRAINED.items():
        for seed in dict.fromkeys(runs["seed"]):
            chosen = (runs["kind"] == kind) & (runs["seed"] == seed)
            path = runs["slope"][chosen], runs["tv"][chosen]
            label = None if seed else kind
            axes.plot(*path, marker, color=PALETTE[colour], lw=0.8, ms=5, label=label)
    axes.axhline(teacher, color=PALETTE["green"], ls="--", lw=0.8, label="teacher")
    axes.set(yscale="log", ylim=(0.012, 1.8))
    axes.legend(fontsize=9, loc="upper right", ncol=2)


def rejection(x, target, models: Mapping, reach: float) -> None:
    """Draw densities (n,) over the target's, with and without what is within reach."""
    panels = plt.subplots(1, len(models), figsize=(6.8, 3.0), sharey=True)[1]
    for axes, (name, density) in zip(panels, models.items(), strict=True):
        kept = np.where(np.abs(x) < reach, 0, density)
        kept *= density.sum() / kept.sum()
        axes.fill_between(x, target, color=PALETTE["grey"], alpha=0.35)
        axes.plot(x, density, "--", color=PALETTE["blue"], label="all", lw=1.2)
        axes.plot(x, kept, color=PALETTE["orange"], label="kept", lw=1.2)
        axes.set(title=name, xlabel="x", xlim=(-8, 8))
    panels[0].set(ylabel="density")
    panels[1].legend(fontsize=9, loc="upper center")


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
