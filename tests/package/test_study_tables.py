"""What the book stores of the study in one dimension keeps what it promises."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lecture_code import pushforward, trained
from lecture_code.study.line import experiments


@pytest.fixture(scope="module")
def stored() -> trained.Table:
    return trained.table("one-dimensional")


def test_every_kind_was_tried_at_every_separation(stored):
    assert (stored["tv_bound"] <= stored["tv_star"] + 1e-3).all()
    main = trained.select(stored, experiment="separation")
    for kind in experiments.MODELS:
        rows = trained.select(main, kind=kind)
        assert set(rows["m"]) == set(experiments.SEPARATIONS)
        assert len(set(rows["run"])) >= 3


def test_the_frontier_in_the_table_is_that_of_the_package(stored):
    for row in range(0, len(stored["m"]), 397):
        law = experiments.target(stored["m"][row])
        want = pushforward.tv_star(law, stored["slope"][row]).lower
        assert stored["tv_star"][row] == pytest.approx(want, abs=2e-4)


def middle(rows: trained.Table, column: str, **setting: object) -> float:
    return float(np.median(trained.select(rows, **setting)[column]))


def test_what_chapter_16_says_of_the_vae_and_the_wasserstein_generator(stored):
    main = trained.select(stored, experiment="separation")
    for m in range(2, 11):
        slope, tv = (
            [middle(main, column, kind=k, m=m) for k in ("vae", "wasserstein")]
            for column in ("slope", "tv")
        )
        assert slope[0] < slope[1]
        assert m < 3 or tv[0] < tv[1]


def test_the_gan_loses_no_mode_and_has_the_largest_error(stored):
    main = trained.select(stored, experiment="separation")
    assert trained.select(main, kind="gan")["tv"].max() < 0.45
    assert middle(main, "tv", kind="gan", m=4) < 0.12
    for m in range(4, 11):
        others = [middle(main, "tv", kind=k, m=m) for k in ("vae", "wasserstein")]
        assert middle(main, "tv", kind="gan", m=m) > 1.3 * max(others)


def test_what_chapter_16_says_of_depth_and_patience(stored):
    depth = trained.select(stored, experiment="depth")
    gan = {
        column: [middle(depth, column, kind="gan", layers=n) for n in (2, 6)]
        for column in ("slope", "tv", "tv_star")
    }
    assert gan["slope"][1] > 7 * gan["slope"][0]
    assert gan["tv"][1] == pytest.approx(gan["tv"][0], rel=0.1)
    assert gan["tv_star"][1] < 0.01 < gan["tv"][1] / 8
    slope, tv = (
        {n: middle(depth, column, kind="vae", layers=n) for n in (3, 4, 6)}
        for column in ("slope", "tv")
    )
    assert slope[6] / slope[4] == pytest.approx(2, rel=0.1)
    assert tv[6] >= tv[4]
    long = {"experiment": "separation", "kind": "vae", "m": 5}
    assert middle(stored, "slope", **long) / slope[3] == pytest.approx(2, rel=0.1)
    assert middle(stored, "tv", **long) / tv[3] == pytest.approx(0.5, rel=0.1)
    assert slope[6] > middle(stored, "slope", **long)
    assert tv[6] / middle(stored, "tv", **long) == pytest.approx(2, rel=0.1)


def test_the_error_is_at_most_that_of_the_published_settings(stored):
    long = trained.table("one-dimensional-published")
    main = trained.select(stored, experiment="separation")
    for m, kind in itertools.product((2, 4, 6), ("vae", "gan")):
        runs = trained.select(long, m=m, kind=kind, steps=20_000)
        assert list(runs["run"]) == [0, 1, 2]
        assert middle(main, "tv", kind=kind, m=m) <= 1.02 * min(runs["tv"])
