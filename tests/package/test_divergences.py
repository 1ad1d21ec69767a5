"""Divergences: their axioms, closed forms, and agreement with other libraries."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.spatial import distance

from lecture_code import divergences
from lecture_code.densities import GaussianMixture

DISTANCES = {
    "kl": divergences.kl,
    "js": divergences.js,
    "tv": divergences.tv,
    "wasserstein1": lambda p, q: divergences.wasserstein1(p, q, np.arange(len(p))),
}
distances = pytest.mark.parametrize("between", DISTANCES.values(), ids=DISTANCES)
symmetric = pytest.mark.parametrize(
    "between", [DISTANCES[name] for name in ("js", "tv", "wasserstein1")]
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw two probability vectors of one length, zeros among the entries."""
    k = draw(st.integers(2, 6))
    entries = st.one_of(st.just(0.0), st.floats(1e-6, 1))
    raw = st.lists(entries, min_size=k, max_size=k).filter(lambda v: sum(v) > 0)
    p, q = np.array(draw(raw)), np.array(draw(raw))
    return p / p.sum(), q / q.sum()


@distances
@given(pair=pairs())
def test_distances_vanish_on_equals_only(between, pair):
    p, q = pair
    assert between(p, p) == pytest.approx(0.0, abs=1e-15)
    assert between(p, q) >= 0
    if np.abs(p - q).max() > 1e-3:
        assert between(p, q) > 1e-8


@symmetric
@given(pair=pairs())
def test_distances_do_not_depend_on_the_order(between, pair):
    assert between(*pair) == pytest.approx(between(*pair[::-1]), rel=1e-12, abs=1e-15)


@given(pairs())
def test_bounds_between_the_distances(pair):
    kl, js, tv = (DISTANCES[name](*pair) for name in ("kl", "js", "tv"))
    assert tv <= math.sqrt(kl / 2) + 1e-12  # Pinsker
    assert js <= tv * math.log(2) + 1e-12  # Lin
    assert tv <= 1 + 1e-12


@given(pairs())
def test_agreement_with_other_libraries(pair):
    p, q = pair
    points = np.sin(np.arange(len(p)))
    assert divergences.entropy(p) == pytest.approx(stats.entropy(p), abs=1e-12)
    assert divergences.kl(p, q) == pytest.approx(stats.entropy(p, q), abs=1e-12)
    root = distance.jensenshannon(p, q)
    assert divergences.js(p, q) == pytest.approx(root**2, abs=1e-12)
    ours = divergences.wasserstein1(p, q, points)
    assert ours == pytest.approx(
        stats.wasserstein_distance(points, points, p, q), abs=1e-12
    )


@given(pairs())
def test_total_variation_is_the_largest_difference_on_an_event(pair):
    p, q = pair
    events = itertools.product([0, 1], repeat=len(p))
    largest = max(float((p - q) @ np.array(event)) for event in events)
    assert divergences.tv(p, q) == pytest.approx(largest, abs=1e-12)


def test_entropy_in_closed_form():
    assert divergences.entropy(np.full(8, 1 / 8)) == pytest.approx(3 * math.log(2))
    assert divergences.entropy([0.5, 0.25, 0.25]) == pytest.approx(1.5 * math.log(2))
    for certain in ([1.0], [0.0, 1.0]):
        assert str(divergences.entropy(certain)) == "0.0"


def test_distances_in_closed_form():
    p, q = [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]
    assert divergences.kl(p, q) == math.inf
    assert divergences.kl([1, 0], [0.25, 0.75]) == pytest.approx(math.log(4))
    assert divergences.js(p, q) == pytest.approx(math.log(2) / 2)
    assert divergences.js([1, 0], [0, 1]) == pytest.approx(math.log(2))
    assert divergences.tv(p, q) == 0.5
    assert divergences.tv([1, 0], [0, 1]) == 1.0
    assert divergences.wasserstein1(p, q, [0.0, 1.0, 3.0]) == pytest.approx(1.5)


def test_the_smallest_number_is_no_trap():
    p, q = [5e-324, 1.0], [0.0, 1.0]
    assert divergences.js(p, q) == pytest.approx(0.0, abs=1e-300)
    assert divergences.kl(p, q) == math.inf


