"""The study in one dimension: its networks, its laws without samples, its tables."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
import torch
from scipy import stats
from seeds import seeded

from lecture_code import laws, lipschitz, training
from lecture_code.densities import GaussianMixture, IsotropicMixture
from lecture_code.study import __main__ as command
from lecture_code.study.line import denoisers, experiments, published, report
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


# --------------------------------------------------------------- the published settings


@pytest.fixture
def brief(monkeypatch, kept_globals):
    """Few samples, one separation and one run of the published settings."""
    short = {"DATA": 1000, "TURNS": 1, "REPORT": 2, "SEPARATIONS": (4.0,), "RUNS": 1}
    for name, value in short.items():
        monkeypatch.setattr(published, name, value)


def test_the_published_settings_are_measured_on_the_way(brief, tmp_path):
    table = published.study(tmp_path, steps=3)
    assert list(table) == list(published.COLUMNS)
    seen = list(zip(table["kind"], table["steps"].tolist(), strict=True))
    assert seen == [("score", 3), ("vae", 2), ("vae", 3), ("gan", 2), ("gan", 3)]
    generators = table["kind"] != "score"
    assert np.isnan(table["tv_star"][~generators]).all()
    assert (table["tv_star"] <= table["tv"])[generators].all()
    assert ((table["valley"] > 0) & (table["valley"] <= 1)).all()


def test_an_interrupted_study_of_the_published_settings_goes_on(
    brief, tmp_path, capsys
):
    options = ["--folder", str(tmp_path), "--steps", "2"]
    published.main(options)
    first = (tmp_path / "published.csv").read_bytes()
    (tmp_path / "networks" / "gan-m4-run0-steps2.json").unlink()
    with pytest.raises(SystemExit):
        published.main(options)
    assert "go on with --resume" in capsys.readouterr().err
    published.main([*options, "--resume"])
    assert (tmp_path / "published.csv").read_bytes() == first


@pytest.mark.parametrize("m", [0.0, 4.0])
def test_annealed_langevin_finds_the_law_of_an_exact_score(
    m, kept_globals, monkeypatch
):
    monkeypatch.setattr(published, "DATA", 4000)
    unit = math.hypot(1, m)
    law = IsotropicMixture([[-m / unit], [m / unit]], 1 / unit)

    class Exact(published.Score):
        def forward(self, x, sigma):
            return law.noised(sigma).score(x.double()).float()

    torch.manual_seed(0)
    drawn = published.sample(Exact(), m)
    # The dynamics ends a little too wide, by less than a hundredth in distance.
    far = stats.kstest(drawn, experiments.target(m).cdf).statistic
    assert far < 0.01 + 2.5 / math.sqrt(len(drawn))
