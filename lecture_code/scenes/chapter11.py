"""Chapter 11: the best critic of two densities, and how it pulls the generator."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from lecture_code.session import PALETTE


def duel(x, *, data, model, critic, pulls) -> None:
    """Draw two densities with their best critic, and the pull of two losses.

    All but ``pulls`` have shape (n,); ``pulls`` holds the sizes of the gradients of
    the saturating and the non-saturating loss.
    """
    widths = {"width_ratios": [3, 1]}
    _, (laws, sizes) = plt.subplots(1, 2, figsize=(6.8, 3.0), gridspec_kw=widths)
    laws.fill_between(x, data, color=PALETTE["grey"], alpha=0.35, label="data")
    laws.plot(x, model, color=PALETTE["orange"], label="generator")
    laws.plot(x, critic, color=PALETTE["blue"], label="best critic D")
    laws.set(xlabel="x", ylim=(-0.02, 1.35))
    laws.legend(fontsize=9, loc="upper center", ncols=3, handlelength=1)
    heights = np.maximum(pulls, 1e-7)  # a bar of height 0 has no logarithm
    sizes.bar(["sat.", "non-sat."], heights, color=PALETTE["orange"])
    sizes.set(yscale="log", ylim=(1e-6, 30), title="pull on G")
