"""Chains with the exact score: convergence, simulation, and what composition does."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from lecture_code import pushforward, samplers
from lecture_code.densities import GaussianMixture

PAIR = GaussianMixture([-2, 2])


def test_the_noise_falls_to_nothing_by_a_constant_factor():
    levels = samplers.noise_levels(GaussianMixture([-1, 2], [0.5, 1.0]), 20)
    ratios = (levels[1:] + 0.25) / (levels[:-1] + 0.25)
    assert levels[-1] == 0
    assert levels[0] == pytest.approx(25 * 9)
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-9)


def test_a_single_gaussian_needs_no_luck():
    # All scores are linear, so each Euler step is a known factor.
    chain = samplers.probability_flow(GaussianMixture([3.0], 2.0), 7)
    levels = samplers.noise_levels(GaussianMixture([3.0], 2.0), 7) + 4
    factors = 1 - (levels[:-1] - levels[1:]) / (2 * levels[:-1])
    np.testing.assert_allclose(chain.step_slopes, factors, rtol=1e-9)
    expected = math.sqrt(levels[0]) * factors.prod()
    assert chain.slope == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("m", "steps", "step", "slope", "tv"),
    [(2, 16, 1.27, 5.55, 0.105), (4, 64, 1.72, 627, 0.044)],
)
def test_the_flow_climbs_to_the_smallest_slope_of_all(m, steps, step, slope, tv):
    target = GaussianMixture([-m, m])
    chain = samplers.probability_flow(target, steps)
    assert chain.step_slopes.max() == pytest.approx(step, rel=0.01)
    assert chain.slope == pytest.approx(slope, rel=0.01)
    assert chain.tv == pytest.approx(tv, abs=5.1e-4)
    assert chain.slope < pushforward.lipschitz_min(target)


@pytest.mark.parametrize(("m", "steps"), [(4, 5), (2, 12)])
def test_two_equal_modes_have_the_slopes_of_the_midpoint(m, steps):
    # There the score is steepest; far away its slope is -1 / v, and a step keeps order.
    target = GaussianMixture([-m, m])
    v = samplers.noise_levels(target, steps) + 1
    drop = v[:-1] - v[1:]
    curvature = m**2 / v[:-1] ** 2 - 1 / v[:-1]
    flow = samplers.probability_flow(target, steps)
    best = np.maximum(1 + drop / 2 * curvature, 1 - drop / 2 / v[:-1])
    np.testing.assert_allclose(flow.step_slopes, best, rtol=1e-12)
    whole = pushforward.chain_lipschitz(best, flow.noise_scales)
    assert flow.slope == pytest.approx(whole, rel=1e-12)
    # The points of the quadrature pass by the midpoint: a little is missed.
    noisy = samplers.ancestral(target, steps)
    best = np.maximum(1 + drop * curvature, 1 - drop / v[:-1])
    whole = pushforward.chain_lipschitz(best, noisy.noise_scales)
    assert 0.994 * whole < noisy.slope <= whole * (1 + 1e-12)


def test_the_quadrature_agrees_with_a_simulation(generator):
    steps, n = 12, 100_000
    levels = samplers.noise_levels(PAIR, steps)
    chain = samplers.ancestral(PAIR, steps)
    x = chain.noise_scales[0] * torch.randn(n, generator=generator).double()
    pairs = itertools.pairwise(levels)
    for (t, after), noise in zip(pairs, chain.noise_scales[1:], strict=True):
        law = GaussianMixture(PAIR.means, math.sqrt(1 + t))
        fresh = torch.randn(n, generator=generator)
        x = x + (t - after) * law.score(x) + noise * fresh
    edges = np.linspace(-7, 7, 71)
    share = np.histogram(x.numpy(), edges)[0] / n
    seen = np.abs(share - np.diff(PAIR.cdf(edges))).sum() / 2
    assert seen == pytest.approx(chain.tv, abs=0.01)
