"""Checks of chapter 9: the KL term, a loss with a bug, a gap, and active latents."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (911, 922, 933)


def _kl(answer: Any) -> None:
    """9.1: ``kl(mean, scale)``, one number for each example."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        m, s = rng.normal(size=(6, 3)), rng.uniform(0.2, 2.0, size=(6, 3))
        got = numbers(call(answer, torch.tensor(m), torch.tensor(s)), shape=None)
        _compare_kl(got, m, s)


def _compare_kl(got: np.ndarray, m: np.ndarray, s: np.ndarray) -> None:
    each = _normal_kl(m, s, 0.0, 1.0)
    want = each.sum(axis=1)
    if got.shape == each.shape and close(got, each):
        raise Mistake("One number for each latent: add them up over the latents.")
    if got.shape != want.shape:
        raise Mistake(f"One number for each example, please: got shape {got.shape}.")
    if close(got, want):
        return
    if close(got, each.mean(axis=1)):
        raise Mistake("You averaged over the latents. Independent latents add up.")
    if close(got, -want):
        raise Mistake("The sign: a divergence is never negative.")
    for slip, hint in _KL_SLIPS:
        if close(got, slip(m, s).sum(axis=1)):
            raise Mistake(hint)
    raise Mistake("Try mean 0 and scale 1: the guess is the prior, and KL is 0.")


def _normal_kl(m1, s1, m2, s2) -> np.ndarray:
    return np.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5


#: Wrong divergences, for each latent, and the hint.
_KL_SLIPS: tuple[tuple[Callable, str], ...] = (
    (
        lambda m, s: _normal_kl(0.0, 1.0, m, s),
        "That is KL(prior, guess). The bound has KL(guess, prior).",
    ),
    (
        lambda m, s: 2 * _normal_kl(m, s, 0.0, 1.0),
        "The KL is twice as large: where is the half?",
    ),
    (
        lambda m, s: _normal_kl(m, np.sqrt(s), 0.0, 1.0),
        "You take `scale` for a variance. It is a standard deviation.",
    ),
    (
        lambda m, s: _normal_kl(m, np.exp(s), 0.0, 1.0),
        "You take `scale` for its logarithm. It is the scale itself.",
    ),
)


def _loss(answer: Any) -> None:
    """9.2: the mean negative ELBO of binary images, in nats per image."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        x = rng.integers(0, 2, size=(5, 7)).astype(float)
        a, m = rng.normal(size=(5, 7)), rng.normal(size=(5, 3))
        s = rng.uniform(0.2, 2.0, size=(5, 3))
        arguments = [torch.tensor(each) for each in (x, a, m, s)]
        got = numbers(call(answer, *arguments)).item()
        misfit, kl = np.logaddexp(0, a) - x * a, _normal_kl(m, s, 0.0, 1.0)
        _compare_loss(got, misfit, kl)
        for slip, hint in _KL_SLIPS:
            if close(got, (misfit.sum() + slip(m, s).sum()) / len(x)):
                raise Mistake(hint)
        for turned in (misfit + 2 * x * a, misfit - a, misfit - a + 2 * x * a):
            if close(got, (turned.sum() + kl.sum()) / len(x)):
                raise Mistake(
                    "A sign inside the misfit: -log p(x) is softplus(a) - x a."
                )
        if not close(got, (misfit.sum() + kl.sum()) / len(x)):
            raise Mistake(
                f"Got {got:.3f} where it should be "
                f"{(misfit.sum() + kl.sum()) / len(x):.3f}. Sum over pixels, sum over "
                "latents, then average over images."
            )


def _compare_loss(got: float, misfit: np.ndarray, kl: np.ndarray) -> None:
    first, second = misfit.sum(axis=1).mean(), kl.sum(axis=1).mean()
    slips = {
        misfit.mean() + second: "The pixels are averaged, the latents are not: KL "
        "weighs as much as with beta = 7, one for each pixel.",
        misfit.mean() + kl.mean(): "Both terms are averages over their own axis: "
        "7 pixels and 3 latents are then worth the same. Sum both.",
        first + kl.mean(): "The KL term is averaged over the latents: sum it.",
        misfit.sum() + kl.sum(): "Summed over the batch too: the loss grows with it.",
        first - second: "The ELBO has minus KL, so that its negative has plus.",
        second - first: "The sign of the misfit: a loss is small for a good fit.",
        -first - second: "That is the ELBO. A loss is its negative.",
        first: "The KL term is missing: nothing holds the guess near the prior.",
    }
    for value, hint in slips.items():
        if close(got, value):
            raise Mistake(hint)


def _gap(answer: Any) -> None:
    """9.3: nats that the guess N(m, s^2) loses against the exact posterior."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        a, sigma, s = rng.uniform(0.5, 2.0, size=3)
        x, m = rng.normal(size=2)
        got = numbers(call(answer, *map(float, (x, a, sigma, m, s)))).item()
        _compare_gap(got, x, a, sigma, m, s)


