"""Diffusion models: one network, four views of it, and samples of the right law."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from seeds import seeded

from lecture_code import densities, diffusion, networks, noising

PLANE = densities.IsotropicMixture([[-1.0, 0.5], [2.0, 1.0]], [0.4, 0.7], [0.6, 0.4])


class Exact(torch.nn.Module):
    """The velocity that follows from the exact denoiser of a mixture."""

    def __init__(self, target):
        super().__init__()
        parts = target.means, target.scales, target.weights
        self.parts = [torch.tensor(part) for part in parts]

    def forward(self, x, t, labels=None):
        means, scales, weights = (part.to(x) for part in self.parts)
        alpha, sigma = (rate[:, None].to(x) for rate in noising.rates(t))
        variance = (alpha * scales) ** 2 + sigma**2  # of each noised component
        apart = x[:, None] - alpha[..., None] * means
        fit = -apart.square().sum(dim=2) / variance / 2 - variance.log()
        shares = (weights.log() + fit).softmax(dim=1)
        cleaned = means + (alpha * scales**2 / variance)[..., None] * apart
        clean = (shares[..., None] * cleaned).sum(dim=1)
        return (alpha * x - clean) / sigma.clamp_min(1e-9)


def exact():
    return diffusion.Diffusion(Exact(PLANE), d=2)


def random(classes=3, d=2):
    net = networks.TimeMLP(d, hidden=8, classes=classes)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(std=0.3)
    return diffusion.Diffusion(net, d=d, classes=classes)


X = torch.randn(5, 2, generator=seeded(0), dtype=torch.float64)
T = [0.1, 0.3, 0.5, 0.8, 1.0]


def test_the_views_agree_with_each_other():
    model = random()
    alpha, sigma = (rate[:, None] for rate in noising.rates(T))
    clean, noise = model.denoise(X, T), model.noise(X, T)
    torch.testing.assert_close(alpha * clean + sigma * noise, X)
    torch.testing.assert_close(model.velocity(X, T), alpha * noise - sigma * clean)
    torch.testing.assert_close(model.score(X, T), -noise / sigma)


def test_score_is_the_gradient_of_the_log_density_for_the_exact_network():
    for t in (0.05, 0.4, 0.9):
        x = X.clone().requires_grad_()
        log_prob = noising.marginal(PLANE, t).log_prob(x).sum()
        (gradient,) = torch.autograd.grad(log_prob, x)
        torch.testing.assert_close(exact().score(X, t), gradient)


class Strict(torch.nn.Module):
    """A network that takes its own precision only, and checks nothing else."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)

    def forward(self, x, t, labels):
        assert x.dtype is t.dtype is self.linear.weight.dtype
        return self.linear(x)


def test_the_network_is_asked_in_its_own_precision_and_at_times_that_exist():
    model = diffusion.Diffusion(Strict(), d=2)
    want = model.network.linear(X.float()).double()
    assert torch.equal(model.velocity(X, T), want)
    with pytest.raises(
        ValueError, match=r"^t: expected entries >= 0 and <= 1, got 1\.5$"
    ):
        model.velocity(X, 1.5)


def test_nothing_is_taken_away_where_there_is_no_noise():
    torch.testing.assert_close(random().denoise(X, 0.0), X)


def test_the_error_is_the_same_in_velocity_noise_and_data():
    model, eps, t = random(), torch.randn_like(X), [0.1, 0.3, 0.5, 0.7, 0.9]
    alpha, sigma = (rate[:, None] for rate in noising.rates(t))
    noisy = alpha * X + sigma * eps
    in_noise = ((model.noise(noisy, t) - eps) / alpha).square().mean(1)
    in_data = ((model.denoise(noisy, t) - X) / sigma).square().mean(1)
    torch.testing.assert_close(model.errors(X, t, eps), in_noise)
    torch.testing.assert_close(model.errors(X, t, eps), in_data)


def test_the_exact_network_has_the_least_loss():
    x = PLANE.sample(10_000, seeded()).double()
    model = exact()
    least = model.loss(x, generator=seeded(2)).item()
    true = model.network
    for change in (lambda v: 1.1 * v, lambda v: 0.9 * v, lambda v: v + 0.1):
        model.network = Changed(true, change)
        assert model.loss(x, generator=seeded(2)).item() > least


class Changed(torch.nn.Module):
    def __init__(self, network, change):
        super().__init__()
        self.network, self.change = network, change

    def forward(self, x, t, labels):
        return self.change(self.network(x, t, labels))


def test_loss_averages_errors_at_times_spread_over_the_unit_interval():
    model = random(classes=0)
    noise = seeded(3)
    u = torch.rand(1, generator=noise)
    torch.rand(5, generator=noise)  # who would lose a label
    t = ((torch.arange(5) + u) / 5).double()
    eps = torch.randn(5, 2, generator=noise).double()
    want = model.errors(X, t, eps).mean()
    torch.testing.assert_close(model.loss(X, generator=seeded(3)), want)


