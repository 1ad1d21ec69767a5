"""Answers to exercise 2.1 and to the lab of chapter 2."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import comb, gammaln, logsumexp

from lecture_code import datasets, histograms


def choices(pixels, low, high):
    return [math.comb(pixels, ink) for ink in range(low, high + 1)]


def by_logs(pixels, low, high):
    ink = np.arange(low, high + 1)
    logs = gammaln(pixels + 1) - gammaln(ink + 1) - gammaln(pixels - ink + 1)
    return logsumexp(logs) / math.log(10)


def by_floats(pixels, low, high):
    return math.log10(sum(comb(pixels, ink) for ink in range(low, high + 1)))


RIGHT = {"2.1": by_logs}

WRONG = [
    ("2.1", by_floats, "range of floats"),
    ("2.1", lambda d, low, high: d * math.log10(2), "whatever their ink"),
    ("2.1", lambda d, low, high: math.log2(sum(choices(d, low, high))), "asks for 10"),
    ("2.1", lambda d, low, high: math.log(sum(choices(d, low, high))), "asks for 10"),
    ("2.1", lambda d, low, high: by_logs(d, low, high - 1), "belong to them as well"),
    ("2.1", lambda d, low, high: math.log10(math.perm(d, high)), "in which order"),
    ("2.1", lambda d, low, high: math.log10(high - low + 1), "4 + 6 images"),
]


def counted(given, height, width, alpha, images=None):
    """Count tables of one shape, without a look at the validation images."""
    images = given["known"] if images is None else images
    cut = given["tiles"](images, height, width)
    table = histograms.PatternTable
    return (
        height,
        width,
        [table(height * width, smoothing=alpha).fit(tile) for tile in cut],
    )


def seen_before(given):
    return counted(given, 8, 1, 0.1, datasets.binary_digits("test").pixels)


def on_everything(given, height=4, width=2, alpha=0.1):
    test = datasets.binary_digits("test").pixels
    return counted(given, height, width, alpha, torch.cat([given["pool"], test]))


LAZY = [
    ("2.5", lambda given: counted(given, 1, 1, 1), "could be larger"),
    ("2.5", lambda given: counted(given, 2, 2, 0.1), "could be larger"),
    ("2.5", lambda given: counted(given, 8, 8, 1e-15), "know these by heart"),
    ("2.5", lambda given: counted(given, 4, 4, 0.001), "know these by heart"),
    ("2.5", lambda given: counted(given, 8, 1, 1), "several amounts of smoothing"),
    ("2.5", lambda given: counted(given, 1, 8, 0.03), "Compare other shapes"),
    ("2.5", lambda given: counted(given, 8, 1, 0), "Smooth them"),
    ("2.5", seen_before, "Leave the test part out"),
    ("2.5", on_everything, "Leave the test part out"),
    ("2.5", lambda given: on_everything(given, 8, 1, 1), "Leave the test part out"),
    ("2.5", lambda given: (8, 1), "the tuple (height, width, tables)"),
    ("2.5", lambda given: (8, 3, []), "sides that divide 8"),
    ("2.5", lambda given: (8, 1, []), "a list of 8 tables"),
    ("2.5", lambda given: (8, 1, [0.5] * 8), "not float"),
    ("2.5", lambda given: (8, 8, counted(given, 1, 1, 1)[2][:1]), "has 64 pixels"),
]
