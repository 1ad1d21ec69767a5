"""Workshop 4: rows of digits, a digit on its way through the couplings, two curves."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F

from lecture_code.scenes import _sheets
from lecture_code.session import PALETTE


def sheet(levels: torch.Tensor) -> None:
    """Draw images (n, 784) with levels from 0 to 255 in rows of ten."""
    _sheets.sheet(levels / 127.5 - 1)


def rows(strips: Mapping[str, torch.Tensor]) -> None:
    """Draw a row of images (n, 784), levels 0 to 255, for each label."""
    _sheets.rows({name: levels / 127.5 - 1 for name, levels in strips.items()})


def bells(z: torch.Tensor) -> torch.Tensor:
    """Turn bell-shaped numbers from -3 to 3 into levels for the eye."""
    return ((z.float() + 3) / 6).clamp(0, 1) * 255


@torch.no_grad()
def layers(flow: torch.nn.Module, bell: torch.Tensor, label: torch.Tensor) -> None:
    """Draw digits (n, 784) as they come out of every third coupling of a flow."""
    outputs: list[torch.Tensor] = []
    every = [*flow.fine, *flow.coarse]
    hooks = [
        layer.register_forward_hook(lambda _, __, out: outputs.append(out[0]))
        for layer in every
    ]
    flow(bell, label)
    for hook in hooks:
        hook.remove()
    fine, left = len(flow.fine), outputs[len(flow.fine) - 1].chunk(2, dim=1)[0]
    strips = {"in": bells(bell)}
    for at in range(2, len(every), 3):
        z = outputs[at]
        if at >= fine:
            z = torch.cat([left, F.pixel_shuffle(z, 2)], dim=1)
        strips[f"{at + 1}"] = bells(F.pixel_shuffle(z, 2).flatten(1))
    rows(strips)


def scales() -> None:
    """Draw how an image is folded, how half of it leaves, and where it is folded."""
    axes = plt.subplots(figsize=(5, 2.2))[1]
    style = {"fc": PALETTE["blue"], "alpha": 0.3, "ec": PALETTE["ink"]}
    arrow = {"arrowstyle": "->", "color": PALETTE["ink"]}
    places = {0.0: (28, 1), 2.1: (14, 4), 4.9: (14, 2), 6.9: (7, 8)}
    for place, (side, channels) in places.items():
        for sheet in range(channels):
            off = 0.07 * (sheet - channels / 2)
            corner = (place - side / 40 + off, -side / 40 + off)
            axes.add_patch(plt.Rectangle(corner, side / 20, side / 20, **style))
        text = f"{channels} × {side} × {side}" if channels > 1 else "28 × 28"
        axes.text(place, -1.0, text, ha="center", va="top", fontsize=10)
    for start, end in ((0.8, 1.5), (2.8, 4.3), (5.5, 6.4), (7.5, 8.3)):
        axes.annotate("", xytext=(start, 0), xy=(end, 0), arrowprops=arrow)
    axes.annotate("", xytext=(3.4, 0), xy=(3.9, 1.15), arrowprops=arrow)
    for x, y, text in (
        (1.15, 0.1, "fold"),
        (3.5, -0.42, "6 couplings"),
        (5.95, 0.12, "fold"),
        (7.9, 0.12, "6 more"),
        (4.1, 1.2, "half leaves"),
        (8.4, -0.1, "$z$"),
    ):
        axes.text(x, y, text, ha="center", fontsize=10)
    axes.set(xlim=(-0.8, 8.8), ylim=(-1.4, 1.5), aspect="equal")
    axes.set_axis_off()


def choices(heats: Mapping[float, float], steps: Mapping[float, float]) -> None:
    """Draw the share of draws read as asked, against the heat and the steps."""
    _, panels = plt.subplots(1, 2, figsize=(5, 2.6), sharey=True)
    drawn = {"heat of the flow": heats, "steps of the field": steps}
    for axes, (name, shares) in zip(panels, drawn.items(), strict=True):
        places = range(len(shares))
        axes.plot(places, list(shares.values()), "o-", color=PALETTE["blue"])
        axes.set(xlabel=name, ylim=(0, 1.05))
        axes.set_xticks(places, [f"{at:g}" for at in shares])
    panels[0].set_ylabel("share as asked")
