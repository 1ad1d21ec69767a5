"""VAEs: both bounds stay below the exact value, and meet it where they must."""

from __future__ import annotations

import math

import pytest
import torch
from seeds import seeded
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from lecture_code import likelihoods, networks, training, vae

NOISE = 0.6


def linear_gaussian() -> tuple[vae.VAE, MultivariateNormal]:
    """Return x = A z + c + noise with its exact posterior, and the law of x.

    The columns of A are orthogonal, so that the exact posterior has independent
    coordinates: precision 1 + |A_j|^2 / sigma^2, mean A_j (x - c) / sigma^2 over it.
    """
    matrix = torch.tensor([[1.0, 0.5], [2.0, -0.5], [0.0, 1.5]]).double()
    matrix[:, 1] -= matrix[:, 0] * (matrix[:, 0] @ matrix[:, 1]) / 5
    centre = torch.tensor([0.3, -1.0, 2.0]).double()
    precision = 1 + matrix.square().sum(dim=0) / NOISE**2
    encoder, decoder = torch.nn.Linear(3, 4).double(), torch.nn.Linear(2, 3).double()
    with torch.no_grad():
        decoder.weight.copy_(matrix)
        decoder.bias.copy_(centre)
        encoder.weight.zero_()
        encoder.weight[:2] = matrix.T / NOISE**2 / precision[:, None]
        encoder.bias[:2] = -encoder.weight[:2] @ centre
        encoder.bias[2:] = -precision.log() / 2
    output = likelihoods.Gaussian(NOISE)
    model = vae.VAE(encoder, decoder=decoder, output=output, d=3, latents=2)
    covariance = matrix @ matrix.T + NOISE**2 * torch.eye(3).double()
    return model, MultivariateNormal(centre, covariance)


