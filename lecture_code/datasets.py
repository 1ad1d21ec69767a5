"""Samples: the bundled digits, whole, binary or cut to patches, and toys.

The digits come with scikit-learn: 1797 handwritten digits of 8 x 8 pixels in 17 grey
levels. They are split in the bundled order and never shuffled, so that the parts are
the same for every reader.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from lecture_code import _mnist, _validate
from lecture_code.densities import Banana, GaussianMixture, IsotropicMixture

_SIDE = 8
_PARTS = {
    "train": slice(0, 1000),
    "validation": slice(1000, 1350),
    "test": slice(1350, 1797),
}
_MNIST_PARTS = {
    "train": ("train", slice(0, 50_000)),
    "validation": ("train", slice(50_000, 60_000)),
    "test": ("t10k", slice(0, 10_000)),
}


class Digits(NamedTuple):
    """Images and what they show.

    Parameters
    ----------
    pixels : torch.Tensor, shape (n, side * side)
        Grey levels, float32, row by row.
    labels : torch.Tensor, shape (n,)
        The digit that was written, int64 from 0 to 9.
    """

    pixels: torch.Tensor
    labels: torch.Tensor


def digits(part: str = "train") -> Digits:
    """Return one part of the handwritten digits: 1000, 350 or 447 images.

    The parts are "train", "validation" and "test", the pixels (n, 64) whole values from
    0 (paper) to 16 (ink). The tensors are the caller's own.

    References
    ----------
    Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository, doi:10.24432/C50P49.
    """
    rows = _PARTS[_validate.choice("part", part, _PARTS)]
    pixels, labels = _load()
    return Digits(torch.tensor(pixels[rows]), torch.tensor(labels[rows]))


def binary_digits(part: str = "train", *, threshold: int = 8) -> Digits:
    """Return one part of the :func:`digits` with pixels 0.0 and 1.0.

    The least grey level that counts as ink is the ``threshold``, from 1 to 16.
    """
    threshold = _validate.integer("threshold", threshold, low=1, high=16)
    pixels, labels = digits(part)
    return Digits((pixels >= threshold).float(), labels)


def mnist(part: str = "train", *, folder: str | Path | None = None) -> Digits:
    """Return one part of MNIST: 50 000, 10 000 or 10 000 images.

    The parts are "train", "validation" (the last of the file for training) and "test",
    the pixels (n, 784) whole values from 0 (paper) to 255 (ink).

    Parameters
    ----------
    folder : str or pathlib.Path, optional
        Where the four files are or go; by default a cache in the user's home.
        ValueError names a damaged file, OSError one that could not be fetched or kept.

    References
    ----------
    LeCun, Cortes and Burges (1998), The MNIST database of handwritten digits.
    """
    prefix, rows = _MNIST_PARTS[_validate.choice("part", part, _MNIST_PARTS)]
    names = f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"
    pixels, labels = (_mnist.read(name, folder)[rows] for name in names)
    flat = pixels.reshape(len(pixels), -1).astype(np.float32)
    return Digits(torch.from_numpy(flat), torch.from_numpy(labels.astype(np.int64)))


def scaled(pixels: torch.Tensor) -> torch.Tensor:
    """Map grey levels (n, 64) from 0 to 16 to numbers from -1 (paper) to 1 (ink)."""
    return _validate.tensor("pixels", pixels, shape=("n", _SIDE**2)) / 8 - 1


def grey_levels(x: torch.Tensor) -> torch.Tensor:
    """Undo :func:`scaled` and round to whole numbers from 0 to 16.

    What lies outside the interval from -1 to 1 is cut off.
    """
    x = _validate.tensor("x", x, shape=("n", _SIDE**2))
    return (8 * (x + 1)).round().clamp(0, 16)


def patches(pixels: torch.Tensor, size: int) -> torch.Tensor:
    """Cut every square patch out of images (n, 64), overlaps included.

    The result has shape (n * (9 - size)**2, size**2): first all patches of image 0,
    from left to right and then down. Gradients flow to ``pixels``.
    """
    pixels = _validate.tensor("pixels", pixels, shape=("n", _SIDE**2))
    size = _validate.integer("size", size, low=1, high=_SIDE)
    images = pixels.reshape(-1, _SIDE, _SIDE)
    windows = images.unfold(1, size, 1).unfold(2, size, 1)
    # A copy: at sizes 1 and 8 the reshaped tensor would be the caller's own memory.
    return windows.clone().reshape(-1, size**2)


def toy(name: str) -> GaussianMixture | IsotropicMixture | Banana:
    """Return a density to practise on, with its law known and a ``sample`` method.

    On the line there are "two-modes", "three-modes" and "skewed", in the plane
    "clouds", "ring", "grid" and "banana"; ``TOYS`` lists them.
    """
    return _TOYS[_validate.choice("name", name, TOYS)]()


def _make_clouds() -> IsotropicMixture:
    """Return three clouds, one of them light."""
    centres = [[-1.5, -0.8], [1.5, -0.8], [0.0, 1.6]]
    return IsotropicMixture(centres, scales=0.3, weights=[0.4, 0.4, 0.2])


def _make_ring() -> IsotropicMixture:
    """Return eight clouds around a circle."""
    angles = np.arange(8) * math.tau / 8
    centres = 2 * np.column_stack([np.cos(angles), np.sin(angles)])
    return IsotropicMixture(centres, scales=0.2)


def _make_grid() -> IsotropicMixture:
    """Return nine clouds on a square grid."""
    ticks = [-2.0, 0.0, 2.0]
    return IsotropicMixture([(x, y) for x in ticks for y in ticks], scales=0.3)


_TOYS: dict[str, Callable[[], Any]] = {
    "two-modes": lambda: GaussianMixture([-2, 2], scales=0.5),
    "three-modes": lambda: GaussianMixture([-4, 0, 3], 0.6, [0.3, 0.5, 0.2]),
    "skewed": lambda: GaussianMixture([0, 1, 3], [0.4, 0.8, 1.6], [0.5, 0.3, 0.2]),
    "clouds": _make_clouds,
    "ring": _make_ring,
    "grid": _make_grid,
    "banana": Banana,
}

#: The names that :func:`toy` knows.
TOYS = tuple(_TOYS)


@functools.lru_cache(maxsize=1)
def _load() -> tuple[np.ndarray, np.ndarray]:
    """Read all bundled digits once: pixels (1797, 64) and labels (1797,)."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return pixels.astype(np.float32), labels.astype(np.int64)
