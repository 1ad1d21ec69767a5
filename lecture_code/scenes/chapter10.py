"""Chapter 10: a flow folds a lattice, and the density is mass by area."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from lecture_code.session import PALETTE


def mesh(corners, values, *, high: float, reach: float) -> None:
    """Draw a bent lattice (rows, columns, 2), a cell as dark as its value.

    ``values`` has shape (rows - 1, columns - 1), ``high`` is the darkest of them, and
    the axes go from minus to plus ``reach``.
    """
    axes = plt.subplots(figsize=(4.6, 4.4))[1]
    style = {"cmap": "Blues", "edgecolors": PALETTE["grey"], "linewidth": 0.2}
    x, y = np.moveaxis(np.asarray(corners), 2, 0)
    axes.pcolormesh(x, y, np.asarray(values), vmin=0, vmax=high, **style)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
