"""Checks of chapter 11: the best critic, Jensen-Shannon, pulls, a mode lost or kept."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, close, labs, numbers

SEEDS = (1101, 1112, 1123)


def _critic(answer: Any) -> str:
    """11.1: the share of data among all that the critic sees at x."""
    for share, seed in zip((0.2, 0.5, 0.9), SEEDS, strict=True):
        p, q = np.random.default_rng(seed).uniform(0.1, 2.0, (2, 6))
        given = torch.tensor(p), torch.tensor(q), share
        _compare_critic(numbers(call(answer, *given), shape=(6,)), p, q, share)
    return (
        "Where p = q it says `share`: the base rate of data, all that is left to know."
    )


def _compare_critic(got: np.ndarray, p: np.ndarray, q: np.ndarray, s: float) -> None:
    want = s * p / (s * p + (1 - s) * q)
    if close(got, want):
        return
    if close(got, 1 - want):
        raise Mistake("That is the chance of a forgery: D is the chance of data.")
    if close(got, p / (p + q)):
        raise Mistake(
            "Right for as many forgeries as data. Weigh both terms of the value with "
            "how often the critic meets them, then set the derivative to zero."
        )
    if close(got, (1 - s) * p / ((1 - s) * p + s * q)):
        raise Mistake("The shares are exchanged: `share` is that of the data.")
    if close(got, np.log(s * p / ((1 - s) * q))):
        raise Mistake("That is the logit. D itself lies between 0 and 1.")
    raise Mistake(
        "At each x maximise share * p * log D + (1 - share) * q * log(1 - D) over D."
    )


def _boxes(answer: Any) -> str:
    """11.2: the overlap decides, and beyond it nothing does."""
    shifts = [0.0, 0.25, 0.7, 1.0, 3.0, -0.4, -3.0]
    got = [float(numbers(call(answer, shift))) for shift in shifts]
    _compare_boxes(np.array(got), np.array(shifts))
    return (
        "From a shift of 1 on it is log 2, wherever the box stands: no way to move it "
        "is better than another."
    )


def _compare_boxes(got: np.ndarray, shifts: np.ndarray) -> None:
    apart = np.abs(shifts)
    want = np.minimum(apart, 1) * math.log(2)
    right = np.isclose(got, want, atol=1e-5)
    slips = {
        "A divergence is never negative: the direction does not count.": (
            np.sign(shifts) * want
        ),
        "Twice too large: JS is the mean of two KLs, not their sum.": 2 * want,
        "Half of it: the two KLs are log 2 times the stretch each.": want / 2,
        "You answer in bits. The book counts nats.": want / math.log(2),
        "That is W1, the way that the mass has to go. JS was asked.": apart,
    }
    if right.all():
        return
    for hint, wrong in slips.items():
        if close(got, wrong):
            raise Mistake(hint)
    if right[apart <= 1].all():
        raise Mistake("Boxes that do not overlap cannot become more different: cap it.")
    raise Mistake(
        f"Wrong at a shift of {shifts[~right][0]}. Where both boxes are, p / m = 1 and "
        "adds nothing; where only one is, p / m = 2. How long are these stretches?"
    )


def _pulls(answer: Any) -> str:
    """11.3: derivatives at x of log(1 - D) and -log D for two Gaussians."""
    for theta, seed in zip((3.0, 1.0, -2.0), SEEDS, strict=True):
        x = theta + np.random.default_rng(seed).normal(size=5)
        got = [
            numbers(each, shape=(5,)) for each in _pair(answer, torch.tensor(x), theta)
        ]
        _compare_pulls(got, 1 / (1 + np.exp(theta * x - theta**2 / 2)), theta)
    return (
        "The first is next to zero for forgeries that are seen through, the second for "
        "those that pass. At theta = 0 both are: the game is over."
    )


def _pair(answer: Any, x: torch.Tensor, theta: float) -> list:
    try:
        first, second = call(answer, x, theta)
    except (TypeError, ValueError):
        raise Mistake(
            "Return two tensors: saturating first, then non-saturating."
        ) from None
    return [first, second]


def _compare_pulls(got: list[np.ndarray], d: np.ndarray, theta: float) -> None:
    want = [theta * d, theta * (1 - d)]
    if close(got, want):
        return
    if close(got, want[::-1]):
        raise Mistake("The two are swapped: log(1 - D) is the saturating loss.")
    if close(got, [-each for each in want]):
        if theta < 0:  # with a positive theta all was well
            raise Mistake("The chain rule brings theta with its sign, not |theta|.")
        raise Mistake("These are the ways that x will move. The derivative points up.")
    if close(got, [d, 1 - d]) or close(got, [-d, d - 1]):
        raise Mistake("The chain rule is missing: the logit falls by theta as x rises.")
    raise Mistake(
        "The logit is a = log p - log q = theta**2 / 2 - theta * x. With "
        "D = sigmoid(a) the derivative of log(1 - D) in a is -D. And of -log D?"
    )


#: Where the two modes lie, and how far from one a sample still counts for it.
_MODES, _RADIUS = torch.tensor([-2.0, 2.0]), 1.5
#: A mode with at most the first share is lost, with at least the second it is kept;
#: the third is the most that may lie elsewhere.
_LOST, _KEPT, _ELSEWHERE = 0.05, 0.25, 0.15
_FRESH = (1101, 1112, 1123)


def _games(answer: Any) -> str:
    """11.4: two functions of a seed: a generator without a mode, and one with both."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        raise Mistake("Hand in a pair: the function that loses a mode, then the other.")
    for game, check in zip(answer, (_check_lost, _check_kept), strict=True):
        samples = [_samples(game, seed) for seed in _FRESH]
        if torch.equal(samples[0], samples[1]):
            raise Mistake("Two seeds give the same samples: does your function use it?")
        for each in samples:
            check(((each - _MODES).abs() < _RADIUS).double().mean(dim=0))
    return (
        "`wide` alone takes chance out: if it is small, a mode was lost on every seed "
        "that we tried, and if it is large, on none. What chance decides in between, "
        "this does not show."
    )


