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
    "single": ("s-", "grey"),
    "joint": ("D-", "purple"),
    "separate": ("^-", "ink"),
}


def stages(x, laws, target) -> None:
    """Draw the density (n,) of the start, then after each map, over the target's."""
    axes = plt.subplots(figsize=(5.0, 5.0))[1]
    feet = -0.38 * np.arange(len(laws))
    for law, foot in zip(laws, feet, strict=True):
        axes.fill_between(x, foot, foot + target, color=PALETTE["grey"], alpha=0.35)
        axes.plot(x, foot + law, color=PALETTE["blue"], lw=1.4)
    names = ["start", *(f"map {k}" for k in range(1, len(laws)))]
    axes.set(xlabel="x", xlim=(x[0], x[-1]), yticks=feet, yticklabels=names)
    axes.tick_params(axis="y", length=0)
    axes.spines.left.set_visible(False)


def paths(restarts: Mapping, target) -> None:
    """Draw paths from a spot to the end, a row for each number of steps to go.

    ``restarts`` gives for each a pair of paths (steps + 1, n), first without fresh
    noise; the first twenty with it are drawn, and the ends of all beside the target.
    """
    x, size = np.linspace(-11, 11, 441), (5.0, 1.9 * len(restarts))
    options = {"sharex": "col", "sharey": True, "width_ratios": [4, 1]}
    rows = plt.subplots(len(restarts), 2, figsize=size, **options)[1]
    for (ways, ends), (left, (still, noisy)) in zip(
        rows, restarts.items(), strict=True
    ):
        to_go = np.arange(left, -1, -1)
        ways.plot(to_go, noisy[:, :20], color=PALETTE["blue"], lw=0.8, alpha=0.8)
        ways.plot(to_go, still[:, 0], color=PALETTE["orange"], lw=2.5)
        ways.set(ylabel="x", ylim=(x[0], x[-1]), yticks=range(-8, 9, 4))
        ways.set_title(f"{left} steps to go", loc="left")
        ends.fill_betweenx(x, target.pdf(x), color=PALETTE["grey"], alpha=0.35)
        bins, line = np.arange(x[0], x[-1], 0.5), {"histtype": "step", "density": True}
        colour = PALETTE["blue"]
        ends.hist(noisy[-1], bins, orientation="horizontal", color=colour, **line)
    ways.set(xlabel="steps to go", xlim=(max(restarts), 0))
    ends.set(xlabel="ends", xticks=[])


def frontier(slopes, floor, chains: Mapping, runs: Mapping, *, teacher: float) -> None:
    """Draw chains and trained networks over the least total variation (n,) of slopes.

    ``chains`` names lists of chains with ``slope`` and ``tv``; ``runs`` is a table with
    ``kind``, ``seed``, ``slope`` and ``tv``, each training in order. A dashed line
    marks the total variation of the students' teacher. The lower panel enlarges the
    networks of bounded reach.
    """
    panels = plt.subplots(2, figsize=(5.0, 7.4), height_ratios=[3, 2])[1]
    dots = {name: [(c.slope, c.tv) for c in kind] for name, kind in chains.items()}
    for axes in panels:
        _draw_frontier(axes, slopes, floor, dots)
        _draw_trainings(axes, runs)
        axes.axhline(teacher, color=PALETTE["green"], ls="--", lw=0.8, label="teacher")
    whole, near = panels
    ticks = [0.02, 0.05, 0.1, 0.2, 0.5]
    _enlarge(whole, (1.5, 5000), (0.012, 0.7), [10, 100, 1000], ticks)
    _enlarge(near, (12.8, 22), (0.065, 0.18), [14, 16, 18, 20], [0.08, 0.1, 0.12, 0.16])
    lines = whole.get_legend_handles_labels()
    whole.figure.legend(*lines, loc="outside lower center", ncol=2)


def _draw_trainings(axes, runs: Mapping) -> None:
    """Draw what each training of a network went through."""
    for kind, (marker, colour) in _TRAINED.items():
        for seed in dict.fromkeys(runs["seed"]):
            chosen = (runs["kind"] == kind) & (runs["seed"] == seed)
            path = runs["slope"][chosen], runs["tv"][chosen]
            label = None if seed else kind
            axes.plot(*path, marker, color=PALETTE[colour], lw=0.8, ms=5, label=label)


def _enlarge(axes, xlim, ylim, xticks, yticks) -> None:
    """Show a part of two logarithmic axes, with plain numbers at the ticks."""
    axes.set(yscale="log", xlim=xlim, ylim=ylim)
    axes.set_xticks(xticks, labels=map(str, xticks))
    axes.set_yticks(yticks, labels=map(str, yticks))
    axes.tick_params(which="minor", bottom=False, left=False, labelbottom=False)
    axes.tick_params(which="minor", labelleft=False)


def rejection(x, target, models: Mapping, reach: float) -> None:
    """Draw densities (n,) over the target's, with and without what is within reach."""
    panels = plt.subplots(len(models), figsize=(5.0, 4.6), sharex=True, sharey=True)[1]
    for axes, (name, density) in zip(panels, models.items(), strict=True):
        kept = np.where(np.abs(x) < reach, 0, density)
        kept *= density.sum() / kept.sum()
        axes.fill_between(x, target, color=PALETTE["grey"], alpha=0.35)
        axes.plot(x, density, "--", color=PALETTE["blue"], label="all", lw=1.2)
        axes.plot(x, kept, color=PALETTE["orange"], label="kept", lw=1.2)
        axes.set(title=name, ylabel="density", xlim=(-8, 8))
    panels[-1].set(xlabel="x")
    panels[-1].legend(loc="upper center")


def budget(x, laws: Mapping, slopes, floor, dots: Mapping) -> None:
    """Draw densities at x, the target first, beside what their slopes allow."""
    densities, allowed = plt.subplots(2, figsize=(5.0, 5.2))[1]
    (_, target), *models = laws.items()
    densities.fill_between(x, target, color=PALETTE["grey"], alpha=0.35)
    for (name, density), colour in zip(models, _DOT_COLOURS, strict=False):
        densities.plot(x, density, color=PALETTE[colour], label=name, lw=1.2)
    top = 1.4 * np.max(list(laws.values()))
    densities.set(xlabel="x", ylabel="density", ylim=(0, top))
    densities.legend(loc="upper center")
    _draw_frontier(allowed, slopes, floor, dots)


def _draw_frontier(axes, slopes, floor, dots: Mapping) -> None:
    """Draw the optimum over the slopes, and each kind of models as dots."""
    axes.fill_between(slopes, floor, color=PALETTE["grey"], alpha=0.2, linewidth=0)
    axes.plot(slopes, floor, color=PALETTE["grey"], label="optimum")
    for (name, rows), colour in zip(dots.items(), _DOT_COLOURS, strict=False):
        axes.plot(*np.transpose(rows), "o", color=PALETTE[colour], label=name)
    axes.set(xscale="log", xlabel="slope", ylabel="total variation", ylim=(0, 0.62))
