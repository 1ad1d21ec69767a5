"""The study in one dimension: its networks, its laws without samples, its tables."""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest
import torch
from scipy import special
from seeds import seeded

from lecture_code import lipschitz, training
from lecture_code.densities import GaussianMixture
from lecture_code.study import __main__ as command
from lecture_code.study.line import denoisers, experiments, laws, published, report
from lecture_code.study.line.stacks import Stack, latents

SHORT = ((1, 1e-3),) * 3


@pytest.fixture
def short(monkeypatch):
    """Train for three steps, at few settings."""
    for kind in experiments.ROUNDS:
        monkeypatch.setitem(experiments.ROUNDS, kind, SHORT)
    monkeypatch.setattr(experiments, "NOISES", (0.5, 0.0, 0.0))
    monkeypatch.setattr(experiments, "SEPARATIONS", (5,))
    monkeypatch.setattr(experiments, "LEVELS", (3,))
    monkeypatch.setattr(experiments, "LAYERS", (3,))
    monkeypatch.setattr(experiments, "BATCHES", 2)


# ------------------------------------------------------------------------------- stacks


@pytest.mark.parametrize("levels", [None, [0.5, 2.0, 7.0]])
def test_a_stack_computes_what_its_members_do(levels):
    stack = Stack(3, [1, 8, 16, 1], levels=levels, generator=seeded())
    x = torch.randn(3, 5, 1, generator=seeded(1))
    for _ in range(200):  # until the power iteration has settled
        got = stack(x)
    for place, member in enumerate(stack.members()):
        want = member(x[place].double()).float()
        torch.testing.assert_close(got[place], want, rtol=1e-4, atol=1e-5)


def test_a_stack_is_trained_as_its_members_would_be_alone():
    stack = Stack(2, [1, 8, 1], generator=seeded())
    alone = stack.members()
    x, y = (torch.randn(1, 2, 16, 1, generator=seeded(seed)) for seed in (1, 2))

    def loss(batch):
        return (stack(batch[0]) - y[0]).square().mean(dim=(1, 2)).sum()

    player = training.Player(stack.parameters(), loss, 1e-2)
    training.play([player], x, steps=30, batch_size=1)
    for place, member in enumerate(alone):
        adam = torch.optim.Adam(member.parameters(), 1e-2)
        for _ in range(30):
            adam.zero_grad()
            error = member(x[0, place].double()) - y[0, place].double()
            error.square().mean().backward()
            adam.step()
        for want, got in zip(
            member.parameters(), stack.members()[place].parameters(), strict=True
        ):
            torch.testing.assert_close(got, want, atol=1e-4, rtol=1e-3)


def test_no_member_is_steeper_than_its_level():
    levels = [0.3, 1.0, 20.0]
    stack = Stack(3, [1, 16, 16, 1], levels=levels, generator=seeded())
    for member, level in zip(stack.members(), levels, strict=True):
        assert lipschitz.upper_bound(member) <= level * (1 + 1e-6)
        assert lipschitz.exact_1d(member, -6, 6) <= level * (1 + 1e-6)


def test_latents_are_normal_and_share_out_the_line():
    z = latents(2000, 8, seeded())[..., 0]
    cells = (torch.special.ndtr(z) * 8).floor().clamp(0, 7)
    assert torch.equal(cells, torch.arange(8.0).expand(2000, 8))
    uniform = torch.special.ndtr(z.double()) * 8 - cells
    assert uniform.mean().item() == pytest.approx(0.5, abs=0.03)
    assert uniform.var().item() == pytest.approx(1 / 12, abs=0.01)


def test_the_posterior_mean_is_that_of_the_batch():
    clean = torch.tensor([-1.0, 0.5, 2.0]).reshape(1, 3, 1)
    noisy, level = torch.tensor([[[0.3]]]), torch.tensor([[[0.7]]])
    weights = np.exp(-((0.3 - clean.numpy().ravel()) ** 2) / (2 * 0.49))
    want = weights @ clean.numpy().ravel() / weights.sum()
    got = denoisers._posterior_mean(noisy, level, clean).item()
    assert got == pytest.approx(want, rel=1e-5)


