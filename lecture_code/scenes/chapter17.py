"""Chapter 17: a walk in the latents from one class of images to the other."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt

from lecture_code.session import PALETTE


def walk(image, chance, at: int) -> None:
    """Draw the image (side * side,) at one station, and the chance of a 7 at each."""
    side = math.isqrt(len(image))
    widths = {"width_ratios": [1, 1.8]}
    picture, line = plt.subplots(1, 2, figsize=(6.2, 2.6), gridspec_kw=widths)[1]
    picture.imshow(image.reshape(side, side), vmin=0, vmax=1)
    picture.set(xticks=[], yticks=[])
    line.axhspan(0.1, 0.9, color=PALETTE["grey"], alpha=0.2, linewidth=0)
    line.plot(chance, ".-", color=PALETTE["blue"])
    line.plot(at, chance[at], "o", color=PALETTE["orange"], ms=9)
    line.set(xlabel="station of the walk", ylabel="probability of a 7", ylim=(0, 1))
