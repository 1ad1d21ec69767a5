"""Answers to exercises 7.1 and 7.3 and to the lab of chapter 7, right and wrong."""

from __future__ import annotations

import numpy as np
import torch

from lecture_code import datasets


def _along(denoise, a, b, sigma):
    """Integrate the score by Gauss's rule, place by place."""
    total = 0.0
    for x, weight in zip(*np.polynomial.legendre.leggauss(80), strict=True):
        y = (a + (b - a) * (x + 1) / 2)[None]
        total += weight / 2 * ((denoise(y) - y)[0] @ (b - a)).item() / sigma**2
    return total


def _at(place):
    def answer(denoise, a, b, sigma):
        y = (a + place * (b - a))[None]
        return (denoise(y) - y)[0] @ (b - a) / sigma**2

    return answer


RIGHT = {
    "7.1": lambda said, nu: said + said * nu / (1 - nu),
    "7.3": _along,
}

WRONG = [
    ("7.1", lambda said, nu: said, "how often is the second copy black"),
    ("7.1", lambda said, nu: said * (1 - nu), "a third time"),
    ("7.1", lambda said, nu: said + nu, "nothing may be added"),
    ("7.1", lambda said, nu: (said + nu).clamp(max=1), "nothing may be added"),
    ("7.1", lambda said, nu: said / nu, "what stays is 1 - nu"),
    ("7.1", lambda said, nu: 1 - said, "the mask spares the pixel"),
    ("7.3", lambda *given: -_along(*given), "where the score points"),
    ("7.3", lambda *given: np.exp(_along(*given)), "Its logarithm"),
    ("7.3", lambda d, a, b, s: _along(d, a, b, s) * s**2, "These are moves"),
    ("7.3", lambda d, a, b, s: _along(d, a, b, 1.0) / s, "These are moves"),
    (
        "7.3",
        lambda d, a, b, s: _along(d, a, b, s) / (b - a).norm(),
        "times the length",
    ),
    ("7.3", _at(0.0), "the ends only"),
    ("7.3", _at(1.0), "the ends only"),
    ("7.3", lambda *given: (_at(0)(*given) + _at(1)(*given)) / 2, "the ends only"),
    ("7.3", _at(0.5), "its integral along a way"),
    ("7.3", lambda d, a, b, s: (d(b[None]) - d(a[None])).norm(), "integral along"),
]


def _noise(n, generator):
    return torch.randn(n, 64, generator=generator)


def _blank(n, generator):
    """Do as an untrained network does that answers 0 everywhere: noise, taken away."""
    return 0.05 * _noise(n, generator)


def _independent(given):
    """Draw each pixel from its own histogram."""

    def draw(n, generator):
        digits = given["digits"]
        rows = torch.randint(len(digits), (n, 64), generator=generator)
        return digits.gather(0, rows)

    return draw


def _gaussian(given):
    digits = given["digits"].double()
    covariance = torch.cov(digits.T) + 1e-6 * torch.eye(64)
    factor = torch.linalg.cholesky(covariance)
    return lambda n, generator: (
        digits.mean(0) + _noise(n, generator).double() @ factor.T
    )


def _copies(given):
    digits = datasets.digits("train").pixels / 16

    def draw(n, generator):
        rows = torch.randint(len(digits), (n,), generator=generator)
        return digits[rows] + 0.05 * _noise(n, generator)

    return draw


def _blends(given):
    """Lay two digits over each other."""

    def draw(n, generator):
        digits = given["digits"]
        return digits[torch.randint(len(digits), (2, n), generator=generator)].mean(0)

    return draw


LAZY = [
    ("7.5", lambda given: _blank, "the mean digit"),
    (
        "7.5",
        lambda given: lambda n, g: given["digits"].mean(0) + 0.02 * _noise(n, g),
        "where one large step lands",
    ),
    ("7.5", lambda given: lambda n, g: 3 * _noise(n, g), "end at the noise level 0"),
    ("7.5", _independent, "undo the noise at each level"),
    ("7.5", _gaussian, "blots"),
    ("7.5", _copies, "copies"),
    ("7.5", _blends, "of two training digits"),
    ("7.5", lambda given: lambda n, g: torch.rand(n, 64), "global random numbers"),
    (
        "7.5",
        lambda given: lambda n, g: given["digits"][:n] * torch.nan,
        "NaN or infinity",
    ),
    ("7.5", lambda given: given["digits"], "Hand in the function itself"),
]
