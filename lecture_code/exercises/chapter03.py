"""Checks of chapter 3: a change of variables, a normaliser, a gradient, a machine."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import torch

from lecture_code import datasets
from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (707, 808, 909)


def _log_density(answer: Any) -> str:
    """3.1: the log-density of exp(m + s z), z standard normal."""
    from scipy import stats

    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        m, s = float(rng.normal()), float(rng.uniform(0.3, 2.0))
        x = torch.tensor(rng.lognormal(m, s, size=50))
        got = numbers(call(answer, x, m, s), shape=(50,))
        want = stats.lognorm.logpdf(x.numpy(), s, scale=math.exp(m))
        _compare_log_density(got, want, x.numpy(), s)
    return (
        "(log x - m)/s plays the part of f, and its slope 1/(s x) is the factor: the "
        "map to the normal law is steepest where x is small."
    )


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


def _log_normaliser(answer: Any) -> str:
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
    return (
        "Each pixel doubles the time: at two million vectors a second an hour is "
        "reached near 33 pixels, and a digit has 64."
    )


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


def _slope(answer: Any) -> str:
    """3.3: d/dm log p(i) for p(i) proportional to exp(-(i - m)^2 / 2 s^2), i <= 20."""
    for i, m, s in ((3, 5.5, 1.5), (0, 1.0, 6.0), (20, 17.0, 8.0), (10, 25.0, 4.0)):
        got = float(numbers(call(answer, i, m, s)))
        _compare_slope(got, i, m, s)
    return (
        "It changes sign at the model's mean. That is m only where the bell stays "
        "clear of both ends: with m = 25 the mean cannot lie above 20."
    )


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


#: Where a lab's density is added up (a hundredth of area may be missing), and what it
#: has to take for a hidden value: one bell takes 4.27 nats, no knowledge 4.17.
STEP, GOAL = 1 / 32, 4.12
GRID = torch.arange(-100, 200, STEP, dtype=torch.float64) + STEP / 2


def _machine(answer: Any) -> str:
    """3.4: ``machine(x)``, the log-density of the ink in the middle of a digit."""
    on_grid = np.concatenate([_ask(answer, part) for part in GRID.split(2000)])
    _check_area(on_grid)
    images = datasets.digits("test").pixels.reshape(-1, 8, 8)
    ink = images[:, 3:5, 3:5].sum(dim=(1, 2)).double()
    noise = torch.Generator().manual_seed(SEEDS[0])
    hidden = ink + torch.rand(len(ink), generator=noise).double()
    per_value = -_ask(answer, hidden)
    impossible = np.isinf(per_value).sum()
    if impossible:
        raise Mistake(
            f"{impossible} hidden values are impossible to your density. Where none of "
            "yours lies, that of another image may."
        )
    nats = per_value.mean()
    if nats > GOAL:
        raise Mistake(_diagnose_density(nats, on_grid, hidden.numpy()))
    return (
        "Noughts are empty in the middle, most digits are not, and no value lies above "
        "65: bins, many narrow bells or a few of several widths can all say so."
    )


def _ask(answer: Any, x: torch.Tensor) -> np.ndarray:
    got = call(answer, x, untouched=True)
    got = numbers(got, shape=(len(x),), finite=False)
    if np.isnan(got).any():
        raise Mistake(
            f"NaN for some x between {x.min():.0f} and {x.max():.0f}. Where a density "
            "is 0, its logarithm is -inf; what do you divide by or take the root of?"
        )
    return got


def _check_area(log_density: np.ndarray) -> None:
    if log_density.min() >= 0 and abs(log_density.sum() * STEP - 1) < 0.01:
        raise Mistake("This is the density; the lab asks for its logarithm.")
    with np.errstate(over="ignore"):
        area = np.exp(log_density).sum() * STEP
    if abs(area - 1) > 0.01:
        raise Mistake(
            f"The area of your density from -100 to 200 is {area:.3g}, not 1. Is each "
            "part divided by how far it is stretched, and do the weights sum to 1?"
        )


def _diagnose_density(nats: float, log_density, hidden: np.ndarray) -> str:
    """Blur the density over four values: what does that do to its nats?"""
    box = np.full(round(4 / STEP), STEP / 4)
    blurred = np.convolve(np.exp(log_density), box, mode="same")
    after = -np.log(np.interp(hidden, GRID.numpy(), blurred)).mean()
    told = f"A hidden value takes {nats:.2f} nats, and {GOAL} or less are asked for."
    if after < nats - 0.02:
        return (
            f"{told} Blurred, your density would take {after:.2f}. It is too rough: "
            "its parts stand on single examples. Let validation say how wide is good."
        )
    return (
        f"{told} Blurring your density does not hurt it: it is too smooth. Count the "
        "values in bins: how many humps do you see, and how steep are the ends?"
    )


CHECKS: dict[str, Check] = {
    "3.1": _log_density,
    "3.2": _log_normaliser,
    "3.3": _slope,
}
LABS: dict[str, Check] = {"3.4": _machine}
HINTS: dict[str, tuple[str, ...]] = {
    "3.1": (
        "Which of the four machines is this? Something that can be computed from x is "
        "normal.",
        "A stretch of x and the stretch of z that it becomes hold the same "
        "probability, so what you need is how much longer the second is.",
        "Differentiate the map with respect to x, not to log x, and add the logarithm "
        "of that slope.",
    ),
    "3.2": (
        "For two pixels there are four vectors. Write the four terms down by hand, and "
        "their sum.",
        "A list of all vectors is a table with a row for each; the exponent of all "
        "rows comes from one product with W.",
        "Terms may be larger than any float while the logarithm of their sum is not. "
        "The fourth machine needed the same function.",
    ),
    "3.3": (
        "Write log p(i) as a logit minus the logarithm of a sum. Which of the two "
        "depend on m?",
        "Moving m moves each logit j at its own pace, and the formula for the softmax "
        "says what each of these does to log p(i).",
        "The sum over all j of p(j) times j's pace is a mean. What remains is the pace "
        "of i minus the mean pace.",
    ),
    "3.4": (
        "Look at the values before you choose a machine: count them in a dozen bins. "
        "What would one bell have to do with that?",
        "A table of bins is the first machine, once each bin's share is divided by its "
        "width. Several bells are the fourth.",
        "Whatever you choose has something that sets how much neighbours share. Try "
        "several settings, and let the validation values choose.",
    ),
}
