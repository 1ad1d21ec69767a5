"""Images of the workshops in rows without gaps, so that a phone shows many of them."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import torch

SIDE, GAP = 28, 2


def sheet(images: torch.Tensor, columns: int = 10) -> None:
    """Draw images (n, 784), paper -1 and ink 1, in rows of so many."""
    draw(list(images.split(columns)))


def rows(strips: Mapping[str, torch.Tensor]) -> None:
    """Draw a row of images (n, 784) for each label."""
    label(draw(list(strips.values())), strips)


def middles(count: int) -> np.ndarray:
    """Return where the middles of so many images lie."""
    return np.arange(count) * (SIDE + GAP) + (SIDE + GAP) / 2


def label(axes, strips: Mapping[str, torch.Tensor]) -> None:
    """Write the names of the rows beside them."""
    axes.set_yticks(middles(len(strips)), list(strips))


def draw(strips: list[torch.Tensor]):
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
