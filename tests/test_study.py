"""What is computed ahead: a stored table agrees with a fresh one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lecture_code import datasets, trained
from lecture_code.study import __main__ as command
from lecture_code.study import binary, coverage, models, rounds


def test_coverage_agrees_with_sets_of_patches():
    generator = torch.Generator().manual_seed(5)
    got = coverage.unseen_share(3, 40, generator=generator)
    chosen = torch.randperm(1000, generator=torch.Generator().manual_seed(5))[:40]
    train = datasets.patches(datasets.binary_digits("train").pixels[chosen], 3)
    test = datasets.patches(datasets.binary_digits("test").pixels, 3)
    seen = {tuple(p) for p in train.tolist()}
    new = [tuple(p) not in seen for p in test.tolist()]
    assert got == pytest.approx(np.mean(new), abs=1e-12)


def test_the_stored_table_is_what_the_code_computes():
    stored = trained.table("coverage")
    rows = list(zip(*(stored[c] for c in ("patch_size", "images")), strict=True))
    assert rows == [(s, n) for s in coverage.PATCH_SIZES for n in coverage.TRAIN_SIZES]
    for size, images in ((3, 62), (4, 500), (5, 1000)):
        at = rows.index((size, images))
        fresh = coverage.unseen_share(
            size, images, generator=torch.Generator().manual_seed(11)
        )
        tolerance = 5 * stored["spread"][at] + 1e-5
        assert fresh == pytest.approx(stored["unseen"][at], abs=tolerance)


def test_more_images_leave_fewer_patches_new():
    stored = trained.table("coverage")
    for size in coverage.PATCH_SIZES[2:]:
        shares = stored["unseen"][stored["patch_size"] == size]
        assert shares[-1] < shares[0]


AUTOREGRESSIVE = ("logistic", "masked-mlp", "masked-convolution", "recurrent")


def test_the_stored_digit_models_reach_the_figure_of_the_chapter():
    validation, test = (
        datasets.binary_digits(part).pixels for part in ("validation", "test")
    )
    stored = {name: trained.load(name) for name in AUTOREGRESSIVE}
    with torch.no_grad():
        best = min(stored.values(), key=lambda model: model.loss(validation))
        assert best.loss(test) <= 17.7


def test_a_stored_digit_model_is_what_the_code_trains():
    test = datasets.binary_digits("test").pixels
    fresh = binary.WEIGHTS["logistic"]()
    stored = trained.load("logistic")
    assert fresh.loss(test).item() == pytest.approx(stored.loss(test).item(), abs=0.05)


def test_training_keeps_the_best_round_and_the_global_state(monkeypatch):
    held_out = datasets.binary_digits("validation").pixels
    state = torch.get_rng_state()
    one, two = (
        binary.digit_model("logistic", lr=0.05, rounds=rounds, steps=30)
        for rounds in (1, 4)
    )
    assert two.loss(held_out) <= one.loss(held_out)
    assert not two.training
    assert torch.equal(torch.get_rng_state(), state)


def test_models_skips_what_is_there(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(trained, "FOLDER", tmp_path)
    monkeypatch.setattr(models, "WEIGHTS", {})
    monkeypatch.setitem(models.TABLES, "coverage", lambda: {"a": np.ones(1)})
    command.main(["models"])
    command.main(["models"])
    first, second = capsys.readouterr().out.splitlines()
    assert first == "coverage.csv written"
    assert "there already" in second
    assert trained.table("coverage")["a"].tolist() == [1.0]


def test_an_unknown_command_ends_with_usage(capsys):
    with pytest.raises(SystemExit):
        command.main(["everything"])
    assert "invalid choice" in capsys.readouterr().err


def test_the_stored_grey_model_reaches_the_figure_of_the_chapter():
    model, test = trained.load("autoregressive-grey"), datasets.digits("test").pixels
    with torch.no_grad():
        nll = model.loss(test).item()
    assert nll <= 82.5
    stored = trained.table("grey-costs")
    assert stored["test"][0] == pytest.approx(nll, abs=1e-3)
    assert stored["train_seconds"][0] <= 60


def test_rounds_keep_the_weights_that_validate_best():
    train, held_out = (datasets.digits(p).pixels for p in ("train", "validation"))

    def trained_by(rates):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            made = trained.RECIPES["autoregressive-grey"]()
            return rounds.keep_best(
                made, train[:50], held_out[:50], rates=rates, steps=4
            )

    good, spoiled = trained_by([1e-2]), trained_by([1e-2, 10.0])
    for one, two in zip(good.parameters(), spoiled.parameters(), strict=True):
        assert torch.equal(one, two)
    assert not spoiled.training
