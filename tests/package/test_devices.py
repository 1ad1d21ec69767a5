"""Models follow their weights, functions follow ``x``: on a pretended second device.

The same seed gives the same numbers there, for all randomness is drawn on the CPU.
"""

from __future__ import annotations

import inspect
from functools import partial

import elsewhere
import pytest
import test_contract
import torch
from seeds import seeded

from lecture_code import (
    _validate,
    autoencoders,
    compression,
    datasets,
    densities,
    inpainting,
    networks,
    noising,
)


def autoencoder(kind: str) -> torch.nn.Module:
    """Return an autoencoder whose weights are settled by a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return getattr(autoencoders, kind)(4, 2).double()


#: Every model with weights, and every other law.
MODELS = {name: entry.make for name, entry in test_contract.MODELS.items()}
NETS = {k: make for k, make in MODELS.items() if isinstance(make(), torch.nn.Module)}
NETS |= {
    kind: lambda kind=kind: autoencoder(kind)
    for kind in ("Autoencoder", "TiedAutoencoder", "DenoisingAutoencoder")
}
LAWS = {
    name: make
    for name, make in MODELS.items()
    if type(make()).__module__ == densities.__name__
}

#: What is asked of a model, beside ``x``.
METHODS = {
    "loss": {},
    "log_prob": {},
    "logits": {},
    "conditionals": {},
    "complete": {"known": 1},
    "encode": {},
    "reconstruct": {},
    "corrupt": {},
    "kl": {},
    "elbo": {"k": 2},
    "importance_bound": {"k": 2},
    "dequantised_bound": {"k": 2},
    "critic_loss": {},
    "generator_loss": {},
    "velocity": {"t": 0.5},
    "denoise": {"t": 0.5},
    "noise": {"t": 0.5, "labels": [0, 1, 2, 3, 0]},
    "score": {"t": 0.5},
}


def examples(name: str) -> torch.Tensor:
    """Return five examples that a model can read."""
    make = MODELS.get(name)
    return make().sample(5, seeded(1)) if make else torch.ones(5, 4)


def check(there: torch.Tensor, here: torch.Tensor) -> None:
    """Compare what came out on the two devices."""
    assert there.device == elsewhere.DEVICE
    torch.testing.assert_close(there.cpu(), here)


def asked(model, method: str, *given, **settings):
    """Call a method with a seed, where it draws anything."""
    function = getattr(model, method)
    if "generator" in inspect.signature(function).parameters:
        settings["generator"] = seeded(2)
    return function(*given, **settings)


ASKED = [
    (name, method)
    for name, make in NETS.items()
    for method in METHODS
    if hasattr(make(), method)
]


@pytest.mark.parametrize(("name", "method"), ASKED)
def test_a_model_follows_its_weights(name, method):
    model, x = NETS[name](), examples(name)
    here = asked(model, method, x, **METHODS[method])
    with elsewhere.Device():
        there = elsewhere.moved(model)
        check(asked(there, method, elsewhere.moved(x), **METHODS[method]), here)


@pytest.mark.parametrize("name", [n for n in NETS if n in MODELS])
def test_samples_are_the_same_on_each_device(name):
    model = NETS[name]()
    with elsewhere.Device():
        check(elsewhere.moved(model).sample(5, seeded()), model.sample(5, seeded()))


@pytest.mark.parametrize("name", [n for n in NETS if hasattr(NETS[n](), "decode")])
def test_codes_are_decoded_where_the_weights_are(name):
    model = NETS[name]()
    z = torch.randn(3, 2 if name != "Dequantised" else 3, generator=seeded())
    with elsewhere.Device():
        there = elsewhere.moved(model)
        check(there.decode(elsewhere.moved(z)), model.decode(z))
        check(there.decode(z), model.decode(z))  # a code from the CPU will do


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("method", ["log_prob", "score"])
def test_a_law_follows_its_points(name, method):
    law, x = LAWS[name](), examples(name)
    with elsewhere.Device():
        there = getattr(law, method)(elsewhere.moved(x))
        check(there, getattr(law, method)(x))


CLOUDS = datasets.toy("clouds")
FUNCTIONS = {
    "mask": lambda x: autoencoders.mask(x, 0.4, seeded()),
    "add_noise": lambda x: autoencoders.add_noise(x, 0.4, seeded()),
    "noising.like": lambda x: noising.like(x, seeded()),
    "noising.cosine": lambda x: noising.cosine(x.abs().clamp(max=1)),
    "exact_denoiser": lambda x: noising.exact_denoiser(CLOUDS)(x, 0.3),
    "exact_denoiser at the end": lambda x: noising.exact_denoiser(CLOUDS)(x, 1.0),
    "noising.reverse": lambda x: noising.reverse(
        noising.exact_denoiser(CLOUDS),
        x,
        [0.9, 0.5, 0.1],
        churn=1.0,
        generator=seeded(),
    ),
    "posterior_mean": lambda x: CLOUDS.posterior_mean(x, 0.5),
    "enumerate_fillings": lambda x: (
        inpainting.enumerate_fillings(lambda x: x.sum(dim=1), x[0], [True, False]).p
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_follows_its_points(name):
    x = torch.randn(6, 2, generator=seeded(3))
    here = FUNCTIONS[name](x)
    with elsewhere.Device():
        check(FUNCTIONS[name](elsewhere.moved(x)), here)


FILLED = {
    "by_particles": ("Autoregressive", {}, lambda filled: filled.x),
    "by_codes": ("VAE", {"steps": 3}, lambda filled: filled),
    "by_replacement": ("Diffusion", {"steps": 3, "rounds": 2}, lambda filled: filled),
}


@pytest.mark.parametrize("name", FILLED)
@pytest.mark.parametrize("near", [True, False], ids=["x on the CPU", "x there"])
def test_filling_in_follows_the_images(name, near):
    kind, settings, read = FILLED[name]
    model, x = NETS[kind](), examples(kind)
    known = torch.arange(x.shape[1]) % 2 == 0
    fill = partial(getattr(inpainting, name), **settings)
    here = read(fill(model, x, known, generator=seeded(4)))
    with elsewhere.Device():
        there = elsewhere.moved(model)
        if near:
            made = read(fill(there, x, known, generator=seeded(4)))
            torch.testing.assert_close(made, here)
        else:
            made = fill(there, elsewhere.moved(x), known, generator=seeded(4))
            check(read(made), here)


def test_a_model_elsewhere_codes():
    name = "Autoregressive"
    model, x = NETS[name](), examples(name)
    with elsewhere.Device():
        there = elsewhere.moved(model)
        words = compression.compress(elsewhere.moved(x), there)
        assert words == compression.compress(x, model)
        assert torch.equal(compression.decompress(words, there), x)


def test_a_network_that_is_elsewhere_already_is_taken():
    with elsewhere.Device():
        net = elsewhere.moved(networks.masked_mlp([3, 3]))
        x = elsewhere.moved(torch.ones(2, 3))
        assert networks.dependence(net, x).shape == (3, 3)


class OnCard(torch.Generator):
    """A generator that says that it draws on another device."""

    device = torch.device("cuda")


def test_a_generator_draws_on_the_cpu():
    with pytest.raises(ValueError, match="on the CPU, got cuda"):
        _validate.generator("generator", OnCard())


def test_the_pretended_device_refuses_to_mix():
    with elsewhere.Device(), pytest.raises(RuntimeError, match="same device"):
        elsewhere.moved(torch.ones(2)) + torch.ones(2)
