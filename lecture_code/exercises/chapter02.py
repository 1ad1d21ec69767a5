"""Checks of chapter 2: the size of a table, filling it, smoothing it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, close, numbers


def _log10_bins(answer: Any) -> None:
    """2.1: ``log10_bins(levels, pixels)`` = pixels * log10(levels)."""
    for levels, pixels in ((2.0, 784), (3.0, 5), (17.0, 64), (256.0, 128 * 128 * 3)):
        try:
            got = numbers(call(answer, levels, pixels), finite=False)
        except OverflowError:
            got = math.inf
        _compare_log10(float(got), levels, pixels)


def _compare_log10(got: float, levels: float, pixels: int) -> None:
    want = pixels * math.log10(levels)
    if close(got, want):
        return
    if not math.isfinite(got):
        raise Mistake(
            f"levels ** pixels leaves the range of floats at {levels:g} ** {pixels}. "
            "Take the logarithm before the power: what is log(a ** b)?"
        )
    bases = {
        "natural logarithm": math.log(levels),
        "logarithm to base 2": math.log2(levels),
    }
    for name, one in bases.items():
        if close(got, pixels * one):
            raise Mistake(f"This is the {name}; the question asks for base 10.")
    if close(got, levels * math.log10(pixels)):
        raise Mistake(
            "You raised pixels to the power of levels: it is levels ** pixels."
        )
    raise Mistake(
        f"Not the number for {levels:g} levels and {pixels} pixels. Count by hand: two "
        "pixels of three levels each can be nine things, and you hand in log10(9)."
    )


def _examples_needed(answer: Any) -> None:
    """2.2: the smallest n with (1 - 1/k)**n <= share."""
    for k, share in ((512, 0.01), (6, 0.05), (10, 0.37), (5, 0.5), (2, 0.25)):
        _compare_needed(float(numbers(call(answer, k, share))), k, share)
    _check_many(answer, 2**60, 0.01)


def _check_many(answer: Any, k: int, share: float) -> None:
    try:
        got = float(numbers(call(answer, k, share), finite=False))
    except (ZeroDivisionError, OverflowError):
        got = math.inf
    if not math.isclose(got, -k * math.log(share), rel_tol=1e-9):
        raise Mistake(
            "Right for small tables, not for k = 2**60: there 1 - 1/k is rounded to 1, "
            "and its logarithm to 0. math.log1p(x) is log(1 + x) without that loss."
        )


def _compare_needed(got: float, k: int, share: float) -> None:
    want = next(n for n in range(10**5) if (1 - 1 / k) ** n <= share)
    if got == want:
        return
    if any(np.isclose(got, n) for n in (k, math.ceil((1 - share) * k))):
        raise Mistake(
            "That would do if no example fell twice into the same bin. They do: after "
            "n = k examples a bin is still empty with probability (1 - 1/k)**k."
        )
    limit = -k * math.log(share)
    if k > 100 and any(np.isclose(got, f(limit)) for f in (float, math.ceil, round)):
        raise Mistake(
            "-k log(share) is the limit for large k, and a good one. The exact "
            "probability after n examples is (1 - 1/k)**n."
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
    # chosen so that each mistake ends at candidates of its own
    cases = [
        (*_smoothing_case(404, 30, 0.3, 60, 400), candidates),
        (*_smoothing_case(505, 12, 50.0, 40, 400), candidates),
        (*_smoothing_case(404, 400, 0.02, 60, 3000), [400.0, 0.02, 5.0, 0.5, 0.002]),
    ]
    got = [_candidate(numbers(call(answer, *case)).item(), case[3]) for case in cases]
    if got == [_best(_held_out_nll, *case) for case in cases]:
        return
    for score, hint in _SCORES:
        if got == [_best(score, *case) for case in cases]:
            raise Mistake(hint)
    raise Mistake(
        "Another candidate has a lower held-out NLL: print all of them. Does your "
        "denominator have a for each of the k bins?"
    )


def _smoothing_case(seed: int, k: int, evenness: float, train: int, validation: int):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(k, evenness))
    draws = torch.tensor(rng.choice(k, size=train + validation, p=probs))
    return draws[:train], draws[train:], k


def _candidate(got: float, candidates: list[float]) -> float:
    for each in candidates:
        if math.isclose(each, got, rel_tol=1e-5):
            return each
    raise Mistake(
        "Return one of the candidates itself: not its place in the list, and not the "
        "score that it reached."
    )


def _best(score: Callable, train, validation, k: int, candidates: list) -> float:
    return min(candidates, key=lambda a: score(a, train, validation, k))


def _held_out_nll(a: float, counted, scored, k: int, bins: int | None = None) -> float:
    counts = torch.bincount(counted, minlength=k)
    p = (counts + a) / (len(counted) + a * (k if bins is None else bins))
    return -p[scored].log().mean().item()


#: Wrong scores of 2.3, and the hint.
_SCORES: tuple[tuple[Callable, str], ...] = (
    (
        lambda a, t, v, k: -_held_out_nll(a, t, v, k),
        "This is the worst candidate: the largest NLL, or the smallest log-likelihood.",
    ),
    (
        lambda a, t, v, k: _held_out_nll(a, t, t, k),
        "The smallest amount always wins on the data that were counted. Score the "
        "table on the vector that it has not seen.",
    ),
    (
        lambda a, t, v, k: _held_out_nll(a, t, torch.cat([t, v]), k),
        "You scored the training data too, which pulls towards small amounts: score "
        "validation alone.",
    ),
    (
        lambda a, t, v, k: _held_out_nll(a, v, t, k),
        "You counted the vector that was to be held out and scored the other one. "
        "Count train, score validation.",
    ),
    (
        lambda a, t, v, k: _held_out_nll(a, t, v, k, len(t.unique())),
        "Your denominator has a for the bins that were seen only, so that your "
        "probabilities sum to more than 1. It needs a for each of the k bins.",
    ),
    (
        lambda a, t, v, k: _held_out_nll(a, t, v, k, 0),
        "The largest amount always wins, as your probabilities sum to more than 1. The "
        "denominator needs a for each of the k bins.",
    ),
)


def _missing(answer: Any) -> None:
    """2.4: Good and Turing's estimate, held against the true missing mass."""
    for seed, n, power in ((707, 500, 1.0), (808, 4000, 0.5), (909, 20_000, 1.5)):
        rng = np.random.default_rng(seed)
        probs = np.arange(1, 5001) ** -power
        probs /= probs.sum()
        drawn = rng.choice(len(probs), size=n, p=probs)
        got = float(numbers(call(answer, torch.tensor(drawn))))
        _compare_missing(got, drawn, probs)
    few = float(numbers(call(answer, torch.tensor([7, 2, 2, 5, 2]))))
    if not close(few, 2 / 5):
        raise Mistake(
            f"Of the five outcomes 7, 2, 2, 5, 2 two are new when they are taken out, "
            f"so that 2/5 is the estimate; yours is {few:.3g}."
        )


def _compare_missing(got: float, drawn: np.ndarray, probs: np.ndarray) -> None:
    kinds, counts = np.unique(drawn, return_counts=True)
    truth = 1 - probs[kinds].sum()
    if got > 1:
        raise Mistake("A probability is at most 1: divide your count.")
    if close(got, (counts == 1).mean()):
        raise Mistake(
            "You divide by the number of different outcomes. The chance concerns the "
            "next example, so divide by the number of examples."
        )
    if close(got, len(kinds) / len(drawn)):
        raise Mistake(
            "This is the share of different outcomes. An outcome seen five times is "
            "not new when one of the five is taken out; which ones would be?"
        )
    if abs(got - truth) > 0.03:
        raise Mistake(
            f"On a law that we know, {truth:.2f} of the probability was missing and "
            f"your estimate is {got:.2f}. Take one example out: when is it new?"
        )


CHECKS: dict[str, Check] = {
    "2.1": _log10_bins,
    "2.2": _examples_needed,
    "2.3": _choose,
    "2.4": _missing,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
