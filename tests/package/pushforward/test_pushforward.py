"""The push-forward theorem: closed forms, laws, and models that must obey it."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from lecture_code import pushforward
from lecture_code.densities import GaussianMixture

#: TV*(L) of 1/2 N(-m, 1) + 1/2 N(m, 1), computed once by another method: a scan of 80
#: masses on a grid of 1201 x 1201 points with five zooms, certified by integration.
#: Then the bound of the a-priori theorem.
TABLE = [
    # m, L, optimum, bound
    (1, 1, 0.206744, 0.175205),
    (2, 1, 0.459120, 0.385622),
    (3, 1, 0.497622, 0.472889),
    (4, 1, 0.499945, 0.495511),
    (2, 2, 0.225511, 0.219145),
    (3, 2, 0.412564, 0.394393),
    (4, 2, 0.480983, 0.466512),
    (2, 5, 0.019462, 0.019462),
    (3, 5, 0.164784, 0.164556),
    (4, 5, 0.288259, 0.286826),
]
#: The smallest slope for a pair with scale 1, searched over half-spaces on a grid.
SLOPES = [
    # separation, weight, slope
    (4, 0.6, 7.342),
    (4, 0.75, 7.065),
    (4, 0.9, 6.307),
    (4, 0.99, 4.601),
    (6, 0.75, 84.35),
    (6, 0.99, 41.67),
    (8, 0.9, 2275),
]


def _pair(m, weight=0.5, scale=1.0, shift=0.0):
    return GaussianMixture([shift - m, shift + m], scale, [weight, 1 - weight])


THREE = GaussianMixture([-8, 0, 8])
UNEQUAL = GaussianMixture([-4, 4], [0.7, 1.5], [0.6, 0.4])


@functools.cache
def _fit(target, slope):
    """Find an optimum once for all tests that ask for it."""
    return pushforward.tv_star(target, slope)


def _tv(points, z, target):
    """Total variation of the law of an increasing map, known at latents z."""
    ahead = np.where(
        z < 0,
        target.cdf(points) - special.ndtr(z),
        special.ndtr(-z) - target.sf(points),
    )
    return (np.abs(np.diff(ahead)).sum() + abs(ahead[0]) + abs(ahead[-1])) / 2


# --------------------------------------------------------------- isoperimetry, slopes


def test_a_half_line_is_enlarged_exactly():
    # g(z) = 3 z + 1, A = (-inf, 2]: the theorem is an equality.
    law = stats.norm(1, 3)
    for distance in (0.0, 0.7, 20.0):
        enlarged = pushforward.enlarged_mass(law.cdf(2.0), distance, 3.0)
        assert enlarged == pytest.approx(law.cdf(2.0 + distance), rel=1e-12)


@given(st.floats(0, 1), st.floats(0, 1e6), st.floats(1e-3, 1e12))
def test_an_enlarged_mass_is_a_mass_and_not_smaller(mass, distance, slope):
    enlarged = pushforward.enlarged_mass(mass, distance, slope)
    assert mass <= enlarged <= 1


def test_however_near_a_set_a_mass_of_zero_stays_zero():
    masses = pushforward.enlarged_mass([0.0, 1e-300, 1.0], 1e300, 1e-300)
    assert masses.tolist() == [0, 1, 1]
    assert pushforward.enlarged_mass(0.0, 0.0, 1.0) == 0
    assert pushforward.enlarged_mass(1.0, 0.0, 1.0) == 1


def test_a_two_dimensional_model_obeys_the_theorem():
    # |z| is 1-Lipschitz in R^2 and has the Rayleigh law.
    law = stats.rayleigh()
    x, r = np.meshgrid(np.linspace(0.1, 4, 30), np.linspace(0, 3, 30))
    bound = pushforward.enlarged_mass(law.cdf(x), r, 1.0)
    assert np.all(law.cdf(x + r) >= bound - 1e-12)


@pytest.mark.parametrize("delta", [0.0, 0.1, 1.0, 4.0, 8.0, 10.0, 20.0])
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_the_smallest_slope_for_equal_weights(delta, scale):
    expected = scale * math.exp(delta**2 / 8)
    closed = pushforward.gaussian_pair_lipschitz_min(delta * scale, scale)
    searched = pushforward.lipschitz_min(_pair(delta * scale / 2, scale=scale))
    assert closed == pytest.approx(expected, rel=1e-14)
    assert searched == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("separation", "weight", "expected"), SLOPES)
def test_the_smallest_slope_for_other_weights(separation, weight, expected):
    slope = pushforward.gaussian_pair_lipschitz_min(separation, weight=weight)
    mirrored = pushforward.gaussian_pair_lipschitz_min(separation, weight=1 - weight)
    assert slope == pytest.approx(expected, rel=2e-4)
    assert slope == pytest.approx(mirrored, rel=1e-9)
    assert slope <= math.exp(separation**2 / 8)


@pytest.mark.parametrize("weight", [0.01, 0.5, 0.99])
def test_two_centres_in_one_place_need_the_scale(weight):
    assert pushforward.gaussian_pair_lipschitz_min(0, 0.3, weight) == 0.3


def test_slopes_are_finite_up_to_the_end_of_float64():
    largest = pushforward.gaussian_pair_lipschitz_min(75.2)
    assert math.log(largest) == pytest.approx(75.2**2 / 8)
    assert pushforward.gaussian_pair_lipschitz_min(76.0) == math.inf
    assert pushforward.gaussian_pair_lipschitz_min(200.0, weight=0.3) == math.inf
    assert pushforward.lipschitz_min(GaussianMixture([-100, 100])) == math.inf


@given(st.lists(st.floats(-4, 4), min_size=1, max_size=4), st.integers(0, 2**31))
def test_no_mixture_needs_more_than_its_diameter_says(means, seed):
    weights = np.random.default_rng(seed).dirichlet(np.ones(len(means)))
    most = math.exp((max(means) - min(means)) ** 2 / 8)
    slope = pushforward.lipschitz_min(GaussianMixture(means, 1.0, weights))
    assert 1 - 1e-9 <= slope <= most * (1 + 1e-9)


# ----------------------------------------------------------------- the exact optimum


@pytest.mark.parametrize(("m", "slope", "optimum", "bound"), TABLE)
def test_optimum_and_bound_agree_with_the_table(m, slope, optimum, bound):
    fit = pushforward.tv_star(_pair(m), slope)
    assert fit.value == pytest.approx(optimum, abs=1.1e-6)
    assert fit.lower <= fit.value <= fit.upper
    assert fit.upper - fit.lower < 1e-6
    found = pushforward.tv_lower_bound(_pair(m), slope)
    assert found == pytest.approx(bound, abs=5e-6)


@pytest.mark.parametrize(
    ("target", "slope", "c"), [(THREE, 10.0, 1e3), (UNEQUAL, 3.0, -1.0)]
)
def test_laws_of_the_optimum(target, slope, c):
    fit = _fit(target, slope)
    assert 0 < pushforward.tv_lower_bound(target, slope) <= fit.value < 1
    assert fit.lower <= fit.value == fit.upper <= fit.lower + 2e-3
    moved = GaussianMixture(
        c * target.means + 5 * abs(c), abs(c) * target.scales, target.weights
    )
    scaled = pushforward.tv_star(moved, abs(c) * slope)
    assert scaled.value == pytest.approx(fit.value, abs=1e-6)
    assert scaled.lower == pytest.approx(fit.lower, abs=1e-6)


@pytest.mark.parametrize(
    ("target", "slope"),
    [
        (_pair(3), 5.0),
        (_pair(3, 0.3), 5.0),
        (_pair(1), 1.0),
        (_pair(2), 100.0),
        (THREE, 10.0),
    ],
)
def test_the_map_is_feasible_and_has_the_value(target, slope):
    fit = _fit(target, slope)
    z = np.unique(np.concatenate([np.linspace(-9, 9, 40_001), [-37.0, 37.0]]))
    points = fit.map(z)
    slopes = np.diff(points) / np.diff(z)
    assert slopes.min() >= -1e-9
    assert slopes.max() <= slope * (1 + 1e-5)
    assert _tv(points, z, target) == pytest.approx(fit.value, abs=2e-6)
    # For three modes crossings alone prove no more than a gap of 0.01.
    assert fit.lower <= fit.value == fit.upper < fit.lower + 2e-3


@given(st.integers(0, 2**31), st.sampled_from([1.0, 3.0, 8.0]))
@settings(max_examples=15)
def test_no_increasing_map_is_better(seed, slope):
    rng = np.random.default_rng(seed)
    z = np.linspace(-8, 8, 4001)
    # Slopes at most L, near those of the exact map where it is mild.
    exact = np.diff(UNEQUAL.ppf(special.ndtr(z))) / np.diff(z)
    kind = rng.integers(0, 3, len(exact) // 200 + 1).repeat(200)[: len(exact)]
    slopes = np.choose(kind, [np.minimum(exact, slope), slope, rng.uniform(0, slope)])
    points = rng.normal(0, 4) + np.concatenate([[0], (slopes * np.diff(z)).cumsum()])
    assert _tv(points, z, UNEQUAL) >= _fit(UNEQUAL, slope).lower - 1e-9


def test_the_floor_from_crossings_counts_where_it_is_the_highest():
    target = GaussianMixture([2.73, 5.96], [0.966, 0.414], [0.563, 0.437])
    fit = pushforward.tv_star(target, 0.47)  # the lattice leaves a gap of 1.5e-3
    assert 1e-6 < fit.upper - fit.lower < 1e-4


def test_two_near_atoms_have_the_bound_of_two_points():
    for slope in (1.0, 4.0, 40.0):
        fit = pushforward.tv_star(GaussianMixture([0, 4], 1e-5), slope)
        expected = stats.norm.cdf(4 / slope) - 0.5
        assert fit.value == pytest.approx(expected, abs=1e-4)


# --------------------------------------------------------------------------- bounds


def test_a_bound_from_samples_holds_for_the_model_that_made_them(generator):
    # The model N(0, 2^2) is a push-forward of slope 2; its distance is computed.
    x = np.linspace(-15, 15, 20_001)
    target = _pair(3)
    tv = np.abs(stats.norm.pdf(x, 0, 2) - target.pdf(x)).sum() * (x[1] - x[0]) / 2
    samples = 2 * torch.randn(20_000, generator=generator)
    bounds = [
        pushforward.tv_lower_bound_from_samples(samples[:n], target, 2.0)
        for n in (200, 20_000)
    ]
    assert 0 < bounds[0] < bounds[1] <= tv
    assert bounds[1] > pushforward.tv_lower_bound(target, 2.0)
    less = pushforward.tv_lower_bound_from_samples(samples, target, 2.0, 0.999)
    assert less < bounds[1]


@pytest.mark.parametrize("confidence", [0.5, 0.95])
@pytest.mark.parametrize("n", [40, 1000])
def test_a_bound_from_samples_leaves_the_band_of_massart(n, confidence):
    # Between two atoms at distance 4 the model needs mass for a step of 4 / L, where
    # its distribution function lies within the band around 1/2.
    samples, target = np.repeat([0.0, 4.0], n // 2), GaussianMixture([0, 4], 1e-5)
    band = math.sqrt(math.log(2 / (1 - confidence)) / 2 / n)
    ends = np.array([0.5 - band, 0.5 + band])
    needed = stats.norm.cdf(stats.norm.ppf(ends) + 4 / 3) - ends
    bound = pushforward.tv_lower_bound_from_samples(samples, target, 3.0, confidence)
    assert bound == pytest.approx(needed.min(), abs=1e-4)
    if confidence == 0.95:
        assert bound == pushforward.tv_lower_bound_from_samples(samples, target, 3.0)


@pytest.mark.parametrize(
    ("m", "slope", "reverse", "forward"),
    [(3, 2.0, 0.627, 0.589), (4, 5.0, 0.621, 0.285)],
)
def test_divergence_bounds_agree_with_the_table(m, slope, reverse, forward):
    target = _pair(m)
    assert pushforward.kl_lower_bound(target, slope, "reverse") == pytest.approx(
        reverse, abs=1e-3
    )
    found = pushforward.kl_lower_bound(target, slope)
    assert found == pytest.approx(forward, abs=1e-3)
    assert found >= 2 * pushforward.tv_lower_bound(target, slope) ** 2


#: From one mode to far ones, of like and unlike width, and with heavier tails.
TARGETS = {
    "one": GaussianMixture([1.0], 0.3),
    "near": _pair(1),
    "unequal": GaussianMixture([-2, 3], [0.2, 2.0], [0.7, 0.3]),
    "far": _pair(20, 0.3),
    "Laplace": stats.laplace(),
    "Student": stats.t(3),
}


def _spread(target):
    """Quartile to quartile, as a standard deviation."""
    return float(np.subtract(*target.ppf([0.75, 0.25]))) / 1.35


def _integral(function, law):
    """Integrate up to far in the tails of a law, by Gauss's rule on small cells."""
    mass = np.concatenate([10 ** np.arange(-14, -2, 0.5), np.linspace(0.01, 0.5, 60)])
    even = np.linspace(*law.ppf([0.001, 0.999]), 400)
    edges = np.unique(np.concatenate([law.ppf(mass), law.isf(mass), even]))
    nodes, weights = np.polynomial.legendre.leggauss(5)
    half = np.diff(edges)[:, None] / 2
    return float(
        (half * weights * function(edges[:-1, None] + half * (1 + nodes))).sum()
    )