def _compare_gap(got: float, x: float, a: float, sigma: float, m: float, s: float):
    variance = 1 / (1 + a**2 / sigma**2)
    mean = variance * a * x / sigma**2
    want = float(_normal_kl(m, s, mean, math.sqrt(variance)))
    evidence = -(math.log(math.tau * (a**2 + sigma**2)) + x**2 / (a**2 + sigma**2)) / 2
    slips = {
        float(_normal_kl(mean, math.sqrt(variance), m, s)): "KL the other way round: "
        "the expectation goes over the guess.",
        float(_normal_kl(m, s, 0.0, 1.0)): "That is KL to the prior, a term of the "
        "ELBO. The gap is KL to the posterior.",
        float(_normal_kl(m, s, mean, variance)): "The posterior's variance stands "
        "where its scale should.",
        evidence - want: "That is the ELBO. By how much does it miss log p(x)?",
        evidence: "That is log p(x). By how much does the ELBO miss it?",
        -want: "The sign: log p(x) is the larger one.",
    }
    if close(got, want):
        return
    for value, hint in slips.items():
        if close(got, value):
            raise Mistake(hint)
    raise Mistake(
        f"Got {got:.4f} where it should be {want:.4f}. The posterior has precision "
        "1 + a^2 / sigma^2; its mean is a x / sigma^2 over that."
    )


def _active(answer: Any) -> None:
    """9.4: latents whose mean code varies over the data by more than 0.01."""
    for seed, alive in zip(SEEDS, (2, 0, 5), strict=True):
        rng = np.random.default_rng(seed)
        asleep = np.full(5 - alive, 1.3e-4)  # standard deviation above 0.01, size below
        variance = np.r_[np.full(alive, 0.0105), asleep, 0.0095]
        offset = np.r_[np.zeros(3), np.full(3, 2.0)]
        order = rng.permutation(6)
        draws = rng.normal(size=(300, 6))
        draws = (draws - draws.mean(axis=0)) / draws.std(axis=0)
        codes = (offset + np.sqrt(variance) * draws)[:, order]
        got = call(answer, torch.tensor(codes))
        if numbers(got, shape=None).shape == (6,):
            raise Mistake("How many: one number, not a list or a mask.")
        _compare_active(numbers(got).item(), codes, alive)


def _compare_active(got: float, codes: np.ndarray, alive: int) -> None:
    if got == alive:
        return
    if got == 6 - alive:
        raise Mistake("You count the sleeping ones.")
    if got == ((codes**2).mean(axis=0) > 0.01).sum():
        raise Mistake(
            "A latent whose mean is 2 for every image tells nothing about any of them. "
            "Take the variance, not the mean square or the mean size."
        )
    if got == (codes.std(axis=0) > 0.01).sum():
        raise Mistake("You hold the standard deviation against 0.01, not the variance.")
    if got == (codes.var(axis=1) > 0.01).sum():
        raise Mistake("Your variance goes over the latents. It goes over the images.")
    raise Mistake(f"You count {got:g}, and {alive} of the 6 vary over the images.")


CHECKS: dict[str, Check] = {
    "9.1": _kl,
    "9.2": _loss,
    "9.3": _gap,
    "9.4": _active,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
