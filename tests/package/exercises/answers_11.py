"""Answers to the exercises of chapter 11, right and wrong."""

from __future__ import annotations

import math

import torch


def pulls(x, theta):
    d = torch.sigmoid(theta**2 / 2 - theta * x)
    return theta * d, theta * (1 - d)


def critic(p, q, share):
    return torch.sigmoid((p / q).log() + math.log(share / (1 - share)))


RIGHT = {
    "11.1": lambda p, q, share: torch.sigmoid(
        (p / q).log() + math.log(share / (1 - share))
    ),
    "11.2": lambda shift: math.log(2) * (1 - max(0.0, 1 - abs(shift))),
    "11.3": pulls,
}
WRONG = [
    ("11.1", lambda p, q, share: p / (p + q), "as many forgeries"),
    (
        "11.1",
        lambda p, q, s: 1 - critic(p, q, s),
        "chance of a forgery",
    ),
    ("11.1", lambda p, q, s: critic(p, q, 1 - s), "exchanged"),
    ("11.1", lambda p, q, s: (s * p / ((1 - s) * q)).log(), "the logit"),
    ("11.1", lambda p, q, s: p / q, "At each x maximise"),
    ("11.2", lambda shift: abs(shift) * math.log(2), "cap it"),
    ("11.2", lambda shift: max(-1.0, min(shift, 1.0)) * math.log(2), "never negative"),
    ("11.2", lambda shift: 2 * RIGHT["11.2"](shift), "Twice too large"),
    ("11.2", lambda shift: min(abs(shift), 1.0), "in bits"),
    ("11.2", lambda shift: 0.5 * shift**2, "How long are these stretches"),
    ("11.3", lambda x, t: pulls(x, t)[::-1], "swapped"),
    ("11.3", lambda x, t: tuple(-g for g in pulls(x, t)), "points up"),
    ("11.3", lambda x, t: tuple(g / t for g in pulls(x, t)), "chain rule"),
    (
        "11.2",
        lambda shift: abs(min(shift, 1.0)) * math.log(2),
        "cannot become more different",
    ),
    ("11.2", lambda shift: RIGHT["11.2"](shift) / 2, "Half of it"),
    ("11.2", lambda shift: abs(shift), "That is W1"),
    (
        "11.2",
        lambda shift: 2 * RIGHT["11.2"](shift) - math.log(4),
        "value of the game",
    ),
    (
        "11.2",
        lambda shift: max(0.0, min(shift, 1.0)) * math.log(2),
        "not its sign",
    ),
    ("11.2", lambda shift: min(shift, 1.0) * math.log(2), "not its sign"),
    ("11.3", lambda x, t: tuple(-g / t for g in pulls(x, t)), "chain rule"),
    ("11.3", lambda x, t: tuple(g * abs(t) / t for g in pulls(x, t)), "|theta|"),
    ("11.3", lambda x, t: pulls(x, t)[0], "Return two tensors"),
    ("11.3", lambda x, t: (x, x), "The logit is a"),
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
    ("11.4", lambda given: ({}, KEEP), "game that should lose a mode"),
    ("11.4", lambda given: (LOSE, {"wide": 0.2}), "game that should keep both"),
    ("11.4", lambda given: (LOSE, KEEP | {"steps": 1}), "lie at no mode"),
]
