"""Answers to the exercises of chapter 9, right and wrong."""

from __future__ import annotations

import math

import torch
from torch.distributions import Normal

from lecture_code import datasets, likelihoods, networks, trained, training, vae


def _draws(r, k, error):
    """Add up posterior^2 / guess on a grid, where the sum has an end."""
    if r < 0.707107:
        return math.inf
    z = torch.linspace(-60, 60, 200_001, dtype=torch.float64)
    log_ratio = 2 * Normal(0.0, 1.0).log_prob(z) - Normal(0.0, r).log_prob(z)
    moment = (log_ratio.exp().sum() * (z[1] - z[0])).item()
    return (moment**k - 1) / error**2


def _moment(r):
    return r**2 / math.sqrt(2 * r**2 - 1) if 2 * r**2 > 1 else math.inf


def _guess_over_posterior(r, k, error):
    return (_moment(1 / r) ** k - 1) / error**2


def _turn(A):
    """Diagonalise by the singular vectors, in another order and with other signs."""
    return -torch.linalg.svd(A).Vh.T.flip(1)


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


RIGHT = {"9.1": _draws, "9.2": _turn, "9.3": _slope}

WRONG = [
    ("9.1", lambda r, k, e: _moment(r) ** k / e**2, "mean of the squared weights"),
    ("9.1", lambda r, k, e: (_moment(r) ** k - 1) / e, "with the root of the number"),
    ("9.1", lambda r, k, e: (_moment(r) - 1) / e**2, "is for one latent"),
    ("9.1", lambda r, k, e: k * (_moment(r) - 1) / e**2, "Variances of factors"),
    ("9.1", _guess_over_posterior, "the draws come from the guess"),
    ("9.1", lambda r, k, e: _draws(r**0.5, k, e), "not of variances"),
    ("9.1", lambda r, k, e: 100.0, "mean of its square"),
    (
        "9.1",
        lambda r, k, e: (_moment(max(r, 0.73)) ** k - 1) / e**2,
        "no number is enough",
    ),
    ("9.1", lambda r, k, e: _draws(r, k, e) if r > 0.71 else math.nan, "no number is"),
    ("9.2", lambda A: torch.eye(A.shape[1]), "which of its entries have to be 0"),
    ("9.2", lambda A: _turn(A).T, "turns the codes the other way"),
    ("9.2", lambda A: torch.linalg.svd(A).Vh, "turns the codes the other way"),
    ("9.2", lambda A: 2 * _turn(A), "Not orthogonal"),
    ("9.2", lambda A: A.T @ A, "Not orthogonal"),
    ("9.2", lambda A: torch.linalg.qr(A.T @ A).Q, "which of its entries"),
    ("9.2", lambda A: A @ _turn(A), "expected shape"),
    ("9.2", lambda A: torch.linalg.svd(A).U, "turns the 2 codes, not the data"),
    (
        "9.2",
        lambda A: torch.linalg.svd(A, full_matrices=False).Vh.T,
        "a whole orthogonal basis",
    ),
    ("9.3", lambda v, sigma, beta: v**0.5, "A part of it is noise"),
    ("9.3", lambda v, sigma, beta: (v - sigma**2) ** 0.5, "at beta = 1"),
    ("9.3", lambda v, sigma, beta: (v - sigma**2 / beta) ** 0.5, "The wrong way"),
    ("9.3", lambda v, sigma, beta: v - beta * sigma**2, "squared"),
    ("9.3", lambda v, sigma, beta: -_slope(v, sigma, beta), "mirror image"),
    ("9.3", lambda v, sigma, beta: 0.0, "too early"),
    (
        "9.3",
        lambda v, sigma, beta: math.sqrt(v - beta * sigma**2),
        "beta = 6.0 your code stops",
    ),
    (
        "9.3",
        lambda v, sigma, beta: (v - beta * sigma**2) ** 0.5,
        "beta = 6.0 you find a complex number",
    ),
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
    ("9.4", lambda given: _trained(300, part=("train", "test")), "shown others"),
    ("9.4", lambda given: _trained(300, part=("train", "validation")), "shown others"),
    ("9.4", lambda given: _trained(60), "train longer"),
    ("9.4", lambda given: _trained(300, part=("test",)), "shown others"),
    ("9.4", lambda given: trained.load("vae-binary"), "the book's stored model"),
    ("9.4", lambda given: given["curve"], "Hand in the trained model"),
]
