"""What tables, bins and bells cost, for digits told by 1, 4, 16 or 64 numbers."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import torch
from tqdm import tqdm

from lecture_code import _validate, datasets

#: Sides of the square blocks whose ink is one number.
SIDES = (8, 4, 2, 1)
PARTS = (1000, 350, 447)
#: The shares of the probability that may be spread evenly over all values.
SHARES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)


def sum_blocks(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """Sum the ink in blocks of images (n, 64): (n, (8 / side)**2), block by block."""
    across = 8 // side
    blocks = pixels.reshape(-1, across, side, across, side)
    return blocks.sum(dim=(2, 4)).flatten(1)


def boxes_log_prob(
    known: torch.Tensor, x: torch.Tensor, *, levels: int, width: int
) -> torch.Tensor:
    """Log-probability of vectors under counts of boxes, mixed with an even spread.

    Whole numbers below ``levels``: those in ``known`` (m, d) are counted, ``x`` (n, d)
    is asked for. A box has ``width`` values on each side; the last one is cut off.
    Returns nats (n, len(SHARES)), for each share that is spread evenly.
    """
    seen = Counter(map(tuple, (known // width).tolist()))
    boxes = x // width
    counts = torch.tensor([seen[tuple(box)] for box in boxes.tolist()])
    sides = (levels - boxes * width).clamp(max=width)
    counted = (counts.double() / len(known)).log() - sides.log().sum(dim=1)
    shares = torch.tensor(SHARES, dtype=torch.float64)
    even = shares.log() - x.shape[1] * math.log(levels)
    return torch.logaddexp(counted[:, None] + (-shares).log1p(), even)


def bells_log_prob(
    known: torch.Tensor, x: torch.Tensor, *, levels: int
) -> torch.Tensor:
    """Log-probability (n,) of vectors under a bell for each of their numbers.

    Each has the mean and standard deviation of ``known``, but no less than one level.
    """
    m, s = known.mean(dim=0), known.std(dim=0).clamp(min=1)
    outcomes = torch.arange(levels, dtype=torch.float64)[:, None]
    log_p = (-(((outcomes - m) / s) ** 2) / 2).log_softmax(dim=0)
    return log_p.gather(0, x.long()).sum(dim=1)


def compare(side: int, split: int) -> dict[str, float]:
    """Return the costs on test images, in nats, all choices made on validation ones.

    ``side`` is one of ``SIDES``, ``split`` the seed of the shuffling.
    """
    parts = [datasets.digits(part).pixels for part in ("train", "validation", "test")]
    x, levels = sum_blocks(torch.cat(parts).double(), side), 16 * side**2 + 1
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(split))
    known, validation, new = x[order].split(PARTS)
    widths = [2**e for e in range(9) if 2**e <= levels]
    table, _, _ = _choose(known, validation, new, levels, [1])
    bins, width, share = _choose(known, validation, new, levels, widths)
    return {
        "numbers": x.shape[1],
        "split": split,
        "width": width,
        "share": share,
        "table": table,
        "bins": bins,
        "bells": -bells_log_prob(known, new, levels=levels).mean().item(),
    }


def _choose(known, validation, new, levels, widths) -> tuple[float, int, float]:
    """Choose width and share on the validation part; return the cost on the new one."""
    costs = [
        -boxes_log_prob(known, validation, levels=levels, width=width).mean(dim=0)
        for width in widths
    ]
    at, share = divmod(int(torch.stack(costs).argmin()), len(SHARES))
    log_prob = boxes_log_prob(known, new, levels=levels, width=widths[at])
    return -log_prob[:, share].mean().item(), widths[at], SHARES[share]


def table(*, splits: int = 20) -> dict[str, np.ndarray]:
    """Compute :func:`compare` for all sides and random splits, one row each."""
    splits = _validate.integer("splits", splits, low=1)
    pairs = [(side, split) for side in SIDES for split in range(splits)]
    rows = [compare(*pair) for pair in tqdm(pairs, delay=2.0, leave=False)]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return columns | {
        name: np.round(columns[name], 5) for name in ("table", "bins", "bells")
    }


TABLES = {"sharing": table}
