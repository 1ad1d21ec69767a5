"""Chapter 15: targets, best models, and the maps that make them."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from scipy import special, stats

from lecture_code import pushforward
from lecture_code.densities import GaussianMixture
from lecture_code.session import PALETTE

_SHADE = {"color": PALETTE["grey"], "alpha": 0.35, "lw": 0}


def bundles(target, best, slopes=(2, 20)) -> None:
    """Draw how the best map of each slope carries forty latents to the target."""
    latents = special.ndtri((np.arange(40) + 0.5) / 40)
    time = np.linspace(0, 1, 50)
    bend = (3 - 2 * time) * time**2
    x = np.linspace(-6, 6, 400)
    _, panels = plt.subplots(1, 2, figsize=(6.8, 3.4))
    for axes, slope, ends in zip(panels, slopes, best(latents), strict=True):
        paths = latents + np.outer(bend, ends - latents)
        axes.plot(paths, time, color=PALETTE["blue"], lw=0.9, alpha=0.7)
        axes.fill_between(x, -1.2 * stats.norm.pdf(x), 0, **_SHADE)
        axes.fill_between(x, 1, 1 + 2.4 * target.pdf(x), **_SHADE)
        axes.set_title(f"slope {slope}")
        axes.set_axis_off()


def shapes(r) -> None:
    """Draw three sets of mass one half in the plane, and what each gains within r."""
    rings = {"colors": PALETTE["grey"], "linewidths": 1}
    line = np.linspace(-3, 3, 301)
    x, y = np.meshgrid(line, line)
    reach = {
        "half-plane": (x, 0.0),
        "disc": (np.hypot(x, y), np.sqrt(2 * np.log(2))),
        "strip": (abs(x), special.ndtri(0.75)),
    }
    _, panels = plt.subplots(1, 3, figsize=(5.0, 2.0))
    for axes, (name, (away, edge)) in zip(panels, reach.items(), strict=True):
        axes.contour(x, y, np.hypot(x, y), levels=[1, 2, 3], **rings)
        colours = [PALETTE["blue"], PALETTE["orange"]]
        levels = [-9, edge, edge + r]
        axes.contourf(x, y, away, levels=levels, colors=colours, alpha=0.5)
        axes.set_title(name)
        axes.set_aspect("equal")
        axes.set_axis_off()


def debt(target, slope) -> None:
    """Draw what target and best model have spent up to each x, and the difference."""
    z = np.linspace(-6, 6, 4001)
    x = np.linspace(-6, 6.5, 601)
    F = target.cdf(x)
    reached = pushforward.tv_star(target, slope).map(z)
    G = np.interp(x, reached, special.ndtr(z), left=0, right=1)
    _, (spent, owed) = plt.subplots(2, 1, figsize=(5.0, 3.6), sharex=True)
    spent.plot(x, F, color=PALETTE["grey"])
    spent.plot(x, G, color=PALETTE["orange"])
    spent.fill_between(x, F, G, color=PALETTE["orange"], alpha=0.25, lw=0)
    spent.text(-0.3, 0.72, "model G", color=PALETTE["ink"], ha="right", fontsize=11)
    spent.text(1.2, 0.38, "target F", color=PALETTE["ink"], fontsize=11)
    owed.fill_between(x, G - F, color=PALETTE["orange"], alpha=0.4, lw=0)
    owed.axhline((G - F).max(), color=PALETTE["ink"], lw=1, ls="--")
    owed.text(-5.8, 0.85 * (G - F).max(), "total variation", va="top", fontsize=11)
    spent.set(ylabel="spent", yticks=[0, 0.5, 1])
    owed.set(xlabel="x", ylabel="debt")


def three_masses(target, edges) -> None:
    """Draw a target that is cut into a half-line, a gap and the rest."""
    x1, x2 = edges
    x = np.linspace(x1 - 5, x2 + 5, 801)
    _, axes = plt.subplots(figsize=(5.8, 2.8))
    cells = {
        "blue": ("$a_0$", x <= x1, target.cdf(x1)),
        "orange": ("$b_0$", (x1 <= x) & (x <= x2), target.cdf(x2) - target.cdf(x1)),
        "green": ("$c_0$", x2 <= x, 1 - target.cdf(x2)),
    }
    for colour, (name, inside, mass) in cells.items():
        part, density = x[inside], target.pdf(x[inside])
        axes.fill_between(part, density, color=PALETTE[colour], alpha=0.45, lw=0)
        place = np.average(part, weights=density)
        axes.text(place, 0.06, f"{name} = {mass:.3f}", ha="center", fontsize=11)
    axes.plot(x, target.pdf(x), color=PALETTE["ink"])
    axes.annotate("", (x2, 0.15), (x1, 0.15), arrowprops={"arrowstyle": "<->"})
    axes.text((x1 + x2) / 2, 0.158, "$r$", ha="center", fontsize=12)
    axes.set(xlabel="x", yticks=[], ylim=(0, 1.15 * target.pdf(x).max()))


def regimes(target, slopes, best) -> None:
    """Draw the law of the best model of each of five slopes over the target."""
    z, x = np.linspace(-5, 5, 2001), np.linspace(-6, 6, 601)
    _, panels = plt.subplots(2, 3, figsize=(6.8, 4.4), sharex=True)
    for axes, slope, points in zip(panels.flat, slopes, best(z), strict=False):
        axes.fill_between(x, target.pdf(x), **_SHADE)
        law = pushforward.map_density(z, points, x)
        axes.plot(x, law, color=PALETTE["orange"])
        axes.set_title(f"slope {slope:g}")
        axes.set(yticks=[], ylim=(0, 1.1 * law.max()))
    panels[-1, -1].set_axis_off()


def best_fit(target, best) -> None:
    """Draw the law that a best map makes of two modes, beside it and the exact map."""
    z = np.linspace(-4.5, 4.5, 1201)
    edge = -target.ppf(1e-4)
    x = np.linspace(-edge, edge, 401)
    law = pushforward.map_density(z, best(z), x)
    _, (laws, maps) = plt.subplots(1, 2, figsize=(6.8, 3.0))
    laws.fill_between(x, target.pdf(x), **_SHADE, label="target")
    laws.plot(x, law, color=PALETTE["orange"], label="best model")
    laws.set(xlabel="x", ylabel="density", xlim=(-edge, edge))
    laws.set_ylim(0, 1.4 * max(*target.pdf(x), *law))
    laws.legend(fontsize=9, loc="upper center")
    maps.plot(z, target.ppf(special.ndtr(z)), color=PALETTE["grey"], label="exact map")
    maps.plot(z, best(z), color=PALETTE["orange"], label="best map")
    maps.set(xlabel="latent z", ylabel="g(z)", ylim=(-edge, edge))
    maps.legend(fontsize=9, loc="upper left")


def draw(separation, left_weight, slope) -> str:
    """Draw the best model of a pair of modes, and say how good it is."""
    half, weights = separation / 2, [left_weight, 1 - left_weight]
    target = GaussianMixture([-half, half], 1.0, weights)
    fit = pushforward.tv_star(target, float(slope))
    floor = pushforward.tv_lower_bound(target, float(slope))
    best_fit(target, fit.map)
    levels = (np.arange(4000) + 0.5) / 4000
    inside = np.abs(fit.map(special.ndtri(levels))) < half / 2
    there = target.cdf(half / 2) - target.cdf(-half / 2)
    return (
        f"Modes {separation} apart, weight {left_weight} on the left, slope {slope}: "
        f"total variation {fit.value:.3f}, floor from three masses {floor:.3f}; "
        f"{inside.mean():.1%} of the model lie in the middle half between the modes, "
        f"and {there:.1%} of the target."
    )
