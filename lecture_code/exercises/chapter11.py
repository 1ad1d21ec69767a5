"""Checks of chapter 11: the best critic, Jensen-Shannon, pulls, and lost modes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Mistake, call, numbers

SEEDS = (1101, 1112, 1123)


def _critic(answer: Any) -> None:
    """11.1: the share of data among all that the critic sees at x."""
    for share, seed in zip((0.5, 0.2, 0.9), SEEDS, strict=True):
        p, q = np.random.default_rng(seed).uniform(0.1, 2.0, (2, 6))
        given = torch.tensor(p), torch.tensor(q), share
        _compare_critic(numbers(call(answer, *given), shape=(6,)), p, q, share)


def _compare_critic(got: np.ndarray, p: np.ndarray, q: np.ndarray, s: float) -> None:
    want = s * p / (s * p + (1 - s) * q)
    if np.allclose(got, want):
        return
    if np.allclose(got, 1 - want):
        raise Mistake("That is the chance of a forgery: D is the chance of data.")
    if np.allclose(got, p / (p + q)):
        raise Mistake(
            "Right for as many forgeries as data. Weigh both terms of the value with "
            "how often the critic meets them, then set the derivative to zero."
        )
    if np.allclose(got, np.log(s * p / ((1 - s) * q))):
        raise Mistake("That is the logit. D itself lies between 0 and 1.")
    raise Mistake(
        "At each x maximise share * p * log D + (1 - share) * q * log(1 - D) over D."
    )


def _boxes(answer: Any) -> None:
    """11.2: the overlap decides, and beyond it nothing does."""
    for shift in (0.0, 0.25, 0.7, 1.0, 3.0, -0.4):
        got = float(numbers(call(answer, shift)))
        _compare_boxes(got, min(abs(shift), 1.0) * math.log(2), shift)


def _compare_boxes(got: float, want: float, shift: float) -> None:
    if math.isclose(got, want, abs_tol=1e-6):
        return
    if shift > 1 and math.isclose(got, shift * math.log(2), abs_tol=1e-6):
        raise Mistake("Boxes that do not overlap cannot become more different: cap it.")
    if shift < 0 and math.isclose(got, -abs(want), abs_tol=1e-6):
        raise Mistake("A divergence is never negative: the direction does not count.")
    if math.isclose(got, 2 * want, abs_tol=1e-6):
        raise Mistake("Twice too large: JS is the mean of two KLs, not their sum.")
    if math.isclose(got, want / math.log(2), abs_tol=1e-6):
        raise Mistake("You answer in bits. The book counts nats.")
    if math.isclose(got, abs(shift), abs_tol=1e-6):
        raise Mistake("That is W1, the way that the mass has to go. JS was asked.")
    raise Mistake(
        f"Wrong at a shift of {shift}. Where both boxes are, p / m = 1 and adds "
        "nothing; where only one is, p / m = 2. How long are these stretches?"
    )


def _pulls(answer: Any) -> None:
    """11.3: derivatives at x of log(1 - D) and -log D for two Gaussians."""
    for theta, seed in zip((1.0, 4.0, -2.0), SEEDS, strict=True):
        x = theta + np.random.default_rng(seed).normal(size=5)
        got = [
            numbers(each, shape=(5,)) for each in _pair(answer, torch.tensor(x), theta)
        ]
        _compare_pulls(got, 1 / (1 + np.exp(theta * x - theta**2 / 2)), theta)


def _pair(answer: Any, x: torch.Tensor, theta: float) -> list:
    pair = call(answer, x, theta)
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise Mistake("Return two tensors: saturating first, then non-saturating.")
    return list(pair)


def _compare_pulls(got: list[np.ndarray], d: np.ndarray, theta: float) -> None:
    want = [theta * d, theta * (1 - d)]
    if np.allclose(got, want):
        return
    if np.allclose(got, want[::-1]):
        raise Mistake("The two are swapped: log(1 - D) is the saturating loss.")
    if np.allclose(got, [-each for each in want]):
        raise Mistake("These are the ways that x will move. The derivative points up.")
    if np.allclose(got, [d, 1 - d]):
        raise Mistake("The chain rule is missing: the logit falls by theta as x rises.")
    raise Mistake(
        "The logit is a = log p - log q = theta**2 / 2 - theta * x. With "
        "D = sigmoid(a) the derivative of log(1 - D) in a is -D. And of -log D?"
    )


def _modes(answer: Any) -> None:
    """11.4: count the modes that got their least share of the samples."""
    modes = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])
    for counts in ([300, 300, 300, 100], [500, 475, 20, 5], [990, 0, 10, 0]):
        which = torch.arange(4).repeat_interleave(torch.tensor(counts))
        noise = torch.Generator().manual_seed(sum(counts[:2]))
        near = modes[which] + 0.2 * torch.randn(1000, 2, generator=noise)
        far = torch.full((500, 2), 2.0) + 0.01 * near[:500]
        samples = torch.cat([near, far])[torch.randperm(1500, generator=noise)]
        got = float(numbers(call(answer, samples, modes, 1.0, 0.01)))
        _compare_modes(got, counts)


def _compare_modes(got: float, counts: list[int]) -> None:
    least = 0.01 * 1500
    if got == sum(count >= least for count in counts):
        return
    if got == sum(count >= 0.01 * 1000 for count in counts):
        raise Mistake("The share is of all samples, those between the modes too.")
    if got == sum(count > 0 for count in counts):
        raise Mistake("One stray sample is no covered mode: ask for the least share.")
    if got == sum(counts) or got > 4:
        raise Mistake("Count modes, not samples.")
    raise Mistake(
        "For each mode count the samples within the radius, and compare their share "
        "of all samples with the least one. Samples between modes count for none."
    )


CHECKS: dict[str, Callable[[Any], None]] = {
    "11.1": _critic,
    "11.2": _boxes,
    "11.3": _pulls,
    "11.4": _modes,
}
