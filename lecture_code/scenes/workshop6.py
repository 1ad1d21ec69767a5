"""Workshop 6: images in rows without gaps, so that a phone shows many of them."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import torch

from lecture_code.session import PALETTE

SIDE, GAP = 28, 2


def sheet(images: torch.Tensor, columns: int = 10) -> None:
    """Draw images (n, 784), paper -1 and ink 1, in rows of so many."""
    _draw(list(images.split(columns)))


def rows(strips: Mapping[str, torch.Tensor]) -> None:
    """Draw a row of images (n, 784) for each label."""
    _label(_draw(list(strips.values())), strips)


def times(strips: Mapping[str, torch.Tensor], *, back: bool = False) -> None:
    """Draw rows of nine images at times from 0 to 1, or back from 1 to 0."""
    axes = _draw(list(strips.values()))
    _label(axes, strips)
    heads = ["0", "1/4", "1/2", "3/4", "1"]
    axes.set_xticks(_middles(9)[::2], heads[::-1] if back else heads)
    axes.set_xlabel("time t")


def _middles(count: int) -> np.ndarray:
    return np.arange(count) * (SIDE + GAP) + (SIDE + GAP) / 2


def _label(axes, strips: Mapping[str, torch.Tensor]) -> None:
    axes.set_yticks(_middles(len(strips)), list(strips))


def _draw(strips: list[torch.Tensor]):
    """Lay rows of images on one sheet of paper, and draw it."""
    step, columns = SIDE + GAP, max(map(len, strips))
    paper = np.full((len(strips) * step, columns * step), -1.0)
    for down, strip in enumerate(strips):
        for right, image in enumerate(strip.detach().cpu().numpy()):
            top, left = down * step + GAP // 2, right * step + GAP // 2
            paper[top : top + SIDE, left : left + SIDE] = image.reshape(SIDE, SIDE)
    size = 5 / max(columns, 8)
    axes = plt.subplots(figsize=(size * columns, size * len(strips)))[1]
    axes.imshow(paper, vmin=-1, vmax=1)
    axes.spines[:].set_visible(False)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set(xticks=[], yticks=[])
    axes.tick_params(length=0, labelsize=12)
    return axes


def errors(sizes: Mapping[int, float]) -> None:
    """Draw the error of a walk for each number of steps, on logarithmic axes."""
    axes = plt.subplots(figsize=(4.6, 2.6))[1]
    steps, errors = list(sizes), list(sizes.values())
    axes.plot(steps, errors, "o-", color=PALETTE["blue"])
    axes.set(xscale="log", yscale="log", xlabel="steps", ylabel="error of a pixel")
    axes.set_xticks(steps, [f"{n}" for n in steps])
    axes.set_yticks(errors, [f"{size:.2f}" for size in errors])
    axes.minorticks_off()


def network(image: torch.Tensor) -> None:
    """Draw the U-Net as blocks, with the image (784,) that enters."""
    axes = plt.subplots(figsize=(5, 1.9))[1]
    sides = {0.0: 28, 2.0: 14, 3.7: 7, 5.4: 14, 7.4: 28}
    style = {"fc": PALETTE["blue"], "alpha": 0.3, "ec": PALETTE["ink"]}
    arrow = {"arrowstyle": "->", "color": PALETTE["ink"]}
    for place, side in sides.items():
        half, down = side / 40, -1 if side == 7 else 0
        box = (place - half, down - half)
        axes.add_patch(plt.Rectangle(box, 2 * half, 2 * half, **style))
        axes.text(place, down - half - 0.1, f"{side}", ha="center", va="top")
    drawn = image.reshape(SIDE, SIDE).numpy(force=True)
    axes.imshow(drawn, extent=(-0.7, 0.7, -0.7, 0.7), vmin=-1, vmax=1, zorder=2)
    ways = ((0.8, 0, 1.55, 0), (2.4, 0, 5.0, 0), (5.85, 0, 6.6, 0))
    deep = ((2.35, -0.4, 3.45, -0.95), (3.95, -0.95, 5.05, -0.4))
    for x, y, to_x, to_y in ways + deep:
        axes.annotate("", xytext=(x, y), xy=(to_x, to_y), arrowprops=arrow)
    for x, y, text in ((3.7, 0.12, "skip"), (0, 0.85, "$x_t$"), (7.4, 0.85, "$v$")):
        axes.text(x, y, text, ha="center", fontsize=12)
    axes.set(xlim=(-0.85, 8.25), ylim=(-1.65, 1.25), aspect="equal")
    axes.set_axis_off()
