"""Workshop 3: rows of digits, a VAE in boxes, and what each latent carries."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes

from lecture_code import plotting
from lecture_code.session import PALETTE

WIDTH = 5.0  # inches; a phone shows that many without zooming
#: The blocks of both networks: place, side of the square, what stands below.
ENCODER = ((0.0, 28, "28"), (1.1, 14, "14"), (2.0, 7, "7"), (2.7, 4, "4"))
DECODER = ((5.3, 4, "4"), (6.0, 7, "7"), (6.9, 14, "14"), (8.0, 28, "28"))


def rows(images: Mapping[str, torch.Tensor]) -> None:
    """Draw rows of images (n, 784), from 0 to 1, each with its label above it."""
    count = len(next(iter(images.values())))
    size = (WIDTH, len(images) * (WIDTH / count + 0.26))
    figure, grid = plt.subplots(len(images), count, figsize=size, squeeze=False)
    figure.set_layout_engine("constrained", w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
    for line, (label, row) in zip(grid, images.items(), strict=True):
        for axes, image in zip(
            line, row.numpy(force=True).reshape(-1, 28, 28), strict=True
        ):
            plotting.draw_image(axes, image, 1)
        _write_above(line[0], label)


def _write_above(axes: Axes, label: str) -> None:
    """Write a label that keeps its height free, but pushes nothing aside."""
    if label:
        axes.set_title(" ", fontsize=11, pad=3)
    place = {"xycoords": "axes fraction", "textcoords": "offset points"}
    text = axes.annotate(label, (0, 1), xytext=(0, 4), fontsize=11, **place)
    text.set_in_layout(False)


def sheet(means: torch.Tensor, drawn: torch.Tensor) -> None:
    """Draw six rows of ten means, and one row of drawn images below them."""
    figure = plt.figure(figsize=(WIDTH, 4.1))
    above, below = figure.subfigures(2, 1, height_ratios=[6, 1.25])
    for part, images, label in ((above, means, ""), (below, drawn, "pixels drawn")):
        grid = part.subplots(len(images) // 10, 10, squeeze=False).ravel()
        for axes, image in zip(
            grid, images.numpy(force=True).reshape(-1, 28, 28), strict=True
        ):
            plotting.draw_image(axes, image, 1)
        _write_above(grid[0], label)
    figure.set_layout_engine("constrained", w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)


def networks(image: torch.Tensor, mean: torch.Tensor) -> None:
    """Draw both networks as blocks, with an image (784,) and its mean at the ends."""
    axes = plt.subplots(figsize=(WIDTH, 1.6))[1]
    for blocks, end, picture in ((ENCODER, 0, image), (DECODER, -1, mean)):
        for place, side, text in blocks:
            half = side / 28 * 0.5 + 0.08
            box = (place - half, -half)
            style = {"fc": PALETTE["blue"], "alpha": 0.3, "ec": PALETTE["ink"]}
            axes.add_patch(plt.Rectangle(box, 2 * half, 2 * half, **style))
            axes.text(place, -half - 0.12, text, ha="center", va="top", fontsize=11)
        place = blocks[end][0]
        extent = (place - 0.58, place + 0.58, -0.58, 0.58)
        axes.imshow(
            picture.reshape(28, 28).numpy(force=True),
            extent=extent,
            vmin=0,
            vmax=1,
            zorder=2,
        )
    for x, y, text in ((3.45, 0.34, "$m$"), (3.45, -0.34, "$s$"), (4.4, 0, "$z$")):
        axes.text(x, y, text, ha="center", va="center", fontsize=14)
    axes.text(4.4, 1.05, r"$\varepsilon$", ha="center", fontsize=14)
    arrow = {"arrowstyle": "->", "color": PALETTE["ink"]}
    for start, end in (
        ((3.62, 0.3), (4.22, 0.06)),
        ((3.62, -0.3), (4.22, -0.06)),
        ((4.4, 0.95), (4.4, 0.22)),
        ((4.58, 0), (5.0, 0)),
        ((2.95, 0.1), (3.28, 0.3)),
        ((2.95, -0.1), (3.28, -0.3)),
    ):
        axes.annotate("", xytext=start, xy=end, arrowprops=arrow)
    for x, text in ((1.35, "encoder"), (6.65, "decoder")):
        axes.text(x, 1.05, text, ha="center", fontsize=12)
    axes.set(xlim=(-0.65, 8.65), ylim=(-1.05, 1.4), aspect="equal")
    axes.set_axis_off()


def latents(kl: torch.Tensor) -> None:
    """Draw the nats that each latent carries, the busiest first."""
    axes = plt.subplots(figsize=(WIDTH, 2.6))[1]
    axes.bar(range(1, len(kl) + 1), kl.sort(descending=True).values)
    axes.set_xticks([1, 5, 10, 15, 20])
    axes.set(xlabel="latent, the busiest first", ylabel="nats an image")
