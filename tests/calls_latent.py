"""Calls of latent variable models, flows, output laws, and of how they are trained."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from unittest import mock

import arguments as a
import torch
from calls import DROPOUT, INITIALISED, Call, N, _points

from lecture_code import datasets, flows, likelihoods, networks, trained, vae
from lecture_code.recipes import latent, rounds

GENERATOR = {"generator": a.optional(a.generator())}
K = {"k": a.count(3)}


def _bits() -> torch.Tensor:
    return torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])


def _levels() -> torch.Tensor:
    return torch.tensor([[0.0, 4.0, 2.0], [3.0, 1.0, 4.0]])


def _floating(make, what: str, wrong: float, **kwargs) -> dict[str, a.Domain]:
    domain = a.tensor(make, **kwargs)
    return {"x": replace(domain, bad={**domain.bad, what: [make() + wrong]})}


BITS = _floating(_bits, "no bit", 0.5, fixed=(1,))
LEVELS = _floating(_levels, "no level", 0.5, fixed=(1,), low=0.0, high=4.0)
REAL = {"x": a.tensor(_points(2, 3), fixed=(1,))}
Z = {"z": a.tensor(_points(2, 3), fixed=(1,))}
LAWS = {
    "Bernoulli": (likelihoods.Bernoulli, _bits, _floating(_bits, "no bit", 0.5)),
    "Logistics": (
        partial(likelihoods.Logistics, 5, components=2),
        _levels,
        _floating(_levels, "no level", 0.5, low=0.0, high=4.0),
    ),
    "Gaussian": (
        partial(likelihoods.Gaussian, 0.5),
        _points(2, 3),
        {"x": a.tensor(_points(2, 3))},
    ),
}


def _method(make, name: str):
    return getattr(make(), name)


def _law_calls(kind: str) -> dict[str, Call]:
    make, _, x = LAWS[kind]
    columns = 3 * make().numbers
    outputs = {"a": a.tensor(_points(2, columns))}
    if kind == "Logistics":  # any number of pixels will do, but whole ones only
        outputs["a"].bad["part of a pixel"] = [_points(2, columns - 1)()]
    paired = {
        "x": replace(x["x"], named=("a",)),
        "a": a.tensor(_points(2, columns), rank=False, fixed=(0, 1)),
    }
    methods = {
        "scaled": x,
        "log_prob": paired,
        "mean": outputs,
        "draw": {**outputs, **GENERATOR},
    }
    methods |= {"probabilities": outputs} if kind == "Logistics" else {}
    return {
        f"likelihoods.{kind}.{name}": Call(partial(_method, make, name), arguments)
        for name, arguments in methods.items()
    }


def _vae() -> vae.VAE:
    torch.manual_seed(0)
    return vae.VAE(
        networks.mlp([3, 4]),
        decoder=networks.mlp([2, 3]),
        output=likelihoods.Bernoulli(),
        d=3,
        latents=2,
    )


def _coupling() -> flows.AffineCoupling:
    torch.manual_seed(0)
    return flows.AffineCoupling(networks.mlp([3, 6]), mask=[1, 0, 1])


def _triangular() -> flows.Triangular:
    return flows.Triangular(3)


def _marginals() -> flows.Marginals:
    return flows.Marginals(3, levels=5)


def _flow() -> flows.Flow:
    return flows.Flow([_coupling(), _triangular()], d=3)


def _dequantised() -> flows.Dequantised:
    return flows.Dequantised(flows.Flow([_marginals(), _triangular()], d=3), levels=5)


def _methods(room: str, make, methods: dict[str, dict], changes=()) -> dict[str, Call]:
    kind = type(make()).__name__
    return {
        f"{room}.{kind}.{name}": Call(
            partial(_method, make, name), arguments, changes=changes
        )
        for name, arguments in methods.items()
    }


IN_BINS = {"x": a.tensor(_levels, fixed=(1,), low=0.0, high=5.0)}
CLOUD = a.tensor(lambda: torch.tensor([[0.0, 1, 2], [3, 1, 0], [1, 5, 3], [2, 2, 0]]))
CLOUD = replace(CLOUD, bad={**CLOUD.bad, "flat": [torch.ones(4, 3), torch.ones(1, 3)]})
MASK = a.integers(lambda: torch.tensor([1, 0, 1]), low=0, high=1)
MASK = replace(
    MASK, bad={**MASK.bad, "one side": [[1, 1, 1], [0, 0, 0]]}, named=("network",)
)
MISFITS = (networks.mlp([3, 3]), networks.mlp([2, 6]), torch.nn.Flatten(0))
LAYERS = a.collection(
    lambda: [_coupling(), _triangular()],
    [[], "ab", [3], [torch.nn.Linear(3, 3)], [flows.Triangular]],
)


def _small(name: str):
    """Train on a handful of images, so that the call is a quick one."""
    few = tuple(part.pixels[:20] for part in map(datasets.digits, ("train", "test")))
    return mock.patch.dict(
        latent.SETTINGS, {name: {"data": lambda: few, "rates": (1e-3,)}}
    )


class _Mean(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = torch.nn.Parameter(torch.zeros(3))

    def loss(self, x):
        return (x - self.mean).square().mean()


def _trained_flow() -> flows.Dequantised:
    return trained.BUILDERS["flow-digits"]()


def _digits() -> torch.Tensor:
    return datasets.digits("train").pixels[:200].clone()


CALLS = {
    "networks.mlp": Call(
        lambda: networks.mlp,
        {
            "sizes": a.collection(
                lambda: [3, 4, 2],
                [[3], [3, 0], [3, 2.0], "34", [True, 2], [], {3: 4}],
            ),
            "activation": a.choice("relu", "tanh"),
            "dropout": DROPOUT,
        },
        changes_globals=INITIALISED,
    ),
    "networks.evaluating": Call(
        lambda: networks.evaluating,
        {"network": a.trusted(torch.nn.Identity(), "what has no mode may come too")},
    ),
    "networks.cast": Call(
        lambda: networks.cast,
        {
            "x": a.trusted(torch.ones(2, 3), "handed on by models, which check it"),
            "network": a.trusted(torch.nn.Identity(), "a model hands on its own"),
        },
    ),
    "likelihoods.Bernoulli": Call(lambda: likelihoods.Bernoulli, {}),
    "likelihoods.Logistics": Call(
        lambda: likelihoods.Logistics,
        {"levels": a.count(17, low=2), "components": a.count(3)},
    ),
    "likelihoods.Gaussian": Call(
        lambda: likelihoods.Gaussian, {"sigma": a.real(0.5, above=0)}
    ),
    **_law_calls("Bernoulli"),
    **_law_calls("Logistics"),
    **_law_calls("Gaussian"),
    "vae.VAE": Call(
        lambda: vae.VAE,
        {
            "encoder": a.instance(lambda: networks.mlp([3, 4]), *MISFITS),
            "decoder": a.instance(lambda: networks.mlp([2, 3]), *MISFITS),
            "output": a.instance(likelihoods.Bernoulli, likelihoods.Bernoulli),
            "d": replace(a.count(3), named=("encoder", "decoder")),
            "latents": replace(a.count(2), named=("encoder", "decoder")),
            "beta": a.real(1.0, low=0),
        },
    ),
    **_methods(
        "vae",
        _vae,
        {
            "posterior": BITS,
            "encode": BITS,
            "decode": {"z": a.tensor(_points(4, 2), fixed=(1,))},
            "sample": N,
            "kl": BITS,
            "loss": {**BITS, **GENERATOR},
            "log_weights": {**BITS, **K, **GENERATOR},
            "elbo": {**BITS, **K, **GENERATOR},
            "importance_bound": {**BITS, **K, **GENERATOR},
        },
    ),
    "flows.AffineCoupling": Call(
        lambda: flows.AffineCoupling,
        {"network": a.instance(lambda: networks.mlp([3, 6]), *MISFITS), "mask": MASK},
    ),
    **_methods("flows", _coupling, {"forward": REAL, "inverse": Z}),
    "flows.Triangular": Call(lambda: flows.Triangular, {"d": a.count(3)}),
    **_methods("flows", _triangular, {"forward": REAL, "inverse": Z}),
    "flows.Triangular.whiten": Call(
        lambda: _triangular().whiten,
        {"x": CLOUD, "shrink": a.unit(0.1)},
        changes=("self",),
    ),
    "flows.Marginals": Call(
        lambda: flows.Marginals, {"d": a.count(3), "levels": a.count(5)}
    ),
    **_methods("flows", _marginals, {"forward": IN_BINS, "inverse": Z}),
    "flows.Marginals.count": Call(
        lambda: _marginals().count,
        {**LEVELS, "smoothing": a.real(0.5, above=0)},
        changes=("self",),
    ),
    "flows.Flow": Call(lambda: flows.Flow, {"layers": LAYERS, "d": a.count(3)}),
    **_methods(
        "flows",
        _flow,
        {
            **dict.fromkeys(["encode", "log_det", "log_prob", "loss"], REAL),
            "decode": Z,
            "sample": N,
        },
    ),
    "flows.Dequantised": Call(
        lambda: flows.Dequantised,
        {"flow": a.instance(_flow, flows.Flow), "levels": a.count(17, low=2)},
    ),
    **_methods(
        "flows",
        _dequantised,
        {
            "dequantised_bound": {**LEVELS, **K, **GENERATOR},
            "loss": {**LEVELS, **GENERATOR},
            "sample": N,
        },
    ),
    "recipes.rounds.keep_best": Call(
        lambda: rounds.keep_best,
        {
            "model": a.instance(_Mean, torch.nn.Identity()),
            "data": a.tensor(_points(4, 3), rank=False),
            "held_out": a.tensor(_points(4, 3), rank=False),
            "rates": a.collection(lambda: [0.01], [[], "ab", [0.0], [-1], ["a"]]),
            "steps": a.count(2),
            "batch_size": a.count(2),
        },
        changes=("model",),
        changes_globals=INITIALISED,
    ),
    "recipes.latent.prepared_flow": Call(
        lambda: latent.prepared_flow,
        {
            "flow": a.instance(_trained_flow, flows.Dequantised),
            "levels": replace(
                a.tensor(_digits, fixed=(1,), low=0.0, high=16.0), named=("x",)
            ),
        },
        changes=("flow",),
    ),
    "recipes.latent.latent_model": Call(
        lambda: latent.latent_model,
        {
            "name": a.choice("vae-grey"),
            "rates": a.optional(
                a.collection(lambda: (1e-3,), [[], [0.0], ["a"], [-1]])
            ),
            "steps": a.count(1),
        },
        within=lambda: _small("vae-grey"),
    ),
    "recipes.latent.costs": Call(
        lambda: latent.costs,
        {},
        within=lambda: mock.patch.object(latent, "SETTINGS", {}),
    ),
}
