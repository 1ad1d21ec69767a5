"""Checks of chapter 17: what a direction sees, noise, a ball's floor, two defects."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import torch
from scipy import special

from lecture_code import datasets
from lecture_code.exercises import Check, Mistake, call, numbers


def _seen(answer: Any) -> str:
    """17.1: Phi(c D / (2 s)) - 1/2."""
    for distance, s, cosine in ((3.55, 0.4, 0.125), (6.0, 1.5, 1.0), (2.0, 1.0, -0.6)):
        got = float(numbers(call(answer, distance, s, cosine)))
        _compare_seen(got, distance, s, cosine)
    return (
        "In d dimensions a random direction has a cosine of about the root of 1 / d: "
        "on the two digits it shows less than half of what the axis shows."
    )


def _compare_seen(got: float, distance: float, s: float, cosine: float) -> None:
    half = abs(cosine) * distance / (2 * s)
    want = special.ndtr(half) - 0.5
    if np.isclose(got, want):
        return
    if np.isclose(got, special.ndtr(cosine * distance / (2 * s)) - 0.5):
        raise Mistake("A direction and its opposite see the same: a cosine has a sign.")
    if np.isclose(got, special.ndtr(distance / (2 * s)) - 0.5):
        raise Mistake("That is what the axis itself shows. Where did the cosine go?")
    if np.isclose(got, 2 * want):
        raise Mistake(
            "That is how far the two modes are from each other. The model still has "
            "one of them, and the target half of its mass in it."
        )
    if np.isclose(got, special.ndtr(half)):
        raise Mistake("Half of the target's mass is where the model is as well.")
    if np.isclose(got, special.ndtr(2 * half) - 0.5):
        raise Mistake("The densities cross half-way between the modes, at D / 2.")
    if np.isclose(got, special.ndtr(half * s) - 0.5):
        raise Mistake("Distances count in units of the noise s.")
    raise Mistake(
        f"For D = {distance:g}, s = {s:g} and a cosine of {cosine:g} it is {want:.4f}, "
        f"not {got:.4f}. Draw both densities along the direction: where do they cross?"
    )


def _easiest(answer: Any) -> str:
    """17.2: D / 2."""
    for distance in (3.55, 1.0, 20.0):
        got = float(numbers(call(answer, distance)))
        _compare_easiest(got, distance)
    return (
        "At that noise each mode reaches half-way to the other, and the smallest slope "
        "is only 1.65 times the noise: two modes that merge are no longer hard."
    )


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


def _local(answer: Any) -> str:
    """17.3: max over R of floor(L_R) - P(|z| > R), and 0 at least."""
    for decay, slopes, radii, latents in (
        (0.3, (2.0, 3.0, 5.0, 9.0), (1.0, 2.0, 3.0, 4.5), 2),
        (0.1, (2.0, 2.5, 3.0, 12.0), (2.0, 3.0, 4.0, 5.0), 8),
        (2.0, (1.0, 1.5, 2.0), (0.5, 1.0, 1.2), 3),
    ):

        def floor(slope: float, decay: float = decay) -> float:
            return 0.5 * math.exp(-decay * slope)

        got = float(numbers(call(answer, floor, list(slopes), list(radii), latents)))
        floors = np.array([floor(slope) for slope in slopes])
        _compare_local(got, floors, np.array(radii), latents)
    return (
        "With 2 latents a radius of 5 leaves out a few in a million, with 8 it takes "
        "more than 6: the length of a Gaussian vector grows like the root of its size."
    )


def _compare_local(got: float, floors: np.ndarray, radii, latents: int) -> None:
    outside = special.chdtrc(latents, radii**2)
    each = floors - outside
    want = max(each.max(), 0.0)
    if np.isclose(got, want):
        return
    if want == 0 and np.isclose(got, each.max()):
        raise Mistake("A total variation is never below 0: that floor is always there.")
    if np.isclose(got, max((floors - np.exp(-(radii**2) / 2)).max(), 0)):
        raise Mistake(
            f"exp(-R^2 / 2) leave the ball with 2 latents. With {latents} the squared "
            "length has another law."
        )
    if np.isclose(got, max((floors - 2 * special.ndtr(-radii)).max(), 0)):
        raise Mistake("That is one latent on the line. A ball looks at all of them.")
    if np.isclose(got, floors.max()):
        raise Mistake("What may happen outside of the ball has to be subtracted.")
    if np.isclose(got, each[floors.argmax()]):
        raise Mistake(
            "The smallest ball has the mildest slope, and the most latents outside. "
            "Each radius gives a floor: which one is best?"
        )
    if np.isclose(got, each.min()) or np.isclose(got, max(each[-1], 0)):
        raise Mistake("Every radius proves its floor. Take the highest one.")
    raise Mistake(
        f"With {latents} latents the radii {radii.tolist()} leave out "
        f"{outside.round(3).tolist()}, and the best floor is {want:.4f}, not {got:.4f}."
    )


# -------------------------------------------------------------------- the lab

_KINDS = ("fair", "missing", "between", "both")
_PAIRS = ((3, 7), (0, 1), (6, 2), (8, 4), (5, 6))
_ROUNDS = 2  # generators of each kind for each pair
_NEEDED = 36  # of 40


def _diagnose(answer: Any) -> str:
    """17.4: tell what is wrong with generators of hidden pairs of digits."""
    rng = torch.Generator().manual_seed(17)
    heard: Counter = Counter()
    pixels, labels = datasets.digits("train")
    for pair in _PAIRS * _ROUNDS:
        first, second = (pixels[labels == digit] / 16 for digit in pair)
        first = first[: int(torch.randint(40, 100, (), generator=rng))]
        for kind in _KINDS:
            made = _make(kind, first, second, rng)
            turn = 1 - 2 * int(torch.randint(2, (), generator=rng))
            digits = [first, second][::turn]  # the one that is lost may come first
            said = call(answer, *digits, made, untouched=True)
            if said not in _KINDS:
                raise Mistake(f"Return one of {', '.join(_KINDS)}; got {said!r}.")
            heard[kind, said] += 1
    if sum(heard[kind, kind] for kind in _KINDS) < _NEEDED:
        raise Mistake(_confusion(heard))
    return (
        "Two counts did it: the share that is like neither digit, and the share of the "
        "second digit among the rest. Each is blind to what the other one sees, and "
        "the data are the measure of both."
    )


def _make(kind: str, first, second, rng: torch.Generator) -> torch.Tensor:
    """Draw from a generator with the defects of that kind."""
    n = int(torch.randint(500, 1000, (), generator=rng))
    lost, between, noise = (float(u) for u in torch.rand(3, generator=rng))
    kept = 1 - (0.6 + 0.4 * lost) * (kind in ("missing", "both"))
    strange = (0.25 + 0.25 * between) * (kind in ("between", "both"))
    share = kept * len(second) / (kept * len(second) + len(first))
    drawn = (x[torch.randint(len(x), (n,), generator=rng)] for x in (first, second))
    u, v, w = torch.rand(3, n, generator=rng)
    part = torch.where(v < strange, 0.35 + 0.3 * w, (u < share).float())
    images = torch.lerp(*drawn, part[:, None])
    return images + 0.1 * noise * torch.randn(images.shape, generator=rng)


def _confusion(heard: Counter) -> str:
    """Say which kind is taken for which."""
    each = len(_PAIRS) * _ROUNDS
    (kind, said), count = max(
        ((pair, count) for pair, count in heard.items() if pair[0] != pair[1]),
        key=lambda found: found[1],
    )
    right = sum(heard[kind, kind] for kind in _KINDS)
    seen = f"{right} of {len(_KINDS) * each} are right, {_NEEDED} are needed. "
    seen += f"Of {each} that are {kind!r} you call {count} {said!r}. "
    if len({said for _, said in heard}) == 1:
        return seen + "You say that of every generator, whatever it makes."
    overlooked = {kind, said} in ({"fair", "between"}, {"missing", "both"})
    if overlooked and kind in ("between", "both"):
        return seen + (
            "A blend of two digits is nearer to one of them all the same. Allow for "
            "images that are like neither, and count them."
        )
    if overlooked:
        return seen + (
            "Some of the data lie between the two digits as well, and some generators "
            "are a little noisy. How many of the data does your count find?"
        )
    if kind in ("missing", "both"):
        return seen + (
            "Good images can still be too many of one digit. Leave out what is like "
            "neither, and compare the shares of the rest with those of the data."
        )
    return seen + (
        "The data need not have as many of one digit as of the other, and a share of "
        "some hundred draws is off by a few per cent by chance. Compare with the data."
    )


CHECKS: dict[str, Check] = {
    "17.1": _seen,
    "17.2": _easiest,
    "17.3": _local,
}
LABS: dict[str, Check] = {"17.4": _diagnose}
HINTS: dict[str, tuple[str, ...]] = {
    "17.1": (
        "Seen along one direction, a Gaussian with the same noise in every pixel is a "
        "Gaussian with that noise. How far apart are the two centres there?",
        "The model has all its mass in one mode, the target half of it. So the total "
        "variation is half of that between two Gaussians of one spread.",
        "Two such Gaussians cross half-way between their centres. The total variation "
        "is the difference of their masses on one side of that point.",
    ),
    "17.2": (
        "A product of s and an exponential: its logarithm is easier to differentiate.",
        "The logarithm is log s + D^2 / (8 s^2). Where do its two terms balance?",
    ),
    "17.3": (
        "Each radius proves a floor of its own. What goes up when the ball grows, and "
        "what goes down?",
        "The squared length of so many Gaussian latents has a law with a name, and "
        "`scipy.stats` knows its tails.",
        "If even the best floor is negative, a better one is known without computing.",
    ),
    "17.4": (
        "Look at the two visible generators along the axis from one digit's mean to "
        "the other's. Where would you see a blend, and where a digit that is missing?",
        "Count two things: the share of images in the middle of the way, and the "
        "share of the second digit among all others.",
        "Count both among the data too. Then set the two thresholds with generators "
        "whose defects you know, since you can make them.",
    ),
}
