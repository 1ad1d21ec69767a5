"""Checks of chapter 2: the size of a table, filling it, smoothing it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Mistake, call, numbers

SEEDS = (404, 505, 606)


def _log10_bins(answer: Any) -> None:
    """2.1: ``log10_bins(levels, pixels)`` = pixels * log10(levels)."""
    for levels, pixels in ((2, 784), (3, 5), (17, 64), (256, 128 * 128 * 3)):
        try:
            got = float(numbers(call(answer, levels, pixels)))
        except OverflowError:
            raise Mistake(
                f"levels ** pixels overflows at {levels} ** {pixels}. Take the "
                "logarithm before the power: what is log(a ** b)?"
            ) from None
        _compare_log10(got, levels, pixels)


def _compare_log10(got: float, levels: int, pixels: int) -> None:
    if np.isclose(got, pixels * math.log(levels)):
        raise Mistake("This is the natural logarithm; the question asks for base 10.")
    if np.isclose(got, levels * math.log10(pixels)):
        raise Mistake(
            "Levels and pixels are swapped: one pixel doubles 2**d, not d**2."
        )
    if not np.isclose(got, pixels * math.log10(levels)):
        raise Mistake(
            f"Not the number for {levels} levels and {pixels} pixels. Count by hand: "
            "two pixels of three levels each can be nine things."
        )


def _examples_needed(answer: Any) -> None:
    """2.2: the smallest n with (1 - 1/k)**n <= share."""
    for k, share in ((2, 0.1), (6, 0.05), (10, 0.37), (512, 0.01), (5, 0.5)):
        got = float(numbers(call(answer, k, share)))
        _compare_needed(got, k, share)


def _compare_needed(got: float, k: int, share: float) -> None:
    want = next(n for n in range(10**5) if (1 - 1 / k) ** n <= share)
    if got == want:
        return
    if np.isclose(got, k) or np.isclose(got, math.ceil((1 - share) * k)):
        raise Mistake(
            "That would do if no example fell twice into the same bin. They do: after "
            "n = k examples a bin is still empty with probability (1 - 1/k)**k."
        )
    if np.isclose(got, math.log(share) / math.log(1 - 1 / k)):
        raise Mistake("Almost: n is a whole number, and one less would not be enough.")
    if abs(got - want) <= 1:
        raise Mistake(
            f"Off by one for k = {k}, share = {share}: put your n and n - 1 into "
            "(1 - 1/k)**n and look which is the first to reach the share."
        )
    raise Mistake(
        f"For k = {k} and share = {share} your n = {got:g} leaves a probability of "
        f"{(1 - 1 / k) ** max(got, 0):.2g} that the next example is new."
    )


def _choose(answer: Any) -> None:
    """2.3: the candidate with the smallest held-out NLL of the smoothed table."""
    candidates = [1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1000.0]
    for seed in SEEDS:
        train, validation, k = _smoothing_case(seed)
        got = float(numbers(call(answer, train, validation, k, candidates)))
        _compare_choice(got, train, validation, k, candidates)


def _smoothing_case(seed: int) -> tuple[torch.Tensor, torch.Tensor, int]:
    rng = np.random.default_rng(seed)
    k = 60
    probs = rng.dirichlet(np.full(k, 0.5))
    draws = torch.tensor(rng.choice(k, size=140, p=probs))
    return draws[:80], draws[80:], k


def _held_out_nll(a: float, counted, scored, k: int) -> float:
    p = (torch.bincount(counted, minlength=k) + a) / (len(counted) + a * k)
    return -p[scored].log().mean().item()


def _compare_choice(got: float, train, validation, k: int, candidates: list) -> None:
    nlls = {a: _held_out_nll(a, train, validation, k) for a in candidates}
    if got not in nlls:
        raise Mistake("Return one of the candidates, not the score that it reached.")
    if got == min(candidates):
        raise Mistake(
            "The smallest amount always wins on the data that were counted. Score the "
            "table on the vector that it has not seen."
        )
    if got == max(candidates):
        raise Mistake(
            "The largest amount wins if the probabilities sum to more than 1: the "
            "denominator needs a for each of the k bins. Or do you take the maximum?"
        )
    if got != min(nlls, key=nlls.__getitem__):
        raise Mistake("Another candidate has a lower held-out NLL: print all of them.")


def _missing(answer: Any) -> None:
    """2.4: Good and Turing's estimate, held against the true missing mass."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        probs = 1 / np.arange(1, 5001)
        probs /= probs.sum()
        drawn = rng.choice(len(probs), size=4000, p=probs)
        got = float(numbers(call(answer, torch.tensor(drawn))))
        _compare_missing(got, drawn, probs)


def _compare_missing(got: float, drawn: np.ndarray, probs: np.ndarray) -> None:
    kinds, counts = np.unique(drawn, return_counts=True)
    truth = 1 - probs[kinds].sum()
    if np.isclose(got, (counts == 1).mean()):
        raise Mistake(
            "You divide by the number of different outcomes. The chance concerns the "
            "next example, so divide by the number of examples."
        )
    if np.isclose(got, len(kinds) / len(drawn)):
        raise Mistake(
            "This is the share of different outcomes. An outcome seen five times is "
            "not new when one of the five is taken out; which ones would be?"
        )
    if abs(got - truth) > 0.03:
        raise Mistake(
            f"On a law that we know, {truth:.2f} of the probability was missing and "
            f"your estimate is {got:.2f}. Take one example out: when is it new?"
        )


CHECKS: dict[str, Callable[[Any], None]] = {
    "2.1": _log10_bins,
    "2.2": _examples_needed,
    "2.3": _choose,
    "2.4": _missing,
}
