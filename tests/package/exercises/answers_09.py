"""Answers to the exercises of chapter 9, right and wrong."""

from __future__ import annotations

import math

import torch
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy_with_logits as bce


def _kl(m, s):
    return kl_divergence(Normal(m, s), Normal(0.0, 1.0))


def _terms(x, a, m, s):
    return bce(a, x, reduction="none"), _kl(m, s)


def _loss(x, a, m, s):
    misfit, kl = _terms(x, a, m, s)
    return (misfit.sum() + kl.sum()) / len(x)


def _posterior(x, a, sigma):
    precision = 1 + a**2 / sigma**2
    return a * x / sigma**2 / precision, 1 / math.sqrt(precision)


def _normals(*values):
    m1, s1, m2, s2 = (torch.tensor(float(v)).double() for v in values)
    return kl_divergence(Normal(m1, s1), Normal(m2, s2)).item()


def _gap(x, a, sigma, m, s):
    return _normals(m, s, *_posterior(x, a, sigma))


def _evidence(x, a, sigma):
    return Normal(0.0, math.hypot(a, sigma)).log_prob(torch.tensor(x).double()).item()


RIGHT = {
    "9.1": lambda m, s: _kl(m, s).sum(dim=1),
    "9.2": _loss,
    "9.3": _gap,
    "9.4": lambda codes: int((codes.var(dim=0) > 0.01).sum()),
}

WRONG = [
    ("9.1", lambda m, s: _kl(m, s), "add them up"),
    ("9.1", lambda m, s: _kl(m, s).sum(), "One number for each example"),
    ("9.1", lambda m, s: _kl(m, s).mean(dim=1), "averaged over the latents"),
    (
        "9.1",
        lambda m, s: kl_divergence(Normal(0 * m, 1.0), Normal(m, s)).sum(dim=1),
        "KL(guess, prior)",
    ),
    ("9.1", lambda m, s: -_kl(m, s).sum(dim=1), "never negative"),
    ("9.1", lambda m, s: 2 * _kl(m, s).sum(dim=1), "the half"),
    ("9.1", lambda m, s: _kl(m, s.sqrt()).sum(dim=1), "for a variance"),
    ("9.1", lambda m, s: _kl(m, s.exp()).sum(dim=1), "for its logarithm"),
    ("9.1", lambda m, s: m.square().sum(dim=1) / 2, "Try mean 0"),
    (
        "9.2",
        lambda *b: _terms(*b)[0].mean() + _terms(*b)[1].sum(dim=1).mean(),
        "beta = 7",
    ),
    ("9.2", lambda *b: _terms(*b)[0].mean() + _terms(*b)[1].mean(), "Sum both"),
    (
        "9.2",
        lambda *b: _terms(*b)[0].sum(dim=1).mean() + _terms(*b)[1].mean(),
        "averaged over the latents",
    ),
    ("9.2", lambda *b: _terms(*b)[0].sum() + _terms(*b)[1].sum(), "grows with it"),
    ("9.2", lambda *b: -_loss(*b), "its negative"),
    ("9.2", lambda *b: (_terms(*b)[0].sum() - _terms(*b)[1].sum()) / 5, "minus KL"),
    ("9.2", lambda *b: (_terms(*b)[1].sum() - _terms(*b)[0].sum()) / 5, "good fit"),
    ("9.2", lambda *b: _terms(*b)[0].sum() / 5, "is missing"),
    (
        "9.2",
        lambda x, a, m, s: (
            (
                _terms(x, a, m, s)[0].sum()
                + kl_divergence(Normal(0 * m, 1.0), Normal(m, s)).sum()
            )
            / len(x)
        ),
        "KL(guess, prior)",
    ),
    ("9.2", lambda x, a, m, s: _loss(x, a, m, s.sqrt()), "for a variance"),
    ("9.2", lambda x, a, m, s: _loss(x, -a, m, s), "A sign inside the misfit"),
    ("9.2", lambda *b: 0.5, "Sum over pixels"),
    (
        "9.3",
        lambda x, a, sigma, m, s: _normals(*_posterior(x, a, sigma), m, s),
        "other way round",
    ),
    ("9.3", lambda x, a, sigma, m, s: _normals(m, s, 0, 1), "KL to the prior"),
    (
        "9.3",
        lambda x, a, sigma, m, s: _normals(
            m, s, _posterior(x, a, sigma)[0], _posterior(x, a, sigma)[1] ** 2
        ),
        "variance stands",
    ),
    (
        "9.3",
        lambda x, a, sigma, m, s: _evidence(x, a, sigma) - _gap(x, a, sigma, m, s),
        "That is the ELBO",
    ),
    ("9.3", lambda x, a, sigma, m, s: _evidence(x, a, sigma), "That is log p(x)"),
    ("9.3", lambda *b: -_gap(*b), "The sign"),
    ("9.3", lambda *b: 0.1, "precision"),
    ("9.4", lambda codes: codes.var(dim=0) > 0.01, "one number"),
    ("9.4", lambda codes: int((codes.var(dim=0) <= 0.01).sum()), "sleeping"),
    ("9.4", lambda codes: int((codes.square().mean(dim=0) > 0.01).sum()), "variance"),
    ("9.4", lambda codes: int((codes.std(dim=0) > 0.01).sum()), "standard deviation"),
    ("9.4", lambda codes: int((codes.var(dim=1) > 0.01).sum()), "over the latents"),
    ("9.4", lambda codes: int((codes.abs().mean(dim=0) > 0.01).sum()), "mean size"),
    ("9.4", lambda codes: 1, "vary over the images"),
]
