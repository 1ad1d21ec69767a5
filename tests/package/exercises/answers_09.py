"""Answers to the exercises of chapter 9, right and wrong."""

from __future__ import annotations

import math

import torch
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from lecture_code import datasets, likelihoods, networks, trained, training, vae


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


def _slope(v, sigma, beta):
    """Search: with the best guess, beta times the log-density of another line."""
    slopes = torch.linspace(0, 3, 30_001, dtype=torch.float64)
    variance = slopes**2 + beta * sigma**2
    return slopes[(variance.log() + v / variance).argmin()].item()


def _vae(narrow=False):
    widths = [16, 2, 128, 64] if narrow else [16, 128, 64]
    return vae.VAE(
        networks.mlp([64, 128, 32]),
        decoder=networks.mlp(widths),
        output=likelihoods.Bernoulli(),
        d=64,
        latents=16,
    )


def _trained(steps, *, beta=1.0, part="train", narrow=False):
    model, x = _vae(narrow), datasets.binary_digits(part).pixels
    model.beta = beta
    training.fit(model, x, steps=steps, lr=3e-3)
    return model


RIGHT = {"9.1": _loss, "9.2": _gap, "9.3": _slope}

WRONG = [
    (
        "9.1",
        lambda *b: _terms(*b)[0].mean() + _terms(*b)[1].sum(dim=1).mean(),
        "beta = 7",
    ),
    ("9.1", lambda *b: _terms(*b)[0].mean() + _terms(*b)[1].mean(), "Sum both"),
    (
        "9.1",
        lambda *b: _terms(*b)[0].sum(dim=1).mean() + _terms(*b)[1].mean(),
        "averaged over the latents",
    ),
    ("9.1", lambda *b: _terms(*b)[0].sum() + _terms(*b)[1].sum(), "grows with it"),
    ("9.1", lambda *b: -_loss(*b), "its negative"),
    ("9.1", lambda *b: (_terms(*b)[0].sum() - _terms(*b)[1].sum()) / 5, "minus KL"),
    ("9.1", lambda *b: (_terms(*b)[1].sum() - _terms(*b)[0].sum()) / 5, "good fit"),
    ("9.1", lambda *b: _terms(*b)[0].sum() / 5, "is missing"),
    (
        "9.1",
        lambda x, a, m, s: (
            (
                _terms(x, a, m, s)[0].sum()
                + kl_divergence(Normal(0 * m, 1.0), Normal(m, s)).sum()
            )
            / len(x)
        ),
        "KL(guess, prior)",
    ),
    ("9.1", lambda x, a, m, s: _loss(x, a, m, s.sqrt()), "for a variance"),
    ("9.1", lambda x, a, m, s: _loss(x, -a, m, s), "ink is paper"),
    ("9.1", lambda *b: 0.5, "Sum over pixels"),
    (
        "9.2",
        lambda x, a, sigma, m, s: _normals(*_posterior(x, a, sigma), m, s),
        "other way round",
    ),
    ("9.2", lambda x, a, sigma, m, s: _normals(m, s, 0, 1), "KL to the prior"),
    (
        "9.2",
        lambda x, a, sigma, m, s: _normals(
            m, s, _posterior(x, a, sigma)[0], _posterior(x, a, sigma)[1] ** 2
        ),
        "variance stands",
    ),
    (
        "9.2",
        lambda x, a, sigma, m, s: _evidence(x, a, sigma) - _gap(x, a, sigma, m, s),
        "That is the ELBO",
    ),
    ("9.2", lambda x, a, sigma, m, s: _evidence(x, a, sigma), "That is log p(x)"),
    ("9.2", lambda *b: -_gap(*b), "The sign"),
    ("9.2", lambda *b: 0.1, "precision"),
    ("9.1", lambda *b: _loss(*b[:1], b[1] - 30, *b[2:]), "Sum over pixels"),
    (
        "9.1",
        lambda *b: _terms(*b)[0].mean() + _terms(*b)[1].sum(),
        "a mean over everything",
    ),
    (
        "9.1",
        lambda *b: _terms(*b)[0].sum(dim=1).mean() + _terms(*b)[1].sum(),
        "as well",
    ),
    ("9.1", lambda *b: _terms(*b)[0].sum() + _terms(*b)[1].sum(dim=1).mean(), "misfit"),
    ("9.1", lambda x, a, m, s: _loss(1 - x, a, m, s), "ink"),
    ("9.1", lambda x, a, m, s: _loss(x, a, m, s) + (2 * x * a).sum() / 5, "a minus"),
    ("9.1", lambda x, a, m, s: _loss(x, a, m, s) - a.sum() / 5, "price of ink"),
    ("9.3", lambda v, sigma, beta: v**0.5, "A part of it is noise"),
    ("9.3", lambda v, sigma, beta: (v - sigma**2) ** 0.5, "at beta = 1"),
    ("9.3", lambda v, sigma, beta: (v - sigma**2 / beta) ** 0.5, "The wrong way"),
    ("9.3", lambda v, sigma, beta: v - beta * sigma**2, "squared"),
    ("9.3", lambda v, sigma, beta: -_slope(v, sigma, beta), "mirror image"),
    ("9.3", lambda v, sigma, beta: 0.0, "too early"),
    ("9.3", lambda v, sigma, beta: 0.7, "has a smaller loss"),
    (
        "9.3",
        lambda v, sigma, beta: abs(v - beta * sigma**2) ** 0.5,
        "than without the latent",
    ),
    (
        "9.3",
        lambda v, sigma, beta: (torch.tensor(v) - beta * sigma**2).sqrt(),
        "than without the latent",
    ),
]

LAZY = [
    ("9.4", lambda given: given["colleague"], "almost nothing"),
    ("9.4", lambda given: _vae(), "Was this model trained?"),
    ("9.4", lambda given: _trained(30, beta=0.0), "awake, and shouting"),
    ("9.4", lambda given: _trained(500, narrow=True), "only so many through"),
    ("9.4", lambda given: _trained(60), "train longer"),
    ("9.4", lambda given: _trained(300, part="test"), "Train on the latter"),
    ("9.4", lambda given: trained.load("vae-binary"), "the book's stored model"),
    ("9.4", lambda given: given["curve"], "Hand in the trained model"),
]
