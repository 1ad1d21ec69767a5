"""Chapter 3: machines whose area is 1, and one whose area drifts."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt

from lecture_code.session import PALETTE


def machines(x, densities, *, titles) -> None:
    """Draw densities (panels, n) over x (n,), each in a panel with its own scale."""
    across = min(len(densities), 3)  # more would be too small to read on a phone
    down = math.ceil(len(densities) / across)
    figure = plt.figure(figsize=(5.8, 2.2 * down))
    for place, (y, title) in enumerate(zip(densities, titles, strict=True), 1):
        axes = figure.add_subplot(down, across, place)
        axes.fill_between(x, y, color=PALETTE["blue"], alpha=0.35, linewidth=0)
        axes.plot(x, y, color=PALETTE["blue"], lw=1)
        axes.set_title(title, fontsize=11)
        axes.set(yticks=[], ylim=(0, None))
        axes.locator_params("x", nbins=3)
