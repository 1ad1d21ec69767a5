"""Chapter 9: the plane of codes, their density, and the digit at one place."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np

from lecture_code.session import PALETTE


def latent_map(codes, labels, *, z, image, high: float) -> None:
    """Draw codes (n, 2) as their digits, beside what the place z (2,) decodes to."""
    codes, labels, image = map(np.asarray, (codes, labels, image))
    side = math.isqrt(len(image))
    ratio = {"width_ratios": [2, 1]}
    _, (plane, picture) = plt.subplots(1, 2, figsize=(5.8, 3.6), gridspec_kw=ratio)
    for digit in np.unique(labels):  # a digit as the mark: no colour to learn
        style = {"marker": f"${digit}$", "linewidths": 0, "color": PALETTE["blue"]}
        plane.scatter(*codes[labels == digit].T, s=26, **style)
    plane.plot(*z, "+", color=PALETTE["orange"], ms=20, mew=3)
    plane.set(xlabel="z1", ylabel="z2", xlim=(-3.6, 3.6), ylim=(-3.6, 3.6))
    picture.imshow(image.reshape(side, side), vmin=0, vmax=high)
    picture.set_axis_off()


def code_density(ticks, density) -> None:
    """Draw a density on a square (n, n), and circles of half and 90 % of N(0, I)."""
    axes = plt.subplots(figsize=(4.6, 4.4))[1]
    axes.pcolormesh(ticks, ticks, np.asarray(density).T, cmap="Blues")
    for mass in (0.5, 0.9):
        radius = math.sqrt(-2 * math.log(1 - mass))
        style = {"fill": False, "ls": "--", "color": PALETTE["orange"]}
        axes.add_patch(plt.Circle((0, 0), radius, **style))
    axes.set(xlabel="z1", ylabel="z2", xlim=(-3.6, 3.6), ylim=(-3.6, 3.6))
    axes.set_aspect("equal")
