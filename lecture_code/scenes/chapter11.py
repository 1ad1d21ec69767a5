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


def crowds(left, elsewhere, right) -> None:
    """Draw a bar for each run, (runs,), in order of what the left mode gets."""
    order = np.argsort(left)
    pieces = {"left mode": left, "elsewhere": elsewhere, "right mode": right}
    colours = PALETTE["blue"], PALETTE["grey"], PALETTE["orange"]
    _, axes = plt.subplots(figsize=(5.8, 3.4))
    start = np.zeros(len(order))
    for (label, shares), colour in zip(pieces.items(), colours, strict=True):
        lengths = np.asarray(shares)[order]
        axes.barh(range(len(order)), lengths, left=start, color=colour, label=label)
        start += lengths
    axes.set(xlabel="share of the samples", ylabel="runs", xlim=(0, 1), yticks=[])
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)


def critics(x, *, best, spectral, penalised) -> None:
    """Draw three critics over the middle of their points (n,), each 0 in the middle."""
    _, axes = plt.subplots(figsize=(5.8, 3.0))
    middle = len(x) // 2
    styles = {"best": (best, "-"), "penalised": (penalised, "--")}
    for label, (f, line) in {**styles, "spectral": (spectral, ":")}.items():
        axes.plot(x, f - f[middle], line, label=label, lw=2)
    axes.set(xlabel="x", ylabel="f(x) - f(0)", xlim=(-5, 5), ylim=(-1.5, 4.5))
    axes.legend()


def chase(trail) -> None:
    """Draw where samples lay, from the first pass to the last: tensors (n, 1)."""
    stretches = np.array_split(np.concatenate([np.ravel(x) for x in trail]), 80)
    edges = np.linspace(-4, 4, 65)
    shares = [np.histogram(each, edges)[0] / len(each) for each in stretches]
    _, axes = plt.subplots(figsize=(5.8, 3.0))
    extent = (0, len(trail) / 2, -4, 4)  # two passes a step
    axes.imshow(np.transpose(shares), origin="lower", aspect="auto", extent=extent)
    axes.hlines([-2, 2], 0, extent[1], color=PALETTE["orange"], ls="--", lw=1)
    axes.set(xlabel="step", ylabel="sample x")
