"""Chapter 4: a bell is dragged over the data, and two losses differ by a constant."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from lecture_code.session import PALETTE


def search(observed, model, x, *, nll, kl, mark: float, tops) -> None:
    """Draw a bell over shares of ink (k,), beside its losses over its centre x (n,).

    An arrow at the present centre ``mark`` spans the entropy of the data, NLL minus
    KL; ``tops`` are the upper ends of the two vertical axes.
    """
    figure, (data, valley) = plt.subplots(1, 2, layout="none")
    figure.subplots_adjust(0.12, 0.17, 0.98, 0.88, wspace=0.28)  # as in each frame
    data.bar(range(len(observed)), observed, color=PALETTE["blue"], label="data")
    data.plot(model, "o", color=PALETTE["orange"], ms=3.5, label="model")
    data.set(xlabel="black pixels", ylabel="share", ylim=(0, tops[0]))
    valley.plot(x, nll, label="NLL")
    valley.plot(x, kl, label="KL")
    _mark_entropy(valley, mark, np.interp(mark, x, kl), np.interp(mark, x, nll))
    valley.set(xlabel="m", ylabel="nats", ylim=(0, tops[1]))
    for axes in (data, valley):
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)


def _mark_entropy(axes, at: float, low: float, high: float) -> None:
    """Draw a two-headed arrow from low to high, with the letter H on it."""
    arrow = {"arrowstyle": "<->", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (at, high), (at, low), arrowprops=arrow)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    middle = at, (low + high) / 2
    axes.annotate("H", middle, ha="center", va="center", bbox=paper)


def landscape(x, y, heights, *, path) -> None:
    """Draw the NLL (rows, columns) over m and s as a map, with a path to its end.

    ``x`` are the columns' values of m, ``y`` the rows' of s, ``path`` points (n, 2).
    """
    axes = plt.subplots(figsize=(5.8, 3.6))[1]
    heights = np.asarray(heights)
    excess = np.log(heights - heights.min() + 0.005)
    levels = np.log(np.geomspace(0.005, 10, 14))
    axes.contourf(x, y, excess, levels=levels, cmap="Blues_r", extend="max")
    axes.contour(x, y, excess, levels=levels, colors=PALETTE["blue"], linewidths=0.6)
    m, s = np.asarray(path).T
    axes.plot(m, s, color=PALETTE["orange"], lw=1)
    axes.plot(m[-1], s[-1], "o", color=PALETTE["orange"], ms=6)
    axes.set(xlabel="m", ylabel="s", xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))


def gaps(sizes, lines) -> None:
    """Draw gaps against numbers of examples; a name that holds "2n" is a rule."""
    axes = plt.subplots(figsize=(5.8, 3.8))[1]
    for name, line in lines.items():
        colour = PALETTE["blue" if name.startswith("5") else "orange"]
        style = "-" if "2n" in name else "v" if "below" in name else "^"
        axes.plot(sizes, line, style, color=colour, label=name, alpha=0.85)
    axes.set(xscale="log", yscale="log", xlabel="examples", ylabel="gap in nats")
    axes.legend(fontsize=10)
