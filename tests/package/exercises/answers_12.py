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


def weigher(keep=None, width=None, soft=None):
    """Build the answer to 12.1, or one with a slip."""

    def answer(images, x, t):
        alpha, sigma = rates(t)
        far = (x[:, None] - (keep or alpha) * images).square().sum(dim=2)
        exponents = -far / (width(sigma) if width else 2 * sigma**2)
        return (soft(exponents) if soft else exponents.softmax(dim=1)) @ images

    return answer


def normalised(exponents):
    return exponents.exp() / exponents.exp().sum(dim=1, keepdim=True)


def only_best(exponents):
    return torch.nn.functional.one_hot(exponents.argmax(1), exponents.shape[1]).double()


def reader(times, *, classes=None, paired=True, sign=1):
    """Build the answer to 12.2, or one with a slip."""

    def answer(model, x):
        rng = torch.Generator().manual_seed(1)
        every, total = range(classes or model.classes), []
        for t in times:
            draws = [torch.randn(x.shape, generator=rng) for _ in every]
            for k in every:
                alpha, sigma = rates(t)
                eps = draws[k if paired is False else 0]
                guess = model.denoise(alpha * x + sigma * eps, t, [k] * len(x))
                total.append((guess.detach() - x).square().sum(dim=1) / sigma**2)
        errors = torch.stack(total).reshape(len(times), -1, len(x)).sum(dim=0)
        return (sign * errors).argmin(dim=0)

    return answer


RIGHT = {
    "12.1": weigher(soft=lambda e: (e - e.logsumexp(1, True)).exp()),
    "12.2": reader([0.25, 0.4, 0.5]),
    "12.3": floor,
    "12.4": spread,
}
WRONG = [
    ("12.1", weigher(soft=only_best), "nearest image"),
    ("12.1", weigher(soft=normalised), "softmax knows that"),
    ("12.1", weigher(soft=lambda e: (0 * e).softmax(1)), "whatever x is"),
    ("12.1", weigher(keep=1.0), "shrunk by alpha"),
    ("12.1", weigher(width=lambda s: s**2), "where is the 2"),
    ("12.1", weigher(width=lambda s: 2 * s), "are squared"),
    ("12.1", weigher(soft=lambda e: (e / 3).softmax(1)), "not averaged"),
    ("12.1", lambda images, x, t: x, "x itself"),
    ("12.1", weigher(width=lambda s: 3 * s**2), "with which probability"),
    ("12.2", reader([0.3], sign=-1), "fewer than by chance"),
    ("12.2", reader([0.3], classes=10), "entries >= 0 and <= 3"),
    ("12.2", reader([0.8]), "Where does it help most"),
    ("12.2", reader([0.1], paired=False), "noise of its own"),
    ("12.2", lambda model, x: torch.arange(len(x)) // 20 % 3, "told another"),
    (
        "12.2",
        lambda model, x: (
            reader([0.3])(model, x) if x.shape[1] == 2 else torch.arange(len(x)) % 10
        ),
        "never ask the model",
    ),
    ("12.3", lambda t, rho: 0.0, "Nobody reaches 0"),
    ("12.3", lambda t, rho: image_floor(t, rho), "the error in the image"),
    ("12.3", lambda t, rho: noise_floor(t, rho), "the error in the noise"),
    ("12.3", careless, "t = 0 you divide by 0"),
    ("12.3", plain_floor, "t = 0 you divide by 0"),
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
