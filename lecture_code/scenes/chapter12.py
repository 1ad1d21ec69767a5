"""Chapter 12: the quarter circle of a schedule, and paths from noise to data."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Arc

from lecture_code.session import PALETTE


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
