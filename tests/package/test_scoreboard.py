"""The scoreboard is what the judges say, and the test on it keeps its size."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from seeds import seeded

from lecture_code import datasets, metrics, scoreboard, trained

TRAIN, TEST = (datasets.digits(part).pixels for part in ("train", "test"))
STORED = trained.table("scoreboard")
JUDGED = trained.table("judgements")
AT = {name: i for i, name in enumerate(STORED["model"])}


def judged(name: str) -> tuple[dict[str, float], dict[str, float]]:
    """Return what each judge says of a model, and the errors of that."""
    rows = trained.select(JUDGED, model=name)
    return tuple(
        dict(zip(rows["judge"], rows[key], strict=True)) for key in ("score", "error")
    )


@pytest.fixture(scope="module")
def entries():
    return scoreboard.entries()


def test_every_entry_has_its_row(entries):
    assert list(AT) == list(entries)
    names = [*entries, scoreboard.NEW]
    assert JUDGED["model"].tolist() == [n for n in names for _ in scoreboard.JUDGES]
    assert JUDGED["judge"].tolist() == [*scoreboard.JUDGES] * len(names)


def test_new_digits_are_judged_as_stored():
    fresh, (scores, errors) = datasets.digits("validation").pixels, judged("new digits")
    near = metrics.precision_recall(TEST, fresh)
    assert scores["precision"] == pytest.approx(near.precision, abs=1e-3)
    assert scores["recall"] == pytest.approx(near.recall, abs=1e-3)
    copied = metrics.copying(fresh, TRAIN, TEST)
    assert scores["copying"] == pytest.approx(copied, abs=1e-3)
    rejected = scoreboard.rejections(fresh / 16, TEST / 16)
    assert scores["rejected"] == pytest.approx(rejected, abs=0.02)
    binomial = math.sqrt(near.precision * (1 - near.precision) / len(fresh))
    assert binomial / 2 < errors["precision"] < 2 * binomial


@pytest.mark.parametrize("name", ["GAN", "flow"])
def test_stored_models_score_as_stored(name, entries):
    drawn = entries[name].draw(350, seeded(99))
    assert drawn.shape == (350, 64)
    assert torch.equal(drawn, drawn.round().clamp(0, 16))
    scores, errors = judged(name)
    far = metrics.frechet(drawn / 16, TEST / 16)
    assert scores["frechet"] == pytest.approx(far, abs=12 * errors["frechet"])


def test_bits_have_the_error_of_a_mean(entries):
    bits = entries["flow"].nats(TEST).detach() / 64 / math.log(2)
    i = AT["flow"]
    assert STORED["bits"][i] == pytest.approx(bits.mean().item(), abs=2e-3)
    error = bits.std().item() / math.sqrt(len(TEST))
    assert STORED["bits_error"][i] == pytest.approx(error, abs=1e-3)


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
    order = torch.randperm(447, generator=seeded(2))
    halves = TEST[order[:223]] / 16, TEST[order[223:]] / 16
    share = scoreboard.rejections(*halves, repeats=60)
    assert share <= 0.05 + 5 * math.sqrt(0.05 * 0.95 / 60)


def test_rejections_see_noise():
    noise = torch.randint(17, (60, 64), generator=seeded(1))
    assert scoreboard.rejections(TEST / 16, noise / 16, repeats=5) == 1.0
