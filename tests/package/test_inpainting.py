"""Fillings follow the conditional law, where it is known by trying every filling."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from seeds import seeded
from torch.distributions import Normal

from lecture_code import (
    autoregressive,
    densities,
    inpainting,
    likelihoods,
    networks,
    noising,
    vae,
)

KNOWN = torch.tensor([False, True, False, True])


def spread(model, std):
    with torch.no_grad():
        for each in model.parameters():
            each.normal_(std=std, generator=seeded(3))
    return model


def binary(order=None):
    network = networks.masked_mlp([4, 12, 4])
    return spread(
        autoregressive.Autoregressive(network, pixels=4, order=order).double(), 1.0
    )


def grey(order=None):
    network = networks.MaskedConvNet(2, channels=4, depth=1, outputs=6)
    kind = {"pixels": 4, "levels": 3, "components": 2, "order": order}
    return spread(autoregressive.GreyAutoregressive(network, **kind).double(), 0.7)


def small_vae():
    """Three pixels, one code: p(x) is an integral over a line."""
    encoder, decoder = networks.mlp([3, 8, 2]), networks.mlp([1, 8, 3])
    output = likelihoods.Bernoulli()
    model = vae.VAE(encoder, decoder=decoder, output=output, d=3, latents=1)
    return spread(model, 0.9)


def integrated(model, x):
    z = torch.linspace(-9, 9, 4001)[:, None]
    x, numbers = (
        x.expand(len(z), -1, -1),
        model.decoder(z)[:, None].expand(-1, len(x), -1),
    )
    fit = torch.distributions.Bernoulli(logits=numbers).log_prob(x).sum(dim=2)
    density = Normal(0, 1).log_prob(z).exp()
    return (fit.exp() * density).sum(dim=0).detach() * 18 / 4000


# ------------------------------------------------------------------------- enumeration


def test_enumeration_is_bayes_rule_on_a_table():
    p = torch.rand(2, 2, 2, 2, generator=seeded(0), dtype=torch.float64)
    x = torch.tensor([9.0, 1.0, 9.0, 0.0]).double()
    got = inpainting.enumerate_fillings(lambda x: p[tuple(x.long().T)].log(), x, KNOWN)
    law = p[:, 1, :, 0] / p[:, 1, :, 0].sum()
    for image, chance in zip(got.x.long().tolist(), got.p.tolist(), strict=True):
        assert image[1::2] == [1, 0]
        assert chance == pytest.approx(law[image[0], image[2]].item())
    assert len(got.p) == 4


def test_with_nothing_missing_there_is_one_filling():
    x = torch.zeros(3)
    got = inpainting.enumerate_fillings(lambda x: x.sum(dim=1), x, [True] * 3)
    assert got.x.tolist() == [[0, 0, 0]]
    assert got.p.tolist() == [1.0]


def test_too_many_fillings_are_refused():
    with pytest.raises(
        ValueError, match="levels, known: expected at most 65536 fillings"
    ):
        inpainting.enumerate_fillings(torch.sum, torch.zeros(17), [False] * 17)


# --------------------------------------------------------------------------- particles


@pytest.mark.parametrize(
    ("make", "levels", "order"), [(binary, 2, None), (grey, 3, [2, 3, 1, 0])]
)
def test_particles_follow_the_conditional_law(make, levels, order):
    model = make(order)
    x = torch.tensor([[0.0, 1.0, 0.0, 0.0]]).double()
    exact = inpainting.enumerate_fillings(model.log_prob, x[0], KNOWN, levels=levels)
    got = inpainting.by_particles(
        model, x, KNOWN, particles=20_000, generator=seeded(1)
    )
    assert torch.equal(got.x[..., KNOWN], x[:, KNOWN].expand(20_000, 1, 2))
    for image, chance in zip(exact.x, exact.p, strict=True):
        share = (got.x[:, 0] == image).all(dim=1).double().mean()
        assert share.item() == pytest.approx(chance.item(), abs=0.025)


def test_a_single_particle_is_a_fair_draw():
    """Its place in the cloud says nothing about its weight."""
    model, x = grey([2, 3, 1, 0]), torch.tensor([[0.0, 1.0, 0.0, 0.0]]).double()
    exact = inpainting.enumerate_fillings(model.log_prob, x[0], KNOWN, levels=3)
    settings = {"particles": 16, "generator": seeded(1)}
    clouds = [  # all images of a call share the order in which particles are dealt
        inpainting.by_particles(model, x.expand(25, -1), KNOWN, **settings).x
        for _ in range(200)
    ]
    got = torch.cat(clouds, dim=1)
    for image, chance in zip(exact.x, exact.p, strict=True):
        for place in (0, 15):
            share = (got[place] == image).all(dim=1).double().mean()
            assert share.item() == pytest.approx(chance.item(), abs=0.04)


def test_evidence_is_unbiased_even_with_two_particles():
    model, x = binary([0, 2, 1, 3]), torch.tensor([[0.0, 1.0, 0.0, 1.0]]).double()
    many = x.expand(20_000, -1)
    got = inpainting.by_particles(model, many, KNOWN, particles=2, generator=seeded(1))
    every = inpainting.enumerate_fillings(model.log_prob, x[0], KNOWN)
    exact = model.log_prob(every.x).exp().sum().item()
    tried = got.log_evidence.exp()
    assert abs(tried.mean() - exact) < 5 * tried.std() / math.sqrt(len(tried))


# ------------------------------------------------------------------------------- codes


def test_the_chain_of_a_vae_settles_at_its_conditional_law():
    model, known = small_vae(), torch.tensor([False, True, False])
    patterns = torch.tensor(list(itertools.product([0.0, 1.0], [1.0], [0.0, 1.0])))
    exact = integrated(model, patterns)
    exact = exact / exact.sum()
    n = 20_000
    x = torch.tensor([[0.0, 1.0, 0.0]]).expand(n, -1)
    got = inpainting.by_codes(model, x, known, steps=60, generator=seeded(1))
    assert torch.equal(got[:, known], x[:, known])
    shares = [(got == p).all(dim=1).double().mean().item() for p in patterns]
    np.testing.assert_allclose(shares, exact, atol=5 * 0.5 / math.sqrt(n) + 0.003)


# --------------------------------------------------------------------------- diffusion


def exact_model(target):
    return SimpleNamespace(denoise=noising.exact_denoiser(target), level=noising.cosine)


def test_replacement_with_the_exact_denoiser_comes_near_the_conditional_law():
    """Two clouds: knowing the first coordinate tells which one it was."""
    target = densities.IsotropicMixture([[-2.0, 1.0], [2.0, -1.0]], 0.5)
    x = torch.tensor([[-2.0, 0.0], [2.0, 0.0]]).repeat_interleave(2000, dim=0)
    got = inpainting.by_replacement(
        exact_model(target), x, [True, False], steps=40, generator=seeded(1)
    )
    assert torch.equal(got[:, 0], x[:, 0])
    left, right = got[:2000, 1], got[2000:, 1]
    assert left.mean().item() == pytest.approx(1, abs=0.1)
    assert right.mean().item() == pytest.approx(-1, abs=0.1)
    assert left.std().item() == pytest.approx(0.5, abs=0.1)


def test_more_rounds_let_the_missing_pixels_hear_of_the_known_ones():
    target = densities.IsotropicMixture([[-2.0, 1.0], [2.0, -1.0]], 0.5)
    x = torch.tensor([[-2.0, 0.0]]).expand(3000, -1)
    kind = {"known": [True, False], "generator": seeded(1)}
    one, five = (
        inpainting.by_replacement(exact_model(target), x, rounds=rounds, **kind)
        for rounds in (1, 5)
    )
    assert (five[:, 1] < 0).sum() < (one[:, 1] < 0).sum()
