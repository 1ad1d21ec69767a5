"""Chapter 1: a ray meets the staircase of a cumulative distribution."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from lecture_code.session import PALETTE


def inverse_cdf(probs, u: float, draws) -> None:
    """Draw the ray that turns u into a bin of probs (k,), beside past draws (n,)."""
    probs = np.asarray(probs)
    bins = range(len(probs))
    stairs, sampled = plt.subplots(1, 2, figsize=(6.8, 3.0))[1]
    for axes in (stairs, sampled):
        axes.set(xlabel="bin", ylabel="")
    chosen = _draw_staircase(stairs, np.cumsum(probs), u)
    shares = np.bincount(draws, minlength=len(probs)) / len(draws)
    colours = [PALETTE["orange" if i == chosen else "blue"] for i in bins]
    sampled.bar(bins, shares, color=colours, label="share of the draws")
    sampled.plot(bins, probs, "o", color=PALETTE["ink"], ms=4, label="p")
    sampled.set_ylim(0, 1.25 * max(probs.max(), shares.max()))
    sampled.legend(loc="upper right", fontsize=9)


def _draw_staircase(axes, cdf: np.ndarray, u: float) -> int:
    """Draw the cdf and the ray at height u; return the bin on which it drops."""
    k, cdf = len(cdf), np.minimum(cdf, 1.0)
    chosen = min(int(np.searchsorted(cdf, u)), k - 1)
    stairs = np.concatenate([[0], cdf, [1]])
    axes.step(np.arange(-1, k + 1), stairs, where="post", color=PALETTE["blue"], lw=2)
    ray = {"color": PALETTE["orange"], "lw": 1.5}
    axes.annotate("", (chosen, u), (-1, u), arrowprops={"arrowstyle": "-", **ray})
    axes.annotate("", (chosen, 0), (chosen, u), arrowprops={"arrowstyle": "->", **ray})
    axes.set(xlim=(-1, k), ylim=(0, 1.05), ylabel="cumulative probability F")
    return chosen
