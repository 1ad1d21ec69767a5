"""Workshop 2: digits in rows, and the plane of codes beside what it decodes to."""

from __future__ import annotations

import matplotlib.pyplot as plt
import torch

from lecture_code.scenes._sheets import GAP, SIDE, rows, sheet

__all__ = ["plane", "rows", "sheet"]

CELLS = 12  # of the lattice of decoded codes, in each direction


def lattice(low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """Return codes (144, 2) between two corners (2,), the topmost row first."""
    ticks = torch.linspace(0, 1, CELLS, device=low.device)
    up, right = torch.meshgrid(ticks.flip(0), ticks, indexing="ij")
    return low + (high - low) * torch.stack([right, up], dim=2).flatten(0, 1)


def plane(codes, labels, decoder) -> None:
    """Draw codes (n, 2) as their digits, and below them what the plane decodes to.

    ``decoder`` makes images (n, 784) of codes; a twentieth of the codes on each side
    lies outside of what is drawn.
    """
    low, high = (torch.quantile(codes, q, dim=0) for q in (0.05, 0.95))
    places = {"aspect": "auto", "xlim": (low[0], high[0]), "ylim": (low[1], high[1])}
    above, below = plt.subplots(2, figsize=(5.0, 9.6))[1]
    colours = plt.get_cmap("tab10").colors
    for digit in range(10):
        style = {"marker": f"${digit}$", "s": 36, "linewidths": 0}
        own = codes[labels == digit].numpy(force=True)
        above.scatter(*own.T, color=colours[digit], **style)
    above.set(**places, xlabel="first number", ylabel="second number")
    below.imshow(_tile(decoder(lattice(low, high))), vmin=-1, vmax=1)
    below.set_axis_off()


def _tile(images: torch.Tensor):
    """Lay images (144, 784) side by side, with a gap between them."""
    step = SIDE + GAP
    paper = torch.full((CELLS * step, CELLS * step), -1.0)
    for place, image in enumerate(images.detach().cpu().view(-1, SIDE, SIDE)):
        top, left = (step * k for k in divmod(place, CELLS))
        paper[top : top + SIDE, left : left + SIDE] = image
    return paper.numpy()
