"""The figures of the study in one dimension, drawn from its tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lecture_code import pushforward, validate
from lecture_code.session import PALETTE
from lecture_code.study.line import experiments

if TYPE_CHECKING:
    import matplotlib.pyplot as plt

Table = dict[str, np.ndarray]
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


def select(table: Table, **wanted: object) -> Table:
    """Return the rows of a table that have the wanted entries.

    Parameters
    ----------
    table : dict of str to numpy.ndarray
        Columns of equal length.
    **wanted : object
        For each named column the entry.

    Returns
    -------
    dict of str to numpy.ndarray
        The same columns, fewer rows.

    Raises
    ------
    TypeError, ValueError
        If ``table`` is no dict or a column is unknown.

    Notes
    -----
    Used in chapter 16.
    """
    columns = list(validate.instance("table", table, dict))
    keep = np.ones(len(table[columns[0]]), dtype=bool)
    for column, entry in wanted.items():
        keep &= table[validate.choice("column", column, columns)] == entry
    return {column: values[keep] for column, values in table.items()}


def against(
    table: Table, axis: str, measured: dict[str, str], log: bool = True
) -> None:
    """Draw measured columns against a setting: the median, and all runs as a band.

    Parameters
    ----------
    table : dict of str to numpy.ndarray
        Rows of one experiment.
    axis : {"m", "level", "layers"}
        The setting.
    measured : dict of str to str
        For each column its label; one panel each.
    log : bool
        Whether the first panel is logarithmic.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Notes
    -----
    Used in chapter 16.
    """
    import matplotlib.pyplot as plt

    validate.choice("axis", axis, ("m", "level", "layers"))
    validate.items("measured", list(validate.instance("measured", measured, dict)))
    validate.flag("log", log)
    size = (3.8 * len(measured), 3.1)
    _, panels = plt.subplots(1, len(measured), figsize=size, squeeze=False)
    for panel, (column, label) in zip(panels[0], measured.items(), strict=True):
        for kind in dict.fromkeys(table["kind"].tolist()):
            rows = select(table, kind=kind)
            _band(panel, rows[axis], rows[column], kind)
        panel.set(xlabel=axis, ylabel=label)
    if log:
        panels[0][0].set_yscale("log")
    panels[0][0].legend(fontsize=9)


def frontier(table: Table, m: float, kinds: tuple[str, ...] | None = None) -> None:
    """Draw trained networks over the least total variation of each slope.

    Parameters
    ----------
    table : dict of str to numpy.ndarray
        The study's rows.
    m : float
        Half of the distance between the modes.
    kinds : tuple of str, optional
        Which models; by default all generators that are there.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Notes
    -----
    Used in chapter 16.
    """
    import matplotlib.pyplot as plt

    law = experiments.target(m)
    _frontier(plt.subplots()[1], table, m, law, kinds)


def separation(table: Table, densities: Table, m: float) -> None:
    """Draw what the models make of one target, and where they lie at the frontier.

    Parameters
    ----------
    table, densities : dict of str to numpy.ndarray
        The study's rows, and the densities of the first runs.
    m : float
        Half of the distance between the modes.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Notes
    -----
    Used in chapter 16.
    """
    import matplotlib.pyplot as plt

    law = experiments.target(m)
    there = select(densities, m=m)["kind"]
    kinds = [kind for kind in ("vae", "gan", "diffusion") if kind in there]
    _, panels = plt.subplots(1, len(kinds) + 1, figsize=(9.2, 2.7))
    for panel, kind in zip(panels, kinds, strict=False):
        rows = select(densities, kind=kind, m=m)
        panel.fill_between(rows["x"], law.pdf(rows["x"]), **_SHADE)
        panel.plot(rows["x"], rows["density"], color=COLOURS[kind])
        panel.set(title=kind, xlabel="x", ylim=(0, 0.6), yticks=[])
    _frontier(panels[-1], table, m, law, ("vae", "gan", "wasserstein"))


def save(table: Table, folder: Path) -> None:
    """Write the figures of all experiments as PNG.

    Parameters
    ----------
    table : dict of str to numpy.ndarray
        The study's rows.
    folder : pathlib.Path
        Where they go.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Notes
    -----
    Used in chapter 16.
    """
    import matplotlib.pyplot as plt

    validate.instance("folder", folder, Path)
    main = select(validate.instance("table", table, dict), experiment="separation")
    level, depth = (select(table, experiment=name) for name in ("level", "depth"))
    middle = float(experiments.MIDDLE)
    slope, valley, tv = (("slope", "slope"), ("valley", "valley mass"), ("tv", "TV"))
    drawings = {
        "separation": lambda: against(main, "m", dict([slope, valley, tv])),
        "frontier": lambda: frontier(main, middle, experiments.MODELS[:3]),
        "level": lambda: frontier(level, middle, experiments.LIMITED),
        "depth": lambda: against(depth, "layers", dict([slope, valley, tv])),
    }
    with plt.rc_context({"figure.constrained_layout.use": True}):
        for name, draw in drawings.items():
            draw()
            plt.savefig(folder / f"{name}.png")
            plt.close()


def _band(panel: plt.Axes, x: np.ndarray, y: np.ndarray, kind: str) -> None:
    places = np.unique(x)
    groups = [y[x == place] for place in places]
    colour = COLOURS[kind]
    low, high = ([f(group) for group in groups] for f in (np.min, np.max))
    panel.fill_between(places, low, high, color=colour, alpha=0.2, lw=0)
    middle = [np.median(group) for group in groups]
    panel.plot(places, middle, ".-", color=colour, label=kind)


def _frontier(panel, table, m, law, kinds) -> None:
    slopes, top = SLOPES, 0.52
    least = pushforward.tv_star(law, slopes).value
    panel.fill_between(slopes, least, **_SHADE)
    panel.plot(slopes, least, color=PALETTE["ink"], label=r"$\mathrm{TV}^*$")
    for kind in dict.fromkeys(table["kind"].tolist()) if kinds is None else kinds:
        rows = select(table, kind=kind, m=m)
        style = {"color": COLOURS[kind], "ms": 4, "alpha": 0.7, "label": kind}
        panel.plot(rows["slope"], rows["tv"], "o", **style)
        top = max([top, *rows["tv"]])
    ends = {"xlim": (slopes[0], slopes[-1]), "ylim": (0, 1.05 * top)}
    panel.set(xscale="log", xlabel="slope L", ylabel="TV", **ends)
    panel.legend(fontsize=8)