def _divergence(p, q):
    """KL(p, q); what is left out of the tails of p is next to nothing, or positive."""

    def log_density(law, x):
        if hasattr(law, "logpdf"):
            return law.logpdf(x)
        return law.log_prob(torch.tensor(x)).numpy()

    def surplus(x):
        return np.exp(log_density(p, x)) * (log_density(p, x) - log_density(q, x))

    return _integral(surplus, p)


@pytest.mark.parametrize("share", [0.03, 0.3, 1.0, 2.5])
@pytest.mark.parametrize("name", TARGETS)
def test_divergence_bounds_lie_below_straight_lines(name, share):
    target = TARGETS[name]
    slope = share * _spread(target)
    forward, reverse = (
        pushforward.kl_lower_bound(target, slope, direction)
        for direction in ("forward", "reverse")
    )
    for middle in target.ppf([0.02, 0.25, 0.5, 0.75, 0.98]):
        model = stats.norm(middle, slope)
        assert 0 <= forward <= _divergence(target, model) * (1 + 1e-7) + 1e-7
        assert 0 <= reverse <= _divergence(model, target) * (1 + 1e-7) + 1e-7


@pytest.mark.parametrize("slope", [0.3, 0.8, 0.99])
def test_three_cells_see_a_share_of_the_divergence_of_two_gaussians(slope):
    # The best of all models of N(0, 1) may be N(0, L^2).
    one, other = stats.norm(), stats.norm(0, slope)
    for direction, pair in (("forward", (one, other)), ("reverse", (other, one))):
        real = _divergence(*pair)
        assert 0.2 * real < pushforward.kl_lower_bound(one, slope, direction) < real


