"""Answers to the exercises of chapter 12, right and wrong."""

from __future__ import annotations

import math

import torch


def mean(x, alpha, sigma, m, s):
    precision = 1 / s**2 + alpha**2 / sigma**2
    return (m / s**2 + alpha * x / sigma**2) / precision


def step(denoise, x, now, then):
    (a, s), (b, r) = now, then
    share = r / s
    return share * x + (b - a * share) * denoise(x)


def spread(s, steps):
    x = 1.0
    for k in range(steps, 0, -1):
        (a, sigma), (b, r) = (
            (math.cos(j * math.pi / 2 / steps), math.sin(j * math.pi / 2 / steps))
            for j in (k, k - 1)
        )
        x = step(lambda y, a=a, v=sigma: mean(y, a, v, 0, s), x, (a, sigma), (b, r))
    return x


RIGHT = {
    "12.1": lambda betas: (1 - betas).log().cumsum(0).exp(),
    "12.2": mean,
    "12.3": step,
    "12.4": spread,
}
WRONG = [
    ("12.1", lambda b: (1 - b).cumprod(0).sqrt(), "multiplies x itself"),
    ("12.1", lambda b: (1 - b).prod(), "after each of the 8 steps"),
    ("12.1", lambda b: 1 - (1 - b).cumprod(0), "share of noise"),
    ("12.1", lambda b: 1 - b, "one step alone"),
    ("12.1", lambda b: 1 - b.cumsum(0), "Shares are multiplied"),
    ("12.1", lambda b: b.cumprod(0), "What is kept"),
    (
        "12.1",
        lambda b: torch.cat([torch.ones(1).double(), (1 - b).cumprod(0)[:-1]]),
        "one step late",
    ),
    ("12.1", lambda b: torch.ones_like(b), "very first"),
    ("12.2", lambda x, a, v, m, s: a * mean(x, a, v, m, s), "mean of alpha x0"),
    (
        "12.2",
        lambda x, a, v, m, s: m + a * s**2 / (a**2 * s**2 + v**2) * (x - m),
        "expected to be",
    ),
    ("12.2", lambda x, a, v, m, s: a * s**2 * x / (a**2 * s**2 + v**2), "answer m"),
    ("12.2", lambda x, a, v, m, s: mean(x, a, v, m, s**0.5), "weigh their squares"),
    ("12.2", lambda x, a, v, m, s: mean(x, a, v**0.5, m, s), "weigh their squares"),
    (
        "12.2",
        lambda x, a, v, m, s: m + s**2 / (a**2 * s**2 + v**2) * (x - a * m),
        "an alpha is missing",
    ),
    ("12.2", lambda x, a, v, m, s: x / a, "believes the noisy point"),
    ("12.2", lambda x, a, v, m, s: 0 * x + m, "jointly Gaussian"),
    ("12.3", lambda d, x, n, t: d(x), "not one step"),
    ("12.3", lambda d, x, n, t: t[0] * d(x), "its noise is gone"),
    (
        "12.3",
        lambda d, x, n, t: t[0] * d(x) + t[1] * (x - d(x)) / n[1],
        "without now[0] times",
    ),
    (
        "12.3",
        lambda d, x, n, t: t[0] * d(x) + t[1] * (x - n[0] * d(x)),
        "Divide by now[1]",
    ),
    ("12.3", lambda d, x, n, t: x + (d(x) - x) * (t[0] - n[0]), "straight line"),
    ("12.3", lambda d, x, n, t: x, "mix both anew"),
    ("12.4", lambda s, n: s, "From pure noise"),
    ("12.4", lambda s, n: 0.0 if n == 1 else s, "should end"),
    ("12.4", lambda s, n: spread(s, n) ** 2, "the variance"),
    ("12.4", lambda s, n: 0.0 if n == 1 else 2 * s, "multiplies x by a number"),
]
