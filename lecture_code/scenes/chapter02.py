"""Chapter 2: which patches of held-out images a table has never seen."""

from __future__ import annotations

import matplotlib.pyplot as plt

from lecture_code.session import PALETTE


def coverage(shares, side: int, where) -> None:
    """Draw the share of new patches for sides 1, 2, ..., and where on the page.

    ``shares`` has shape (sides,); ``where``, for the highlighted side, has a share
    for each position of the patch, shape (rows, columns).
    """
    sides = range(1, len(shares) + 1)
    figure, (bars, page) = plt.subplots(1, 2, figsize=(6.8, 3.0), layout="none")
    figure.subplots_adjust(0.09, 0.17, 0.87, 0.91, wspace=0.24)  # as in each frame
    colours = [PALETTE["orange" if s == side else "blue"] for s in sides]
    bars.bar(sides, shares, color=colours)
    labels = {"xlabel": "patch side", "ylabel": "share of new test patches"}
    bars.set(ylim=(0, 1), xticks=sides, **labels)
    half = (side - 1) / 2  # a patch is drawn at its middle pixel
    extent = (half - 0.5, 7.5 - half, 7.5 - half, half - 0.5)
    shown = page.imshow(where, vmin=0, vmax=1, cmap="Oranges", extent=extent)
    page.set(xlim=(-0.5, 7.5), ylim=(7.5, -0.5), xlabel="column", ylabel="row")
    page.set(xticks=range(8), yticks=range(8))
    bars.set_title("mean of many choices", fontsize=11)
    page.set_title("one choice of images", fontsize=11)
    beside = figure.add_axes((0.89, 0.17, 0.025, 0.74))
    plt.colorbar(shown, cax=beside, label="share new, by middle")
