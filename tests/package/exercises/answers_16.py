"""Answers to the exercises of chapter 16, right ones and wrong ones."""

from __future__ import annotations

import math

import numpy as np
import torch
from answers_15 import joined
from scipy import special

from lecture_code import pushforward
from lecture_code.densities import GaussianMixture


def pair(m):
    return GaussianMixture([-m, m], 1.0)


def pieces(z, x, at):
    """For each value and piece, by loops: the latent there, if any, and the slope."""
    for value in at.tolist():
        found = []
        for i in range(len(z) - 1):
            share = (value - float(x[i])) / float(x[i + 1] - x[i])
            if 0 < share < 1:
                width = float(z[i + 1] - z[i])
                slope = float(x[i + 1] - x[i]) / width
                found.append((float(z[i]) + share * width, slope))
        yield found


def summed(height):
    """Add up over the pieces what each gives."""
    return lambda z, x, at: [sum(height(*p) for p in f) for f in pieces(z, x, at)]


def phi(latent):
    return math.exp(-(latent**2) / 2) / math.sqrt(math.tau)


def first_piece(z, x, at):
    return [sum(phi(c) / abs(s) for c, s in f[:1]) for f in pieces(z, x, at)]


def everywhere(z, x, at):
    slopes = x.diff() / z.diff()
    latents = z[:-1] + (at[:, None] - x[:-1]) / slopes
    return (torch.exp(-(latents**2) / 2) / slopes.abs()).sum(1) / math.sqrt(math.tau)


density = summed(lambda latent, slope: phi(latent) / abs(slope))


def needed(m, tv):
    return pushforward.lipschitz_needed(pair(m), tv)


def noisy(m, sigma, tv):
    return max(needed(m, tv) ** 2 - sigma**2, 0) ** 0.5


def suspects(m, slopes, tvs):
    return tvs < pushforward.tv_star(pair(m), slopes).lower - 1e-3


def samples(p, tv):
    return ((p - p**2).sqrt().sum() / (tv * math.sqrt(math.tau))).square().item()


RIGHT = {"16.1": density, "16.2": noisy, "16.3": suspects, "16.4": samples}

WRONG = [
    ("16.1", summed(lambda c, s: phi(c) / s), "A negative density"),
    ("16.1", summed(lambda c, s: phi(c)), "the latents' density"),
    ("16.1", summed(lambda c, s: phi(c) * abs(s)), "little is left"),
    ("16.1", summed(lambda c, s: 1 / abs(s)), "they are normal"),
    ("16.1", everywhere, "no latent reaches"),
    ("16.1", first_piece, "several latents reach"),
    ("16.1", summed(lambda c, s: phi(c / 2) / abs(s)), "For the knots"),
    ("16.1", lambda z, x, at: 0.1, "expected shape (8,)"),
    ("16.2", lambda m, s, tv: needed(m, tv), "noise included"),
    ("16.2", lambda m, s, tv: needed(m, tv) - s, "add as squares"),
    ("16.2", lambda m, s, tv: noisy(m, s, tv) ** 2, "the square of the slope"),
    ("16.2", lambda m, s, tv: math.hypot(needed(m, tv), s), "needs less, not more"),
    ("16.2", lambda m, s, tv: noisy(m / 2, s, tv), "modes at -m and m"),
    (
        "16.2",
        lambda m, s, tv: abs(needed(m, tv) ** 2 - s**2) ** 0.5,
        "the noise alone has more slope",
    ),
    ("16.2", lambda m, s, tv: noisy(m, s, 0), "what an exact fit needs"),
    (
        "16.2",
        lambda m, s, tv: max(needed(m, tv) ** 2 - s, 0) ** 0.5,
        "the square of sigma",
    ),
    (
        "16.3",
        lambda m, s, tv: tv < pushforward.tv_star(pair(m), s).lower + 1e-3,
        "5 are convicted",
    ),
    ("16.3", lambda m, s, tv: 2 * suspects(m, s, tv), "one True or False"),
    ("16.3", lambda m, s, tv: ~suspects(m, s, tv), "Turned round"),
    (
        "16.3",
        lambda m, s, tv: tv < pushforward.tv_lower_bound(pair(m), s) - 1e-3,
        "use tv_star",
    ),
    ("16.3", lambda m, s, tv: suspects(m / 2, s, tv), "are judged wrongly"),
    ("16.3", lambda m, s, tv: suspects(m, s, tv).any(), "expected shape (12,)"),
    ("16.4", lambda p, tv: p.sqrt().sum() ** 2 / tv**2 / math.tau, "strays less"),
    ("16.4", lambda p, tv: 4 * samples(p, tv), "half the sum"),
    ("16.4", lambda p, tv: samples(p, tv) * math.pi / 2, "the mean size"),
    ("16.4", lambda p, tv: samples(p, tv) * tv, "not twice"),
    ("16.4", lambda p, tv: samples(p, tv) ** 0.5, "the root of the number"),
    ("16.4", lambda p, tv: samples(p, 1.0), "depend on tv"),
    ("16.4", lambda p, tv: -samples(p, tv), "is positive"),
    ("16.4", lambda p, tv: 1 / tv**2, "was asked for"),
]


def line(slope, shift=0.0):
    """A network that is a straight line."""
    net = torch.nn.Linear(1, 1)
    with torch.no_grad():
        net.weight.fill_(slope)
        net.bias.fill_(shift)
    return net


def unbounded(given):
    """What a long training without restraint ends in: the exact map, or nearly."""
    z = np.linspace(-5, 5, 101)
    return joined(z, given["target"].ppf(special.ndtr(z)))


LAZY = [
    ("16.5", lambda given: torch.nn.Linear(1, 1), "it has not seen two modes"),
    ("16.5", lambda given: line(1.0, 3.0), "it has not seen two modes"),
    ("16.5", lambda given: line(3.1), "Give it a little more"),
    ("16.5", lambda given: line(4.5), "train longer"),
    ("16.5", unbounded, "Nothing in your loss speaks of the slope"),
    ("16.5", lambda given: torch.nn.Tanh(), "cannot be told exactly"),
    ("16.5", lambda given: (4.5, 0.23), "Hand in the trained model"),
]
