"""What the labs on generators of the line share: how steep one is, what it makes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lecture_code import laws, lipschitz
from lecture_code.densities import GaussianMixture
from lecture_code.exercises import Mistake, labs

_REACH = 5.0  # latents beyond it have a mass of 6e-7


class Line(NamedTuple):
    """A network as what it is: lines between knots, and the largest of their slopes."""

    slope: float
    z: np.ndarray
    x: np.ndarray

    def masses(self, edges: np.ndarray) -> np.ndarray:
        """Return the mass of each cell, the outer two endless."""
        return laws.pushed_masses(self.z, self.x, edges)

    def total_variation(self, target: GaussianMixture) -> float:
        """Return the distance from a target."""
        return laws.total_variation(self.z, self.x, target)


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
