"""Answers to the exercises of chapter 9, right and wrong."""

from __future__ import annotations

import math

import torch
from torch.distributions import Normal, kl_divergence

from lecture_code import datasets, likelihoods, networks, trained, training, vae


def _weights(n, d, k):
    """Read the weights off: a nat in one pixel, and a nat in one latent."""
    pixel, latent = torch.zeros(n, d).double(), torch.zeros(n, k).double()
    pixel[0, 0] = latent[0, 0] = 1
    return [
        (latent.sum(dim=1).mean() / pixel.mean()).item(),
        (latent.mean() / pixel.mean()).item(),
        (latent.sum() / pixel.sum()).item(),
        (latent.sum() / pixel.sum(dim=1).mean()).item(),
    ]


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


def _trained(steps, *, beta=1.0, part=("train",), narrow=False):
    model = _vae(narrow)
    x = torch.cat([datasets.binary_digits(name).pixels for name in part])
    model.beta = beta
    training.fit(model, x, steps=steps, lr=3e-3)
    return model


RIGHT = {"9.1": _weights, "9.2": _gap, "9.3": _slope}

WRONG = [
    ("9.1", lambda n, d, k: [1 / d, k / d, 1, 1 / n], "The other way round"),
    ("9.1", lambda n, d, k: [1 / d, 1 / (d * k), 1, n], "makes the misfit cheap"),
    ("9.1", lambda n, d, k: [k, d / k, 1, n], "Loss 1: d pixels are averaged"),
    ("9.1", lambda n, d, k: [d, d, 1, n], "Loss 2: The KL term is a mean"),
    ("9.1", lambda n, d, k: [d, d * k, 1, n], "Loss 2: A mean over k"),
    ("9.1", lambda n, d, k: [d, k / d, 1, n], "Loss 2: The misfit is what d"),
    ("9.1", lambda n, d, k: [d, 1, 1, n], "Loss 2: Two means"),
    ("9.1", lambda n, d, k: [d, d / k, n, n], "Loss 3: Both"),
    ("9.1", lambda n, d, k: [d, d / k, 1, 1], "Loss 4: Which"),
    ("9.1", lambda n, d, k: [d, d / k, 1, 1 / n], "Loss 4: KL is the one"),
    ("9.1", lambda n, d, k: [d, d / k, 1, n * k], "ratio of the factors"),
    ("9.1", lambda n, d, k: [64, 4, 1, 128], "ratio of the factors"),
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


def _posterior_slope(v, sigma, beta):
    """Search with the true posterior for a guess, whatever a nat costs."""
    a = torch.linspace(0, 3, 30_001, dtype=torch.float64)
    gain = a / (a**2 + sigma**2)
    s2 = sigma**2 / (a**2 + sigma**2)
    misfit = ((1 - a * gain) ** 2 * v + a**2 * s2) / (2 * sigma**2)
    loss = misfit + beta * (s2 + gain**2 * v - 1 - s2.log()) / 2
    return a[loss.argmin()].item()


WRONG += [("9.3", _posterior_slope, "if the guess is the posterior")]

LAZY = [
    ("9.4", lambda given: given["colleague"], "almost nothing"),
    ("9.4", lambda given: _vae(), "Was this model trained?"),
    ("9.4", lambda given: _trained(30, beta=0.0), "awake, and shouting"),
    ("9.4", lambda given: _trained(500, narrow=True), "is narrow"),
    ("9.4", lambda given: _trained(200, narrow=True), "most of them whisper"),
    ("9.4", lambda given: _trained(300, part=("train", "test")), "latter alone"),
    ("9.4", lambda given: _trained(60), "train longer"),
    ("9.4", lambda given: _trained(300, part=("test",)), "latter alone"),
    ("9.4", lambda given: trained.load("vae-binary"), "the book's stored model"),
    ("9.4", lambda given: given["curve"], "Hand in the trained model"),
]
