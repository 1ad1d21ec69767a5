"""The scenes of the study on images: 3s and 7s.

In the scene "pair" two images carry Gaussian noise, so that the law is known and its
projection on the axis between them is a mixture of two Gaussians. In the scene
"classes" the data are all 3s and all 7s.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from lecture_code import _validate, datasets, densities

SCENES = ("pair", "classes")
SOURCES = ("digits", "mnist")
NOISE = 0.4  # of the two images, on the scale from 0 to 1
DRAWN = 20_000  # noisy images to train on


class Scene(NamedTuple):
    """What to learn, and the axis along which it is looked at.

    Images ``data`` (n, d) on the scale from 0 to 1, with ``labels`` (n,), 0 for a 3 and
    1 for a 7, and others of the same law, ``unseen`` (k, d), kept from training; the
    point ``middle`` (d,) between the two centres, the unit vector ``axis`` (d,) from 3
    to 7 and the ``separation`` D of the centres; the standard deviation ``noise`` of
    the noise on each image, 0 if there is none.
    """

    data: torch.Tensor
    labels: torch.Tensor
    unseen: torch.Tensor
    middle: torch.Tensor
    axis: torch.Tensor
    separation: float
    noise: float

    @property
    def law(self) -> densities.GaussianMixture | None:
        """The law along the axis, where it is known."""
        half = self.separation / 2
        if self.noise == 0:
            return None
        return densities.GaussianMixture([-half, half], self.noise)

    def along(self, x: torch.Tensor) -> np.ndarray:
        """Return where images (n, d) lie on the axis: 0 in the middle, D/2 at the 7."""
        return ((x.detach() - self.middle).double() @ self.axis.double()).numpy()


def scene(
    name: str,
    source: str = "digits",
    *,
    noise: float = NOISE,
    folder: str | Path | None = None,
) -> Scene:
    """Set up one of the two experiments, the same for the same arguments.

    ``name`` is "pair", two images with so much ``noise``, or "classes", all 3s and 7s
    as they are; ``source`` is "digits", the bundled ones, or "mnist", whose files are
    in ``folder`` or go there.
    """
    _validate.choice("name", name, SCENES)
    noise = _validate.real("noise", noise, above=0)
    threes, sevens = _read(source, "train", folder)
    if name == "pair":
        pair, generator = torch.stack([threes[0], sevens[0]]), torch.Generator()
        data, unseen = (
            _noisy(pair, noise, generator.manual_seed(seed)) for seed in (0, 1)
        )
        return _seen(data, torch.arange(DRAWN) % 2, unseen, pair, noise)
    labels = torch.cat([torch.zeros(len(threes)), torch.ones(len(sevens))]).long()
    centres = torch.stack([threes.mean(0), sevens.mean(0)])
    data, unseen = torch.cat([threes, sevens]), torch.cat(_read(source, "test", folder))
    return _seen(data, labels, unseen, centres, 0.0)


def read(
    source: str, part: str, folder: str | Path | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a part of a source on the scale from 0 to 1, (n, d), and labels (n,)."""
    if _validate.choice("source", source, SOURCES) == "mnist":
        pixels, labels = datasets.mnist(part, folder=folder)
        return pixels / 255, labels
    pixels, labels = datasets.digits(part)
    return pixels / 16, labels


def _read(
    source: str, part: str, folder: str | Path | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the 3s and the 7s of one part."""
    x, labels = read(source, part, folder)
    return x[labels == 3], x[labels == 7]


def _noisy(
    pair: torch.Tensor, noise: float, generator: torch.Generator
) -> torch.Tensor:
    """Draw noisy images, of either digit in turn."""
    eps = torch.randn(DRAWN, pair.shape[1], generator=generator)
    return pair[torch.arange(DRAWN) % 2] + noise * eps


def _seen(data, labels, unseen, centres, noise) -> Scene:
    way = centres[1] - centres[0]
    distance = way.norm()
    where = centres.mean(0), way / distance, float(distance)
    return Scene(data, labels, unseen, *where, noise)
