"""What is stored of the models without a likelihood, and how it is trained."""

from __future__ import annotations

import torch

from lecture_code import trained
from lecture_code.recipes import gan_diffusion


def test_costs_are_within_the_budget():
    table = trained.table("implicit-costs")
    assert list(table["model"]) == ["diffusion-digits", "gan-digits"]
    row = list(table["model"]).index("diffusion-digits")
    assert table["training"][row] <= 30
    assert table["sampling"][row] <= 1
    assert table["parameters"][row] == 152_256


def test_training_is_repeatable_and_leaves_the_global_state_alone():
    state = torch.get_rng_state()
    one, two = (gan_diffusion.diffusion_model(rounds=2, steps=3) for _ in range(2))
    clouds, game = (
        gan_diffusion.clouds_model(rounds=1, steps=2),
        gan_diffusion.gan_model(steps=2),
    )
    assert torch.equal(torch.get_rng_state(), state)
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)
    assert [m.training for m in (one, clouds, game)] == [False] * 3


def test_a_toy_game_is_named_by_its_seed():
    state = torch.get_rng_state()
    short, long = (gan_diffusion.toy_gans(runs=runs, steps=2) for runs in (1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert list(long["run"]) == [0] * 100 + [1] * 100
    assert (short["sample"] == long["sample"][:100]).all()
    assert (long["latent"][:50] == -long["latent"][99:49:-1]).all()
