"""Checks of chapter 15: blur, slopes from samples, latents kept, a climb, a network."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import torch
from scipy import special

from lecture_code import pushforward
from lecture_code.densities import GaussianMixture
from lecture_code.exercises import Check, Mistake, _line, call, close, numbers

_TARGET = GaussianMixture([-3.0, 3.0], 1.0)

#: Distance, width and slope: no noise needed, some, some, nearly the most that helps,
#: too mild, one hump already.
_BLURS = (
    (2.0, 1.0, 2.0),
    (6.0, 1.0, 8.0),
    (4.0, 0.5, 4.0),
    (2.0, 0.5, 1.655),
    (4.0, 0.5, 3.0),
    (6.0, 1.0, 4.9),
    (3.0, 2.0, 2.5),
    (3.0, 2.0, 2.6),
)


def _blur(answer: Any) -> str:
    """15.1: the least noise after which s exp(D^2 / (8 s^2)) is at most L."""
    for distance, s, slope in _BLURS:
        got = float(numbers(call(answer, distance, s, slope), finite=False))
        _compare_blur(got, distance, s, slope)
    return (
        "More noise is not always milder: it fills the valley and widens the clouds. "
        "From a width of D / 2 on there is one hump, and each further blur costs slope."
    )


def _compare_blur(got: float, distance: float, s: float, slope: float) -> None:
    want = _least_noise(distance, s, slope)
    asked = f"For D = {distance:g}, s = {s:g} and L = {slope:g}"
    if got == want or abs(got - want) < 1e-3 * want:
        return
    if math.isnan(got) or got < 0:
        raise Mistake(f"{asked} you return {got:g}. Noise has a width of 0 or more.")
    if want == 0:
        raise Mistake(f"{asked} the exact fit is mild enough as it is: no noise.")
    if want == math.inf:
        raise Mistake(
            f"{asked} no noise helps, and you return {got:.3g}. How does s exp(D^2 / "
            "(8 s^2)) behave when s grows and grows?"
        )
    width = math.hypot(s, want)
    if math.isclose(got, width, rel_tol=1e-3):
        raise Mistake("That is the width of the blurred clouds. What was added to s?")
    if math.isclose(got, width - s, rel_tol=1e-3):
        raise Mistake("Independent noises add their variances, not their widths.")
    if math.isclose(got, want**2, rel_tol=1e-3):
        raise Mistake("That is the variance of the noise.")
    if got == math.inf:
        raise Mistake(f"{asked} there is a noise that does it, of less than D / 2.")
    blurred = math.hypot(s, got)
    raise Mistake(
        f"{asked} your noise {got:.4g} is too {'much' if got > want else 'little'}: "
        f"the blurred clouds are {blurred:.4g} wide, and an exact fit of them needs "
        f"the slope {_cloud_slope(distance, blurred):.4g}."
    )


def _cloud_slope(distance: float, s: float) -> float:
    return s * math.exp(distance**2 / (8 * s**2))


def _least_noise(distance: float, s: float, slope: float) -> float:
    """Halve the interval of widths; the slope falls up to the width D / 2."""
    if _cloud_slope(distance, s) <= slope:
        return 0.0
    low, high = s, distance / 2
    if low >= high or _cloud_slope(distance, high) > slope:
        return math.inf
    for _ in range(60):
        middle = (low + high) / 2
        enough = _cloud_slope(distance, middle) <= slope
        low, high = (low, middle) if enough else (middle, high)
    return math.sqrt(high**2 - s**2)


#: How far an answer may be from the slope that the band of the chapter proves.
_LEAST, _MOST = 0.9, 1.06


def _steepness(answer: Any) -> str:
    """15.2: the steepest pair of half-lines, each share moved by the band."""
    for x, slope in _samples():
        _compare_steepness(answer, x, slope)
    return (
        "The theorem also runs backwards, and needs no network: a mild slope is nearly "
        "found out. A steep one is not. Two thousand samples of the exact fit, whose "
        "slope is 90, prove about 10, and even of a law that is torn in two they prove "
        "35; for twice as much it takes four times as many."
    )


@cache
def _samples() -> list[tuple[np.ndarray, float]]:
    """Draw from networks of known slopes: mild, of two latents, exact, torn."""
    drawn = []
    for n, seed in ((400, 101), (800, 202)):
        z = np.random.default_rng(seed).normal(size=(n, 2))
        drawn += [
            (1.0 - 2 * z[:, 0], 2.0),
            (3 * np.abs(z).max(axis=1), 3.0),
            (_TARGET.ppf(special.ndtr(z[:, 0])), math.exp(4.5)),
            (3 * np.sign(z[:, 0]) + 0.1 * z[:, 1], math.inf),
        ]
    return drawn


def _compare_steepness(answer: Any, x: np.ndarray, slope: float) -> None:
    got = float(numbers(call(answer, x), finite=False))
    band = math.sqrt(math.log(40) / (2 * len(x)))
    want = _steepest(x, -band, band)
    if _LEAST * want <= got <= min(_MOST * want, slope):
        return
    said = f"Of {len(x)} samples from a network of slope {slope:.3g} you say {got:.3g}"
    if math.isnan(got) or got <= 0:
        raise Mistake(f"{said}. A slope is positive.")
    said += f", too {'much' if got > want else 'little'}"
    single = math.sqrt(math.log(20) / (2 * len(x)))
    share = np.arange(1, len(x) + 1) / len(x)
    spread = 1.96 * np.sqrt(share * (1 - share) / len(x))
    for low, high, told in (
        (
            -single,
            single,
            "your band is for one side. If each of the two fails in one case in "
            "twenty, one of them does in one of ten.",
        ),
        (
            -spread,
            spread,
            "your band holds for one half-line that is named beforehand, and you "
            "choose among all.",
        ),
        (0.0, 0.0, "you take the shares as they are, and chance moves them. How far?"),
        (0.0, band, "both shares may be off, the smaller one as well."),
        (-band, 0.0, "both shares may be off, the larger one as well."),
        (
            band,
            -band,
            "you move the shares the wrong way, or hold a pair in the wrong order.",
        ),
    ):
        if math.isclose(got, _steepest(x, low, high), rel_tol=0.01):
            raise Mistake(f"{said}: {told}")
    if got > slope:
        raise Mistake(
            f"{said} to be true. Shares are known up to a band: is each moved the way "
            "that makes the slope smaller?"
        )
    if got > want:
        raise Mistake(
            f"{said} to be proved. That is about {want:.3g}: the shares of so few "
            "samples may be off by more than you allow."
        )
    raise Mistake(
        f"{said}: more can be proved, about {want:.3g}. Which two "
        "half-lines tell most? Neighbours hardly differ by more than chance."
    )


def _steepest(
    x: np.ndarray, low: float | np.ndarray, high: float | np.ndarray
) -> float:
    """Move the share of each smaller half-line by low, that of the larger by high."""
    x, share = np.sort(x), np.arange(1, len(x) + 1) / len(x)
    begin, end = (special.ndtri((share + by).clip(0, 1)) for by in (low, high))
    i, j = np.triu_indices(len(x), k=1)
    rise = end[j] - begin[i]
    with np.errstate(divide="ignore"):
        return float(np.max((x[j] - x[i]) / rise, where=rise > 0, initial=0.0))


#: A map's distance of modes, weight on the left and slope; and its latents.
_EVEN = (
    (6.0, 0.5, 3.0, np.linspace(-4.5, 4.5, 4001)),
    (6.0, 0.3, 3.0, np.linspace(-4.4, 4.6, 3001)),
    (4.0, 0.5, 2.0, np.linspace(-4.6, 4.4, 2001)),
    (8.0, 0.6, 5.0, np.linspace(-4.5, 4.5, 5001)),
)
_APART, _KEPT = 0.03, 0.25


def _selection(answer: Any) -> str:
    """15.3: keep latents with a chance in proportion to target over model."""
    for z, x, target in _climbs():
        chance = numbers(call(answer, z, x, target), shape=(len(z),))
        _compare_selection(chance, z, x, target)
    return (
        "You are far below the floor, and the theorem stands: what you keep is no "
        "Gaussian latent any more, and a sample costs two to four of them. The best "
        "map cannot be saved like this, for it never reaches the end of its second "
        "mode. Whoever may throw away should have a network that reaches everywhere."
    )


@cache
def _climbs() -> list[tuple[np.ndarray, np.ndarray, GaussianMixture]]:
    """Make exact maps, but for a climb of some slope through the valley at 0."""
    made = []
    for distance, weight, slope, z in _EVEN:
        target = GaussianMixture(
            [-distance / 2, distance / 2], 1.0, [weight, 1 - weight]
        )
        exact = target.ppf(special.ndtr(z))
        line = slope * (z - special.ndtri(target.cdf(0)))
        x = np.where(line > 0, np.minimum(exact, line), np.maximum(exact, line))
        made.append((z, x, target))
    return made


def _compare_selection(
    chance: np.ndarray, z: np.ndarray, x: np.ndarray, target: GaussianMixture
) -> None:
    if chance.min() < -1e-6 or chance.max() > 1 + 1e-6:
        raise Mistake(
            f"A chance lies from 0 to 1, and yours from {chance.min():.3g} to "
            f"{chance.max():.3g}. What counts is how they compare with each other."
        )
    masses = np.diff(special.ndtr(z)) * (chance[1:] + chance[:-1]) / 2
    kept = masses.sum()
    if not kept > 1e-6:
        raise Mistake("You keep nothing at all.")
    edges = np.linspace(target.ppf(1e-4), target.isf(1e-4), 61)
    wanted = np.diff(np.concatenate([[0.0], target.cdf(edges), [1.0]]))
    cells = np.searchsorted(edges, (x[1:] + x[:-1]) / 2)
    made = np.bincount(cells, masses, len(wanted)) / kept
    distance = np.abs(made - wanted).sum() / 2
    if distance > _APART:
        raise Mistake(
            f"What you keep has a total variation of {distance:.2f}. "
            + _explain(chance, z, x, target)
        )
    if kept < _KEPT:
        raise Mistake(
            f"The law is right, and you keep {kept:.0%} of the latents. One factor for "
            "all chances does not change the law: how large may the largest be?"
        )


def _explain(
    chance: np.ndarray, z: np.ndarray, x: np.ndarray, target: GaussianMixture
) -> str:
    """Tell what the chances are made of that go wrong."""
    wanted, latents, slope = target.pdf(x), np.exp(-(z**2) / 2), np.gradient(x, z)
    inner = abs(z) < 4  # a quotient of neighbours is rough at the ends
    for formula, told in (
        (np.ones_like(z), "With one chance for all the law stays as it was."),
        (
            wanted,
            "You ask how likely each place is under the target. Ask also how often "
            "the map comes there.",
        ),
        (
            wanted / latents,
            "You count latents. Where the map is steep, few of them spread far: what "
            "is the density of the places?",
        ),
        (
            wanted * slope,
            "That is right for latents that are all equally likely. On an even grid "
            "those far from 0 are not.",
        ),
        (latents / (slope * wanted), "Upside down: keep where the target has more."),
        (
            wanted / (latents * slope),
            "The slope belongs on the other side: where the map is steep, its density "
            "is low.",
        ),
    ):
        kept, told_of = (x[inner] / x[inner].sum() for x in (chance, formula))
        if np.allclose(kept, told_of, rtol=0.01, atol=1e-6):
            return told
    ratio = wanted * slope / latents
    below = inner & (chance < chance.max() * (1 - 1e-6))
    factor = chance[below] / ratio[below]
    if factor.any() and np.allclose(factor, factor.max(), rtol=0.01):
        return (
            "Where the map comes too seldom you cap the chance, and there too few "
            "stay. Make all chances smaller by one factor instead."
        )
    return (
        "To empty the valley is not enough: the flanks and the two modes have to get "
        "what the target has there, no more and no less. In what proportion should a "
        "place be kept at which the map comes twice as often as the target?"
    )


def _misplaced(answer: Any) -> str:
    """15.4: what is too much, for a climb that starts at each of some latents."""
    for ratio in (1.0, 0.4, 3.0):
        starts = torch.linspace(-ratio - 1, 1, 41, dtype=torch.float64)
        starts = torch.cat([starts, torch.tensor([-ratio, -ratio / 2, 0.0]).double()])
        got = numbers(call(answer, starts, ratio), shape=(len(starts),))
        _compare_misplaced(got, starts.numpy(), ratio)
    return (
        "Begin or end the climb at the median: one point keeps all of its mass. To "
        "share the loss is worse, for steep climbs a little and for mild ones twice "
        "as bad. So a lost mode can be the optimum, and no accident of training."
    )


def _compare_misplaced(got: np.ndarray, starts: np.ndarray, ratio: float) -> None:
    left, ends = special.ndtr(starts), special.ndtr(starts + ratio)
    between, right = ends - left, 1 - ends
    halves = np.abs(left - 0.5), np.abs(right - 0.5)
    want = (halves[0] + between + halves[1]) / 2
    if close(got, want):
        return
    if close(got, 2 * want):
        raise Mistake("Twice too much: total variation is half the sum.")
    if close(got, between):
        raise Mistake(
            "You count what lies between the points. A climb that begins after the "
            "median has another fault: the first point gets more than its half."
        )
    for name, part in zip(("first", "second"), halves, strict=True):
        if close(got, part):
            raise Mistake(f"That is the error at the {name} point alone.")
    if close(got, (halves[0] + halves[1]) / 2):
        raise Mistake("The mass between the points is misplaced as well.")
    worst = int(np.abs(got - want).argmax())
    raise Mistake(
        f"For D / L = {ratio:g} and a climb from {starts[worst]:.2f} on, the first "
        f"point, what is between and the second point have {left[worst]:.3f}, "
        f"{between[worst]:.3f} and {right[worst]:.3f}; they should have a half, "
        f"nothing and a half. Your distance is {got[worst]:.3f}."
    )


_MILD, _STEEP = 1.95, 4.1  # the lab says 2 and 4, and slopes are not met exactly
_NEAR = 1.15  # times the least total variation at the network's own slope
_TOO_STEEP = (
    "Were the points that you showed made by a map of such a slope? No network is told "
    "its slope."
)


def _network(answer: Any) -> str:
    """15.5: a network between slopes 2 and 4 that is close to the optimum."""
    line = _line.take(answer)
    slope, distance = line.slope, line.total_variation(_TARGET)
    if slope < _MILD:
        raise Mistake(
            f"Its slope is {slope:.2f}. Down there little can be learned: a network "
            "that copies one mode is as good as any. Go to slopes between 2 and 4."
        )
    least = float(pushforward.tv_star(_TARGET, slope).lower)
    if slope > _STEEP:
        near = distance <= _NEAR * least
        raise Mistake(
            f"Its slope is {slope:.2f}, and it should lie between 2 and 4; at its own "
            f"slope it is {distance / least:.2f} times as far away as it must be. "
            + ("Near enough: now do it at a milder slope." if near else _TOO_STEEP)
        )
    if distance > _NEAR * least:
        raise Mistake(
            f"At its slope {slope:.2f} the least total variation is {least:.3f}, and "
            f"it has {distance:.3f}, {distance / least:.2f} times as much. "
            + " ".join(_diagnose(line))
        )
    return (
        "It was not the network that kept the chapter's networks above the "
        "frontier, but what they were shown: whoever aims at an exact fit, and "
        "falls short, does not fall onto the best map of the slope that was reached."
    )


def _diagnose(line: _line.Line) -> Iterator[str]:
    """Say where the network's mass lies, and where the best map's."""
    fit = pushforward.tv_star(_TARGET, line.slope).map
    best = _line.Line(line.slope, line.z, fit(line.z))
    made, best = (each.masses(np.array([-1.5, 1.5])) for each in (line, best))
    yield (
        "Left of -1.5, in the valley and right of 1.5 it has "
        f"{made[0]:.2f}, {made[1]:.2f} and {made[2]:.2f}."
    )
    if made.max() > 0.9:
        yield "It does not see the two modes: look at its loss, step by step."
    elif max(made[0], made[2]) < max(best[0], best[2]) - 0.03:
        yield (
            "Both modes lose. Where did exercise 15.4 begin its climb, and what "
            "does the best map do?"
        )
    else:
        yield (
            "The masses are right, the shape is not: total variation sees "
            "densities, so each ripple in the slope counts. Shrink the rate towards "
            "the end."
        )


CHECKS: dict[str, Check] = {
    "15.1": _blur,
    "15.2": _steepness,
    "15.3": _selection,
    "15.4": _misplaced,
}
LABS: dict[str, Check] = {"15.5": _network}
HINTS: dict[str, tuple[str, ...]] = {
    "15.1": (
        "What are the blurred clouds? Name their width, and what is left as it was.",
        "Put the width into the slope of an exact fit, and draw that slope against it. "
        "Where is it smallest, and how small is it there?",
        "Up to the width D / 2 the slope falls, so the first width that is mild enough "
        "can be looked for on a fine grid. The noise adds its variance to s squared.",
    ),
    "15.2": (
        "The theorem speaks of a half-line and of a larger one, r further on. Solve it "
        "for the slope, with masses that you know.",
        "You know the masses up to the band of the chapter. Which way may each be off, "
        "so that what you say is still true?",
        "Sort the samples: the i-th and the j-th are two half-lines, with shares i/n "
        "and j/n. Try all pairs with i < j and keep the largest slope. Shares stay "
        "between 0 and 1.",
    ),
    "15.3": (
        "Draw two densities over the places: that of the target and that of the map. "
        "Where does the map come too often?",
        "If it comes twice as often as it should, every second latent has to go. That "
        "is a quotient of densities, of target and map.",
        "The density of the map stands in the chapter: that of the latents, divided by "
        "the slope, which two neighbours tell. Then scale, so that the largest chance "
        "is 1.",
    ),
    "15.4": (
        "Three masses say it all: on the first point, between, on the second. Which "
        "latents go where?",
        "Compare them with a half, nothing and a half, and halve the sum of the "
        "differences.",
        "Up to the start every latent is on the first point, and from start + D / L on "
        "every latent is on the second.",
    ),
    "15.5": (
        "Look at where the chapter's networks lose: print their slope and their "
        "distance for some training steps. Do they ever come near the optimum of "
        "their slope?",
        "They are shown the exact map, and no map of slope 3 is like it. Which map of "
        "slope 3 would you rather show?",
        "The optimum comes with a map, and a map makes examples of latents and places. "
        "A rate that shrinks to zero takes the ripples out.",
    ),
}