def _samples(game: Any, seed: int) -> torch.Tensor:
    """Play a game, and push the same noise through each generator, (2000, 1)."""
    if isinstance(game, torch.nn.Module):
        raise Mistake("Hand in functions of a seed, not what they have trained.")
    generator = labs.model(call(game, seed))
    z = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return torch.tensor(numbers(generator(z), shape=(2000, 1)))


def _check_lost(shares: torch.Tensor) -> None:
    if shares.sum() < 0.5:
        raise Mistake(
            f"To lose a mode, a generator must have found the other one. On a fresh "
            f"seed yours puts {_percent(shares)} at the two."
        )
    if shares.min() > _LOST:
        raise Mistake(
            f"On a fresh seed the game that should lose a mode puts {_percent(shares)} "
            "at the two. If the hidden units hardly tell one latent from another, can "
            "a step send some samples to the left and others to the right?"
        )


def _check_kept(shares: torch.Tensor) -> None:
    if shares.min() < _KEPT and shares.sum() > 1 - _ELSEWHERE:
        raise Mistake(
            f"On a fresh seed the game that should keep both puts {_percent(shares)} "
            "at them. Before the first step, do the hidden units tell one latent from "
            "another, so that a step can part the samples?"
        )
    if shares.sum() < 1 - _ELSEWHERE:
        raise Mistake(
            f"On a fresh seed {1 - shares.sum():.0%} of the samples of the game that "
            "should keep both lie at no mode. Was it played for long enough, and is "
            "the critic good enough to be followed?"
        )


def _percent(shares: torch.Tensor) -> str:
    return " and ".join(f"{share:.0%}" for share in shares.tolist())


CHECKS: dict[str, Check] = {
    "11.1": _critic,
    "11.2": _boxes,
    "11.3": _pulls,
}
LABS: dict[str, Check] = {"11.4": _games}
HINTS: dict[str, tuple[str, ...]] = {
    "11.1": (
        "Of all that the critic sees at a point, which part is data?",
        "Both terms of the value are weighed with how often the critic meets them.",
        "Set the derivative in D to zero, with the shares in front of p and q.",
    ),
    "11.2": (
        "Draw both boxes for a small shift. What is m on each of the three stretches?",
        "Where both boxes are, the logarithms are zero; where one is, they are log 2.",
        "How long is the stretch where only one of them is, and how long at most?",
    ),
    "11.3": (
        "Write the critic's logit for two bells of width 1. How does it depend on x?",
        "First the derivative of each loss in the logit, which has only D in it.",
        "The chain rule brings the slope of the logit, with its sign.",
    ),
    "11.4": (
        "Print the shares of a generator that was not trained at all, for some seeds.",
        "All samples begin near the middle. If the hidden units are nearly the same "
        "for every latent, a step moves all samples alike; else it can part them.",
        "How steep the hidden units begin is what `wide` decides.",
    ),
}
