"""What a notebook calls refuses a wrong argument by name, and changes nothing else.

``ROWS`` has a line for each of these functions, constructors and methods: a valid call,
at the ends of what is allowed where that is one line, and what must be refused.
"""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import math
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from seeds import seeded

from lecture_code import (
    autoencoders,
    autoregressive,
    claims,
    compression,
    datasets,
    densities,
    diffusion,
    divergences,
    exercises,
    flows,
    gan,
    histograms,
    inpainting,
    laws,
    likelihoods,
    lipschitz,
    metrics,
    networks,
    noising,
    plotting,
    pushforward,
    samplers,
    scoreboard,
    session,
    trained,
    training,
    vae,
    widgets,
)
from lecture_code.study.images import judges, measure, scenes
from lecture_code.study.images import models as image_models
from lecture_code.study.line import experiments
from tools.chapters import conventions


class Row(NamedTuple):
    """How to reach a function, a valid call, and for each argument what is refused."""

    make: Callable[[], Callable]
    valid: dict[str, Any]
    refused: dict[str, tuple[tuple[Any, str], ...]]
    runs: bool  # whether the valid call is a quick one, without figures


def row(make: Any, valid: dict, /, *, runs: bool = True, **refused: Any) -> Row:
    """Make a row: each argument has a bad value with what is expected, or two of them.

    A random source is added to every function that takes one.
    """
    fixed = getattr(make, "__name__", "") != "<lambda>"
    find = (lambda: make) if fixed else make
    if "generator" in inspect.signature(find()).parameters.keys() - valid.keys():
        valid = {**valid, "generator": seeded()}
        refused["generator"] = (3, "a torch.Generator or None")
    pairs = {k: v if isinstance(v[0], tuple) else (v,) for k, v in refused.items()}
    return Row(find, valid, pairs, runs)


def each(make: Callable, names: str, valid: dict, /, **refused: Any) -> Iterator[Row]:
    """Make a row for each of some methods that take the same arguments."""
    for name in names.split():
        yield row(lambda name=name: getattr(make(), name), valid, **refused)


def several(functions: list, valid: dict, /, **refused: Any) -> Iterator[Row]:
    """Make a row for each of some functions that take the same arguments."""
    for function in functions:
        yield row(function, valid, **refused)


def underlying(function: Callable) -> Callable:
    """Return the function behind a method."""
    return getattr(function, "__func__", function)


# --------------------------------------------------------------- small objects to call


