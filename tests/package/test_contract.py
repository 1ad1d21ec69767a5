"""The contract that every model keeps, tested over one list of all models.

A later model joins by a line in ``MODELS``; what it offers is read off the object.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import global_state
import pytest
import torch

import lecture_code
from lecture_code import (
    autoregressive,
    datasets,
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


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _patterns(pixels: int) -> torch.Tensor:
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=pixels)))


def _counted(smoothing: float) -> histograms.Histogram:
    return histograms.Histogram(6, smoothing=smoothing).fit([0, 3, 3, 5, 3, 0])


def _table(smoothing: float) -> histograms.PatternTable:
    bits = [[0, 1, 1, 0], [0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 1]]
    return histograms.PatternTable(4, smoothing=smoothing).fit(bits)


def _autoregressive(network: torch.nn.Module) -> autoregressive.Autoregressive:
    """Return a model of four pixels whose weights are far from zero."""
    model = autoregressive.Autoregressive(network, pixels=4, order=[2, 0, 3, 1])
    generator = _seeded(6)
    with torch.no_grad():
        for weights in model.parameters():
            weights.normal_(generator=generator)
    return model.double()


def _gan() -> gan.GAN:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return gan.GAN(networks.mlp([3, 8, 2]), networks.mlp([2, 8, 1]), latent=3)


def _diffusion() -> diffusion.Diffusion:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = networks.TimeMLP(2, hidden=8, classes=3)
        return diffusion.Diffusion(net, d=2, classes=3)


def _randomised(model: torch.nn.Module, spread: float) -> torch.nn.Module:
    """Move the weights away from where they start."""
    generator = _seeded(6)
    with torch.no_grad():
        for weights in model.parameters():
            weights.normal_(std=spread, generator=generator)
    return model.double()


def _vae(output: Any, d: int = 4) -> vae.VAE:
    decoder = networks.mlp([2, 5, d * output.numbers])
    encoder = networks.mlp([d, 5, 4])
    model = vae.VAE(encoder, decoder=decoder, output=output, d=d, latents=2)
    return _randomised(model, 0.5)


def _flow() -> flows.Flow:
    masks = [[1, 0], [0, 1]]
    nets = [networks.mlp([2, 6, 4], activation="tanh") for _ in masks]
    layers = [flows.AffineCoupling(nets[i], mask=masks[i]) for i in range(2)]
    return _randomised(flows.Flow([*layers, flows.Triangular(2)], d=2), 0.3)


def _dequantised() -> flows.Dequantised:
    layers = [flows.Marginals(3, levels=4), flows.Triangular(3)]
    return _randomised(flows.Dequantised(flows.Flow(layers, d=3), levels=4), 0.5)


def _grey(order: list[int] | None) -> autoregressive.GreyAutoregressive:
    """Return a model of four pixels with three levels, far from where it starts."""
    network = networks.MaskedConvNet(2, channels=3, depth=1, outputs=6)
    model = autoregressive.GreyAutoregressive(
        network, pixels=4, levels=3, components=2, order=order
    )
    return _randomised(model, 1.0)


LINE, PLANE = ((-12.0, 14.0),), ((-6.0, 8.0), (-6.0, 36.0))

#: All models of the book. A model is added here together with its module.
MODELS: dict[str, Entry] = {
    "GaussianMixture": Entry(
        lambda: densities.GaussianMixture([-2.0, 3.0], [0.5, 1.5], [0.3, 0.7]),
        *((), torch.float32),
        box=LINE,
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
        lambda: _counted(0.0), (), torch.int64, outcomes=lambda: torch.arange(6)
    ),
    "Histogram, smoothed": Entry(
        lambda: _counted(0.5), (), torch.int64, outcomes=lambda: torch.arange(6)
    ),
    "PatternTable": Entry(
        lambda: _table(0.0), (4,), torch.float32, outcomes=lambda: _patterns(4)
    ),
    "PatternTable, smoothed": Entry(
        lambda: _table(0.5), (4,), torch.float32, outcomes=lambda: _patterns(4)
    ),
    **{
        f"Autoregressive, {kind}": Entry(
            lambda make=make: _autoregressive(make()),
            *((4,), torch.float32),
            outcomes=lambda: _patterns(4),
        )
        for kind, make in {
            "logistic": lambda: networks.masked_mlp([4, 4]),
            "masked MLP": lambda: networks.masked_mlp([4, 9, 4]),
            "convolution": lambda: networks.MaskedConvNet(2, channels=3, depth=1),
            "recurrent": lambda: networks.CausalGRU(4, hidden=3),
        }.items()
    },
    **{
        f"GreyAutoregressive, order {order}": Entry(
            lambda order=order: _grey(order),
            *((4,), torch.float32),
            outcomes=lambda: torch.cartesian_prod(*[torch.arange(3.0)] * 4),
        )
        for order in (None, [2, 0, 3, 1])
    },
    **{
        f"toy {name}": Entry(
            lambda name=name: datasets.toy(name),
            *(
                (2,) if name in datasets.TOYS[3:] else (),
                torch.float32,
            ),
            box=PLANE if name in datasets.TOYS[3:] else LINE,
        )
        for name in datasets.TOYS
    },
    "VAE, binary": Entry(lambda: _vae(likelihoods.Bernoulli()), *((4,), torch.float32)),
    "VAE, grey": Entry(lambda: _vae(likelihoods.Logistics(5)), *((4,), torch.float32)),
    "VAE, Gaussian": Entry(
        lambda: _vae(likelihoods.Gaussian(0.5)), *((4,), torch.float32)
    ),
    "Flow": Entry(_flow, *((2,), torch.float32), box=((-9.0, 9.0),) * 2, cells=600),
    "Dequantised": Entry(_dequantised, *((3,), torch.float32)),
    "GAN": Entry(_gan, (2,), torch.float32),
    "Diffusion": Entry(_diffusion, (2,), torch.float32),
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

#: The first model of each class stands for it where the class alone decides.
CLASSES = list({type(MODELS[n].make()): n for n in reversed(MODELS)}.values())

each_class = pytest.mark.parametrize("name", CLASSES)
each_exact = pytest.mark.parametrize("name", EXACT)
each_finite = pytest.mark.parametrize("name", FINITE)
SMOOTH = set(EXACT) - set(FINITE) - {"Flow"}  # a flow's score is left to autograd
each_smooth = pytest.mark.parametrize("name", sorted(SMOOTH))
BOUNDED = [n for n in MODELS if "VAE" in n or n == "Dequantised"]
each_bounded = pytest.mark.parametrize("name", BOUNDED)


def test_every_class_that_samples_is_in_the_list():
    modules = pkgutil.iter_modules(lecture_code.__path__, "lecture_code.")
    classes = {
        value
        for each in modules
        for value in vars(importlib.import_module(each.name)).values()
        if inspect.isclass(value) and not value.__name__.startswith("_")
    }
    sampling = {c for c in classes if hasattr(c, "sample") and is_ours(c)}
    assert sampling == {type(entry.make()) for entry in MODELS.values()}


def is_ours(kind: type) -> bool:
    return kind.__module__.startswith("lecture_code.")


# ------------------------------------------------------------------------------- sample


@each_class
@pytest.mark.parametrize("n", [1, 7])
def test_samples_have_shape_and_dtype_and_no_gradient(name, n):
    entry = MODELS[name]
    samples = entry.make().sample(n, _seeded(0))
    assert samples.shape == (n, *entry.shape)
    assert samples.dtype == entry.dtype
    assert not samples.requires_grad
    assert torch.isfinite(samples.double()).all()


@each_class
def test_a_generator_settles_the_samples(name):
    make = MODELS[name].make
    first = make().sample(50, _seeded(1))
    assert torch.equal(make().sample(50, generator=_seeded(1)), first)
    assert not torch.equal(make().sample(50, generator=_seeded(2)), first)


@each_class
def test_a_generator_moves_on(name):
    model, generator = MODELS[name].make(), _seeded(1)
    first = model.sample(50, generator)
    assert not torch.equal(model.sample(50, generator), first)


@each_class
def test_with_a_generator_nothing_global_changes(name):
    model = MODELS[name].make()
    before = global_state.snapshot()
    model.sample(5, generator=_seeded(1))
    assert global_state.changed(before, global_state.snapshot()) == []


@each_class
def test_without_a_generator_torchs_seed_settles_the_samples(name, kept_globals):
    model = MODELS[name].make()
    torch.manual_seed(3)
    first = model.sample(50)
    torch.manual_seed(3)
    assert torch.equal(model.sample(50), first)
    assert not torch.equal(model.sample(50), first)


@each_exact
def test_sampling_leaves_the_model_as_it_was(name):
    entry = MODELS[name]
    model = entry.make()
    points = entry.make().sample(9, _seeded(4))
    before = model.log_prob(points)
    model.sample(9, _seeded(5))
    assert torch.equal(model.log_prob(points), before)


# ----------------------------------------------------------------------------- log_prob


@each_exact
def test_log_prob_gives_one_finite_number_for_each_sample(name):
    model = MODELS[name].make()
    log_prob = model.log_prob(model.sample(8, _seeded(6)))
    assert log_prob.shape == (8,)
    assert log_prob.is_floating_point()
    assert torch.isfinite(log_prob).all()


@each_exact
def test_probabilities_sum_or_integrate_to_one(name):
    entry = MODELS[name]
    total = _sum(entry) if entry.outcomes else _integral(entry)
    assert total == pytest.approx(1, abs=1e-6)


def _sum(entry: Entry) -> float:
    return entry.make().log_prob(entry.outcomes()).exp().sum().item()


def _integral(entry: Entry) -> float:
    """Add up the density at the middles of cells, which for smooth ones is exact."""
    axes = [_middles(low, high, entry.cells) for low, high in entry.box]
    points = torch.cartesian_prod(*axes)
    area = math.prod((high - low) / entry.cells for low, high in entry.box)
    return entry.make().log_prob(points).exp().sum().item() * area


def _middles(low: float, high: float, cells: int) -> torch.Tensor:
    edges = torch.linspace(low, high, cells + 1, dtype=torch.float64)
    return (edges[1:] + edges[:-1]) / 2


@each_exact
def test_samples_follow_log_prob(name):
    """Hold the mean of -log p over samples against the entropy, within 5 sigma."""
    entry = MODELS[name]
    model = entry.make()
    surprise = -model.log_prob(model.sample(20_000, _seeded(7))).double()
    error = surprise.std().item() / math.sqrt(len(surprise))
    assert abs(surprise.mean().item() - _entropy(entry)) < 5 * error + 1e-6


def _entropy(entry: Entry) -> float:
    if entry.outcomes:
        log_prob, area = entry.make().log_prob(entry.outcomes()), 1.0
    else:
        axes = [_middles(low, high, entry.cells) for low, high in entry.box]
        log_prob = entry.make().log_prob(torch.cartesian_prod(*axes))
        area = math.prod((high - low) / entry.cells for low, high in entry.box)
    return torch.special.entr(log_prob.exp()).sum().item() * area


@each_exact
def test_what_an_example_gets_does_not_depend_on_the_batch(name):
    model = MODELS[name].make()
    x = model.sample(12, _seeded(8))
    x = x.double() if x.is_floating_point() else x
    methods = [model.log_prob, *([model.score] if hasattr(model, "score") else [])]
    for method in methods:
        together = method(x)
        alone = torch.cat([method(x[i : i + 1]) for i in range(12)])
        torch.testing.assert_close(alone, together, rtol=1e-12, atol=1e-12)
        order = torch.randperm(12, generator=_seeded(9))
        mixed = method(x[order])
        torch.testing.assert_close(mixed, together[order], rtol=1e-12, atol=1e-12)


@each_smooth
def test_score_is_the_gradient_of_log_prob(name):
    model = MODELS[name].make()
    x = model.sample(6, _seeded(10)).double().requires_grad_()
    (gradient,) = torch.autograd.grad(model.log_prob(x).sum(), x)
    torch.testing.assert_close(model.score(x).detach(), gradient)


# ----------------------------------------------------------- names and what is not


@each_class
def test_repr_is_informative_and_stable(name):
    one, two = MODELS[name].make(), MODELS[name].make()
    assert repr(one) == repr(two)
    assert repr(one).startswith(type(one).__name__)
    assert any(letter.isdigit() for letter in repr(one))  # it says a size or parameter
    assert "0x" not in repr(one)
    assert "\n" not in repr(one)
    assert len(repr(one)) <= 120


@each_bounded
def test_a_bound_is_finite_for_each_sample_and_never_called_log_prob(name):
    model = MODELS[name].make()
    x = model.sample(8, _seeded(6)).double()
    for method in OFFERED[type(model).__name__]:
        bound = getattr(model, method)(x, 3, _seeded(7))
        assert bound.shape == (8,)
        assert torch.isfinite(bound).all()
        assert torch.equal(getattr(model, method)(x, 3, _seeded(7)), bound)
    with pytest.raises(AttributeError, match="have log_prob"):
        model.log_prob(x)


@each_class
def test_a_method_that_a_model_cannot_have_is_not_there(name):
    model = MODELS[name].make()
    offered = OFFERED.get(type(model).__name__, ("log_prob",))
    assert all(callable(getattr(model, method)) for method in offered)
    for method in set(SPECIAL) - set(offered):
        with pytest.raises(AttributeError, match=method):
            getattr(model, method)


@each_finite
def test_a_model_that_counts_takes_lists_and_arrays_too(name):
    model = MODELS[name].make()
    if isinstance(model, torch.nn.Module):
        pytest.skip("gradients flow through tensors only")
    x = model.sample(4, _seeded(11))
    want = model.log_prob(x)
    assert torch.equal(model.log_prob(x.numpy()), want)
    assert torch.equal(model.log_prob(x.tolist()), want)
