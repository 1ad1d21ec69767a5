"""What is computed ahead: a stored table agrees with a fresh one."""

from __future__ import annotations

import ast
import inspect
import os
import re
import signal

import numpy as np
import pytest
import torch
from seeds import seeded

from lecture_code import (
    datasets,
    densities,
    divergences,
    flows,
    histograms,
    pushforward,
    samplers,
    trained,
    training,
)
from lecture_code.recipes import __main__ as command
from lecture_code.recipes import (
    binary,
    codes,
    coverage,
    denoising,
    gan_diffusion,
    grey,
    overfitting,
    sharing,
    stacks,
    vae_flow,
    workshop_likelihoods,
    workshop_scores,
    workshops,
)
from tools.chapters import conventions


def test_coverage_agrees_with_sets_of_patches():
    got = coverage.unseen_share(3, 40, generator=seeded(5))
    chosen = torch.randperm(1000, generator=seeded(5))[:40]
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
        fresh = coverage.unseen_share(size, images, generator=seeded(11))
        tolerance = 5 * stored["spread"][at] + 1e-5
        assert fresh == pytest.approx(stored["unseen"][at], abs=tolerance)


def test_a_stored_run_of_the_copier_is_what_the_code_trains():
    fresh = denoising.attempt("copier", 3)
    stored = trained.select(trained.table("denoising"), model="copier", seed=3)
    assert fresh["masked"] == pytest.approx(stored["masked"].item(), abs=0.5)
    assert fresh["ink"] == pytest.approx(stored["ink"].item(), abs=0.01)


def test_boxes_and_bells_are_distributions_over_pairs_of_numbers():
    pairs = torch.cartesian_prod(*[torch.arange(5.0).double()] * 2)
    known = torch.tensor([[0.0, 4.0], [1.0, 4.0], [3.0, 2.0]]).double()
    boxes = sharing.boxes_log_prob(known, pairs, levels=5, width=2)
    bells = sharing.bells_log_prob(known, pairs, levels=5)
    for log_p in (*boxes.T, bells):
        assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-12)
    # (0, 4) and (1, 4) share a box of 2 x 1 values, as the last value stands alone
    share = sharing.SHARES[4]
    assert boxes[4, 4].exp().item() == pytest.approx((1 - share) / 3 + share / 25)


def test_boxes_of_one_value_are_a_smoothed_histogram():
    known = torch.tensor([0, 0, 1, 3, 3, 3, 2, 0])
    share, k = sharing.SHARES[4], 7
    smoothing = share / (1 - share) * len(known) / k
    histogram = histograms.Histogram(k, smoothing=smoothing).fit(known)
    outcomes = torch.arange(k)
    got = sharing.boxes_log_prob(known[:, None], outcomes[:, None], levels=k, width=1)
    torch.testing.assert_close(got[:, 4], histogram.log_prob(outcomes))


def test_the_stored_comparison_is_what_the_code_computes():
    stored = trained.table("sharing")
    for side, split in ((8, 19), (4, 3), (2, 0)):
        fresh = sharing.compare(side, split)
        row = trained.select(stored, numbers=fresh["numbers"], split=split)
        assert {name: column.item() for name, column in row.items()} == pytest.approx(
            fresh, abs=1e-5
        )


def test_a_single_bell_has_the_gaps_of_its_formulas():
    law = densities.GaussianMixture([0.7], 1.3)
    below, above = overfitting.gaps(law, 50, draws=6, generator=seeded(3))
    data = law.sample(300, generator=seeded(3)).double().reshape(6, 50)
    means, scales = data.mean(dim=1), data.std(dim=1, correction=0)
    fits = torch.distributions.Normal(means[:, None], scales[:, None])
    want = (fits.log_prob(data) - law.log_prob(data)).mean(dim=1)
    torch.testing.assert_close(below, want, atol=1e-4, rtol=0)
    kl = [
        divergences.kl_gaussians(0.7, 1.3, *fit)
        for fit in zip(means.tolist(), scales.tolist(), strict=True)
    ]
    torch.testing.assert_close(above, torch.tensor(kl).double(), atol=1e-3, rtol=0.02)


