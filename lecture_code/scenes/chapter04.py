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
    data, valley = plt.subplots(1, 2)[1]
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
