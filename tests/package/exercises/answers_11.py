"""Answers to the exercises of chapter 11, right and wrong."""

from __future__ import annotations

import math

import torch


def pulls(x, theta):
    d = torch.sigmoid(theta**2 / 2 - theta * x)
    return theta * d, theta * (1 - d)


def near(samples, modes, radius):
    return (torch.cdist(samples, modes) <= radius).double()


def critic(p, q, share):
    return torch.sigmoid((p / q).log() + math.log(share / (1 - share)))


def hits(x, modes, radius):
    return near(x, modes, radius).sum(0)


RIGHT = {
    "11.1": lambda p, q, share: torch.sigmoid(
        (p / q).log() + math.log(share / (1 - share))
    ),
    "11.2": lambda shift: math.log(2) * (1 - max(0.0, 1 - abs(shift))),
    "11.3": pulls,
    "11.4": lambda x, m, r, least: (near(x, m, r).mean(0) >= least).sum(),
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
    ("11.3", lambda x, t: tuple(-g / t for g in pulls(x, t)), "chain rule"),
    ("11.3", lambda x, t: tuple(g * abs(t) / t for g in pulls(x, t)), "|theta|"),
    ("11.3", lambda x, t: pulls(x, t)[0], "Return two tensors"),
    ("11.3", lambda x, t: (x, x), "The logit is a"),
    (
        "11.4",
        lambda x, m, r, least: (near(x, m, r).sum(0) > 0).sum(),
        "One stray sample",
    ),
    (
        "11.4",
        lambda x, m, r, least: (
            near(x, m, r).sum(0) >= least * near(x, m, r).sum()
        ).sum(),
        "those between the modes too",
    ),
    ("11.4", lambda x, m, r, least: near(x, m, r).sum(), "not samples"),
    (
        "11.4",
        lambda x, m, r, least: (near(x, m, r).mean(0) > least).sum(),
        "At least `least`",
    ),
    (
        "11.4",
        lambda x, m, r, least: (near(x, m, r).mean(0) >= 0.01).sum(),
        "for `least` to say",
    ),
    ("11.4", lambda x, m, r, least: RIGHT["11.4"](x, m, r / 2, least), "Euclidean"),
    (
        "11.4",
        lambda x, m, r, least: RIGHT["11.4"](x, m, r**0.5, least),
        "at a distance of 0.8",
    ),
    ("11.4", lambda x, m, r, least: 2, "within the radius"),
]
