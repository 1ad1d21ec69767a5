"""Answers to the exercises of chapter 16, right ones and wrong ones."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import special

from lecture_code import pushforward
from lecture_code.densities import GaussianMixture


def pair(m):
    return GaussianMixture([-m, m], 1.0)


def lands(z, x, low, high, latents):
    made = np.interp(latents, z.numpy(), x.numpy())
    return (low < made) & (made < high)


def by_grid(z, x, low, high):
    latents = np.linspace(-7, 7, 200_001)
    weights = np.exp(-(latents**2) / 2)
    return weights[lands(z, x, low, high, latents)].sum() / weights.sum()


def uniform(z, x, low, high):
    latents = np.linspace(float(z[0]), float(z[-1]), 50_001)
    return lands(z, x, low, high, latents).mean()


def inverse(z, x, low, high):
    order = np.argsort(x.numpy())
    ends = np.interp([low, high], x.numpy()[order], z.numpy()[order])
    return float(np.diff(special.ndtr(ends))[0])


def inside(z, x, low, high):
    latents = special.ndtri((np.arange(200_000) + 0.5) / 200_000)
    between = (latents > float(z[0])) & (latents < float(z[-1]))
    return (lands(z, x, low, high, latents) & between).mean()


def touching(z, x, low, high):
    return by_grid(z, x, np.nextafter(low, -np.inf), high)


def needed(m, tv):
    return pushforward.lipschitz_needed(pair(m), tv)


def noisy(m, sigma, tv):
    return max(needed(m, tv) ** 2 - sigma**2, 0) ** 0.5


def suspects(m, slopes, tvs):
    return tvs < pushforward.tv_star(pair(m), slopes).lower - 1e-3


def floor(p, n):
    return (p / n - p**2 / n).sqrt().sum() / math.sqrt(2 * math.pi)


RIGHT = {"16.1": by_grid, "16.2": noisy, "16.3": suspects, "16.4": floor}

WRONG = [
    ("16.1", uniform, "equally likely"),
    ("16.1", inverse, "the ends change places"),
    ("16.1", lambda *a: abs(inverse(*a)), "a map that folds"),
    ("16.1", lambda *a: 0.5, "it is 0."),
    ("16.1", inside, "beyond the outer knots"),
    ("16.2", lambda m, s, tv: needed(m, tv), "noise included"),
    ("16.2", lambda m, s, tv: needed(m, tv) - s, "add as squares"),
    ("16.2", lambda m, s, tv: noisy(m, s, tv) ** 2, "the square of the slope"),
    ("16.2", lambda m, s, tv: math.hypot(needed(m, tv), s), "needs less, not more"),
    ("16.2", lambda m, s, tv: noisy(m / 2, s, tv), "modes at -m and m"),
    (
        "16.2",
        lambda m, s, tv: abs(needed(m, tv) ** 2 - s**2) ** 0.5,
        "the noise alone has more slope",
    ),
    ("16.2", lambda m, s, tv: noisy(m, s, 0), "what an exact fit needs"),
    (
        "16.2",
        lambda m, s, tv: max(needed(m, tv) ** 2 - s, 0) ** 0.5,
        "the square of sigma",
    ),
    (
        "16.3",
        lambda m, s, tv: tv < pushforward.tv_star(pair(m), s).lower + 1e-3,
        "5 are convicted",
    ),
    ("16.3", lambda m, s, tv: 2 * suspects(m, s, tv), "one True or False"),
    ("16.3", lambda m, s, tv: ~suspects(m, s, tv), "Turned round"),
    (
        "16.3",
        lambda m, s, tv: tv < pushforward.tv_lower_bound(pair(m), s) - 1e-3,
        "use tv_star",
    ),
    ("16.3", lambda m, s, tv: suspects(m / 2, s, tv), "are judged wrongly"),
    ("16.3", lambda m, s, tv: suspects(m, s, tv).any(), "expected shape (12,)"),
    ("16.1", touching, "Strictly between"),
    ("16.4", lambda p, n: (p / n / math.tau).sqrt().sum(), "strays less"),
    ("16.4", lambda p, n: 2 * floor(p, n), "half the sum"),
    ("16.4", lambda p, n: torch.sqrt(p / n).sum() / 2, "of a centred Gaussian"),
    ("16.4", lambda p, n: floor(p, n**2), "once, not twice"),
    ("16.4", lambda p, n: 0.1, "it is 0."),
    ("16.4", lambda p, n: n * floor(p, n), "in samples"),
    ("16.4", lambda p, n: (p * (1 - p) / n).sum() / 2, "Those are variances"),
]
