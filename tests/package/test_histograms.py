"""Histograms: counting, look-up and the inverse staircase, edge cases included."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lecture_code.histograms import Histogram, PatternTable

outcome_lists = st.lists(st.integers(0, 6), min_size=1, max_size=60)
smoothings = st.sampled_from([0.0, 1e-9, 0.5, 1.0, 1e6])


def all_patterns(pixels: int) -> np.ndarray:
    return np.array(list(itertools.product([0, 1], repeat=pixels)))


def codes(bits: np.ndarray) -> np.ndarray:
    """Number the patterns in the order of :func:`all_patterns`."""
    return np.asarray(bits).astype(int) @ (2 ** np.arange(bits.shape[1])[::-1])


# -------------------------------------------------------------------------- counting


@given(outcome_lists, smoothings)
def test_probabilities_sum_to_one(outcomes, smoothing):
    model = Histogram(7, smoothing=smoothing).fit(outcomes)
    assert model.probs.min() >= 0
    assert model.probs.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(model.probs.cumsum(dim=0), model.cdf, atol=1e-12)
    assert model.cdf[-1] == 1.0


@given(outcome_lists)
def test_probabilities_are_exact_shares(outcomes):
    model = Histogram(7).fit(outcomes)
    for i in range(7):
        n = len(outcomes)
        assert model.probs[i] == float(Fraction(outcomes.count(i), n))
        assert model.cdf[i] == float(Fraction(sum(j <= i for j in outcomes), n))


def test_smoothing_in_closed_form():
    model = Histogram(3, smoothing=0.5).fit([0, 0, 2])
    np.testing.assert_allclose(model.probs, [2.5 / 4.5, 0.5 / 4.5, 1.5 / 4.5])
    flat = Histogram(3, smoothing=1e12).fit([0])
    np.testing.assert_allclose(flat.probs, 1 / 3)


def test_fitting_again_starts_anew():
    model = Histogram(3).fit([0, 0, 0])
    assert model.fit([2]) is model
    np.testing.assert_array_equal(model.probs, [0, 0, 1])


def test_look_up():
    model = Histogram.of([0.25, 0.0, 0.75])
    outcomes = torch.tensor([2, 1, 0, 2])
    assert model.prob(outcomes).tolist() == [0.75, 0.0, 0.25, 0.75]
    log_prob = model.log_prob(outcomes)
    assert log_prob.dtype == model.prob(outcomes).dtype == torch.float64
    assert log_prob[1] == -math.inf
    assert log_prob[2] == pytest.approx(-2 * math.log(2))


# ---------------------------------------------------------------- the inverse staircase


@given(outcome_lists, st.floats(0, 1))
def test_ppf_is_the_smallest_outcome_that_reaches_u(outcomes, u):
    model = Histogram(7).fit(outcomes)
    first = next(i for i in range(7) if u <= model.cdf[i])
    assert model.ppf(u).item() == first


@given(outcome_lists)
def test_on_a_step_the_outcome_of_that_step_is_returned(outcomes):
    model = Histogram(7).fit(outcomes)
    seen = sorted(set(outcomes))
    steps = model.cdf[seen]
    assert model.ppf(steps).tolist() == seen
    above = np.nextafter([0.0, *steps[:-1]], 1)
    assert model.ppf(above).tolist() == seen


def test_steps_are_where_one_divides_to():
    # Summed from rounded probabilities, the third step would be 0.30000000000000004.
    model = Histogram(10).fit(range(10))
    assert model.ppf([i / 10 for i in range(1, 11)]).tolist() == list(range(10))


def test_ppf_at_the_ends():
    model = Histogram.of([0.0, 0.5, 0.0, 0.5, 0.0])
    assert model.ppf(0.0).item() == 0  # 0 <= F_0 = 0: the rule at its word
    assert model.ppf(5e-324).item() == 1
    assert model.ppf(0.5).item() == 1
    assert model.ppf(1.0).item() == 3


def test_samples_follow_the_probabilities(generator):
    probs = np.array([0.0, 0.05, 0.3, 0.0, 0.65])
    drawn = Histogram.of(probs).sample(20_000, generator)
    counts = np.bincount(drawn, minlength=5)
    assert drawn.dtype == torch.int64
    assert counts[0] == counts[3] == 0
    likely = probs > 0
    assert stats.chisquare(counts[likely], 20_000 * probs[likely]).pvalue > 1e-6


def test_the_random_number_zero_draws_no_impossible_outcome(monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda n, **_: torch.zeros(n).double())
    assert Histogram.of([0.0, 0.5, 0.5, 0.0]).sample(2).tolist() == [2, 2]
    largest = 1 - 2.0**-53
    monkeypatch.setattr(
        torch, "rand", lambda n, **_: torch.full((n,), largest, dtype=torch.float64)
    )
    assert Histogram.of([0.0, 0.5, 0.5, 0.0]).sample(2).tolist() == [1, 1]


@pytest.mark.parametrize("kind", [Histogram, PatternTable])
def test_random_numbers_are_finer_than_float32(kind, monkeypatch, generator):
    rand, drawn = torch.rand, []

    def recorded(*size, **settings):
        drawn.append(rand(*size, **settings))
        return drawn[-1]

    model = kind(1).fit([0] if kind is Histogram else [[0]])
    monkeypatch.setattr(torch, "rand", recorded)
    model.sample(50, generator)
    assert drawn
    assert all((u * 2**24 % 1 != 0).any() for u in drawn)


# -------------------------------------------------------------------- pattern tables


@given(
    st.lists(st.lists(st.integers(0, 1), min_size=4, max_size=4), min_size=1),
    smoothings,
)
def test_a_table_is_a_histogram_of_patterns(bits, smoothing):
    table = PatternTable(4, smoothing=smoothing).fit(bits)
    histogram = Histogram(16, smoothing=smoothing).fit(codes(np.array(bits)))
    np.testing.assert_allclose(table.prob(all_patterns(4)), histogram.probs, rtol=1e-12)
    assert table.prob(all_patterns(4)).sum() == pytest.approx(1.0, abs=1e-12)
    assert table.seen == len({tuple(row) for row in bits})


@given(st.lists(st.sampled_from(range(8)), min_size=1))
def test_what_is_missing_is_told_by_leaving_each_example_out(kinds):
    bits = all_patterns(3)[kinds]
    new = [
        kinds[:i].count(kind) + kinds[i + 1 :].count(kind) == 0
        for i, kind in enumerate(kinds)
    ]
    assert PatternTable(3).fit(bits).missing_mass == pytest.approx(np.mean(new))


def test_a_table_too_large_to_store():
    bits = torch.eye(2, 3000)
    table = PatternTable(3000, smoothing=0.5).fit(bits)
    log_prob = table.log_prob(torch.cat([bits, torch.ones(1, 3000)]))
    unseen = -3000 * math.log(2)  # the smoothing outweighs all counts
    np.testing.assert_allclose(log_prob, [unseen + math.log(3)] * 2 + [unseen])
    assert PatternTable(3000).fit(bits).prob(bits).tolist() == pytest.approx([0.5, 0.5])


def test_without_smoothing_only_seen_patterns_are_possible(generator):
    bits = torch.tensor([[0.0, 1.0, 1.0]] * 3 + [[1.0, 0.0, 0.0]])
    table = PatternTable(3).fit(bits)
    assert table.log_prob(torch.zeros(1, 3)).item() == -math.inf
    drawn = table.sample(4000, generator)
    assert drawn.dtype == torch.float32
    first = (drawn == bits[0]).all(1)
    assert (first | (drawn == bits[3]).all(1)).all()
    assert abs(first.double().mean() - 0.75) < 5 * math.sqrt(0.1875 / 4000)


@pytest.mark.parametrize("smoothing", [0.3, 2.0])
def test_smoothed_samples_follow_the_probabilities(smoothing, generator):
    table = PatternTable(3, smoothing=smoothing).fit([[0, 1, 1]] * 6 + [[1, 0, 0]])
    drawn = codes(table.sample(20_000, generator).numpy())
    expected = 20_000 * table.prob(all_patterns(3)).numpy()
    counts = np.bincount(drawn, minlength=8)
    assert stats.chisquare(counts, expected).pvalue > 1e-6


def test_the_random_number_zero_draws_no_pattern_never_seen(monkeypatch, generator):
    table = PatternTable(3).fit([[0, 1, 1]])
    monkeypatch.setattr(torch, "rand", lambda *size, **_: torch.zeros(size).double())
    assert table.sample(50, generator).unique(dim=0).tolist() == [[0, 1, 1]]


# ------------------------------------------------------------------ interface, errors


@pytest.mark.parametrize(
    ("kind", "calls"),
    [
        (Histogram, {"prob": [0], "log_prob": [0], "ppf": 0.5, "sample": 1}),
        (PatternTable, {"prob": [[0]], "log_prob": [[0]], "sample": 1}),
    ],
)
def test_a_model_not_fitted_says_so(kind, calls):
    told = f"^{kind.__name__}: nothing is learned yet, call fit first$"
    for name, argument in calls.items():
        with pytest.raises(ValueError, match=told):
            getattr(kind(1), name)(argument)
    for name in {"probs", "cdf", "seen", "missing_mass"} & set(dir(kind)):
        with pytest.raises(ValueError, match=told):
            getattr(kind(1), name)
