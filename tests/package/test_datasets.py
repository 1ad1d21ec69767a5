"""Data sets: the same images as scikit-learn's, cut and split as documented."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from test_mnist import encoded

from lecture_code import _mnist, datasets

SIZES = {"train": 1000, "validation": 350, "test": 447}


def test_the_parts_together_are_the_bundled_digits():
    from sklearn.datasets import load_digits

    bundle = load_digits()
    parts = [datasets.digits(part) for part in ("train", "validation", "test")]
    pixels = torch.cat([part.pixels for part in parts]).numpy()
    labels = torch.cat([part.labels for part in parts]).numpy()
    np.testing.assert_array_equal(pixels.reshape(-1, 8, 8), bundle.images)
    np.testing.assert_array_equal(labels, bundle.target)


@pytest.mark.parametrize("part", SIZES)
def test_digits_are_whole_grey_levels(part):
    pixels, labels = datasets.digits(part)
    assert pixels.shape == (SIZES[part], 64)
    assert labels.shape == (SIZES[part],)
    assert pixels.dtype == torch.float32
    assert labels.dtype == torch.int64
    assert set(pixels.unique().tolist()) == set(range(17))
    assert set(labels.tolist()) == set(range(10))


def test_mnist_is_split_as_the_field_does(mnist):
    parts = {part: mnist(part) for part in ("train", "validation", "test")}
    sizes = {part: tuple(pixels.shape) for part, (pixels, _) in parts.items()}
    assert sizes == {
        "train": (50_000, 784),
        "validation": (10_000, 784),
        "test": (10_000, 784),
    }
    counts = {part: labels.bincount().tolist() for part, (_, labels) in parts.items()}
    assert counts == {
        "train": [4932, 5678, 4968, 5101, 4859, 4506, 4951, 5175, 4842, 4988],
        "validation": [991, 1064, 990, 1030, 983, 915, 967, 1090, 1009, 961],
        "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    }


@pytest.mark.parametrize(
    ("prefix", "parts"), [("train", ("train", "validation")), ("t10k", ("test",))]
)
def test_the_parts_of_mnist_are_its_files_in_their_order(mnist, prefix, parts):
    pixels, labels = map(torch.cat, zip(*map(mnist, parts), strict=True))
    for name, values in (
        (f"{prefix}-images-idx3-ubyte", pixels.reshape(-1, 28, 28)),
        (f"{prefix}-labels-idx1-ubyte", labels),
    ):
        file = encoded(values.numpy())
        assert hashlib.sha256(file).hexdigest() == _mnist.CHECKSUMS[name]


def test_a_caller_cannot_change_the_cache():
    datasets.digits("test").pixels.zero_()
    datasets.digits("test").labels.zero_()
    assert datasets.digits("test").pixels.max() == 16
    assert datasets.digits("test").labels.max() == 9


@pytest.mark.parametrize("threshold", [1, 8, 16])
def test_binary_digits_keep_what_reaches_the_threshold(threshold):
    grey, labels = datasets.digits("validation")
    bits, same_labels = datasets.binary_digits("validation", threshold=threshold)
    assert torch.equal(labels, same_labels)
    assert bits.dtype == torch.float32
    assert set(bits.unique().tolist()) == {0.0, 1.0}
    assert grey[bits == 1].min() == threshold
    assert grey[bits == 0].max() == threshold - 1


@pytest.mark.parametrize("size", range(1, 9))
def test_patches_are_the_slices_of_the_image(size):
    pixels = torch.arange(3 * 64, dtype=torch.float64).reshape(3, 64)
    found = datasets.patches(pixels, size)
    count = 9 - size
    assert found.shape == (3 * count**2, size**2)
    expected = [
        image[row : row + size, column : column + size].ravel()
        for image in pixels.numpy().reshape(3, 8, 8)
        for row in range(count)
        for column in range(count)
    ]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", datasets.TOYS)
def test_toys_have_a_law_and_samples(name, generator):
    density = datasets.toy(name)
    x = density.sample(2000, generator)
    assert x.shape == ((2000,) if name in datasets.TOYS[:3] else (2000, 2))
    # A law's own samples have a score of mean zero.
    score = density.score(x.double())
    error = score.std(0) / len(x) ** 0.5
    assert (score.mean(0).abs() < 5 * error).all()


def test_ring_and_grid_lie_where_they_should():
    ring, grid = datasets.toy("ring"), datasets.toy("grid")
    np.testing.assert_allclose(np.hypot(*ring.means.T), 2.0)
    turns = np.sort(np.mod(np.arctan2(*ring.means.T[::-1]), 2 * np.pi))
    np.testing.assert_allclose(np.diff(turns), np.pi / 4)
    assert {tuple(mean) for mean in grid.means} == {
        (x, y) for x in (-2, 0, 2) for y in (-2, 0, 2)
    }


def test_grey_levels_undo_the_scaling():
    pixels = datasets.digits("test").pixels
    x = datasets.scaled(pixels)
    assert (x.min(), x.max()) == (-1, 1)
    assert torch.equal(datasets.grey_levels(x), pixels)
    nearby = x + 0.06 * torch.sign(torch.randn(x.shape))  # less than half a level
    assert torch.equal(datasets.grey_levels(nearby), pixels)
    outside = torch.tensor([[-7.0, 9.0] * 32])
    assert datasets.grey_levels(outside)[0, :2].tolist() == [0, 16]
