"""Workshop 1: halves and wholes of digits, two masks, and what a pixel sees."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from lecture_code import plotting
from lecture_code.session import PALETTE

_UNKNOWN = 0.15  # the grey of what is not drawn yet


def halves(images) -> None:
    """Draw the upper halves of images (n, 784) in rows of five, the rest grey."""
    plotting.images(_cut(images, 14), columns=5, high=1)


def training(rows) -> None:
    """Draw rows of images (n, 784), each under the steps that were taken before."""
    plotting.image_rows({f"{steps} steps": x for steps, x in rows.items()}, high=1)


def sheet(images) -> None:
    """Draw images (n, 784) in rows of ten, small enough for a phone."""
    plotting.images(images, columns=10, high=1)
    plt.gcf().set_size_inches(5, 0.5 * len(images) / 10)


def growing(images) -> None:
    """Draw images (n, 784) as they stood after a quarter of their rows, a half, ..."""
    steps = (7, 14, 21, 28)
    rows = {f"{step} rows": _cut(images, step) for step in steps}
    plotting.image_rows(rows, high=1)


def completed(images, drawn) -> None:
    """Draw halves of images (n, 784), ways to go on (k n, 784), and what was there."""
    rows = {"given": _cut(images, 14)}
    ways = drawn.split(len(images))
    rows |= {f"drawn {k}": each for k, each in enumerate(ways, start=1)}
    plotting.image_rows(rows | {"written": images}, high=1)


def mixture(images, share: float = 0.1) -> None:
    """Draw samples of a mixture: images (n, 784) with this chance, else snow."""
    u = np.random.default_rng(0).random((len(images), 785))
    snow = u[:, 1:] < 0.5
    sheet(np.where(u[:, :1] < share, images, snow))


def masks(reads, writes) -> None:
    """Draw the masks (h, d) and (d, h), and the number of ways through both."""
    reads, writes = np.asarray(reads), np.asarray(writes)
    shown = {
        "reads": (reads, "pixel", "unit"),
        "writes": (writes, "unit", "output"),
        "ways": (writes @ reads, "pixel", "output"),
    }
    grid = plt.subplots(1, 3, figsize=(5, 2.1))[1]
    for axes, (title, (mask, across, down)) in zip(grid, shown.items(), strict=True):
        axes.pcolormesh(mask, cmap="gray_r", edgecolors=PALETTE["grey"], lw=0.4)
        axes.set(title=title, xlabel=across, ylabel=down, xticks=[], yticks=[])
        axes.set_aspect("equal")
        axes.invert_yaxis()


def reach(model, images, row: int, column: int) -> np.ndarray:
    """Draw which pixels an output sees, by its gradient; return them, (784,).

    Blue is seen by the output at this row and column on one of the images (n, 784),
    grey comes earlier and is not seen, white comes later.
    """
    images, pixel = images.clone().requires_grad_(), 28 * row + column
    model(images)[:, pixel].sum().backward()
    seen = np.asarray((images.grad != 0).any(dim=0).cpu())
    colours = np.ones((len(seen), 3))
    for where, name in ((slice(0, pixel), "grey"), (seen, "blue"), (pixel, "orange")):
        colours[where] = plt.matplotlib.colors.to_rgb(PALETTE[name])
    axes = plt.subplots(figsize=(3.4, 3.4))[1]
    axes.imshow(colours.reshape(28, 28, 3))
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=PALETTE["grey"])
    return seen


def _cut(images, rows: int) -> np.ndarray:
    """Keep the first rows of images (n, 784), and grey the others."""
    pixels = np.array(images)
    pixels[:, 28 * rows :] = _UNKNOWN
    return pixels
