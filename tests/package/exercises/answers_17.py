"""Answers to the exercises of chapter 17, right and wrong."""

from __future__ import annotations

import math

from scipy import optimize


def _along(x, a, b):
    e = (b - a) / (b - a).norm()
    return x @ e - (a @ e + b @ e) / 2


def _searched(D):
    slope = lambda log: log + D**2 / 8 * math.exp(-2 * log)  # noqa: E731
    return math.exp(optimize.minimize_scalar(slope, bounds=(-3, 6), method="bounded").x)


RIGHT = {
    "17.1": _along,
    "17.2": _searched,
    "17.3": lambda L, sigma: math.sqrt(L * L + sigma * sigma),
    "17.4": lambda p, sure: ((p[:, 0] < sure) & (p[:, 1] < sure)).float().mean(),
}

WRONG = [
    ("17.1", lambda x, a, b: -_along(x, a, b), "the wrong way"),
    ("17.1", lambda x, a, b: (x - a) @ (b - a) / (b - a).norm(), "half-way between"),
    (
        "17.1",
        lambda x, a, b: _along(x, a, b) - _along(x, a, b).mean(),
        "mean of the batch",
    ),
    ("17.1", lambda x, a, b: (x - (a + b) / 2) @ (b - a), "of length one"),
    ("17.1", lambda x, a, b: x @ (b - a) / (b - a).norm(), "Where is 0"),
    ("17.1", lambda x, a, b: x[:, 0], "of a batch lies at"),
    ("17.2", lambda D: D / 2 * math.exp(0.5), "at which noise"),
    ("17.2", lambda D: D**2 / 4, "the square of the noise"),
    ("17.2", lambda D: D, "D is 2m"),
    ("17.2", lambda D: 0.4, "is possible"),
    ("17.3", lambda L, s: L + s, "not the best bound"),
    ("17.3", lambda L, s: max(L, s), "at once"),
    ("17.3", lambda L, s: L**2 + s**2, "the square of the slope"),
    ("17.3", lambda L, s: L * s, "not fed to the decoder"),
    ("17.3", lambda L, s: 1.0, "it is 5"),
    ("17.4", lambda p, s: (p.max(1).values >= s).double().mean(), "classifier is sure"),
    ("17.4", lambda p, s: (p.max(1).values < s).sum(), "divide by"),
    ("17.4", lambda p, s: (p.max(1).values <= s).double().mean(), "sure enough"),
    ("17.4", lambda p, s: (p < s).double().mean(), "the larger one"),
    ("17.4", lambda p, s: (p[:, 1] < s).double().mean(), "sure of the other"),
    ("17.4", lambda p, s: 0.0, "of the rows"),
]
