"""Answers to the exercises of chapter 12, right and wrong."""

from __future__ import annotations

import math

import numpy as np
import torch

from lecture_code import noising


def mean(x, alpha, sigma, m, rho):
    precision = 1 / rho**2 + alpha**2 / sigma**2
    return (m / rho**2 + alpha * x / sigma**2) / precision


def step(denoise, x, now, then):
    (a, s), (b, r) = now, then
    share = r / s
    return share * x + (b - a * share) * denoise(x)


def rates(t):
    return math.cos(math.pi * t / 2), math.sin(math.pi * t / 2)


def halfway(rho):
    """Search for the time by halving."""
    low, high = 0.0, 1.0
    for _ in range(50):
        t = (low + high) / 2
        alpha, sigma = rates(t)
        low, high = (t, high) if sigma < alpha * rho else (low, t)
    return low


def floor(t, rho):
    """Take from the variance of v what its covariance with x explains."""
    alpha, sigma = rates(t)
    shared = alpha * sigma * (1 - rho**2)
    total = alpha**2 * rho**2 + sigma**2
    return alpha**2 + sigma**2 * rho**2 - shared**2 / total


def spread(rho, steps):
    x = 1.0
    for k in range(steps, 0, -1):
        (a, sigma), (b, r) = (rates(j / steps) for j in (k, k - 1))
        x = step(lambda y, a=a, v=sigma: mean(y, a, v, 0, rho), x, (a, sigma), (b, r))
    return x


def image_floor(t, rho):
    return floor(t, rho) * rates(t)[1] ** 2


def noise_floor(t, rho):
    return floor(t, rho) * rates(t)[0] ** 2


def no_answer(t, rho):
    return rates(t)[0] ** 2 + rates(t)[1] ** 2 * rho**2


def careless(t, rho):
    """Divide the error in the image by what is 0 at the start."""
    with np.errstate(invalid="ignore"):
        return image_floor(t, rho) / np.square(rates(t)[1])


def plain_floor(t, rho):
    """Divide by sigma, which is 0 at the start."""
    alpha, sigma = rates(t)
    return 1 / (1 / rho**2 + alpha**2 / sigma**2) / sigma**2


def unscaled(x, alpha, sigma, m, rho):
    """Divide by alpha first, which is 0 at the end."""
    seen, noise = x / alpha, torch.tensor(sigma / (alpha + 1e-300)) ** 2
    return (m * noise + seen * rho**2) / (noise + rho**2)


def unscaled_floats(x, alpha, sigma, m, rho):
    noise = (sigma / alpha) ** 2
    return (m * noise + x / alpha * rho**2) / (noise + rho**2)


RIGHT = {
    "12.1": halfway,
    "12.2": mean,
    "12.3": floor,
    "12.4": spread,
}
WRONG = [
    ("12.1", lambda rho: 0.5, "not equal variances"),
    ("12.1", lambda rho: math.pi / 2 * halfway(rho), "That is the angle"),
    ("12.1", lambda rho: halfway(rho**2), "sigma is squared as well"),
    ("12.1", lambda rho: 1 - halfway(rho), "the wider the data, the later"),
    ("12.1", lambda rho: 1.5 * halfway(rho) + 0.4, "between 0 and 1"),
    ("12.1", lambda rho: rho / (1 + rho), "set them equal"),
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
    ("12.3", lambda t, rho: 0.0, "Nobody reaches 0"),
    ("12.3", lambda t, rho: image_floor(t, rho), "the error in the image"),
    ("12.3", lambda t, rho: noise_floor(t, rho), "the error in the noise"),
    ("12.3", careless, "t = 0 you divide by 0"),
    ("12.3", plain_floor, "t = 0 you divide by 0"),
    ("12.2", unscaled, "At alpha = 0 you divide by 0"),
    ("12.2", unscaled_floats, "At alpha = 0 you divide by 0"),
    ("12.3", lambda t, rho: floor(t, rho) ** 0.5, "a standard deviation"),
    ("12.3", no_answer, "variance of v itself"),
    ("12.3", lambda t, rho: 1.0, "a conditional variance"),
    ("12.4", lambda s, n: s, "From pure noise"),
    ("12.4", lambda s, n: 0.0 if n == 1 else s, "should end"),
    ("12.4", lambda s, n: spread(s, n) ** 2, "the variance"),
    ("12.4", lambda s, n: 0.0 if n == 1 else 2 * s, "multiplies x by a number"),
]


def plain(calls, churn=0.0):
    """The sampler of the chapter with equal steps."""

    def walk(denoise, x):
        coin = torch.Generator().manual_seed(0)
        times = torch.linspace(1, 0, calls + 1)
        path = noising.reverse(denoise, x, times, churn=churn, generator=coin)
        return path[-1]

    return walk


def learned_by_heart(given):
    """Carry noise to the two modes, whatever the denoiser says."""
    start = torch.linspace(-6, 6, 1001, dtype=torch.float64)
    ends = noising.reverse(given["best"], start[:, None], torch.linspace(1, 0, 101))

    def walk(denoise, x):
        place = torch.searchsorted(start, x).clip(0, 1000)
        return ends[-1][:, 0][place]

    return walk


def stepwise(steps, guess_of):
    """Walk in equal steps; `guess_of` says which guess each of them takes."""

    def walk(denoise, x):
        last = None
        for k in range(steps, 0, -1):
            now, then = k / steps, (k - 1) / steps
            guess = denoise(x, now)
            taken = guess_of(denoise, x, now, then, guess, last)
            last = guess
            x = step(lambda _, taken=taken: taken, x, rates(now), rates(then))
        return x

    return walk


def both_ends(denoise, x, now, then, guess, last):
    """Heun: the mean of the guesses at both ends; the last step has one end only."""
    if then == 0:
        return guess
    end = step(lambda _: guess, x, rates(now), rates(then))
    return (guess + denoise(end, then)) / 2


def foreseen(share):
    """Move the guess on by a share of its last change."""
    return lambda d, x, now, then, guess, last: (
        guess if last is None else guess + share * (guess - last)
    )


def off_a_grid(denoise, x):
    """Read the law off a grid, in one call: the score, its integral, the quantiles."""
    grid, t = torch.linspace(-6, 6, 2001, dtype=torch.float64)[:, None], 0.05
    alpha, sigma = rates(t)
    score = (alpha * denoise(grid, t) - grid) / sigma**2
    law = torch.softmax((score.cumsum(0) * 12 / 2000).flatten(), 0).cumsum(0)
    return grid[torch.searchsorted(law, torch.special.ndtr(x)).clip(0, 2000)][..., 0]


def late(denoise, x):
    """Ask where no noise is left."""
    return denoise(x, 0.0)


LAZY = [
    ("12.5", lambda given: plain(12), "too narrow"),
    ("12.5", lambda given: plain(24), "24 calls, close enough"),
    ("12.5", lambda given: plain(24, churn=1.0), "24 calls, and not close enough"),
    ("12.5", lambda given: plain(12, churn=1.0), "take the guess at its start"),
    ("12.5", lambda given: plain(1), "a spread of 0.00"),
    ("12.5", lambda given: plain(1000), "and no end"),
    ("12.5", lambda given: lambda denoise, x: x, "never asks the denoiser"),
    ("12.5", learned_by_heart, "never asks the denoiser"),
    ("12.5", lambda given: late, "0 excluded"),
    ("12.5", lambda given: stepwise(6, both_ends), "You ask twice at one time"),
    ("12.5", lambda given: stepwise(12, foreseen(1.0)), "too great a change"),
    ("12.5", lambda given: off_a_grid, "reads the law off a grid"),
]
