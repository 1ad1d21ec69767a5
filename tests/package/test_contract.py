"""The contract that every model keeps, tested over one list of all models.

A later model joins by a line in ``MODELS``; what it offers is read off the object.
"""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import global_state
import pytest
import torch
from seeds import seeded

import lecture_code
from lecture_code import (
    autoregressive,
    densities,
    diffusion,
    flows,
    gan,
    histograms,
    likelihoods,
    networks,
    vae,
)


@dataclass(frozen=True)
class Entry:
    """How to make a model and what is known of its outcomes.

    ``shape`` is that of one sample, ``dtype`` that of all. ``outcomes`` lists a finite
    set of outcomes; ``box`` holds nearly all mass of a density, as (low, high) for
    each coordinate, and ``cells`` says how finely it is cut for the integral.
    """

    make: Callable[[], Any]
    shape: tuple[int, ...]
    dtype: torch.dtype
    outcomes: Callable[[], torch.Tensor] | None = None
    box: tuple[tuple[float, float], ...] = ()
    cells: int = 400


def _patterns(levels: int) -> torch.Tensor:
    return torch.cartesian_prod(*[torch.arange(float(levels))] * 4)


def _table() -> histograms.PatternTable:
    bits = [[0, 1, 1, 0], [0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 1]]
    return histograms.PatternTable(4, smoothing=0.5).fit(bits)


def _randomised(model: torch.nn.Module, spread: float) -> torch.nn.Module:
    """Move the weights away from where they start."""
    generator = seeded(6)
    with torch.no_grad():
        for weights in model.parameters():
            weights.normal_(std=spread, generator=generator)
    return model.double()


def _autoregressive() -> autoregressive.Autoregressive:
    network, order = networks.masked_mlp([4, 9, 4]), [2, 0, 3, 1]
    model = autoregressive.Autoregressive(network, pixels=4, order=order)
    return _randomised(model, 1.0)


def _grey() -> autoregressive.GreyAutoregressive:
    """Return a model of four pixels with three levels."""
    network = networks.MaskedConvNet(2, channels=3, depth=1, outputs=6)
    kind = {"pixels": 4, "levels": 3, "components": 2, "order": [2, 0, 3, 1]}
    return _randomised(autoregressive.GreyAutoregressive(network, **kind), 1.0)


def _vae() -> vae.VAE:
    ends = {"decoder": networks.mlp([2, 5, 4]), "output": likelihoods.Bernoulli()}
    model = vae.VAE(networks.mlp([4, 5, 4]), **ends, d=4, latents=2)
    return _randomised(model, 0.5)


def _flow() -> flows.Flow:
    masks = [[1, 0], [0, 1]]
    nets = [networks.mlp([2, 6, 4], activation="tanh") for _ in masks]
    layers = [flows.AffineCoupling(nets[i], mask=masks[i]) for i in range(2)]
    return _randomised(flows.Flow([*layers, flows.Triangular(2)], d=2), 0.3)


def _dequantised() -> flows.Dequantised:
    layers = [flows.Marginals(3, levels=4), flows.Triangular(3)]
    return _randomised(flows.Dequantised(flows.Flow(layers, d=3), levels=4), 0.5)


def _gan() -> gan.GAN:
    players = networks.mlp([3, 8, 2]), networks.mlp([2, 8, 1])
    return _randomised(gan.GAN(*players, latent=3), 0.5).float()


def _diffusion() -> diffusion.Diffusion:
    net = networks.TimeMLP(2, hidden=8, classes=3)
    return _randomised(diffusion.Diffusion(net, d=2, classes=3), 0.3)


PLANE = ((-6.0, 8.0), (-6.0, 36.0))

