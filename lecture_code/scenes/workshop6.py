"""Workshop 6: images in rows, errors of a walk, and a U-Net in boxes."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import torch

from lecture_code.scenes._sheets import SIDE, draw, label, middles, rows, sheet
from lecture_code.session import PALETTE

__all__ = ["errors", "network", "rows", "sheet", "times"]


def times(strips: Mapping[str, torch.Tensor], *, back: bool = False) -> None:
    """Draw rows of nine images at times from 0 to 1, or back from 1 to 0."""
    axes = draw(list(strips.values()))
    label(axes, strips)
    heads = ["0", "1/4", "1/2", "3/4", "1"]
    axes.set_xticks(middles(9)[::2], heads[::-1] if back else heads)
    axes.set_xlabel("time t")


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
