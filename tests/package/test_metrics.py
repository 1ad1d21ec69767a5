"""Distances between samples: their laws, and agreement with other libraries."""

from __future__ import annotations

import numpy as np
import ot  # codespell:ignore
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from seeds import seeded
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import NearestNeighbors

from lecture_code import metrics


def cloud(n, d=3, *, seed=0, shift=0.0, scale=1.0):
    return shift + scale * np.random.default_rng(seed).normal(size=(n, d))


# --------------------------------------------------------------------------------- MMD


@pytest.mark.parametrize(("n", "m"), [(7, 7), (9, 4), (2, 2)])
def test_mmd_agrees_with_its_definition(n, m):
    x, y, h = cloud(n), cloud(m, seed=1, shift=0.5), 1.3
    inside = [rbf_kernel(s, s, gamma=1 / (2 * h * h)) for s in (x, y)]
    means = [(k.sum() - len(k)) / (len(k) * (len(k) - 1)) for k in inside]
    want = sum(means) - 2 * rbf_kernel(x, y, gamma=1 / (2 * h * h)).mean()
    assert metrics.mmd(x, y, bandwidth=h) == pytest.approx(want, abs=1e-12)


def test_the_default_bandwidth_is_the_median_distance():
    x, y = cloud(6), cloud(5, seed=1)
    both = np.concatenate([x, y])
    apart = [np.linalg.norm(a - b) for i, a in enumerate(both) for b in both[:i]]
    assert metrics.mmd(x, y) == metrics.mmd(x, y, bandwidth=np.median(apart))


# ----------------------------------------------------------------- two-sample test


def test_the_test_has_its_size_under_the_null():
    """With 19 deals and no ties, p is uniform on 1/20, ..., 1."""
    pairs = [(cloud(12, 2, seed=s), cloud(9, 2, seed=s + 999)) for s in range(300)]
    settings = {"permutations": 19, "generator": seeded(0)}
    p = [metrics.two_sample_test(*pair, **settings) for pair in pairs]
    counts = np.bincount(np.round(20 * np.array(p)).astype(int), minlength=21)[1:]
    assert stats.chisquare(counts).pvalue > 1e-6


def test_the_least_p_value_counts_the_deal_seen():
    x, y = cloud(30), cloud(30, seed=1, shift=9)
    assert metrics.two_sample_test(x, y, permutations=99) == 0.01


def test_without_more_words_there_are_199_deals():
    x, y = cloud(12), cloud(12, seed=1, shift=99)
    assert metrics.two_sample_test(x, y, generator=seeded(0)) == 1 / 200


def test_where_all_points_are_one_nothing_speaks_against_a_common_law():
    black = np.zeros((5, 4))
    assert metrics.two_sample_test(black, black[:3], permutations=9) == 1.0
    assert metrics.mmd(black, black) == 0.0


# ------------------------------------------------------------------- precision, recall


def by_neighbours(real, generated, k):
    def share_inside(points, reference):
        radius = NearestNeighbors(n_neighbors=k + 1).fit(reference)
        radius = radius.kneighbors(reference)[0][:, k]
        return np.mean(
            [(np.linalg.norm(reference - p, axis=1) <= radius).any() for p in points]
        )

    return share_inside(generated, real), share_inside(real, generated)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_and_recall_agree_with_a_neighbour_search(k):
    real, generated = cloud(40), cloud(25, seed=1, shift=0.8)
    want = by_neighbours(real, generated, k)
    assert metrics.precision_recall(real, generated, k=k) == pytest.approx(want)


def test_without_more_words_the_third_neighbour_sets_the_radius():
    real = np.arange(5.0)[:, None]  # the last one's third neighbour is 3 away
    generated = np.array([[7.0], [7.5], [8.0], [8.5], [9.0]])
    assert metrics.precision_recall(real, generated).precision == 0.2
    assert metrics.precision_recall(real, generated, k=4).precision == 0.6


def test_a_point_on_the_edge_lies_inside():
    real, generated = [[0.0], [1.0]], [[2.0], [3.0]]  # every radius is 1
    assert metrics.precision_recall(real, generated, k=1) == (0.5, 0.5)


