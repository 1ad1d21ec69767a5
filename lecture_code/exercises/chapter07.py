"""Checks of chapter 7: masks, posterior means, scores, and what a mask hid."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (711, 722, 733)


def _mask(answer: Any) -> None:
    """7.1: ``mask(x, nu, generator)`` zeroes each entry with probability nu."""
    for nu, seed in zip((0.2, 0.5, 0.9), SEEDS, strict=True):
        x = torch.rand(400, 50, generator=torch.Generator().manual_seed(seed)) + 1
        got: Any = [_masked(answer, x, nu, seed) for _ in range(2)]
        others = [_masked(answer, x, nu, seed + more) for more in (1, 2)]
        if not np.array_equal(*got):
            raise Mistake("The same generator gave two masks: draw from it alone.")
        if np.array_equal(got[0], others[0]):
            raise Mistake("Another generator gave the same mask: use the one given.")
        _compare_mask(got[0], x.numpy(), nu)
        if len({int((mask == 0).sum()) for mask in (got[0], *others)}) == 1:
            raise Mistake(
                "Each of your masks hits equally many numbers. Independent coins do "
                "not agree like that: each number has a coin of its own."
            )


def _masked(answer: Any, x: torch.Tensor, nu: float, seed: int) -> np.ndarray:
    generator = torch.Generator().manual_seed(seed)
    got = call(answer, x, nu, generator, untouched=True)
    return numbers(got, shape=tuple(x.shape))


def _compare_mask(got: np.ndarray, x: np.ndarray, nu: float) -> None:
    hit = got == 0
    if close(got[~hit], x[~hit] / (1 - nu)):
        raise Mistake("You rescale what stays. Dropout does; masking noise does not.")
    if not close(got[~hit], x[~hit]):
        raise Mistake("Numbers that were not masked came back changed.")
    together = hit.all(axis=0).any() or hit.all(axis=1).any()
    if together and nu < 0.9:  # at 0.9 a short row may vanish by chance
        raise Mistake("Whole rows or columns vanish together: one draw per number.")
    slack = 5 * math.sqrt(nu * (1 - nu) / x.size)
    if abs(hit.mean() - (1 - nu)) < slack and nu != 0.5:
        raise Mistake("You keep with probability nu; nu is the chance to be masked.")
    if abs(hit.mean() - nu) > slack:
        raise Mistake(f"A share of {hit.mean():.3f} was masked, with nu = {nu}.")
    for axis in (0, 1):
        _compare_counts(hit.sum(axis=axis), hit.shape[axis], nu)


def _compare_counts(counts: np.ndarray, size: int, nu: float) -> None:
    """Rows (or columns) must differ in their counts as coins make them differ."""
    ratio = counts.var(ddof=1) / (size * nu * (1 - nu))
    if abs(ratio - 1) > 6 * math.sqrt(2 / len(counts)):
        raise Mistake(
            "The numbers of masked entries per row do not vary as those of "
            "independent coins would: each entry has a coin of its own."
        )


def _denoise(answer: Any) -> None:
    """7.2: the posterior mean of a sign in Gaussian noise, tanh(y / sigma**2)."""
    for sigma in (0.6, 1.0, 2.0):
        y = np.linspace(-3, 3, 13) / sigma
        got = numbers(call(answer, torch.tensor(y), sigma), shape=y.shape)
        _compare_sign(got, y, sigma)


def _compare_sign(got: np.ndarray, y: np.ndarray, sigma: float) -> None:
    plus, minus = (np.exp(-((y - x) ** 2) / (2 * sigma**2)) for x in (1, -1))
    want = (plus - minus) / (plus + minus)
    if close(got, np.sign(y)):
        raise Mistake(
            "The nearer point is the likelier one, but the squared error wants the "
            "mean and not a guess: at y = 0.1 you are not sure, yet you answer 1."
        )
    if close(got, (1 + want) / 2):
        raise Mistake("That is the probability of +1. The mean of -1 and +1 is asked.")
    if close(got, y / (1 + sigma**2)):
        raise Mistake(
            "That is right for a Gaussian of variance 1. Here x is -1 or +1, nothing "
            "else: write down both posterior probabilities."
        )
    if not close(got, want):
        raise Mistake(
            f"Wrong at sigma = {sigma}. Bayes: the odds of +1 against -1 are "
            "exp(2 y / sigma**2). What is the mean then?"
        )


def _score(answer: Any) -> None:
    """7.3: (denoise(y) - y) / sigma**2."""
    for sigma, seed in zip((0.7, 1.3, 2.0), SEEDS, strict=True):
        rng = np.random.default_rng(seed)
        y = torch.tensor(rng.normal(size=(6, 2)))
        got = numbers(call(answer, partial(_bell, sigma), y, sigma), shape=(6, 2))
        _compare_score(got, ((0.7 - y) / (1.5 + sigma**2)).numpy(), sigma)


def _bell(sigma: float, y: torch.Tensor) -> torch.Tensor:
    """Return the posterior mean for clean data of mean 0.7 and variance 1.5."""
    return (1.5 * y + sigma**2 * 0.7) / (1.5 + sigma**2)


def _compare_score(got: np.ndarray, want: np.ndarray, sigma: float) -> None:
    if close(got, -want):
        raise Mistake("The sign: the score points uphill, to where data are dense.")
    if close(got, want * sigma**2):
        raise Mistake("That is the move itself; its length still depends on sigma.")
    if close(got, want / 2):
        raise Mistake("Half the score: differentiate (x - y)**2 / (2 sigma**2).")
    if close(got, want * sigma):
        raise Mistake("Divided by sigma: a score has the unit 1 / y, a move that of y.")
    if not close(got, want):
        raise Mistake("Not Tweedie's formula: move of the denoiser over sigma**2.")


def _posterior(answer: Any) -> None:
    """7.4: P(clean | seen 0, 0) is proportional to p[i, j] nu**(i + j)."""
    for nu, seed in zip((0.1, 0.5, 1.0), SEEDS, strict=True):
        p = np.random.default_rng(seed).dirichlet(np.ones(4)).reshape(2, 2)
        got = numbers(call(answer, torch.tensor(p), nu), shape=(2, 2))
        _compare_posterior(got, p, nu ** np.array([[0, 1], [1, 2]]))


def _compare_posterior(got: np.ndarray, p: np.ndarray, hit: np.ndarray) -> None:
    want = p * hit / (p * hit).sum()
    if close(got, want):
        return
    if close(got, p * hit):
        raise Mistake("Right up to a factor: given what you see, it must sum to 1.")
    if close(got, p):
        raise Mistake("That is the law before you looked. Seeing (0, 0) is evidence.")
    if close(got, [[1, 0], [0, 0]]):
        raise Mistake("White is not the only way to look white: masks hide black.")
    raise Mistake(
        "A black pixel looks white with probability nu, a white one always does, and "
        "the two masks are independent. Weight p[i, j] with the product."
    )


CHECKS: dict[str, Check] = {
    "7.1": _mask,
    "7.2": _denoise,
    "7.3": _score,
    "7.4": _posterior,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
