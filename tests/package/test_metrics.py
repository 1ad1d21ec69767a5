"""Distances between samples: their laws, and agreement with other libraries."""

from __future__ import annotations

import math

import numpy as np
import ot  # codespell:ignore
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import NearestNeighbors

from lecture_code import datasets, metrics


def cloud(n, d=3, *, seed=0, shift=0.0, scale=1.0):
    return shift + scale * np.random.default_rng(seed).normal(size=(n, d))


def seeded(seed):
    return torch.Generator().manual_seed(seed)


# --------------------------------------------------------------------------------- MMD


@pytest.mark.parametrize(("n", "m"), [(7, 7), (9, 4), (2, 2)])
def test_mmd_agrees_with_its_definition(n, m):
    x, y, h = cloud(n), cloud(m, seed=1, shift=0.5), 1.3
    inside = [rbf_kernel(s, s, gamma=1 / (2 * h * h)) for s in (x, y)]
    means = [(k.sum() - len(k)) / (len(k) * (len(k) - 1)) for k in inside]
    want = sum(means) - 2 * rbf_kernel(x, y, gamma=1 / (2 * h * h)).mean()
    assert metrics.mmd(x, y, bandwidth=h) == pytest.approx(want, abs=1e-12)


def test_mmd_of_two_gaussians_is_the_closed_form():
    """The kernel's mean over N(m, 2) is known; 400 estimates meet it on average."""
    h, shift = 0.8, 1.0
    mean = h / math.sqrt(h * h + 2)
    want = 2 * mean * (1 - math.exp(-(shift**2) / (2 * (h * h + 2))))
    got = [
        metrics.mmd(
            cloud(20, 1, seed=s), cloud(15, 1, seed=s + 999, shift=shift), bandwidth=h
        )
        for s in range(400)
    ]
    assert np.mean(got) == pytest.approx(want, abs=5 * np.std(got) / math.sqrt(400))


def test_the_default_bandwidth_is_the_median_distance():
    x, y = cloud(6), cloud(5, seed=1)
    both = np.concatenate([x, y])
    apart = [np.linalg.norm(a - b) for i, a in enumerate(both) for b in both[:i]]
    assert metrics.mmd(x, y) == metrics.mmd(x, y, bandwidth=np.median(apart))


def test_mmd_is_symmetric_and_sees_no_order():
    x, y = cloud(8), cloud(6, seed=1)
    assert metrics.mmd(x, y) == pytest.approx(metrics.mmd(y, x), abs=1e-12)
    assert metrics.mmd(x[::-1], y) == pytest.approx(metrics.mmd(x, y), abs=1e-12)


# ----------------------------------------------------------------- two-sample test


def p_values(shift, trials=300, permutations=19):
    return np.array(
        [
            metrics.two_sample_test(
                cloud(12, 2, seed=3 * s),
                cloud(9, 2, seed=3 * s + 1, shift=shift),
                permutations=permutations,
                generator=seeded(s),
            )
            for s in range(trials)
        ]
    )


def test_the_test_has_its_size_under_the_null():
    """With 19 deals and no ties, p is uniform on 1/20, ..., 1."""
    p = p_values(shift=0.0, trials=1000)
    for alpha in (0.05, 0.1, 0.5):
        error = math.sqrt(alpha * (1 - alpha) / len(p))
        assert abs((p <= alpha + 1e-9).mean() - alpha) < 5 * error
    counts = np.bincount(np.round(20 * p).astype(int), minlength=21)[1:]
    assert stats.chisquare(counts).pvalue > 1e-6


def test_the_test_sees_a_shift():
    assert (p_values(shift=1.5, trials=50) <= 0.05).mean() > 0.9


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


# ------------------------------------------------------------------ sliced Wasserstein


@pytest.mark.parametrize(("n", "m"), [(20, 20), (20, 13), (1, 6)])
def test_sliced_wasserstein_agrees_with_another_library(n, m):
    x, y = cloud(n), cloud(m, seed=1, shift=0.7, scale=2)
    u = torch.randn(3, 50, generator=seeded(4), dtype=torch.float64).numpy()
    u /= np.linalg.norm(u, axis=0)
    weights = [np.full(k, 1 / k) for k in (n, m)]
    want = ot.sliced_wasserstein_distance(  # codespell:ignore
        x, y, *weights, projections=u
    )
    got = metrics.sliced_wasserstein(x, y, directions=50, generator=seeded(4))
    assert got == pytest.approx(want, rel=1e-9)


def test_on_the_line_every_direction_is_the_same():
    x, y = cloud(11, 1), cloud(8, 1, seed=1)
    want = math.sqrt(ot.wasserstein_1d(x[:, 0], y[:, 0], p=2))  # codespell:ignore
    assert metrics.sliced_wasserstein(x, y) == pytest.approx(want)


def test_without_more_words_there_are_200_directions():
    x, y = cloud(9), cloud(7, seed=1)
    got = metrics.sliced_wasserstein(x, y, generator=seeded(2))
    want = metrics.sliced_wasserstein(x, y, directions=200, generator=seeded(2))
    assert got == want


def test_a_shift_is_seen_along_its_shadow():
    """The mean of the squared cosine to a fixed direction is 1 / d."""
    x = cloud(50, 4)
    got = metrics.sliced_wasserstein(
        x, x + np.array([3.0, 0, 0, 0]), directions=20_000, generator=seeded(0)
    )
    assert got == pytest.approx(3 / math.sqrt(4), rel=0.02)


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


