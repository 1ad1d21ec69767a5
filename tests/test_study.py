"""What is computed ahead: a stored table agrees with a fresh one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lecture_code import datasets, study, trained


def test_coverage_agrees_with_sets_of_patches():
    generator = torch.Generator().manual_seed(5)
    got = study.coverage(3, 40, generator=generator)
    chosen = torch.randperm(1000, generator=torch.Generator().manual_seed(5))[:40]
    train = datasets.patches(datasets.binary_digits("train").pixels[chosen], 3)
    test = datasets.patches(datasets.binary_digits("test").pixels, 3)
    seen = {tuple(p) for p in train.tolist()}
    new = [tuple(p) not in seen for p in test.tolist()]
    assert got == pytest.approx(np.mean(new), abs=1e-12)


def test_the_stored_table_is_what_the_code_computes():
    stored = trained.table("coverage")
    rows = list(zip(*(stored[c] for c in ("patch_size", "images")), strict=True))
    assert rows == [(s, n) for s in study.PATCH_SIZES for n in study.TRAIN_SIZES]
    for size, images in ((3, 62), (4, 500), (5, 1000)):
        at = rows.index((size, images))
        fresh = study.coverage(
            size, images, generator=torch.Generator().manual_seed(11)
        )
        tolerance = 5 * stored["spread"][at] + 1e-5
        assert fresh == pytest.approx(stored["unseen"][at], abs=tolerance)


def test_more_images_leave_fewer_patches_new():
    stored = trained.table("coverage")
    for size in study.PATCH_SIZES[2:]:
        shares = stored["unseen"][stored["patch_size"] == size]
        assert shares[-1] < shares[0]


def test_models_skips_what_is_there(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(trained, "FOLDER", tmp_path)
    monkeypatch.setitem(study.TABLES, "coverage", lambda: {"a": np.ones(1)})
    study.main(["models"])
    study.main(["models"])
    first, second = capsys.readouterr().out.splitlines()
    assert first == "coverage.csv written"
    assert "there already" in second
    assert trained.table("coverage")["a"].tolist() == [1.0]


def test_an_unknown_command_ends_with_usage(capsys):
    with pytest.raises(SystemExit):
        study.main(["everything"])
    assert "invalid choice" in capsys.readouterr().err
