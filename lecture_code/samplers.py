r"""Samplers that take many mild steps from noise to a mixture, with its exact score.

Noise of variance t is added to the target and taken away again in T steps, from a
variance so large that nothing of the target is left to one of zero. All laws are
computed by quadrature; nothing is estimated from samples.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
import torch

from lecture_code import _validate
from lecture_code.densities import GaussianMixture

_CELLS = 1000  # of the quadrature


class Chain(NamedTuple):
    """A sampler's steps, how steep they are, and how far its law is from the target.

    Slopes are the largest at the points of the quadrature, estimates from below: exact
    for the flow to two equal modes, where every step is steepest midway; otherwise 0.6%
    too small at most in what was tried. A slope that is too small raises the theorem's
    floor, so a chain that stands above it obeys the theorem all the more.

    Parameters
    ----------
    step_slopes : numpy.ndarray, shape (T,)
        Slopes of the deterministic part of each step.
    noise_scales : numpy.ndarray, shape (T + 1,)
        Standard deviations of the start and of the noise after each step.
    slope : float
        Slope of the map from all noises to the result; with fresh noise, what follows
        from the steps' slopes (:func:`~lecture_code.pushforward.chain_lipschitz`).
    tv : float
        Total variation between the law of the result and the target.
    """

    step_slopes: np.ndarray
    noise_scales: np.ndarray
    slope: float
    tv: float


def noise_levels(target: GaussianMixture, steps: int) -> np.ndarray:
    """Return the variances (T + 1,) of the added noise, from large to zero.

    The variance of the narrowest mode with the noise in it falls by a constant factor
    in each of T steps. It starts at 25 times the squared distance of the outer modes.
    """
    _validate.instance("target", target, GaussianMixture)
    steps = _validate.integer("steps", steps, low=1)
    narrow = float(target.scales.min()) ** 2
    start = 25 * max(float(np.ptp(target.means)), float(target.scales.max())) ** 2
    levels = np.geomspace(start + narrow, narrow, steps + 1) - narrow
    return np.append(levels[:-1], 0.0)


@np.errstate(under="ignore")
def probability_flow(target: GaussianMixture, steps: int) -> Chain:
    r"""Follow the probability-flow equation in Euler steps, without fresh noise.

    .. math:: x' = x + \tfrac{1}{2} (t - t') \, \partial_x \log p_t(x)

    All noise scales but the first are 0. Song et al. (2021), Score-based generative
    modeling through stochastic differential equations, ICLR.
    """
    from scipy import special

    levels = noise_levels(target, steps)
    mean, scale = _compute_moments(target, levels[0])
    z = np.linspace(-9, 9, 20_001)
    x, slope, slopes = mean + scale * z, np.full(z.shape, scale), []
    for t, after in itertools.pairwise(levels):
        score, curvature = _compute_score(_add_noise(target, t), x)
        x, factor = x + (t - after) / 2 * score, 1 + (t - after) / 2 * curvature
        slope = slope * factor
        slopes.append(np.abs(factor).max())
    ahead = target.cdf(x) - special.ndtr(z)
    tv = (np.abs(np.diff(ahead)).sum() + abs(ahead[0]) + abs(ahead[-1])) / 2
    noises = np.append(scale, np.zeros(len(slopes)))
    return Chain(np.array(slopes), noises, float(np.abs(slope).max()), float(tv))


@np.errstate(under="ignore")
def ancestral(target: GaussianMixture, steps: int) -> Chain:
    r"""Take the noise away in Gaussian steps, each with fresh noise of its own.

    .. math:: x' = x + (t - t') \, \partial_x \log p_t(x) + \sqrt{t' (t - t') / t}
              \; \varepsilon

    Ho, Jain and Abbeel (2020), Denoising diffusion probabilistic models, NeurIPS.
    """
    levels = noise_levels(target, steps)
    mean, scale = _compute_moments(target, levels[0])
    edges = mean + scale * np.linspace(-8, 8, _CELLS + 1)
    masses = np.diff(GaussianMixture([mean], scale).cdf(edges))
    slopes, noises = [], [scale]
    for t, after in itertools.pairwise(levels):
        score, curvature = _compute_score(_add_noise(target, t), edges)
        slopes.append(np.abs(1 + (t - after) * curvature).max())
        noises.append(math.sqrt(after * (t - after) / t))
        edges = edges + (t - after) * score
        if after > 0:
            edges, masses = _blur(edges, masses, noises[-1])
    outside = target.cdf(edges[0]) + target.sf(edges[-1])
    tv = (np.abs(masses - np.diff(target.cdf(edges))).sum() + outside) / 2
    total = scale
    for step, noise in zip(slopes, noises[1:], strict=True):
        total = math.hypot(step * total, noise)
    return Chain(np.array(slopes), np.array(noises), total, float(tv))


def _compute_moments(target: GaussianMixture, level: float) -> tuple[float, float]:
    """Compute mean and standard deviation of the target with noise added."""
    mean = float(target.weights @ target.means)
    spread = target.weights @ ((target.means - mean) ** 2 + target.scales**2)
    return mean, math.sqrt(float(spread) + level)


def _add_noise(target: GaussianMixture, level: float) -> GaussianMixture:
    scales = np.sqrt(target.scales**2 + level)
    return GaussianMixture(target.means, scales, target.weights)


def _compute_score(
    law: GaussianMixture, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the score and its derivative."""
    points = torch.tensor(x, requires_grad=True)
    score = law.score(points)
    (curvature,) = torch.autograd.grad(score.sum(), points)
    return score.detach().numpy(), curvature.numpy()


def _blur(
    edges: np.ndarray, masses: np.ndarray, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Add Gaussian noise to a law given by the masses of cells, on new cells."""
    from scipy import special

    middles = (edges[1:] + edges[:-1]) / 2
    kept = np.flatnonzero(masses > 1e-18)
    low, high = edges[kept[0]] - 6 * noise, edges[kept[-1] + 1] + 6 * noise
    new = np.linspace(low, high, _CELLS + 1)
    # A cell's mass is spread evenly over it: its variance adds to that of the noise.
    widths = np.hypot(noise, np.diff(edges) / math.sqrt(12))
    below = special.ndtr((new[:, None] - middles) / widths) @ masses
    return new, np.diff(below)