#: All models of the book, one of each class. A model is added here with its module.
MODELS: dict[str, Entry] = {
    "GaussianMixture": Entry(
        lambda: densities.GaussianMixture([-2.0, 3.0], [0.5, 1.5], [0.3, 0.7]),
        *((), torch.float32),
        box=((-12.0, 14.0),),
    ),
    "IsotropicMixture": Entry(
        lambda: densities.IsotropicMixture([[0.0, 1.0], [2.0, 6.0]], [0.5, 0.8]),
        *((2,), torch.float32),
        box=PLANE,
    ),
    "Banana": Entry(
        lambda: densities.Banana(curvature=0.5, scale=0.4),
        *((2,), torch.float32),
        box=PLANE,
    ),
    "Histogram": Entry(
        lambda: histograms.Histogram(6, smoothing=0.5).fit([0, 3, 3, 5, 3, 0]),
        *((), torch.int64),
        outcomes=lambda: torch.arange(6),
    ),
    "PatternTable": Entry(_table, (4,), torch.float32, outcomes=lambda: _patterns(2)),
    "Autoregressive": Entry(
        _autoregressive, (4,), torch.float32, outcomes=lambda: _patterns(2)
    ),
    "GreyAutoregressive": Entry(
        _grey, (4,), torch.float32, outcomes=lambda: _patterns(3)
    ),
    "VAE": Entry(_vae, (4,), torch.float32),
    "Flow": Entry(_flow, (2,), torch.float32, box=((-9.0, 9.0),) * 2, cells=600),
    "Dequantised": Entry(_dequantised, (3,), torch.float32),
    "GAN": Entry(_gan, (2,), torch.float32),
    "Diffusion": Entry(_diffusion, (2,), torch.float32),
}
#: What each model says of itself.
TOLD = {
    "GaussianMixture(means=[-2, 3], scales=[0.5, 1.5], weights=[0.3, 0.7])",
    "IsotropicMixture(2 components in 2 dimensions)",
    "Banana(curvature=0.5, scale=0.4)",
    "Histogram(6, smoothing=0.5)",
    "PatternTable(4, smoothing=0.5)",
    "Autoregressive(Sequential, pixels=4, 85 parameters)",
    "GreyAutoregressive(MaskedConvNet, pixels=4, 210 parameters)",
    "VAE(Bernoulli(), d=4, latents=2, beta=1, 88 weights)",
    "Flow(3 layers, d=2, 108 weights)",
    "Dequantised(Flow(2 layers, d=3, 15 weights), levels=4)",
    "GAN(non-saturating, latent=3, d=2, 83 weights)",
    "Diffusion(d=2, classes=3, 786 weights)",
}
#: What only some models can have, and who has it where it is not the likelihood.
SPECIAL = (
    *("log_prob", "elbo", "importance_bound", "dequantised_bound"),
    *("critic_loss", "generator_loss"),
)
OFFERED = {
    "VAE": ("elbo", "importance_bound"),
    "Dequantised": ("dequantised_bound",),
    "GAN": ("critic_loss", "generator_loss"),
    "Diffusion": (),
}

FINITE = [name for name, entry in MODELS.items() if entry.outcomes]
EXACT = [name for name, entry in MODELS.items() if hasattr(entry.make(), "log_prob")]

each_model = pytest.mark.parametrize("name", MODELS)
each_exact = pytest.mark.parametrize("name", EXACT)
SMOOTH = set(EXACT) - set(FINITE) - {"Flow"}  # a flow's score is left to autograd
each_smooth = pytest.mark.parametrize("name", sorted(SMOOTH))
each_bounded = pytest.mark.parametrize("name", ["VAE", "Dequantised"])


def test_every_class_that_samples_is_in_the_list():
    modules = pkgutil.iter_modules(lecture_code.__path__, "lecture_code.")
    classes = {
        value
        for each in modules
        for value in vars(importlib.import_module(each.name)).values()
        if inspect.isclass(value) and not value.__name__.startswith("_")
    }
    ours = {c for c in classes if c.__module__.startswith("lecture_code.")}
    sampling = {c for c in ours if hasattr(c, "sample")}
    assert sampling == {type(entry.make()) for entry in MODELS.values()}


def test_a_model_tells_its_class_and_its_sizes():
    assert {repr(entry.make()) for entry in MODELS.values()} == TOLD


# ------------------------------------------------------------------------------- sample


@each_model
def test_samples_have_shape_and_dtype_and_no_gradient(name):
    entry = MODELS[name]
    for n in (1, 7):
        samples = entry.make().sample(n, seeded(0))
        assert samples.shape == (n, *entry.shape)
        assert samples.dtype == entry.dtype
        assert not samples.requires_grad
        assert torch.isfinite(samples.double()).all()


