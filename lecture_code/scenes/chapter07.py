"""Chapter 7: points walk up the score from noise to data."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from lecture_code.session import PALETTE


def walks(paths, *, samples, titles) -> None:
    """Draw sets of paths, each (steps, n, 2), a panel a set, over a cloud (m, 2)."""
    samples = np.asarray(samples)
    size = (3.1 * len(paths), 3.4)
    _, grid = plt.subplots(1, len(paths), squeeze=False, figsize=size)
    for axes, path, title in zip(grid[0], map(np.asarray, paths), titles, strict=True):
        axes.scatter(*samples.T, s=3, color=PALETTE["grey"], alpha=0.5, linewidths=0)
        axes.plot(*path.transpose(2, 0, 1), color=PALETTE["blue"], lw=0.6, alpha=0.7)
        axes.plot(*path[-1].T, "o", color=PALETTE["orange"], ms=4)
        axes.set(title=title, aspect="equal", xlim=(-6, 6), ylim=(-6, 6))
