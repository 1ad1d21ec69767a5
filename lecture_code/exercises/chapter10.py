"""Checks of chapter 10: a flow on the line, an inverse, and a log-determinant."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from scipy import special

from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (1011, 1022, 1033)


def _line(answer: Any) -> None:
    """10.1: ``encode(x, cdf, pdf)`` = (z, log_det) of the map to a standard normal."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        centre, scale = rng.normal(), rng.uniform(0.5, 2.0)
        x = torch.tensor(centre + scale * rng.normal(size=8))

        def cdf(x, m=centre, s=scale):
            return torch.sigmoid((torch.as_tensor(x) - m) / s)

        def pdf(x, cdf=cdf, s=scale):
            return cdf(x) * (1 - cdf(x)) / s

        got = call(answer, x, cdf, pdf)
        try:
            first, second = got
        except (TypeError, ValueError):
            raise Mistake(
                "Return two things: z, and the logarithm of its slope."
            ) from None
        z, log_det = (numbers(each, shape=(8,)) for each in (first, second))
        _compare_line(z, log_det, cdf(x).numpy(), pdf(x).numpy())


def _compare_line(z: np.ndarray, log_det: np.ndarray, u: np.ndarray, p: np.ndarray):
    want = special.ndtri(u)
    phi = np.exp(-(want**2) / 2) / math.sqrt(math.tau)
    if close(z, u):
        raise Mistake("Your z is uniform. One more map makes it a standard normal.")
    if close(z, special.ndtr(u)):
        raise Mistake("From uniform to normal goes the inverse of Phi, not Phi.")
    if close(z, -want):
        raise Mistake(
            "Your map falls, so its slope has no logarithm: use F, not 1 - F."
        )
    if not close(z, want):
        raise Mistake("z is wrong: F makes x uniform, and what makes that normal?")
    slips = {
        "That is log p(x). The slope of Phi^-1 belongs to the chain as well.": p,
        "The sign: dz/dx, not dx/dz.": phi / p,
        "Multiplied where it should be divided: Phi^-1 has slope 1 / phi(z).": p * phi,
    }
    for hint, slope in slips.items():
        if close(log_det, np.log(slope)):
            raise Mistake(hint)
    if close(log_det, p / phi):
        raise Mistake("That is the slope itself. Return its logarithm.")
    if not close(log_det, np.log(p / phi)):
        raise Mistake("z is right. By the chain rule its slope is pdf(x) / phi(z).")


def _inverse(answer: Any) -> None:
    """10.2: ``inverse(z, s, t)`` of a coupling that keeps the first half."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        weights = torch.tensor(rng.normal(size=(2, 2, 2)))
        x = torch.tensor(rng.normal(size=(6, 4)))

        def s(h, w=weights[0]):
            return torch.tanh(h @ w)

        def t(h, w=weights[1]):
            return (h @ w).sin()

        a, b = x.chunk(2, dim=1)
        z = torch.cat([a, b * s(a).exp() + t(a)], dim=1)
        got = numbers(call(answer, z, s, t), shape=(6, 4))
        _compare_inverse(got, x.numpy(), z, s, t)


def _compare_inverse(got: np.ndarray, x: np.ndarray, z: torch.Tensor, s, t) -> None:
    if close(got, x):
        return
    if not close(got[:, :2], x[:, :2]):
        raise Mistake("The first half was kept on the way there: keep it again.")
    a, c = z.chunk(2, dim=1)
    slips = {
        "That is the forward map once more.": c * s(a).exp() + t(a),
        "Shift first, then scale: the last thing done is undone first.": c
        * (-s(a)).exp()
        - t(a),
        "The scale is undone by dividing by exp(s).": (c - t(a)) * s(a).exp(),
        "You feed the nets with the half that moved; they saw the half that stayed.": (
            c - t(c)
        )
        * (-s(c)).exp(),
    }
    for hint, wrong in slips.items():
        if close(got[:, 2:], wrong.numpy()):
            raise Mistake(hint)
    raise Mistake(
        "Solve z = x exp(s) + t for x, with s and t from the half that stays."
    )


def _log_prob(answer: Any) -> None:
    """10.3: the density of x when z = sinh(exp(a) x + b) is standard normal."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        x, a, b = rng.normal(size=(5, 3)), rng.normal(size=3) / 2, rng.normal(size=3)
        got = numbers(call(answer, *map(torch.tensor, (x, a, b))), shape=None)
        _compare_log_prob(got, x, a, b)


def _compare_log_prob(got: np.ndarray, x, a, b) -> None:
    y = np.exp(a) * x + b
    z = np.sinh(y)
    base = -(z**2 + math.log(math.tau)).sum(axis=1) / 2
    scale, bend = a.sum(), np.log(np.cosh(y)).sum(axis=1)
    if got.shape != (5,):
        raise Mistake(f"One number for each point, please: got shape {got.shape}.")
    wrong_place = np.log(np.cosh(x)).sum(axis=1)
    slips = {
        "The slope of sinh is taken at x. It has to be taken where sinh acts: at y.": (
            base + scale + wrong_place
        ),
        "The log-determinant has the wrong sign: where the map stretches, the density "
        "of x is larger than that of z.": base - scale - bend,
        "The first layer's log-determinant is missing.": base + bend,
        "The second layer's log-determinant is missing.": base + scale,
        "The log-determinant is missing: this is the density of z.": base,
        "Logarithms of slopes add up over coordinates: you averaged.": base
        + a.mean()
        + np.log(np.cosh(y)).mean(axis=1),
        "Summed over the whole batch: each point has a log-determinant of its own.": (
            base + (a + np.log(np.cosh(y))).sum()
        ),
    }
    if close(got, base + scale + bend):
        return
    for hint, wrong in slips.items():
        if close(got, wrong):
            raise Mistake(hint)
    raise Mistake("log N(z; 0, I), plus the sum of a, plus the sum of log cosh y.")


CHECKS: dict[str, Check] = {
    "10.1": _line,
    "10.2": _inverse,
    "10.3": _log_prob,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
