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
SLOPES = np.concatenate([np.geomspace(0.5, 1, 4), np.geomspace(1, 200, 18)[1:]])


def against(
    table: Table, axis: str, measured: dict[str, str], log: bool = True
) -> None:
    """Draw measured columns against a setting: the median, and all runs as a band.

    ``measured`` has the label of each column, one panel each; ``log`` says whether
    the first one is logarithmic.
    """
    size = (3.8 * len(measured), 3.1)
    _, panels = plt.subplots(1, len(measured), figsize=size, squeeze=False)
    for panel, (column, label) in zip(panels[0], measured.items(), strict=True):
        for kind in dict.fromkeys(table["kind"].tolist()):
            rows = select(table, kind=kind)
            _draw_band(panel, rows[axis], rows[column], kind)
        panel.set(xlabel=axis, ylabel=label)
    if log:
        panels[0][0].set_yscale("log")
    panels[0][0].legend(fontsize=9)


def frontier(table: Table, m: float, kinds: Sequence[str]) -> None:
    """Draw trained networks over the least total variation of each slope."""
    _draw_frontier(plt.subplots()[1], table, m, kinds)


def separation(table: Table, densities: Table, m: float) -> None:
    """Draw what the models make of modes at -m and m, and where the frontier is."""
    target = GaussianMixture([-m, m])
    there = select(densities, m=m)["kind"]
    kinds = [kind for kind in ("vae", "gan", "diffusion") if kind in there]
    _, panels = plt.subplots(1, len(kinds) + 1, figsize=(9.2, 2.7))
    for panel, kind in zip(panels, kinds, strict=False):
        rows = select(densities, kind=kind, m=m)
        panel.fill_between(rows["x"], target.pdf(rows["x"]), **_SHADE)
        panel.plot(rows["x"], rows["density"], color=COLOURS[kind])
        panel.set(title=kind, xlabel="x", ylim=(0, 0.6), yticks=[])
    _draw_frontier(panels[-1], table, m, ("vae", "gan", "wasserstein"))


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
    ends = {"xlim": (SLOPES[0], SLOPES[-1]), "ylim": (0, 1.05 * top)}
    axes.set(xscale="log", xlabel="slope L", ylabel="TV", **ends)
    axes.legend(fontsize=8)
