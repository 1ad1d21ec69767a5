"""Checks of chapter 16: a bent line, noisy decoders, suspects, a noise floor."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import torch
from scipy import special

from lecture_code import pushforward
from lecture_code.densities import GaussianMixture
from lecture_code.exercises import Check, Mistake, call, numbers

#: Knots, and window, of a rising, a falling and a folded map, of one that ends inside
#: the window and of one that ends on its edges.
_MAPS = (
    ([-2.0, 0.5, 1.0, 3.0], [-4.0, -1.0, 2.0, 3.0], (-1.2, 1.3)),
    ([-1.5, 0.0, 2.0], [3.0, 0.5, -2.5], (-1.0, 1.6)),
    ([-2.0, -0.5, 0.4, 1.5], [-3.0, 1.5, -1.5, 4.0], (-1.2, 1.3)),
    ([-1.0, 0.3, 1.2], [-0.9, 2.0, 1.0], (-1.1, 1.3)),
    ([-1.0, 0.25, 1.0], [-1.25, 0.5, 1.5], (-1.25, 1.5)),
)


def _mass(answer: Any) -> None:
    """16.1: the Gaussian mass of the latents that land between low and high."""
    latents = special.ndtri((np.arange(400_000) + 0.5) / 400_000)
    for *knots, window in _MAPS:
        z, x = (torch.tensor(part, dtype=torch.float64) for part in knots)
        got = float(numbers(call(answer, z, x, *window)))
        _compare_mass(got, z.numpy(), x.numpy(), window, latents)


def _compare_mass(got: float, z, x, window: tuple, latents: np.ndarray) -> None:
    want = _share(latents, z, x, *window)
    even = _share(np.linspace(z[0], z[-1], 100_001), z, x, *window)
    if abs(got - want) < 1e-4:
        return
    if got < -1e-9:
        raise Mistake("A negative mass: where the map falls, the ends change places.")
    if abs(got - even) < 5e-4:
        raise Mistake(
            "You counted latents as if all were equally likely. They are normal: an "
            "interval weighs ndtr(end) - ndtr(start)."
        )
    if len(z) == 4 and np.diff(x).min() < 0:
        raise Mistake(
            f"For a map that folds it is {want:.4f}, not {got:.4f}: several intervals "
            "of latents land in the same place, and all of them count."
        )
    if (x[0], x[-1]) == window:
        raise Mistake(
            "Strictly between `low` and `high`: latents that land exactly on one of "
            "them do not count, and beyond the outer knots all do."
        )
    if window[0] < x[0] and x[-1] < window[1]:
        raise Mistake(
            "The latents beyond the outer knots count as well: the map is constant "
            "there, at its first and its last value."
        )
    raise Mistake(f"For the knots {z} with values {x} it is {want:.4f}, not {got:.4f}.")


def _share(latents: np.ndarray, z, x, low: float, high: float) -> float:
    made = np.interp(latents, z, x)
    return float(((made > low) & (made < high)).mean())


def _decoder(answer: Any) -> None:
    """16.2: sqrt(L^2 - sigma^2), L the slope needed for the budget, or 0."""
    for m, sigma, tv in ((2.0, 0.3, 0.1), (3.0, 2.0, 0.2), (1.0, 1.4, 0.1)):
        needed, least = _slopes(m, tv)
        got = float(numbers(call(answer, m, sigma, tv)))
        exact = math.sqrt(max(least**2 - sigma**2, 0.0))
        if np.isclose(got, exact, rtol=1e-3) and not np.isclose(got, needed, rtol=1e-3):
            raise Mistake("That is what an exact fit needs; here tv may be left over.")
        _compare_decoder(got, needed, sigma)


@cache
def _slopes(m: float, tv: float) -> tuple[float, float]:
    """Return the slope that a budget needs, and the one that an exact fit needs."""
    law = GaussianMixture([-m, m], 1.0)
    return pushforward.lipschitz_needed(law, tv), pushforward.lipschitz_min(law)


def _compare_decoder(got: float, needed: float, sigma: float) -> None:
    want = math.sqrt(max(needed**2 - sigma**2, 0.0))
    if np.isclose(got, want, rtol=1e-3, atol=1e-6):
        return
    if np.isclose(got, needed, rtol=1e-3):
        raise Mistake("That is the slope of the pair (latent, noise), noise included.")
    if np.isclose(got, want**2, rtol=1e-3):
        raise Mistake("That is the square of the slope.")
    if np.isclose(got, needed - sigma, rtol=1e-3):
        raise Mistake("Slopes in orthogonal directions add as squares.")
    if np.isclose(got, math.hypot(needed, sigma), rtol=1e-3):
        raise Mistake("The noise helps the decoder: it needs less, not more.")
    if needed < sigma:
        raise Mistake(
            f"Here the noise alone has more slope ({sigma:g}) than the budget needs "
            f"({needed:.3g}): the decoder may be constant as far as the theorem knows."
        )
    raise Mistake(
        f"It is {want:.4g}, not {got:.4g}. Look at the target (modes at -m and m), at "
        "the budget, and at the square of sigma."
    )


def _suspects(answer: Any) -> None:
    """16.3: which claimed pairs lie below the exact frontier."""
    for m, some in ((2.0, [1.5, 2.5, 4.0, 6.0]), (3.0, [1.8, 3.0, 5.0, 8.0])):
        slopes = np.array(some * 3)
        least, bound = (np.tile(limit, 3) for limit in _limits(m, tuple(some)))
        claimed = least + np.resize([0.02, -0.02, -0.00105, -0.00095], 12)
        claimed[8:] = (least + bound)[8:] / 2  # between the bound and the truth
        want = claimed < least - 1e-3
        got = numbers(call(answer, m, slopes, claimed), shape=want.shape)
        _compare_suspects(got, want, m, claimed < bound - 1e-3)


@cache
def _limits(m: float, slopes: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the exact frontier and the simple bound."""
    law = GaussianMixture([-m, m], 1.0)
    exact = pushforward.tv_star(law, slopes).value
    return np.asarray(exact), np.asarray(pushforward.tv_lower_bound(law, slopes))


