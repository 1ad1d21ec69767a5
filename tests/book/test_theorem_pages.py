"""What the theorem's pages say beside their proofs: regimes, and worked numbers.

The pages are `book/15-theorem.md` and `book/15-theorem-optimum.md`.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from lecture_code import pushforward
from lecture_code.densities import GaussianMixture
from tools.chapters import conventions


def _phi(u):
    return np.exp(-np.square(u) / 2) / math.sqrt(2 * math.pi)


def _psi(t, h):
    return special.ndtr(special.ndtri(t) + h) - t


# ------------------------------------------------- what is given up, and the numbers


def _lost(m, slope, weight=0.5):
    """Masses that the best model of two modes gives up at both ends."""
    target = GaussianMixture([-m, m], 1, [weight, 1 - weight])
    first, last = pushforward.tv_star(target, slope).map(np.array([-9.0, 9.0]))
    return target.cdf(first), 1 - target.cdf(last)


@pytest.mark.parametrize(
    ("m", "slope", "ends"),
    [
        *((0.5, 1.1, 2), (0.9, 1.45, 2), (1.0, 1.6, 2)),
        *((1.5, 1.2, 2), (2.0, 1.1, 2), (2.0, 0.5, 2), (3.0, 0.9, 2)),
        *((1.1, 1.75, 1), (1.5, 1.5, 1), (2.0, 1.3, 1), (3.0, 1.2, 1), (3.0, 5.0, 1)),
        (2.0, 8.0, 0),
    ],
)
def test_one_tail_or_both_are_given_up(m, slope, ends):
    assert sum(mass > 1e-6 for mass in _lost(m, slope)) == ends


@pytest.mark.parametrize("weight", [0.55, 0.7, 0.9])
@pytest.mark.parametrize("m", [1.5, 2, 3])
@pytest.mark.parametrize("slope", [1.5, 2])
def test_the_lighter_of_two_modes_is_cut(weight, m, slope):
    left, right = _lost(m, slope, weight)
    assert left < 1e-6 < right


@pytest.mark.parametrize("m", [1.0, 2.0])
@pytest.mark.parametrize("slope", [0.5, 0.9])
def test_below_the_scale_of_the_modes_a_straight_line_is_best(m, slope):
    target, x = GaussianMixture([-m, m]), np.linspace(-12, 12, 24_001)

    def line(b):
        return np.maximum(_phi((x - b) / slope) / slope - target.pdf(x), 0).sum() / 1000

    least = min(line(b) for b in np.linspace(-m, m, 201))
    assert pushforward.tv_star(target, slope).value == pytest.approx(least, abs=1e-4)


def _numbers_of_the_first_page():
    """The numbers of `15-theorem.md`, up to its three masses."""
    ndtr, modes = special.ndtr, GaussianMixture([-3, 3])
    radius = math.sqrt(2 * math.log(2)) + 0.5
    yield ndtr(0.5) - 0.5, "$\\Phi(0.5) - 0.5 = {:.3f}$"
    yield 0.5 - math.exp(-(radius**2) / 2), "the disc gains {:.3f}"
    yield ndtr(1.5), "$\\Phi(0 + 3/2) = {:.3f}$"
    yield modes.cdf(3) - 0.5, "The target has {:.3f} there"
    yield _phi(3), "\\varphi(3) = {:.5f}$"
    yield pushforward.lipschitz_min(modes), "$L_{{\\min}} = {:.1f}$"
    unequal = pushforward.gaussian_pair_lipschitz_min(6, 1, 0.75)
    yield unequal, "constant itself is {:.1f}"
    three = GaussianMixture([-3, 0, 3])
    yield pushforward.lipschitz_min(three), "constant itself falls to {:.1f}"


def _numbers_of_its_lower_bounds():
    """The numbers of `15-theorem.md` from the three masses on."""
    ndtr, modes = special.ndtr, GaussianMixture([-3, 3])
    outer, gap = modes.cdf(-1.5), modes.cdf(1.5) - modes.cdf(-1.5)
    yield 2 * ndtr(0.75) - 1, "$2 \\Phi(0.75) - 1 = {:.3f}$"
    yield outer, "$a_0 = c_0 = {:.3f}$"
    yield gap, "$b_0 = {:.3f}$"
    yield _psi(outer, 1.5) - gap, "$0.455 - 0.067 = {:.3f}$"
    yield pushforward.tv_lower_bound(modes, 2.0), "The best gap gives {:.3f}"
    yield pushforward.tv_star(modes, 2.0).value, "is {:.3f}.\n\nFor a trained"
    yield _psi(ndtr(-0.75), 1.5) - gap, "$0.547 - 0.067 = {:.3f}$"
    x = np.linspace(-15, 15, 30_001)
    line = np.maximum(_phi(x / 2) / 2 - modes.pdf(x), 0).sum() / 1000
    yield line, "(Its distance is {:.3f}.)"
    yield ndtr(3) - 0.5, "$\\Phi(3) - \\frac12 = {:.3f}$"
    yield 6 / special.ndtri(0.6), "\\Phi^{{-1}}(0.6) = {:.1f}$"
    u = np.linspace(-8, 8, 16_001)
    model = np.array([ndtr(u), ndtr(u + 1.5) - ndtr(u), ndtr(-u - 1.5)])
    target = np.array([outer, gap, outer])[:, None]
    forward = special.rel_entr(target, model).sum(axis=0).min()
    reverse = special.rel_entr(model, target).sum(axis=0).min()
    yield forward, "is {:.3f} nats, at the even model"
    yield reverse, "smallest reverse one {:.3f}"
    yield pushforward.kl_lower_bound(modes, 2.0), "The best gaps give {:.3f}"
    reverse = pushforward.kl_lower_bound(modes, 2.0, "reverse")
    yield reverse, "and {:.3f}.\n\nA minimum"
    points = 6 * (ndtr(1.5) - 0.5) - 4 * (_phi(0) - _phi(1.5))
    yield points, "$W_1^* = {:.2f}$"
    yield pushforward.wasserstein1_star(modes, 2.0), "at $\\pm 3$ it is {:.2f}"


def _best_crossing(target, slope):
    """Find where E(0) is attained: both ends of the crossing, each with its score."""
    x = np.linspace(-8, 8, 160_001)
    start = special.ndtri(target.cdf(x)) - x / slope
    score = np.maximum.accumulate(start) + x / slope
    end = int((special.ndtr(score) - target.cdf(x)).argmax())
    first = start[: end + 1].argmax()
    return x[first], score[first], x[end], score[end]


def _numbers_of_the_second_page():
    """The numbers of `15-theorem-optimum.md`, in its order."""
    ndtr, ndtri, modes = special.ndtr, special.ndtri, GaussianMixture([-3, 3])
    x1, u1, x2, u2 = _best_crossing(modes, 2)
    yield ndtr(u2) - modes.cdf(x2), "$E(0) = {:.3f}$"
    yield x1, "$x_1 = {:.2f}$"
    yield u1, "$u_1 = {:.2f}$"
    yield x2, "$x_2 = {:.2f}$"
    yield u2, "$u_2 = {:.2f}$"
    yield ndtr(u2), "already spent {:.3f}"
    yield modes.cdf(x2), "and the target {:.3f}"
    yield pushforward.tv_star(modes, 2.0).map(9.0), "until it ends at {:.2f}"
    yield -3 - _best_crossing(modes, 1.2)[0], "{:.1f} before the centre"
    left, right = _lost(2, 1.1)
    yield left, "${:.4f}$ on one side"
    yield right, "and ${:.4f}$ on the other"
    yield left + right, "total variation is ${:.4f}$"
    near = GaussianMixture([-2, 2])
    _, _, x2, u2 = _best_crossing(near, 1.1)
    yield ndtr(u2) - near.cdf(x2), "where $k = 0$ would pay ${:.4f}$"
    for k, text in ((0, "is {:.3f} at $k = 0$"), (0.1, "and {:.3f} at $k = 0.1$")):
        yield k + ndtr(ndtri(modes.cdf(-1) - k) + 3 / 5) - modes.cdf(2), text
    b = np.linspace(-6, 6, 1201)
    window = (modes.cdf(b + 1) - modes.cdf(b - 1)).max()
    yield window, "holds at most {:.3f}"
    yield ndtr(2) - ndtr(-2) - window, "comes nearer than {:.3f}"
    yield pushforward.tv_star(modes, 0.5).value, "the optimum is {:.3f}"


@pytest.mark.parametrize("m", [2, 3])
@pytest.mark.parametrize(("slope", "most"), [(2, 0.05), (5, 0.02), (7, 0.02)])
def test_the_simple_bound_is_close_for_steep_maps(m, slope, most):
    target = GaussianMixture([-m, m])
    best = pushforward.tv_star(target, slope).value
    assert best * (1 - most) < pushforward.tv_lower_bound(target, slope) <= best + 1e-9


def test_the_simple_bound_is_a_quarter_off_for_a_mild_map():
    target = GaussianMixture([-2, 2])
    ratio = pushforward.tv_lower_bound(target, 0.5)
    ratio /= pushforward.tv_star(target, 0.5).value
    assert ratio == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize(
    ("page", "numbers"),
    [
        ("15-theorem", _numbers_of_the_first_page),
        ("15-theorem", _numbers_of_its_lower_bounds),
        ("15-theorem-optimum", _numbers_of_the_second_page),
    ],
)
def test_the_worked_numbers_of_a_page(page, numbers):
    text = (conventions.ROOT / "book" / f"{page}.md").read_text("utf-8")
    written = [template.format(value) for value, template in numbers()]
    assert [each for each in written if each not in text] == []