def test_precision_and_recall_swap_with_the_samples():
    real, generated = cloud(40), cloud(25, seed=1, scale=0.3)
    p, r = metrics.precision_recall(real, generated)
    assert metrics.precision_recall(generated, real) == (r, p)
    assert p > r  # a narrow sample lies within, and leaves much out


def test_a_copier_wins_both_and_a_stranger_neither():
    real = cloud(40)
    assert metrics.precision_recall(real, real) == (1, 1)
    assert metrics.precision_recall(real, real + 99) == (0, 0)


def test_a_lost_mode_costs_recall_and_not_precision():
    real = np.concatenate([cloud(40), cloud(40, seed=1, shift=30)])
    got = metrics.precision_recall(real, cloud(80, seed=2))
    assert got.precision > 0.8
    assert got.recall < 0.5


# ----------------------------------------------------------------------------- Frechet


def test_frechet_agrees_with_another_library():
    x, y = cloud(50, 4), cloud(30, 4, seed=1, shift=1) @ np.diag([1, 2, 3, 4.0])
    moments = [
        x.mean(0),
        y.mean(0),
        np.cov(x, rowvar=False),
        np.cov(y, rowvar=False),
    ]
    want = ot.gaussian.bures_wasserstein_distance(*moments) ** 2  # codespell:ignore
    assert metrics.frechet(x, y) == pytest.approx(want, rel=1e-9)


def test_frechet_on_the_line_is_two_squares():
    x, y = cloud(50, 1), cloud(30, 1, seed=1, shift=1, scale=3)
    want = (x.mean() - y.mean()) ** 2 + (x.std(ddof=1) - y.std(ddof=1)) ** 2
    assert metrics.frechet(x, y) == pytest.approx(want)


def test_frechet_of_a_sample_with_itself_is_zero_even_where_flat():
    x = np.column_stack([cloud(20, 2), np.zeros(20)])
    assert metrics.frechet(x, x) == pytest.approx(0, abs=1e-9)
    assert metrics.frechet(np.zeros((5, 3)), np.ones((4, 3))) == pytest.approx(3)


def test_frechet_of_the_digits_is_the_known_figure():
    train, test = (datasets.digits(p).pixels / 16 for p in ("train", "test"))
    assert metrics.frechet(train, test) == pytest.approx(0.288, abs=5e-4)
    # blank corners: eigenvalues of 0 are 1e-16 by rounding, and their roots 1e-8
    assert metrics.frechet(test, train) == pytest.approx(
        metrics.frechet(train, test), abs=1e-6
    )


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


def test_a_copier_and_a_stranger_are_told_apart():
    train, held_out = cloud(30), cloud(25, seed=1)
    assert metrics.copying(train[:9], train, held_out) == 1
    assert metrics.copying(held_out + 50, train, held_out) == 0
    assert metrics.copying(held_out, train, held_out) == pytest.approx(0.5)


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


def test_confidence_and_shares_read_the_classifier():
    x = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.5, 0.25, 0.25], [0.9, 0.1, 0]])
    np.testing.assert_allclose(metrics.confidence(Fixed(), x), [0.7, 0.6, 0.5, 0.9])
    np.testing.assert_allclose(metrics.class_shares(Fixed(), x), [0.75, 0, 0.25])


def test_a_class_that_is_never_chosen_has_its_share_too():
    x = np.array([[0.7, 0.2, 0.1], [0.2, 0.8, 0.0]])
    assert metrics.class_shares(Fixed(), x).tolist() == [0.5, 0.5, 0]


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


def test_answers_without_classes_are_laid_to_the_classifier():
    class Flat:
        def predict_proba(self, x):
            return x[:, 0]

    told = r"^classifier: expected shape \(n, classes\), got"
    with pytest.raises(ValueError, match=told):
        metrics.confidence(Flat(), np.ones((2, 2)))


# ------------------------------------------------------------------ what does not fit

A = cloud(5)


def test_the_least_numbers_are_enough():
    one = np.zeros((1, 2))
    assert metrics.two_sample_test(A, A, permutations=1) in (0.5, 1)
    assert metrics.sliced_wasserstein(one, one + 1, directions=1) <= math.sqrt(2)
    assert metrics.precision_recall(A[:2], A[:2], k=1) == (1, 1)
    assert metrics.nearest_distance(one, [[3, 4]]).tolist() == [5]
    assert metrics.copying(one, one, one) == 0.5
    assert metrics.confidence(Fixed(), [[0.25, 0.75]]).tolist() == [0.75]
    assert metrics.mmd(A, A, bandwidth=0.01) == pytest.approx(-2 / 5)


# --------------------------------------------------------------------- extreme numbers


@pytest.mark.parametrize("size", [0.0, 1e-9, 1e25])
def test_extreme_samples_give_finite_numbers(size):
    x, y = size * cloud(6), size * cloud(7, seed=1)
    numbers = [
        metrics.mmd(x, y),
        metrics.two_sample_test(x, y, permutations=3),
        metrics.sliced_wasserstein(x, y),
        *metrics.precision_recall(x, y),
        metrics.frechet(x, y),
        metrics.copying(x, y, y),
    ]
    assert np.isfinite(numbers).all()


def test_one_row_is_enough_only_where_the_formula_says_so():
    one = np.ones((1, 2))
    assert metrics.sliced_wasserstein(one, one) == 0
    for needs_more in (metrics.mmd, metrics.two_sample_test, metrics.frechet):
        with pytest.raises(ValueError, match="x: expected at least 2 rows, got 1"):
            needs_more(one, one)
    with pytest.raises(ValueError, match="real: expected at least 4 rows, got 1"):
        metrics.precision_recall(one, one)
