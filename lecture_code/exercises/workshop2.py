"""Checks of workshop 2: the denoising loss, the rungs of a walk, and a vote by code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, _noised, call, close, numbers

SEEDS = (211, 222, 233)
LOW, HIGH = 0.05, 5.0


class _Recorder(torch.nn.Module):
    """A denoiser that notes what it is asked, and answers by a simple rule."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(0.6))
        self.asked: list[tuple[torch.Tensor, torch.Tensor]] = []

    def forward(self, y: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        if (shape := tuple(getattr(sigma, "shape", ()))) != (len(y), 1):
            raise Mistake(
                f"The model expects a level for each image, shape {(len(y), 1)}, and "
                f"got {shape}."
            )
        self.asked.append((y.detach().clone(), sigma.detach().clone()))
        return self.scale * y.roll(1, dims=1) / (1 + sigma)


def _loss(answer: Any) -> str:
    """W2.1: the weighted error of a denoiser at random levels of noise."""
    for (n, d), seed in zip(((4000, 6), (3000, 9)), SEEDS, strict=False):
        draw = torch.Generator().manual_seed(seed)
        x = 0.5 * torch.randn(n, d, generator=draw) - 0.7
        model = _Recorder()
        value = call(answer, model, x)
        got = numbers(value).item()
        _noised.check_once(model.asked)
        _check_levels(model.asked[0][1])
        _check_noise(*model.asked[0], x)
        _compare_loss(got, model, x)
        _noised.check_gradient(value)
    return (
        "A regression with a known answer, at a level that changes from image to "
        "image. The best answer is the mean of all images that may have been under "
        "the noise, and the weight lets no level drown the others."
    )


def _check_levels(sigma: torch.Tensor) -> None:
    """Check that the logarithms of the levels lie evenly between their limits."""
    sigma = sigma.double()
    if sigma.std() < 1e-6:
        raise Mistake("All images of the batch got the same level: draw one for each.")
    if sigma.min() < 0.999 * LOW or sigma.max() > 1.001 * HIGH:
        raise Mistake(
            f"Levels go from {LOW} to {HIGH:g}; yours go from {sigma.min():.3g} to "
            f"{sigma.max():.3g}."
        )
    share = (sigma / LOW).log() / math.log(HIGH / LOW)
    if max(abs(share.mean() - 0.5), abs(share.std() - 12**-0.5)) < 0.03:
        return
    if abs(sigma.mean() - (LOW + HIGH) / 2) < 0.15:
        raise Mistake(
            "Your levels lie evenly themselves, so that hardly any is small. Spread "
            "their logarithm evenly: 0.05 times 100 to a random power."
        )
    raise Mistake(
        "The logarithm of the level should lie evenly between its limits; your levels "
        f"have the median {sigma.median():.2f}, and {math.sqrt(LOW * HIGH):.2f} is "
        "half way."
    )


def _check_noise(y: torch.Tensor, sigma: torch.Tensor, x: torch.Tensor) -> None:
    """Check that what the network saw is x plus sigma times normal noise."""
    _noised.check_shape(y, x)
    _noised.check_unequal(y, x)
    eps = ((y - x) / sigma).double()
    if _noised.is_normal(eps):
        return
    if abs((y - x).std() - 1) < 0.05:
        raise Mistake("The noise has the same size for every level: multiply by it.")
    _noised.refuse_noise(eps, "x + sigma eps")


def _compare_loss(got: float, model: _Recorder, x: torch.Tensor) -> None:
    y, sigma = model.asked[0]
    guess = model(y, sigma).detach()
    error, weight = (guess - x).square(), 1 + 1 / sigma**2
    if math.isclose(got, (weight * error).mean().item(), rel_tol=1e-4):
        return
    noise = (y - x) / sigma
    slips = {
        "The weight is missing, so that large levels, where all errors are large, "
        "drown the small ones.": error.mean(),
        "The weight is 1 + 1 / sigma**2; its 1 is missing.": (error / sigma**2).mean(),
        "You weigh by sigma: it stands below, squared.": (
            ((1 + sigma**2) * error).mean()
        ),
        "In the weight sigma is not squared.": ((1 + 1 / sigma) * error).mean(),
        "That is a sum over pixels: take the mean.": (weight * error).sum(dim=1).mean(),
        "That is a sum over pixels and images: take the mean.": (weight * error).sum(),
        "You hold the answer against the noisy image: the clean one is wanted.": (
            (weight * (guess - y).square()).mean()
        ),
        "You hold the answer against the noise: this network says the clean image.": (
            (weight * (guess - noise).square()).mean()
        ),
        "Errors of both signs cancel there: square them first.": (
            (weight * (guess - x)).mean()
        ),
        "Those are absolute errors; the best answer is then a median and no mean.": (
            (weight * (guess - x).abs()).mean()
        ),
        "Weight and error are means of their own there: multiply image by image, "
        "then take the mean.": weight.mean() * error.mean(),
    }
    for hint, wrong in slips.items():
        if math.isclose(got, wrong.item(), rel_tol=1e-4):
            raise Mistake(hint)
    raise Mistake(
        f"On a network whose answers are known your loss is {got:.3f}, and should be "
        f"{(weight * error).mean():.3f}."
    )


def _rungs(answer: Any) -> str:
    """W2.2: levels whose powers 1 / rho lie evenly, and a zero behind them."""
    for n, rho, high, low in ((6, 1.0, 5.0, 0.5), (9, 3.0, 2.0, 0.1), (4, 7.0, 5, 1)):
        value = call(answer, n, rho, float(high), float(low))
        got = numbers(value, shape=None)
        if got.shape == (n,) and got[-1] != 0:
            raise Mistake("The last level is 0: put it behind the n others.")
        got = numbers(value, shape=(n + 1,))
        _compare_rungs(got, n, rho, high, low)
    return (
        "With rho = 1 the rungs are even, and with a large rho each is the same share "
        "of the one before. A walk needs its rungs where the guess still changes."
    )


def _compare_rungs(got: np.ndarray, n: int, rho: float, high: float, low: float):
    share = np.arange(n) / (n - 1)

    def levels(share: np.ndarray, power: float) -> np.ndarray:
        a, b = high ** (1 / power), low ** (1 / power)
        return np.append((a + share * (b - a)) ** power, 0.0)

    want = levels(share, rho)
    if close(got, want):
        return
    slips = {
        "They rise: a walk begins at the largest level.": np.append(want[-2::-1], 0.0),
        "The zero stands in front; it ends the walk.": np.append(0.0, want[:-1]),
        "The last of the n levels is not the lowest: n rungs have n - 1 gaps.": levels(
            np.arange(n) / n, rho
        ),
        "Powers change places: take the powers 1 / rho, and rho at the end.": levels(
            share, 1 / rho
        ),
        "These are geometric, whatever rho is.": np.append(
            high * (low / high) ** share, 0.0
        ),
    }
    if rho != 1:
        slips["These are even, whatever rho is."] = levels(share, 1.0)
    for hint, wrong in slips.items():
        if close(got, wrong):
            raise Mistake(hint)
    raise Mistake(
        f"With n = {n}, rho = {rho:g}, high = {high:g} and low = {low:g} the second "
        f"level is {got[1]:.4g} and should be {want[1]:.4g}."
    )


def _vote(answer: Any) -> str:
    """W2.3: digits by the k nearest, whose votes fade with distance."""
    for seed, k, d in zip(SEEDS, (5, 3, 12), (3, 2, 6), strict=True):
        draw = torch.Generator().manual_seed(seed)
        known = torch.randn(60, d, generator=draw)
        labels = torch.randint(4, (60,), generator=draw)
        queries = torch.randn(40, d, generator=draw)
        got = numbers(call(answer, queries, known, labels, k), shape=(40,))
        _compare_votes(got, queries, known, labels, k)
    return (
        "No training, and any distance will do. What the code changes is what is near: "
        "shifted strokes are far apart in pixels, and neighbours by code."
    )


def _tally(
    queries: torch.Tensor,
    known: torch.Tensor,
    labels: torch.Tensor,
    k: int,
    *,
    power: float = 1.0,
    largest: bool = False,
) -> np.ndarray:
    """Return the class with most votes, by weights that fall with distance."""
    near = torch.cdist(queries, known).topk(k, largest=largest)
    votes = torch.zeros(len(queries), int(labels.max()) + 1)
    votes.scatter_add_(1, labels[near.indices], near.values**-power)
    return votes.argmax(dim=1).numpy()


def _compare_votes(got: np.ndarray, *case: Any) -> None:
    want = _tally(*case)
    if (got == want).all():
        return
    queries, known, labels, k = case
    slips: Mapping[str, np.ndarray] = {
        "All votes weigh the same there. Weigh each by 1 over its distance.": (
            _tally(*case, power=0.0)
        ),
        "You weigh by 1 over the squared distance.": _tally(*case, power=2.0),
        "You weigh by the distance, so that the farthest counts most.": (
            _tally(*case, power=-1.0)
        ),
        "Those are the votes of the farthest.": _tally(*case, largest=True),
        "All that is known votes, not only the k nearest.": (
            _tally(queries, known, labels, len(known))
        ),
        "That is the class of the nearest alone.": _tally(queries, known, labels, 1),
        "Those are places in the list, not classes: look their labels up.": (
            torch.cdist(queries, known).argmin(dim=1).numpy()
        ),
    }
    for hint, wrong in slips.items():
        if (got == wrong).all():
            raise Mistake(hint)
    raise Mistake(
        f"With k = {k} {int((got != want).sum())} of {len(got)} queries get another "
        "class than the one with the most weight among their k nearest."
    )


CHECKS: dict[str, Check] = {"W2.1": _loss, "W2.2": _rungs, "W2.3": _vote}
HINTS: dict[str, tuple[str, ...]] = {
    "W2.1": (
        "Three lines: levels, the model's answer to the noisy images, the mean.",
        "torch.rand(len(x), 1) in the exponent spreads the logarithm evenly.",
        "sigma = 0.05 * 100**u; the model sees x + sigma * eps and sigma; its squared "
        "distance from x is weighted by 1 + 1 / sigma**2.",
    ),
    "W2.2": (
        "Take the two ends to the power 1 / rho, go evenly from one to the other, and "
        "take what you get to the power rho.",
        "torch.linspace makes n even numbers, both ends included; torch.cat puts the "
        "zero behind them.",
    ),
    "W2.3": (
        "torch.cdist has the distances, and topk with largest=False the k smallest.",
        "Give each class a sum: votes.scatter_add_(1, labels[places], weights).",
    ),
}