@each_model
def test_a_generator_settles_the_samples_and_nothing_global_changes(name):
    make, generator = MODELS[name].make, seeded(1)
    model = make()
    before = global_state.snapshot()
    first, second = (model.sample(50, generator) for _ in range(2))
    assert global_state.changed(before, global_state.snapshot()) == []
    assert not torch.equal(first, second)
    assert torch.equal(make().sample(50, generator=seeded(1)), first)
    assert not torch.equal(make().sample(50, generator=seeded(2)), first)


@each_model
def test_without_a_generator_torchs_seed_settles_the_samples(name, kept_globals):
    model = MODELS[name].make()
    torch.manual_seed(3)
    first = model.sample(50)
    torch.manual_seed(3)
    assert torch.equal(model.sample(50), first)
    assert not torch.equal(model.sample(50), first)


# ----------------------------------------------------------------------------- log_prob


@each_exact
def test_probabilities_sum_or_integrate_to_one(name):
    log_prob, area = _law(MODELS[name])
    assert log_prob.exp().sum().item() * area == pytest.approx(1, abs=1e-6)


def _law(entry: Entry) -> tuple[torch.Tensor, float]:
    """Ask for all outcomes, or for the middles of cells, whose area is returned too.

    The sum over these is an integral, which for smooth densities is exact.
    """
    if entry.outcomes:
        return entry.make().log_prob(entry.outcomes()), 1.0
    shares = (torch.arange(entry.cells).double() + 0.5) / entry.cells
    points = torch.cartesian_prod(*[a + (b - a) * shares for a, b in entry.box])
    area = math.prod((high - low) / entry.cells for low, high in entry.box)
    return entry.make().log_prob(points), area


@each_exact
def test_samples_follow_log_prob(name):
    """Hold the mean of -log p over samples against the entropy, within 5 sigma."""
    entry = MODELS[name]
    model = entry.make()
    surprise = -model.log_prob(model.sample(20_000, seeded(7))).double()
    error = surprise.std().item() / math.sqrt(len(surprise))
    log_prob, area = _law(entry)
    entropy = torch.special.entr(log_prob.exp()).sum().item() * area
    assert abs(surprise.mean().item() - entropy) < 5 * error + 1e-6


@each_exact
def test_what_an_example_gets_does_not_depend_on_the_batch(name):
    model = MODELS[name].make()
    x = model.sample(12, seeded(8))
    x = x.double() if x.is_floating_point() else x
    assert model.log_prob(x).shape == (12,)
    assert torch.isfinite(model.log_prob(x)).all()
    methods = [model.log_prob, *([model.score] if hasattr(model, "score") else [])]
    for method in methods:
        together = method(x)
        alone = torch.cat([method(x[i : i + 1]) for i in range(12)])
        torch.testing.assert_close(alone, together, rtol=1e-12, atol=1e-12)
        order = torch.randperm(12, generator=seeded(9))
        mixed = method(x[order])
        torch.testing.assert_close(mixed, together[order], rtol=1e-12, atol=1e-12)


@each_smooth
def test_score_is_the_gradient_of_log_prob(name):
    model = MODELS[name].make()
    x = model.sample(6, seeded(10)).double().requires_grad_()
    (gradient,) = torch.autograd.grad(model.log_prob(x).sum(), x)
    torch.testing.assert_close(model.score(x).detach(), gradient)


# ----------------------------------------------------------- names and what is not


@each_bounded
def test_a_bound_is_finite_for_each_sample_and_never_called_log_prob(name):
    model = MODELS[name].make()
    x = model.sample(8, seeded(6)).double()
    for method in OFFERED[type(model).__name__]:
        bound = getattr(model, method)(x, 3, seeded(7))
        assert bound.shape == (8,)
        assert torch.isfinite(bound).all()
        assert torch.equal(getattr(model, method)(x, 3, seeded(7)), bound)
    with pytest.raises(AttributeError, match="have log_prob"):
        model.log_prob(x)


@each_model
def test_a_method_that_a_model_cannot_have_is_not_there(name):
    model = MODELS[name].make()
    offered = OFFERED.get(type(model).__name__, ("log_prob",))
    assert all(callable(getattr(model, method)) for method in offered)
    for method in set(SPECIAL) - set(offered):
        with pytest.raises(AttributeError, match=method):
            getattr(model, method)
