"""Chapter 13: an image with a part erased, and ways to fill it in with their bits."""

from __future__ import annotations

import torch

from lecture_code import plotting


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
