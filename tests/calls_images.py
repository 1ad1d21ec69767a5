"""Calls of the study on images and of the files that MNIST comes in."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path
from unittest import mock

import arguments as a
import numpy as np
import sklearn.linear_model  # noqa: F401
import torch
from calls import DRAWN, Call
from scipy import stats  # noqa: F401

from lecture_code import _mnist, datasets, frontiers
from lecture_code.study.images import measure, models


@functools.cache
def _files() -> tuple[Path, dict[str, str]]:
    """Make a folder with four files as MNIST's, each of four images of 2 x 2 pixels."""
    folder, sums = Path(tempfile.mkdtemp()), {}
    for name in _mnist.CHECKSUMS:
        shape = (4, 2, 2) if "images" in name else (4,)
        head = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()
        content = head + np.resize([3, 7], shape).astype(np.uint8).tobytes()
        (folder / name).write_bytes(content)
        sums[name] = hashlib.sha256(content).hexdigest()
    return folder, sums


def _offline() -> contextlib.AbstractContextManager:
    """Take the small files for MNIST's."""
    return mock.patch.object(_mnist, "CHECKSUMS", _files()[1])


@contextlib.contextmanager
def _small():
    kinds = {"Wasserstein": models.KINDS["Wasserstein"]}
    with (
        mock.patch.object(measure, "KINDS", kinds),
        mock.patch.object(measure, "SAMPLES", 50),
        mock.patch.object(models, "DRAWN", 60),
    ):
        yield


@functools.cache
def _seen() -> models.Scene:
    with _small():
        return models.scene("pair")


@functools.cache
def _maker() -> models.Maker:
    return models.train("Wasserstein", _seen(), steps=1)


_WHERE = a.optional(a.trusted(None, "a folder, which test_mnist.py tries"))
_STEPS = a.count(1)


def _dots(count: int) -> a.Domain:
    rows = np.array([[1.0, 0.5]] * count)
    wrong = [None, 3, "dots", [], {}, {"a": [1.0]}, {3: rows}, {"a": [[-1.0, 0.5]]}]
    return a.Domain(lambda: {"a model": rows}, {"wrong": wrong})


def _rising(count: int) -> a.Domain:
    return replace(a.array(lambda: torch.arange(1.0, count + 1), fixed=(0,)), also=())


_LAWS = a.Domain(
    lambda: {"target": np.ones(3), "a model": np.ones(3)},
    {"wrong": [None, 3, "laws", [], {}, {"target": np.ones(4)}, {"target": "x"}]},
)

CALLS = {
    "frontiers.frontier": Call(
        lambda: frontiers.frontier,
        {
            "slopes": _rising(4),
            "floor": _rising(4),
            "dots": _dots(2),
            "floor_label": a.text("optimum"),
        },
        changes_globals=DRAWN,
    ),
    "frontiers.budget": Call(
        lambda: frontiers.budget,
        {
            "x": replace(_rising(3), named=("laws",)),
            "laws": _LAWS,
            "slopes": _rising(4),
            "floor": _rising(4),
            "dots": _dots(1),
        },
        changes_globals=DRAWN,
    ),
    "frontiers.walk": Call(
        lambda: frontiers.walk,
        {
            "image": replace(a.array(lambda: torch.zeros(9)), also=()),
            "chance": replace(
                a.array(lambda: torch.full((4,), 0.5), low=0, high=1), also=()
            ),
            "at": replace(a.count(2, low=0, high=3), also=()),
        },
        changes_globals=DRAWN,
    ),
    "datasets.mnist": Call(
        lambda: datasets.mnist,
        {
            "part": a.choice("train", "test"),
            "folder": a.trusted(_files()[0], "test_mnist.py tries folders"),
        },
        within=_offline,
    ),
    "study.images.models.scene": Call(
        lambda: models.scene,
        {
            "name": a.choice("pair", "classes"),
            "source": a.choice("digits", "mnist"),
            "folder": a.trusted(_files()[0], "test_mnist.py tries folders"),
        },
        within=_offline,
    ),
    "study.images.models.train": Call(
        lambda: models.train,
        {
            "kind": a.choice("Wasserstein"),
            "seen": a.instance(_seen, 3),
            "steps": _STEPS,
            "seed": a.count(0, low=0),
        },
    ),
    "study.images.models.SlicedGenerator": Call(
        lambda: models.SlicedGenerator,
        {
            "network": a.instance(lambda: torch.nn.Linear(2, 3), 3),
            "latent": a.count(2),
            "directions": a.count(4),
        },
    ),
    "study.images.models.SlicedGenerator.loss": Call(
        lambda: (
            models.SlicedGenerator(torch.nn.Linear(2, 3), latent=2, directions=4).loss
        ),
        {
            "x": a.tensor(lambda: torch.ones(4, 3)),
            "generator": a.generator(),
        },
    ),
    "study.images.measure.shares": Call(
        lambda: measure.shares,
        {
            "seen": a.instance(_seen, 3),
            "x": a.tensor(lambda: torch.zeros(4, 64), fixed=(1,)),
        },
    ),
    "study.images.measure.judge": Call(
        lambda: measure.judge, {"seen": a.instance(_seen, 3)}
    ),
    "study.images.measure.measure": Call(
        lambda: measure.measure,
        {
            "seen": a.instance(_seen, 3),
            "maker": a.instance(_maker, 3),
            "judged": a.function(lambda x: np.full(len(x), 0.5)),
        },
        within=_small,
    ),
    "study.images.measure.table": Call(
        lambda: measure.table,
        {
            "source": a.choice("digits"),
            "runs": a.count(1),
            "steps": _STEPS,
            "folder": _WHERE,
        },
        within=_small,
    ),
    "study.images.measure.study": Call(
        lambda: measure.study,
        {
            "folder": a.trusted(
                Path(tempfile.mkdtemp()), "a folder; test_study_images.py tries it"
            ),
            "source": a.choice("digits"),
            "runs": a.count(1),
            "steps": _STEPS,
            "data_folder": _WHERE,
            "store": a.trusted(False, "an option, which the command line reads"),
        },
        within=_small,
    ),
}