# ----------------------------------------------------------------------------- Frechet


def test_frechet_agrees_with_another_library():
    x, y = cloud(50, 4), cloud(30, 4, seed=1, shift=1) @ np.diag([1, 2, 3, 4.0])
    moments = [x.mean(0), y.mean(0), np.cov(x, rowvar=False), np.cov(y, rowvar=False)]
    want = ot.gaussian.bures_wasserstein_distance(*moments) ** 2  # codespell:ignore
    assert metrics.frechet(x, y) == pytest.approx(want, rel=1e-9)


def test_frechet_of_a_sample_with_itself_is_zero_even_where_flat():
    x = np.column_stack([cloud(20, 2), np.zeros(20)])
    assert metrics.frechet(x, x) == pytest.approx(0, abs=1e-9)
    assert metrics.frechet(np.zeros((5, 3)), np.ones((4, 3))) == pytest.approx(3)


# ----------------------------------------------------------------- nearest and copying


def test_nearest_distance_agrees_with_a_neighbour_search():
    x, reference = cloud(9), cloud(30, seed=1)
    want = NearestNeighbors(n_neighbors=1).fit(reference).kneighbors(x)[0][:, 0]
    np.testing.assert_allclose(metrics.nearest_distance(x, reference), want)


def test_copying_is_the_area_that_a_rank_test_knows():
    generated, train, held = cloud(20, scale=0.7), cloud(30, seed=1), cloud(25, seed=2)
    near = [metrics.nearest_distance(s, train) for s in (held, generated)]
    want = stats.mannwhitneyu(*near).statistic / (20 * 25)
    assert metrics.copying(generated, train, held) == pytest.approx(want)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=9))
def test_ties_count_one_half(levels):
    """On whole numbers distances tie, as those of grey levels do."""
    held = np.array(levels, dtype=float)[:, None]
    assert metrics.copying(held, np.zeros((1, 1)), held) == pytest.approx(0.5)


# ------------------------------------------------------------------------- classifiers


class Fixed:
    """Reads the probabilities off the image itself."""

    def predict_proba(self, x):
        return x


def test_confidence_reads_the_classifier():
    x = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.5, 0.25, 0.25], [0.9, 0.1, 0]])
    np.testing.assert_allclose(metrics.confidence(Fixed(), x), [0.7, 0.6, 0.5, 0.9])


@pytest.mark.parametrize(
    ("judged", "told"),
    [
        ([[0.5, 0.5, 2.0]], "entries >= 0 and <= 1, got 2"),
        ([[0.5, 0.5, -1.0]], "entries >= 0 and <= 1, got -1"),
    ],
)
def test_answers_that_are_no_probabilities_are_laid_to_the_classifier(judged, told):
    with pytest.raises(ValueError, match=f"^classifier: expected {told}$"):
        metrics.confidence(Fixed(), judged)


# --------------------------------------------------------------- the least that will do

A = cloud(5)


def test_the_least_numbers_are_enough():
    one = np.zeros((1, 2))
    assert metrics.two_sample_test(A, A, permutations=1) in (0.5, 1)
    assert metrics.precision_recall(A[:2], A[:2], k=1) == (1, 1)
    assert metrics.nearest_distance(one, [[3, 4]]).tolist() == [5]
    assert metrics.copying(one, one, one) == 0.5
    assert metrics.confidence(Fixed(), [[0.25, 0.75]]).tolist() == [0.75]
    assert metrics.mmd(A, A, bandwidth=0.01) == pytest.approx(-2 / 5)


def test_one_row_is_enough_only_where_the_formula_says_so():
    one = np.ones((1, 2))
    for needs_more in (metrics.mmd, metrics.two_sample_test, metrics.frechet):
        with pytest.raises(ValueError, match="x: expected at least 2 rows, got 1"):
            needs_more(one, one)
    with pytest.raises(ValueError, match="real: expected at least 4 rows, got 1"):
        metrics.precision_recall(one, one)
