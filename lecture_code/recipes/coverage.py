"""How much of the test patches a table of training patches has never seen."""

from __future__ import annotations

import numpy as np
import torch
from tqdm import tqdm

from lecture_code import _validate, datasets, histograms

PATCH_SIZES = (1, 2, 3, 4, 5, 6, 7, 8)
TRAIN_SIZES = (15, 31, 62, 125, 250, 500, 1000)


def unseen_share(
    patch_size: int, images: int, *, generator: torch.Generator | None = None
) -> float:
    """Share of test patches that a table fitted to some training images never saw.

    Patches are square, of side 1 to 8; so many ``images`` of the 1000 training images
    are drawn without replacement.
    """
    patch_size = _validate.integer("patch_size", patch_size, low=1, high=8)
    train, test = (datasets.binary_digits(part).pixels for part in ("train", "test"))
    images = _validate.integer("images", images, low=1, high=len(train))
    chosen = torch.randperm(
        len(train), generator=_validate.generator("generator", generator)
    )[:images]
    table = histograms.PatternTable(patch_size**2)
    table.fit(datasets.patches(train[chosen], patch_size))
    unseen = table.prob(datasets.patches(test, patch_size)) == 0
    return unseen.double().mean().item()


def table(*, repeats: int = 50) -> dict[str, np.ndarray]:
    """Mean and spread of :func:`unseen_share` over at least 2 draws of training images.

    Columns ``patch_size``, ``images``, ``unseen``, ``spread`` (the standard deviation
    of one draw), one row for each pair.
    """
    repeats = _validate.integer("repeats", repeats, low=2)
    generator = torch.Generator().manual_seed(0)
    pairs = [(size, images) for size in PATCH_SIZES for images in TRAIN_SIZES]
    draws = [
        [unseen_share(size, images, generator=generator) for _ in range(repeats)]
        for size, images in tqdm(pairs, delay=2.0, leave=False)
    ]
    return {
        "patch_size": np.array([size for size, _ in pairs]),
        "images": np.array([images for _, images in pairs]),
        "unseen": np.round(np.mean(draws, axis=1), 5),
        "spread": np.round(np.std(draws, axis=1, ddof=1), 5),
    }


TABLES = {"coverage": table}
