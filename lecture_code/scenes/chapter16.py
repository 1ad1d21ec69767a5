"""Chapter 16: the study in one dimension, drawn from its tables."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np

from lecture_code import pushforward
from lecture_code.densities import GaussianMixture
from lecture_code.session import PALETTE
from lecture_code.trained import Table, select

COLOURS = {
    "vae": PALETTE["blue"],
    "gan": PALETTE["orange"],
    "wasserstein": PALETTE["green"],
    "diffusion": PALETTE["purple"],
    "gan-penalty": PALETTE["orange"],
    "gan-spectral": PALETTE["blue"],
    "wasserstein-spectral": PALETTE["green"],
}
_SHADE = {"color": PALETTE["grey"], "alpha": 0.35, "lw": 0}
#: With the kink at the slope of a single mode, 1, among them.
SLOPES = np.concatenate([np.geomspace(0.5, 1, 4), np.geomspace(1, 2000, 25)[1:]])


def climb(z: np.ndarray, x: np.ndarray, m: float) -> None:
    """Draw a broken line over the latents, and what it makes of them over the target.

    It increases from the latents ``z`` (n,) to ``x`` (n,); the modes are at -m and m.
    """
    _, panels = plt.subplots(1, 2, figsize=(8.4, 3.1))
    panels[0].plot(z, x, color=PALETTE["blue"])
    panels[0].axhspan(-m / 2, m / 2, **_SHADE)
    panels[0].text(-2.8, 0, "valley", va="center")
    panels[0].set(xlabel="latent z", ylabel="g(z)", xlim=(-3, 3), ylim=(-6, 6))
    latents, places = np.linspace(z[0], z[-1], 4001), np.linspace(-7, 7, 701)
    made = pushforward.map_density(latents, np.interp(latents, z, x), places)
    panels[1].fill_between(places, GaussianMixture([-m, m]).pdf(places), **_SHADE)
    panels[1].plot(places, made, color=PALETTE["blue"])
    panels[1].set(xlabel="x", ylabel="density", xlim=(-7, 7), ylim=(0, None))


def against(
    table: Table,
    axis: str,
    measured: dict[str, str],
    *,
    log: bool = True,
    longer: Table | None = None,
    exact: bool = False,
) -> None:
    """Draw measured columns against a setting: the median, and all runs as a band.

    ``measured`` has the label of each column, one panel each; ``log`` says whether the
    first one is logarithmic. The medians of networks of one kind that were trained
    ``longer`` are rings. With ``exact`` the first panel has the slope of an exact fit.
    """
    size = (3.8 * len(measured), 3.1)
    _, panels = plt.subplots(1, len(measured), figsize=size, squeeze=False)
    for panel, (column, label) in zip(panels[0], measured.items(), strict=True):
        for kind in dict.fromkeys(table["kind"].tolist()):
            rows = select(table, kind=kind)
            _draw_band(panel, rows[axis], rows[column], kind)
        if longer is not None:
            kind = longer["kind"][0]
            ring = {"color": COLOURS[kind], "mfc": "none", "ms": 9}
            middle = np.median(longer[axis]), np.median(longer[column])
            panel.plot(*middle, "o", label=f"{kind}, longer", **ring)
        panel.set(xlabel=axis, ylabel=label)
    if log:
        panels[0][0].set_yscale("log")
    if exact:
        panels[0][0].set_ylim(panels[0][0].get_ylim())  # the line leaves at the top
        halves = np.linspace(0, 6, 61)
        style = {"color": PALETTE["ink"], "lw": 0.8, "label": "exact fit"}
        panels[0][0].plot(halves, np.exp(halves**2 / 2), **style)
    panels[0][0].legend(fontsize=9)


def valleys(table: Table) -> None:
    """Draw each network's valley mass over the mass that its slope demands there.

    Networks at separations where the target itself has a valley to speak of are pale.
    """
    _, axes = plt.subplots(figsize=(5.8, 4.2))
    ends = np.array([2e-3, 0.4])
    axes.plot(ends, ends, color=PALETTE["ink"])
    axes.fill_between(ends, ends, ends[0], **_SHADE)
    axes.text(0.06, 0.006, "less than demanded", ha="center")
    for kind in dict.fromkeys(table["kind"].tolist()):
        rows = select(table, kind=kind)
        far = rows["m"] >= 5
        style = {"color": COLOURS[kind], "ms": 4}
        for these, alpha, label in ((~far, 0.25, None), (far, 0.8, kind)):
            place = rows["demanded"][these], rows["valley"][these]
            axes.plot(*place, "o", alpha=alpha, label=label, **style)
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    axes.set(xlabel=r"demanded, $2\,\Phi(m / 2L) - 1$", ylabel="valley mass")
    axes.legend(fontsize=9, loc="upper left")


def errors(table: Table, ms: Sequence[int]) -> None:
    """Draw each family's median error in two parts, and the least that it could be.

    The parts are ``excess``, the mass that the valley has too much, and the rest of the
    total variation; a line is at the median of what the slopes demand, ``tv_star``.
    """
    _, panels = plt.subplots(1, len(ms), figsize=(3 * len(ms), 3.1), sharey=True)
    kinds = list(dict.fromkeys(table["kind"].tolist()))
    colours = [COLOURS[kind] for kind in kinds]
    for panel, m in zip(panels, ms, strict=True):
        rows = [select(table, kind=kind, m=m) for kind in kinds]
        valley, whole, least = (
            np.array([np.median(of[part]) for of in rows])
            for part in ("excess", "tv", "tv_star")
        )
        places = np.arange(len(kinds))
        panel.bar(places, whole, color=colours, alpha=0.35)
        panel.bar(places, valley, color=colours)
        panel.hlines(least, places - 0.45, places + 0.45, color=PALETTE["ink"])
        panel.set_xticks(places, kinds, rotation=30, ha="right")
        panel.set(title=f"m = {m}")
    panels[0].set(ylabel="total variation")


def frontier(table: Table, m: float, kinds: Sequence[str]) -> None:
    """Draw trained networks over the least total variation of each slope."""
    axes = plt.subplots()[1]
    _draw_frontier(axes, table, m, kinds)
    axes.legend(fontsize=8)


def separation(table: Table, densities: Table, m: float) -> None:
    """Draw what the models make of modes at -m and m, and where the frontier is."""
    target = GaussianMixture([-m, m])
    kinds = list(dict.fromkeys(select(densities, m=m)["kind"].tolist()))
    _, panels = plt.subplots(1, len(kinds) + 1, figsize=(11, 2.7))
    for panel, kind in zip(panels, kinds, strict=False):
        rows = select(densities, kind=kind, m=m)
        panel.fill_between(rows["x"], target.pdf(rows["x"]), **_SHADE)
        panel.plot(rows["x"], rows["density"], color=COLOURS[kind])
        panel.set(title=kind, xlabel="x", ylim=(0, 0.6), yticks=[])
    _draw_frontier(panels[-1], table, m, kinds)
    panels[-1].set(xlim=(SLOPES[0], SLOPES[-1]))


def _draw_band(axes, x: np.ndarray, y: np.ndarray, kind: str) -> None:
    """Draw the median of y at each x, and the range as a band."""
    places = np.unique(x)
    groups = [y[x == place] for place in places]
    low, high = ([f(group) for group in groups] for f in (np.min, np.max))
    axes.fill_between(places, low, high, color=COLOURS[kind], alpha=0.2, lw=0)
    middle = [np.median(group) for group in groups]
    axes.plot(places, middle, ".-", color=COLOURS[kind], label=kind)


def _draw_frontier(axes, table: Table, m: float, kinds: Sequence[str]) -> None:
    """Draw TV* of modes at -m and m over the slope, and each network as a dot."""
    least = pushforward.tv_star(GaussianMixture([-m, m]), SLOPES).value
    axes.fill_between(SLOPES, least, **_SHADE)
    axes.plot(SLOPES, least, color=PALETTE["ink"], label=r"$\mathrm{TV}^*$")
    top = 0.52
    for kind in kinds:
        rows = select(table, kind=kind, m=m)
        style = {"color": COLOURS[kind], "ms": 4, "alpha": 0.7, "label": kind}
        axes.plot(rows["slope"], rows["tv"], "o", **style)
        top = max([top, *rows["tv"]])
    ends = {"xlim": (SLOPES[0], 200), "ylim": (0, 1.05 * top)}
    axes.set(xscale="log", xlabel="slope L", ylabel="TV", **ends)
