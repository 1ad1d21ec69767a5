"""Chapter 12: paths from noise to data, and the law at one time."""

from __future__ import annotations

import matplotlib.pyplot as plt

from lecture_code.session import PALETTE


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
