"""Chapter 16: the study in one dimension, drawn from its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

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
    "gan-spectral": PALETTE["orange"],
    "wasserstein-spectral": PALETTE["green"],
}
#: Of the parts of an error.
_SHADES = {"middle half": 1.0, "rest of the climb": 0.55, "in the modes": 0.2}
_TICKS = [0.01, 0.03, 0.1, 0.3, 1]
_PLANE = "slope and total variation"
_SHADE = {"color": PALETTE["grey"], "alpha": 0.35, "lw": 0}
#: With the kink at the slope of a single mode, 1, among them.
SLOPES = np.concatenate([np.geomspace(0.5, 1, 4), np.geomspace(1, 2000, 25)[1:]])


def climb(z: np.ndarray, x: np.ndarray, m: float) -> None:
    """Draw a broken line over the latents, and what it makes of them over the target.

    It increases from the latents ``z`` (n,) to ``x`` (n,); the modes are at -m and m.
    """
    panels = plt.subplots(2, figsize=(5.0, 5.0))[1]
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
    rows, size = len(measured), (5.0, 2.2 * len(measured))
    panels = plt.subplots(rows, figsize=size, sharex=True, squeeze=False)[1][:, 0]
    for panel, (column, label) in zip(panels, measured.items(), strict=True):
        for kind in dict.fromkeys(table["kind"].tolist()):
            of = select(table, kind=kind)
            _draw_band(panel, of[axis], of[column], kind)
        if longer is not None:
            kind = longer["kind"][0]
            ring = {"color": COLOURS[kind], "mfc": "none", "ms": 9}
            middle = np.median(longer[axis]), np.median(longer[column])
            panel.plot(*middle, "o", label=f"{kind}, longer", **ring)
        panel.set(ylabel=label)
    panels[-1].set(xlabel=axis, xticks=np.unique(table[axis]))
    if log:
        panels[0].set_yscale("log")
    if exact:
        panels[0].set_ylim(panels[0].get_ylim())  # the line leaves at the top
        halves = np.linspace(0, 6, 61)
        style = {"color": PALETTE["ink"], "lw": 0.8, "label": "exact fit"}
        panels[0].plot(halves, np.exp(halves**2 / 2), **style)
    handles = panels[0].get_legend_handles_labels()
    panels[0].figure.legend(*handles, loc="outside lower center", ncol=3)


def valleys(table: Table) -> None:
    """Draw each network's valley mass over what its slope demands of equal parts.

    Networks at separations where the target itself has a valley to speak of are pale.
    """
    _, axes = plt.subplots(figsize=(5.0, 4.2))
    ends = np.array([2e-3, 0.4])
    axes.plot(ends, ends, color=PALETTE["ink"])
    axes.fill_between(ends, ends, ends[0], **_SHADE)
    axes.text(0.06, 0.006, "for unequal parts only", ha="center")
    for kind in dict.fromkeys(table["kind"].tolist()):
        rows = select(table, kind=kind)
        far = rows["m"] >= 5
        style = {"color": COLOURS[kind], "ms": 4}
        for these, alpha, label in ((~far, 0.25, None), (far, 0.8, kind)):
            place = rows["demanded"][these], rows["valley"][these]
            axes.plot(*place, "o", alpha=alpha, label=label, **style)
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    demanded = r"demanded of equal parts, $2\,\Phi(m / 2L) - 1$"
    axes.set(xlabel=demanded, ylabel="valley mass")
    axes.legend(loc="upper left")


def patience(long: Table, table: Table) -> None:
    """Draw total variations on the way through long trainings, beside short ones.

    ``long`` has a row for each look at a VAE or GAN on its way; each separation has a
    panel. Of the ``table``, trained for less, the median of each kind is dashed, and
    all runs are a band.
    """
    ms, kinds = np.unique(long["m"]), ("vae", "gan")
    panels = plt.subplots(len(ms), figsize=(5.0, 6.0), sharex=True)[1]
    for panel, m in zip(panels, ms, strict=True):
        for kind in kinds:
            style, ours = {"color": COLOURS[kind]}, select(table, kind=kind, m=m)["tv"]
            panel.axhspan(min(ours), max(ours), alpha=0.2, lw=0, **style)
            panel.axhline(np.median(ours), ls="--", lw=1, **style)
            for run in np.unique(long["run"]):
                looks = select(long, kind=kind, m=m, run=run)
                label = kind if run == 0 else None
                thousands = looks["steps"] / 1000
                panel.plot(thousands, looks["tv"], ".-", label=label, **style)
        panel.set(ylabel="TV", yscale="log", ylim=(0.01, 1))
        panel.set_yticks(_TICKS, map(str, _TICKS))
        panel.set_title(f"m = {m:g}", loc="left")
    panels[-1].set(xlabel="thousands of steps")
    handles = panels[0].get_legend_handles_labels()
    panels[0].figure.legend(*handles, loc="outside lower center", ncol=2)


def errors(parts: Mapping[tuple[str, float], Sequence[float]]) -> None:
    """Draw total variations in three parts, and the least that they could be.

    ``parts`` has for a kind and an m what lies too much in the middle half of the
    climb, on the rest of it and in the modes, and then the least total variation.
    """
    kinds, ms = (list(dict.fromkeys(keys)) for keys in zip(*parts, strict=True))
    panels = plt.subplots(len(ms), figsize=(5.0, 5.6), sharex=True)[1]
    colours, places = [COLOURS[kind] for kind in kinds], np.arange(len(kinds))
    for panel, m in zip(panels, ms, strict=True):
        *lengths, least = np.transpose([parts[kind, m] for kind in kinds])
        left = np.zeros(len(kinds))
        for length, shade in zip(lengths, _SHADES.values(), strict=True):
            panel.barh(places, length, left=left, color=colours, alpha=shade)
            left += length
        panel.vlines(least, places - 0.45, places + 0.45, color=PALETTE["ink"], lw=2)
        panel.set_yticks(places, kinds)
        panel.invert_yaxis()
        panel.set_title(f"m = {m}", loc="left")
    panels[-1].set(xlabel="total variation")
    ink = PALETTE["ink"]
    handles = [Patch(color=ink, alpha=a, label=name) for name, a in _SHADES.items()]
    handles.append(Line2D([], [], color=ink, lw=2, label=r"$\mathrm{TV}^*$"))
    panels[0].figure.legend(handles=handles, loc="outside lower center", ncol=2)


def frontier(table: Table, m: float, kinds: Sequence[str]) -> None:
    """Draw trained networks over the least total variation of each slope."""
    axes = plt.subplots(figsize=(5.0, 4.2))[1]
    _draw_frontier(axes, table, m, kinds)
    axes.legend(fontsize=10)


def separation(table: Table, densities: Table, m: float) -> None:
    """Draw what four models make of modes at -m and m, and where the frontier is."""
    target = GaussianMixture([-m, m])
    kinds = list(dict.fromkeys(select(densities, m=m)["kind"].tolist()))
    layout = [kinds[:2], kinds[2:], [_PLANE, _PLANE]]
    panels = plt.subplot_mosaic(layout, figsize=(5.0, 6.6))[1]
    for kind in kinds:
        rows, panel = select(densities, kind=kind, m=m), panels[kind]
        panel.fill_between(rows["x"], target.pdf(rows["x"]), **_SHADE)
        panel.plot(rows["x"], rows["density"], color=COLOURS[kind])
        panel.set(title=kind, ylim=(0, 0.6), yticks=[])
    _draw_frontier(panels[_PLANE], table, m, kinds)
    panels[_PLANE].set(xlim=(SLOPES[0], SLOPES[-1]))


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
        style = {"color": COLOURS[kind], "ms": 5, "alpha": 0.8, "label": kind}
        style["mfc"] = "none" if kind.endswith("spectral") else COLOURS[kind]
        axes.plot(rows["slope"], rows["tv"], "o", **style)
        top = max([top, *rows["tv"]])
    ends = {"xlim": (SLOPES[0], 200), "ylim": (0, 1.05 * top)}
    axes.set(xscale="log", xlabel="slope L", ylabel="TV", **ends)
