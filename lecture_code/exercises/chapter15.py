"""Checks of chapter 15: slopes for clouds and budgets, a false proof, a lost mode."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from scipy import special

from lecture_code.exercises import Check, Mistake, call, close, numbers


def _clouds(answer: Any) -> None:
    """15.1: s exp(|first - second|^2 / (8 s^2))."""
    for seed, d, s in ((1, 2, 0.8), (2, 3, 0.5), (3, 1, 2.0)):
        rng = torch.Generator().manual_seed(seed)
        first, second = torch.randn(2, d, generator=rng, dtype=torch.float64)
        got = float(numbers(call(answer, first, second, s)))
        _compare_clouds(got, (first - second).square().sum().item(), s)


def _compare_clouds(got: float, squared: float, s: float) -> None:
    want = s * math.exp(squared / (8 * s**2))
    if np.isclose(got, want):
        return
    if np.isclose(got, math.exp(squared / (8 * s**2))):
        raise Mistake("The factor s is missing: without a second cloud the slope is s.")
    if np.isclose(got, s * math.exp(squared / (2 * s**2))):
        raise Mistake(
            "You used exp(m^2 / 2) with the distance in the place of m. The distance "
            "is D = 2m."
        )
    if np.isclose(got, s * math.exp(math.sqrt(squared) / (8 * s**2))):
        raise Mistake("The distance has to be squared.")
    if np.isclose(got, s * math.exp(squared / (8 * s))):
        raise Mistake("The s in the exponent has to be squared as well.")
    if np.isclose(got, s * math.exp(squared / 8)):
        raise Mistake("Measure the distance in units of s: it is D / s that counts.")
    raise Mistake(
        f"For clouds {math.sqrt(squared):.3f} apart with s = {s:g} it is {want:.4g}, "
        f"not {got:.4g}."
    )


def _budget(answer: Any) -> None:
    """15.2: D / (ndtri(heavy + tv) - ndtri(heavy))."""
    for distance, heavy, tv in ((4.0, 0.6, 0.05), (1.0, 0.5, 0.1), (9.0, 0.8, 0.01)):
        got = float(numbers(call(answer, distance, heavy, tv)))
        _compare_budget(got, distance, heavy, tv)


def _compare_budget(got: float, distance: float, heavy: float, tv: float) -> None:
    start = special.ndtri(heavy)
    want = distance / (special.ndtri(heavy + tv) - start)
    light = distance / (special.ndtri(1 - heavy + tv) - special.ndtri(1 - heavy))
    if np.isclose(got, want, rtol=1e-4):
        return
    if not got > 0:
        raise Mistake(f"A slope is positive, and yours is {got:.4g}.")
    if np.isclose(got, distance / special.ndtri(0.5 + tv), rtol=1e-4):
        raise Mistake(
            "That is the slope for equal weights. Where does the climb start if the "
            "heavier point keeps all of its mass?"
        )
    if np.isclose(got, light, rtol=1e-4):
        raise Mistake(
            "You keep the lighter point exactly. The other one is the better choice: "
            "the climb then starts farther from the median, where less mass lies."
        )
    if np.isclose(got, distance / special.ndtri(heavy + tv), rtol=1e-4):
        raise Mistake(
            "The climb is D / L wide, from one normal score to another. You took its "
            "end; subtract its start."
        )
    if np.isclose(got, 1 / want, rtol=1e-4) or np.isclose(got, distance**2 / want):
        raise Mistake("Upside down: a slope is a distance by a distance in latents.")
    raise Mistake(
        f"With your slope {got:.4g} the mass between the points is "
        f"{_between(got, distance, heavy):.3g}, not {tv:g}."
    )


def _between(slope: float, distance: float, heavy: float) -> float:
    return float(special.ndtr(special.ndtri(heavy) + distance / slope) - heavy)


def _counterexample(answer: Any) -> None:
    """15.3: masses that obey the theorem and refute the bound without the minimum."""
    try:
        h, target, model = answer
    except (TypeError, ValueError):
        raise Mistake("Hand in the tuple (h, target, model).") from None
    h = float(numbers(h))
    target, model = (np.asarray(numbers(part, shape=(3,))) for part in (target, model))
    if not h > 0:
        raise Mistake("The width h has to be positive.")
    for part in (target, model):
        if part.min() < -1e-6 or abs(part.sum() - 1) > 1e-6:
            raise Mistake("Each triple holds three masses that sum to 1.")
    _judge_masses(h, target, model)


def _judge_masses(h: float, target: np.ndarray, model: np.ndarray) -> None:
    forced = special.ndtr(special.ndtri(np.clip(model[0], 0, 1)) + h) - model[0]
    if model[1] < forced - 1e-6:
        raise Mistake(
            f"No model is like that: with {model[0]:.3g} on the left it has at least "
            f"{forced:.3g} in the gap, and yours has {model[1]:.3g}."
        )
    bound = special.ndtr(special.ndtri(target[0]) + h) - target[0] - target[1]
    distance = np.abs(target - model).sum() / 2
    if bound <= 0:
        raise Mistake("Here the bound says nothing: take less in the target's gap.")
    if distance > bound - 0.01 + 1e-6:
        raise Mistake(
            f"The distance is {distance:.3f} and the bound {bound:.3f}: no "
            "contradiction yet. Make the left side light, and let the model give up "
            "part of it."
        )


def _lost_mode(answer: Any) -> None:
    """15.4: clamp(L z, 0, D)."""
    for distance, slope in ((4.0, 2.0), (1.0, 5.0), (10.0, 1.0)):
        z = torch.linspace(-3, 3 + slope / 10, 6001, dtype=torch.float64)
        got = numbers(call(answer, z, distance, slope), shape=(len(z),))
        _compare_map(np.asarray(got), z.numpy(), distance, slope)


def _compare_map(got: np.ndarray, z: np.ndarray, distance: float, slope: float) -> None:
    want = np.clip(slope * z, 0, distance)
    climbs = np.diff(got) / np.diff(z)
    if close(got, want):
        return
    if climbs.max() > slope * (1 + 1e-6):
        raise Mistake(f"Its slope reaches {climbs.max():.3g}; allowed is {slope:g}.")
    if climbs.min() < -1e-9:
        raise Mistake("It falls somewhere: the best map is increasing.")
    if got.min() < -1e-9 or got.max() > distance + 1e-9:
        raise Mistake("It leaves the interval from 0 to D: stop at both points.")
    if close(got, np.clip(slope * z + distance / 2, 0, distance)):
        raise Mistake(
            "The symmetric map starts to climb before the median, so both points lose "
            "mass, together more than one of them would: for D = 2 L a total variation "
            "of 0.68 instead of 0.48. Keep 0 exactly."
        )
    kept = special.ndtr(z[got <= 1e-9].max()) if (got <= 1e-9).any() else 0.0
    if abs(kept - 0.5) > 1e-3:
        raise Mistake(f"Your map leaves the mass {kept:.3f} on 0 instead of 0.5.")
    raise Mistake("It climbs more slowly than it may, or stops before D.")


CHECKS: dict[str, Check] = {
    "15.1": _clouds,
    "15.2": _budget,
    "15.3": _counterexample,
    "15.4": _lost_mode,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
