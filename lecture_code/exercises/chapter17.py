"""Checks of chapter 17: a direction, a tipping point, half a line, two defects."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import torch
from scipy import special

from lecture_code import datasets, lipschitz, networks
from lecture_code.exercises import Check, Mistake, call, numbers


def _visible(answer: Any) -> str:
    """17.1: Phi(c D / (2 s)) - 1/2."""
    for distance, s, cosine in ((3.55, 0.4, 0.125), (6.0, 1.5, 1.0), (2.0, 1.0, -0.6)):
        got = float(numbers(call(answer, distance, s, cosine)))
        _compare_visible(got, distance, s, cosine)
    return (
        "In d dimensions a random direction has a cosine of about the root of 1 / d: "
        "on the two digits it shows less than half of what the axis shows."
    )


def _compare_visible(got: float, distance: float, s: float, cosine: float) -> None:
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


def _tipping(answer: Any) -> str:
    """17.2: (alpha^2 s^2 + sigma^2) log(w / (1 - w)) / (alpha D)."""
    for given in (
        (3.55, 0.4, 0.6, 0.2, 0.98),
        (10.85, 0.15, 0.3, 0.8, 0.6),
        (2.0, 1.5, 0.9, 0.5, 0.5),
        (5.0, 0.7, 0.5, 0.6, 0.8),
    ):
        _compare_tipping(float(numbers(call(answer, *given))), *given)
    return (
        "Under strong noise the point lies far from the middle, among the images: a "
        "step there is told the weights, and settles them. Later it lies in the "
        "valley, where no image is left that it could send to the other side."
    )


def _compare_tipping(got, distance, s, w, alpha, sigma) -> None:
    odds, spread = math.log(w / (1 - w)), (alpha * s) ** 2 + sigma**2
    want = spread * odds / (alpha * distance)
    if np.isclose(got, want):
        return
    if np.isclose(got, 0) and want:
        raise Mistake("In the middle the two are as likely only with equal weights.")
    if np.isclose(got, -want):
        raise Mistake(
            "The digit that is rarer needs more: which way does the point go?"
        )
    if np.isclose(got, want * sigma**2 / spread):
        raise Mistake("The images carry noise of their own, which alpha has shrunk.")
    if np.isclose(got, want * (s**2 + sigma**2) / spread):
        raise Mistake("With the image shrinks its own noise: alpha belongs to both.")
    if np.isclose(got, want * alpha):
        raise Mistake("The two centres have moved together as well, by alpha.")
    if np.isclose(got, 2 * want) or np.isclose(got, want / 2):
        raise Mistake(
            "The 3 lies at -alpha D / 2 and the 7 at alpha D / 2: count again."
        )
    if np.isclose(got, want / math.sqrt(spread)):
        raise Mistake("In the exponent stands a square, over the variance.")
    raise Mistake(
        f"For D = {distance:g}, s = {s:g}, w = {w:g}, alpha = {alpha:g} and sigma = "
        f"{sigma:g} it is {want:.4f}, not {got:.4f}. Set the two densities equal, each "
        "times its weight, and take the logarithm."
    )


def _axis_bound(answer: Any) -> str:
    """17.3: what halves of straight lines certify, or anything better that holds."""
    for network, e, steepest in _decoders():
        got = float(numbers(call(answer, network, e)))
        _compare_bound(got, network, e, steepest)
    return (
        "For the small decoder it takes two fifths off the certificate, and the floor "
        "is nearly twice as high. Nothing was trained: a bound had thrown that away, "
        "and nobody had looked."
    )


def _decoders() -> list[tuple[torch.nn.Sequential, torch.Tensor, float]]:
    """Networks, directions, and a slope that each has somewhere."""
    found, rng = [], torch.Generator().manual_seed(17)
    for hidden, d in ((12, 5), (30, 8)):
        net, e = networks.mlp([2, hidden, hidden, d]), torch.zeros(d)
        with torch.no_grad():
            for weight in net.parameters():
                weight.copy_(0.5 * torch.randn(weight.shape, generator=rng))
        e[0], e[1] = 0.6, 0.8
        onto = torch.nn.Linear(d, 1, bias=False)
        onto.weight.data = e[None]
        z = torch.randn(200, 2, generator=rng)
        whole = torch.nn.Sequential(net, onto)
        found.append((net, e, lipschitz.lower_bound(whole, z, steps=10)))
    for weights, biases, steepest in (
        ((1.0, -1.0), (0.0, 0.0), 1.0),  # the absolute value
        ((1.0, 20.0), (5.0, -160.0), 21.0),  # so steep beyond a latent of 8
        ((3.0,), (0.0,), 3.0),  # as steep as can be proved
    ):
        k = len(weights)
        net = networks.mlp([1, k, k, 2])
        with torch.no_grad():
            for layer in net[::2]:
                layer.bias.zero_()
            net[0].weight.copy_(torch.tensor(weights)[:, None])
            net[0].bias.copy_(torch.tensor(biases))
            net[2].weight.copy_(torch.eye(k))
            net[4].weight.copy_(torch.tensor([[1.0, 1.0], [2.0, -2.0]])[:, :k])
        found.append((net, torch.tensor([1.0, 0.0]), steepest))
    return found


def _compare_bound(got: float, network, e, steepest: float) -> None:
    first, second, last = (layer.weight.detach().double() for layer in network[::2])
    u = e.double() @ last
    one, two, both = (
        float(torch.linalg.matrix_norm(w, 2)) for w in (first, second, second @ first)
    )
    length, along = float(u.norm()), float((u @ second).norm())
    terms = (u @ second @ first).norm() + along * one + length * (both + one * two)
    want = float(terms) / 4
    if got < steepest * (1 - 1e-5):
        raise Mistake(
            f"At some latent a network is {steepest:.2f} steep along e, and you say at "
            f"most {got:.2f}. A bound has to hold at every latent."
        )
    if got <= want * (1 + 1e-5):
        return
    if np.isclose(got, lipschitz.upper_bound(network), rtol=1e-4):
        raise Mistake(
            "That is the product of the layers, which holds in all directions. Along e "
            "one vector is left of the last layer."
        )
    if np.isclose(got, length * one * two, rtol=1e-4):
        raise Mistake("You have used the direction. Now use what a ReLU is half of.")
    raise Mistake(
        f"A slope of at most {got:.3f} is true, and {want:.3f} can be proved: how many "
        "terms do two ReLUs make, and which matrices may be multiplied in each?"
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
            heard[kind, said, turn] += 1
    if _right(heard) < _NEEDED:
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


def _right(heard: Counter) -> int:
    return sum(count for (kind, said, _), count in heard.items() if kind == said)


def _confusion(heard: Counter) -> str:
    """Say which kind is taken for which."""
    each = len(_PAIRS) * _ROUNDS
    wrong: Counter = Counter()
    for (kind, said, _), count in heard.items():
        wrong[kind, said] += count * (kind != said)
    ((kind, said), count), *_ = wrong.most_common()
    seen = f"{_right(heard)} of {len(_KINDS) * each} are right, {_NEEDED} are needed. "
    seen += f"Of {each} that are {kind!r} you call {count} {said!r}. "
    if len({said for _, said, _ in heard}) == 1:
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
        if not (heard[kind, said, 1] and heard[kind, said, -1]):
            return seen + (
                "All of these have lost the same one of the two. Either may be "
                "missing: of the second digit there can be too few, or too many."
            )
        return seen + (
            "Good images can still be too few or too many of one digit. Leave out what "
            "is like neither, and compare the shares of the rest with those of the "
            "data."
        )
    return seen + (
        "The data need not have as many of one digit as of the other, and a share of "
        "some hundred draws is off by a few per cent by chance. Compare with the data."
    )


CHECKS: dict[str, Check] = {
    "17.1": _visible,
    "17.2": _tipping,
    "17.3": _axis_bound,
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
        "What stands at x came from the 3 or from the 7. How likely is x under each?",
        "Under both it is normal, with the same variance: that of the shrunk noise of "
        "the image plus that of the added one. The centres are shrunk too.",
        "Weight times density, on both sides: in the logarithm the squares cancel, and "
        "what is left is linear in x.",
    ),
    "17.3": (
        "The theorem asks for the slope along one direction. What is left of the last "
        "layer when that is fixed?",
        "At each latent a ReLU layer multiplies by a diagonal matrix of zeros and "
        "ones. That is half of the identity, plus half of a matrix of signs.",
        "Two such layers make four products. Where the identity stands between two "
        "matrices, multiply them first and take the norm then; signs change no norm.",
    ),
    "17.4": (
        "Look at the two visible generators along the axis from one digit's mean to "
        "the other's. Where would you see a blend, and where a digit that is missing?",
        "Count two things: the share of images in the middle of the way, and the "
        "share of the second digit among all others, too small or too large.",
        "Count both among the data too. Then set the two thresholds with generators "
        "whose defects you know, since you can make them.",
    ),
}
