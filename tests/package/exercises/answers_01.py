"""Lazy answers to the lab of chapter 1."""

from __future__ import annotations

import math

import torch
from scipy import stats


def chi_square(given, outcomes):
    due = len(outcomes) * given["p"][given["p"] > 0]
    found = torch.bincount(outcomes, minlength=65)[given["p"] > 0]
    return ((found - due) ** 2 / due).sum().item()


def by_shares(given, n=20_000, low=1e-4, high=1e-4):
    law = stats.chi2(df=15)
    return lambda draw: law.ppf(low) <= chi_square(given, draw(n)) <= law.isf(high)


def by_neighbours(given):
    chance = (given["p"] ** 2).sum().item()
    error = math.sqrt(chance * (1 - chance) / 20_000)

    def is_fair(draw):
        outcomes = draw(20_000)
        equal = (outcomes[1:] == outcomes[:-1]).double().mean().item()
        return abs(equal - chance) < 4 * error

    return is_fair


def by_all_amounts(given):
    def is_fair(draw):
        due = 1000 * given["p"]
        found = torch.bincount(draw(1000), minlength=65)
        return ((found - due) ** 2 / due).sum() < 30

    return is_fair


RIGHT: dict = {}

WRONG: list = []

LAZY = [
    ("1.5", lambda given: lambda draw: True, "the same of every program"),
    ("1.5", lambda given: lambda draw: draw(9).max() > 99, "the same of every program"),
    ("1.5", lambda given: True, "the function itself"),
    ("1.5", lambda given: lambda draw: 0.7, "Return True or False"),
    ("1.5", lambda given: lambda draw: draw(10**6).any(), "more than 20000 draws"),
    ("1.5", by_all_amounts, "the same of every program"),
    (
        "1.5",
        lambda given: by_shares(given, low=0.3, high=0.3),
        "fair programs you call",
    ),
    ("1.5", lambda given: by_shares(given, n=1000), "look at every amount"),
    ("1.5", lambda given: by_shares(given, low=0), "like cards"),
    ("1.5", by_shares, "what do two neighbours have in common"),
    ("1.5", by_neighbours, "look at every amount"),
]
