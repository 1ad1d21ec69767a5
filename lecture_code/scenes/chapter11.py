"""Chapter 11: the best critic of two densities, and what critics tell a generator."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import torch

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


def strip(law):
    """Return six panels of the plane, with a circle of two scales for each cloud."""
    panels = plt.subplots(2, 3, figsize=(5.0, 3.8), sharex=True, sharey=True)[1]
    dashed = {"fill": False, "ls": "--", "lw": 1.2, "color": PALETTE["ink"]}
    for axes in panels.flat:
        for centre, scale in zip(law.means, law.scales, strict=True):
            axes.add_patch(plt.Circle(centre, 2 * scale, zorder=2, **dashed))
        axes.set(xlim=(-3, 3), ylim=(-3, 3), xticks=[], yticks=[], aspect="equal")
        axes.spines[:].set_visible(True)
    return panels.flat


def advise(axes, critic, x, pull, *, steps: int) -> None:
    """Draw what a critic takes for data, samples (n, 2), and the pull at some of them.

    An arrow is as long as 1 - 1 / (1 + size), so that weak pulls are seen, too.
    """
    ticks = torch.linspace(-3, 3, 61)
    lattice = torch.cartesian_prod(ticks, ticks)
    shade = critic(lattice).detach().sigmoid().reshape(61, 61).T
    levels = np.linspace(0, 1, 11)
    axes.contourf(ticks, ticks, shade, levels, cmap="Blues", vmax=1.6)
    axes.contour(ticks, ticks, shade, [0.5], colors=PALETTE["blue"], linewidths=1.5)
    axes.plot(*x.T, "o", color=PALETTE["orange"], ms=2, mew=0)
    moves = pull / (1 + pull.norm(dim=1, keepdim=True))
    arrows = {"angles": "xy", "scale_units": "xy", "scale": 0.7, "width": 0.014}
    arrows |= {"headwidth": 4, "headlength": 4, "headaxislength": 3.5}
    some = _spread(x, 14)
    axes.quiver(*x[some].T, *moves[some].T, color=PALETTE["ink"], zorder=3, **arrows)
    axes.set_title(f"{steps} steps", fontsize=12)


def _spread(x, count: int) -> list[int]:
    """Choose samples (n, 2) in the panel, each as far as can be from those before."""
    apart = torch.where(x.abs().amax(dim=1) < 2.8, torch.inf, -1.0)
    chosen: list[int] = []
    for _ in range(count):
        chosen.append(int(apart.argmax()))
        apart = torch.minimum(apart, torch.cdist(x, x[chosen[-1:]])[:, 0])
    return chosen
