"""The latent variable models and the flow come out of the study as they are stored."""

from __future__ import annotations

import numpy as np
import torch

from lecture_code import datasets, flows, trained
from lecture_code.recipes import vae_flow


def _bound(model: torch.nn.Module, part: str) -> float:
    x, generator = datasets.digits(part).pixels, torch.Generator().manual_seed(0)
    with torch.no_grad():
        return model.dequantised_bound(x, 4, generator).mean().item()


def test_a_prepared_flow_is_the_table_with_a_gaussian_behind():
    train = datasets.digits("train").pixels
    prepared = vae_flow.prepared_flow(trained.BUILDERS["flow-digits"](), train).eval()
    stored = trained.load("flow-digits")
    first, *middle, last = prepared.flow.layers
    assert torch.equal(first.probs, stored.flow.layers[0].probs)
    assert all(layer.gain.abs().max() == 0 for layer in middle)
    alone = flows.Dequantised(flows.Flow([first, last], d=64), levels=17)
    assert abs(_bound(alone, "test") - _bound(prepared, "test")) < 1e-3


def test_training_pays_on_the_images_that_chose_when_to_stop():
    train = datasets.digits("train").pixels
    prepared = vae_flow.prepared_flow(trained.BUILDERS["flow-digits"](), train).eval()
    gain = _bound(trained.load("flow-digits"), "validation")
    assert gain > _bound(prepared, "validation") + 2


def test_a_model_is_trained_and_the_global_state_kept():
    state = torch.get_rng_state()
    one, two = (vae_flow.latent_model("vae-grey", rates=(1e-3,), steps=3) for _ in "ab")
    assert not one.training
    assert torch.equal(torch.get_rng_state(), state)
    for first, second in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(first, second)


def test_the_stored_costs_are_of_the_stored_models():
    table = trained.table("latent-costs")
    assert table["model"].tolist() == list(vae_flow.SETTINGS)
    sizes = [
        sum(p.numel() for p in trained.load(name).parameters())
        for name in table["model"]
    ]
    assert table["parameters"].tolist() == sizes
    assert (table["train_seconds"] > 1).all()
    assert np.isfinite(table["train_seconds"]).all()
