"""The stored models without a likelihood reach the figures that the chapters state."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lecture_code import datasets, metrics, trained
from lecture_code.recipes import implicit

TRAIN, TEST = (datasets.digits(part) for part in ("train", "test"))


@pytest.fixture(scope="module")
def made():
    """One thousand samples of the diffusion model, a hundred of each class."""
    wish = torch.arange(10).repeat(100)
    noise = torch.Generator().manual_seed(7)
    model = trained.load("diffusion-digits")
    x = model.sample(1000, noise, wish, guidance=1.1, steps=32)
    return datasets.grey_levels(x).double()


def test_digits_are_near_the_test_images_and_copies_of_none(made):
    assert metrics.frechet(made / 16, TEST.pixels / 16) <= 0.36
    near = metrics.nearest_distance(made / 16, TRAIN.pixels / 16)
    assert near.min() > 0
    assert near.mean() > 0.7


def test_a_classifier_is_sure_and_sees_all_classes(made):
    from sklearn.neural_network import MLPClassifier

    net = MLPClassifier((128,), max_iter=300, random_state=0)
    net.fit(TRAIN.pixels.numpy() / 16, TRAIN.labels.numpy())
    assert metrics.confidence(net, made / 16).mean() >= 0.92
    shares = metrics.class_shares(net, made / 16)
    assert shares.min() > 0.04
    assert shares.max() < 0.16
    followed = net.predict(made.numpy() / 16) == np.tile(np.arange(10), 100)
    assert followed.mean() > 0.95


def test_the_gan_makes_digits_rather_than_noise():
    made = trained.load("gan-digits").sample(500, torch.Generator().manual_seed(1))
    noise = torch.randint(17, (500, 64), generator=torch.Generator().manual_seed(2))
    levels = datasets.grey_levels(made)
    ours, theirs = (metrics.frechet(x / 16, TEST.pixels / 16) for x in (levels, noise))
    assert ours < theirs / 5


def test_costs_are_within_the_budget():
    table = trained.table("implicit-costs")
    assert list(table["model"]) == ["diffusion-digits", "gan-digits"]
    row = list(table["model"]).index("diffusion-digits")
    assert table["training"][row] <= 30
    assert table["sampling"][row] <= 1
    assert table["parameters"][row] == 152_256


def test_training_is_repeatable_and_leaves_the_global_state_alone():
    state = torch.get_rng_state()
    one, two = (implicit.diffusion_model(rounds=2, steps=3) for _ in range(2))
    clouds, game = implicit.clouds_model(rounds=1, steps=2), implicit.gan_model(steps=2)
    assert torch.equal(torch.get_rng_state(), state)
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)
    assert [m.training for m in (one, clouds, game)] == [False] * 3
