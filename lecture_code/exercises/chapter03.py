"""Checks of chapter 3: a change of variables, a normaliser, a gradient."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (707, 808, 909)


def _log_density(answer: Any) -> None:
    """3.1: the log-density of exp(m + s z), z standard normal."""
    from scipy import stats

    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        m, s = float(rng.normal()), float(rng.uniform(0.3, 2.0))
        x = torch.tensor(rng.lognormal(m, s, size=50))
        got = numbers(call(answer, x, m, s), shape=(50,))
        want = stats.lognorm.logpdf(x.numpy(), s, scale=math.exp(m))
        _compare_log_density(got, want, x.numpy(), s)


def _compare_log_density(got, want, x: np.ndarray, s: float) -> None:
    if close(got, np.exp(want)):
        raise Mistake("This is the density; the question asks for its logarithm.")
    if close(got, want + np.log(s * x)):
        raise Mistake("The factor f'(x) is still missing: differentiate (log x - m)/s.")
    if close(got, want + np.log(x)):
        raise Mistake("You have 1/s, the slope of z in log x. The slope in x has 1/x.")
    if close(got, want + np.log(s)):
        raise Mistake("You have 1/x, the slope of log x. Where did s go?")
    if close(got, want + 2 * np.log(s * x)):
        raise Mistake("You divide by the slope. Where f is steep there is more mass.")
    if not close(got, want):
        raise Mistake(
            f"Off by {np.abs(got - want).max():.2g} nats on a hidden case. Add up "
            "exp(log_density) on a fine grid: is the area 1?"
        )


def _log_normaliser(answer: Any) -> None:
    """3.2: log of the sum of exp(x' W x) over all binary vectors x."""
    for seed, d, scale in zip(SEEDS, (3, 5, 10), (1.0, 0.5, 200.0), strict=True):
        weights = np.random.default_rng(seed).normal(size=(d, d)) * scale
        try:
            got = numbers(call(answer, torch.tensor(weights)), finite=False)
        except OverflowError:  # math.exp refuses what torch.exp calls infinite
            got = math.inf
        if scale > 1 and not np.isfinite(got):
            raise Mistake(
                "Not finite when the terms are large: exp overflows. Take out the "
                "largest term first, or look for a function named logsumexp."
            )
        _compare_log_normaliser(float(numbers(got)), weights)
    _check_one_pixel(answer)


def _check_one_pixel(answer: Any) -> None:
    one = np.array([[1.0]])
    try:
        got = float(numbers(call(answer, torch.tensor(one))))
    except (RuntimeError, IndexError):
        raise Mistake(
            "Right for three pixels and more, and it breaks for one, W = [[1.0]]. Does "
            "your list of all vectors then still have the shape (2, 1)?"
        ) from None
    _compare_log_normaliser(got, one)


def _compare_log_normaliser(got: float, weights: np.ndarray) -> None:
    want, spins = (_log_z(weights, low) for low in (0, -1))
    if close(got, spins):
        raise Mistake("You sum over vectors of -1 and 1; the pixels here are 0 and 1.")
    if want < 700 and close(got, math.exp(want)):
        raise Mistake("This is Z; the question asks for log Z.")
    if close(got, -want):
        raise Mistake("The sign: each term is exp(+ x' W x).")
    if not close(got, want):
        raise Mistake(
            f"Off by {got - want:+.2g} for {len(weights)} pixels. With W = 0 all terms "
            "are 1, so that log Z = d log 2; with W = [[1.0]], log Z = log(1 + e) = "
            "1.313. Does yours say that?"
        )


def _log_z(weights: np.ndarray, low: int) -> float:
    patterns = itertools.product([low, 1], repeat=len(weights))
    energies = [float(np.array(x) @ weights @ np.array(x)) for x in patterns]
    return float(np.logaddexp.reduce(energies))


def _slope(answer: Any) -> None:
    """3.3: d/dm log p(i) for p(i) proportional to exp(-(i - m)^2 / 2 s^2), i <= 20."""
    for i, m, s in ((3, 5.5, 1.5), (0, 1.0, 6.0), (20, 17.0, 8.0), (10, 25.0, 4.0)):
        got = float(numbers(call(answer, i, m, s)))
        _compare_slope(got, i, m, s)


def _compare_slope(got: float, i: int, m: float, s: float) -> None:
    def agrees(want: float) -> bool:  # differences in float32 are as good
        return math.isclose(got, want, rel_tol=1e-2, abs_tol=1e-5)

    want = (i - _mean(m, s)) / s**2
    if agrees((i - m) / s**2) and not agrees(want):
        raise Mistake(
            "You differentiate the logit of i only. The normaliser depends on m as "
            "well: near the ends of 0, ..., 20 the model's mean is not m."
        )
    if agrees(-want):
        raise Mistake(
            "The sign: if i lies above the model's mean, a larger m makes i more "
            "probable."
        )
    if agrees(want * s**2):
        raise Mistake("A factor is missing: how fast does each logit move with m?")
    if not agrees(want):
        raise Mistake(
            f"For i = {i}, m = {m:g}, s = {s:g} you say {got:.4g}. Compare with "
            "(log p(i) at m + h minus log p(i) at m) / h for a small h."
        )


def _mean(m: float, s: float) -> float:
    outcomes = np.arange(21)
    weights = np.exp(-(((outcomes - m) / s) ** 2) / 2)
    return float(weights @ outcomes / weights.sum())


CHECKS: dict[str, Check] = {
    "3.1": _log_density,
    "3.2": _log_normaliser,
    "3.3": _slope,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
