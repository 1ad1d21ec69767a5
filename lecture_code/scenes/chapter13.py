"""Chapter 13: nested intervals, a family of particles, an image filled in, and PNG."""

from __future__ import annotations

import io

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image

from lecture_code import plotting
from lecture_code.session import PALETTE


def nested_intervals(p, words) -> None:
    """Draw the table p (2, 2) as parts of [0, 1), and the word of each of its images.

    A word, a list of bits, is drawn as the piece of the line that it names.
    """
    axes, p = plt.subplots(figsize=(6.4, 2.4))[1], np.asarray(p)
    first = p.sum(axis=1)
    _parts(axes, 2, [0, first[0]], first, ["white", "black"])
    ends = p.ravel().cumsum()
    names = ["white, white", "", "", "black, black"]
    _parts(axes, 1, ends - p.ravel(), p.ravel(), names)
    texts = ["".join(map(str, word)) for word in words]
    sizes = [2.0 ** -len(text) for text in texts]
    starts = [int(text, 2) * size for text, size in zip(texts, sizes, strict=True)]
    _parts(axes, 0, starts, sizes, texts)
    axes.set(xlim=(0, 1), ylim=(-0.75, 2.4), yticks=[2, 1, 0])
    axes.set_yticklabels(["first pixel", "both", "word"])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _parts(axes, row: int, starts, widths, names) -> None:
    """Draw parts of the line; the name of a narrow one stands below it."""
    faces = [PALETTE["paper"], "#c9d8ea"] * len(names)
    for x, wide, name, face in zip(starts, widths, names, faces, strict=False):
        style = {"height": 0.66, "color": face, "edgecolor": PALETTE["ink"]}
        axes.barh(row, wide, left=x, **style)
        if wide > 0.1:
            axes.text(x + wide / 2, row, name, ha="center", va="center", fontsize=9)
        elif name:  # two narrow ones side by side lean away from each other
            lean = "right" if wide > 0.05 else "left"
            axes.text(x + wide / 2, row - 0.38, name, ha=lean, va="top", fontsize=9)


def family_tree(parents, weights) -> None:
    """Draw what n particles descend from, pixel by pixel.

    ``parents`` are tensors (n,), one for each pixel: whose child each particle is;
    ``weights`` (n,) are those of the last ones, drawn as the sizes of their dots.
    """
    axes, n = plt.subplots(figsize=(6.0, 3.4))[1], len(weights)
    alive = np.arange(n)
    for column in range(len(parents) - 1, 0, -1):
        above = np.asarray(parents[column])
        for child, parent in enumerate(above):
            colour = PALETTE["blue" if child in alive else "grey"]
            lasts = {"lw": 1.8 if child in alive else 0.8, "zorder": 1}
            axes.plot([column - 1, column], [parent, child], color=colour, **lasts)
        alive = np.unique(above[alive])
        axes.plot([column - 1] * n, range(n), "o", color=PALETTE["grey"], ms=3)
        axes.plot([column - 1] * len(alive), alive, "o", color=PALETTE["blue"], ms=5)
    last = np.full(n, len(parents) - 1)
    sizes = 10 + 400 * np.asarray(weights)
    axes.scatter(last, range(n), s=sizes, color=PALETTE["orange"], zorder=2)
    axes.set(xlabel="missing pixel", yticks=[], xticks=range(len(parents)))
    axes.set_xticklabels(range(1, len(parents) + 1))


def repaint(rows, bits, *, image: int) -> str:
    """Draw image ``image``, from 1, of each labelled row (n, 64); return its prices.

    The first row is the erased one; ``bits`` (rows - 1, n) price the others.
    """
    names = list(rows)
    prices = [f"{b:.0f} bits" for b in bits[:, image - 1]]
    titles = [f"{n}\n{b}" for n, b in zip(names, ["", *prices], strict=True)]
    shown = torch.stack([x[image - 1] for x in rows.values()])
    plotting.images(shown, columns=len(names), titles=titles, high=16)
    told = ", ".join(title.replace("\n", " ") for title in titles[1:])
    return f"Image {image}, a part erased and filled in: {told}."


def png_bits(images) -> list[int]:
    """Return the size in bits of each black and white image, (n, 784), as PNG file."""
    sizes = []
    for image in images:
        file = io.BytesIO()
        picture = Image.fromarray(255 * image.reshape(28, 28)).convert("1")
        picture.save(file, "png", optimize=True)
        sizes.append(8 * file.tell())
    return sizes
