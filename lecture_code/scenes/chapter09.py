"""Chapter 9: the data flow of a VAE, the plane of codes, and laws that differ there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
import torch

from lecture_code.session import PALETTE

#: The boxes of the data flow: place, size, what stands in them, their colour.
BOXES = (
    ((0.0, 0), (0.9, 0.9), "$x$", "paper"),
    ((1.6, 0), (1.2, 1.5), "encoder", "blue"),
    ((2.9, 0.6), (0.8, 0.7), "$m$", "paper"),
    ((2.9, -0.6), (0.8, 0.7), "$s > 0$", "paper"),
    ((4.5, 0), (1.5, 0.8), r"$z = m + s \, \varepsilon$", "paper"),
    ((4.5, 1.5), (1.5, 0.7), r"$\varepsilon \sim N(0, I)$", "orange"),
    ((6.1, 0), (1.2, 1.5), "decoder", "blue"),
    ((7.6, 0), (0.9, 0.9), r"$\hat a$", "paper"),
)
#: Arrows between boxes, by their places in the list.
FLOW = ((0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (5, 4), (4, 6), (6, 7))


def data_flow() -> None:
    """Draw how a VAE goes from an image to log-odds, with noise from outside."""
    axes = plt.subplots(figsize=(6.4, 2.5))[1]
    for (x, y), (width, height), text, colour in BOXES:
        corner = (x - width / 2, y - height / 2)
        style = {"edgecolor": PALETTE["ink"], "alpha": 0.25 if colour != "paper" else 1}
        axes.add_patch(
            plt.Rectangle(corner, width, height, fc=PALETTE[colour], **style)
        )
        axes.text(x, y, text, ha="center", va="center", fontsize=12)
    for start, end in FLOW:
        axes.annotate("", **_join(BOXES[start], BOXES[end]))
    axes.set(xlim=(-0.6, 8.2), ylim=(-1.2, 2.0), aspect="equal")
    axes.set_axis_off()


def _join(one: tuple, two: tuple) -> dict:
    """Place an arrow from the rim of one box to that of another."""
    (x1, y1), (w1, h1), *_ = one
    (x2, y2), (w2, h2), *_ = two
    arrow = {"arrowstyle": "->", "color": PALETTE["ink"]}
    if x1 == x2:
        return {
            "xytext": (x1, y1 - h1 / 2),
            "xy": (x2, y2 + h2 / 2),
            "arrowprops": arrow,
        }
    start, end = (x1 + w1 / 2, y1 or y2), (x2 - w2 / 2, y2 or y1 / 3)
    return {"xytext": start, "xy": end, "arrowprops": arrow}


def code_plane(models, x, labels) -> Callable[..., str]:
    """Return what draws codes of images x (n, d) and the digit at one place.

    ``models`` holds a model with two latents for each weight of the KL term. The digits
    ``labels`` (n,) are the marks.
    """
    codes = {beta: model.encode(x) for beta, model in models.items()}

    def draw(z1: float, z2: float, beta: int) -> str:
        place = torch.tensor([[z1, z2]])
        image = models[beta].decode(place)[0]
        _draw_plane(codes[beta], labels, z=place[0], image=image)
        return (
            f"beta {beta}: codes spread by {codes[beta].std():.2f}, and the code "
            f"({z1}, {z2}) decodes to {image.sum():.0f} pixels of ink."
        )

    return draw


def _draw_plane(codes, labels, *, z, image) -> None:
    """Draw codes (n, 2) as their digits, beside what the place z (2,) decodes to."""
    codes, labels, image = map(np.asarray, (codes, labels, image))
    side = math.isqrt(len(image))
    ratio = {"width_ratios": [2, 1]}
    _, (plane, picture) = plt.subplots(1, 2, figsize=(5.8, 3.6), gridspec_kw=ratio)
    for digit in np.unique(labels):  # a digit as the mark: no colour to learn
        style = {"marker": f"${digit}$", "linewidths": 0, "color": PALETTE["blue"]}
        plane.scatter(*codes[labels == digit].T, s=26, **style)
    plane.plot(*z, "+", color=PALETTE["orange"], ms=20, mew=3)
    plane.set(xlabel="z1", ylabel="z2", xlim=(-3.6, 3.6), ylim=(-3.6, 3.6))
    picture.imshow(image.reshape(side, side), vmin=0, vmax=1)
    picture.set_axis_off()


def excess(ticks, log_ratio) -> None:
    """Draw by how much a law on a square (n, n) exceeds N(0, I), in nats.

    Circles hold a half and nine tenths of N(0, I).
    """
    figure, axes = plt.subplots(figsize=(5.2, 4.4))
    style = {"cmap": "RdBu", "vmin": -3, "vmax": 3}
    shade = axes.pcolormesh(ticks, ticks, np.asarray(log_ratio).T, **style)
    bar = figure.colorbar(shade, extend="both", shrink=0.8)
    bar.set_label("log (average guess / prior)")
    _draw_circles(axes)
    axes.set(xlabel="z1", ylabel="z2", xlim=(-3.6, 3.6), ylim=(-3.6, 3.6))
    axes.set_aspect("equal")


def unfolding(stages: Mapping[str, tuple], points, centres) -> None:
    """Draw codes of points (n, 2) and what the prior becomes, as a VAE is trained.

    A stage has the codes (n, 2), drawn left over circles that hold a half and nine
    tenths of N(0, I), and means (m, 2), drawn right in the plane of the points. The
    colour is that of the nearest of three centres, of the point or the mean.
    """
    panels = plt.subplots(len(stages), 2, figsize=(5.0, 7.6))[1]
    for (left, right), (name, (codes, made)) in zip(
        panels, stages.items(), strict=True
    ):
        _draw_kinds(left, codes, torch.cdist(points, centres).argmin(dim=1))
        _draw_kinds(right, made, torch.cdist(made, centres).argmin(dim=1))
        _draw_circles(left)
        left.set(xlim=(-3.6, 3.6), ylim=(-3.6, 3.6), ylabel=name)
        right.set(xlim=(-3, 3), ylim=(-3, 3))
    panels[0, 0].set_title("codes of the data")
    panels[0, 1].set_title("means of random codes")


def _draw_kinds(axes, points, kinds) -> None:
    """Draw points (n, 2) of three kinds (n,) in three colours."""
    for kind, colour in enumerate(("blue", "orange", "green")):
        style = {"color": PALETTE[colour], "s": 3, "linewidths": 0}
        axes.scatter(*points[kinds == kind].T, **style)
    axes.set(xticks=[], yticks=[], aspect="equal")


def _draw_circles(axes) -> None:
    """Draw circles that hold a half and nine tenths of N(0, I)."""
    for mass in (0.5, 0.9):
        radius = math.sqrt(-2 * math.log(1 - mass))
        axes.add_patch(plt.Circle((0, 0), radius, fill=False, ls="--"))
