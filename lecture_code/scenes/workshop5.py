"""Workshop 5: sheets of digits, two players through training, shares of ten digits."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import PercentFormatter

from lecture_code.session import PALETTE


def sheet(pixels, *, columns=10, rows=()) -> None:
    """Draw images (n, 784) with values in 0..1 side by side; ``rows`` are labels."""
    lines = len(pixels) // columns
    images = np.asarray(pixels.cpu()).reshape(-1, 28, 28)
    tiles = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    wall = tiles.reshape(lines, columns, 30, 30).swapaxes(1, 2)
    _, axes = plt.subplots(figsize=(5, (4 if rows else 5) * lines / columns))
    axes.imshow(wall.reshape(30 * lines, 30 * columns), vmin=0, vmax=1)
    axes.set(xticks=[], yticks=range(15, 30 * lines, 30) if rows else [])
    axes.set_yticklabels(rows)
    axes.tick_params(length=0)
    axes.spines[:].set(visible=True, color=PALETTE["grey"], linewidth=0.5)


def players(losses, *, mean_of=10) -> None:
    """Draw what both players lost, (steps, 2), as means of some steps each."""
    losses = np.asarray(losses)
    means = losses[: len(losses) // mean_of * mean_of].reshape(-1, mean_of, 2).mean(1)
    at = mean_of * (np.arange(len(means)) + 0.5)
    _, axes = plt.subplots(figsize=(5, 3.2))
    axes.axhline(math.log(4), color=PALETTE["grey"], ls="--", lw=1.5)
    axes.text(at[-1], math.log(4) + 0.05, "log 4", ha="right", va="bottom")
    for curve, name, colour in zip(
        means.T, ("critic", "generator"), ("blue", "orange"), strict=True
    ):
        axes.plot(at, curve, color=PALETTE[colour], label=name)
    axes.set(xlabel="step", ylabel="loss", ylim=(0, None))
    axes.legend()


def shares(runs, *, of_data) -> None:
    """Draw the shares of ten digits in every run, (runs, 10), and in the data."""
    _, axes = plt.subplots(figsize=(5, 3.2))
    digits = np.arange(10)
    axes.hlines(of_data.cpu(), digits - 0.4, digits + 0.4, color=PALETTE["grey"], lw=3)
    for run, share in enumerate(runs):
        axes.plot(digits + 0.2 * (run - 1), share, "o", color=PALETTE["blue"], ms=5)
    axes.set(xlabel="digit", ylabel="share of the samples", xticks=digits)
    axes.set(ylim=(0, 0.2), yticks=[0, 0.05, 0.1, 0.15, 0.2])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
