"""Chapter 3: one law stored in three ways, and five machines with their areas."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import torch

from lecture_code import plotting
from lecture_code.session import PALETTE


def three_ways(ways: Mapping[str, torch.Tensor], *, low: int, high: int) -> None:
    """Draw laws (k,) over the outcomes from low to high, one panel below the other."""
    figure, panels = plt.subplots(len(ways), 1, figsize=(5.8, 4.2), sharex=True)
    shown = {title: p[low:high].numpy() for title, p in ways.items()}
    top = 1.05 * max(p.max() for p in shown.values())
    filled = {"step": "mid", "color": PALETTE["blue"], "lw": 0}
    for axes, (title, p) in zip(panels, shown.items(), strict=True):
        axes.fill_between(range(low, high), p, **filled)
        axes.set_title(title, fontsize=11, loc="left")
        axes.set(yticks=[], ylim=(0, top), xlim=(low, high - 1))
    panels[-1].set_xlabel("ink (sum of grey levels)")
    figure.supylabel("probability")


def resolutions(image: torch.Tensor, saved: Mapping[str, np.ndarray]) -> None:
    """Draw an image (8, 8) in ever finer blocks, above what models save at each.

    ``saved`` holds for each model an array (4, splits), for 1, 4, 16 and 64 blocks;
    its means are drawn, and its ranges.
    """
    figure = plt.figure(figsize=(5.8, 4.6))
    grid = figure.add_gridspec(2, 4, height_ratios=[1, 2.4])
    places, numbers = range(4), [1, 4, 16, 64]
    for place in places:
        across = 2**place
        sums = image.reshape(across, 8 // across, across, 8 // across).sum((1, 3))
        axes = figure.add_subplot(grid[0, place])
        plotting.draw_image(axes, sums.numpy(), 16 * (8 // across) ** 2)
    axes = figure.add_subplot(grid[1, :])
    for (name, shares), style in zip(saved.items(), ("o:", "s--", "^-"), strict=True):
        (line,) = axes.plot(places, shares.mean(1), style, label=name)
        ends = shares.min(1), shares.max(1)
        axes.fill_between(places, *ends, color=line.get_color(), alpha=0.25, lw=0)
    axes.set(xticks=places, xticklabels=numbers, xlim=(-0.5, 3.5))
    axes.set(xlabel="numbers for each image", ylabel="share of nats saved")
    axes.legend(loc="upper right", ncols=3)
    axes.set_ylim(-0.02, 0.36)


def bend(x, heights, density) -> None:
    """Draw an increasing map over x (n,), beside the normal law and above its density.

    Dashed lines cut the probability into tenths: the levels of the normal law on the
    axis of the map, and where the map reaches them. Three tenths are shaded twice.
    """
    from scipy import stats

    figure = plt.figure(figsize=(5.0, 4.2))
    grid = figure.add_gridspec(2, 2, width_ratios=[1, 2.6])
    above, beside = figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[0, 0])
    below = figure.add_subplot(grid[1, 1], sharex=above)
    levels = stats.norm.ppf(np.arange(1, 10) / 10)
    reached = np.interp(levels, heights, x)
    dashed = {"color": PALETTE["orange"], "lw": 1, "ls": "--"}
    filled = {"color": PALETTE["blue"], "alpha": 0.25, "lw": 0}
    shaded = {"color": PALETTE["orange"], "alpha": 0.55, "lw": 0}
    above.plot(x, heights)
    above.hlines(levels, -5, reached, **dashed)
    above.vlines(reached, -3, levels, **dashed)
    above.set(ylim=(-3, 3))
    above.tick_params(labelbottom=False, labelleft=False)
    z = np.linspace(-3, 3, 601)
    normal = stats.norm.pdf(z)
    beside.fill_betweenx(z, normal, **filled)
    beside.fill_betweenx(z, normal, where=_lies_within(z, levels[5:9]), **shaded)
    beside.hlines(levels, 0, stats.norm.pdf(levels), **dashed)
    beside.set(ylim=(-3, 3), xlim=(0.45, 0), xticks=[], ylabel="z = f(x)")
    beside.set_xlabel("normal density")
    below.fill_between(x, density, **filled)
    below.fill_between(x, density, where=_lies_within(x, reached[5:9]), **shaded)
    below.vlines(reached, 0, np.interp(reached, x, density), **dashed)
    below.set(xlabel="x", ylabel="p(x)", ylim=(0, None), xlim=(-4, 4))


def _lies_within(points, ends) -> np.ndarray:
    points = np.asarray(points)
    return (points >= ends[0]) & (points <= ends[-1])


def machines(log_p: Mapping[str, torch.Tensor], *, step: float, reach: float) -> str:
    """Draw each machine in a panel under its area, and list the areas.

    Those of at most 16 log-probabilities are columns. The others are curves on a grid
    of width ``step`` around 0, and are drawn from -reach to reach.
    """
    figure = plt.figure(figsize=(5.8, 4.4), layout="none")
    figure.subplots_adjust(0.02, 0.07, 0.97, 0.88, hspace=0.5, wspace=0.12)
    listed = []
    for place, (name, each) in enumerate(log_p.items(), 1):
        p, is_table = each.exp().numpy(), len(each) <= 16
        area = _write_area(p.sum() if is_table else p.sum() * step)
        listed.append(f"{name} {area}")
        axes = figure.add_subplot(2, 3, place, title=f"{name}\narea {area}")
        if is_table:
            axes.bar(range(len(p)), p, width=1, color=PALETTE["blue"], alpha=0.6)
        else:
            _draw_density(axes, p, step, reach)
        axes.set(yticks=[], ylim=(0, None))
        axes.title.set_size(11)
        axes.locator_params("x", nbins=3)
    return ", ".join(listed)


def _draw_density(axes, p: np.ndarray, step: float, reach: float) -> None:
    """Draw a density that is known on a grid around 0."""
    x = (np.arange(len(p)) - len(p) // 2) * step
    x, p = x[abs(x) <= reach], p[abs(x) <= reach]
    axes.fill_between(x, p, color=PALETTE["blue"], alpha=0.35, lw=0)
    axes.plot(x, p, color=PALETTE["blue"], lw=1)


def _write_area(area: float) -> str:
    return f"{area:.2f}" if area < 1e4 else f"{area:.0e}"
