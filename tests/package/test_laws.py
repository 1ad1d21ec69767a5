"""What a map of the line makes of the Gaussian: a grid of latents, a closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from lecture_code import laws
from lecture_code.densities import GaussianMixture


def test_masses_agree_with_a_fine_grid_of_latents():
    z, x = [-6, -1, 0.2, 1.5, 6], [-2, 3, -1, -1, 4]
    edges = np.array([-1.5, -1.0, 0.0, 0.7, 2.0])
    points = special.ndtri((np.arange(1_000_000) + 0.5) / 1_000_000)
    cells = np.searchsorted(edges, np.interp(points, z, x))
    want = np.bincount(cells, minlength=6) / len(points)
    got = laws.pushed_masses(z, x, edges)
    np.testing.assert_allclose(got, want, atol=3e-6)
    assert got.sum() == pytest.approx(1, abs=1e-12)


def test_a_shifted_gaussian_has_the_distance_of_the_formula():
    z = np.linspace(-9, 9, 3)
    for shift in (0.0, 0.5, 3.0):
        law = GaussianMixture([shift], 1.0)
        want = 2 * special.ndtr(shift / 2) - 1
        assert laws.total_variation(z, z, law) == pytest.approx(want, abs=1e-5)
