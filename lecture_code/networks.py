"""Networks: functions with parameters, and masks that fix what each output sees.

A network knows nothing of probability. The model rooms decide what its outputs mean.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch

from lecture_code import validate

#: What may stand between two linear layers, by name.
ACTIVATIONS = {
    "elu": torch.nn.ELU,
    "gelu": torch.nn.GELU,
    "relu": torch.nn.ReLU,
    "sigmoid": torch.nn.Sigmoid,
    "silu": torch.nn.SiLU,
    "tanh": torch.nn.Tanh,
}


def mlp(sizes: Sequence[int], *, activation: str = "relu") -> torch.nn.Sequential:
    r"""Build a fully connected network, linear after the last layer.

    .. math:: h_{l+1} = \sigma(W_l h_l + b_l)

    Parameters
    ----------
    sizes : sequence of int
        Width of the input, of each hidden layer and of the output: at least two.
    activation : str
        One of ``ACTIVATIONS``, the nonlinearity between layers.

    Returns
    -------
    torch.nn.Sequential
        Maps (n, sizes[0]) to (n, sizes[-1]); initialised from torch's global
        generator.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive integer, there are fewer than two, or the
        activation is unknown.

    Notes
    -----
    Used in chapters 3 to 18.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, eq. (6.40).
    """
    widths = _widths(sizes, least=2)
    between = ACTIVATIONS[validate.choice("activation", activation, ACTIVATIONS)]
    layers: list[torch.nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [torch.nn.Linear(inputs, outputs), between()]
    return torch.nn.Sequential(*layers[:-1])


def _widths(sizes: Sequence[int], *, least: int) -> list[int]:
    listed = validate.items("sizes", sizes)
    if len(listed) < least:
        raise ValueError(f"sizes: expected at least {least} sizes, got {len(listed)}")
    return [validate.integer("sizes", size, low=1) for size in listed]
