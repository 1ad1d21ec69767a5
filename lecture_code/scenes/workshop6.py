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
