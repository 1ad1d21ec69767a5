"""Answers to the exercises of chapter 11, right and wrong."""

from __future__ import annotations

import math

import torch


def left(rate, weight, rounds=400):
    """Play, and return what a round leaves of the distance, from the logarithm."""
    slope, place, total = 0.0, 1.0, 0.0
    for turn in range(rounds):
        slope += rate * (-place - weight * slope)
        place += rate * slope
        size = math.hypot(slope, place)
        slope, place = slope / size, place / size
        total += math.log(size) if turn >= rounds // 2 else 0.0
    return total


def played(rate):
    """Try weights, played out."""
    return min((k / 50 for k in range(151)), key=lambda weight: left(rate, weight))


def shares(real, fake, train, parts):
    """The shares of both samples that a critic takes for data, on the second part."""
    (one, other) = parts
    critic = train(real[one], fake[one])
    return [(critic(x[other]) > 0).double().mean() for x in (real, fake)]


EVEN, ODD, ALL = slice(0, None, 2), slice(1, None, 2), slice(None)


def dealt(real, fake, train):
    """Deal at random, and count how often the critic is right."""
    coin = torch.Generator().manual_seed(5)
    real, fake = (x[torch.randperm(len(x), generator=coin)] for x in (real, fake))
    hits, slips = shares(real, fake, train, (EVEN, ODD))
    return hits + (1 - slips) - 1


def by_heart(real, fake, train):
    hits, slips = shares(real, fake, train, (ALL, ALL))
    return hits - slips


def halves(real, fake, train):
    parts = [x.split((len(x) + 1) // 2) for x in (real, fake)]
    critic = train(*(part[0] for part in parts))
    hits, slips = ((critic(part[1]) > 0).double().mean() for part in parts)
    return hits - slips


def accuracy(real, fake, train):
    """Count right answers of both samples together."""
    hits, slips = shares(real, fake, train, (EVEN, ODD))
    share = len(real) / (len(real) + len(fake))
    return 2 * (share * hits + (1 - share) * (1 - slips)) - 1


def balanced(real, fake, train):
    """Count right answers of each sample, and forget what a coin would do."""
    return (dealt(real, fake, train) + 1) / 2


def best_threshold(real, fake, train):
    """Choose the threshold by the rows that are then counted."""
    critic = train(real[EVEN], fake[EVEN])
    said, other = critic(real[ODD]), critic(fake[ODD])
    cuts = torch.cat([said, other])[:, None]
    return ((said > cuts).double().mean(1) - (other > cuts).double().mean(1)).max()


def audit(a):
    best = a.max()
    return (a - best).exp(), (a - best).exp().mean() * best.exp()


def with_chances(chances):
    return lambda a: (chances(a), a.exp().mean())


def with_share(share):
    return lambda a: (audit(a)[0], share(a))


RIGHT = {"11.1": played, "11.2": dealt, "11.3": audit}
WRONG = [
    ("11.1", lambda rate: 0.0, "never come to rest"),
    ("11.1", lambda rate: 2.0, "moves after the critic"),
    ("11.1", lambda rate: 2 + rate, "both move at once"),
    ("11.1", lambda rate: 1.0, "They still circle"),
    ("11.1", lambda rate: 2.5, "but creep"),
    ("11.1", lambda rate: 50.0, "never come to rest"),
    ("11.2", by_heart, "rows that it had seen"),
    ("11.2", halves, "stood in an order"),
    ("11.2", accuracy, "count for each sample apart"),
    ("11.2", lambda real, fake, train: 0.5, "never call `train`"),
    ("11.2", lambda *given: dealt(*given) / 2, "this critic offers more"),
    ("11.2", lambda *given: 1.5 + dealt(*given), "at most 1"),
    ("11.2", balanced, "A coin is right"),
    ("11.2", best_threshold, "in every pair"),
    ("11.3", with_chances(torch.sigmoid), "p q / (p + q)"),
    ("11.3", with_chances(lambda a: a.softmax(0)), "one forgery stays in all"),
    ("11.3", with_chances(lambda a: a.exp().clamp(max=1)), "you cap it"),
    ("11.3", with_chances(lambda a: a.exp()), "A chance is at most 1"),
    ("11.3", with_chances(lambda a: (a > 0).double()), "no rare images"),
    ("11.3", with_chances(lambda a: a.exp() / a.exp().max()), "compare logits first"),
    ("11.3", with_chances(lambda a: 0 * a), "Which constant"),
    ("11.3", with_share(lambda a: audit(a)[0].mean()), "forgeries that stay"),
    ("11.3", with_share(lambda a: (a > 0).double().mean()), "pass for data"),
    ("11.3", with_share(lambda a: a.sigmoid().mean()), "the mean of D"),
    ("11.3", with_share(lambda a: 1.0), "The chances are right"),
    ("11.3", lambda a: audit(a)[0], "Return two"),
]

LOSE, KEEP = {"wide": 0.1}, {"wide": 4.0}
LAZY = [
    ("11.4", lambda given: given["play"], "Hand in a pair"),
    ("11.4", lambda given: (given["play"](1, steps=1), KEEP), "Hand in settings"),
    ("11.4", lambda given: (lambda seed: None, KEEP), "Hand in settings"),
    ("11.4", lambda given: (LOSE | {"seed": 3}, KEEP), "Seeds are mine"),
    ("11.4", lambda given: (LOSE, KEEP | {"steps": 5000}), "are enough"),
    ("11.4", lambda given: (LOSE, KEEP | {"rates": 1e-3}), "expected shape (2,)"),
    ("11.4", lambda given: (LOSE, KEEP | {"turns": (1, 0.5)}), "too small"),
    ("11.4", lambda given: (LOSE, KEEP | {"turns": (1, 1.5)}), "cannot be played"),
    ("11.4", lambda given: ({"wide": 0.01, "steps": 1}, KEEP), "found the other"),
    ("11.4", lambda given: (KEEP, KEEP), "game that should lose a mode"),
    ("11.4", lambda given: (KEEP, LOSE), "stands first"),
    ("11.4", lambda given: ({}, KEEP), "game that should lose a mode"),
    ("11.4", lambda given: (LOSE, {"wide": 0.2}), "game that should keep both"),
    ("11.4", lambda given: (LOSE, KEEP | {"steps": 1}), "lie at no mode"),
]