def test_two_separate_parts_have_finite_bounds():
    parts = stats.rv_histogram(
        (np.array([1.0, 0.0, 1.0]), np.array([0.0, 1, 3, 4])), density=False
    )
    # A model that leaves one part out is at a divergence of log 2 at least, and one
    # with slope 1/2 has nearly as much in the gap as it has beside it.
    assert 0.6 < pushforward.kl_lower_bound(parts, 0.5, "reverse") < math.log(2)
    assert 0 < pushforward.kl_lower_bound(parts, 0.5) < math.inf


@pytest.mark.parametrize("slope", [5e-324, 1e-310])
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_the_smallest_slopes_have_finite_bounds(slope, direction):
    bound = pushforward.kl_lower_bound(stats.norm(0, 100), slope, direction)
    assert 0 <= bound < math.inf
    assert 0.49 < pushforward.tv_lower_bound(stats.norm(0, 100), slope) < 1


def test_transport_is_scaled_and_ends_where_the_fit_is_exact():
    target = _pair(2, 0.4)
    one = pushforward.wasserstein1_star(target, [0.5, 2.0, 5.0])
    assert np.all(np.diff(one) < 0)
    scaled = GaussianMixture(1000 * target.means, 1000, target.weights)
    many = pushforward.wasserstein1_star(scaled, [500.0, 2000.0, 5000.0])
    np.testing.assert_allclose(many, 1000 * one, rtol=1e-9)
    slope = pushforward.lipschitz_min(target)
    assert pushforward.wasserstein1_star(target, slope) == 0


