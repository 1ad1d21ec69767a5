"""Checks of chapter 11: the best critic, Jensen-Shannon, pulls, and lost modes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (1101, 1112, 1123)


def _critic(answer: Any) -> None:
    """11.1: the share of data among all that the critic sees at x."""
    for share, seed in zip((0.2, 0.5, 0.9), SEEDS, strict=True):
        p, q = np.random.default_rng(seed).uniform(0.1, 2.0, (2, 6))
        given = torch.tensor(p), torch.tensor(q), share
        _compare_critic(numbers(call(answer, *given), shape=(6,)), p, q, share)


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


def _boxes(answer: Any) -> None:
    """11.2: the overlap decides, and beyond it nothing does."""
    shifts = [0.0, 0.25, 0.7, 1.0, 3.0, -0.4, -3.0]
    got = [float(numbers(call(answer, shift))) for shift in shifts]
    _compare_boxes(np.array(got), np.array(shifts))


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


def _pulls(answer: Any) -> None:
    """11.3: derivatives at x of log(1 - D) and -log D for two Gaussians."""
    for theta, seed in zip((3.0, 1.0, -2.0), SEEDS, strict=True):
        x = theta + np.random.default_rng(seed).normal(size=5)
        got = [
            numbers(each, shape=(5,)) for each in _pair(answer, torch.tensor(x), theta)
        ]
        _compare_pulls(got, 1 / (1 + np.exp(theta * x - theta**2 / 2)), theta)


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


#: Radius, least share, distance of the samples from their mode, how many are at each
#: of four modes (the rest is between them), and what a wrong count says. All shares are
#: exact in floats.
_CLOUDS = (
    (
        (0.75, 1 / 64, 0.3, (500, 300, 40, 0)),
        "For each mode count the samples within the radius, and compare their share of "
        "all samples with the least one. Samples between modes count for none.",
    ),
    (
        (0.75, 1 / 64, 0.3, (500, 300, 1, 1)),
        "One stray sample is no covered mode: ask for the least share.",
    ),
    (
        (0.75, 0.25, 0.3, (500, 250, 200, 74)),
        "What counts as covered is for `least` to say; here it was a quarter.",
    ),
    (
        (0.75, 1 / 64, 0.3, (300, 12, 0, 0)),
        "The share is of all samples, those between the modes too.",
    ),
    (
        (0.75, 1 / 64, 0.3, (500, 16, 15, 300)),
        "At least `least`: a mode with exactly that share is covered.",
    ),
    (
        (0.75, 1 / 64, 0.8, (300, 300, 100, 100)),
        "Samples at a distance of 0.8 count for no mode where `radius` is 0.75.",
    ),
    (
        (1.5, 1 / 64, 1.3, (300, 300, 100, 100)),
        "Samples at a distance of 1.3 count where `radius` is 1.5: is the distance the "
        "Euclidean one?",
    ),
)


def _modes(answer: Any) -> None:
    """11.4: count the modes that got their least share of the samples."""
    corners = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])
    for (radius, least, distance, counts), hint in _CLOUDS:
        noise = torch.Generator().manual_seed(sum(counts))
        modes = corners + 0.5 * torch.rand(4, 2, generator=noise)
        which = torch.arange(5).repeat_interleave(
            torch.tensor([*counts, 1024 - sum(counts)])
        )
        places = torch.cat(
            [modes + distance / math.sqrt(2), torch.tensor([[1.9, 1.9]])]
        )
        samples = places[which] + 0.005 * torch.randn(1024, 2, generator=noise)
        samples = samples[torch.randperm(1024, generator=noise)]
        got = float(numbers(call(answer, samples, modes, radius, least)))
        if got > 4:
            raise Mistake("Count modes, not samples.")
        near = distance <= radius
        if got != near * sum(count >= least * 1024 for count in counts):
            raise Mistake(hint)


CHECKS: dict[str, Check] = {
    "11.1": _critic,
    "11.2": _boxes,
    "11.3": _pulls,
    "11.4": _modes,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