class Line(torch.nn.Module):
    """The smallest model that can be trained."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = torch.nn.Parameter(torch.tensor(0.5))

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        return (self.slope * x - 1).square().mean()


class Judge:
    """A classifier that is never sure."""

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        return np.full((len(x), 4), 0.25)


class Halved:
    """A diffusion model without a network."""

    level = staticmethod(noising.cosine)

    def denoise(self, x: torch.Tensor, t: Any) -> torch.Tensor:
        return x / 2


BITS = torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])

mixture = partial(densities.GaussianMixture, [-1.0, 2.0], [0.5, 1.0], [0.25, 0.75])
spots = partial(densities.IsotropicMixture, [[0.0, 0.0], [3.0, 1.0]], scales=0.5)
counted = partial(histograms.Histogram(4, smoothing=0.5).fit, [0, 1, 1])
tabled = partial(histograms.PatternTable(3, smoothing=0.5).fit, BITS)
binary = partial(autoregressive.Autoregressive, networks.masked_mlp([3, 3]), pixels=3)
noisy = partial(autoencoders.DenoisingAutoencoder, 3, 2, nu=0.5)
ENDS = {"decoder": networks.mlp([2, 3]), "output": likelihoods.Bernoulli()}
latent = partial(vae.VAE, networks.mlp([3, 4]), **ENDS, d=3, latents=2)
coupled = partial(flows.AffineCoupling, networks.mlp([3, 6]), mask=[1, 0, 1])
flow = partial(flows.Flow, [coupled(), flows.Triangular(3)], d=3)
IN_BINS = flows.Flow([flows.Marginals(3, levels=2)], d=3)
dequantised = partial(flows.Dequantised, IN_BINS, levels=2)
players = partial(gan.GAN, networks.mlp([2, 3]), networks.mlp([3, 1]), latent=2)
TIMED = networks.TimeMLP(3, hidden=4, depth=1, classes=2)
denoiser = partial(diffusion.Diffusion, TIMED, d=3, classes=2)


# ----------------------------------------------------------------- values, right, wrong

GAP = (math.nan, "finite")
P, Q, X = [0.25, 0.25, 0.5], [0.5, 0.0, 0.5], [-1.0, 0.5, 3.0]
SAMPLES = torch.linspace(-1.5, 1.5, 6).reshape(3, 2)
REAL = torch.linspace(-1.5, 1.5, 6).reshape(2, 3)
IMAGES = torch.arange(128.0).reshape(2, 64) % 17
HOLES = torch.tensor([True, False, True])
LINE = {"z": [-3.0, 0.0, 3.0], "x": [-1.0, 0.0, 2.0]}

KINKED, PAIR = networks.mlp([1, 3, 1]), scenes.scene("pair")

#: Arguments that mean the same everywhere.
SIZE, LESS, NONE = ((0.0, "> 0"), GAP), (-1, ">= 0"), (0, "an integer >= 1")
LONG = (REAL, "shape (n, 2)")
WIDE, LIST = (torch.ones(2, 4), "shape (n, 3)"), ([[0.0, 1.0, 1.0]], "a tensor")
ODDS = (([0.5, 0.6], "probabilities that sum to 1"), ([1.5, -0.5], ">= 0"))
MEAN = {"p": ODDS, "q": (([0.5, 0.5], "equal lengths"), ([1.5, -0.5, 0], ">= 0"))}
COUNT = {"n": ((0, "an integer >= 1"), (2.0, "an integer"))}
DRAW = {"n": 1}
ONES = {"x": ((REAL, "zeros and ones"), WIDE)}
LEVELS = {"x": ((BITS + 1, ">= 0 and <= 1"), (BITS / 2, "whole numbers"), WIDE)}
NO_LAW = (spots(), "law")
TARGET = {"target": NO_LAW, "lipschitz": SIZE}
STEPS = {"target": (spots(), "GaussianMixture"), "steps": NONE}
SHARE = ((-0.1, "a finite number >= 0 and <= 1"), (1.1, "number >= 0 and <= 1"))
ENTRY = ((-0.1, "entries >= 0 and <= 1"), (1.1, "entries >= 0 and <= 1"))
WITHIN = ((0.0, "number > 0 and <= 1"), (1.0, "number > 0 and <= 1"))
RANK = {"rank": ((0, ">= 1 and <= 2"), (3, ">= 1 and <= 2"))}
PATCHES = {"pixels": (REAL, "shape (n, 64)")}
NET = {"net": (3, "Module"), "low": (3.0, "low < high")}
HALF = {"known": (torch.ones(3), "True or False for each of 3 pixels")}
NOISED = {
    "x": WIDE,
    "t": ((1.5, ">= 0 and <= 1"), ([0.5] * 3, "shape (2,)")),
    "labels": ([0, 3], ">= 0 and <= 2"),
}

#: One entry for everything that a notebook calls and that has something to refuse.
# fmt: off
ROWS: list[Row] = [
    # the tools of a notebook
    row(session.start, {"seed": 0}, runs=False, seed=(LESS, (0.5, "integer"))),
    row(claims.claim, {"sentence": "one is one", "condition": True},
        sentence=(("", "a string with some text"), (" ", "a string with some text"),
            ("two\nlines", "a single line"), ("two\u2028lines", "a single line")),
        condition=((torch.ones(2) > 0, "a single truth value"), ("yes", "truth"))),
    row(exercises.grade, {"identity": "1.1", "answer": 0}, identity=("9", "'1.2'")),
    row(trained.load, {"name": "logistic"}, name=("none", "one of 'autoregressive")),
    row(trained.fill, {"model": torch.nn.Linear(64, 64), "name": "logistic"},
        runs=False, model=((3, "Module"), (torch.nn.Linear(3, 2), "of the weights")),
        name=("none", "one of 'autoregressive")),
    row(trained.arrays, {"name": "logistic"}, name=("none", "one of 'autoregressive")),
    row(trained.table, {"name": "coverage"}, name=("none", "one of 'binary")),
    row(training.fit,
        {"model": Line(), "data": torch.ones(8), "steps": 1, "batch_size": 1},
        runs=False, model=(torch.nn.Linear(1, 1), "a function"),
        data=((torch.tensor(1.0), "a row for each"), (torch.tensor([math.nan]),
            "finite")), steps=NONE, batch_size=NONE, lr=SIZE),
    row(training.batches, {"data": REAL}, data=((1.0, "tensor"),
        (torch.tensor(1.0), "a row for each example")), batch_size=(0, ">= 1")),
    row(training.play,
        {"players": [training.Player([Line().slope], Line().loss)],
            "steps": 1} | {"data": torch.ones(8)}, runs=False,
        players=(([], "at least one"), ([3], "Player")), data=([1.0], "a tensor"),
        steps=NONE),
    # figures
    row(plotting.bars, {"heights": X, "reference": X}, runs=False,
        heights=(([X], "shape (k,)"), ([math.nan], "finite")),
        reference=(X[:2], "shape (3,)")),
    row(plotting.curves, {"x": X, "ys": {"one": X}, "scale": "linear"}, runs=False,
        x=([X], "shape (n,)"), ys=(({"one": X[:2]}, "shape (3,)"), ([X], "Mapping")),
        scale=("log", "one of 'linear', 'loglog', 'logx', 'logy'")),
    row(plotting.images, {"pixels": IMAGES, "columns": 1, "titles": ["a", "b"]},
        runs=False,
        pixels=((IMAGES[:, :63], "square"), (IMAGES[0], "shape (n, side * side)")),
        columns=NONE, titles=(["a"], "2 strings")),
    row(plotting.image_rows, {"rows": {"one": IMAGES}}, runs=False,
        rows=(({"one": IMAGES[:, :63]}, "square"), ({}, "at least one entry"))),
    row(plotting.arrows, {"points": SAMPLES, "moves": SAMPLES, "samples": SAMPLES},
        runs=False, points=LONG, moves=(SAMPLES[:2], "shape (3, 2)"),
        samples=(REAL, "shape (m, 2)")),
    # laws and data
    row(densities.GaussianMixture, {"means": X, "scales": [1, 2, 3], "weights": P},
        means=([X], "shape (k,)"),
        scales=((0.99e-20, ">= 1e-20"), (1.01e20, "<= 1e+20"),
            ([1.0, 2.0], "shape (3,)")),
        weights=(([0.5, 0.5], "equal lengths"), ([0.5] * 3, "sum to 1"))),
    *each(mixture, "pdf cdf sf", {"x": X}, x=(([math.inf], "finite"), ("a", "real"))),
    *each(mixture, "ppf isf", {"u": [0, 0.5, 1]}, u=ENTRY),
    *each(mixture, "log_prob score", {"x": REAL},
        x=(([0.0], "a tensor"), (REAL * math.nan, "finite"))),
    row(densities.IsotropicMixture, {"means": [[-1e20], [1e20]]},
        means=((X, "shape (k, d)"), ([[-1.01e20]], ">= -1e+20"),
            ([[1.01e20]], "<= 1e+20"))),
    row(densities.Banana, {"curvature": -1e20, "scale": 1e-20},
        curvature=((-1.01e20, ">= -1e+20"), (1.01e20, "<= 1e+20")),
        scale=((0.99e-20, ">= 1e-20"), (1.01e20, "<= 1e+20"))),
    *each(spots, "log_prob score", {"x": SAMPLES}, x=LONG),
    *each(densities.Banana, "log_prob score", {"x": SAMPLES}, x=LONG),
    row(lambda: spots().noised, {"sigma": 0.0}, sigma=(LESS, (1.01e19, "<= 1e+19"))),
    row(lambda: spots().posterior_mean, {"y": SAMPLES * 6e29, "sigma": 0.0},
        y=(LONG, (SAMPLES * -7e29, ">= -1e+30 and <= 1e+30")), sigma=LESS),
    row(divergences.entropy, {"p": P}, p=ODDS),
    *several([divergences.kl, divergences.js, divergences.tv], {"p": P, "q": Q},
        **MEAN),
    row(divergences.wasserstein1, {"p": P, "q": Q, "points": [-1e300, 0.0, 1e300]},
        points=(([0.0, 1.0], "equal lengths"), (3.0, "shape (k,)"),
            ([0, 1, 1.1e300], "<= 1e+300"), ([-1.1e300, 0, 1], ">= -1e+300")),
        **MEAN),
    row(divergences.cell_masses, {"density": mixture(), "edges": X},
        density=(spots(), "an object with cdf and sf"),
        edges=(([0.0, 0.0, 1.0], "increasing numbers"), ([X], "shape (k,)"))),
    row(divergences.kl_gaussians,
        {"mean1": 0.0, "scale1": 1.0, "mean2": 0.5, "scale2": 0.1}, mean1=GAP,
        mean2=GAP, scale1=SIZE, scale2=SIZE),
    row(datasets.digits, {"part": "train"}, part=("all", "one of 'test', 'train'")),
    row(datasets.mnist, {"part": "test"}, runs=False, part=("all", "one of 'test'")),
    row(datasets.binary_digits, {"part": "test", "threshold": 16},
        part=("all", "one of 'test', 'train'"),
        threshold=((0, ">= 1 and <= 16"), (17, ">= 1 and <= 16"))),
    row(datasets.scaled, {"pixels": IMAGES}, **PATCHES),
    row(datasets.grey_levels, {"x": IMAGES}, x=(REAL, "shape (n, 64)")),
    row(datasets.patches, {"pixels": IMAGES, "size": 8},
        size=((0, ">= 1 and <= 8"), (9, ">= 1 and <= 8")), **PATCHES),
    row(datasets.toy, {"name": "ring"}, name=("torus", "one of")),
    # histograms, autoregressive models, compression
    row(histograms.Histogram, {"k": 1, "smoothing": 0.0}, k=NONE,
        smoothing=(-0.1, ">= 0")),
    row(histograms.Histogram.of, {"probs": P}, probs=ODDS),
    *each(counted, "prob log_prob", {"outcomes": [0, 3]},
        outcomes=(([4], ">= 0 and <= 3"), ([0.5], "integers"))),
    row(lambda: counted().fit, {"outcomes": [0, 3]}, outcomes=([-1], ">= 0 and <= 3")),
    row(lambda: counted().ppf, {"u": [0, 1]}, u=ENTRY),
    row(histograms.PatternTable, {"pixels": 1}, pixels=NONE, smoothing=LESS),
    *each(tabled, "prob log_prob fit", {"bits": BITS},
        bits=((REAL, "zeros and ones"), WIDE)),
    row(autoregressive.Autoregressive,
        {"network": networks.masked_mlp([3, 3]), "pixels": 3, "order": [2, 0, 1]},
        network=(networks.mlp([3, 3]), "outputs that depend on"), pixels=NONE,
        order=(([0, 0, 1], "each pixel once"), ([0, 1], "shape (3,)"))),
    *each(binary, "conditionals log_prob loss", {"x": BITS}, **ONES),
    row(lambda: binary().complete, {"x": BITS, "known": 3},
        known=((4, ">= 0 and <= 3"), (-1, ">= 0 and <= 3")), **ONES),
    row(compression.counts, {"p": P}, p=ODDS),
    row(lambda: compression.Encoder().write, {"symbol": 2, "p": P},
        symbol=((3, ">= 0 and <= 2"), (-1, ">= 0 and <= 2")), p=ODDS),
    row(compression.compress, {"x": BITS, "model": binary()},
        x=((REAL, "zeros and ones"), LIST), model=(3, "conditionals")),
    row(compression.decompress, {"words": [[0, 1], []], "model": binary()},
        words=([], "at least one entry"), model=(3, "conditionals")),
    # networks
    row(networks.mlp, {"sizes": [3, 1], "activation": "tanh", "dropout": 0.0},
        sizes=(([3], "at least 2 sizes"), ([3, 0], ">= 1")),
        activation=("none", "'relu'"), dropout=(1.0, ">= 0 and <= 0.95")),
    row(networks.MaskedLinear, {"inputs": 2, "outputs": 1, "mask": [[1, 0]]},
        inputs=NONE, outputs=NONE,
        mask=(([1, 0], "shape (1, 2)"), ([[1, 2]], "zeros and ones"))),
    *several([networks.order_masks, networks.masked_mlp], {"sizes": [3, 3]},
        sizes=([3, 2], "to agree")),
    row(networks.MaskedConvNet, {"side": 1, "channels": 1, "depth": 0}, side=NONE,
        channels=NONE, depth=LESS),
    row(networks.dependence, {"network": torch.nn.Linear(3, 2), "x": REAL},
        network=(len, "Module"), x=(REAL[0], "shape (n, d)")),
    row(networks.TimeMLP, {"d": 1, "hidden": 2, "depth": 0, "classes": 0}, d=NONE,
        hidden=(1, ">= 2"), depth=LESS, classes=LESS),
    # autoencoders
    row(autoencoders.Autoencoder, {"d": 3, "k": 1, "hidden": [4]}, d=NONE, k=NONE,
        hidden=([0], ">= 1"), activation=("none", "one of"),
        likelihood=("poisson", "one of 'bernoulli', 'gaussian'")),
    row(autoencoders.TiedAutoencoder, {"d": 3, "k": 1}, k=NONE),
    row(autoencoders.DenoisingAutoencoder, {"d": 3, "k": 1, "nu": 1, "sigma": 0},
        nu=SHARE, sigma=(LESS, (1.01e6, "<= 1000000"))),
    *each(noisy, "encode reconstruct", {"x": REAL}, x=(WIDE, LIST)),
    *each(noisy, "decode pre_activation", {"z": SAMPLES}, z=LONG),
    row(lambda: noisy().errors, {"x": BITS, "given": REAL},
        given=(WIDE[0], "shape (2, 3)"), **ONES),
    row(lambda: noisy().loss, {"x": BITS}, **ONES),
    row(lambda: autoencoders.Autoencoder(3, 2).loss, {"x": BITS}, **ONES),
    row(lambda: noisy().corrupt, {"x": REAL}, x=WIDE),
    row(autoencoders.mask, {"x": REAL, "nu": 1.0}, nu=SHARE, x=LIST),
    row(autoencoders.add_noise, {"x": REAL, "sigma": 0.0},
        sigma=(LESS, (1.01e6, "<= 1000000")), x=LIST),
    row(autoencoders.best_of_rank, {"matrix": REAL, "rank": 2}, **RANK),
    row(autoencoders.principal_components, {"x": REAL, "rank": 2}, **RANK),
    # latent-variable models, flows, adversaries, diffusion
    row(vae.VAE,
        {"encoder": networks.mlp([3, 4]), **ENDS, "d": 3, "latents": 2, "beta": 0.0},
        encoder=(networks.mlp([3, 3]), "(n, 3) to (n, 4)"),
        decoder=(networks.mlp([2, 4]), "(n, 2) to (n, 3)"),
        output=(("bernoulli", "a law from"), (likelihoods.Bernoulli, "a law from")),
        d=NONE, latents=NONE, beta=LESS),
    *each(latent, "posterior encode kl", {"x": BITS}, x=WIDE),
    row(lambda: latent().decode, {"z": SAMPLES}, z=LONG),
    row(lambda: latent().loss, {"x": BITS}, **ONES),
    *each(latent, "log_weights elbo importance_bound", {"x": BITS, "k": 1},
        k=NONE, **ONES),
    row(flows.AffineCoupling, {"network": networks.mlp([3, 6]), "mask": [1, 0, 1]},
        network=((3, "Module"), (networks.mlp([3, 3]), "(n, 3) to (n, 6)")),
        mask=(([1, 0, 2], ">= 0 and <= 1"), ([1, 0, -1], ">= 0 and <= 1"),
            ([1, 1, 1], "zeros and ones"), ([[0, 1]], "shape (d,)"))),
    *each(coupled, "inverse", {"z": REAL}),
    *each(lambda: flows.Triangular(3), "inverse", {"z": REAL}),
    *each(lambda: flows.Marginals(3, levels=2), "inverse", {"z": REAL}),
    row(flows.Triangular, {"d": 1}, d=NONE),
    row(lambda: flows.Triangular(2).whiten, {"x": torch.eye(3)[:, :2], "shrink": 1.0},
        x=(LONG, (SAMPLES * math.nan, "finite")), shrink=SHARE),
    row(flows.Marginals, {"d": 1, "levels": 1}, d=NONE, levels=NONE),
    row(lambda: flows.Marginals(3, levels=2).count, {"x": BITS, "smoothing": 0.3},
        smoothing=SIZE, **LEVELS),
    row(flows.Flow, {"layers": [flows.Triangular(1)], "d": 1},
        layers=(([3], "Module"), ([torch.nn.Linear(1, 1)], "a function"),
            ([], "at least one")), d=NONE),
    *each(flow, "encode log_det log_prob loss", {"x": REAL}, x=(WIDE, LIST)),
    row(lambda: flow().decode, {"z": REAL}, z=WIDE),
    row(flows.Dequantised, {"flow": flow(), "levels": 2},
        flow=(flows.Triangular(3), "Flow"), levels=(1, ">= 2")),
    row(lambda: dequantised().dequantised_bound, {"x": BITS, "k": 1}, k=NONE,
        **LEVELS),
    row(lambda: dequantised().loss, {"x": BITS}, **LEVELS),
    row(gan.GAN,
        {"generator": networks.mlp([2, 3]), "critic": networks.mlp([3,
            1])} | {"latent": 2, "game": "non-saturating"},
        generator=(networks.mlp([4, 3]), "one that fits"),
        critic=(networks.mlp([2, 1]), "one that fits"), latent=NONE,
        game=("chess", "one of")),
    row(lambda: players().generate, {"z": SAMPLES}, z=LONG),
    *each(players, "critic_loss generator_loss", {"x": REAL}, x=WIDE),
    row(gan.spectral_critic, {"sizes": [3, 1]}, sizes=([3], "at least 2 sizes")),
    row(diffusion.Diffusion, {"network": denoiser().network, "d": 3, "classes": 2},
        network=(networks.mlp([3, 3]), "one that fits"), d=NONE, classes=LESS),
    *each(denoiser, "denoise noise", {"x": REAL, "t": [0, 1], "labels": [0, 2]},
        **NOISED),
    row(lambda: denoiser().score, {"x": REAL, "t": 1.0}, x=WIDE,
        t=(0.0, "> 0 and <= 1")),
    row(lambda: denoiser().errors, {"x": REAL, "t": [0.1, 1], "eps": REAL}, x=WIDE,
        t=(1.5, ">= 0 and <= 1"), eps=(REAL[:1], "shape (2, 3)")),
    row(lambda: denoiser().loss, {"x": REAL, "labels": [0, 1]}, x=WIDE,
        labels=(([0, 3], ">= 0 and <= 2"), ([0], "shape (2,)"))),
    row(lambda: denoiser().sample,
        {**DRAW, "labels": [1], "steps": 1, "guidance": 0.0, "churn": 1.0},
        labels=([2], ">= 0 and <= 1"), steps=NONE, guidance=LESS, churn=SHARE,
        **COUNT),
    row(noising.rates, {"t": [0, 1]}, t=ENTRY, level=(3, "a function")),
    row(noising.marginal, {"target": mixture(), "t": 1.0},
        target=(densities.Banana(), "GaussianMixture"), t=SHARE),
    row(noising.exact_denoiser, {"target": mixture()}),
    row(noising.reverse,
        {"denoise": Halved().denoise, "x": REAL, "times": [1.0, 0.0], "churn": 1.0},
        denoise=(3, "a function"), x=LIST,
        times=(([0.0, 1.0], "two or more that fall"), ([1.5, 0.5], ">= 0 and <= 1")),
        churn=SHARE),
    row(noising.like, {"x": REAL}, x=LIST),
    row(inpainting.enumerate_fillings,
        {"log_prob": binary().log_prob, "x": BITS[0], "known": HOLES, "levels": 2},
        log_prob=(3, "a function"), x=(BITS, "shape (d,)"), levels=(1, ">= 2"),
        **HALF),
    row(inpainting.by_particles,
        {"model": binary(), "x": BITS, "known": HOLES, "particles": 1},
        model=(Line(), "a method conditionals"), particles=NONE, **HALF),
    row(inpainting.by_codes, {"model": latent(), "x": BITS, "known": HOLES, "steps": 1},
        model=(Line(), "a method"), steps=NONE, **HALF),
    row(inpainting.by_replacement,
        {"model": Halved(), "x": BITS, "known": HOLES, "steps": 1, "rounds": 1},
        model=(Line(), "a method denoise"), steps=NONE, rounds=NONE, **HALF),
    *several([m().sample for m in (mixture, spots, densities.Banana, counted, tabled,
        binary, latent, flow, dequantised, players)], DRAW, **COUNT),
    # metrics
    row(metrics.mmd, {"x": SAMPLES, "y": SAMPLES}, y=LONG, bandwidth=SIZE),
    row(metrics.two_sample_test, {"x": SAMPLES, "y": SAMPLES + 1, "permutations": 1},
        y=LONG, permutations=NONE),
    row(metrics.precision_recall, {"real": SAMPLES, "generated": SAMPLES, "k": 1},
        generated=LONG, k=NONE),
    row(metrics.frechet, {"x": SAMPLES, "y": SAMPLES}, y=LONG, x=(X, "shape (n, d)")),
    row(metrics.nearest_distance, {"x": REAL, "reference": REAL},
        reference=(SAMPLES, "3)")),
    row(metrics.copying, {"generated": SAMPLES, "train": SAMPLES, "held_out": SAMPLES},
        generated=(X, "shape (n, d)"), train=LONG, held_out=LONG),
    row(metrics.confidence, {"classifier": Judge(), "x": REAL},
        classifier=(3, "predict_proba")),
    # the push-forward theorem
    row(pushforward.enlarged_mass, {"mass": [0, 1], "distance": 0.0, "lipschitz": 0.5},
        mass=ENTRY, distance=((-0.1, "entries >= 0"), ([1.0] * 3, "shapes that fit")),
        lipschitz=TARGET["lipschitz"]),
    row(pushforward.lipschitz_min, {"target": mixture()}, target=NO_LAW),
    row(pushforward.gaussian_pair_lipschitz_min,
        {"separation": 0.0, "scale": 0.5, "weight": 0.1},
        separation=((-0.1, " >= 0"), GAP), scale=SIZE, weight=WITHIN),
        *several([pushforward.tv_lower_bound, pushforward.tv_star,
            pushforward.kl_lower_bound, pushforward.wasserstein1_star],
        {"target": mixture(), "lipschitz": 0.5}, **TARGET),
    row(pushforward.kl_lower_bound,
        {"target": mixture(), "lipschitz": 9.0, "direction": "reverse"},
        direction=("both", "one of 'forward', 'reverse'")),
    row(pushforward.tv_lower_bound_from_samples,
        {"samples": X, "target": mixture(), "lipschitz": 1.0, "confidence": 0.5},
        samples=(([X], "shape (n,)"), ([math.nan], "finite")), confidence=WITHIN,
        **TARGET),
    row(pushforward.lipschitz_needed, {"target": mixture(), "tv": 0.0},
        tv=((-0.1, ">= 0 and <= 1"), (1.0, ">= 0 and <= 1")), target=NO_LAW),
    row(pushforward.map_density, {"z": [0, 1, 2], "points": X, "x": X},
        z=(([0, 2, 1], "increasing numbers"), ([X], "shape (n,)")),
        points=((X[:2], "equal lengths"), ([0, 2, 1], "increasing numbers"),
            ([X], "shape (n,)")),
        x=([math.nan], "finite")),
    row(pushforward.chain_lipschitz, {"step_slopes": [0.0], "noise_scales": [0.0, 1.0]},
        step_slopes=(([-0.1], ">= 0"), ([[1.0]], "shape (n,)")),
        noise_scales=(([-0.1, 1.0], ">= 0"), ([1.0], "one noise more"),
            (1.0, "shape (n,)"))),
    *several([samplers.noise_levels, samplers.probability_flow, samplers.ancestral],
        {"target": mixture(), "steps": 1}, **STEPS),
    *several([lipschitz.exact_1d, lipschitz.knots_1d],
        {"net": KINKED, "low": -1, "high": 2}, **NET),
    row(lipschitz.upper_bound, {"net": KINKED, "input_shape": (1,)},
        net=(torch.nn.LayerNorm(1), "layers with a known Lipschitz constant"),
        input_shape=([0], ">= 1")),
    row(lipschitz.lower_bound, {"net": KINKED, "latents": SAMPLES[:, :1], "steps": 0},
        runs=False, net=(3, "Module"),
        latents=((SAMPLES, "inputs of the net"), (torch.tensor(1.0),
            "shape (n, ...)")), steps=LESS),
    # the experiments
    row(experiments.target, {"m": 0.0}, m=LESS),
    row(experiments.train, {"unit": 0}, runs=False, unit=(3, "Unit")),
    row(laws.pushed_masses, {**LINE, "edges": X}, z=([1, 0, 2], "increasing"),
        x=(X[:2], "(3,)"), edges=([0.5, 0.5], "increasing")),
    row(laws.total_variation, {**LINE, "target": mixture(), "cells": 1},
        target=(spots(), "GaussianMixture"), cells=NONE),
    row(scenes.scene, {"name": "pair"}, noise=SIZE,
        name=("triple", "one of 'classes', 'pair'"), source=("faces", "one of")),
    row(image_models.train, {"kind": "VAE", "seen": PAIR, "steps": 1}, runs=False,
        kind=("flow", "one of"), seen=(3, "Scene"), steps=NONE, seed=LESS),
    row(measure.shares, {"seen": PAIR, "x": IMAGES}, seen=(3, "Scene"),
        x=(REAL, "shape (n, 64)")),
    row(measure.proved, {"left": 0.4, "valley": 0.1, "draws": 50, "width": 1.0},
        draws=NONE, width=SIZE, risk=(0.0, "> 0 and <= 1")),
    row(measure.slopes, {"seen": PAIR, "maker": 0}, runs=False, seen=(3, "Scene"),
        maker=(3, "Maker")),
    row(judges.judge, {"seen": 0}, runs=False, seen=(3, "Scene")),
]
# fmt: on
#: What notebooks call besides: it takes nothing, what another function checks, or a
#: function by position, whose refusals are told in its own test.
UNCHECKED = {
    *(widgets.explore, compression.Encoder, compression.Encoder.finish),
    compression.encode,  # as write refuses
    *(likelihoods.Bernoulli, likelihoods.Gaussian, scoreboard.entries, trained.select),
    *(training.Player, experiments.Map, experiments.Setting, experiments.Unit),
}
CASES = [
    pytest.param(
        r,
        argument,
        value,
        expected,
        id=f"{underlying(r.make()).__qualname__}-{argument}",
    )
    for r in ROWS
    for argument, pairs in r.refused.items()
    for value, expected in pairs
]
VALID = [r for r in ROWS if r.runs]


@pytest.mark.parametrize(("tried", "argument", "value", "expected"), CASES)
def test_a_wrong_argument_is_refused_by_name(tried, argument, value, expected):
    with pytest.raises((TypeError, ValueError)) as caught:
        tried.make()(**{**tried.valid, argument: value})
    named, _, rest = str(caught.value).partition(": expected ")
    assert argument in re.findall(r"\w+", named)
    assert expected in rest.partition(", got ")[0]
    assert rest.partition(", got ")[2]


@pytest.mark.parametrize(
    "tried", VALID, ids=lambda r: underlying(r.make()).__qualname__
)
def test_a_valid_call_changes_no_argument(tried):
    given = {k: v for k, v in tried.valid.items() if k != "generator"}
    before = contents(copy.deepcopy(given))
    tried.make()(**tried.valid)
    assert contents(given) == before


@pytest.mark.parametrize("tried", [r for r in VALID if "generator" in r.valid])
def test_with_a_generator_the_global_random_state_stays(tried):
    function = tried.make()
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    function(**tried.valid)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()


def contents(value: Any) -> Any:
    """Return all that a value holds in a form that can be compared."""
    if isinstance(value, torch.nn.Module):
        return value.training, contents(value.state_dict())
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return str(value.dtype), value.tolist()
    if isinstance(value, dict):
        return {key: contents(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [contents(each) for each in value]
    return contents(vars(value)) if hasattr(value, "__dict__") else repr(value)


def test_the_table_lacks_nothing_that_a_notebook_calls():
    listed = {underlying(r.make()) for r in ROWS} | UNCHECKED
    classes = [c for c in listed - UNCHECKED if inspect.isclass(c)]
    missing = set()
    for path in conventions.chapters():
        functions, methods = called(path)
        offered = {underlying(getattr(c, m, None)) for c in classes for m in methods}
        ours = {
            f for f in offered if "lecture_code" in str(getattr(f, "__module__", ""))
        }
        missing |= {f.__qualname__ for f in (functions | ours) - listed}
    assert missing == set()


def called(path: Any) -> tuple[set, set[str]]:
    """Return what a notebook calls of our modules, and the names of called methods."""
    cells = filter(conventions.is_code, conventions.read(path).cells)
    source = "\n".join(c.source for c in cells if not conventions.is_setup(c))
    nodes = list(ast.walk(ast.parse(source)))
    modules = {
        alias.asname or alias.name: importlib.import_module(f"{n.module}.{alias.name}")
        for n in nodes
        if isinstance(n, ast.ImportFrom) and n.module.startswith("lecture_code")
        # what a lab begins with comes from the module that grades it
        if not n.module.startswith("lecture_code.exercises")
        for alias in n.names
    }
    functions = [n.func for n in nodes if isinstance(n, ast.Call)]
    methods = [f for f in functions if isinstance(f, ast.Attribute)]
    named = [f for f in methods if isinstance(f.value, ast.Name)]
    found = {
        getattr(modules[f.value.id], f.attr) for f in named if f.value.id in modules
    }
    scenes = "lecture_code.scenes"
    ours = {underlying(f) for f in found if scenes not in f.__module__}
    return ours, {f.attr for f in methods if not f.attr.startswith("_")}
