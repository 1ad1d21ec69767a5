r"""A stack of diffusion models of the line, in units of the data's standard deviation.

The denoiser of noise level s is
:math:`D(x; s) = c_1 x + c_2 F(c_3 x, \log(s) / 4)` with
:math:`c_1 = 1 / (1 + s^2), c_2 = s / \sqrt{1 + s^2}, c_3 = 1 / \sqrt{1 + s^2}`, so that
the network F always predicts a number of variance one (Karras et al., 2022).
"""

from __future__ import annotations

import copy
import itertools
import math
from typing import NamedTuple

import numpy as np
import torch

from lecture_code import _validate, training
from lecture_code.study.line.generators import Rounds, checked, play, shuffled, total
from lecture_code.study.line.stacks import Stack

SIZES = [2, 64, 64, 1]
LOW, HIGH = 0.015, 6.0  # noise levels
STEPS = 96
_KNOTS, _PASSES, _REACH = 1601, 3, 6.0
_CLOSE = 1e-7  # nearer points say nothing about a slope


class Flow(NamedTuple):
    """The sampler of one network as a map from a latent to the line.

    It takes latents ``z`` (n,), close where the map is steep, to ``x`` (n,);
    ``step_slope`` is the largest slope of a single step between two of the points.
    """

    z: np.ndarray
    x: np.ndarray
    step_slope: float


def fit(
    stack: Stack, data: torch.Tensor, rounds: Rounds, generator: torch.Generator
) -> None:
    r"""Train denoisers at noise levels spread evenly over the logarithm.

    .. math:: E\,|F(c_3 y, \log(s) / 4) - (\hat x(y) - c_1 y) / c_2|^2,
              \qquad y = x + s \varepsilon

    The clean point is replaced by its posterior mean over the batch, which has the same
    expectation given y up to the batch's size and far less variance. The stack of
    networks F from two numbers to one is changed in place; ``data`` (n, S, batch, 1)
    are prepared batches.

    References
    ----------
    Xu, Tong and Jaakkola (2023), Stable target field for reduced variance score
    estimation in diffusion models, ICLR.
    """
    count, batch, data = checked(stack, data)
    cells = torch.arange(-(-batch // 2))[:, None]  # half of a batch is noised

    def loss(batches: torch.Tensor) -> torch.Tensor:
        clean = batches[0]
        x = shuffled(clean, generator)[:, : len(cells)]
        share = (cells + torch.rand(count, 1, 1, generator=generator)) / len(cells)
        level = LOW * (HIGH / LOW) ** share
        noisy = x + level * torch.randn(x.shape, generator=generator)
        skip, out, into = _coefficients(level)
        wanted = (_posterior_mean(noisy, level, clean) - skip * noisy) / out
        got = stack(torch.cat([into * noisy, level.log() / 4], dim=2))
        return total((got - wanted) ** 2)

    for steps, lr in rounds:
        player = training.Player(stack.parameters(), loss, lr)
        play([player], data, steps, generator)


def flows(stack: Stack, steps: int = STEPS) -> list[Flow]:
    """Follow the noiseless sampler of Heun's method from a grid of latents.

    The grid is laid anew twice, even along the curve of the map, so that a jump between
    two modes is seen at its full height and its full steepness. The sampler goes
    through so many noise levels as ``steps`` says.

    References
    ----------
    Karras et al. (2022), Elucidating the design space of diffusion-based generative
    models, NeurIPS.
    """
    steps = _validate.integer("steps", steps, low=1)
    exact = copy.deepcopy(_validate.instance("stack", stack, Stack)).double()
    z = torch.linspace(-_REACH, _REACH, _KNOTS, dtype=torch.float64)
    z = z[:, None].repeat(len(exact.weights[0]), 1, 1)
    with torch.no_grad():
        x, steepest = _sampled(exact, z, steps)
        for _ in range(_PASSES - 1):
            z = torch.stack([_even(*pair) for pair in zip(z, x, strict=True)])
            x, steepest = _sampled(exact, z, steps)
    z, x, steepest = z[..., 0].numpy(), x[..., 0].numpy(), steepest.tolist()
    return [Flow(*row) for row in zip(z, x, steepest, strict=True)]


def _posterior_mean(
    noisy: torch.Tensor, level: torch.Tensor, clean: torch.Tensor
) -> torch.Tensor:
    """Average the clean points, each by how likely it became the noisy one."""
    distance = (noisy - clean.mT) / level
    return torch.softmax(-(distance**2) / 2, dim=2) @ clean


def _coefficients(level: torch.Tensor) -> tuple[torch.Tensor, ...]:
    total = 1 + level**2
    return 1 / total, level / total.sqrt(), 1 / total.sqrt()


def _denoised(stack: Stack, x: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    skip, out, into = _coefficients(level)
    place = torch.cat([into * x, (level.log() / 4).expand_as(x)], dim=2)
    return skip * x + out * stack(place)


def _sampled(stack: Stack, z: torch.Tensor, steps: int) -> tuple[torch.Tensor, ...]:
    """Take the noise away; return the points and the largest slope of any step."""
    levels = torch.linspace(HIGH ** (1 / 7), LOW ** (1 / 7), steps).double() ** 7
    x = math.hypot(1, HIGH) * z
    steepest = torch.zeros(len(z), dtype=torch.float64)
    for level, after in itertools.pairwise(levels):
        pull = (x - _denoised(stack, x, level)) / level
        ahead = x + (after - level) * pull
        other = (ahead - _denoised(stack, ahead, after)) / after
        moved = x + (after - level) * (pull + other) / 2
        steepest = torch.maximum(steepest, _slope(x, moved))
        x = moved
    moved = _denoised(stack, x, levels[-1])
    return moved, torch.maximum(steepest, _slope(x, moved))


def _slope(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    gaps = before.diff(dim=1).abs()
    slopes = after.diff(dim=1).abs() / gaps.clamp(min=_CLOSE)
    return torch.where(gaps > _CLOSE, slopes, 0.0).amax(dim=(1, 2))


def _even(z: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Lay the latents anew, in equal steps along the curve."""
    steps = np.hypot(np.diff(z[:, 0]), np.diff(x[:, 0]))
    length = np.append(0.0, np.cumsum(steps))
    laid = np.interp(np.linspace(0, length[-1], len(z)), length, z[:, 0])
    return torch.from_numpy(laid)[:, None]