@pytest.mark.parametrize("target", [stats.cauchy(), stats.levy(), stats.pareto(1)])
def test_transport_to_a_law_without_a_first_moment_is_refused(target):
    with pytest.raises(ValueError, match=r"^target: .* first moment, got"):
        pushforward.wasserstein1_star(target, 1.0)


@pytest.mark.parametrize("target", [_pair(2), stats.t(2), stats.uniform()])
def test_a_law_with_a_first_moment_has_a_transport_distance(target):
    assert 0 < pushforward.wasserstein1_star(target, 0.1 * _spread(target)) < math.inf


@pytest.mark.parametrize(
    ("m", "expected"), [(2, [3.0, 5.0, 6.9]), (3, [7.1, 19.0, 60.4])]
)
def test_the_slope_needed_agrees_with_the_table(m, expected):
    target = _pair(m)
    needed = [pushforward.lipschitz_needed(target, tv) for tv in (0.1, 0.02, 0.001)]
    np.testing.assert_allclose(needed, expected, atol=0.055)
    assert pushforward.lipschitz_needed(target, 0) == pytest.approx(math.exp(m**2 / 2))


def test_the_slope_needed_is_the_one_that_is_needed():
    target = GaussianMixture([-2, 2], [0.5, 1], [0.3, 0.7])
    slope = pushforward.lipschitz_needed(target, 0.07)
    assert pushforward.tv_star(target, slope).value == pytest.approx(0.07, abs=1e-6)
    assert pushforward.lipschitz_needed(target, 0.9) < 1


