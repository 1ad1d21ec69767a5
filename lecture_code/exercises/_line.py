"""What the labs on generators of the line share: how steep one is, what it makes."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from lecture_code import lipschitz
from lecture_code.densities import GaussianMixture
from lecture_code.exercises import Mistake, labs

_REACH = 5.0  # latents beyond it have a mass of 6e-7


class Line(NamedTuple):
    """A network as what it is: lines between knots, and the largest of their slopes."""

    slope: float
    z: np.ndarray
    x: np.ndarray

    def masses(self, edges: np.ndarray) -> np.ndarray:
        """Return the mass of each cell, the outer two endless, counted on latents."""
        cells = np.searchsorted(edges, np.interp(_latents(), self.z, self.x))
        return np.bincount(cells, minlength=len(edges) + 1) / len(_latents())

    def total_variation(self, target: GaussianMixture) -> float:
        """Return the distance from a target, on two hundred cells."""
        edges = np.linspace(target.ppf(1e-6), target.isf(1e-6), 201)
        wanted = np.diff(np.concatenate([[0.0], target.cdf(edges), [1.0]]))
        return float(np.abs(self.masses(edges) - wanted).sum() / 2)


@cache
def _latents() -> np.ndarray:
    return special.ndtri((np.arange(400_000) + 0.5) / 400_000)


def take(answer: Any) -> Line:
    """Take in a trained generator of one latent and one output."""
    net = labs.model(answer)
    try:
        slope = lipschitz.exact_1d(net, -_REACH, _REACH)
        z, x = lipschitz.knots_1d(net, -_REACH, _REACH)
    except ValueError as error:
        raise Mistake(
            "Its slope cannot be told exactly. Take a Sequential of linear and ReLU or "
            f"LeakyReLU layers, from one latent to one number ({error})."
        ) from None
    if x.shape[1] != 1:
        raise Mistake(f"One number for each latent, please: yours has {x.shape[1]}.")
    return Line(slope, z.numpy(), x[:, 0].numpy())