@pytest.mark.parametrize(("m", "s"), [(0.0, 1.0), (1.5, 1.0), (-0.3, 0.2), (2, 4)])
def test_kl_of_gaussians_is_the_integral(m, s):
    p, q = stats.norm(m, s), stats.norm(0.5, 1.5)
    expected, _ = integrate.quad(
        lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), m - 12 * s, m + 12 * s
    )
    ours = divergences.kl_gaussians(m, s, 0.5, 1.5)
    assert ours == pytest.approx(expected, abs=1e-9)


# ----------------------------------------------------------------------------- cells


def test_cells_of_a_gaussian():
    masses = divergences.cell_masses(GaussianMixture([0.0]), [-30.0, -1.0, 1.0, 30.0])
    assert masses.shape == (5,)
    assert masses.dtype == np.float64
    assert masses.sum() == pytest.approx(1.0, abs=1e-15)
    assert masses[2] == pytest.approx(math.erf(math.sqrt(0.5)))
    for tail in masses[[0, -1]]:
        expected = math.erfc(30 / math.sqrt(2)) / 2
        assert tail == pytest.approx(expected, rel=1e-12, abs=0)


@pytest.mark.parametrize("edges", [[1.0, 2.0], [-2.0, -1.0], [0.0]])
def test_cells_take_a_scipy_distribution(edges):
    masses = divergences.cell_masses(stats.norm(), edges)
    whole = stats.norm.cdf([-np.inf, *edges, np.inf])
    np.testing.assert_allclose(masses, np.diff(whole), rtol=1e-12)


def test_total_variation_of_cells_rises_to_that_of_the_densities():
    p, q = GaussianMixture([0.0]), GaussianMixture([1.0])
    exact = math.erf(1 / (2 * math.sqrt(2)))  # 2 Phi(1/2) - 1
    found = [
        divergences.tv(
            divergences.cell_masses(p, edges), divergences.cell_masses(q, edges)
        )
        for edges in (np.linspace(-9, 9, 2 + 3**i) for i in range(1, 7))
    ]
    assert all(value <= exact + 1e-15 for value in found)
    assert found[-1] == pytest.approx(exact, abs=1e-4)
    assert found[0] < exact - 1e-2


def test_no_cell_is_negative_however_thin():
    def stumble(x: np.ndarray) -> np.ndarray:
        """Fall by a rounding error, as a computed cdf may between close points."""
        return np.array([0.3, 0.3 - 2.0**-54])

    density = SimpleNamespace(cdf=stumble, sf=lambda x: 1 - stumble(x))
    masses = divergences.cell_masses(density, [0.0, 1e-16])
    assert masses[1] == 0.0
    np.testing.assert_allclose(masses[[0, 2]], [0.3, 0.7])


# -------------------------------------------------------------------------- rounding


@distances
def test_a_sum_that_is_off_by_rounding_is_made_exact(between):
    p = np.array([0.2, 0.3, 0.5])
    assert between(p * (1 + 4e-7), p) == pytest.approx(0, abs=1e-12)


def test_tensors_are_taken_and_no_input_is_changed():
    p, q = torch.tensor([0.1, 0.9]), np.array([0.4, 0.6])
    points = np.array([3.0, 1.0])
    assert divergences.wasserstein1(p, q, points) == pytest.approx(0.6)
    assert p.tolist() == torch.tensor([0.1, 0.9]).tolist()
    assert q.tolist() == [0.4, 0.6]
    assert points.tolist() == [3.0, 1.0]


def test_far_from_zero_only_the_way_between_the_means_counts():
    near = divergences.kl_gaussians(1.0, 0.3, 0.0, 0.7)
    assert divergences.kl_gaussians(1e15 + 1, 0.3, 1e15, 0.7) == near


def test_the_smallest_and_largest_numbers_have_a_divergence():
    assert divergences.kl_gaussians(0.3, 0.7, 0.3, 0.7) == 0.0
    tiny = divergences.kl_gaussians(0.0, 5e-324, 0.0, 1.0)
    assert tiny == pytest.approx(743.94, 1e-4)
    assert divergences.kl_gaussians(1e308, 1e308, -1e308, 1e308) == pytest.approx(2)
    assert divergences.kl_gaussians(5e-324, 5e-324, 0, 5e-324) == pytest.approx(0.5)
    assert divergences.kl_gaussians(1e308, 1, -1e308, 1e-300) == math.inf
