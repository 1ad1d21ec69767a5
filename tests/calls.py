"""One entry for every public function, constructor and method of the package.

``test_bad_input.py`` lists the callables from the package itself and fails for one that
has no entry here. To add a function, describe each of its arguments by a domain of
``arguments.py``; a room with many functions has a file of its own, ``calls_ROOM.py``
with a table ``CALLS``, which is added to the one at the end of this file.

The libraries that rooms import late are imported here, so that what they do to the
process when they are imported is not laid at the door of the function that needs them.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import pkgutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import arguments as a
import matplotlib.pyplot as plt
import numpy as np
import scipy.special  # noqa: F401
import sklearn.datasets  # noqa: F401
import torch
import torch._dynamo
from arguments import Domain

import lecture_code
from lecture_code import (
    autoencoders,
    autoregressive,
    chains,
    claims,
    crossings,
    datasets,
    densities,
    divergences,
    exercises,
    frontiers,
    half_lines,
    histograms,
    lattice,
    lipschitz,
    networks,
    normal_scores,
    plotting,
    pushforward,
    routes,
    saddles,
    scenes,
    session,
    trained,
    training,
    transport,
    validate,
    widgets,
)
from lecture_code.recipes import __main__ as recipes


@dataclass(frozen=True)
class Call:
    """How to call something rightly, and what it may change.

    ``make`` returns the function, or the method of an object made anew. ``changes``
    names the arguments ("self" too) and ``changes_globals`` the parts of the global
    state (see ``global_state.py``) that a valid call changes, because that is its job.
    ``within`` is a context that every call needs.
    """

    make: Callable[[], Callable]
    arguments: dict[str, Domain]
    changes: tuple[str, ...] = ()
    changes_globals: tuple[str, ...] = ()
    within: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext


# ------------------------------------------------------- what the package itself offers


def public_callables() -> dict[str, Callable]:
    """List functions, constructors and methods as room.function or room.Class.method.

    Left out are exceptions and named tuples: nobody but the package makes them, or the
    function that takes them checks what is in them.
    """
    found: dict[str, Callable] = {}
    prefix = f"{lecture_code.__name__}."
    for info in pkgutil.walk_packages(lecture_code.__path__, prefix):
        module = importlib.import_module(info.name)
        room = info.name.removeprefix(prefix)
        for name, value in vars(module).items():
            if not name.startswith("_") and _defined_in(value, module):
                found.update(_callables(f"{room}.{name}", value))
    return found


def _defined_in(value: Any, module: Any) -> bool:
    kind = inspect.isfunction(value) or inspect.isclass(value)
    return kind and value.__module__ == module.__name__


def _callables(name: str, value: Any) -> Iterator[tuple[str, Callable]]:
    if inspect.isfunction(value):
        yield name, value
    elif not issubclass(value, (tuple, BaseException)):
        yield name, value
        for method in sorted(_methods(value)):
            yield f"{name}.{method}", getattr(value, method)


def _methods(kind: type) -> set[str]:
    ours = [c for c in kind.__mro__ if c.__module__.startswith(lecture_code.__name__)]
    return {
        name
        for each in ours
        for name, value in vars(each).items()
        if (not name.startswith("_") or name == "__call__")
        if isinstance(value, (classmethod, staticmethod)) or inspect.isfunction(value)
    }


# ------------------------------------------------------------------------- valid values


def _points(*shape: int) -> Callable[[], torch.Tensor]:
    numbers = torch.linspace(-1.5, 1.5, int(np.prod(shape)))
    return lambda: numbers.reshape(shape).clone()


def _tensor(*values: Any) -> Callable[[], torch.Tensor]:
    return lambda: torch.tensor(values)


def _images() -> torch.Tensor:
    return torch.arange(3.0 * 64).reshape(3, 64)


def _draw(bins: int) -> str:
    plt.figure(figsize=(1, 1))
    plt.plot(range(bins))
    return f"a line over {bins} bins"


class Line(torch.nn.Module):
    """The smallest model that can be trained."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = torch.nn.Parameter(torch.tensor(0.5))

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        return (self.slope * x - 1).square().mean()


def _players(**changed: Any) -> list[training.Player]:
    model = Line()
    player = training.Player(list(model.parameters()), model.loss)
    return [player._replace(**changed)]


