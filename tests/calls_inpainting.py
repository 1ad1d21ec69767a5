"""Calls of the fillings."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import arguments as a
import torch
from calls import Call

from lecture_code import (
    autoregressive,
    inpainting,
    likelihoods,
    networks,
    noising,
    vae,
)


def _pixels() -> autoregressive.Autoregressive:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = networks.masked_mlp([3, 5, 3])
        return autoregressive.Autoregressive(network, pixels=3)


def _vae() -> vae.VAE:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder, decoder = networks.mlp([3, 4, 2]), networks.mlp([1, 4, 3])
        output = likelihoods.Bernoulli()
        return vae.VAE(encoder, decoder=decoder, output=output, d=3, latents=1)


def _denoiser() -> SimpleNamespace:
    return SimpleNamespace(denoise=lambda x, t: x / 2, level=noising.cosine)


def _images() -> torch.Tensor:
    return torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])


X = a.tensor(_images, fixed=(1,))
X = replace(X, named=("known",))
ONE = a.tensor(lambda: torch.tensor([0.0, 1.0, 1.0]), fixed=(0,))
ONE = replace(ONE, named=("known",))
KNOWN = a.collection(
    lambda: torch.tensor([True, False, True]),
    [[1, 0, 1], [0.5, 1, 1], [True, False], torch.eye(3) > 0, []],
)
GENERATOR = {"generator": a.optional(a.generator())}

CALLS = {
    "inpainting.enumerate_fillings": Call(
        lambda: inpainting.enumerate_fillings,
        {
            "log_prob": a.function(lambda x: x.sum(dim=1)),
            "x": ONE,
            "known": KNOWN,
            "levels": a.count(3, low=2, high=65536),
        },
    ),
    "inpainting.by_particles": Call(
        lambda: inpainting.by_particles,
        {
            "model": a.instance(_pixels, torch.nn.Linear(3, 3)),
            "x": X,
            "known": KNOWN,
            "particles": a.count(3),
            **GENERATOR,
        },
    ),
    "inpainting.by_codes": Call(
        lambda: inpainting.by_codes,
        {
            "model": a.instance(_vae, torch.nn.Linear(3, 3)),
            "x": X,
            "known": KNOWN,
            "steps": a.count(2),
            **GENERATOR,
        },
    ),
    "inpainting.by_replacement": Call(
        lambda: inpainting.by_replacement,
        {
            "model": a.instance(_denoiser, torch.nn.Linear(3, 3)),
            "x": X,
            "known": KNOWN,
            "steps": a.count(2),
            "rounds": a.count(2),
            **GENERATOR,
        },
    ),
}
