"""Checks of chapter 1: counting, sampling, entropy, programs that may be crooked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code import datasets
from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (101, 202, 303)


def _update(answer: Any) -> str:
    """1.1: ``update(p, n, outcome)``, the table of n + 1 outcomes."""
    # 49 examples with a count of 1: p * n falls just short of a whole number
    cases = [(np.array([1, 20, 28]), 0)]
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        k = int(rng.integers(4, 9))
        cases.append((rng.multinomial(37, np.ones(k) / k), int(rng.integers(k))))
    for counts, outcome in cases:
        _check_update(answer, counts, outcome)
    return (
        "The old table keeps n / (n + 1) of its weight: one part in n + 1 makes room, "
        "so that late examples move it less and less."
    )


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


def _sample(answer: Any) -> str:
    """1.2: ``sample(probs, u)`` returns the smallest i with u <= F_i for each u."""
    probs = torch.tensor([0.25, 0.0, 0.5, 0.25], dtype=torch.float64)
    _check_rule(answer, probs, torch.tensor([0.1, 0.6, 0.9], dtype=torch.float64))
    _check_steps(answer, probs)
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        many = torch.tensor(rng.dirichlet(np.ones(6)))
        _check_rule(answer, many, torch.tensor(rng.uniform(size=200)))
    return (
        "A bin of probability 0 has a riser of height 0, which no ray above the ground "
        "meets; only u = 0 can land there, in the first bin."
    )


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


def _entropy(answer: Any) -> str:
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
    return (
        "It is lowest, 0, for an outcome that is certain, and highest, log k, where k "
        "outcomes are equally probable: what is known best surprises least."
    )


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


def _step_at_zero(answer: Any) -> str:
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
    return (
        "Once in 17 million draws: a program that draws a million numbers a second "
        "meets it several times a minute, so the edge is worth minding."
    )


#: Draws that a lab's answer may ask of one program, and programs of each kind.
DRAWS, PROGRAMS = 20_000, 40


def programs(seed: int) -> dict[str, Callable[[int], torch.Tensor]]:
    """Return programs which claim to draw the ink of a random training image.

    Each takes a number n and returns amounts (n,), int64. The first is fair.
    """
    ink = datasets.binary_digits("train").pixels.sum(dim=1).long()
    generator = torch.Generator().manual_seed(seed)

    def happens(n: int, share: float) -> torch.Tensor:
        return torch.rand(n, generator=generator) < share

    def fair(n: int) -> torch.Tensor:
        return ink[torch.randint(len(ink), (n,), generator=generator)]

    def smoothed(n: int) -> torch.Tensor:
        amounts = ink.unique()
        any_amount = amounts[torch.randint(len(amounts), (n,), generator=generator)]
        return torch.where(happens(n, 1 / 25), any_amount, fair(n))

    def dealt(n: int) -> torch.Tensor:
        decks = range(n // len(ink) + 1)
        shuffled = [torch.randperm(len(ink), generator=generator) for _ in decks]
        return ink[torch.cat(shuffled)[:n]]

    def sticky(n: int) -> torch.Tensor:
        new = torch.where(happens(n, 1 / 4), 0, torch.arange(n))
        return fair(n)[new.cummax(dim=0).values]

    return {"fair": fair, "smoothed": smoothed, "dealt": dealt, "sticky": sticky}


def _judge_programs(answer: Any) -> str:
    """1.5: ``is_fair(draw)``, from at most 20 000 draws of a program."""
    passed = dict.fromkeys(_MISSED, 0)
    for seed in range(PROGRAMS):
        for kind, draw in programs(1000 + seed).items():
            passed[kind] += _says_fair(answer, draw)
    most = PROGRAMS // 10
    if len(set(passed.values())) == 1:
        raise Mistake(
            "You say the same of every program, fair or crooked. Print your number for "
            "the four that you have; amounts with p = 0 make chi-square 0 / 0."
        )
    alarms = PROGRAMS - passed.pop("fair")
    if alarms > most:
        raise Mistake(
            f"Of {PROGRAMS} fair programs you call {alarms} {_MISSED['fair']}"
        )
    for kind, missed in passed.items():
        if missed > most:
            raise Mistake(f"Of {PROGRAMS} programs {missed} pass {_MISSED[kind]}")
    return (
        "Shares that are off make chi-square too large, shares that are too good make "
        "it too small, and repetition shows in neighbours: no one number sees it all."
    )


#: What is said when too many fair programs are refused, or crooked ones of a kind pass.
_MISSED = {
    "fair": "crooked. Measure some hundred fair ones first: how far apart are the "
    "numbers that chance alone gives?",
    "smoothed": "though one draw in 25 is any amount: the rare ones come too often. "
    "Does your number look at every amount, and did you use all the draws?",
    "dealt": "though they deal the images out like cards. Print chi-square for the one "
    "you have: what would chance say to a value like that?",
    "sticky": "though one draw in four repeats the one before. The shares hide it; "
    "what do two neighbours have in common more often than they should?",
}


def _says_fair(answer: Any, draw: Callable[[int], torch.Tensor]) -> bool:
    left = DRAWS

    def counted(n: int) -> torch.Tensor:
        nonlocal left
        left -= n
        if left < 0:
            raise Mistake(f"You ask a program for more than {DRAWS} draws.")
        return draw(n)

    said = numbers(call(answer, counted)).item()
    if said not in (0, 1):
        raise Mistake(f"Return True or False for a program, not {said:g}.")
    return bool(said)


CHECKS: dict[str, Check] = {
    "1.1": _update,
    "1.2": _sample,
    "1.3": _entropy,
    "1.4": _step_at_zero,
}
LABS: dict[str, Check] = {"1.5": _judge_programs}
HINTS: dict[str, tuple[str, ...]] = {
    "1.1": (
        "Three of four tosses were heads, and one more head arrives. What was the "
        "share, and what is it now?",
        "A share times the number of examples is a count. What happens to counts when "
        "an example arrives is easy.",
        "Counts back, one more in the right place, divided by how many there are now; "
        "and all of it in a tensor of your own.",
    ),
    "1.2": (
        "Draw the staircase for 0.5, 0.2, 0.3 and send rays at 0.1, 0.6 and 0.9. Which "
        "steps lie below each ray?",
        "The bin's number is the number of steps that the ray has passed, and a ray "
        "exactly on a step has not passed it.",
        "Compare every u with every F at once by giving u a second axis. The top of "
        "the last step need not be asked about.",
    ),
    "1.3": (
        "What does an outcome that never happens add to the mean surprise? Ask first "
        "by thought, then ask the computer.",
        "As p shrinks, p log p tends to 0. The computer multiplies 0 by minus "
        "infinity, and that is not a number.",
        "A sum over the outcomes that can happen says the same and meets no zero.",
    ),
    "1.4": (
        "Print a few draws with all their digits, or multiply them by powers of two. "
        "What do they become?",
        "All draws are whole multiples of one small number, a power of two. Larger "
        "samples cannot hide a finer grid for long.",
        "If the grid has so many points from 0 up to 1, all equally likely, 0 is one "
        "of them.",
    ),
    "1.5": (
        "Print the chapter's statistic for the four programs that you have, several "
        "times each. Which ones stand out, and to which side?",
        "A fair program's statistic follows a law that you know, so you can say which "
        "values it hardly ever takes, at both ends.",
        "One kind keeps the right shares and only its order is odd. How often are two "
        "neighbours equal, and how often should they be?",
    ),
}
