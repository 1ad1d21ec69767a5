"""Answers to the exercises of chapter 10, right and wrong."""

from __future__ import annotations

import torch
from torch.distributions import Normal

NORMAL = Normal(0.0, 1.0)


def _encode(x, cdf, pdf):
    z = NORMAL.icdf(cdf(x))
    return z, pdf(x).log() - NORMAL.log_prob(z)


def _inverse(z, s, t):
    z = z.clone()
    z[:, 2:] = (z[:, 2:] - t(z[:, :2])) / s(z[:, :2]).exp()
    return z


def _moved(z, change):
    a, c = z[:, :2], z[:, 2:]
    return torch.cat([a, change(a, c)], dim=1)


def _log_prob(x, a, b):
    y = a.exp() * x + b
    return (NORMAL.log_prob(y.sinh()) + a + y.cosh().log()).sum(dim=1)


def _base(x, a, b):
    return NORMAL.log_prob((a.exp() * x + b).sinh()).sum(dim=1)


def _bend(x, a, b):
    return (a.exp() * x + b).cosh().log()


RIGHT = {"10.1": _encode, "10.2": _inverse, "10.3": _log_prob}

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
    ("10.2", lambda z, s, t: 0 * z, "keep it again"),
    ("10.2", lambda z, s, t: _moved(z, lambda a, c: c * s(a).exp() + t(a)), "forward"),
    (
        "10.2",
        lambda z, s, t: _moved(z, lambda a, c: c / s(a).exp() - t(a)),
        "undone first",
    ),
    (
        "10.2",
        lambda z, s, t: _moved(z, lambda a, c: (c - t(a)) * s(a).exp()),
        "dividing",
    ),
    (
        "10.2",
        lambda z, s, t: _moved(z, lambda a, c: (c - t(c)) / s(c).exp()),
        "half that stayed",
    ),
    ("10.2", lambda z, s, t: z, "Solve z"),
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
