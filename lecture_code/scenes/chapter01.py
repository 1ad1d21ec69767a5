"""Chapter 1: ink and its counts, rival tables, a ray that meets the staircase."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from lecture_code.plotting import draw_image
from lecture_code.session import PALETTE


def inked(images, counts, *, hole: int) -> None:
    """Draw images (n, 64) under their ink, over how many have each amount (65,).

    The amount that no image has, ``hole``, is pointed out.
    """
    images, counts = np.asarray(images), np.asarray(counts)
    figure = plt.figure(figsize=(5.8, 3.4))
    grid = figure.add_gridspec(2, len(images), height_ratios=[1, 3.2])
    for place, image in enumerate(images):
        axes = figure.add_subplot(grid[0, place])
        draw_image(axes, image.reshape(8, 8), 1)
        axes.set_title(f"{image.sum():.0f}", fontsize=11)
    bars = figure.add_subplot(grid[1, :])
    bars.bar(range(len(counts)), counts, color=PALETTE["blue"])
    arrow = {"arrowstyle": "->", "color": PALETTE["orange"], "lw": 1.5}
    bars.annotate(
        f"no image has {hole}",
        (hole, 0),
        (hole, counts.max() / 2),
        color=PALETTE["orange"],
        ha="center",
        arrowprops=arrow,
    )
    seen = counts.nonzero()[0]
    bars.set_xlim(seen[0] - 5, seen[-1] + 5)
    bars.set(xlabel="ink: black pixels of 64", ylabel="images")


def valley_and_bowl(heads, losses, lowest: float, shares) -> None:
    """Draw a coin's NLL (n,) against p(heads) (n,), and the NLL of three outcomes.

    Each point of the triangle is a table of three probabilities; the outcomes were seen
    with the given shares (3,).
    """
    valley, bowl = plt.subplots(1, 2, figsize=(5.0, 2.8))[1]
    valley.plot(heads, losses, color=PALETTE["blue"])
    valley.axvline(lowest, color=PALETTE["orange"], ls="--", lw=1.5)
    valley.set(xlabel="p(heads)", xticks=[0.1, 0.3, 0.5, 0.7, 0.9])
    valley.set_ylabel("NLL in nats")
    corners = np.array([[0, 0], [1, 0], [0.5, 0.87]])
    steps = np.linspace(0.005, 0.99, 120)
    q = np.array([(a, b, 1 - a - b) for a in steps for b in steps if a + b < 0.995])
    height = -np.log(q) @ np.asarray(shares)
    rings = np.linspace(height.min() + 0.02, height.min() + 1.5, 9)
    bowl.tricontour(*(q @ corners).T, height, rings, cmap="viridis", linewidths=1)
    bowl.plot(*np.vstack([corners, corners[:1]]).T, color=PALETTE["grey"], lw=1)
    bowl.plot(*(np.asarray(shares) @ corners), "o", color=PALETTE["orange"])
    for outcome, (x, y) in enumerate(corners):
        name, away = f"only {outcome}", 0.05 if y else -0.05
        bowl.text(x, y + away, name, ha="center", va="bottom" if y else "top")
    bowl.set(xlim=(-0.2, 1.2), ylim=(-0.2, 1.05), aspect="equal")
    bowl.set_axis_off()


def rivals(p, tables, wasted) -> None:
    """Draw tables (k,) as lines over the bars of p (k,), with the nats they waste."""
    axes = plt.subplots(figsize=(5.8, 3.0))[1]
    axes.bar(range(len(p)), p, color=PALETTE["grey"], alpha=0.6, label="the counts")
    for (name, table), style in zip(tables.items(), (":", "--", "-"), strict=True):
        label = f"{name}: wastes {wasted[name]:.2f} nats"
        axes.plot(range(len(p)), table, style, lw=2, label=label)
    axes.set(xlim=(8, 56), xlabel="black pixels in an image", ylabel="probability")
    axes.legend(loc="upper right", fontsize=10)


def inverse_cdf(probs, u: float, draws) -> None:
    """Draw the ray that turns u into a bin of probs (k,), beside past draws (n,)."""
    probs = np.asarray(probs)
    bins = range(len(probs))
    figure, (stairs, sampled) = plt.subplots(1, 2, figsize=(6.8, 3.0), layout="none")
    figure.subplots_adjust(0.09, 0.17, 0.99, 0.98)  # the same in each frame
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


def two_evils(widths, train_nll, holes) -> None:
    """Draw the training NLL and the share of holes (n,) against bin widths (n,)."""
    blur, gaps = plt.subplots(1, 2, figsize=(6.8, 2.8))[1]
    blur.plot(widths, train_nll, "o-", color=PALETTE["blue"])
    gaps.plot(widths, 100 * np.asarray(holes), "o-", color=PALETTE["orange"])
    blur.set_title("training NLL, nats", fontsize=11)
    gaps.set_title("test images in holes, %", fontsize=11)
    for axes in (blur, gaps):
        axes.set_xscale("log", base=2)
        axes.set(xlabel="bin width", xticks=widths, xticklabels=widths)
