"""GANs: the losses are those of the game, and the critic's slope is kept in check."""

from __future__ import annotations

import math

import pytest
import torch
from seeds import seeded

from lecture_code import densities, divergences, gan, networks

GAMES = ("saturating", "non-saturating", "wasserstein", "hinge")
each_game = pytest.mark.parametrize("game", GAMES)


def model(game="non-saturating", d=2, latent=3):
    generator = networks.mlp([latent, 8, d])
    return gan.GAN(generator, networks.mlp([d, 8, 1]), latent=latent, game=game)


P, Q = densities.GaussianMixture([0.0]), densities.GaussianMixture([1.5])


class Shift(torch.nn.Module):
    """A generator of Q."""

    def forward(self, z):
        return z.double() + 1.5


class Logit(torch.nn.Module):
    """The optimal critic's logit between P and Q."""

    def forward(self, x):
        return P.log_prob(x) - Q.log_prob(x)


def test_the_best_critics_value_is_the_jensen_shannon_divergence():
    made = gan.GAN(Shift(), Logit(), latent=1, game="saturating")
    edges = torch.linspace(-9, 11, 4001).double().numpy()
    masses = [divergences.cell_masses(d, edges) for d in (P, Q)]
    x = P.sample(200_000, seeded())[:, None].double()
    value = -made.critic_loss(x, seeded(2)).item()
    want = 2 * divergences.js(*masses) - math.log(4)
    assert value == pytest.approx(want, abs=0.01)  # five standard errors


@each_game
def test_losses_are_those_of_the_formulas(game):
    made, x = model(game), torch.randn(6, 2)
    z = torch.randn(6, 3, generator=seeded())
    real, fake = made.critic(x), made.critic(made.generator(z))
    d_real, d_fake = real.sigmoid(), fake.sigmoid()
    critic = -(d_real.log() + (1 - d_fake).log()).mean()
    wanted = {
        "saturating": (critic, (1 - d_fake).log().mean()),
        "non-saturating": (critic, -d_fake.log().mean()),
        "wasserstein": (fake.mean() - real.mean(), -fake.mean()),
        "hinge": ((1 - real).relu().mean() + (1 + fake).relu().mean(), -fake.mean()),
    }[game]
    torch.testing.assert_close(made.critic_loss(x, seeded()), wanted[0])
    torch.testing.assert_close(made.generator_loss(x, seeded()), wanted[1])


@each_game
def test_each_players_loss_moves_that_player(game):
    made, x = model(game), torch.randn(6, 2)
    made.critic_loss(x).backward()
    assert all(p.grad is None for p in made.generator.parameters())
    assert any(p.grad.abs().max() > 0 for p in made.critic.parameters())
    made.generator_loss(x).backward()
    assert any(p.grad.abs().max() > 0 for p in made.generator.parameters())


@each_game
def test_losses_stay_finite_where_the_critic_is_certain(game):
    made, x = model(game), 1e6 * torch.ones(1, 2)
    with torch.no_grad():
        made.critic[2].weight.mul_(1e6)
    assert torch.isfinite(made.critic_loss(x))
    assert torch.isfinite(made.generator_loss(x))


def test_samples_are_the_pushed_noise():
    made = model()
    z = torch.randn(7, 3, generator=seeded(9))
    assert torch.equal(made.sample(7, seeded(9)), made.generate(z))


@pytest.mark.parametrize(
    ("generator", "critic", "blamed"),
    [
        (networks.mlp([4, 2]), networks.mlp([2, 1]), "generator"),
        (torch.nn.Flatten(0), networks.mlp([3, 1]), "generator"),
        (networks.mlp([3, 2]), networks.mlp([5, 1]), "critic"),
        (networks.mlp([3, 2]), networks.mlp([2, 2]), "critic"),
    ],
)
def test_networks_that_do_not_fit_are_named(generator, critic, blamed):
    with pytest.raises(ValueError, match=f"^{blamed}: expected"):
        gan.GAN(generator, critic, latent=3)


# ------------------------------------------------------------------- the critic's slope


def test_spectral_normalisation_brings_each_layer_near_one_and_never_below():
    critic = gan.spectral_critic([4, 32, 32, 1])
    norms = [torch.linalg.matrix_norm(m.weight, 2).item() for m in critic[::2]]
    assert min(norms) >= 1 - 1e-5
    for _ in range(200):
        critic(torch.randn(2, 4))
    norms = [torch.linalg.matrix_norm(m.weight, 2).item() for m in critic[::2]]
    assert norms == pytest.approx([1, 1, 1], abs=1e-2)
