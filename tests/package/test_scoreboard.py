"""The scoreboard is what the judges say, and the test on it keeps its size."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lecture_code import datasets, metrics, scoreboard, trained

TRAIN, TEST = (datasets.digits(part).pixels for part in ("train", "test"))
STORED = trained.table("scoreboard")
AT = {name: i for i, name in enumerate(STORED["model"])}


@pytest.fixture(scope="module")
def entries():
    return scoreboard.entries()


def test_every_entry_has_its_row(entries):
    assert list(AT) == list(entries)
    assert list(STORED) == ["model", *scoreboard._ROUNDED]


def test_a_stored_row_is_what_the_code_computes(entries):
    name = "independent pixels"
    fresh = scoreboard._row(entries[name], scoreboard._classifier())
    for column in ("bits", "precision", "recall", "frechet", "copying"):
        assert STORED[column][AT[name]] == pytest.approx(fresh[column], abs=2e-3)
    assert STORED["sure"][AT[name]] == pytest.approx(fresh["sure"], abs=0.02)
    assert STORED["rejected"][AT[name]] == pytest.approx(fresh["rejected"], abs=0.1)


@pytest.mark.parametrize("name", ["GAN", "flow"])
def test_stored_models_score_as_stored(name, entries):
    drawn = entries[name].draw(1000, torch.Generator().manual_seed(0))
    assert drawn.shape == (1000, 64)
    assert torch.equal(drawn, drawn.round().clamp(0, 16))
    far = metrics.frechet(drawn / 16, TEST / 16)
    assert STORED["frechet"][AT[name]] == pytest.approx(far, abs=0.02)


def test_bits_of_the_controls_are_known(entries):
    bits = STORED["bits"]
    assert bits[AT["uniform noise"]] == pytest.approx(math.log2(17), abs=1e-3)
    assert bits[AT["copier"]] == math.inf
    assert math.isnan(bits[AT["GAN"]])
    counts = torch.stack([(v == TRAIN).sum(dim=0) for v in range(17)], dim=1)
    tables = [(counts + a) / (1000 + 17 * a) for a in (0.1, 0.2, 0.3, 0.5, 1.0)]
    held_out = datasets.digits("validation").pixels.long()
    nats = [
        [-p[torch.arange(64), x].log().sum(dim=1).mean().item() for p in tables]
        for x in (held_out, TEST.long())
    ]
    want = nats[1][int(np.argmin(nats[0]))] / 64 / math.log(2)
    assert bits[AT["independent pixels"]] == pytest.approx(want, abs=2e-3)


def test_the_copier_knows_its_images_and_no_others(entries):
    surprise = entries["copier"].nats(torch.cat([TRAIN[:3], TEST[:3]]))
    assert surprise.tolist() == pytest.approx([math.log(1000)] * 3 + [math.inf] * 3)


def test_rejections_keep_their_size_on_real_images():
    order = torch.randperm(447, generator=torch.Generator().manual_seed(2))
    halves = TEST[order[:223]] / 16, TEST[order[223:]] / 16
    share = scoreboard.rejections(*halves, repeats=60)
    assert share <= 0.05 + 5 * math.sqrt(0.05 * 0.95 / 60)


def test_rejections_see_noise():
    noise = torch.randint(17, (60, 64), generator=torch.Generator().manual_seed(1))
    assert scoreboard.rejections(TEST / 16, noise / 16, repeats=5) == 1.0
