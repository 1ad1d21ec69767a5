"""The workshops' models side by side: what they draw, what they miss, what they cost.

Each notebook is run whole and its own functions draw from its stored weights, so that
what is judged is what a reader sees.
"""

from __future__ import annotations

import copy
import functools
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from lecture_code import datasets, metrics, trained
from lecture_code.recipes import workshops

COUNT = 1000  # samples of each model, and images that they are held against
STEPS = 20  # of training, to time one
FREE = {"weights": 0, "updates": 0, "minutes": 0.0}  # what real images took
Defined = dict[str, Any]


class Model(NamedTuple):
    """A stored model, and how its notebook draws images (n, 784) from 0 to 1."""

    weights: str
    draw: Callable[[Defined, int], torch.Tensor]
    tossed: bool = False  # pixels are coins, and not grey


def _asked(n: int) -> torch.Tensor:
    return torch.arange(n) % 10


def _noise(d: Defined, n: int) -> torch.Tensor:
    return torch.randn(n, 784).to(d["device"])


def _chain(d: Defined, n: int) -> torch.Tensor:
    return d["complete"](d["cnn"], torch.zeros(n, 784).to(d["device"]))


def _vae(d: Defined, n: int) -> torch.Tensor:
    return torch.bernoulli(d["ink"](d["model"], torch.randn(n, 20).to(d["device"])))


def _gan(d: Defined, n: int) -> torch.Tensor:
    z = torch.randn(n, 64).to(d["device"])
    return d["draw"](d["model"], z, _asked(n).to(d["device"]))


def _diffusion(d: Defined, n: int, *, weight: float) -> torch.Tensor:
    labels = _asked(n).to(d["device"])
    parts = [
        d["sample"](d["guided"](each, weight), _noise(d, len(each)))[-1]
        for each in labels.split(100)
    ]
    return (torch.cat(parts).clamp(-1, 1) + 1) / 2


MODELS: dict[str, Model] = {
    "masked convolution": Model("workshop-autoregressive-cnn", _chain, tossed=True),
    "VAE": Model("workshop-vae", _vae, tossed=True),
    "GAN, told the digit": Model("workshop-gan", _gan),
    "diffusion, told the digit": Model(
        "workshop-diffusion", functools.partial(_diffusion, weight=1.0)
    ),
    "diffusion, guided (w = 1.25)": Model(
        "workshop-diffusion", functools.partial(_diffusion, weight=1.25)
    ),
}


class Judge:
    """Holds images against test images of the same kind.

    ``real`` has images that people wrote, to be scored as well. Those of them that are
    for training are no neighbours of others, since each is its own nearest.
    """

    def __init__(self, *, tossed: bool) -> None:
        self.network = trained.load("judge")
        coins = torch.Generator().manual_seed(0)  # for all parts, one after the other
        parts = []
        for part in ("train", "validation", "test"):
            grey = datasets.mnist(part).pixels / 255
            parts.append(torch.bernoulli(grey, generator=coins) if tossed else grey)
        train, held, test = parts
        self.train, kind = train[COUNT:], "tossed" if tossed else "grey"
        self.real = {
            f"held-out images, {kind}": held[:COUNT],
            f"training images, {kind}": train[:COUNT],
        }
        self.test = self._look(test[:COUNT])[0]

    @torch.no_grad()
    def _look(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the features (n, 64) of images, and the digits that are read, (n,)."""
        features = torch.cat([self.network[:-1](part) for part in images.split(500)])
        return features, self.network[-1](features).argmax(dim=1)

    def score(self, images: torch.Tensor) -> dict[str, float]:
        """Score images by their features, their digits and their nearest neighbours."""
        features, digits = self._look(images)
        shares = digits.bincount(minlength=10) / len(digits)
        both = metrics.precision_recall(self.test, features)
        near = [torch.cdist(part, self.train).amin(dim=1) for part in images.split(250)]
        return {
            "frechet": round(metrics.frechet(self.test, features), 1),
            "precision": round(both.precision, 2),
            "recall": round(both.recall, 2),
            "least_share": round(float(shares.min()), 3),
            "greatest_share": round(float(shares.max()), 3),
            "nearest": round(float(torch.cat(near).median()), 1),
        }


def scores() -> trained.Table:
    """Score real images, each kind for itself, and the samples of each model.

    Columns: Frechet distance of the judge's features from those of test images,
    precision and recall there, least and greatest share of a digit, median distance to
    the nearest training image; and what a model took: weights, updates, minutes of
    processor time, from a few updates that are timed.
    """
    judges = {tossed: Judge(tossed=tossed) for tossed in (False, True)}
    rows = [
        {"model": name, **judge.score(images), **FREE}
        for judge in judges.values()
        for name, images in judge.real.items()
    ]
    for name, model in MODELS.items():
        found = defined(model.weights)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            images = model.draw(found, COUNT).cpu().flatten(1)
        judged = judges[model.tossed].score(images)
        rows.append({"model": name, **judged, **_costs(model.weights, found)})
    return {column: np.array([row[column] for row in rows]) for column in rows[0]}


@functools.cache
def defined(weights: str) -> Defined:
    """Run the notebook of these weights, which its model has in the end."""
    import matplotlib.pyplot as plt

    plan = workshops.PLANS[weights]
    with torch.random.fork_rng(devices=[]):
        found = workshops.run(plan.workshop)
    plt.close("all")
    trained.fill(found[plan.model], weights)
    return found


def _costs(weights: str, found: Defined) -> dict[str, float]:
    """Count weights and updates, and time a few of these on a copy."""
    plan = workshops.PLANS[weights]
    model = copy.deepcopy(found[plan.model]).train()
    start = time.process_time()
    found["train"](model, STEPS, plan.lr, **plan.options)
    seconds = (time.process_time() - start) / STEPS
    updates = plan.rounds * plan.steps
    return {
        "weights": sum(each.numel() for each in model.parameters()),
        "updates": updates,
        "minutes": round(updates * seconds / 60, 1),
    }


TABLES: dict[str, Callable[[], trained.Table]] = {"workshops": scores}