def test_one_label_in_ten_is_withheld():
    heard = []

    class Listening(torch.nn.Module):
        def forward(self, x, t, labels):
            heard.append(labels)
            return x

    model = diffusion.Diffusion(Listening(), d=1, classes=4)
    model.loss(torch.zeros(20_000, 1), torch.full((20_000,), 2), seeded())
    share = (heard[-1] == 4).double().mean().item()
    assert share == pytest.approx(0.1, abs=0.011)
    assert set(heard[-1].tolist()) == {2, 4}


# ------------------------------------------------------------------------------ samples


def test_samples_of_the_exact_network_have_the_moments_of_the_target():
    x = exact().sample(400, seeded(), steps=60)
    want = PLANE.weights @ PLANE.means
    assert x.dtype is torch.float32
    spread = x.std(dim=0).numpy() / 20
    assert (np.abs(x.mean(dim=0).numpy() - want) < 5 * spread).all()
    left = (x[:, 0] < 0.3).double().mean().item()
    assert left == pytest.approx(0.6, abs=5 * (0.24 / 400) ** 0.5)


def test_guidance_weighs_the_class_against_none():
    model, labels = random().double(), torch.tensor([0, 1, 2, 0, 1])
    told, free = model.denoise(X, 0.6, labels), model.denoise(X, 0.6)
    for w in (0.0, 1.0, 2.0, 2.5):
        torch.testing.assert_close(
            model._guide(X, 0.6, labels, w), free + w * (told - free)
        )


def test_the_schedule_given_is_the_one_used():
    def level(t):
        return t

    net = networks.TimeMLP(2, hidden=8)
    model = diffusion.Diffusion(net, d=2, level=level)
    alpha, sigma = (rate[:, None] for rate in noising.rates(T, level))
    want = alpha * X - sigma * model.velocity(X, T)
    torch.testing.assert_close(model.denoise(X, T), want)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_view_has_the_precision_of_the_points(dtype):
    model, x = random(), X.to(dtype)
    for view in (model.velocity, model.denoise, model.noise, model.score):
        assert view(x, T).dtype is dtype
    assert model.errors(x, T, x).dtype is dtype


def test_labels_are_followed_and_drawn_evenly_without_a_wish():
    class Told(torch.nn.Module):
        """Data at 3, 6, 9, ... for the classes 0, 1, 2, ... and nothing else."""

        def forward(self, x, t, labels):
            alpha, sigma = (r[:, None].to(x) for r in noising.rates(t))
            return (alpha * x - 3.0 * (labels[:, None] + 1)) / sigma.clamp_min(1e-6)

    model = diffusion.Diffusion(Told(), d=1, classes=4)
    labels = torch.tensor([3, 0, 2])
    x = model.sample(3, seeded(), labels)
    torch.testing.assert_close(x[:, 0], 3.0 * (labels + 1))
    drawn = model.sample(8000, seeded())[:, 0].div(3).round().long() - 1
    shares = torch.bincount(drawn, minlength=4) / 8000
    assert shares.tolist() == pytest.approx([0.25] * 4, abs=0.025)


def test_steps_and_churn_reach_the_sampler():
    model = random()
    base = model.sample(4, seeded(), [0, 1, 2, 0])
    for settings in ({"steps": 5}, {"churn": 1.0}, {"guidance": 2.0}):
        assert not torch.equal(
            model.sample(4, seeded(), [0, 1, 2, 0], **settings), base
        )


# -------------------------------------------------------------------------- what is not


@pytest.mark.parametrize("method", ["log_prob", "elbo", "importance_bound"])
def test_a_likelihood_is_not_offered_and_the_error_says_who_has_one(method):
    told = (
        f"^{method}: expected a model that offers it, got a Diffusion, which has "
        "score; histograms, .* models and flows have log_prob, a VAE bounds$"
    )
    with pytest.raises(AttributeError, match=told):
        getattr(random(), method)


def test_a_schedule_that_falls_somewhere_is_refused():
    def dented(t):
        return t - 0.3 * (t - 0.6).exp() * ((t > 0.6) & (t < 0.7))

    with pytest.raises(ValueError, match=r"^level: expected noise that rises"):
        diffusion.Diffusion(networks.TimeMLP(2), d=2, level=dented)


def test_a_network_of_another_shape_is_told_the_right_one():
    class Narrow(torch.nn.Module):
        def forward(self, x, t, labels):
            return x[:, :1]

    with pytest.raises(ValueError, match=r"^network: expected \(2, 2\), got \(2, 1\)$"):
        diffusion.Diffusion(Narrow(), d=2)
    with pytest.raises(ValueError, match=r"^network: expected one that fits, got .*3"):
        diffusion.Diffusion(networks.TimeMLP(3), d=2)
