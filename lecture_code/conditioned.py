"""Networks that are told the time and the class beside the input.

A diffusion model meets every amount of noise with one network. What the network has to
know is not in the noisy input alone: how much noise there is, and what is to be drawn.
"""

from __future__ import annotations

import math

import torch
from numpy.typing import ArrayLike

from lecture_code import validate


class TimeMLP(torch.nn.Module):
    r"""A residual network whose layers are scaled and shifted by time and class.

    .. math:: h_{l+1} = h_l + B_l \, \mathrm{silu}\big(
        (1 + g_l(c)) \odot A_l \bar h_l + b_l(c)\big)

    Here :math:`\bar h` is :math:`h` with mean 0 and variance 1 over its units, and
    :math:`c` holds the time, as cosines and sines of several frequencies, and the
    class, as a learned vector. The last layer starts at zero.

    Parameters
    ----------
    d : int
        Numbers in an input and in an output.
    hidden : int
        Width of the layers, at least 2.
    depth : int
        Number of residual layers, at least 0.
    classes : int
        Number of classes; label ``classes`` stands for "no class given".
    frequencies : int
        How many frequencies encode the time.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Notes
    -----
    Used in chapters 12 and 16.

    References
    ----------
    Perez, Strub, de Vries, Dumoulin and Courville (2018), FiLM: visual reasoning with
    a general conditioning layer, eq. (1); Ho, Jain and Abbeel (2020), Denoising
    diffusion probabilistic models, appendix B.
    """

    def __init__(
        self,
        d: int,
        *,
        hidden: int = 128,
        depth: int = 2,
        classes: int = 0,
        frequencies: int = 8,
    ) -> None:
        super().__init__()
        self.d = validate.integer("d", d, low=1)
        hidden = validate.integer("hidden", hidden, low=2)
        depth = validate.integer("depth", depth, low=0)
        self.classes = validate.integer("classes", classes, low=0)
        self.frequencies = validate.integer("frequencies", frequencies, low=1)
        self.first = torch.nn.Linear(self.d, hidden)
        self.time = torch.nn.Linear(2 * self.frequencies, hidden)
        self.label = torch.nn.Embedding(self.classes + 1, hidden)
        layers = [_Conditioned(hidden) for _ in range(depth)]
        self.layers = torch.nn.ModuleList(layers)
        self.last = _zeroed(torch.nn.Linear(hidden, self.d))

    def forward(
        self, x: torch.Tensor, t: torch.Tensor, labels: ArrayLike | None = None
    ) -> torch.Tensor:
        """Compute one output for each input, given its time and class.

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Inputs.
        t : torch.Tensor, shape (n,)
            Times in [0, 1].
        labels : array_like of int, shape (n,), optional
            Classes from 0 to ``classes``, the last one for "no class given", which is
            also what their absence means.

        Returns
        -------
        torch.Tensor, shape (n, d)
            Outputs, in the dtype of the weights.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as described.
        """
        x = validate.tensor("x", x, shape=("n", self.d))
        t = validate.tensor("t", t, shape=(len(x),), low=0, high=1)
        if labels is None:
            labels = torch.full((len(x),), self.classes)
        labels = validate.integers(
            "labels", labels, shape=(len(x),), low=0, high=self.classes
        )
        weight = self.first.weight
        label = self.label(labels.to(weight.device))
        told = self.time(self._waves(t.to(weight))) + label
        told, h = torch.nn.functional.silu(told), self.first(x.to(weight))
        for layer in self.layers:
            h = layer(h, told)
        return self.last(torch.nn.functional.silu(h))

    def _waves(self, t: torch.Tensor) -> torch.Tensor:
        turns = torch.arange(1, self.frequencies + 1, device=t.device)
        angles = math.pi * t[:, None] * turns
        return torch.cat([angles.cos(), angles.sin()], dim=1)


class _Conditioned(torch.nn.Module):
    """One residual layer, scaled and shifted by what it is told."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.told = torch.nn.Linear(hidden, 2 * hidden)
        self.norm = torch.nn.LayerNorm(hidden, elementwise_affine=False)
        self.inner = torch.nn.Linear(hidden, hidden)
        self.outer = _zeroed(torch.nn.Linear(hidden, hidden))

    def forward(self, h: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        scale, shift = self.told(told).chunk(2, dim=1)
        inner = self.inner(self.norm(h)) * (1 + scale) + shift
        return h + self.outer(torch.nn.functional.silu(inner))


def _zeroed(layer: torch.nn.Linear) -> torch.nn.Linear:
    """Let a layer start at zero: what it is added to is then passed on unchanged."""
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    return layer