# ----------------------------------------------------------------- chains, interfaces


def test_a_linear_chain_has_its_exact_constant():
    # X_2 = l_2 (l_1 s_0 Z_0 + s_1 Z_1) + s_2 Z_2 is a linear map of three noises.
    steps, noises = [3.0, 0.5], [1.0, 2.0, 0.7]
    row = [3.0 * 0.5 * 1.0, 0.5 * 2.0, 0.7]
    assert pushforward.chain_lipschitz(steps, noises) == pytest.approx(
        np.linalg.norm(row), rel=1e-14
    )
    assert pushforward.chain_lipschitz([1e200] * 2, [1.0] * 3) == math.inf


def test_the_density_of_a_map_is_that_of_its_law():
    z, x = np.linspace(-6, 6, 4001), np.linspace(-9, 9, 101)
    straight = pushforward.map_density(z, 2 * z + 1, x)
    np.testing.assert_allclose(straight, stats.norm.pdf(x, 1, 2), atol=1e-6)
    bent = pushforward.map_density(z, np.maximum(z, 0), x)  # an atom, and a half-bell
    np.testing.assert_allclose(bent[x > 0.1], stats.norm.pdf(x[x > 0.1]), atol=1e-6)
    assert np.all(bent[x < -0.1] == 0)


def test_the_density_of_a_map_is_zero_where_the_map_does_not_go():
    density = pushforward.map_density([-1.0, 1.0], [3.0, 7.0], [4.9, 5.0, 5.1])
    mass = stats.norm.cdf(1) - stats.norm.cdf(-1)
    np.testing.assert_allclose(density, [0, mass / 4, 0])


def test_where_the_line_is_looked_at_does_not_change_what_moves():
    z, x = np.linspace(-3, 3, 4001), np.linspace(-2, 2, 9)
    far = pushforward.map_density(z, 1e9 + z, 1e9 + x)
    np.testing.assert_allclose(far, stats.norm.pdf(x), atol=1e-3)


def test_a_map_needs_two_latents():
    with pytest.raises(ValueError, match=r"^z: expected increasing numbers, got"):
        pushforward.map_density([0.0], [0.0], 0.0)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_what_hardly_moves_is_an_atom_and_has_no_density(unit):
    z = np.linspace(-6, 6, 4001)
    nearly = unit * np.maximum(z, 1e-15 * z)
    got = pushforward.map_density(z, nearly, unit * np.array([-1.0, 0.0, 1.0]))
    assert got[:2].tolist() == [0, 0]
    assert got[2] * unit == pytest.approx(stats.norm.pdf(1), abs=1e-6)


@pytest.mark.parametrize(
    "bound",
    [
        pushforward.tv_lower_bound,
        pushforward.kl_lower_bound,
        pushforward.wasserstein1_star,
        lambda target, slope: pushforward.tv_star(target, slope).value,
        lambda target, slope: pushforward.tv_lower_bound_from_samples(
            np.linspace(-3, 3, 50), target, slope
        ),
    ],
)
def test_arrays_go_in_and_come_out(bound):
    target = _pair(2)
    values = bound(target, [[1.0, 2.0, 3.0]])
    assert values.shape == (1, 3)
    assert values.dtype == np.float64
    assert isinstance(bound(target, 2), float)
    assert values[0, 1] == bound(target, np.float32(2.0))


def test_an_array_of_slopes_has_a_map_with_one_row_each():
    fit = pushforward.tv_star(_pair(2), [[2.0], [5.0]])
    rows = fit.map(np.linspace(-1, 1, 7))
    assert rows.shape == (2, 1, 7)
    single = pushforward.tv_star(_pair(2), 5.0).map(np.linspace(-1, 1, 7))
    np.testing.assert_array_equal(rows[1, 0], single)
