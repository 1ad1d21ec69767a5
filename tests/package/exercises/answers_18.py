"""Answers to the exercises of chapter 18, right and wrong."""

from __future__ import annotations

import math

import numpy as np
from scipy import special


def _through(steps, noises):
    for k, noise in enumerate(noises):
        yield noise * math.prod(steps[k:])


def _exponent(D, s):
    return D**2 / (8 * s**2)


def _prices(L):
    return [T * L ** (1 / T) for T in range(1, 100)]


RIGHT = {
    "18.1": lambda steps, noises: np.linalg.norm(list(_through(steps, noises))),
    "18.2": lambda D, s, b: math.ceil((math.log(s) + _exponent(D, s)) / math.log(b)),
    "18.3": lambda L: int(np.argmin(_prices(L))) + 1,
    "18.4": lambda D, L: 0.5 / (1 - special.ndtr(D / (2 * L))),
}

WRONG = [
    ("18.1", lambda a, b: sum(_through(a, b)), "add squares"),
    ("18.1", lambda a, b: sum(r**2 for r in _through(a, b)), "the square of the slope"),
    (
        "18.1",
        lambda a, b: math.hypot(*(n * math.prod(a[:k]) for k, n in enumerate(b))),
        "after it, not before",
    ),
    ("18.1", lambda a, b: b[0] * math.prod(a), "the others are missing"),
    ("18.1", lambda a, b: math.prod(a), "where are the noises"),
    ("18.1", lambda a, b: 1.0, "Follow one noise"),
    (
        "18.2",
        lambda D, s, b: (math.log(s) + _exponent(D, s)) / math.log(b),
        "a whole number",
    ),
    (
        "18.2",
        lambda D, s, b: int((math.log(s) + _exponent(D, s)) / math.log(b)),
        "round up",
    ),
    (
        "18.2",
        lambda D, s, b: math.ceil((math.log(s) + D**2 / 2 / s**2) / math.log(b)),
        "D is 2m",
    ),
    ("18.2", lambda D, s, b: math.ceil(_exponent(D, s) / math.log(b)), "The factor s"),
    (
        "18.2",
        lambda D, s, b: math.ceil(s * math.exp(_exponent(D, s)) / b),
        "slopes of the steps multiply",
    ),
    (
        "18.2",
        lambda D, s, b: math.ceil(math.log(s * math.exp(_exponent(D, s)), b)),
        "OverflowError",
    ),
    ("18.2", lambda D, s, b: 3, "Work with logarithms"),
    (
        "18.2",
        lambda D, s, b: round((math.log(s) + _exponent(D, s)) / math.log(b)),
        "round up",
    ),
    ("18.2", lambda D, s, b: RIGHT["18.2"](D, s, b) + 1, "enough already"),
    ("18.3", lambda L: min(_prices(L)), "That is the price"),
    ("18.3", lambda L: 1, "two cost less"),
    ("18.3", lambda L: math.log(L), "need not be whole"),
    ("18.3", lambda L: max(1, round(math.log(L))), "its two neighbours"),
    ("18.3", lambda L: max(1, math.ceil(math.log2(L))), "Steps of slope 2"),
    ("18.3", lambda L: 7, "and yours"),
    ("18.4", lambda D, L: 2 * special.ndtr(-D / L / 2), "the share kept"),
    ("18.4", lambda D, L: 1 - 2 * special.ndtr(-D / L / 2), "the share rejected"),
    ("18.4", lambda D, L: 0.5 / special.ndtr(-D / L), "to either side"),
    ("18.4", lambda D, L: 1 / special.ndtr(-D / L / 2), "two tails"),
    ("18.4", lambda D, L: 1 / special.erfc(D / L / 2), "one kept sample costs"),
]
