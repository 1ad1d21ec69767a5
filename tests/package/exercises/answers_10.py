"""Answers to the exercises of chapter 10, right and wrong."""

from __future__ import annotations

import torch
from torch.distributions import Normal

NORMAL = Normal(0.0, 1.0)


def _encode(x, cdf, pdf):
    z = NORMAL.icdf(cdf(x))
    return z, pdf(x).log() - NORMAL.log_prob(z)


def _dependence(masks):
    """Ask linear couplings with random weights how each number reacts."""
    d = masks.shape[1]
    jacobian = torch.eye(d, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    for mask in masks.double():
        weights = torch.rand(d, d, generator=generator, dtype=torch.float64)
        jacobian = jacobian + (1 - mask)[:, None] * ((weights * mask) @ jacobian)
    return jacobian != 0


def _directly(masks):
    table = torch.eye(masks.shape[1], dtype=torch.bool)
    for mask in masks.bool():
        table |= ~mask[:, None] & mask
    return table


def _diagnose(suspect, x):
    z = suspect.encode(x)
    if (suspect.decode(z) - x).abs().max() > 1e-3:
        return "inverse"
    step = 1e-5 * torch.eye(2, dtype=x.dtype)
    slopes = [(suspect.encode(x + h) - z) / 1e-5 for h in step]
    found = torch.stack(slopes, dim=1).det().abs().log()
    of_noise = NORMAL.log_prob(z).sum(dim=1)
    if (suspect.log_prob(x) - of_noise - found).abs().median() > 1e-3:
        return "log-det"
    ticks = torch.arange(-14, 14, 0.1, dtype=x.dtype)
    plane = torch.cartesian_prod(ticks, ticks)
    return "fold" if suspect.log_prob(plane).exp().sum() * 0.1**2 > 1.5 else "sound"


def _near(suspect, x):
    return "sound" if _diagnose(suspect, x) == "fold" else _diagnose(suspect, x)


def _log_prob(x, a, b):
    y = a.exp() * x + b
    return (NORMAL.log_prob(y.sinh()) + a + y.cosh().log()).sum(dim=1)


def _base(x, a, b):
    return NORMAL.log_prob((a.exp() * x + b).sinh()).sum(dim=1)


def _bend(x, a, b):
    return (a.exp() * x + b).cosh().log()


RIGHT = {"10.1": _encode, "10.2": _dependence, "10.3": _log_prob}

WRONG = [
    ("10.1", lambda x, cdf, pdf: cdf(x), "two things"),
    ("10.1", lambda x, cdf, pdf: (cdf(x), pdf(x).log()), "uniform"),
    ("10.1", lambda x, cdf, pdf: (NORMAL.cdf(cdf(x)), pdf(x)), "inverse of Phi"),
    ("10.1", lambda x, cdf, pdf: (x, pdf(x)), "z is wrong"),
    ("10.1", lambda x, cdf, pdf: (-_encode(x, cdf, pdf)[0], pdf(x)), "map falls"),
    (
        "10.1",
        lambda x, cdf, pdf: (_encode(x, cdf, pdf)[0], pdf(x).log()),
        "slope of Phi^-1",
    ),
    (
        "10.1",
        lambda x, cdf, pdf: (_encode(x, cdf, pdf)[0], -_encode(x, cdf, pdf)[1]),
        "dz/dx",
    ),
    (
        "10.1",
        lambda x, cdf, pdf: (
            _encode(x, cdf, pdf)[0],
            2 * pdf(x).log() - _encode(x, cdf, pdf)[1],
        ),
        "divided",
    ),
    (
        "10.1",
        lambda x, cdf, pdf: (_encode(x, cdf, pdf)[0], _encode(x, cdf, pdf)[1].exp()),
        "logarithm",
    ),
    ("10.1", lambda x, cdf, pdf: (_encode(x, cdf, pdf)[0], 0 * x), "chain rule"),
    ("10.2", lambda masks: _dependence(masks).T, "turned"),
    ("10.2", lambda masks: _dependence(masks.flip(0)), "that x meets first"),
    ("10.2", lambda masks: _dependence(1 - masks), "is a number that is kept"),
    ("10.2", _directly, "in its own way already"),
    (
        "10.2",
        lambda masks: _dependence(masks) & ~torch.eye(masks.shape[1], dtype=bool),
        "depends on itself",
    ),
    ("10.2", lambda masks: torch.ones(2 * [masks.shape[1]]), "cannot depend"),
    ("10.3", lambda x, a, b: _log_prob(x, a, b).mean(), "One number for each"),
    (
        "10.3",
        lambda x, a, b: _base(x, a, b) + a.sum() + x.cosh().log().sum(dim=1),
        "where sinh acts",
    ),
    (
        "10.3",
        lambda x, a, b: 2 * _base(x, a, b) - _log_prob(x, a, b),
        "wrong sign",
    ),
    ("10.3", lambda x, a, b: _base(x, a, b) + _bend(x, a, b).sum(dim=1), "first layer"),
    ("10.3", lambda x, a, b: _base(x, a, b) + a.sum(), "second layer"),
    ("10.3", _base, "density of z"),
    (
        "10.3",
        lambda x, a, b: _base(x, a, b) + a.mean() + _bend(x, a, b).mean(dim=1),
        "you averaged",
    ),
    (
        "10.3",
        lambda x, a, b: _base(x, a, b) + (a + _bend(x, a, b)).sum(),
        "whole batch",
    ),
    ("10.3", lambda x, a, b: x.sum(dim=1), "log cosh"),
]

LAZY = [
    ("10.4", lambda given: lambda suspect, x: "sound", "does not come back"),
    ("10.4", lambda given: _near, "Where else can you ask?"),
    ("10.4", lambda given: lambda suspect, x: "fold", "call a sound flow"),
    ("10.4", lambda given: lambda suspect, x: "area", "Say one of"),
    ("10.4", lambda given: dict.fromkeys("ABCD", "sound"), "the function itself"),
    (
        "10.4",
        lambda given: lambda s, x: "inverse" if _near(s, x) == "inverse" else "sound",
        "autograd finds for encode",
    ),
]
