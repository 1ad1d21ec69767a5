"""Bounds from half-lines: against dense searches, and never above a real model."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import optimize, special, stats

from lecture_code.densities import GaussianMixture
from lecture_code.pushforward import _half_lines
from lecture_code.pushforward._normal_scores import Law

PAIR = GaussianMixture([-3, 3], 1, [0.4, 0.6])
CASES = [
    (PAIR, 2.0),
    (PAIR, 8.0),
    (GaussianMixture([-8, 0, 8]), 10.0),
    (GaussianMixture([-2, 2], [0.3, 1.0]), 1.0),
]


def _psi(mass, shift):
    return stats.norm.cdf(stats.norm.ppf(mass) + shift) - mass


@pytest.mark.parametrize(("target", "slope"), CASES)
def test_the_search_finds_the_best_pair(target, slope):
    law = Law(target)
    found = _half_lines.total_variation(law, slope / law.unit)
    x = np.linspace(target.ppf(1e-4), target.isf(1e-4), 500)
    one, two = np.triu_indices(len(x))
    shift = (x[two] - x[one]) / slope
    left, right = target.cdf(x[one]), target.sf(x[two])
    gap = target.cdf(x[two]) - target.cdf(x[one])
    dense = (np.minimum(_psi(left, shift), _psi(right, shift)) - gap).max()
    assert dense - 2e-9 <= found < dense + 2e-3


def test_the_excess_of_a_gap_is_concave_and_peaks_where_it_should():
    shift = np.array(0.8)
    t = np.linspace(0, 1, 2001)
    psi = _half_lines.gap_excess(t, shift)
    assert np.all(np.diff(psi, 2) < 1e-12)
    assert t[psi.argmax()] == pytest.approx(special.ndtr(-0.4), abs=1e-3)
    assert psi.max() == pytest.approx(2 * special.ndtr(0.4) - 1, abs=1e-6)
    assert psi[0] == psi[-1] == 0


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("slope", [2.0, 5.0])
def test_no_three_masses_allowed_are_nearer(forward, slope):
    """Search the simplex for the least divergence, at many pairs of half-lines."""
    law = Law(PAIR)
    found = _half_lines.divergence(law, slope / law.unit, forward)
    a, b = np.meshgrid(np.linspace(0, 1, 201), np.linspace(0, 1, 201))
    inside = a + b <= 1
    model = np.array([a[inside], b[inside], 1 - a[inside] - b[inside]])
    dense = 0.0
    for x1, x2 in itertools.combinations(np.linspace(-2.5, 2.5, 9), 2):
        allowed = model[1] >= _psi(model[0], (x2 - x1) / slope) - 1e-12
        cells = np.array([PAIR.cdf(x1), PAIR.cdf(x2) - PAIR.cdf(x1), PAIR.sf(x2)])
        pair = (cells[:, None], model[:, allowed])
        kl = special.rel_entr(*(pair if forward else pair[::-1])).sum(axis=0)
        dense = max(dense, float(kl.min()))
    # The simplex is searched in steps, so its minimum is too large; the search over
    # pairs is coarse, so its maximum is too small.
    assert found == pytest.approx(dense, rel=0.1, abs=5e-3)


def _divergences(cells, shift, scores):
    """Both divergences of the masses left of a score, up to the next, and right."""
    log_ndtr = special.log_ndtr
    left, right = log_ndtr(scores), log_ndtr(-scores - shift)
    gap = np.where(
        scores < -shift / 2,
        log_ndtr(scores + shift) + np.log(-np.expm1(left - log_ndtr(scores + shift))),
        log_ndtr(-scores) + np.log(-np.expm1(right - log_ndtr(-scores))),
    )
    logs, cells = np.array([left, gap, right]), cells[:, None]
    surprise = np.log(cells) - logs
    return (cells * surprise).sum(0), -(np.exp(logs) * surprise).sum(0)


@pytest.mark.parametrize("rule", [_half_lines._forward, _half_lines._reverse])
def test_the_least_divergence_is_bounded_and_nearly_met(rule):
    rng = np.random.default_rng(3)
    for _ in range(20):
        cells = rng.dirichlet(np.ones(3)) * [1, 10 ** rng.uniform(-12, 0), 1]
        cells[2] = 1 - cells[:2].sum()
        shift = special.ndtri(cells[:2].sum()) - special.ndtri(cells[0])
        shift = shift * rng.uniform(1.001, 2) + 10 ** rng.uniform(-3, 2)
        near = np.linspace(-9, 9, 1001)
        scores = [near, near - shift, -shift * np.linspace(0, 1, 1001)]
        scores = np.unique(np.concatenate(scores))

        def price(score, cells=cells, shift=shift):
            both = _divergences(cells, shift, np.atleast_1d(score))
            return both[rule is _half_lines._reverse]

        top = int(np.argmin(price(scores)))
        found = optimize.minimize_scalar(
            lambda score: float(price(score)[0]),
            bounds=(scores[top - 1], scores[top + 1]),
            options={"xatol": 1e-9},
        )
        bound = _half_lines._prove_least(rule, shift, cells[:, None])
        assert found.fun * (1 - 3e-9) - 3e-9 < bound < found.fun * (1 + 1e-12) + 1e-12


def test_samples_of_an_exact_model_prove_nothing():
    law = Law(PAIR)
    seen = np.sort(law.points(stats.norm.ppf((np.arange(4000) + 0.5) / 4000)))
    assert _half_lines.total_variation_seen(law, 1.01 * law.steepest, seen, 0.0) < 1e-3
    assert _half_lines.total_variation_seen(law, 1.0, seen, 1.0) == 0


def test_samples_of_a_straight_line_prove_nearly_all_of_its_distance():
    # The model N(0, 2^2) has slope 2; its half-lines are known exactly here.
    law = Law(PAIR)
    z = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    seen = (2 * z - law.centre) / law.unit
    bound = _half_lines.total_variation_seen(law, 2 / law.unit, np.sort(seen), 0.0)
    x = np.linspace(-15, 15, 20_001)
    tv = np.abs(stats.norm.pdf(x, 0, 2) - PAIR.pdf(x)).sum() * (x[1] - x[0]) / 2
    assert 0.8 * tv < bound <= tv + 1e-3
