"""Checks of chapter 12: schedules, posterior means, one step, and too few steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (1201, 1212, 1223)


def _alpha_bar(answer: Any) -> None:
    """12.1: what is left of the data's variance after each small step."""
    for seed in SEEDS:
        betas = np.random.default_rng(seed).uniform(0.01, 0.2, 8)
        got = numbers(call(answer, torch.tensor(betas)), shape=None)
        if got.shape != (8,):
            raise Mistake(
                f"One share after each of the 8 steps: got shape {got.shape}."
            )
        _compare_alpha_bar(got, np.cumprod(1 - betas), betas)


def _compare_alpha_bar(got: np.ndarray, want: np.ndarray, betas: np.ndarray) -> None:
    if close(got, want):
        return
    if close(got, 1 - want):
        raise Mistake(
            "That is the share of noise. Asked is what is left of the data's."
        )
    if close(got, np.sqrt(want)):
        raise Mistake("That multiplies x itself. Alpha-bar is its square.")
    if close(got, 1 - betas):
        raise Mistake("That is one step alone. Shrinking again and again multiplies.")
    if close(got, 1 - np.cumsum(betas)):
        raise Mistake("Shares are multiplied, not subtracted: sums can go below 0.")
    if close(got, np.cumprod(betas)):
        raise Mistake("Beta is the variance of the noise. What is kept is 1 - beta.")
    if close(got[1:], want[:-1]):
        raise Mistake("You are one step late: the first entry has had one step.")
    raise Mistake(
        "x' = sqrt(1 - beta) x + sqrt(beta) eps. Follow the factor of the very first "
        "x through two steps and square it."
    )


def _mean(answer: Any) -> None:
    """12.2: the posterior mean of Gaussian data."""
    for alpha, seed in zip((0.9, 0.5, 0.0), SEEDS, strict=True):
        rng = np.random.default_rng(seed)
        sigma, m, s = math.sqrt(1 - alpha**2), rng.normal(1.5), rng.uniform(0.5, 0.8)
        x = rng.normal(size=6)
        got = numbers(call(answer, torch.tensor(x), alpha, sigma, m, s), shape=(6,))
        _compare_mean(got, x, alpha, sigma, m, s)


def _compare_mean(got, x, alpha, sigma, m, s) -> None:
    gain = alpha * s**2 / (alpha**2 * s**2 + sigma**2)
    want = m + gain * (x - alpha * m)
    if close(got, want):
        return
    for v, w in ((s, sigma**2), (s**2, sigma), (s, sigma)):
        if close(got, m + alpha * v / (alpha**2 * v + w) * (x - alpha * m)):
            raise Mistake("s and sigma are standard deviations: weigh their squares.")
    if close(got, m + s**2 / (alpha**2 * s**2 + sigma**2) * (x - alpha * m)):
        raise Mistake("Cov(x0, x) is alpha s**2: an alpha is missing in the gain.")
    if close(got, alpha * m + alpha * gain * (x - alpha * m)):
        raise Mistake("That is the mean of alpha x0. Divide by alpha, or redo Bayes.")
    if close(got, m + gain * (x - m)):
        raise Mistake("What x is expected to be is alpha m, not m: compare with that.")
    if close(got, gain * x):
        raise Mistake("The mean of the data is missing: with pure noise answer m.")
    if alpha > 0 and close(got, x / alpha):
        raise Mistake("That believes the noisy point. Weigh it against what is usual.")
    raise Mistake(
        "x0 and x are jointly Gaussian: E[x0 | x] = m + Cov(x0, x) / Var(x) (x - E x). "
        "All three follow from x = alpha x0 + sigma eps."
    )


def _step(answer: Any) -> None:
    """12.3: the deterministic step, with any denoiser."""
    for (a, b), seed in zip(((0.3, 0.6), (0.0, 0.5), (0.8, 1.0)), SEEDS, strict=True):
        s, r = (math.sqrt(1 - rate**2) for rate in (a, b))
        x = torch.tensor(np.random.default_rng(seed).normal(size=(4, 2)))

        def denoise(x, slope=1 + a):
            return (slope * x).tanh()

        got = numbers(call(answer, denoise, x, (a, s), (b, r)), shape=(4, 2))
        _compare_step(got, x.numpy(), denoise(x).numpy(), a, s, b, r)


def _compare_step(got, x, clean, a, s, b, r) -> None:
    noise = (x - a * clean) / s
    if close(got, b * clean + r * noise):
        return
    if close(got, clean):
        raise Mistake("That is the end, not one step: put the smaller noise back.")
    if close(got, b * clean):
        raise Mistake(
            "The image is right, its noise is gone: add then[1] times the noise."
        )
    if close(got, b * clean + r * (x - clean) / s):
        raise Mistake(
            "The noise in x is what is left of x without now[0] times the image."
        )
    if close(got, b * clean + r * (x - a * clean)):
        raise Mistake("Divide by now[1]: the noise itself has standard deviation 1.")
    if close(got, x + (clean - x) * (b - a)):
        raise Mistake("That walks in a straight line. Here the two rates change apart.")
    raise Mistake(
        "Estimate the image, read off the noise that explains x, and mix both anew "
        "with the two rates in then."
    )


def _spread(answer: Any) -> None:
    """12.4: the standard deviation after n exact steps on Gaussian data."""
    for s in (0.5, 2.0):
        for steps in (1, 2, 3, 10):
            got = float(numbers(call(answer, s, steps)))
            _compare_spread(got, _walked(s, steps), s, steps)


def _walked(s: float, steps: int) -> float:
    spread = 1.0
    for now in range(steps):
        angle, after = (math.pi / 2 * (1 - k / steps) for k in (now, now + 1))
        total = (math.cos(angle) * s) ** 2 + math.sin(angle) ** 2
        kept = math.cos(after) * math.cos(angle) * s**2
        spread *= (kept + math.sin(after) * math.sin(angle)) / total
    return spread


def _compare_spread(got: float, want: float, s: float, steps: int) -> None:
    if math.isclose(got, want, rel_tol=1e-4, abs_tol=1e-6):
        return
    if steps == 1:
        raise Mistake(
            "From pure noise the best denoiser knows nothing: it answers the mean, "
            "whatever x is. What spread has one point?"
        )
    if math.isclose(got, s, rel_tol=1e-4):
        raise Mistake("That is where it should end. Few steps fall short: follow them.")
    if math.isclose(got, want**2, rel_tol=1e-4):
        raise Mistake("That is the variance. The standard deviation was asked.")
    raise Mistake(
        f"Wrong for {steps} steps. For mean 0 each step multiplies x by a number: put "
        "D(x) = alpha s**2 x / (alpha**2 s**2 + sigma**2) into the step, and multiply."
    )


CHECKS: dict[str, Check] = {
    "12.1": _alpha_bar,
    "12.2": _mean,
    "12.3": _step,
    "12.4": _spread,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