def binary_model(latents: int = 1) -> vae.VAE:
    """Return a model of two bits with weights far from zero."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        made = vae.VAE(
            networks.mlp([2, 8, 2 * latents], activation="tanh"),
            decoder=networks.mlp([latents, 8, 2], activation="tanh"),
            output=likelihoods.Bernoulli(),
            d=2,
            latents=latents,
        )
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter)
    return made.double().requires_grad_(False)


FOUR = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).double()
#: The same four a thousand times over.
MANY = FOUR.repeat(1000, 1)


def exact(model: vae.VAE) -> torch.Tensor:
    """Integrate the one latent out on a fine grid."""
    z = torch.linspace(-9, 9, 20_001, dtype=torch.float64)[:, None]
    prior = Normal(0.0, 1.0).log_prob(z[:, 0]) + math.log(18 / 20_000)
    a = model.decoder(z)[:, None, :].expand(-1, 4, -1)
    return (model.output.log_prob(FOUR, a) + prior[:, None]).logsumexp(dim=0)


def test_at_the_exact_posterior_both_bounds_are_the_log_likelihood():
    model, law = linear_gaussian()
    x = law.sample((50,))
    for bound in (model.elbo(x, 1), model.elbo(x, 7), model.importance_bound(x, 7)):
        torch.testing.assert_close(bound, law.log_prob(x), atol=1e-6, rtol=0)


def test_the_gap_of_the_elbo_is_the_kl_divergence_to_the_posterior():
    model, law = linear_gaussian()
    x = law.sample((1,)).repeat(1000, 1)  # many rows, few rounds: quick
    true = model.posterior(x)
    true = Normal(true.loc.detach(), true.scale.detach())
    with torch.no_grad():
        model.encoder.bias += torch.tensor([0.2, -0.3, 0.4, -0.2]).double()
        gaps = law.log_prob(x) - model.log_weights(x, 40, seeded())
    want = kl_divergence(model.posterior(x), true)[0].sum().item()
    error = gaps.std().item() / math.sqrt(gaps.numel())
    assert want > 0.1
    assert abs(gaps.mean().item() - want) < 5 * error


def test_the_bounds_are_in_order_on_shared_draws():
    model = binary_model(2)
    elbo = model.elbo(FOUR, 9, seeded(1))
    bound = model.importance_bound(FOUR, 9, seeded(1))
    assert (elbo < bound).all()
    log_w = model.log_weights(FOUR, 9, seeded(1))
    torch.testing.assert_close(elbo, log_w.mean(dim=0))
    torch.testing.assert_close(bound, log_w.exp().mean(dim=0).log())


def test_the_mean_weight_is_the_likelihood():
    model = binary_model()
    for parameter in model.encoder[-1].parameters():
        parameter.mul_(0.1)  # a guess near the prior, so that no weight is huge
    weights = model.log_weights(MANY, 20, seeded(2)).exp().view(-1, 4)
    error = weights.std(dim=0) / math.sqrt(len(weights))
    assert ((weights.mean(dim=0) - exact(model).exp()).abs() < 5 * error).all()


def test_samples_follow_the_model_output_noise_included():
    model = binary_model()
    drawn = model.sample(20_000, seeded(3)).double()
    shares = torch.stack([(drawn == row).all(dim=1).double().mean() for row in FOUR])
    p = exact(model).exp()
    assert ((shares - p).abs() < 5 * (p * (1 - p) / 20_000).sqrt()).all()


def test_decoding_is_the_mean_that_samples_scatter_around():
    model, law = linear_gaussian()
    z = torch.randn(200_000, 2, generator=seeded(4)).double()
    pushed = torch.cov(model.decode(z).detach().T)
    drawn = torch.cov(model.sample(200_000, seeded(4)).double().T)
    spread = NOISE**2 * torch.eye(3).double()
    torch.testing.assert_close(drawn, pushed + spread, atol=0.05, rtol=0.01)
    torch.testing.assert_close(drawn, law.covariance_matrix, atol=0.05, rtol=0.01)


def test_the_closed_form_of_the_kl_term_is_torchs():
    model = binary_model(3)
    q = model.posterior(FOUR)
    want = kl_divergence(Normal(q.loc, q.scale), Normal(0.0, 1.0))
    torch.testing.assert_close(model.kl(FOUR), want)
    assert (model.kl(FOUR) >= 0).all()


def test_the_loss_is_its_formula_at_the_draw():
    model = binary_model(2)
    eps = torch.randn(4, 2, generator=seeded(5), dtype=torch.float64)
    q = model.posterior(FOUR)
    fit = model.output.log_prob(FOUR, model.decoder(q.loc + q.scale * eps))
    want = (model.kl(FOUR).sum(dim=1) - fit).mean()
    torch.testing.assert_close(model.loss(FOUR, seeded(5)), want)


def test_without_more_words_the_bound_is_of_one_draw_and_of_weight_one():
    model = binary_model(2)
    assert torch.equal(
        model.elbo(FOUR, 1, seeded()), model.elbo(FOUR, generator=seeded())
    )
    assert model.beta == 1


def test_draws_have_the_precision_of_the_model():
    prior = Normal(torch.zeros(5, 3).double(), 1.0)
    z = vae._draw(prior, seeded())
    assert (z != z.float().double()).any()


def test_gradients_flow_through_the_draw():
    model, law = linear_gaussian()
    model.loss(law.sample((8,)), seeded()).backward()
    assert all(p.grad.abs().sum() > 0 for p in model.parameters())


def test_an_encoder_that_has_diverged_is_told_in_the_books_words():
    model = binary_model(2)
    for parameter in model.encoder.parameters():
        parameter.fill_(math.nan)
    with pytest.raises(ValueError, match=r"^loss: expected a finite number, got nan"):
        training.fit(model.requires_grad_(), FOUR, steps=1)


@pytest.mark.parametrize(("asked", "kept"), [(100.0, 7.0), (-100.0, -7.0)])
def test_the_scale_of_the_guess_is_kept_within_bounds(asked, kept):
    model, _ = linear_gaussian()
    with torch.no_grad():
        model.encoder.bias[2:] = asked
    scale = model.posterior(torch.zeros(1, 3)).scale
    torch.testing.assert_close(scale.log(), torch.full((1, 2), kept).double())


def test_beta_weighs_the_kl_term_alone():
    model = binary_model(2)
    plain = model.loss(FOUR, seeded(6))
    model.beta = 3.0
    more = model.loss(FOUR, seeded(6)) - plain
    torch.testing.assert_close(more, 2 * model.kl(FOUR).sum(dim=1).mean())


def tiny(**settings):
    """Return a model of one number with one latent: the least that there is."""
    kind = {"d": 1, "latents": 1, **settings}
    parts = {"decoder": networks.mlp([1, 1]), "output": likelihoods.Gaussian(1.0)}
    return vae.VAE(networks.mlp([1, 2]), **parts, **kind)


def test_one_number_one_latent_and_no_weight_are_enough():
    assert tiny(beta=0).sample(1).shape == (1, 1)
