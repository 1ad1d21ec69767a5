"""Checks of chapter 16: a bent line, noise, suspects, a histogram, a mild network."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import torch

from lecture_code import pushforward
from lecture_code.densities import GaussianMixture
from lecture_code.exercises import Check, Mistake, _line, call, close, numbers

#: Knots of a rising, a falling and two folded maps, and their values.
_MAPS = (
    ([-2.0, 0.5, 1.0, 3.0], [-4.0, -1.0, 2.0, 3.0]),
    ([-1.5, 0.0, 2.0], [3.0, 0.5, -2.5]),
    ([-2.0, -0.5, 0.4, 1.5], [-3.0, 1.5, -1.5, 4.0]),
    ([-1.0, 0.3, 1.2], [-0.9, 2.0, 1.0]),
)


def _density(answer: Any) -> str:
    """16.1: the sum of phi(latent) / |slope| over the pieces that reach a value."""
    places = torch.tensor([-3.7, -1.15, -0.3, 0.7, 1.2, 1.7, 2.6, 4.4]).double()
    for shift, knots in enumerate(_MAPS):
        at = places + shift / 32
        z, x = (torch.tensor(part, dtype=torch.float64) for part in knots)
        got = numbers(call(answer, z, x, at), shape=tuple(at.shape))
        _compare_density(got, *(part.numpy() for part in (z, x, at)))
    return (
        "The steeper the piece, the thinner what it leaves, and never nothing: a "
        "map of slope L that crosses the valley at the latent z has a density of "
        "phi(z) / L there at the least."
    )


def _compare_density(got: np.ndarray, z, x, at: np.ndarray) -> None:
    slopes = np.diff(x) / np.diff(z)
    latents = z[:-1] + (at[:, None] - x[:-1]) / slopes
    reached = (z[:-1] < latents) & (latents < z[1:])
    heights = np.where(reached, np.exp(-(latents**2) / 2) / math.sqrt(math.tau), 0.0)
    want = (heights / abs(slopes)).sum(axis=1)
    if close(got, want):
        return
    if got.min() < -1e-9:
        raise Mistake(
            "A negative density: a map that falls stretches as one that rises."
        )
    if close(got, heights.sum(axis=1)):
        raise Mistake("That is the latents' density. A steep piece spreads it thin.")
    if close(got, (heights * abs(slopes)).sum(axis=1)):
        raise Mistake("Turned round: where the map is steep, little is left.")
    if close(got, (reached / abs(slopes)).sum(axis=1)):
        raise Mistake("Latents are not equally likely: they are normal.")
    beyond = (at < x.min()) | (at > x.max())
    if got[beyond].any():
        raise Mistake("A value that no latent reaches has the density 0.")
    folded = reached.sum(axis=1) > 1
    if not close(got[folded], want[folded]):
        raise Mistake("Where the map folds, several latents reach a value: all count.")
    worst = int(abs(got - want).argmax())
    raise Mistake(
        f"For the knots {z} with values {x} it is {want[worst]:.4f} at "
        f"{at[worst]:.2f}, not {got[worst]:.4f}."
    )


def _decoder(answer: Any) -> str:
    """16.2: sqrt(L^2 - sigma^2), L the slope needed for the budget, or 0."""
    for m, sigma, tv in ((2.0, 0.3, 0.1), (3.0, 2.0, 0.2), (1.0, 1.4, 0.1)):
        needed, least = _slopes(m, tv)
        got = float(numbers(call(answer, m, sigma, tv)))
        exact = math.sqrt(max(least**2 - sigma**2, 0.0))
        if np.isclose(got, exact, rtol=1e-3) and not np.isclose(got, needed, rtol=1e-3):
            raise Mistake("That is what an exact fit needs; here tv may be left over.")
        _compare_decoder(got, needed, sigma)
    return (
        "Noise saves little, as slopes at right angles add up in squares: the decoder "
        "may be constant only where the noise alone is as steep as the budget needs."
    )


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


def _suspects(answer: Any) -> str:
    """16.3: which claimed pairs lie below the exact frontier."""
    for m, some in ((2.0, [1.5, 2.5, 4.0, 6.0]), (3.0, [1.8, 3.0, 5.0, 8.0])):
        slopes = np.array(some * 3)
        least, bound = (np.tile(limit, 3) for limit in _limits(m, tuple(some)))
        claimed = least + np.resize([0.02, -0.02, -0.00105, -0.00095], 12)
        claimed[8:] = (least + bound)[8:] / 2  # between the bound and the truth
        want = claimed < least - 1e-3
        got = numbers(call(answer, m, slopes, claimed), shape=want.shape)
        _compare_suspects(got, want, m, claimed < bound - 1e-3)
    return (
        "Such a report has measured one of its two numbers wrongly. An upper bound on "
        "the slope is needed to say so: from a slope that is too small nothing follows."
    )


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


def _samples(answer: Any) -> str:
    """16.4: (sum of sqrt(p (1 - p)))^2 / (2 pi tv^2)."""
    fine = np.diff(GaussianMixture([-3.0, 3.0], 1.0).cdf(np.linspace(-8, 8, 101)))
    for p, tv in (
        (fine, 0.02),
        (np.array([0.9, 0.06, 0.04]), 0.005),
        (np.array([0.5, 0.3, 0.15, 0.05]), 0.01),
    ):
        _compare_samples(float(numbers(call(answer, torch.tensor(p), tv))), p, tv)
    return (
        "It is at most the number of cells over 2 pi tv^2, and nearly that for many "
        "equally likely ones: a hundredth on a hundred of those takes about 160 000 "
        "samples. Exact masses take none."
    )


def _compare_samples(got: float, p: np.ndarray, tv: float) -> None:
    spread = np.sqrt(p * (1 - p)).sum()
    want = (spread / tv) ** 2 / math.tau
    if abs(got - want) < 0.01 * want:
        return
    if not got > 0:
        raise Mistake(f"A number of samples is positive, and yours is {got:.4g}.")
    slips = {
        np.sqrt(p).sum() ** 2
        / tv**2
        / math.tau: "The count of a cell has the variance "
        "n p (1 - p): a large cell strays less than n p says.",
        4 * want: "Four times too many: total variation is half the sum.",
        want
        * math.pi
        / 2: "You took the standard deviation of a cell for the mean size "
        "of its error, which is smaller: for a bell sqrt(2 / pi) of it.",
        want * tv: "Half the error takes four times the samples, not twice.",
        math.sqrt(want): "That is the root of the number.",
        spread**2 / math.tau: "And how does it depend on tv?",
    }
    for slip, hint in slips.items():
        if math.isclose(got, slip, rel_tol=0.01):
            raise Mistake(hint)
    floor = spread / math.sqrt(math.tau * got)
    raise Mistake(
        f"With {got:.4g} samples in {len(p)} cells the histogram of a perfect model is "
        f"{floor:.4f} away on average, and {tv:g} was asked for."
    )


_TARGET = GaussianMixture([-3.0, 3.0], 1.0)
_BUDGET, _MOST = 0.25, 5.0


def _mild(answer: Any) -> str:
    """16.5: a generator within a total variation of 1/4, of slope 5 or less."""
    line = _line.take(answer)
    distance = line.total_variation(_TARGET)
    if distance > _BUDGET:
        raise Mistake(
            f"Its slope is {line.slope:.2f} and its total variation {distance:.2f}, "
            f"more than {_BUDGET}. {_excuse(line)}"
        )
    if line.slope > _MOST:
        raise Mistake(
            f"A total variation of {distance:.2f}, at a slope of {line.slope:.1f}: "
            f"within the budget, but it takes more slope than {_MOST:g}. Nothing in "
            "your loss speaks of the slope, or it does not say so loudly enough."
        )
    needed = pushforward.lipschitz_needed(_TARGET, _BUDGET)
    return (
        f"No generator does it below a slope of {needed:.1f}. Sorted batches ask for "
        "places only, and a free network buys all the slope that it can get; one "
        "that is held has to spend its slope on the valley."
    )


def _excuse(line: _line.Line) -> str:
    """Say whether the slope or the training is at fault."""
    edges = np.array([-1.5, 1.5])
    left, valley, right = line.masses(edges)
    if max(left, valley, right) > 0.9:
        return (
            f"Of its mass {left:.2f} is left of -1.5, {valley:.2f} in the valley and "
            f"{right:.2f} right of it: it has not seen two modes. Does the loss fall?"
        )
    least = float(pushforward.tv_star(_TARGET, line.slope).lower)
    if least > _BUDGET:
        return (
            f"At that slope no generator has less than {least:.2f}. Give it a little "
            "more."
        )
    return (
        f"The slope would do for {least:.2f}. The valley has {valley:.2f} and the "
        f"target's {np.diff(_TARGET.cdf(edges))[0]:.2f}: train longer, or let the "
        "steep place be where the valley is."
    )


CHECKS: dict[str, Check] = {
    "16.1": _density,
    "16.2": _decoder,
    "16.3": _suspects,
    "16.4": _samples,
}
LABS: dict[str, Check] = {"16.5": _mild}
HINTS: dict[str, tuple[str, ...]] = {
    "16.1": (
        "Take one straight piece first. Which latent does it send to the value, and "
        "how much does the piece stretch what is around it?",
        "A piece that stretches by a factor makes the density that much smaller, "
        "whether it rises or falls. If its latent lies outside of it, it gives "
        "nothing.",
        "Find the latent on each piece by going back along its slope, keep those "
        "between the piece's two knots, and add the normal density over the size of "
        "the slope.",
    ),
    "16.2": (
        "Which slope do you need for the pair of latent and noise as one map?",
        "The gradient of the pair has two parts at right angles, and its length is the "
        "slope.",
        "So squares are subtracted; what would be the root of less than nothing is 0.",
    ),
    "16.3": (
        "What is the least total variation at each of the slopes?",
        "The simple bound is not the frontier. Who lies between the two?",
        "Take the proved end of the frontier, allow for a thousandth, and compare.",
    ),
    "16.4": (
        "Take one cell. How far is its share of n samples from its mass, typically?",
        "A count is binomial, and for large n its error is a bell. The mean size of a "
        "bell's error is smaller than its standard deviation.",
        "Halve the sum of the mean sizes over the cells; it shrinks with the root "
        "of n. Now ask for the n at which it is tv.",
    ),
    "16.5": (
        "Train one without any restraint and look where it lies: which of its two "
        "numbers is better than asked for?",
        "There are two ways in the chapter to hold a slope: to ask for it in the loss, "
        "or to build it into the layers. What does each overstep or leave unused?",
        "Compare neighbouring latents of a sorted batch: what exceeds a level in rise "
        "over distance can be paid for. Leave room between that level and 5.",
    ),
}
