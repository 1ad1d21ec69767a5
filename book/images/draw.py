"""Draw the pictures of pages without code: `make figures` fills book/images/.

The cover is computed, not drawn: each line follows one quantile of a Gaussian while it
is carried, through the laws that a diffusion passes, into two modes.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy import special

from lecture_code import densities, pushforward, session
from lecture_code.session import PALETTE

FOLDER = Path(__file__).resolve().parent

TREE = {
    "Fully observed": (
        "all variables are data",
        ["Histograms (1, 2)", "Autoregressive (5)"],
    ),
    "Latent variable": (
        "hidden causes z",
        ["VAEs (9)", "Diffusion models (12)"],
    ),
    "Transformation": (
        "noise through a map",
        ["Normalizing flows (10)", "GANs (11)"],
    ),
}


def cover() -> plt.Figure:
    """Quantiles of a Gaussian carried into two modes, with a histogram at the end."""
    figure, axes = plt.subplots(figsize=(12, 6.3), layout="none")
    axes.set_position([0, 0, 1, 1])
    axes.set_axis_off()
    times = np.linspace(1, 0, 80)
    levels = (np.arange(60) + 0.5) / 60
    laws = [
        densities.GaussianMixture([-2 * (1 - t), 2 * (1 - t)], noise(t))
        for t in times
    ]
    paths = np.stack([law.ppf(levels) for law in laws])
    x = 1.2 + 7.6 * (1 - times)
    for i, path in enumerate(paths.T):
        colour = PALETTE["blue" if i < 30 else "orange"]
        axes.plot(x, path, color=colour, lw=1.1, alpha=0.65)
    draw_density(axes, laws[0])
    draw_histogram(axes, laws[-1])
    axes.set(xlim=(-0.6, 11.6), ylim=(-3.6, 3.6))
    return figure


def noise(t: float) -> float:
    """Standard deviation of the modes at time t: 0.45 for data, 1 for noise."""
    return float(np.sqrt(0.45**2 * (1 - t) ** 2 + t * (2 - t)))


def draw_density(axes, law) -> None:
    """Draw the density of the noise, seen from the side, at the left end."""
    y = np.linspace(-3.4, 3.4, 400)
    axes.fill_betweenx(
        y, 1.0 - 3 * law.pdf(y), 1.0, color=PALETTE["grey"], alpha=0.35
    )


def draw_histogram(axes, law) -> None:
    """Draw the histogram of the data at the right end."""
    edges = np.linspace(-3.4, 3.4, 35)
    shares = np.diff(law.cdf(edges)) / np.diff(edges)
    centres = (edges[1:] + edges[:-1]) / 2
    colours = [PALETTE["blue" if c < 0 else "orange"] for c in centres]
    axes.barh(centres, 5 * shares, left=9.0, height=0.17, color=colours)


def family_tree() -> plt.Figure:
    """Draw the three families of models with the chapters that treat them."""
    figure, axes = plt.subplots(figsize=(6.4, 5.2), layout="none")
    axes.set_position([0, 0, 1, 1])
    axes.set_axis_off()
    axes.set(xlim=(0, 6.4), ylim=(0, 5.2))
    box(axes, 1.25, 4.75, "Models of p(x)", "ink")
    rows = zip(
        TREE.items(),
        (3.6, 2.2, 0.8),
        ("blue", "green", "orange"),
        strict=True,
    )
    for (family, (idea, members)), y, colour in rows:
        axes.plot(
            [0.25, 0.25, 0.6],
            [4.5, y, y],
            color=PALETTE["grey"],
            lw=1.5,
            zorder=0,
        )
        box(axes, 1.6, y, family, colour)
        text = {"va": "center", "fontsize": 14, "linespacing": 1.4}
        axes.text(2.95, y + 0.3, idea, style="italic", **text)
        axes.text(2.95, y - 0.35, "\n".join(members), **text)
    return figure


def box(axes, x: float, y: float, text: str, colour: str) -> None:
    """Write white text on a filled box."""
    style = {
        "boxstyle": "round,pad=0.45",
        "fc": PALETTE[colour],
        "ec": "none",
    }
    axes.text(
        x,
        y,
        text,
        ha="center",
        va="center",
        color="white",
        size=15,
        bbox=style,
    )


def log_tangent() -> plt.Figure:
    """Draw the logarithm under its tangent at 1."""
    figure, axes = plt.subplots()
    s = np.linspace(0.05, 3, 300)
    axes.plot(s, s - 1, color=PALETTE["orange"], label="s - 1")
    axes.plot(s, np.log(s), color=PALETTE["blue"], label="log s")
    axes.plot([1], [0], "o", color=PALETTE["ink"])
    axes.set(xlabel="s", ylim=(-3, 2.2))
    axes.legend()
    return figure


def isoperimetry() -> plt.Figure:
    """Draw a half-plane and a disc of mass one half, each with a rim."""
    figure, panels = plt.subplots(1, 2, figsize=(7.2, 3.6))
    radius, rim = np.sqrt(2 * np.log(2)), 0.5
    gains = (
        special.ndtr(rim) - 0.5,
        0.5 - np.exp(-((radius + rim) ** 2) / 2),
    )
    fill, edge = PALETTE["blue"], PALETTE["orange"]
    panels[0].axvspan(-3, 0, color=fill, alpha=0.45, lw=0)
    panels[0].axvspan(0, rim, color=edge, alpha=0.7, lw=0)
    panels[1].add_patch(
        plt.Circle((0, 0), radius + rim, color=edge, alpha=0.7, lw=0)
    )
    panels[1].add_patch(plt.Circle((0, 0), radius, color="white", lw=0))
    panels[1].add_patch(
        plt.Circle((0, 0), radius, color=fill, alpha=0.45, lw=0)
    )
    points = np.random.default_rng(0).normal(size=(2, 700))
    for axes, gain in zip(panels, gains, strict=True):
        axes.plot(*points, ".", ms=2, color=PALETTE["ink"], alpha=0.5)
        axes.set(
            xlim=(-3, 3),
            ylim=(-3, 3),
            aspect="equal",
            xticks=[],
            yticks=[],
        )
        axes.set_title(f"mass in the rim {gain:.2f}")
    return figure


def three_masses() -> plt.Figure:
    """Draw a target cut into a half-line, a gap and the rest."""
    figure, axes = plt.subplots(figsize=(6.4, 3.4))
    law, x1, x2 = (
        densities.GaussianMixture([-2.5, 2.5], 1, [0.45, 0.55]),
        -1.0,
        0.9,
    )
    x = np.linspace(-6, 6, 600)
    axes.plot(x, law.pdf(x), color=PALETTE["ink"])
    cells = ((-6, x1, "blue", "$a_0$"), (x1, x2, "orange", "$b_0$"))
    for low, high, colour, name in (*cells, (x2, 6, "green", "$c_0$")):
        part = x[(x >= low) & (x <= high)]
        axes.fill_between(
            part, law.pdf(part), color=PALETTE[colour], alpha=0.45, lw=0
        )
        middle = np.clip((low + high) / 2, -2.5, 2.5)
        axes.text(middle, 0.035, name, ha="center", fontsize=15)
    axes.annotate(
        "", (x2, 0.15), (x1, 0.15), arrowprops={"arrowstyle": "<->"}
    )
    axes.text((x1 + x2) / 2, 0.158, "$r$", ha="center", fontsize=14)
    axes.text(-5.9, 0.16, "$A$", fontsize=14, color=PALETTE["blue"])
    axes.set(xlabel="x", yticks=[], ylim=(0, 0.24))
    return figure


def debt() -> plt.Figure:
    """Draw the best model of slope 5, and the mass that it is behind."""
    target, slope = densities.GaussianMixture([-3, 3]), 5.0
    fit = pushforward.tv_star(target, slope)
    z = np.linspace(-6, 6, 4001)
    x = np.append(fit.map(z), 7.0)
    model = np.append(special.ndtr(z), 1.0)
    figure, panels = plt.subplots(2, 1, figsize=(6.4, 5.2), sharex=True)
    grid = np.linspace(-6.5, 6.5, 700)
    density = np.gradient(np.interp(grid, x, model), grid)
    panels[0].fill_between(
        grid, target.pdf(grid), color=PALETTE["grey"], alpha=0.35
    )
    panels[0].plot(
        grid, density, color=PALETTE["blue"], label="best model"
    )
    panels[0].plot(
        [], [], color=PALETTE["grey"], lw=6, alpha=0.35, label="target"
    )
    panels[0].legend()
    panels[0].set(ylabel="density", ylim=(0, 0.24))
    behind = target.cdf(grid) - np.interp(grid, x, model)
    panels[1].plot(grid, behind, color=PALETTE["orange"])
    panels[1].axhline(0, color=PALETTE["ink"], lw=0.8)
    panels[1].set(xlabel="x", ylabel="debt U = F - G", xlim=(-6.5, 6.5))
    return figure


def phases() -> plt.Figure:
    """Draw what the best model gives up, by the modes' distance and the slope."""
    figure, axes = plt.subplots(figsize=(6.4, 4.2))
    m = np.linspace(0.05, 2.5, 100)
    exact = np.exp(m**2 / 2)
    found = np.array([1.1, 1.25, 1.5, 1.75, 2.0, 2.5])
    edge = np.array([wedge(half) for half in found])
    top = np.where(
        m <= 1, exact, np.interp(m, [1, *found], [np.e**0.5, *edge])
    )
    colours = {"one": "blue", "both": "orange", "line": "grey"}
    regions = {"one": (top, exact), "both": (1, top), "line": (0.6, 1)}
    for name, (low, high) in regions.items():
        axes.fill_between(
            m, low, high, color=PALETTE[colours[name]], alpha=0.35, lw=0
        )
    axes.plot(m, exact, color=PALETTE["ink"])
    axes.plot(found, edge, "o", ms=4, color=PALETTE["orange"])
    axes.text(0.15, 4, "exact fit", fontsize=13)
    axes.text(1.55, 1.75, "one tail is cut", fontsize=13)
    axes.text(0.62, 1.08, "both tails", fontsize=13)
    axes.text(1.0, 0.73, "a straight line", fontsize=13)
    axes.set(xlabel="m / s", ylabel="slope L / s", xlim=(0.05, 2.5))
    axes.set(yscale="log", ylim=(0.6, 10), yticks=[1, 2, 5, 10])
    axes.set_yticklabels(["1", "2", "5", "10"])
    return figure


def wedge(m: float) -> float:
    """Find the slope from which on one tail of two modes at -m and m is kept."""
    target = densities.GaussianMixture([-m, m])
    low, high = 1.0, float(np.exp(m**2 / 2))
    while high / low > 1.01:
        middle = np.sqrt(low * high)
        ends = pushforward.tv_star(target, middle).map(
            np.array([-9, 9])
        )
        lost = target.cdf(ends[0]), 1 - target.cdf(ends[1])
        low, high = (
            (middle, high) if min(lost) > 1e-6 else (low, middle)
        )
    return float(np.sqrt(low * high))


#: What draws each picture; its file has the same name.
DRAWN = (
    cover,
    family_tree,
    log_tangent,
    isoperimetry,
    three_masses,
    debt,
    phases,
)


def main() -> None:
    """Write all pictures."""
    session.start(seed=0)
    for draw in DRAWN:
        name, figure = draw.__name__.replace("_", "-"), draw()
        figure.savefig(FOLDER / f"{name}.png", dpi=100)
        print(f"book/images/{name}.png")


if __name__ == "__main__":
    main()
