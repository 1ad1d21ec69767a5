"""Checks of chapter 1: counting, sampling through the inverse CDF, entropy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Mistake, call, numbers

SEEDS = (101, 202, 303)


def _fit(answer: Any) -> None:
    """1.1: ``fit(outcomes, k)`` returns the relative frequencies, shape (k,)."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        k = int(rng.integers(4, 9))
        outcomes = rng.integers(0, k - 1, size=37)  # the last bin stays empty
        got = numbers(call(answer, torch.tensor(outcomes), k), shape=None)
        if got.size < k:
            raise Mistake(
                f"You returned {got.size} probabilities for k = {k}: a bin that no "
                "outcome fell into still exists. Try fit([0, 0], 3)."
            )
        _compare_counts(numbers(got, shape=(k,)), np.bincount(outcomes, minlength=k))


def _compare_counts(got: np.ndarray, counts: np.ndarray) -> None:
    if np.allclose(got, counts):
        raise Mistake("These are counts: their sum is the size of the data set, not 1.")
    if np.allclose(got, counts / len(counts)):
        raise Mistake("Divide by the number of outcomes, not by the number of bins.")
    smoothed = (counts + 1) / (counts.sum() + len(counts))
    if np.allclose(got, smoothed, atol=1e-4):
        raise Mistake("You added one to every count: the empty bin has mass. Not yet.")
    if not np.allclose(got, counts / counts.sum(), atol=1e-6):
        raise Mistake(
            f"Your probabilities sum to {got.sum():.2f}, and they are not the share of "
            "each outcome in the data. Print them for fit([0, 0, 1], 3)."
        )


def _sample(answer: Any) -> None:
    """1.2: ``sample(probs, u)`` returns the smallest i with u <= F_i for each u."""
    probs = torch.tensor([0.25, 0.0, 0.5, 0.25], dtype=torch.float64)
    _check_rule(answer, probs, torch.tensor([0.1, 0.6, 0.9], dtype=torch.float64))
    _check_steps(answer, probs)
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        many = torch.tensor(rng.dirichlet(np.ones(6)))
        _check_rule(answer, many, torch.tensor(rng.uniform(size=200)))


def _check_steps(answer: Any, probs: torch.Tensor) -> None:
    steps = torch.tensor([0.25, 0.75], dtype=torch.float64)
    got = numbers(call(answer, probs, steps), shape=(2,))
    if np.array_equal(got, [2, 3]):
        raise Mistake(
            "Right between the steps, wrong on them: at u = F_i exactly you go on to "
            "the next bin. The rule is u <= F_i, and your comparison is strict."
        )
    _check_rule(answer, probs, steps)
    last = torch.tensor([1.0], dtype=torch.float64)
    if numbers(call(answer, probs, last), shape=(1,))[0] != 3:
        raise Mistake("At u = 1 you leave the table: the last bin ends at F = 1.")


def _check_rule(answer: Any, probs: torch.Tensor, u: torch.Tensor) -> None:
    cdf = np.cumsum(probs.numpy())
    want = np.array([np.flatnonzero(v <= cdf + 1e-12)[0] for v in u.numpy()])
    got = numbers(call(answer, probs, u), shape=want.shape)
    if np.array_equal(got, want + 1):
        raise Mistake("You count from 1, or return one bin too far: bins start at 0.")
    if np.array_equal(got, want - 1):
        raise Mistake("You return the last i with F_i < u: one bin too early.")
    if not np.array_equal(got, want):
        raise Mistake(
            "Some u land in the wrong bin. Draw the staircase of F and check one u by "
            "hand: is it the cumulative sum that you compare with?"
        )


def _entropy(answer: Any) -> None:
    """1.3: ``entropy(probs)`` in nats, with 0 log 0 = 0."""
    dirichlet = [np.random.default_rng(seed).dirichlet(np.ones(5)) for seed in SEEDS]
    for probs in dirichlet:
        _compare_entropy(answer, probs)
    with_zero = call(answer, torch.tensor([0.5, 0.0, 0.5], dtype=torch.float64))
    if np.isnan(float(with_zero)):
        raise Mistake(
            "NaN when a probability is 0: p log p tends to 0 there, but the computer "
            "multiplies 0 by minus infinity. Leave such outcomes out of the sum."
        )
    _compare_entropy(answer, np.array([0.5, 0.0, 0.5]))


def _compare_entropy(answer: Any, probs: np.ndarray) -> None:
    got = float(numbers(call(answer, torch.tensor(probs))))
    want = -float(np.sum(probs[probs > 0] * np.log(probs[probs > 0])))
    if np.isclose(got, -want):
        raise Mistake("The sign: entropy is never negative, log p never positive.")
    if np.isclose(got, want / np.log(2)):
        raise Mistake("This is in bits: the book counts in nats, the natural log.")
    if np.isclose(got, -np.mean(np.log(np.maximum(probs, 1e-300)))):
        raise Mistake("You average -log p over bins; weight each bin by its p.")
    if not np.isclose(got, want, atol=1e-6):
        raise Mistake(
            f"Off by {got - want:+.2f} nats on a hidden vector. A fair coin must give "
            "log 2 = 0.69: does yours?"
        )


def _step_at_zero(answer: Any) -> None:
    """1.4: the probability that torch.rand(1) is exactly 0 in float32, 2**-24."""
    got = float(numbers(answer))
    if got == 0:
        raise Mistake(
            "Zero for a real number, yes. But torch.rand returns one of finitely many "
            "floats in [0, 1), and 0 is one of them. How many are there?"
        )
    if np.isclose(got, 2.0**-32, rtol=1e-3) or np.isclose(got, 2.0**-23, rtol=1e-3):
        raise Mistake(
            "The idea is right, the grid is not. Find it: what power of two makes all "
            "of torch.rand(1000) * 2**b whole numbers?"
        )
    if not np.isclose(got, 2.0**-24, rtol=1e-3):
        raise Mistake(
            "Count the values that torch.rand can take: multiply 1000 draws by 2**b "
            "and find the smallest b that makes all of them whole."
        )


CHECKS: dict[str, Callable[[Any], None]] = {
    "1.1": _fit,
    "1.2": _sample,
    "1.3": _entropy,
    "1.4": _step_at_zero,
}
