"""A reproducible run: one seed, one thread, one plot style."""

from __future__ import annotations

import random

import numpy as np
import torch

from lecture_code import _validate

#: The colours of the book, shared by plots and site. The order is that of use; every
#: colour has a contrast of at least 3:1 against white.
PALETTE = {
    "ink": "#1f2430",
    "blue": "#2a62a8",
    "orange": "#c4561b",
    "green": "#3f7d4e",
    "purple": "#7a4f9e",
    "grey": "#7c8493",
    "paper": "#ffffff",
}


def start(seed: int = 0) -> None:
    """Seed every random state, compute on one thread, and set the book's plot style.

    The only function of the package that changes global state: two runs of a
    notebook that begin with it print the same text. One thread because at the sizes
    of the book two are slower, and because the order of sums then never changes.
    The seed, from 0 to 2**32 - 1, goes to ``random``, numpy's legacy state and torch.
    """
    seed = _validate.integer("seed", seed, low=0, high=2**32 - 1)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    _set_style()


def _set_style() -> None:
    """Give matplotlib the book's colours, sizes and frames."""
    import matplotlib as mpl
    from cycler import cycler

    line_colours = [PALETTE[c] for c in ("blue", "orange", "green", "purple", "grey")]
    mpl.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=line_colours),
            "axes.edgecolor": PALETTE["grey"],
            "axes.labelcolor": PALETTE["ink"],
            "axes.titlesize": "medium",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "text.color": PALETTE["ink"],
            "xtick.color": PALETTE["ink"],
            "ytick.color": PALETTE["ink"],
            "figure.facecolor": PALETTE["paper"],
            "figure.figsize": (5.8, 3.0),
            "figure.dpi": 100,
            "savefig.dpi": 100,
            "figure.constrained_layout.use": True,
            "font.size": 11,
            "legend.frameon": False,
            "image.cmap": "gray_r",
            "image.interpolation": "nearest",
        }
    )
