"""Output laws are laws: they sum or integrate to one, and samples follow them."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats
from seeds import seeded

from lecture_code import likelihoods


def _grey(levels: int = 5) -> likelihoods.Logistics:
    return likelihoods.Logistics(levels, components=2)


@pytest.mark.parametrize("spread", [0.1, 3.0, 40.0])
def test_grey_levels_sum_to_one_and_none_is_impossible(spread):
    a = spread * torch.randn(50, 4 * 6, generator=seeded(), dtype=torch.float64)
    p = _grey().probabilities(a)
    torch.testing.assert_close(p.sum(dim=2), torch.ones(50, 4).double())
    assert p.min() >= 1e-5 / 5


def test_a_grey_level_takes_the_mass_between_its_edges():
    # one logistic, mean 0.25 and slope 2, on the scale where levels are -1, 0, 1
    law = likelihoods.Logistics(3, components=1)
    a = torch.tensor([[0.7, 0.25, math.log(2)]], dtype=torch.float64)
    cdf = stats.logistic(loc=0.25, scale=0.5).cdf
    want = [cdf(-0.5), cdf(0.5) - cdf(-0.5), 1 - cdf(0.5)]
    want = (1 - 1e-4) * torch.tensor(want) + 1e-4 / 3
    torch.testing.assert_close(law.probabilities(a)[0, 0], want)


def test_log_prob_looks_the_level_up():
    a = torch.randn(6, 2 * 6, generator=seeded(1), dtype=torch.float64)
    x = torch.tensor([[0.0, 4], [1, 3], [2, 2], [3, 1], [4, 0], [0, 0]])
    table = _grey().probabilities(a).gather(2, x.long()[..., None])
    torch.testing.assert_close(_grey().log_prob(x, a), table.log().sum(dim=(1, 2)))


def test_bernoulli_is_the_probability_of_ink():
    a = torch.tensor([[0.3, -2.0]], dtype=torch.float64)
    law, p = likelihoods.Bernoulli(), a.sigmoid()
    got = [law.log_prob(torch.tensor([[1.0, bit]]), a) for bit in (1, 0)]
    torch.testing.assert_close(got[0], (p[:, 0] * p[:, 1]).log())
    torch.testing.assert_close(got[1], (p[:, 0] * (1 - p[:, 1])).log())
    torch.testing.assert_close(law.mean(a), p)


def test_gaussian_is_scipys():
    law = likelihoods.Gaussian(0.7)
    x, a = torch.tensor([[0.2, -1.0]]), torch.tensor([[1.0, 0.5]]).double()
    want = stats.norm([1.0, 0.5], 0.7).logpdf(x.numpy()).sum()
    assert law.log_prob(x, a).item() == pytest.approx(want, abs=1e-6)


@pytest.mark.parametrize(
    ("law", "columns"),
    [(likelihoods.Bernoulli(), 4), (_grey(), 24), (likelihoods.Gaussian(0.5), 4)],
    ids=repr,
)
def test_the_mean_of_samples_is_the_mean(law, columns):
    a = torch.randn(1, columns, generator=seeded(2), dtype=torch.float64)
    drawn = law.draw(a.expand(20_000, -1), seeded(3)).double()
    error = drawn.std(dim=0) / math.sqrt(len(drawn))
    assert drawn.shape == (20_000, 4)
    assert ((drawn.mean(dim=0) - law.mean(a)[0]).abs() < 5 * error).all()


def test_samples_of_grey_levels_pass_a_chi_square_test():
    a = torch.randn(1, 6, generator=seeded(4), dtype=torch.float64)
    drawn = _grey().draw(a.expand(20_000, -1), seeded(5)).long().flatten()
    want = 20_000 * _grey().probabilities(a)[0, 0].numpy()
    assert stats.chisquare(torch.bincount(drawn, minlength=5), want).pvalue > 1e-4


def test_gradients_stay_finite_far_out():
    a = torch.tensor([[900.0, -900, 500, -500, 90, -90]], requires_grad=True)
    value = _grey().log_prob(torch.tensor([[4.0]]), a)
    (gradient,) = torch.autograd.grad(value.sum(), a)
    assert torch.isfinite(value).all()
    assert torch.isfinite(gradient).all()
