"""Noise in known shares: the marginals are exact, and exact steps lead back."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from seeds import seeded

from lecture_code import densities, noising

TARGET = densities.GaussianMixture([-1.5, 0.5], [0.3, 0.6], [0.25, 0.75])
PLANE = densities.IsotropicMixture([[-1.0, 0.5], [2.0, 1.0]], [0.4, 0.7], [0.6, 0.4])
SCHEDULES = {"cosine": noising.cosine, "straight": lambda t: t}
each_schedule = pytest.mark.parametrize("level", SCHEDULES.values(), ids=SCHEDULES)


@each_schedule
def test_rates_lie_on_the_circle_from_data_to_noise(level):
    alpha, sigma = noising.rates(torch.linspace(0, 1, 101), level)
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones(101).double())
    assert (alpha[0], sigma[0]) == (1, 0)
    assert (alpha[-1], sigma[-1]) == (0, 1)
    assert (sigma.diff() > 0).all()


def test_the_cosine_schedule_turns_by_equal_angles():
    alpha, sigma = noising.rates([0.0, 1 / 3, 2 / 3, 1.0])
    angles = torch.atan2(sigma, alpha)
    assert angles.diff().tolist() == pytest.approx([math.pi / 6] * 3)


@each_schedule
@pytest.mark.parametrize("t", [0.0, 0.3, 0.9, 1.0])
def test_noised_samples_follow_the_marginal(level, t):
    alpha, sigma = noising.rates(t, level)
    x = TARGET.sample(4000, seeded()).double()
    noised = alpha * x + sigma * torch.randn(4000, generator=seeded(2))
    law = noising.marginal(TARGET, t, level=level)
    assert stats.kstest(noised.numpy(), law.cdf).pvalue > 1e-3


def test_the_marginal_in_the_plane_is_of_the_same_kind():
    law = noising.marginal(PLANE, 0.5)
    assert isinstance(law, densities.IsotropicMixture)
    np.testing.assert_allclose(law.means, PLANE.means * math.sqrt(0.5))
    np.testing.assert_allclose(law.scales**2, (PLANE.scales**2 + 1) / 2)


@each_schedule
@pytest.mark.parametrize("t", [0.05, 0.5, 1.0])
def test_the_exact_denoiser_is_the_posterior_mean(level, t):
    """Hold it against Bayes' rule by quadrature."""
    alpha, sigma = (rate.item() for rate in noising.rates(t, level))
    denoise = noising.exact_denoiser(TARGET, level=level)
    y = torch.tensor([-2.0, 0.1, 1.4], dtype=torch.float64)
    x = torch.linspace(-8, 8, 20_001).double()
    bells = (-(((y[:, None] - alpha * x) / sigma) ** 2) / 2).exp()
    weights = bells * torch.from_numpy(TARGET.pdf(x))
    want = weights @ x / weights.sum(dim=1)
    torch.testing.assert_close(denoise(y, t), want, atol=1e-6, rtol=0)


def test_one_step_gives_the_mean_and_nothing_else():
    x = torch.randn(50, generator=seeded(), dtype=torch.float64)
    end = noising.reverse(noising.exact_denoiser(TARGET), x, [1.0, 0.0])[-1]
    torch.testing.assert_close(end, torch.zeros(50).double())  # -1.5/4 + 0.5 * 3/4


@pytest.mark.parametrize("churn", [0.0, 0.5, 1.0])
def test_a_step_with_the_true_data_keeps_the_law_of_the_noise(churn):
    """With D = x0 the point stays N(alpha x0, sigma^2), whatever is fresh."""
    clean = torch.full((40_000,), 0.8, dtype=torch.float64)
    alpha, sigma = noising.rates([0.7, 0.4])
    x = alpha[0] * clean + sigma[0] * noising.like(clean, seeded())
    after = noising.reverse(
        lambda x, t: clean, x, [0.7, 0.4], churn=churn, generator=seeded(2)
    )[-1]
    error = 5 * sigma[1].item() / 200
    assert after.mean().item() == pytest.approx(0.8 * alpha[1].item(), abs=error)
    assert after.std().item() == pytest.approx(sigma[1].item(), abs=error)


def test_the_ancestral_step_is_bayes_rule():
    """Its noise has the variance of the Gaussian posterior given both ends."""
    (a, b), (s, r) = ([v.item() for v in pair] for pair in noising.rates([0.7, 0.4]))
    step = a / b
    fresh = s**2 - step**2 * r**2  # what the forward process adds between the two
    posterior = 1 / (1 / r**2 + step**2 / fresh)
    clean = torch.zeros(40_000, dtype=torch.float64)
    x = torch.full_like(clean, 1.0)
    end = noising.reverse(
        lambda x, t: clean, x, [0.7, 0.4], churn=1.0, generator=seeded()
    )[-1]
    assert end.var().item() == pytest.approx(posterior, rel=0.04)
    assert end.mean().item() == pytest.approx(posterior * step / fresh, abs=0.02)


def test_noise_is_the_same_for_every_dtype():
    one = noising.like(torch.zeros(3), seeded())
    two = noising.like(torch.zeros(3).double(), seeded())
    assert torch.equal(one.double(), two)


@pytest.mark.parametrize("t", [0.99, 0.999, 0.9999, 0.99999, 0.999999])
@pytest.mark.parametrize("law", [TARGET, PLANE], ids=["line", "plane"])
def test_single_precision_costs_the_denoiser_no_digits_near_noise(law, t):
    denoise, x = noising.exact_denoiser(law), law.sample(9, seeded())
    want = denoise(x.double(), t)
    torch.testing.assert_close(denoise(x, t).double(), want, rtol=1e-6, atol=1e-7)
