"""Checks of chapter 18: a chain's slope, its depth, its price, and rejected latents."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from scipy import special

from lecture_code.exercises import Check, Mistake, call, numbers


def _chain(answer: Any) -> None:
    """18.1: the root of the sum of squares of what reaches the end."""
    for seed, count in ((1, 3), (2, 1), (3, 6)):
        rng = torch.Generator().manual_seed(seed)
        steps = (2 * torch.rand(count, generator=rng)).tolist()
        noises = torch.rand(count + 1, generator=rng).tolist()
        got = float(numbers(call(answer, steps, noises)))
        _compare_chain(got, np.array(steps), np.array(noises))


def _compare_chain(got: float, steps: np.ndarray, noises: np.ndarray) -> None:
    after = np.array([steps[k:].prod() for k in range(len(noises))])
    before = np.array([steps[:k].prod() for k in range(len(noises))])
    want = math.hypot(*(noises * after))
    if np.isclose(got, want):
        return
    if np.isclose(got, (noises * after).sum()):
        raise Mistake(
            "You added what each noise contributes. The noises are independent "
            "directions of one long latent: add squares, then take the root."
        )
    if np.isclose(got, want**2):
        raise Mistake("That is the square of the slope.")
    if np.isclose(got, math.hypot(*(noises * before))):
        raise Mistake(
            "The noise of step k passes through the steps after it, not before it."
        )
    if np.isclose(got, noises[0] * after[0]):
        raise Mistake("That is the share of the first noise; the others are missing.")
    if np.isclose(got, after[0]):
        raise Mistake("The product of the steps alone: where are the noises?")
    raise Mistake(
        f"For {len(steps)} steps it is {want:.4g}, not {got:.4g}. Follow one noise "
        "from where it enters to the end."
    )


def _depth(answer: Any) -> None:
    """18.2: the smallest T with l^T >= s exp(D^2 / (8 s^2))."""
    # exact numbers of steps: 6.49, 19.73, 24.97, 12.52 and 921.62
    cases = ((6.0, 1.0, 2.0), (8.0, 1.0, 1.5), (6.0, 0.5, 2.0), (4.0, 2.0, 1.1))
    for distance, s, step in (*cases, (90.0, 1.0, 3.0)):
        got = float(numbers(call(answer, distance, s, step)))
        _compare_depth(got, distance, s, step)


def _compare_depth(got: float, distance: float, s: float, step: float) -> None:
    exponent = distance**2 / (8 * s**2)
    exact = (math.log(s) + exponent) / math.log(step)
    want = math.ceil(exact)
    if got == want:
        return
    if np.isclose(got, exact):
        raise Mistake("A number of steps is a whole number.")
    if got == math.ceil((math.log(s) + 4 * exponent) / math.log(step)):
        raise Mistake("You used exp(m^2 / 2) with D in the place of m. D is 2m.")
    if got == math.ceil(exponent / math.log(step)):
        raise Mistake("The factor s of the slope is missing.")
    if got == math.ceil(math.exp(min(exponent, 500)) * s / step):
        raise Mistake("The slopes of the steps multiply; you let them add up.")
    if got == want - 1:
        raise Mistake(
            f"With {want - 1} steps the product is still too small: round up."
        )
    if got == want + 1:
        raise Mistake(f"{want} steps are enough already.")
    raise Mistake(
        f"For D = {distance:g}, s = {s:g} and slope {step:g} it takes {want} steps, "
        f"not {got:g}. Work with logarithms: of s exp(D^2 / (8 s^2)) and of the step."
    )


def _price(answer: Any) -> None:
    """18.3: the whole number T that makes T L^(1/T) smallest."""
    for slope in (math.exp(2), 11.7, math.exp(8), 90.0, 1.5, 6.6e7, 31.0, 33.0):
        got = float(numbers(call(answer, slope)))
        _compare_price(got, slope)


def _compare_price(got: float, slope: float) -> None:
    counts = np.arange(1, 200)
    prices = counts * slope ** (1 / counts)
    want = int(counts[prices.argmin()])
    if got == want:
        return
    if np.isclose(got, prices.min()):
        raise Mistake("That is the price. The question is with how many steps.")
    if got == 1:
        raise Mistake(
            f"One step of slope {slope:.3g} costs {slope:.3g}; two cost less."
        )
    if want > 1 and np.isclose(got, math.log(slope)):
        raise Mistake("Right for numbers of steps that need not be whole.")
    if got == round(math.log(slope)):
        raise Mistake(
            f"Nearly: log L is {math.log(slope):.2f}, but rounding it is not the same "
            "as comparing the prices of its two neighbours."
        )
    if got == math.ceil(math.log2(slope)):
        raise Mistake("Steps of slope 2 are not the cheapest. Which slope is?")
    raise Mistake(
        f"For L = {slope:.4g}, {want} steps cost {prices.min():.3f} and yours "
        f"{got * slope ** (1 / got) if got > 0 else math.nan:.3f}."
    )


def _rejection(answer: Any) -> None:
    """18.4: 1 / (2 ndtr(-D / (2 L)))."""
    for distance, slope in ((4.0, 1.0), (1.0, 5.0), (9.0, 1.5)):
        got = float(numbers(call(answer, distance, slope)))
        _compare_rejection(got, distance / slope)


def _compare_rejection(got: float, width: float) -> None:
    kept = 2 * special.ndtr(-width / 2)
    if np.isclose(got, 1 / kept, rtol=1e-4):
        return
    if np.isclose(got, kept):
        raise Mistake("That is the share kept. How many draws does one kept cost?")
    if np.isclose(got, 1 - kept):
        raise Mistake("That is the share rejected. How many draws does one kept cost?")
    if np.isclose(got, 0.5 / special.ndtr(-width), rtol=1e-6):
        raise Mistake(
            "The climb is D / L wide in all, so it reaches D / (2L) to either side."
        )
    if np.isclose(got, 2 / kept, rtol=1e-6):
        raise Mistake("A latent may be kept on either side: two tails, not one.")
    raise Mistake(
        f"At D / L = {width:.3g} one kept sample costs {1 / kept:.6g} latents, not "
        f"{got:.6g}."
    )


CHECKS: dict[str, Check] = {
    "18.1": _chain,
    "18.2": _depth,
    "18.3": _price,
    "18.4": _rejection,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
