"""Chapter 14: models ranked by one judge, with what they draw."""

from __future__ import annotations

import math
from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np


def ranking(rows: Mapping, *, high: float) -> None:
    """Draw labelled rows of images, each (n, side * side), from first to last."""
    stack = np.array(list(rows.values()))
    side = math.isqrt(stack.shape[2])
    tiles = stack.reshape(*stack.shape[:2], side, side)
    tiles = np.pad(tiles, ((0, 0), (0, 0), (1, 1), (1, 1)))
    picture = np.block([list(row) for row in tiles])
    tall, wide = 0.4 * len(stack), 0.4 * stack.shape[1]
    size = wide + 2.4, tall + 0.2  # room for the labels on the left
    box = (2.3 / size[0], 0.1 / size[1], wide / size[0], tall / size[1])
    axes = plt.figure(figsize=size, layout="none").add_axes(box)
    axes.imshow(picture, vmin=0, vmax=high)
    middles = (np.arange(len(stack)) + 0.5) * (side + 2) - 0.5
    axes.set_yticks(middles, list(rows))
    axes.tick_params(length=0)
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