def _compare_suspects(
    got: np.ndarray, want: np.ndarray, m: float, simple: np.ndarray
) -> None:
    if not np.isin(got, [0, 1]).all():
        raise Mistake(f"Return one True or False for each claim, {want.size} in all.")
    if (got == want).all():
        return
    got = got == 1
    if (got == ~want).all():
        raise Mistake("Turned round: True means that the claim cannot be true.")
    if (got == simple).all():
        raise Mistake(
            "The simple bound clears some that the exact frontier convicts: use "
            "tv_star."
        )
    wrong, harsh = int((got != want).sum()), int((got & ~want).sum())
    raise Mistake(
        f"For m = {m:g}, {wrong} of {want.size} are judged wrongly: {harsh} are "
        f"convicted that may be true, {wrong - harsh} go free that cannot."
    )


def _floor(answer: Any) -> None:
    """16.4: half of sqrt(2 / pi) times the sum of sqrt(p (1 - p) / n)."""
    fine = np.diff(GaussianMixture([-3.0, 3.0], 1.0).cdf(np.linspace(-8, 8, 101)))
    for p, n in (
        (fine, 100_000),
        (np.array([0.9, 0.06, 0.04]), 5_000),
        (np.array([0.5, 0.3, 0.15, 0.05]), 20_000),
    ):
        _compare_floor(float(numbers(call(answer, torch.tensor(p), n))), p, n)


def _compare_floor(got: float, p: np.ndarray, n: int) -> None:
    want = math.sqrt(1 / (2 * math.pi)) * np.sqrt(p * (1 - p) / n).sum()
    if abs(got - want) < 0.01 * want:
        return
    if np.isclose(got, np.sqrt(p / (2 * math.pi * n)).sum(), rtol=0.01):
        raise Mistake("The variance is n p (1 - p): a large cell strays less than p.")
    if abs(got - 2 * want) < 0.05 * want:
        raise Mistake("Twice too much: total variation is half the sum.")
    if abs(got - want / math.sqrt(2 / math.pi)) < 0.03 * want:
        raise Mistake(
            "That is half the sum of the standard deviations; the mean size of a "
            "centred Gaussian is sqrt(2 / pi) of it."
        )
    if abs(got * math.sqrt(n) - want) < 0.03 * want:
        raise Mistake("Divide n out of the variance once, not twice.")
    if abs(got - want * n) < 0.03 * want * n:
        raise Mistake("That is in samples. The share of a cell is its count over n.")
    if abs(got - (p * (1 - p) / n).sum() / 2) < 0.03 * got:
        raise Mistake("Those are variances: the size of a deviation is their root.")
    raise Mistake(f"With n = {n} and {len(p)} cells it is {want:.4f}, not {got:.4g}.")


CHECKS: dict[str, Check] = {
    "16.1": _mass,
    "16.2": _decoder,
    "16.3": _suspects,
    "16.4": _floor,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
