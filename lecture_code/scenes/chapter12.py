"""Chapter 12: the quarter circle of a schedule, and ways from noise to data."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.patches import Arc

from lecture_code.session import PALETTE

#: Colour, mark and its size for points that end at the first, second and third centre.
MARKS = (("blue", "o", 2.6), ("orange", "s", 2.2), ("green", "^", 3.2))


def quarter_circle(rates) -> None:
    """Draw points of image and noise, a pair of rates (n,), and their velocities."""
    axes = plt.subplots(figsize=(3.8, 3.6))[1]
    frame = {"fill": False, "color": PALETTE["grey"], "lw": 1.5}
    axes.add_patch(Arc((0, 0), 2, 2, theta1=0, theta2=90, **frame))
    for share, level in zip(*map(np.asarray, rates), strict=True):
        axes.plot([0, share], [0, level], color=PALETTE["blue"], marker="o")
        end = share - level / 2, level + share / 2
        arrow = {"arrowstyle": "->", "color": PALETTE["orange"], "lw": 1.8}
        axes.annotate("", end, (share, level), arrowprops=arrow)
        axes.annotate("v", end, (3, 3), textcoords="offset points")
        axes.annotate("x$_t$", (share, level), (7, -5), textcoords="offset points")
    axes.set(xlabel="share of the image, alpha", ylabel="noise, sigma")
    axes.set(xlim=(0, 1.25), ylim=(0, 1.55), xticks=[0, 1], yticks=[0, 1])
    axes.set_aspect("equal")


def parting(stages, laws: Mapping) -> None:
    """Draw points (times, n, 2) over their law, a panel for each time of ``laws``.

    A point wears from the start the colour of the centre that it ends nearest to.
    """
    ticks = torch.linspace(-3, 3, 81)
    lattice = torch.cartesian_prod(ticks, ticks)
    *_, last = laws.values()
    ends = torch.cdist(stages[-1].double(), torch.tensor(last.means)).argmin(dim=1)
    panels = plt.subplots(2, 3, figsize=(5.0, 3.8), sharex=True, sharey=True)[1]
    for axes, points, (t, law) in zip(panels.flat, stages, laws.items(), strict=True):
        density = law.log_prob(lattice).exp().reshape(81, 81).T
        levels = density.max() * np.array([0.05, 0.2, 0.4, 0.6, 0.8, 1])
        shade = {"cmap": "Greys", "vmin": 0, "vmax": 1.5 * density.max()}
        axes.contourf(ticks, ticks, density, levels, **shade)
        axes.contour(
            ticks, ticks, density, levels, colors=PALETTE["ink"], linewidths=0.7
        )
        for centre, (colour, mark, size) in enumerate(MARKS):
            style = {"color": PALETTE[colour], "ms": size, "mew": 0}
            axes.plot(*points[ends == centre].T, mark, **style)
        axes.set(xlim=(-3, 3), ylim=(-3, 3), xticks=[], yticks=[], aspect="equal")
        axes.spines[:].set_visible(True)
        axes.set_title(f"t = {t:g}", fontsize=12)


def journeys(times, paths, *, now: float, x, density, data) -> None:
    """Draw paths (steps + 1, n) over times from 1 to 0, beside the law ``now``.

    ``density`` at that time and ``data`` are given at the points x, shape (m,).
    """
    layout = {"sharey": True, "gridspec_kw": {"width_ratios": [3, 1]}}
    _, (ways, law) = plt.subplots(1, 2, figsize=(6.8, 3.2), **layout)
    ways.plot(times, paths, color=PALETTE["blue"], lw=0.8, alpha=0.7)
    ways.axvline(now, color=PALETTE["orange"], lw=1.5)
    ways.set(xlabel="time t", ylabel="x", xlim=(1, 0), ylim=(x[0], x[-1]))
    law.fill_betweenx(x, data, color=PALETTE["grey"], alpha=0.35, label="data")
    law.plot(density, x, color=PALETTE["orange"], label="at t")
    law.set(xlabel="density", xlim=(0, None))
    law.legend(fontsize=9, loc="upper right")
