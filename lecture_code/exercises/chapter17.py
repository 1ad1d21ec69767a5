"""Checks of chapter 17: the axis, the easiest noise, output noise, and doubt."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, close, numbers


def _axis(answer: Any) -> None:
    """17.1: (x - middle) . (second - first) / |second - first|."""
    for seed, d in ((1, 5), (2, 64), (3, 1)):
        rng = torch.Generator().manual_seed(seed)
        first, second = torch.randn(2, d, generator=rng, dtype=torch.float64)
        x = torch.randn(7, d, generator=rng, dtype=torch.float64)
        got = numbers(call(answer, x, first, second), shape=(7,))
        _compare_axis(got, x, first, second)


def _compare_axis(got: np.ndarray, x, first, second) -> None:
    step = second - first
    length = float(step.norm())
    start = ((x - first) @ step / length).numpy()
    want = start - length / 2
    if close(got, want):
        return
    if close(got, -want):
        raise Mistake("The axis points the wrong way: the second image is at +D/2.")
    if close(got, start):
        raise Mistake("You start at the first image; 0 is half-way between the two.")
    if close(got, start - start.mean()):
        raise Mistake("0 is half-way between the images, not at the mean of the batch.")
    if close(got, want * length) or close(got, want / length):
        raise Mistake("The axis must be a vector of length one, so that pixels count.")
    if close(got, (x @ step / length).numpy()):
        raise Mistake("Where is 0? Subtract the point half-way first.")
    raise Mistake(
        f"The first image of a batch lies at {want[0]:.3f}, not {got[0]:.3f}."
    )


def _easiest(answer: Any) -> None:
    """17.2: D / 2."""
    for distance in (3.55, 1.0, 20.0):
        got = float(numbers(call(answer, distance)))
        _compare_easiest(got, distance)


def _compare_easiest(got: float, distance: float) -> None:
    def slope(s: float) -> float:
        return s * math.exp(min(distance**2 / (8 * s**2), 700)) if s > 0 else math.inf

    if np.isclose(got, distance / 2, rtol=1e-3):
        return
    if np.isclose(got, slope(distance / 2), rtol=1e-3):
        raise Mistake("That is the smallest slope. The question is at which noise.")
    if np.isclose(got, distance**2 / 4, rtol=1e-3):
        raise Mistake("That is the square of the noise.")
    if np.isclose(got, distance, rtol=1e-3):
        raise Mistake("You used exp(m^2 / (2 s^2)) with D in the place of m. D is 2m.")
    raise Mistake(
        f"At D = {distance:g} and your noise {got:.4g} the slope is {slope(got):.4g}; "
        f"{slope(distance / 2):.4g} is possible."
    )


def _noise(answer: Any) -> None:
    """17.3: hypot(L, sigma)."""
    for slope, sigma in ((3.0, 4.0), (0.5, 0.4), (10.0, 0.1)):
        got = float(numbers(call(answer, slope, sigma)))
        _compare_noise(got, slope, sigma)


def _compare_noise(got: float, slope: float, sigma: float) -> None:
    want = math.hypot(slope, sigma)
    if np.isclose(got, want):
        return
    if np.isclose(got, slope + sigma):
        raise Mistake(
            "True, but not the best bound: a step that goes fully along the latents "
            "does not change the noises."
        )
    if np.isclose(got, max(slope, sigma)):
        raise Mistake("A step can go along latents and noises at once.")
    if np.isclose(got, want**2):
        raise Mistake("That is the square of the slope.")
    if np.isclose(got, slope * sigma):
        raise Mistake("The noise is added to the output; it is not fed to the decoder.")
    raise Mistake(f"For L = {slope:g} and sigma = {sigma:g} it is {want:.4g}.")


def _neither(answer: Any) -> None:
    """17.4: share of rows whose largest entry is below sure."""
    for seed, sure in ((1, 0.875), (2, 0.75), (3, 0.984375)):
        rng = torch.Generator().manual_seed(seed)
        seven = torch.sigmoid(4 * torch.randn(200, generator=rng, dtype=torch.float64))
        seven[:20] = sure  # just sure enough
        probs = torch.stack([1 - seven, seven], dim=1)
        got = float(numbers(call(answer, probs, sure)))
        _compare_neither(got, probs, sure)


def _compare_neither(got: float, probs: torch.Tensor, sure: float) -> None:
    unsure = probs.max(dim=1).values < sure
    share = unsure.double().mean().item()
    if np.isclose(got, share):
        return
    if np.isclose(got, (probs.max(dim=1).values <= sure).double().mean().item()):
        raise Mistake("A probability of exactly `sure` is sure enough.")
    if np.isclose(got, 1 - share):
        raise Mistake("That is the share of which the classifier is sure.")
    if np.isclose(got, unsure.sum().item()):
        raise Mistake("A share: divide by the number of rows.")
    if np.isclose(got, (probs < sure).double().mean().item()):
        raise Mistake(
            "You counted entries. In each sure row one entry is small as well: look at "
            "the larger one of the two."
        )
    if np.isclose(got, (probs[:, 1] < sure).double().mean().item()):
        raise Mistake("A row may be sure of the other class.")
    raise Mistake(f"With sure = {sure:g} it is {share:.3f} of the rows, not {got:.3f}.")


CHECKS: dict[str, Check] = {
    "17.1": _axis,
    "17.2": _easiest,
    "17.3": _noise,
    "17.4": _neither,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