def test_the_stored_gaps_are_those_of_new_draws():
    stored = trained.table("overfitting")
    rows = trained.select(stored, humps=2, n=100)
    law = datasets.toy("two-modes")
    fresh = overfitting.gaps(law, 100, draws=40, generator=seeded(8))
    for side, new in zip(("below", "above"), fresh, strict=True):
        error = np.hypot(rows[side].std() / 10, new.std().item() / 40**0.5)
        assert new.mean().item() == pytest.approx(rows[side].mean(), abs=5 * error)


def _selection(name: str) -> list[dict]:
    columns = trained.table("binary-selection")
    rows = [
        dict(zip(columns, row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]
    return [row for row in rows if row["model"] == name]


def _told(candidate: binary.Candidate) -> tuple:
    return (*candidate[:3], len(candidate.thresholds))


CHOSEN = {
    name: next(c for c in tried if _told(c) == tuple(_selection(name)[0].values())[1:5])
    for name, tried in binary.CANDIDATES.items()
}


@pytest.mark.parametrize("name", binary.CANDIDATES)
def test_the_best_candidate_on_the_validation_images_is_stored(name):
    rows = _selection(name)
    tried = sorted(tuple(row.values())[1:5] for row in rows)
    assert tried == sorted(map(_told, binary.CANDIDATES[name]))
    assert [row["chosen"] for row in rows] == [1] + [0] * (len(rows) - 1)
    assert min(row["validation"] for row in rows) == rows[0]["validation"]
    build = binary.NETWORKS[name]
    network = build(CHOSEN[name].width, CHOSEN[name].dropout)
    assert repr(trained.BUILDERS[name]().network) == repr(network)
    first, *others = rows
    with torch.no_grad():
        for part in ("validation", "test"):
            nll = trained.load(name).loss(datasets.binary_digits(part).pixels).item()
            assert first[part] == pytest.approx(nll, abs=2e-3)
    assert all(np.isnan(row["test"]) for row in others)


def test_the_table_of_seeds_is_what_the_code_trains():
    table = trained.table("binary-seeds")
    rows = zip(table["width"], table["thresholds"], table["seed"], strict=True)
    tried = [(c.width, len(c.thresholds)) for _, c in binary.REPEATED]
    assert list(rows) == [(*each, seed) for each in tried for seed in range(10)]
    _, candidate = binary.REPEATED[0]
    fresh = binary._score(binary.attempt("logistic", candidate, seed=1).model)
    kind = {"model": "logistic", "thresholds": len(candidate.thresholds)}
    stored = trained.select(table, seed=1, **kind)
    for part, nats in fresh.items():
        assert stored[part] == pytest.approx([nats], abs=0.05)


def test_the_table_of_codes_is_what_the_code_measures():
    table = trained.table("codes")
    assert len(table["seed"]) == 2 * 3 * 10
    for start, make in enumerate((codes.start_code, codes.train_code)):
        for row in codes._measure(make(3)):
            kind = row.pop("kind")
            stored = trained.select(table, seed=3, trained=start, kind=kind)
            slack = {"nats": 0.5}
            for column, value in row.items():
                near = pytest.approx([value], abs=slack.get(column, 0.03))
                assert stored[column] == near


def test_a_linear_decoder_tells_apart_what_its_codes_hold():
    generator = seeded(0)
    pages, wanted = torch.rand(2, 50, 6, generator=generator)
    mixed = torch.rand(6, 6, generator=generator)
    offset = torch.ones(6)
    exact = codes.tell_apart(
        pages @ mixed + offset, pages, wanted @ mixed + offset, wanted
    )
    assert exact == 1
    blind = torch.zeros(50, 2)
    assert codes.tell_apart(blind, pages, blind, wanted) == 1 / 50


QUICK = binary.Candidate(0, 0.0, 0.05, binary.ONE)


def test_training_keeps_the_best_round():
    one, four = (
        binary.attempt("logistic", QUICK, rounds=rounds, steps=30) for rounds in (1, 4)
    )
    held_out = datasets.binary_digits("validation").pixels
    assert four.nll <= one.nll
    assert four.model.loss(held_out).item() == pytest.approx(four.nll, abs=1e-5)


def test_training_ends_when_the_validation_images_gain_no_more(monkeypatch):
    calls = []

    def spoil(model, *_, **__):
        calls.append(0)
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(1.0)

    monkeypatch.setattr(binary.training, "fit", spoil)
    trial = binary.attempt("logistic", QUICK)
    assert trial.rounds == 1
    assert len(calls) == 1 + binary.PATIENCE


def test_the_lowest_validation_score_comes_first_and_alone_meets_the_test_images(
    monkeypatch,
):
    scores = iter([3.0, 1.0, 2.0])

    def attempt(name, candidate):
        nll = next(scores)
        return binary.Trial(QUICK, nll, 1, trained.load(name) if nll == 1 else None)

    monkeypatch.setattr(binary, "attempt", attempt)
    monkeypatch.setattr(binary, "trials", binary.trials.__wrapped__)
    monkeypatch.setattr(binary, "CANDIDATES", {"logistic": [QUICK] * 3})
    table = binary.table()
    assert table["validation"].tolist() == [1.0, 2.0, 3.0]
    assert table["chosen"].tolist() == [1, 0, 0]
    assert np.isnan(table["test"]).tolist() == [False, True, True]


def test_models_skips_what_is_there(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(trained, "FOLDER", tmp_path)
    monkeypatch.setattr(command, "WEIGHTS", {})
    monkeypatch.setattr(command, "ARRAYS", {})
    monkeypatch.setattr(command, "TABLES", {"coverage": lambda: {"a": np.ones(1)}})
    command.main([])
    command.main([])
    first, second = capsys.readouterr().out.splitlines()
    assert first == "coverage.csv written"
    assert "there already" in second
    assert trained.table("coverage")["a"].tolist() == [1.0]


#: Networks of the package; those of the workshops stand in their notebooks.
PACKED = [name for name in command.WEIGHTS if name not in workshops.PLANS]


@pytest.mark.parametrize("name", PACKED)
def test_each_stored_network_can_be_trained_again(name, monkeypatch, request):
    """In one step instead of thousands: the same layers, other weights."""
    if name == "judge":
        request.getfixturevalue("mnist")
    play, state = training.play, torch.get_rng_state()

    def one_step(*args, **kwargs):
        return play(*args, **{**kwargs, "steps": 1})

    monkeypatch.setattr(training, "play", one_step)
    for made_once in (binary.trials, grey._trained, vae_flow._timed):
        made_once.cache_clear()
    made = command.WEIGHTS[name]()
    assert torch.equal(torch.get_rng_state(), state)
    stored = trained.load(name)
    for made_once in (binary.trials, grey._trained, vae_flow._timed):
        made_once.cache_clear()
    stored_weights, weights = stored.state_dict(), made.state_dict()
    assert {k: v.shape for k, v in weights.items()} == {
        k: v.shape for k, v in stored_weights.items()
    }
    assert any((weights[k] != stored_weights[k]).any() for k in weights)
    assert not made.training


def stop_in_second_round(monkeypatch, workshop: str) -> None:
    """Press Ctrl-C in the middle of a step, where the notebook's own loop sees it."""
    defined, drawn = workshops.scope(workshop), torch.randint
    calls = []

    def pressed(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return drawn(*args, **kwargs)

    assert defined["torch"] is torch
    monkeypatch.setattr(torch, "randint", pressed)


@pytest.mark.parametrize("name", workshops.PLANS)
def test_a_workshop_is_trained_in_rounds_and_taken_up_again(
    name, monkeypatch, tmp_path, mnist, kept_globals
):
    short = workshops.PLANS[name]._replace(rounds=2, steps=1)
    monkeypatch.setitem(workshops.PLANS, name, short)
    monkeypatch.setattr(workshops, "ROUNDS", tmp_path)
    workshops.scope(short.workshop, short.until)  # which seeds the random numbers
    state = torch.get_rng_state()
    made = workshops.train(name).state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    stop_in_second_round(monkeypatch, short.workshop)
    with pytest.raises(SystemExit, match="run the command again to go on"):
        workshops.train(name)
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}-0.npz"]
    monkeypatch.undo()
    monkeypatch.setitem(workshops.PLANS, name, short)
    monkeypatch.setattr(workshops, "ROUNDS", tmp_path)
    again = workshops.train(name).state_dict()
    assert all(torch.equal(made[key], again[key]) for key in made)
    assert list(tmp_path.iterdir()) == []  # by force it would begin anew
    stored = trained.arrays(name)
    assert {k: v.shape for k, v in stored.items()} == {
        k: tuple(v.shape) for k, v in made.items()
    }
    size = (trained.FOLDER / f"{name}.npz").stat().st_size
    assert size < 1.5e6


def test_what_untold_gans_draw_is_counted_for_each_seed(
    monkeypatch, tmp_path, mnist, kept_globals
):
    monkeypatch.setattr(workshops, "ROUNDS", tmp_path)
    short = workshops.UNTOLD._replace(rounds=1, steps=1)
    monkeypatch.setattr(workshops, "UNTOLD", short)
    table = workshops.digit_shares(seeds=2, samples=40)
    seed, digit = np.divmod(np.arange(20), 10)
    assert table["seed"].tolist() == seed.tolist()
    assert table["digit"].tolist() == digit.tolist()
    share = table["share"].reshape(2, 10)
    assert share.sum(axis=1) == pytest.approx(np.ones(2))
    assert share * 40 == pytest.approx(np.round(share * 40))
    assert (table["sure"] <= table["share"]).all()


# -------------------------------------------------- game, diffusion, latents and flow


def _bound(model: torch.nn.Module, part: str) -> float:
    x, generator = datasets.digits(part).pixels, seeded(0)
    with torch.no_grad():
        return model.dequantised_bound(x, 4, generator).mean().item()


def test_a_prepared_flow_is_the_table_with_a_gaussian_behind():
    train = datasets.digits("train").pixels
    prepared = vae_flow.prepared_flow(trained.BUILDERS["flow-digits"](), train).eval()
    stored = trained.load("flow-digits")
    first, *middle, last = prepared.flow.layers
    assert torch.equal(first.probs, stored.flow.layers[0].probs)
    assert all(layer.gain.abs().max() == 0 for layer in middle)
    alone = flows.Dequantised(flows.Flow([first, last], d=64), levels=17)
    assert abs(_bound(alone, "test") - _bound(prepared, "test")) < 1e-3


def test_the_stored_costs_are_of_the_stored_models():
    table = trained.table("latent-costs")
    assert table["model"].tolist() == list(vae_flow.SETTINGS)
    sizes = [
        sum(p.numel() for p in trained.load(name).parameters())
        for name in table["model"]
    ]
    assert table["parameters"].tolist() == sizes
    assert (table["train_seconds"] > 1).all()
    assert np.isfinite(table["train_seconds"]).all()


def test_a_toy_game_is_named_by_its_seed():
    state = torch.get_rng_state()
    short, long = (gan_diffusion.toy_gans(runs=runs, steps=2) for runs in (1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert list(long["run"]) == [0] * 100 + [1] * 100
    assert (short["sample"] == long["sample"][:100]).all()
    assert (long["latent"][:50] == -long["latent"][99:49:-1]).all()


# ------------------------------------------------------- a chain in one or two networks


def count_tv(x: np.ndarray) -> float:
    """Count the total variation between points (n,) and the stacks' target."""
    edges = np.linspace(-10, 10, 201)
    shares = np.histogram(x, edges)[0] / len(x)
    return np.abs(shares - np.diff(stacks.TARGET.cdf(edges))).sum() / 2


def test_the_teacher_is_the_chain_and_half_of_it_has_the_root_of_its_slopes():
    z, half_way, x = (points[:, 0].numpy() for points in stacks.teach())
    flow = samplers.probability_flow(stacks.TARGET, stacks.CHAIN)
    near = slice(9000, 11_001)
    slopes = np.diff(x[near]) / np.diff(z[near])
    # A quotient over 1e-4 of the latent is a little less than the slope at the peak.
    assert 0.997 * flow.slope < slopes.max() < flow.slope
    assert count_tv(x) == pytest.approx(flow.tv, abs=5e-3)
    np.testing.assert_allclose(
        (np.diff(half_way) / np.diff(z)) ** 2, np.diff(x) / np.diff(z), rtol=1e-6
    )


@pytest.mark.parametrize("slope", [16.0, 25.0])
def test_both_halves_of_a_best_map_are_mild_enough_for_the_networks(slope):
    z, half_way, x = (points[:, 0].numpy() for points in stacks.teach(slope))
    first, second = np.diff(half_way) / np.diff(z), np.diff(x) / np.diff(half_way)
    np.testing.assert_allclose(first, second, rtol=1e-6)
    assert max(first) == pytest.approx(slope**0.5, rel=1e-6)
    best = pushforward.tv_star(stacks.TARGET, slope).value
    assert count_tv(x) == pytest.approx(best, abs=5e-3)


def test_a_stored_stack_is_what_the_recipe_trains():
    state = torch.get_rng_state()
    # The kind whose measures move least where another processor rounds otherwise.
    which = {"kind": "separate 16", "seed": 2}
    fresh = stacks.measure(next(stacks.train(**which)))
    assert torch.equal(torch.get_rng_state(), state)
    stored = trained.select(trained.table("stacks"), steps=800, **which)
    for name, value in fresh.items():
        assert stored[name] == pytest.approx([value], rel=0.03)


def test_every_stack_is_stored_and_none_is_steeper_than_its_networks_may_be():
    table = trained.table("stacks")
    rounds = sum(kind.rounds for kind in stacks.KINDS.values())
    assert len(table["tv"]) == len(stacks.SEEDS) * rounds
    for name, kind in stacks.KINDS.items():
        limit = max(reach or np.inf for reach in kind.reaches)
        assert (trained.select(table, kind=name)["steepest"] < limit * 1.01).all()


def test_what_copies_and_what_is_blank_is_seen_by_the_judge(mnist, monkeypatch):
    monkeypatch.setattr(workshop_scores, "COUNT", 100)
    judge = workshop_scores.Judge(tossed=True)
    copies = judge.score(judge.train[:100])
    assert copies["nearest"] == 0
    blank = judge.score(torch.zeros(100, 784))
    assert (blank["least_share"], blank["greatest_share"]) == (0, 1)
    assert blank["precision"] == blank["recall"] == 0
    assert blank["frechet"] > 10 * copies["frechet"]


def test_real_images_score_as_stored(mnist):
    stored = trained.table("workshops")
    judge = workshop_scores.Judge(tossed=False)
    for name, images in judge.real.items():
        kept = trained.select(stored, model=name)
        for column, value in judge.score(images).items():
            assert kept[column].item() == pytest.approx(value, rel=0.03)


def test_a_histogram_asks_for_what_it_has_seen_and_no_end_for_the_rest():
    seen, new = torch.tensor([[0, 1], [0, 1], [1, 1]]), torch.tensor([[0, 1], [1, 0]])
    nats = workshop_likelihoods.histogram(seen, new)
    assert nats.tolist() == [pytest.approx(np.log(3 / 2)), np.inf]


@pytest.mark.parametrize(
    ("model", "notebook", "printed"),
    [
        ("masked MLP", "workshop-autoregressive", "mlp: {:.1f} "),
        ("masked convolution", "workshop-autoregressive", "cnn: {:.1f} "),
        ("convolutional VAE, at most", "workshop-vae", "at most {:.1f} "),
        ("independent pixels", "workshop-vae", "independent pixels {:.1f},"),
    ],
)
def test_a_notebook_prints_what_the_table_of_likelihoods_has(model, notebook, printed):
    stored = trained.select(trained.table("workshop-likelihoods"), model=model)
    cells = conventions.read(conventions.ROOT / f"book/{notebook}.ipynb").cells
    outputs = [each for cell in cells for each in cell.get("outputs", [])]
    text = "".join(each.get("text", "") for each in outputs)
    assert printed.format(stored["nats"].item()) in text


def test_each_model_of_the_workshops_is_scored(mnist, monkeypatch, kept_globals):
    monkeypatch.setattr(workshop_scores, "COUNT", 100)
    monkeypatch.setattr(workshop_scores, "STEPS", 1)
    monkeypatch.setattr(workshop_scores, "defined", lambda _: workshops.scope("gan"))
    noise = workshop_scores.Model("workshop-gan", lambda _, n: torch.rand(n, 784))
    monkeypatch.setattr(workshop_scores, "MODELS", {"noise": noise})
    table = workshop_scores.scores()
    assert len(table["model"]) == 5
    assert table["recall"][-1] < 0.2 < table["recall"][:4].min()
    assert table["updates"][-1] == 4000
    assert table["minutes"][-1] > 0 == table["minutes"][0]


def test_the_recipe_takes_what_the_notebooks_define():
    tree = ast.parse(inspect.getsource(workshop_scores))
    taken = {
        each.slice.value
        for each in ast.walk(tree)
        if isinstance(each, ast.Subscript)
        and isinstance(each.value, ast.Name)
        and each.value.id == "d"
    }
    code = "\n".join(
        cell.source
        for path in conventions.chapters()
        if conventions.is_workshop(path.stem)
        for cell in conventions.read(path).cells
        if cell.cell_type == "code"
    )
    assert taken
    for name in taken:
        assert re.search(rf"^(def {name}\(|{name}\b.*= )", code, re.MULTILINE), name
