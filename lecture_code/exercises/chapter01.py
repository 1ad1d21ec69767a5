"""Checks of chapter 1: counting, sampling through the inverse CDF, entropy."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (101, 202, 303)


def _update(answer: Any) -> None:
    """1.1: ``update(p, n, outcome)``, the table of n + 1 outcomes."""
    # 49 examples with a count of 1: p * n falls just short of a whole number
    cases = [(np.array([1, 20, 28]), 0)]
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        k = int(rng.integers(4, 9))
        cases.append((rng.multinomial(37, np.ones(k) / k), int(rng.integers(k))))
    for counts, outcome in cases:
        _check_update(answer, counts, outcome)


def _check_update(answer: Any, counts: np.ndarray, outcome: int) -> None:
    n = int(counts.sum())
    p = torch.tensor(counts / n)
    got = call(answer, p, n, outcome, untouched=True)
    got = numbers(got, shape=(len(counts),))
    _compare_update(got, counts, outcome)


def _compare_update(got: np.ndarray, counts: np.ndarray, outcome: int) -> None:
    n, one = counts.sum(), np.eye(len(counts))[outcome]
    if close(got, counts + one):
        raise Mistake("These are the new counts: divide by how many there are now.")
    if close(got, (counts + one) / n):
        raise Mistake(
            f"Your probabilities sum to {got.sum():.2f}: there are n + 1 outcomes now."
        )
    if close(got, (counts / n + one) / 2):
        raise Mistake(
            f"You give the one new outcome as much weight as all {n} before it. How "
            "many outcomes stand behind p?"
        )
    if not close(got, (counts + one) / (n + 1)):
        raise Mistake(
            f"Your probabilities sum to {got.sum():.2f}, and they are not the shares "
            "of n + 1 outcomes. Recover the counts from p and n first."
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
            "Right between the steps, wrong on them: at u = F_i you go on to a later "
            "bin, but the rule stops at i. If you count steps, count those that lie "
            "strictly below u."
        )
    _check_rule(answer, probs, steps)
    # the second table's sums end below 1 - 2**-53, the largest number below 1
    for table in (probs, torch.full((65,), 1 / 65, dtype=torch.float64)):
        last = torch.tensor([1 - 2.0**-53, 1.0], dtype=torch.float64)
        if not (numbers(call(answer, table, last), shape=(2,)) == len(table) - 1).all():
            raise Mistake(
                f"At the largest u your answer is not {len(table) - 1}, the last bin. "
                "It ends at F = 1, also where rounded sums end a hair below."
            )


def _check_rule(answer: Any, probs: torch.Tensor, u: torch.Tensor) -> None:
    cdf = np.cumsum(probs.numpy())
    want = np.array([np.flatnonzero(v <= cdf + 1e-12)[0] for v in u.numpy()])
    got = numbers(call(answer, probs, u), shape=None)
    if got.shape != want.shape:
        raise Mistake(
            f"Return one bin for each entry of u: shape {want.shape}, not {got.shape}."
        )
    if np.array_equal(got, len(cdf) - want):
        raise Mistake("You count the steps above u; the bin is the number below it.")
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
    for seed in SEEDS:
        _compare_entropy(answer, np.random.default_rng(seed).dirichlet(np.ones(5)))
    zero = np.array([0.5, 0.0, 0.5])
    try:
        got = numbers(call(answer, torch.tensor(zero)), shape=None, finite=False)
        undefined = bool(np.isnan(got).any())
    except ValueError:  # math.log refuses zero
        undefined = True
    if undefined:
        raise Mistake(
            "No number when a probability is 0: p log p tends to 0 there, but the "
            "computer takes log 0 at its word. Leave such outcomes out of the sum."
        )
    _compare_entropy(answer, zero)


def _compare_entropy(answer: Any, probs: np.ndarray) -> None:
    got = numbers(call(answer, torch.tensor(probs)), shape=None)
    want = -float(np.sum(probs[probs > 0] * np.log(probs[probs > 0])))
    if got.shape == probs.shape:
        raise Mistake("You return one number for each outcome: sum them.")
    got = float(numbers(got))
    if close(got, -want):
        raise Mistake("The sign: entropy is never negative, log p never positive.")
    if close(got, want / np.log(2)):
        raise Mistake("This is in bits: the book counts in nats, the natural log.")
    if close(got, -np.mean(np.log(np.maximum(probs, 1e-300)))):
        raise Mistake("You average -log p over bins; weight each bin by its p.")
    if not close(got, want):
        raise Mistake(
            f"Off by {got - want:.1g} nats on a hidden vector. A fair coin must give "
            "log 2, and a probability inside the logarithm must not be shifted."
        )


def _step_at_zero(answer: Any) -> None:
    """1.4: the probability that torch.rand(1) is exactly 0 in float32, 2**-24."""
    got = float(numbers(answer))
    if got == 0:
        raise Mistake(
            "Zero for a real number, yes. But torch.rand returns one of finitely many "
            "floats in [0, 1), and 0 is one of them. How many are there?"
        )
    if got > 1:
        raise Mistake("A probability is at most 1: one over the number of values.")
    if any(np.isclose(got, 2.0**-b, rtol=1e-3, atol=0) for b in (22, 23, 25, 32, 53)):
        raise Mistake(
            "The idea is right, the grid is not. Multiply a thousand draws by a power "
            "of two: what is the smallest one that makes all of them whole?"
        )
    if not np.isclose(got, 2.0**-24, rtol=1e-3, atol=0):
        raise Mistake(
            "Are all draws multiples of one small number? Multiply some by a power of "
            "two and look."
        )


CHECKS: dict[str, Check] = {
    "1.1": _update,
    "1.2": _sample,
    "1.3": _entropy,
    "1.4": _step_at_zero,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
