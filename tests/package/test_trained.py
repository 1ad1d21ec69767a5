"""Stored tables and weights: what goes in comes out, complete or not at all."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lecture_code import trained


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(trained, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def recipe(monkeypatch):
    monkeypatch.setitem(trained.BUILDERS, "small", lambda: torch.nn.Linear(3, 2))


def test_a_table_comes_back_by_columns(folder):
    trained.store_table("t", {"size": np.array([1, 2]), "kind": np.array(["a", "b"])})
    table = trained.table("t")
    assert table["size"].tolist() == [1.0, 2.0]
    assert table["kind"].tolist() == ["a", "b"]
    assert trained.names(".csv") == ["t"]


def test_weights_come_back_in_evaluation_mode(folder, recipe):
    model = torch.nn.Linear(3, 2)
    trained.store("small", model)
    loaded = trained.load("small")
    assert torch.equal(loaded.weight, model.weight)
    assert torch.equal(loaded.bias, model.bias)
    assert not loaded.training


def test_weights_without_pickle_only(folder, recipe):
    np.savez(folder / "small.npz", weight=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        trained.load("small")


def test_weights_fill_a_network_of_their_shape_only(folder):
    trained.store("halved", torch.nn.Linear(3, 2).half())
    model = trained.fill(torch.nn.Linear(3, 2), "halved")
    assert model.weight.dtype == torch.float32
    assert not model.training
    with pytest.raises(ValueError, match="model: expected the network of the weights"):
        trained.fill(torch.nn.Linear(4, 2), "halved")
