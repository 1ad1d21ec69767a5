"""What is too small for a float is 0: nobody is stopped who let numpy raise errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lecture_code import densities, divergences, metrics, pushforward, samplers

LAW = densities.GaussianMixture([0.0, 5.0], [1.0, 1e-20], [1e-300, 1.0])
FAR = np.array([-1e30, -40.0, 1e-300, 38.0, 1e30])
TAILS = [5e-324, 1e-310, 1e-16, 1.0]
P, Q = [1.0000001, 5e-324, 1e-310], [1e-310, 5e-324, 1.0000001]
X = np.array([[0.0, 0.0], [1e-170, 0.0], [1.0, 1.0], [1e3, 1e-200]])
NEAR, WIDE = 1e-170 * X, X + 1e4

CALLS = {
    "pdf": lambda: LAW.pdf(FAR),
    "cdf": lambda: LAW.cdf(FAR),
    "sf": lambda: LAW.sf(FAR),
    "ppf": lambda: LAW.ppf(TAILS),
    "isf": lambda: LAW.isf(TAILS),
    "entropy": lambda: divergences.entropy(P),
    "kl": lambda: divergences.kl(P, Q),
    "js": lambda: divergences.js(P, Q),
    "tv": lambda: divergences.tv(P, Q),
    "wasserstein1": lambda: divergences.wasserstein1(P, Q, [0, 1e-200, 1e-150]),
    "cell_masses": lambda: divergences.cell_masses(stats.norm(), FAR),
    "mmd": lambda: metrics.mmd(X, WIDE, bandwidth=1.0),
    "two_sample_test": lambda: metrics.two_sample_test(X, WIDE, bandwidth=1.0),
    "frechet": lambda: metrics.frechet(X, NEAR),
    "precision_recall": lambda: metrics.precision_recall(X, NEAR),
    "nearest_distance": lambda: metrics.nearest_distance(X, NEAR),
    "copying": lambda: metrics.copying(X, NEAR, X),
    "tv_star": lambda: pushforward.tv_star(PAIR, 2.0).map(FAR),
    "tv_lower_bound": lambda: pushforward.tv_lower_bound(PAIR, 2.0),
    "from samples": lambda: pushforward.tv_lower_bound_from_samples(SEEN, PAIR, 0.5),
    "kl_lower_bound": lambda: pushforward.kl_lower_bound(PAIR, 2.0),
    "reverse": lambda: pushforward.kl_lower_bound(PAIR, 2.0, "reverse"),
    "wasserstein1_star": lambda: pushforward.wasserstein1_star(PAIR, 2.0),
    "lipschitz_needed": lambda: pushforward.lipschitz_needed(PAIR, 0.2),
    "lipschitz_min": lambda: pushforward.lipschitz_min(PAIR),
    "probability_flow": lambda: samplers.probability_flow(PEAKS, 5),
    "ancestral": lambda: samplers.ancestral(PEAKS, 5),
}
PAIR, SEEN = densities.GaussianMixture([-3, 3]), np.linspace(-3, 3, 50)
PEAKS = densities.GaussianMixture([-20.0, 20.0], 0.1)


@pytest.mark.parametrize("name", CALLS)
def test_underflow_stops_nothing(name):
    with np.errstate(all="ignore"):
        want = CALLS[name]()
    with np.errstate(all="raise"):
        got = CALLS[name]()
    if name != "two_sample_test":  # it draws
        np.testing.assert_equal(got, want)
