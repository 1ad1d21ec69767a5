"""Many small networks of one shape, trained at once by batched matrix products.

A stack holds S networks that know nothing of each other: their weights lie behind one
another in one tensor, and the sum of their losses has the gradient of each. Adam works
entry by entry, so that a stack is trained as its members would be one by one.
"""

from __future__ import annotations

import itertools
import math

import torch
from numpy.typing import ArrayLike
from torch import nn

from lecture_code import _validate

LEAK = 0.2  # slope of the LeakyReLU below zero, as in the study of the paper


class Stack(nn.Module):
    r"""A stack of S multilayer perceptrons with LeakyReLU between the layers.

    .. math:: h_{s, l+1} = \mathrm{LeakyReLU}(h_{s, l} W_{s, l} + b_{s, l})

    The weights start as those of ``torch.nn.Linear``. With ``levels`` (S,), each layer
    is divided by its largest singular value and the output is multiplied by the level,
    which no network's slope then exceeds by more than the power iteration's error.

    References
    ----------
    Miyato et al. (2018), Spectral normalization for generative adversarial networks,
    ICLR.
    """

    def __init__(
        self,
        count: int,
        sizes: list[int],
        *,
        levels: ArrayLike | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        count = _validate.integer("count", count, low=1)
        sizes = [
            _validate.integer("sizes", size, low=1)
            for size in _validate.items("sizes", sizes)
        ]
        if len(sizes) < 2:
            raise ValueError(f"sizes: expected at least two widths, got {sizes}")
        _validate.generator("generator", generator)
        self.levels = None
        if levels is not None:
            levels = _validate.array("levels", levels, shape=(count,), above=0)
            self.levels = torch.tensor(levels, dtype=torch.float32)[:, None, None]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for wide, narrow in itertools.pairwise(sizes):
            self.weights.append(_uniform((count, wide, narrow), wide, generator))
            self.biases.append(_uniform((count, 1, narrow), wide, generator))
            start = torch.randn(count, narrow, 1, generator=generator)
            self.register_buffer(f"direction{len(self.weights) - 1}", start)

    def __repr__(self) -> str:
        sizes = "-".join(str(w.shape[1]) for w in self.weights)
        return f"Stack({len(self.weights[0])} x {sizes}-{self.weights[-1].shape[2]})"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map each network's batch, (S, batch, inputs) to (S, batch, outputs)."""
        for layer, (weight, bias) in enumerate(
            zip(self.weights, self.biases, strict=True)
        ):
            if layer:
                x = nn.functional.leaky_relu(x, LEAK)
            if self.levels is not None:
                weight = weight / self._norms(layer)
            x = torch.baddbmm(bias, x, weight)
        return x if self.levels is None else self.levels * x

    def members(self) -> list[nn.Sequential]:
        """Take the stack apart into networks of linear and LeakyReLU layers.

        With a level, each layer is divided by its exact largest singular value, and the
        level goes into the last layer: the slope is at most the level.
        """
        return [self._member(place) for place in range(len(self.weights[0]))]

    def _member(self, place: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        for weight, bias in zip(self.weights, self.biases, strict=True):
            weight, bias = weight[place].detach().T.double(), bias[place, 0].detach()
            if self.levels is not None:
                weight = weight / torch.linalg.matrix_norm(weight, 2)
            shape = weight.shape[::-1]  # skip_init draws no random numbers
            linear = nn.utils.skip_init(nn.Linear, *shape, dtype=torch.float64)
            linear.weight.data, linear.bias.data = weight.clone(), bias.double()
            layers += [linear, nn.LeakyReLU(LEAK)]
        if self.levels is not None:
            layers[-2].weight.data *= self.levels[place].item()
            layers[-2].bias.data *= self.levels[place].item()
        return nn.Sequential(*layers[:-1])

    def _norms(self, layer: int) -> torch.Tensor:
        """Estimate the largest singular values by one step of power iteration."""
        weight = self.weights[layer]
        right = self.get_buffer(f"direction{layer}")
        with torch.no_grad():
            left = nn.functional.normalize(weight @ right, dim=1)
            right = nn.functional.normalize(weight.mT @ left, dim=1)
            setattr(self, f"direction{layer}", right)
        return left.mT @ weight @ right


def latents(count: int, batch: int, generator: torch.Generator) -> torch.Tensor:
    r"""Draw increasing normal latents (S, batch, 1) that share out the line evenly.

    One uniform number U shifts the whole grid :math:`\Phi^{-1}((i + U) / n)`, so each
    latent is normal and every batch has one in each of n cells of equal mass.

    References
    ----------
    Owen (2013), Monte Carlo theory, methods and examples, chapter 8.
    """
    count = _validate.integer("count", count, low=1)
    batch = _validate.integer("batch", batch, low=1)
    shift = torch.rand(
        count, 1, 1, generator=_validate.generator("generator", generator)
    )
    cells = torch.arange(batch)[:, None]
    return torch.special.ndtri(((cells + shift) / batch).clamp(1e-6, 1 - 1e-6))


def _uniform(
    shape: tuple[int, ...], inputs: int, generator: torch.Generator | None
) -> torch.Tensor:
    """Draw weights as ``torch.nn.Linear`` does."""
    return (2 * torch.rand(shape, generator=generator) - 1) / math.sqrt(inputs)
