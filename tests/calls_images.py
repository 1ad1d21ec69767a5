"""Calls of the study on images and of the files that MNIST comes in."""

from __future__ import annotations

import contextlib
import functools
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

from lecture_code import datasets, frontiers, idx
from lecture_code.study import image_models, images


@functools.cache
def _folder() -> Path:
    """Make a folder with MNIST's four files, each with four images of 2 x 2 pixels."""
    folder = Path(tempfile.mkdtemp())
    for name in idx.CHECKSUMS:
        shape = (4, 2, 2) if "images" in name else (4,)
        head = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()
        values = np.resize([3, 7], shape).astype(np.uint8)
        (folder / name).write_bytes(head + values.tobytes())
    return folder


@contextlib.contextmanager
def _offline():
    with mock.patch.object(idx, "MIRRORS", ()):
        yield


@contextlib.contextmanager
def _small():
    kinds = {"Wasserstein": image_models.KINDS["Wasserstein"]}
    with (
        mock.patch.object(images, "KINDS", kinds),
        mock.patch.object(images, "SAMPLES", 50),
        mock.patch.object(image_models, "DRAWN", 60),
    ):
        yield


@functools.cache
def _seen() -> image_models.Scene:
    with _small():
        return image_models.scene("pair")


@functools.cache
def _maker() -> image_models.Maker:
    return image_models.train("Wasserstein", _seen(), steps=1)


_WHERE = a.optional(a.trusted(None, "a folder, which test_idx.py tries"))
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
    "idx.locate": Call(
        lambda: idx.locate,
        {
            "name": a.choice(*idx.CHECKSUMS),
            "folder": a.trusted(_folder(), "test_idx.py tries folders"),
        },
        within=_offline,
    ),
    "idx.read": Call(
        lambda: idx.read,
        {
            "path": a.trusted(
                _folder() / "train-labels-idx1-ubyte", "test_idx.py tries files"
            )
        },
    ),
    "datasets.mnist": Call(
        lambda: datasets.mnist,
        {
            "part": a.choice("train", "test"),
            "folder": a.trusted(_folder(), "test_idx.py tries folders"),
        },
        within=_offline,
    ),
    "study.image_models.scene": Call(
        lambda: image_models.scene,
        {
            "name": a.choice("pair", "classes"),
            "source": a.choice("digits", "mnist"),
            "folder": a.trusted(_folder(), "test_idx.py tries folders"),
        },
        within=_offline,
    ),
    "study.image_models.train": Call(
        lambda: image_models.train,
        {
            "kind": a.choice("Wasserstein"),
            "seen": a.instance(_seen, 3),
            "steps": _STEPS,
            "seed": a.count(0, low=0),
        },
    ),
    "study.image_models.SlicedGenerator": Call(
        lambda: image_models.SlicedGenerator,
        {
            "network": a.instance(lambda: torch.nn.Linear(2, 3), 3),
            "latent": a.count(2),
            "directions": a.count(4),
        },
    ),
    "study.image_models.SlicedGenerator.loss": Call(
        lambda: (
            image_models.SlicedGenerator(
                torch.nn.Linear(2, 3), latent=2, directions=4
            ).loss
        ),
        {
            "x": a.tensor(lambda: torch.ones(4, 3)),
            "generator": a.generator(),
        },
    ),
    "study.images.shares": Call(
        lambda: images.shares,
        {
            "seen": a.instance(_seen, 3),
            "x": a.tensor(lambda: torch.zeros(4, 64), fixed=(1,)),
        },
    ),
    "study.images.judge": Call(lambda: images.judge, {"seen": a.instance(_seen, 3)}),
    "study.images.measure": Call(
        lambda: images.measure,
        {
            "seen": a.instance(_seen, 3),
            "maker": a.instance(_maker, 3),
            "judged": a.function(lambda x: np.full(len(x), 0.5)),
        },
        within=_small,
    ),
    "study.images.table": Call(
        lambda: images.table,
        {
            "source": a.choice("digits"),
            "runs": a.count(1),
            "steps": _STEPS,
            "folder": _WHERE,
        },
        within=_small,
    ),
    "study.images.study": Call(
        lambda: images.study,
        {
            "folder": a.trusted(
                Path(tempfile.mkdtemp()), "a folder; test_study_images.py tries it"
            ),
            "source": a.choice("digits"),
            "runs": a.count(1),
            "steps": _STEPS,
            "data_folder": _WHERE,
        },
        within=_small,
    ),
}