@contextlib.contextmanager
def own_store() -> Iterator[None]:
    """Let ``trained`` read and write in a folder of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(trained, "FOLDER", Path(folder)),
        mock.patch.object(trained, "BUILDERS", {"line": Line}),
        mock.patch.object(recipes, "TABLES", {}),
        mock.patch.object(recipes, "WEIGHTS", {}),
    ):
        trained.store("line", Line())
        trained.store_table("numbers", {"n": np.arange(3.0)})
        yield


_FOLDER = tempfile.TemporaryDirectory()  # removed when the process ends


@contextlib.contextmanager
def _closing() -> Iterator[None]:
    """Close the figures of a call that has many arguments to be tried."""
    yield
    plt.close("all")


def _notebook() -> str:
    """Return the path of a notebook that printed one claim."""
    output = {"name": "stdout", "text": ["Claim holds: it does\n"]}
    cell = {"cell_type": "code", "outputs": [output]}
    path = Path(_FOLDER.name) / "01-one.ipynb"
    path.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    return str(path)


# ---------------------------------------------------------------------------- the table

N = {"n": a.count(5), "generator": a.optional(a.generator())}
MIXTURE = {
    "scales": a.array(_tensor(0.5, 1.0), rank=False, fixed=(0,), low=0.0),
    "weights": a.optional(a.probabilities(_tensor(0.25, 0.75))),
}
OUTCOMES = {"outcomes": a.integers(_tensor(0, 2, 2, 1), low=0, high=3)}
BITS = {"bits": a.bits(_tensor([0.0, 1.0, 1.0], [1.0, 0.0, 0.0]))}
P = {"p": a.probabilities(_tensor(0.25, 0.25, 0.5))}
P_Q = {**P, "q": a.probabilities(_tensor(0.5, 0.0, 0.5))}
LINE = a.tensor(_points(4), rank=False, low=-1e30, high=1e30)
ON_LINE = a.array(_points(4), rank=False, low=-1e30, high=1e30)
PLANE = a.tensor(_points(4, 2), fixed=(1,), low=-1e30, high=1e30)
PART = a.choice("train", "validation", "test")
LABELS = {"xlabel": a.label(), "ylabel": a.label()}
DATA = a.tensor(_points(8), rank=False)
DATA = replace(DATA, bad={**DATA.bad, "a single number": [torch.tensor(1.0)]})
LOOP = {
    "data": DATA,
    "steps": a.count(3),
    "batch_size": a.count(4),
    "generator": a.optional(a.generator()),
}
#: The arguments of ``validate`` that the package itself writes down.
WRITTEN = "written down where the check is called, never by a reader"
OURS = "ours: make models and the studies call it"
NAME = a.trusted("value", WRITTEN)
BOUNDS = {"low": a.trusted(0, WRITTEN), "high": a.trusted(9, WRITTEN)}
ABOVE = {"above": a.trusted(-1, WRITTEN)}
DRAWN = ("open figures",)
NO_SIZES = [*([], (), [3], [3, 0, 3], [3, 2.0, 3], [3, True, 3], "33"), {3: 3}]
SIZES = a.collection(lambda: [3, 4, 2], NO_SIZES)
SAME_ENDS = a.collection(lambda: [3, 4, 3], [*NO_SIZES, [3, 4], [3, 4, 2]])
ACTIVATION = a.choice("relu", "tanh")
DROPOUT = a.real(0.25, low=0, high=0.95)
ODD = replace(a.count(3), bad={**a.count(3).bad, "even": [2, 4]})
ORDER = a.integers(_tensor(2, 0, 1), low=0, high=2)
ORDER = replace(ORDER, bad={**ORDER.bad, "twice": [[0, 0, 1]], "short": [[0, 1]]})
#: Ones and zeros in a floating tensor: an array or a list of them is refused.
BINARY = {"x": a.tensor(_tensor([0.0, 1.0, 1.0], [1.0, 0.0, 0.0]), fixed=(1,))}
BINARY["x"].bad["no bit"] = [torch.full((2, 3), 0.5), torch.full((2, 3), 2.0)]


def _means(make: Callable[[], torch.Tensor]) -> Domain:
    # as many as there are scales and weights: either may be the one that is wrong
    return replace(a.array(make, fixed=(0,)), named=("scales", "weights"))


def _mixture() -> densities.GaussianMixture:
    return densities.GaussianMixture([-1.0, 2.0], [0.5, 1.0], [0.25, 0.75])


def _spots() -> densities.IsotropicMixture:
    return densities.IsotropicMixture([[0.0, 0.0], [3.0, 1.0]], scales=0.5)


def _pixels() -> autoregressive.Autoregressive:
    torch.manual_seed(0)
    return autoregressive.Autoregressive(networks.masked_mlp([3, 5, 3]), pixels=3)


def _histogram() -> histograms.Histogram:
    return histograms.Histogram.of([0.25, 0.0, 0.5, 0.25])


def _patterns() -> histograms.PatternTable:
    return histograms.PatternTable(3, smoothing=0.5).fit([[0, 1, 1], [1, 0, 0]])


#: What a constructor changes that draws its first weights.
INITIALISED = ("torch's random state",)
WIDTHS = a.collection(
    lambda: [4, 5], [[0], [2.5], "45", [True], {4: 5}, [3, -1], 3, None]
)
NOISE = {"nu": a.unit(0.25), "sigma": a.real(0.5, low=0, high=1e6)}


def _autoencoder(kind: str, special: dict[str, Domain]) -> dict[str, Call]:
    """Describe a constructor of the room and the methods that all of them have."""
    build = getattr(autoencoders, kind)
    names = {
        "activation": a.choice("relu", "tanh", "sigmoid"),
        "likelihood": a.choice("bernoulli", "gaussian"),
    }
    sizes = {"d": a.count(3), "k": a.count(2)}
    real, codes = (a.tensor(_points(2, size), fixed=(1,)) for size in (3, 2))
    given = a.optional(a.tensor(_points(2, 3), fixed=(0, 1)))
    methods = {
        "encode": {"x": real},
        "reconstruct": {"x": real},
        "pre_activation": {"z": codes},
        "decode": {"z": codes},
        "errors": {**BINARY, "given": given},
        "loss": BINARY,
    }
    found = {
        f"autoencoders.{kind}": Call(
            lambda: build, {**sizes, **special, **names}, changes_globals=INITIALISED
        )
    }
    for method, arguments in methods.items():
        make = partial(_method, build, method)
        found[f"autoencoders.{kind}.{method}"] = Call(make, arguments)
    return found


def _method(build: Callable, method: str) -> Callable:
    return getattr(build(3, 2), method)


def _law() -> normal_scores.Law:
    law = normal_scores.Law(_mixture())
    _ = law.steepest  # and the grid: what is computed once is computed by now
    return law


def _route() -> routes.Route:
    return routes.Route(_law(), 1.0, [0.1])


def _kinked_net() -> torch.nn.Sequential:
    layers = torch.nn.Linear(1, 3), torch.nn.LeakyReLU(0.2), torch.nn.Linear(3, 1)
    return torch.nn.Sequential(*layers)


def _small_lattice() -> contextlib.AbstractContextManager:
    return mock.patch.object(lattice, "_LEVELS", 200)


#: The rooms behind ``pushforward`` get what it has checked already.
CHECKED = "handed on by pushforward, which checks what a reader passes"
INSIDE = a.trusted(np.array([-1.0, 0.0, 2.0]), CHECKED)
MASS, OTHER_MASS = (
    a.trusted(np.array(masses), CHECKED) for masses in ([0.2, 0.9], [0.8, 0.1])
)
BRACKET = {
    "low": a.trusted(0.0, CHECKED),
    "high": a.trusted(3.0, CHECKED),
    "rounds": a.trusted(3, CHECKED),
}
LAW_SLOPE = {
    "law": a.trusted(_law(), CHECKED),
    "lipschitz": a.trusted(1.0, CHECKED),
}
SLOPE = a.array(_tensor(0.5, 4.0), rank=False, low=0.0)
SLOPE = replace(SLOPE, bad={**SLOPE.bad, "zero": [0.0, [1.0, 0.0]]})
TARGET = Domain(
    _mixture,
    {
        "no law": [None, 3, "normal", [], object(), torch.ones(3)],
        "not on the line": [_spots(), densities.Banana()],
        "no density": [histograms.Histogram.of([0.5, 0.5])],
    },
)
CHAIN = {
    "target": a.instance(_mixture, _spots(), densities.Banana()),
    "steps": a.count(2),
}
_UNKNOWN_NETS = [
    *(torch.nn.LayerNorm(1), torch.nn.Sequential(torch.nn.Linear(1, 1), Line())),
    torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.Softmax(dim=1)),
]


WALK = {
    "net": a.instance(_kinked_net, *_UNKNOWN_NETS),
    "low": a.real(-1.0, high=2.0),
    "high": a.real(2.0, low=-1.0),
}
CALLS: dict[str, Call] = {
    # session
    "session.start": Call(
        lambda: session.start,
        {"seed": a.count(3, low=0, high=2**32 - 1)},
        changes_globals=(
            *("plot style", "random state", "numpy's random state"),
            *("torch's random state", "thread count"),
        ),
    ),
    # claims
    "claims.claim": Call(
        lambda: claims.claim,
        {
            "sentence": a.collection(
                lambda: "one is one", ["", " ", "two\nlines", b"bytes"]
            ),
            "condition": Domain(
                lambda: True,
                {"wrong type": [None, 1, "yes", [True], torch.ones(2) > 0, 0.5]},
                [lambda: torch.tensor(True), lambda: np.bool_(True)],
            ),
        },
    ),
    "claims.read": Call(
        lambda: claims.read,
        {"notebook": a.path(_notebook, "unnumbered.ipynb", __file__)},
    ),
    # validate
    "validate.describe": Call(
        lambda: validate.describe,
        {"value": a.anything(None, 1, "x" * 99, torch.ones(2), np.ones(2), [], object)},
    ),
    "validate.integer": Call(
        lambda: validate.integer,
        {"name": NAME, "value": a.count(5, low=0, high=9), **BOUNDS},
    ),
    "validate.real": Call(
        lambda: validate.real,
        {"name": NAME, "value": a.real(0.5, low=0, high=9), **BOUNDS, **ABOVE},
    ),
    "validate.flag": Call(lambda: validate.flag, {"name": NAME, "value": a.flag()}),
    "validate.choice": Call(
        lambda: validate.choice,
        {
            "name": NAME,
            "value": a.choice("red", "blue"),
            "options": a.trusted(["red", "blue"], WRITTEN),
        },
    ),
    "validate.text": Call(lambda: validate.text, {"name": NAME, "value": a.text()}),
    "validate.function": Call(
        lambda: validate.function, {"name": NAME, "value": a.function(len)}
    ),
    "validate.instance": Call(
        lambda: validate.instance,
        {
            "name": NAME,
            "value": a.instance(Path, "a/path"),
            "kind": a.trusted((Path, dict), WRITTEN),
        },
    ),
    "validate.items": Call(
        lambda: validate.items,
        {"name": NAME, "value": a.collection(lambda: [1, 2], [[], (), "ab", {1: 2}])},
    ),
    "validate.generator": Call(
        lambda: validate.generator,
        {"name": NAME, "value": a.optional(a.generator())},
    ),
    "validate.array": Call(
        lambda: validate.array,
        {
            "name": NAME,
            "value": a.array(
                _tensor([0.0, 1.0], [2.0, 9.0]), fixed=(1,), low=0, high=9
            ),
            "shape": a.trusted(("n", 2), WRITTEN),
            **BOUNDS,
            **ABOVE,
        },
    ),
    "validate.tensor": Call(
        lambda: validate.tensor,
        {
            "name": NAME,
            "value": a.tensor(
                _tensor([0.0, 1.0], [2.0, 9.0]), fixed=(1,), low=0, high=9
            ),
            "shape": a.trusted(("n", 2), WRITTEN),
            **BOUNDS,
            **ABOVE,
        },
    ),
    "validate.integers": Call(
        lambda: validate.integers,
        {
            "name": NAME,
            "value": a.integers(_tensor(0, 5, 9), low=0, high=9),
            "shape": a.trusted(("n",), WRITTEN),
            **BOUNDS,
        },
    ),
    "validate.probabilities": Call(
        lambda: validate.probabilities,
        {"name": NAME, "value": a.probabilities(_tensor(0.25, 0.25, 0.5))},
    ),
    "validate.same_length": Call(
        lambda: validate.same_length,
        {
            "one": Domain(lambda: [1, 2], {"mismatched": [[], [1], range(3)]}),
            "two": a.trusted((3, 4), "the partner of the first"),
        },
    ),
    # densities
    "densities.GaussianMixture": Call(
        lambda: densities.GaussianMixture,
        {"means": _means(_tensor(-1.0, 2.0)), **MIXTURE},
    ),
    "densities.GaussianMixture.pdf": Call(lambda: _mixture().pdf, {"x": ON_LINE}),
    "densities.GaussianMixture.cdf": Call(lambda: _mixture().cdf, {"x": ON_LINE}),
    "densities.GaussianMixture.sf": Call(lambda: _mixture().sf, {"x": ON_LINE}),
    "densities.GaussianMixture.ppf": Call(
        lambda: _mixture().ppf,
        {"u": a.array(_tensor(0.0, 0.3, 1.0), rank=False, low=0, high=1)},
    ),
    "densities.GaussianMixture.isf": Call(
        lambda: _mixture().isf,
        {"u": a.array(_tensor(0.0, 0.3, 1.0), rank=False, low=0, high=1)},
    ),
    "densities.GaussianMixture.log_prob": Call(
        lambda: _mixture().log_prob, {"x": LINE}
    ),
    "densities.GaussianMixture.score": Call(lambda: _mixture().score, {"x": LINE}),
    "densities.GaussianMixture.sample": Call(lambda: _mixture().sample, N),
    "densities.IsotropicMixture": Call(
        lambda: densities.IsotropicMixture,
        {"means": _means(_tensor([0.0, 1.0], [2.0, 3.0])), **MIXTURE},
    ),
    "densities.IsotropicMixture.log_prob": Call(
        lambda: _spots().log_prob, {"x": PLANE}
    ),
    "densities.IsotropicMixture.score": Call(lambda: _spots().score, {"x": PLANE}),
    "densities.IsotropicMixture.sample": Call(lambda: _spots().sample, N),
    "densities.IsotropicMixture.noised": Call(
        lambda: _spots().noised, {"sigma": a.real(0.5, low=0, high=1e19)}
    ),
    "densities.IsotropicMixture.posterior_mean": Call(
        lambda: _spots().posterior_mean,
        {"y": PLANE, "sigma": a.real(0.5, low=0, high=1e19)},
    ),
    "densities.Banana": Call(
        lambda: densities.Banana,
        {"curvature": a.real(1.5), "scale": a.real(0.5, above=0)},
    ),
    "densities.Banana.log_prob": Call(
        lambda: densities.Banana().log_prob, {"x": PLANE}
    ),
    "densities.Banana.score": Call(lambda: densities.Banana().score, {"x": PLANE}),
    "densities.Banana.sample": Call(lambda: densities.Banana().sample, N),
    # divergences
    "divergences.entropy": Call(lambda: divergences.entropy, P),
    "divergences.kl": Call(lambda: divergences.kl, P_Q),
    "divergences.js": Call(lambda: divergences.js, P_Q),
    "divergences.tv": Call(lambda: divergences.tv, P_Q),
    "divergences.wasserstein1": Call(
        lambda: divergences.wasserstein1,
        {**P_Q, "points": a.array(_tensor(0.0, 2.0, 1.0), fixed=(0,))},
    ),
    "divergences.cell_masses": Call(
        lambda: divergences.cell_masses,
        {
            "density": a.instance(_mixture, densities.Banana()),
            "edges": a.array(_points(4)),
        },
    ),
    "divergences.kl_gaussians": Call(
        lambda: divergences.kl_gaussians,
        {
            "mean1": a.real(1.0),
            "scale1": a.real(0.5, above=0),
            "mean2": a.real(-1.0),
            "scale2": a.real(2.0, above=0),
        },
    ),
    # datasets
    "datasets.digits": Call(lambda: datasets.digits, {"part": PART}),
    "datasets.binary_digits": Call(
        lambda: datasets.binary_digits,
        {"part": PART, "threshold": a.count(8, low=1, high=16)},
    ),
    "datasets.scaled": Call(
        lambda: datasets.scaled, {"pixels": a.tensor(_images, fixed=(1,))}
    ),
    "datasets.grey_levels": Call(
        lambda: datasets.grey_levels, {"x": a.tensor(_images, fixed=(1,))}
    ),
    "datasets.patches": Call(
        lambda: datasets.patches,
        {
            "pixels": a.tensor(_images, fixed=(1,)),
            "size": a.count(3, low=1, high=8),
        },
    ),
    "datasets.toy": Call(lambda: datasets.toy, {"name": a.choice(*datasets.TOYS)}),
    # networks
    "networks.mlp": Call(
        lambda: networks.mlp,
        {"sizes": SIZES, "activation": ACTIVATION},
        changes_globals=INITIALISED,
    ),
    "networks.order_masks": Call(lambda: networks.order_masks, {"sizes": SAME_ENDS}),
    "networks.masked_mlp": Call(
        lambda: networks.masked_mlp,
        {"sizes": SAME_ENDS, "activation": ACTIVATION, "dropout": DROPOUT},
        changes_globals=INITIALISED,
    ),
    "networks.MaskedLinear": Call(
        lambda: networks.MaskedLinear,
        {
            "inputs": a.count(3),
            "outputs": a.count(2),
            "mask": a.bits(_tensor([0.0, 1.0, 1.0], [1.0, 0.0, 0.0]), fixed=(0, 1)),
        },
        changes_globals=INITIALISED,
    ),
    "networks.MaskedLinear.forward": Call(
        lambda: networks.MaskedLinear(3, 2, mask=[[0, 1, 1], [1, 0, 0]]).forward,
        {"x": a.tensor(_points(4, 3), fixed=(1,))},
    ),
    "networks.MaskedConv": Call(
        lambda: networks.MaskedConv,
        {
            "inputs": a.count(1),
            "outputs": a.count(2),
            "size": ODD,
            "centre": a.flag(),
        },
        changes_globals=INITIALISED,
    ),
    "networks.MaskedConv.forward": Call(
        lambda: networks.MaskedConv(2, 3).forward,
        {"x": a.tensor(_points(4, 2, 3, 3), fixed=(1,))},
    ),
    "networks.MaskedConvNet": Call(
        lambda: networks.MaskedConvNet,
        {
            "side": a.count(3),
            "channels": a.count(2),
            "depth": a.count(1, low=0),
            "dropout": DROPOUT,
            "outputs": a.count(2),
        },
        changes_globals=INITIALISED,
    ),
    "networks.MaskedConvNet.forward": Call(
        lambda: networks.MaskedConvNet(3, channels=2, depth=1).forward,
        {"x": a.tensor(_points(4, 9), fixed=(1,))},
    ),
    "networks.CausalGRU": Call(
        lambda: networks.CausalGRU,
        {"d": a.count(3), "hidden": a.count(2), "embedding": a.count(2)},
        changes_globals=INITIALISED,
    ),
    "networks.CausalGRU.forward": Call(
        lambda: networks.CausalGRU(3, hidden=2).forward,
        {"x": a.tensor(_points(4, 3), fixed=(1,))},
    ),
    "networks.dependence": Call(
        lambda: networks.dependence,
        {
            "network": a.instance(lambda: torch.nn.Linear(3, 2), len),
            "x": a.tensor(_points(4, 3)),
        },
    ),
    # autoregressive
    "autoregressive.Autoregressive": Call(
        lambda: autoregressive.Autoregressive,
        {
            "network": a.instance(
                lambda: networks.masked_mlp([3, 3]),
                *(networks.mlp([3, 3]), networks.masked_mlp([2, 2])),
                *(torch.nn.Identity(), torch.nn.Flatten(0)),
            ),
            "pixels": a.count(3),
            "order": a.optional(ORDER),
        },
    ),
    "autoregressive.Autoregressive.logits": Call(lambda: _pixels().logits, BINARY),
    "autoregressive.Autoregressive.log_prob": Call(lambda: _pixels().log_prob, BINARY),
    "autoregressive.Autoregressive.loss": Call(lambda: _pixels().loss, BINARY),
    "autoregressive.Autoregressive.sample": Call(lambda: _pixels().sample, N),
    "autoregressive.Autoregressive.complete": Call(
        lambda: _pixels().complete,
        {
            **BINARY,
            "known": a.count(2, low=0, high=3),
            "generator": a.optional(a.generator()),
        },
    ),
    # histograms
    "histograms.Histogram": Call(
        lambda: histograms.Histogram, {"k": a.count(4), "smoothing": a.real(0.5, low=0)}
    ),
    "histograms.Histogram.of": Call(
        lambda: histograms.Histogram.of,
        {"probs": a.probabilities(_tensor(0.25, 0.0, 0.5, 0.25))},
    ),
    "histograms.Histogram.fit": Call(
        lambda: _histogram().fit, OUTCOMES, changes=("self",)
    ),
    "histograms.Histogram.prob": Call(lambda: _histogram().prob, OUTCOMES),
    "histograms.Histogram.log_prob": Call(lambda: _histogram().log_prob, OUTCOMES),
    "histograms.Histogram.ppf": Call(
        lambda: _histogram().ppf,
        {"u": a.array(_tensor(0.0, 0.3, 1.0), rank=False, low=0, high=1)},
    ),
    "histograms.Histogram.sample": Call(lambda: _histogram().sample, N),
    "histograms.PatternTable": Call(
        lambda: histograms.PatternTable,
        {"pixels": a.count(4), "smoothing": a.real(0.5, low=0)},
    ),
    "histograms.PatternTable.fit": Call(
        lambda: _patterns().fit, BITS, changes=("self",)
    ),
    "histograms.PatternTable.prob": Call(lambda: _patterns().prob, BITS),
    "histograms.PatternTable.log_prob": Call(lambda: _patterns().log_prob, BITS),
    "histograms.PatternTable.sample": Call(lambda: _patterns().sample, N),
    # autoencoders
    **_autoencoder("Autoencoder", {"hidden": WIDTHS}),
    **_autoencoder("TiedAutoencoder", {}),
    **_autoencoder("DenoisingAutoencoder", {"hidden": WIDTHS, **NOISE}),
    "autoencoders.DenoisingAutoencoder.loss": Call(
        lambda: autoencoders.DenoisingAutoencoder(3, 2, nu=0.5).loss,
        {**BINARY, "generator": N["generator"]},
    ),
    "autoencoders.DenoisingAutoencoder.corrupt": Call(
        lambda: autoencoders.DenoisingAutoencoder(3, 2, nu=0.5).corrupt,
        {"x": a.tensor(_points(2, 3), fixed=(1,)), "generator": N["generator"]},
    ),
    "autoencoders.mask": Call(
        lambda: autoencoders.mask,
        {
            "x": a.tensor(_points(4), rank=False),
            "nu": NOISE["nu"],
            "generator": N["generator"],
        },
    ),
    "autoencoders.add_noise": Call(
        lambda: autoencoders.add_noise,
        {
            "x": a.tensor(_points(4), rank=False),
            "sigma": NOISE["sigma"],
            "generator": N["generator"],
        },
    ),
    "autoencoders.best_of_rank": Call(
        lambda: autoencoders.best_of_rank,
        {"matrix": a.tensor(_points(4, 3)), "rank": a.count(2, low=1, high=3)},
    ),
    "autoencoders.principal_components": Call(
        lambda: autoencoders.principal_components,
        {"x": a.tensor(_points(4, 3)), "rank": a.count(2, low=1, high=3)},
        changes_globals=INITIALISED,
    ),
    # the push-forward theorem
    "pushforward.isoperimetric_profile": Call(
        lambda: pushforward.isoperimetric_profile,
        {"t": a.array(_tensor(0.0, 0.3, 1.0), rank=False, low=0, high=1)},
    ),
    "pushforward.enlarged_mass": Call(
        lambda: pushforward.enlarged_mass,
        {
            "mass": a.array(_tensor(0.3), rank=False, low=0, high=1),
            "distance": a.array(_tensor(0.5), rank=False, low=0),
            "lipschitz": SLOPE,
        },
    ),
    "pushforward.lipschitz_min": Call(
        lambda: pushforward.lipschitz_min, {"target": TARGET}
    ),
    "pushforward.gaussian_pair_lipschitz_min": Call(
        lambda: pushforward.gaussian_pair_lipschitz_min,
        {
            "separation": a.real(2.0, low=0),
            "scale": a.real(0.5, above=0),
            "weight": a.real(0.25, above=0, high=1),
        },
    ),
    "pushforward.tv_lower_bound": Call(
        lambda: pushforward.tv_lower_bound, {"target": TARGET, "lipschitz": SLOPE}
    ),
    "pushforward.tv_lower_bound_from_samples": Call(
        lambda: pushforward.tv_lower_bound_from_samples,
        {
            "samples": a.array(_points(8)),
            "target": TARGET,
            "lipschitz": SLOPE,
            "confidence": a.real(0.5, above=0, high=1),
        },
    ),
    "pushforward.tv_star": Call(
        lambda: pushforward.tv_star, {"target": TARGET, "lipschitz": SLOPE}
    ),
    "pushforward.kl_lower_bound": Call(
        lambda: pushforward.kl_lower_bound,
        {
            "target": TARGET,
            "lipschitz": SLOPE,
            "direction": a.choice("forward", "reverse"),
        },
    ),
    "pushforward.wasserstein1_star": Call(
        lambda: pushforward.wasserstein1_star, {"target": TARGET, "lipschitz": SLOPE}
    ),
    "pushforward.lipschitz_needed": Call(
        lambda: pushforward.lipschitz_needed,
        {"target": TARGET, "tv": a.real(0.1, low=0, high=1)},
    ),
    "pushforward.map_density": Call(
        lambda: pushforward.map_density,
        {
            "z": replace(
                a.array(_points(4), fixed=(0,)),
                bad={
                    **a.array(_points(4), fixed=(0,)).bad,
                    "falling": [[3.0, 2.0, 1.0, 0.0]],
                },
            ),
            "points": a.array(_points(4), fixed=(0,)),
            "x": a.array(_points(5), rank=False),
        },
    ),
    "pushforward.chain_lipschitz": Call(
        lambda: pushforward.chain_lipschitz,
        {
            "step_slopes": a.array(_tensor(0.5, 2.0), fixed=(0,), low=0),
            "noise_scales": a.array(_tensor(1.0, 0.5, 0.0), fixed=(0,), low=0),
        },
    ),
    "chains.noise_levels": Call(lambda: chains.noise_levels, CHAIN),
    "chains.probability_flow": Call(lambda: chains.probability_flow, CHAIN),
    "chains.ancestral": Call(lambda: chains.ancestral, CHAIN),
    "lipschitz.exact_1d": Call(lambda: lipschitz.exact_1d, WALK),
    "lipschitz.knots_1d": Call(lambda: lipschitz.knots_1d, WALK),
    "lipschitz.upper_bound": Call(
        lambda: lipschitz.upper_bound,
        {
            "net": a.instance(_kinked_net, *_UNKNOWN_NETS),
            "input_shape": a.optional(
                a.collection(lambda: (1,), [(), (0,), (1.0,), (7,), "1", (1, None)])
            ),
        },
    ),
    "lipschitz.lower_bound": Call(
        lambda: lipschitz.lower_bound,
        {
            "net": a.instance(_kinked_net),
            "latents": a.tensor(_points(3, 1), rank=False),
            "steps": a.count(2, low=0),
        },
    ),
    "normal_scores.Law": Call(lambda: normal_scores.Law, {"target": TARGET}),
    "normal_scores.Law.cdf": Call(lambda: _law().cdf, {"y": INSIDE}),
    "normal_scores.Law.sf": Call(lambda: _law().sf, {"y": INSIDE}),
    "normal_scores.Law.pdf": Call(lambda: _law().pdf, {"y": INSIDE}),
    "normal_scores.Law.slopes": Call(lambda: _law().slopes, {"y": INSIDE}),
    "normal_scores.Law.tabulate": Call(lambda: _law().tabulate, {"y": INSIDE}),
    "normal_scores.Law.fits": Call(
        lambda: _law().fits, {"lipschitz": a.trusted(1.0, CHECKED)}
    ),
    "normal_scores.Law.scores": Call(
        lambda: _law().scores, {"y": INSIDE, "cut": a.trusted(0.1, CHECKED)}
    ),
    "normal_scores.Law.points": Call(
        lambda: _law().points, {"scores": INSIDE, "cut": a.trusted(0.1, CHECKED)}
    ),
    "normal_scores.Law.quantile": Call(
        lambda: _law().quantile, {"below": MASS, "above": OTHER_MASS}
    ),
    "normal_scores.scores_of": Call(
        lambda: normal_scores.scores_of, {"below": MASS, "above": OTHER_MASS}
    ),
    "normal_scores.profile": Call(lambda: normal_scores.profile, {"scores": INSIDE}),
    "normal_scores.mass_below": Call(
        lambda: normal_scores.mass_below, {"scores": INSIDE}
    ),
    "normal_scores.excess": Call(
        lambda: normal_scores.excess,
        {"scores": MASS, "below": MASS, "above": OTHER_MASS},
    ),
    "normal_scores.log_ratio": Call(
        lambda: normal_scores.log_ratio, {"top": MASS, "bottom": MASS}
    ),
    "normal_scores.zoom": Call(
        lambda: normal_scores.zoom,
        {"function": a.trusted(np.sin, CHECKED), **BRACKET},
    ),
    "normal_scores.fall": Call(
        lambda: normal_scores.fall,
        {
            "function": a.trusted(np.cos, CHECKED),
            "low": MASS,
            "high": a.trusted(np.full(2, 3.0), CHECKED),
            "rounds": a.trusted(3, CHECKED),
        },
    ),
    "crossings.cheapest": Call(lambda: crossings.cheapest, LAW_SLOPE),
    "crossings.search": Call(
        lambda: crossings.search,
        {
            **LAW_SLOPE,
            "given_up": a.trusted(np.array([0.0, 0.1]), CHECKED),
            "rounds": a.trusted(3, CHECKED),
        },
    ),
    "saddles.cheapest": Call(lambda: saddles.cheapest, LAW_SLOPE),
    "half_lines.gap_excess": Call(
        lambda: half_lines.gap_excess,
        {"mass": MASS, "shift": a.trusted(np.array([0.5]), CHECKED)},
    ),
    "half_lines.total_variation": Call(lambda: half_lines.total_variation, LAW_SLOPE),
    "half_lines.total_variation_seen": Call(
        lambda: half_lines.total_variation_seen,
        {
            **LAW_SLOPE,
            "seen": a.trusted(np.linspace(-1, 1, 9), CHECKED),
            "band": a.trusted(0.1, CHECKED),
        },
    ),
    "half_lines.divergence": Call(
        lambda: half_lines.divergence,
        {**LAW_SLOPE, "forward": a.trusted(True, CHECKED)},
    ),
    "lattice.floor": Call(lambda: lattice.floor, LAW_SLOPE, within=_small_lattice),
    "lattice.sketch": Call(lambda: lattice.sketch, LAW_SLOPE),
    "routes.Route": Call(
        lambda: routes.Route,
        {
            **LAW_SLOPE,
            "cuts": a.trusted([0.1], CHECKED),
            "borders": a.trusted([], CHECKED),
            "extra": a.trusted([], CHECKED),
        },
    ),
    "routes.Route.__call__": Call(
        lambda: _route(), {"z": a.array(_points(4), rank=False)}
    ),
    "routes.valleys": Call(lambda: routes.valleys, LAW_SLOPE),
    "routes.planned": Call(
        lambda: routes.planned,
        {
            **LAW_SLOPE,
            "known": a.trusted(routes.Route(_law(), 1.0, [0.1]), CHECKED),
            "points": a.trusted(np.linspace(-1, 1, 9), CHECKED),
            "cuts": a.trusted(np.linspace(0, 0.1, 9), CHECKED),
        },
    ),
    "transport.nearest_cost": Call(lambda: transport.nearest_cost, LAW_SLOPE),
    "transport.isotonic_medians": Call(
        lambda: transport.isotonic_medians, {"values": MASS, "weights": MASS}
    ),
    "frontiers.generator": Call(
        lambda: frontiers.generator,
        {
            # one figure for each valid value: one value each is enough
            **dict.fromkeys(
                ("x", "target", "model"),
                replace(a.array(_points(4), fixed=(0,)), also=()),
            ),
            **dict.fromkeys(
                ("z", "exact", "best"),
                replace(a.array(_points(3), fixed=(0,)), also=()),
            ),
        },
        changes_globals=DRAWN,
    ),
    # training
    "training.fit": Call(
        lambda: training.fit,
        {
            "model": a.instance(Line, torch.nn.Linear(1, 1)),
            **LOOP,
            "lr": a.real(0.1, above=0),
        },
        changes=("model",),
    ),
    "training.play": Call(
        lambda: training.play,
        {
            "players": a.collection(
                _players,
                [
                    *([], (), [3], _players()[0]),
                    *(_players(lr=lr) for lr in (0.0, -1, "1", None, float("nan"))),
                    *(_players(turns=turns) for turns in (0, 1.5, None)),
                    *(_players(loss=loss) for loss in (None, 3)),
                    *(_players(parameters=given) for given in ([], 3, [1.0], None)),
                    *(_players(betas=b) for b in ((0.9,), (0.9, 1.0), None, (-1, 0))),
                ],
                named=("lr", "turns", "loss", "parameters", "betas"),
            ),
            **LOOP,
        },
        changes=("players",),
    ),
    "training.batches": Call(
        lambda: training.batches, {k: v for k, v in LOOP.items() if k != "steps"}
    ),
    # plotting
    "plotting.bars": Call(
        lambda: plotting.bars,
        {
            "heights": a.array(_points(4)),
            "reference": a.optional(a.array(_points(4), fixed=(0,))),
            "labels": a.collection(
                lambda: ("one", "two"), ["ab", ("a",), ("a", 3), ("a", "b", "c")]
            ),
            **LABELS,
        },
        changes_globals=DRAWN,
    ),
    "plotting.curves": Call(
        lambda: plotting.curves,
        {
            "x": a.array(_points(4), fixed=(0,)),
            "ys": a.collection(
                lambda: {"one": [1.0, 2.0, 3.0, 4.0], "two": torch.ones(4)},
                [
                    *({}, {"one": [1.0, 2.0]}, {"one": "abcd"}, [1.0, 2.0, 3.0, 4.0]),
                    *({"one": [1, 2, 3, float("nan")]}, {3: [1.0, 2.0, 3.0, 4.0]}),
                ],
            ),
            **LABELS,
            "scale": a.choice("linear"),
            "marker": a.collection(lambda: "o", ["no marker", b"o"]),
            "mark": a.optional(a.real(0.5)),
        },
        changes_globals=DRAWN,
    ),
    "plotting.images": Call(
        lambda: plotting.images,
        {
            "pixels": replace(
                a.array(_images),
                bad={**a.array(_images).bad, "not square": [torch.ones(2, 63)]},
            ),
            "columns": a.count(2),
            "titles": a.optional(
                a.collection(lambda: ["a", "b", "c"], [[], ["a"], "abc", ["a", "b", 3]])
            ),
            "high": a.optional(a.real(200.0, above=0)),
        },
        changes_globals=DRAWN,
    ),
    "plotting.image_rows": Call(
        lambda: plotting.image_rows,
        {
            "rows": a.collection(
                lambda: {"one": torch.ones(2, 4), "two": [[1, 2, 3, 4], [0, 0, 0, 1]]},
                [
                    *({}, [[1, 2, 3, 4]], {"one": [1, 2, 3, 4]}, {3: torch.ones(2, 4)}),
                    *({"one": torch.ones(2, 5)}, {"one": "abcd"}),
                    {"one": torch.ones(2, 4), "two": torch.ones(3, 4)},
                    {"one": torch.full((1, 4), torch.nan)},
                ],
            ),
            "high": a.optional(a.real(2.0, above=0)),
        },
        changes_globals=DRAWN,
    ),
    "plotting.arrows": Call(
        lambda: plotting.arrows,
        {
            "points": a.array(_points(4, 2), fixed=(0, 1)),
            "moves": a.array(_points(4, 2), fixed=(0, 1)),
            "samples": a.optional(a.array(_points(5, 2), fixed=(1,))),
        },
        changes_globals=DRAWN,
    ),
    "plotting.scree": Call(
        lambda: plotting.scree,
        {
            "lost": a.array(_points(4)),
            "rank": a.count(2, low=0, high=3),
            "dot": a.real(0.5),
            "pictures": a.array(_points(2, 3, 4), fixed=(0,)),
        },
        changes_globals=DRAWN,
    ),
    "plotting.inverse_cdf": Call(
        lambda: plotting.inverse_cdf,
        {
            "probs": a.probabilities(_tensor(0.25, 0.25, 0.25, 0.25)),
            "u": a.unit(0.3),
            "draws": a.integers(_tensor(0, 3, 1), low=0, high=3),
        },
        changes_globals=DRAWN,
    ),
    "plotting.coverage": Call(
        lambda: plotting.coverage,
        {
            "shares": a.array(_tensor(0.0, 0.1, 0.5), low=0, high=1),
            "side": a.count(2, low=1, high=3),
            "where": a.array(lambda: torch.ones(7, 7) / 2, low=0, high=1),
        },
        changes_globals=DRAWN,
    ),
    # scenes
    "scenes.columns": Call(
        lambda: scenes.columns,
        {"x": a.array(_points(4), fixed=(0,)), "y": a.trusted([1, 2, 3, 4], "like x")},
    ),
    "scenes.machines": Call(
        lambda: scenes.machines,
        {
            "x": a.array(_points(4), fixed=(0,)),
            "densities": a.array(lambda: _points(2, 4)() + 2, fixed=(0, 1), low=0),
            "titles": a.collection(lambda: ["a", "b"], [[], ["a"], "ab", ["a", 3]]),
        },
        changes_globals=DRAWN,
    ),
    "scenes.search": Call(
        lambda: scenes.search,
        {
            "observed": a.array(_points(3), fixed=(0,)),
            "model": a.array(_points(3), fixed=(0,)),
            "x": a.array(_points(4), fixed=(0,)),
            "nll": a.array(_points(4), fixed=(0,)),
            "kl": a.array(_points(4), fixed=(0,)),
            "mark": a.real(0.5),
            "tops": a.array(lambda: torch.tensor([1.0, 2.0]).double(), low=0),
        },
        changes_globals=DRAWN,
        within=_closing,
    ),
    # widgets
    "widgets.explore": Call(
        lambda: widgets.explore,
        {
            "draw": a.function(_draw),
            "start": a.optional(
                a.collection(
                    lambda: {"bins": 4}, ["bins", [4], {"bin": 4}, {"bins": 3}]
                )
            ),
            "bins": a.collection(
                lambda: [2, 4],
                [
                    *([], "24", {2: 4}, [2, 2], [None], [[2]], [float("nan")]),
                    *([1.0, float("inf")], [" "], [2, 1j], [True, None]),
                    list(range(65)),
                ],
                named=("sliders",),
            ),
        },
    ),
    # exercises
    "exercises.grade": Call(
        lambda: exercises.grade,
        {
            "identity": a.collection(
                lambda: "1.3", ["", "1", "1.0", "1.99", "99.1", "one", "1.3 ", 1.3]
            ),
            "answer": a.anything(
                *(None, 3, "text", [], ..., torch.ones(2), lambda: None, lambda p: "x"),
                *(lambda p: 1 / 0, lambda p: float("nan"), lambda p: [[1], [2, 3]]),
            ),
        },
    ),
    "exercises.call": Call(
        lambda: exercises.call,
        {
            "answer": a.trusted(max, "a student's slip is a Mistake with a hint"),
            "arguments": a.trusted((1, 2), "what a check passes on"),
        },
    ),
    "exercises.numbers": Call(
        lambda: exercises.numbers,
        {
            "value": a.trusted([1.0, 2.0], "a student's slip is a Mistake with a hint"),
            "shape": a.trusted((2,), WRITTEN),
        },
    ),
    # trained
    "trained.load": Call(
        lambda: trained.load, {"name": a.choice("line")}, within=own_store
    ),
    "trained.store": Call(
        lambda: trained.store,
        {
            "name": a.trusted("line", OURS),
            "model": a.trusted(Line(), OURS),
        },
        within=own_store,
    ),
    "trained.table": Call(
        lambda: trained.table, {"name": a.choice("numbers")}, within=own_store
    ),
    "trained.store_table": Call(
        lambda: trained.store_table,
        {
            "name": a.trusted("numbers", OURS),
            "columns": a.trusted({"n": np.arange(3)}, OURS),
        },
        within=own_store,
    ),
    "trained.names": Call(lambda: trained.names, {"suffix": a.trusted(".csv", OURS)}),
}

#: What has no entry, and why.
EXEMPT = {
    "_files.write": "private; see test_files.py",
    "_files.write_table": "private; see test_files.py",
    "_mnist.read": "private; see test_mnist.py",
    "study.__main__.main": "reads the command line; see test_study_runner.py",
    "widgets.Explorer": "made by widgets.explore, which checks what it is made of",
}

for _path in sorted(Path(__file__).parent.glob("calls_*.py")):
    CALLS |= importlib.import_module(_path.stem).CALLS
