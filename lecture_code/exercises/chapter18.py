"""Checks of chapter 18: a chain's slope, depth and price, rejection, mild steps."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import torch
from scipy import special

from lecture_code import densities, pushforward
from lecture_code.exercises import Check, Mistake, call, numbers


def _chain(answer: Any) -> str:
    """18.1: the root of the sum of squares of what reaches the end."""
    for seed, count in ((1, 3), (2, 1), (3, 6)):
        rng = torch.Generator().manual_seed(seed)
        steps = (2 * torch.rand(count, generator=rng)).tolist()
        noises = torch.rand(count + 1, generator=rng).tolist()
        got = float(numbers(call(answer, steps, noises)))
        _compare_chain(got, np.array(steps), np.array(noises))
    return (
        "The last noise is stretched by no step and the first by all of them, so among "
        "noises of one size it is the start that makes a chain steep."
    )


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


def _depth(answer: Any) -> str:
    """18.2: the smallest T with l^T >= s exp(D^2 / (8 s^2))."""
    # exact numbers of steps: 6.49, 19.73, 24.97, 12.52 and 921.62
    cases = ((6.0, 1.0, 2.0), (8.0, 1.0, 1.5), (6.0, 0.5, 2.0), (4.0, 2.0, 1.1))
    for distance, s, step in (*cases, (90.0, 1.0, 3.0)):
        got = float(numbers(call(answer, distance, s, step)))
        _compare_depth(got, distance, s, step)
    return (
        "Modes that are 90 standard deviations apart take 922 maps of slope 3: the "
        "exponential has become a square."
    )


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


def _price(answer: Any) -> str:
    """18.3: the whole number T that makes T L^(1/T) smallest."""
    for slope in (math.exp(2), 11.7, math.exp(8), 90.0, 1.5, 6.6e7, 31.0, 33.0):
        got = float(numbers(call(answer, slope)))
        _compare_price(got, slope)
    return (
        "For large L the slope of each map is about e: log L of them cost e log L, "
        "roughly. Up to L = 4 one map is the cheapest."
    )


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


def _rejection(answer: Any) -> str:
    """18.4: 1 / (2 ndtr(-D / (2 L)))."""
    for distance, slope in ((4.0, 1.0), (1.0, 5.0), (9.0, 1.5)):
        got = float(numbers(call(answer, distance, slope)))
        _compare_rejection(got, distance / slope)
    return (
        "As D / L grows it grows like exp(D^2 / (8 L^2)): the exponential that the "
        "slope was spared comes back as waiting time."
    )


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


#: Centres apart, spread, share on the left; slope of a step, allowed distance.
_ORDERS = (
    (6.0, 1.0, 0.5, 2.0, 0.05),
    (8.0, 1.0, 0.5, 1.5, 0.05),
    (3.55, 0.4, 0.5, 2.0, 0.02),
    (8.0, 1.0, 0.7, 2.0, 0.02),
)
_SLACK = 1e-3


def _plan(answer: Any) -> str:
    """18.5: each step mild, the law near enough, and one step fewer impossible."""
    for distance, s, weight, slope, tv in _ORDERS:
        centres = [-distance / 2, distance / 2]
        target = densities.GaussianMixture(centres, s, [weight, 1 - weight])
        steps = call(answer, target, slope, tv)
        if not isinstance(steps, (list, tuple)) or not all(map(callable, steps)):
            kind = type(steps).__name__
            raise Mistake(f"Return a list of functions, one a step; got {kind}.")
        _judge_steps(list(steps), target, slope, tv)
    return (
        "An error of a twentieth, which hardly anybody would see, saves more than half "
        "the steps of an exact fit; the rest is the logarithm of a slope, shared out."
    )


def _judge_steps(steps: list, target: Any, slope: float, tv: float) -> None:
    z = np.linspace(-7.5, 7.5, 30_011)
    stages = [z]
    for step in steps:
        stages.append(numbers(call(step, stages[-1]), shape=z.shape))
    steepest = [_steepest(x, y) for x, y in itertools.pairwise(stages)]
    if max(steepest, default=0) > slope * (1 + _SLACK):
        worst = int(np.argmax(steepest))
        raise Mistake(
            f"Step {worst + 1} of {len(steps)} reaches the slope "
            f"{steepest[worst]:.3g}, and {slope:g} is allowed; the mildest reaches "
            f"{min(steepest):.3g}. Slopes multiply along a chain: what is to be shared "
            "out evenly?"
        )
    ahead = target.cdf(stages[-1]) - special.ndtr(z)
    got = (np.abs(np.diff(ahead)).sum() + abs(ahead[0]) + abs(ahead[-1])) / 2
    if got > tv + _SLACK:
        raise Mistake(
            f"At the end, after {len(steps)} of them, the total variation is "
            f"{got:.3f}, and {tv:g} is allowed. Which slope must the whole have, and "
            "where should it be spent?"
        )
    _judge_count(len(steps), got, target, slope, tv)


def _judge_count(count: int, got: float, target: Any, slope: float, tv: float) -> None:
    """Refuse a chain if one step fewer can do."""
    least = pushforward.tv_star(target, slope ** (count - 1)).lower
    if least > tv + _SLACK:
        return
    if got < tv / 10:
        raise Mistake(
            f"Your {count} steps end within {got:.3f} of the target, and {tv:g} was "
            "allowed. Fewer steps do if you spend it: what does an error buy?"
        )
    raise Mistake(
        f"Near enough, and mild enough, but {count} steps are too many: {count - 1} "
        f"can end within {least:.3f}. Is every step as steep as it may be?"
    )


def _steepest(x: np.ndarray, y: np.ndarray) -> float:
    """Return the largest slope of an increasing step, seen at points in order."""
    rises, widths = np.diff(y), np.diff(x)
    if (rises < -1e-9).any():
        raise Mistake("A step goes down somewhere. Keep every step increasing.")
    apart = widths > 1e-9
    if (rises[~apart] > 1e-6).any():
        raise Mistake("A step jumps: two points in one place end in two.")
    return float((rises[apart] / widths[apart]).max(initial=0.0))


CHECKS: dict[str, Check] = {
    "18.1": _chain,
    "18.2": _depth,
    "18.3": _price,
    "18.4": _rejection,
}
LABS: dict[str, Check] = {"18.5": _plan}
HINTS: dict[str, tuple[str, ...]] = {
    "18.1": (
        "Think of the slope so far as one number. What does the next step do to it?",
        "A step multiplies it. The fresh noise is a new direction, at a right angle to "
        "all that came before: how do perpendicular contributions add up?",
    ),
    "18.2": (
        "The slope of the whole is at most a product. Which power of `step` has to "
        "reach the slope of an exact fit?",
        "Take logarithms on both sides before anything is put into exp; then the "
        "number of steps is a quotient, rounded up.",
    ),
    "18.3": (
        "Leave out at first that the number of maps is whole, and look for the minimum "
        "of the logarithm of the price.",
        "It is at log L. A price with one minimum is lowest, among whole numbers, at "
        "one of the two neighbours: compare their prices. One map is the fewest.",
    ),
    "18.4": (
        "For which latents does the clip not bite? These are the ones thrown away.",
        "The climb is D / L wide and centred at 0. What is kept lies in two tails, and "
        "one kept sample costs one over their mass.",
    ),
    "18.5": (
        "Two questions come one after the other: which slope must all steps together "
        "have, and how is one map of that slope taken apart?",
        "The frontier of chapter 15 says which total variation a slope allows. With T "
        "steps the whole may have the T-th power: raise T until that is enough.",
        "The best map of that slope is handed out with the optimum. After k of T steps "
        "be where its slope to the power k/T leads, as in the section on depth; each "
        "step goes from one of these stages to the next.",
    ),
}
