"""Chapter 8: what a code of K numbers must lose, and what a trained one loses."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np

from lecture_code import plotting
from lecture_code.session import PALETTE


def scree(lost, rank: int, dot: float, pictures) -> None:
    """Draw the error of ranks 0, 1, ... and one measured point, pictures beneath.

    ``lost`` has shape (ranks,), ``pictures`` two rows of images, (2, n, side * side).
    """
    pictures = np.asarray(pictures)
    side = math.isqrt(pictures.shape[2])
    figure = plt.figure(figsize=(4.4, 4.6))  # pictures below, to be read on a phone
    chart, gallery = figure.subfigures(2, 1, height_ratios=(3, 2))
    axes = chart.subplots()
    axes.plot(lost, color=PALETTE["blue"])
    axes.plot(rank, dot, "o", color=PALETTE["orange"], ms=8)
    axes.set(xlabel="rank K", ylabel="squared error", ylim=(0, None))
    grid = gallery.subplots(2, pictures.shape[1], squeeze=False)
    for place, image in zip(grid.flat, pictures.reshape(-1, side, side), strict=True):
        plotting.draw_image(place, image, pictures[0].max())
