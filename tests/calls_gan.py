"""Calls of the two rooms whose models have no likelihood: GANs and diffusion."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from unittest import mock

import arguments as a
import torch
from calls import DRAWN, INITIALISED, SIZES, Call, N, _points

from lecture_code import (
    conditioned,
    densities,
    diffusion,
    gan,
    networks,
    noising,
    scenes,
)
from lecture_code.recipes import implicit


def _gan() -> gan.GAN:
    torch.manual_seed(0)
    return gan.GAN(networks.mlp([2, 3]), networks.mlp([3, 1]), latent=2)


def _timed() -> conditioned.TimeMLP:
    torch.manual_seed(0)
    return conditioned.TimeMLP(3, hidden=4, depth=1, classes=2)


def _diffusion() -> diffusion.Diffusion:
    return diffusion.Diffusion(_timed(), d=3, classes=2)


def _labels(high: int) -> a.Domain:
    return a.optional(a.integers(lambda: torch.tensor([0, 1]), low=0, high=high))


def _times() -> torch.Tensor:
    return torch.tensor([0.5, 1.0], dtype=torch.float64)


def _mixture() -> densities.GaussianMixture:
    return densities.GaussianMixture([-1.0, 2.0], 0.5)


class _Wrong(torch.nn.Module):
    """A network of the wrong kind: it answers with one column."""

    def forward(self, x, t, labels):
        return x[:, :1]


def _one_model() -> contextlib.AbstractContextManager:
    model = _gan()
    return mock.patch.object(implicit, "WEIGHTS", {"gan-digits": lambda: model})


GENERATOR = {"generator": a.optional(a.generator())}
X = {"x": a.tensor(_points(2, 3), fixed=(1,))}
TIMES = a.array(_times, rank=False, low=0.0, high=1.0)
T = {"t": replace(TIMES, bad={**TIMES.bad, "too many": [[0.1, 0.2, 0.3]]})}
LABELS = {"labels": _labels(2)}
NOISY = {**X, **T, **LABELS}
SCORED = a.array(_times, rank=False, low=0.0, high=1.0)
SCORED = replace(SCORED, bad={**SCORED.bad, "no noise": [0.0, [0.0, 0.5]]})
FALLING = a.array(lambda: torch.tensor([1.0, 0.5, 0.0]).double(), low=0.0, high=1.0)
FALLING = replace(
    FALLING, bad={**FALLING.bad, "not falling": [[0.1, 0.5], [1.0, 0.5, 0.5], [1.0]]}
)
CONSTANT = [torch.ones_like, torch.zeros_like, lambda t: t / 2, lambda t: 1 - t]
LEVEL = a.function(torch.sin)
RISING = replace(
    a.function(lambda t: t),
    bad={
        **a.function(len).bad,
        "not rising": [
            *CONSTANT,
            *(
                lambda t: 2 * t,
                lambda t: t - 0.1,
                lambda t: t**0.5 % 0.7,
                lambda t: 0.5,
            ),
        ],
    },
)
NO_LEVEL = [lambda t: 2 + t, lambda t: 0.5]
LEVEL = replace(LEVEL, bad={**LEVEL.bad, "no level": NO_LEVEL})
COLUMN = replace(a.array(_points(4), fixed=(0,)), also=())  # one figure a call
MIXTURE = a.instance(_mixture, densities.Banana())

CALLS = {
    "gan.GAN": Call(
        lambda: gan.GAN,
        {
            "generator": a.instance(
                lambda: networks.mlp([2, 3]), networks.mlp([4, 3]), torch.nn.Flatten(0)
            ),
            "critic": a.instance(
                lambda: networks.mlp([3, 1]), networks.mlp([3, 2]), networks.mlp([2, 1])
            ),
            "latent": replace(a.count(2), named=("generator",)),
            "game": a.choice(*gan.GENERATOR_LOSSES),
        },
    ),
    "gan.GAN.generate": Call(
        lambda: _gan().generate, {"z": a.tensor(_points(4, 2), fixed=(1,))}
    ),
    "gan.GAN.critic_loss": Call(lambda: _gan().critic_loss, {**X, **GENERATOR}),
    "gan.GAN.generator_loss": Call(lambda: _gan().generator_loss, {**X, **GENERATOR}),
    "gan.GAN.sample": Call(lambda: _gan().sample, N),
    "gan.spectral_critic": Call(
        lambda: gan.spectral_critic,
        {"sizes": SIZES, "activation": a.choice("relu", "tanh")},
        changes_globals=INITIALISED,
    ),
    # conditioned
    "conditioned.TimeMLP": Call(
        lambda: conditioned.TimeMLP,
        {
            "d": a.count(3),
            "hidden": a.count(4, low=2),
            "depth": a.count(1, low=0),
            "classes": a.count(2, low=0),
            "frequencies": a.count(3),
        },
        changes_globals=INITIALISED,
    ),
    "conditioned.TimeMLP.forward": Call(
        lambda: _timed().forward,
        {
            **X,
            "t": a.tensor(lambda: torch.tensor([0.0, 0.5]), fixed=(0,), low=0, high=1),
            **LABELS,
        },
    ),
    # noising
    "noising.cosine": Call(
        lambda: noising.cosine,
        {"t": a.tensor(lambda: torch.tensor([0.0, 0.5]), rank=False, low=0, high=1)},
    ),
    "noising.rates": Call(
        lambda: noising.rates,
        {
            "t": a.array(lambda: torch.tensor([0.0, 0.5]), rank=False, low=0, high=1),
            "level": LEVEL,
        },
    ),
    "noising.marginal": Call(
        lambda: noising.marginal, {"target": MIXTURE, "t": a.unit(0.3), "level": LEVEL}
    ),
    "noising.exact_denoiser": Call(
        lambda: noising.exact_denoiser, {"target": MIXTURE, "level": LEVEL}
    ),
    "noising.reverse": Call(
        lambda: noising.reverse,
        {
            "denoise": a.function(lambda x, t: x),
            "x": a.tensor(_points(2, 3), rank=False),
            "times": FALLING,
            "level": LEVEL,
            "churn": a.unit(0.0),
            **GENERATOR,
        },
    ),
    "noising.like": Call(
        lambda: noising.like, {"x": a.tensor(_points(2, 3), rank=False), **GENERATOR}
    ),
    "noising.rising": Call(lambda: noising.rising, {"level": RISING}),
    # diffusion
    "diffusion.Diffusion": Call(
        lambda: diffusion.Diffusion,
        {
            "network": a.instance(_timed, torch.nn.Linear(3, 3), _Wrong()),
            "d": replace(a.count(3), named=("network",)),
            "classes": replace(a.count(2, low=0), named=("network",)),
            "level": RISING,
        },
    ),
    **{
        f"diffusion.Diffusion.{name}": Call(
            lambda name=name: getattr(_diffusion(), name), NOISY
        )
        for name in ("velocity", "denoise", "noise")
    },
    "diffusion.Diffusion.score": Call(
        lambda: _diffusion().score, {**NOISY, "t": SCORED}
    ),
    "diffusion.Diffusion.errors": Call(
        lambda: _diffusion().errors,
        {**NOISY, "eps": a.tensor(_points(2, 3), fixed=(0, 1))},
    ),
    "diffusion.Diffusion.loss": Call(
        lambda: _diffusion().loss, {**X, **LABELS, **GENERATOR}
    ),
    "diffusion.Diffusion.sample": Call(
        lambda: _diffusion().sample,
        {
            **N,
            "n": a.count(2),
            "labels": _labels(1),
            "steps": a.count(2),
            "guidance": a.real(1.5, low=0),
            "churn": a.unit(0.5),
        },
    ),
    # study
    "recipes.implicit.diffusion_model": Call(
        lambda: implicit.diffusion_model, {"rounds": a.count(1), "steps": a.count(1)}
    ),
    "recipes.implicit.clouds_model": Call(
        lambda: implicit.clouds_model, {"rounds": a.count(1), "steps": a.count(1)}
    ),
    "recipes.implicit.gan_model": Call(
        lambda: implicit.gan_model, {"steps": a.count(1)}
    ),
    "recipes.implicit.costs": Call(lambda: implicit.costs, {}, within=_one_model),
    # scenes
    "scenes.duel": Call(
        lambda: scenes.duel,
        {
            **dict.fromkeys(["x", "data", "model", "critic"], COLUMN),
            "pulls": a.array(_times, fixed=(0,), low=0.0),
        },
        changes_globals=DRAWN,
    ),
    "scenes.journeys": Call(
        lambda: scenes.journeys,
        {
            "times": replace(COLUMN, named=("paths",)),
            "paths": replace(a.array(_points(4, 3), fixed=(0,)), named=("times",)),
            "now": a.real(0.5),
            **dict.fromkeys(["x", "density", "data"], COLUMN),
        },
        changes_globals=DRAWN,
    ),
}