# --------------------------------------------------------------------------------- laws


def test_masses_agree_with_a_fine_grid_of_latents():
    z, x = [-6, -1, 0.2, 1.5, 6], [-2, 3, -1, -1, 4]
    edges = np.array([-1.5, -1.0, 0.0, 0.7, 2.0])
    points = special.ndtri((np.arange(1_000_000) + 0.5) / 1_000_000)
    cells = np.searchsorted(edges, np.interp(points, z, x))
    want = np.bincount(cells, minlength=6) / len(points)
    got = laws.pushed_masses(z, x, edges)
    np.testing.assert_allclose(got, want, atol=3e-6)
    assert got.sum() == pytest.approx(1, abs=1e-12)


def test_a_shifted_gaussian_has_the_distance_of_the_formula():
    z = np.linspace(-9, 9, 3)
    for shift in (0.0, 0.5, 3.0):
        law = GaussianMixture([shift], 1.0)
        want = 2 * special.ndtr(shift / 2) - 1
        assert laws.total_variation(z, z, law) == pytest.approx(want, abs=1e-5)


# -------------------------------------------------------------------------- the sampler


def test_an_untrained_sampler_is_a_map_without_jumps():
    stack = Stack(2, denoisers.SIZES, generator=seeded())
    for weight in stack.weights:
        weight.data.zero_()
    for bias in stack.biases:
        bias.data.zero_()
    # With F = 0 the denoiser is x / (1 + s^2): the exact one of N(0, 1).
    for flow in denoisers.flows(stack):
        assert laws.total_variation(flow.z, flow.x, GaussianMixture([0.0])) < 0.01
        assert flow.step_slope <= 1 + 1e-9


# -------------------------------------------------------------------- units and command


def test_more_runs_are_more_stacks_and_no_other_ones():
    few, many = experiments.units(3), experiments.units(10)
    main = [unit for unit in few if unit.experiment != "depth"]
    assert set(main) <= set(many)
    names = [unit.name for unit in many]
    assert len(set(names)) == len(names)
    nets = [
        (u.kind, s) for u in many if u.experiment == "separation" for s in u.settings
    ]
    assert len(nets) == 4 * 11 * 10


def test_the_command_writes_tables_and_figures_and_goes_on(
    short, tmp_path, monkeypatch
):
    options = ["line", "--runs", "1", "--folder", str(tmp_path)]
    command.main(options)
    first = {path.name: path.read_bytes() for path in tmp_path.glob("*.csv")}
    assert set(first) == {
        "one-dimensional.csv",
        "one-dimensional-densities.csv",
        "one-dimensional-times.csv",
    }
    assert {path.name for path in tmp_path.glob("*.png")} == {
        "separation.png",
        "frontier.png",
        "level.png",
        "depth.png",
    }
    removed = sorted((tmp_path / "stacks").glob("*.json"))[0]
    removed.unlink()
    monkeypatch.setattr(report, "save_figures", lambda *_: None)  # once is enough
    command.main([*options, "--resume"])
    assert removed.exists()
    again = (tmp_path / "one-dimensional.csv").read_bytes()
    assert again == first["one-dimensional.csv"]
    with (tmp_path / "one-dimensional.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 + 3 + 2
    for row in rows:
        assert float(row["tv"]) >= float(row["tv_star"]) - 1e-3


@pytest.mark.parametrize("kind", ["vae", "gan"])
def test_a_network_with_the_published_settings_is_measured(kind, kept_globals, capsys):
    published.main([kind, "4", "--steps", "2"])
    said = capsys.readouterr().out.strip()
    last = re.search(r"variation ([\d.]+), limit ([\d.]+)$", said)
    assert float(last[2]) <= float(last[1]) <= 1
