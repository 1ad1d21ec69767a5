"""Answers to the exercises of chapter 17, right and wrong."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import optimize, special, stats


def _searched(D):
    slope = lambda log: log + D**2 / 8 * math.exp(-2 * log)  # noqa: E731
    return math.exp(optimize.minimize_scalar(slope, bounds=(-3, 6), method="bounded").x)


def _integrated(D, s, c):
    """Half of the absolute difference of target and model, on a fine grid."""
    x = np.linspace(-40, 40, 400_001)
    both = [stats.norm.pdf(x, centre, s) for centre in (0, c * D)]
    return np.abs((both[0] + both[1]) / 2 - both[0]).sum() * (x[1] - x[0]) / 2


def _floors(floor, slopes, radii, p):
    pairs = zip(slopes, radii, strict=True)
    return [floor(slope) - special.gammaincc(p / 2, R**2 / 2) for slope, R in pairs]


def _with_tail(tail):
    def floor_of(floor, slopes, radii, p):
        pairs = zip(slopes, radii, strict=True)
        return max(0.0, *(floor(slope) - tail(R) for slope, R in pairs))

    return floor_of


RIGHT = {
    "17.1": _integrated,
    "17.2": _searched,
    "17.3": lambda *given: max([0.0, *_floors(*given)]),
}

WRONG = [
    ("17.1", lambda D, s, c: special.ndtr(D / 2 / s) - 0.5, "did the cosine go"),
    ("17.1", lambda D, s, c: special.ndtr(c * D / 2 / s) - 0.5, "a cosine has a sign"),
    ("17.1", lambda *given: 2 * _integrated(*given), "still has one of them"),
    ("17.1", lambda *given: 0.5 + _integrated(*given), "Half of the target's mass"),
    ("17.1", lambda D, s, c: special.ndtr(c * D / s) - 0.5, "half-way between"),
    ("17.1", lambda D, s, c: special.ndtr(c * D / 2) - 0.5, "in units of the noise"),
    ("17.1", lambda D, s, c: 0.3, "where do they cross"),
    ("17.2", lambda D: D / 2 * math.exp(0.5), "at which noise"),
    ("17.2", lambda D: D**2 / 4, "the square of the noise"),
    ("17.2", lambda D: D, "D is 2m"),
    ("17.2", lambda D: 0.4, "is possible"),
    ("17.3", lambda *given: max(_floors(*given)), "never below 0"),
    ("17.3", _with_tail(lambda R: math.exp(-(R**2) / 2)), "has another law"),
    ("17.3", _with_tail(lambda R: 2 * stats.norm.sf(R)), "looks at all of them"),
    ("17.3", _with_tail(lambda R: 0.0), "has to be subtracted"),
    ("17.3", lambda *given: _floors(*given)[0], "Each radius gives a floor"),
    ("17.3", lambda *given: max(_floors(*given)[-1], 0.0), "Take the highest"),
    ("17.3", lambda *given: 0.1, "the best floor is"),
]


# ------------------------------------------------------------------------- the lab


def _axis(first, second, x):
    """Positions from the mean of the first digit, 0, to that of the second, 1."""
    start, way = first.mean(0), second.mean(0) - first.mean(0)
    return (x - start) @ way / way.square().sum()


def _shares(first, second, x):
    at = _axis(first, second, x)
    middle = (at - 0.5).abs() < 0.25
    return middle.double().mean(), (at[~middle] > 0.5).double().mean()


_WORDS = {(False, False): "fair", (True, False): "missing", (False, True): "between"}


def _verdict(missing, between):
    return _WORDS.get((bool(missing), bool(between)), "both")


def _forced(first, second, made):
    """Call each image a 3 or a 7, and compare the shares."""
    share = (_axis(first, second, made) > 0.5).double().mean()
    true = len(second) / (len(first) + len(second))
    return _verdict(abs(share - true) > 0.12, False)


def _valley_only(first, second, made):
    data = torch.cat([first, second])
    real, fake = (_shares(first, second, x)[0] for x in (data, made))
    return _verdict(False, fake > real + 0.1)


def _against_a_half(first, second, made):
    data = torch.cat([first, second])
    real, (valley, share) = _shares(first, second, data), _shares(first, second, made)
    return _verdict(abs(share - 0.5) > 0.1, valley > real[0] + 0.1)


def _without_the_data(first, second, made):
    valley, share = _shares(first, second, made)
    true = len(second) / (len(first) + len(second))
    return _verdict(abs(share - true) > 0.1, valley > 0.02)


LAZY = [
    ("17.4", lambda given: "missing", "Hand in the function itself"),
    ("17.4", lambda given: lambda *three: "3 and 7", "Return one of"),
    ("17.4", lambda given: lambda *three: "fair", "whatever it makes"),
    ("17.4", lambda given: _forced, "like neither, and count them"),
    ("17.4", lambda given: _valley_only, "too many of one digit"),
    ("17.4", lambda given: _against_a_half, "need not have as many"),
    ("17.4", lambda given: _without_the_data, "Some of the data lie between"),
]
