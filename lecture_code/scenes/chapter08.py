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


def projections(points, direction, degrees, lost) -> None:
    """Draw points (n, 2) with their feet on a line, and the loss of each angle."""
    points, direction = np.asarray(points), np.asarray(direction)
    feet = points @ np.outer(direction, direction)
    plane, chart = plt.subplots(1, 2, figsize=(5.8, 2.9))[1]
    ends = np.stack([points, feet], axis=1)
    plane.plot(*ends.transpose(2, 1, 0), color=PALETTE["grey"], lw=0.8)
    plane.plot(*points.T, "o", color=PALETTE["blue"], ms=3)
    plane.plot(*np.outer(direction, [-1, 1]), color=PALETTE["orange"], ls="--", lw=1.2)
    plane.set(xlabel="left pixel", ylabel="right pixel", aspect="equal")
    chart.plot(degrees, lost, color=PALETTE["blue"])
    best = math.degrees(math.atan2(direction[1], direction[0])) % 180
    chart.axvline(best, color=PALETTE["orange"], ls="--", lw=1.2)
    chart.set(xlabel="angle in degrees", ylabel="lost", xticks=range(0, 181, 45))
