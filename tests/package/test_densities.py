"""Densities: the laws that tie pdf, cdf, quantile, score and samples together."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from seeds import seeded

from lecture_code.densities import Banana, GaussianMixture, IsotropicMixture

MIXTURES = [
    GaussianMixture([0.0]),
    GaussianMixture([-10.0, 10.0]),
    GaussianMixture([3.0, -1.0, 0.5], [0.1, 2.0, 0.7], [0.2, 0.3, 0.5]),
    GaussianMixture([0.0, 1e3], [1e-3, 10.0], [0.999, 0.001]),
    GaussianMixture([-1.0, 0.0, 2.0], 0.5, [0.6, 0.0, 0.4]),
]
PLANAR = [
    IsotropicMixture([[0.0, 1.0], [2.0, -1.0]], [0.5, 1.0], [0.3, 0.7]),
    Banana(),
    Banana(curvature=-0.4, scale=1.3),
]
mixtures = pytest.mark.parametrize("mixture", MIXTURES, ids=repr)

finite = st.floats(-50, 50)


@st.composite
def drawn_mixtures(draw: st.DrawFn) -> GaussianMixture:
    k = draw(st.integers(1, 5))
    means = draw(st.lists(finite, min_size=k, max_size=k))
    scales = draw(st.lists(st.floats(0.01, 10), min_size=k, max_size=k))
    raw = np.array(draw(st.lists(st.floats(0.01, 1), min_size=k, max_size=k)))
    return GaussianMixture(means, scales, raw / raw.sum())


def spread(mixture: GaussianMixture, reach: float = 6.0) -> np.ndarray:
    """Points around every component."""
    steps = np.linspace(-reach, reach, 41)
    return np.sort((mixture.means + mixture.scales * steps[:, None]).ravel())


def exact_tail(mixture: GaussianMixture, x: float, side: int) -> mpmath.mpf:
    """Sum the tail on one side (-1: left) with 50 digits."""
    with mpmath.workdps(50):
        parts = zip(mixture.weights, mixture.means, mixture.scales, strict=True)
        return mpmath.fsum(
            mpmath.mpf(w) * mpmath.ncdf(-side * (mpmath.mpf(x) - m) / mpmath.mpf(s))
            for w, m, s in parts
        )


# ------------------------------------------------------------------------ on the line


@mixtures
def test_pdf_is_the_derivative_of_cdf(mixture):
    x = spread(mixture, 4.0)
    h = 1e-4 * mixture.scales.min()
    slope = (mixture.cdf(x + h) - mixture.cdf(x - h)) / (2 * h)
    peak = mixture.pdf(mixture.means).max()
    np.testing.assert_allclose(slope, mixture.pdf(x), rtol=1e-6, atol=1e-6 * peak)


@mixtures
def test_log_prob_is_the_log_of_pdf(mixture):
    x = spread(mixture)
    log_pdf = mixture.log_prob(torch.tensor(x)).numpy()
    np.testing.assert_allclose(np.exp(log_pdf), mixture.pdf(x), rtol=1e-12)


def test_one_component_agrees_with_scipy():
    x = np.linspace(-35, 39, 75)
    ours, theirs = GaussianMixture([2.0], 1.5), stats.norm(2.0, 1.5)
    for name in ("pdf", "cdf", "sf"):
        expected = getattr(theirs, name)(x)
        np.testing.assert_allclose(getattr(ours, name)(x), expected, rtol=1e-12)
    u = np.array([1e-300, 1e-20, 0.1, 0.5, 0.9])
    np.testing.assert_allclose(ours.ppf(u), theirs.ppf(u), rtol=1e-13)
    np.testing.assert_allclose(ours.isf(u), theirs.isf(u), rtol=1e-13)


@pytest.mark.parametrize("reach", [0.3, 5.0, 20.0, 30.0, 37.0])
@mixtures
def test_tails_keep_their_relative_accuracy(mixture, reach):
    left = float((mixture.means - reach * mixture.scales).min())
    right = float((mixture.means + reach * mixture.scales).max())
    assert abs(mixture.cdf(left) / exact_tail(mixture, left, -1) - 1) < 1e-12
    assert abs(mixture.sf(right) / exact_tail(mixture, right, 1) - 1) < 1e-12


@given(drawn_mixtures(), finite)
def test_cdf_and_sf_share_the_mass(mixture, x):
    assert 0 <= mixture.cdf(x) <= 1
    assert mixture.cdf(x) + mixture.sf(x) == pytest.approx(1.0, abs=1e-15)


@given(drawn_mixtures(), st.floats(1e-300, 0.5))
def test_quantiles_cut_off_the_tail_asked_for(mixture, tail):
    # One ulp of x moves the tail by its hazard, so that much must be allowed.
    left, right = mixture.ppf(tail), mixture.isf(tail)
    slack = mixture.pdf(left) * np.spacing(abs(left)) / tail
    assert mixture.cdf(left) == pytest.approx(tail, rel=1e-12 + 4 * slack, abs=0)
    slack = mixture.pdf(right) * np.spacing(abs(right)) / tail
    assert mixture.sf(right) == pytest.approx(tail, rel=1e-12 + 4 * slack, abs=0)


def test_quantiles_in_a_valley_twenty_scales_wide():
    # Between the modes F differs from 1/2 by less than float64 shows; the part of it
    # that lies beyond the smaller tail is known, and so is the point.
    mixture = GaussianMixture([-10.0, 10.0])
    tail = 0.5 - 2.0**-53
    x = mixture.isf(tail)
    short = 0.5 - exact_tail(mixture, x, 1)
    assert float(short) == pytest.approx(2.0**-53, rel=1e-12, abs=0)
    assert mixture.ppf(tail) == -x


def test_a_symmetric_mixture_has_symmetric_quantiles():
    mixture = GaussianMixture([-3.0, 3.0], 0.7)
    u = np.array([1e-12, 0.2, 0.5 - 2.0**-53])
    np.testing.assert_array_equal(mixture.ppf(u), -mixture.isf(u))
    np.testing.assert_array_equal(mixture.ppf(1 - u), mixture.isf(1 - (1 - u)))
    assert mixture.ppf(0.5) == 0.0


@mixtures
def test_quantiles_rise_between_infinite_ends(mixture):
    u = np.concatenate([np.logspace(-300, -1, 60), np.linspace(0.11, 1 - 1e-16, 90)])
    assert np.all(np.diff(mixture.ppf([0, *u, 1])) >= 0)
    assert np.all(np.diff(mixture.isf([0, *u, 1])) <= 0)
    assert mixture.ppf([0, 1]).tolist() == [-np.inf, np.inf]
    assert mixture.isf([0, 1]).tolist() == [np.inf, -np.inf]


@pytest.mark.parametrize("name", ["pdf", "cdf", "sf", "ppf", "isf"])
def test_results_have_the_shape_of_the_input(name):
    call = getattr(MIXTURES[2], name)
    grid = np.linspace(0.1, 0.9, 6).reshape(2, 3)
    result = call(torch.tensor(grid))
    assert result.shape == (2, 3)
    assert result.dtype == np.float64
    assert result[1, 2] == call(float(grid[1, 2]))


# ---------------------------------------------------------------------- in the plane


def test_isotropic_mixture_agrees_with_scipy():
    means = np.arange(6.0).reshape(2, 3)
    mixture = IsotropicMixture(means, [0.5, 2.0], [0.25, 0.75])
    x = np.linspace(-1, 6, 12).reshape(4, 3)
    expected = 0.25 * stats.multivariate_normal(means[0], 0.25).pdf(x)
    expected += 0.75 * stats.multivariate_normal(means[1], 4.0).pdf(x)
    log_prob = mixture.log_prob(torch.tensor(x)).numpy()
    np.testing.assert_allclose(log_prob, np.log(expected), rtol=1e-12)


def test_banana_without_curvature_is_gaussian():
    x = torch.linspace(-2, 2, 10, dtype=torch.float64).reshape(5, 2)
    expected = stats.multivariate_normal([0, 0], np.diag([1, 0.25])).logpdf(x)
    np.testing.assert_allclose(Banana(curvature=0.0).log_prob(x), expected, rtol=1e-12)


def test_far_points_have_finite_scores_and_no_nan():
    x = torch.tensor([-1e30, 1e30, 0.0], dtype=torch.float64)
    mixture = GaussianMixture([0.0, 1e20], [1e-20, 1e20])
    for values in (mixture.log_prob(x), mixture.score(x)):
        assert torch.isfinite(values).all()
    bent = Banana(curvature=1e20, scale=1e-20)
    assert torch.isfinite(bent.log_prob(x[:2].reshape(1, 2))).all()
    assert torch.isfinite(bent.score(x[:2].reshape(1, 2))).all()


# --------------------------------------------------------------------------- samples


@mixtures
def test_samples_follow_the_cdf(mixture, generator):
    n = 20_000
    x = mixture.sample(n, generator).double().numpy()
    u = np.array([0.01, 0.1, 0.3, 0.5, 0.7, 0.95, 0.9995])
    at = np.append(mixture.ppf(u), mixture.means)
    share = (x[:, None] <= at.astype(np.float32)).mean(0)
    expected = mixture.cdf(at.astype(np.float32))
    sigma = np.sqrt(expected * (1 - expected) / n)
    assert np.all(np.abs(share - expected) < 5 * sigma)


def test_planar_samples_follow_their_components(generator):
    # Scaled distances to the nearest of two far centres are chi-square with 2 degrees.
    mixture = IsotropicMixture([[-50.0, 0.0], [50.0, 0.0]], [1.0, 3.0], [0.2, 0.8])
    x = mixture.sample(20_000, generator).double().numpy()
    right = x[:, 0] > 0
    assert abs(right.mean() - 0.8) < 5 * math.sqrt(0.16 / len(x))
    scaled = (x - mixture.means[right.astype(int)]) / np.where(right, 3.0, 1.0)[:, None]
    assert stats.kstest((scaled**2).sum(1), stats.chi2(2).cdf).pvalue > 1e-6


def test_a_component_of_weight_zero_is_never_drawn(generator):
    mixture = GaussianMixture([0.0, 100.0], weights=[1.0, 0.0])
    assert mixture.sample(5000, generator).max() < 50
    assert torch.isfinite(mixture.score(torch.tensor([0.0, 100.0]))).all()


# ------------------------------------------------------------------- interface, errors


def test_parameters_are_read_only_copies():
    means = np.array([-1.0, 1.0])
    mixture = GaussianMixture(means, 2.0)
    means[0] = 7.0
    assert mixture.means[0] == -1.0
    for values in (mixture.means, mixture.scales, mixture.weights):
        assert values.dtype == np.float64
        assert values.shape == (2,)
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0.0


def test_weights_are_equal_by_default_and_sum_to_one():
    np.testing.assert_array_equal(GaussianMixture([0, 1, 2, 3]).weights, [0.25] * 4)
    nearly = GaussianMixture([0, 1], weights=[0.5, 0.5000001])
    assert nearly.weights.sum() == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_log_prob_and_score_keep_shape_and_dtype(dtype):
    x = torch.zeros(2, 3, dtype=dtype)
    for values in (MIXTURES[1].log_prob(x), MIXTURES[1].score(x)):
        assert values.shape == x.shape
        assert values.dtype == dtype
    for density in PLANAR:
        points = torch.zeros(4, 2, dtype=dtype)
        assert density.log_prob(points).shape == (4,)
        assert density.score(points).shape == (4, 2)
        assert density.score(points).dtype == density.log_prob(points).dtype == dtype


# ---------------------------------------------------------------- noise and its removal

NOISY = IsotropicMixture([[0.0, 1.0], [2.0, -1.0]], [0.5, 1.0], [0.3, 0.7])


@pytest.mark.parametrize("sigma", [0.0, 0.4, 3.0])
def test_noised_is_the_law_of_a_sample_plus_noise(sigma, generator):
    noise = torch.randn(20_000, 2, generator=generator)
    drawn = (NOISY.sample(20_000, generator) + sigma * noise).numpy()
    law = NOISY.noised(sigma)
    for axis in (0, 1):
        column = GaussianMixture(law.means[:, axis], law.scales, law.weights)
        assert stats.kstest(drawn[:, axis], column.cdf).pvalue > 1e-6


@pytest.mark.parametrize("sigma", [0.3, 1.5])
def test_the_posterior_mean_steps_along_the_score(sigma):
    y = torch.linspace(-4, 4, 24, dtype=torch.float64).reshape(12, 2)
    step = NOISY.posterior_mean(y, sigma) - y
    torch.testing.assert_close(step / sigma**2, NOISY.noised(sigma).score(y))


def test_without_noise_nothing_is_removed():
    y = torch.randn(5, 2, dtype=torch.float64)
    torch.testing.assert_close(NOISY.posterior_mean(y, 0.0), y)


# ----------------------------------------------------------- exact hits and last bounds


def test_quantiles_that_a_halving_hits_exactly():
    # F is 1/2 up to rounding on a long stretch; its middle is met first.
    assert GaussianMixture([-100.0, 100.0]).ppf(0.5) == 0.0
    assert GaussianMixture([-100.0, 100.0]).isf(0.5) == 0.0


@pytest.mark.parametrize("weights", [[0.2, 0.2, 0.6], [0.6, 0.2, 0.2]])
def test_a_halving_that_meets_a_centre_goes_on(weights):
    mixture = GaussianMixture([-3.0, 0.0, 3.0], weights=weights)
    assert mixture.cdf(mixture.ppf(0.5)) == pytest.approx(0.5, abs=1e-15)


def test_no_mass_exceeds_one_though_rounded_weights_may():
    mixture = GaussianMixture(np.zeros(13))
    assert np.ones(13) @ mixture.weights > 1
    assert mixture.cdf(1e30) == mixture.sf(-1e30) == 1


def test_scales_are_one_by_default():
    assert IsotropicMixture([[0.0, 2.0]]).scales.tolist() == [1.0]


def test_samples_are_drawn_in_float64_and_then_rounded():
    generator = seeded(2)
    z = torch.randn(2, 5, generator=generator, dtype=torch.float64)
    drawn = Banana(curvature=0, scale=3).sample(5, seeded(2))
    assert torch.equal(drawn, torch.stack([z[0], 3 * z[1]], dim=1).float())
    one = torch.ones(1, dtype=torch.float64)
    generator.manual_seed(2)
    torch.multinomial(one, 5, replacement=True, generator=generator)
    z = torch.randn(5, 2, generator=generator, dtype=torch.float64)
    mixture = IsotropicMixture([[1.0, -1.0]], 3)
    drawn = mixture.sample(5, seeded(2))
    assert torch.equal(drawn, (torch.tensor([1.0, -1.0]) + 3 * z).float())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_posterior_mean_has_the_precision_of_the_noisy_points(dtype):
    mixture = IsotropicMixture([[0.0, 0.0], [1.0, 1.0]])
    assert mixture.posterior_mean(torch.zeros(3, 2, dtype=dtype), 0.5).dtype is dtype
