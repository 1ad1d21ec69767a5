"""The checks: what passes comes back as promised, what does not is told apart.

That every kind of bad value is refused by name is the business of test_boundary.py;
here stand the values themselves, the edges and the words of the messages.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lecture_code import _validate

whole = st.integers(-(2**70), 2**70)
finite = st.floats(allow_nan=False, allow_infinity=False)


def _says(check, *arguments, **bounds) -> str:
    with pytest.raises((TypeError, ValueError)) as refusal:
        check("x", *arguments, **bounds)
    return f"{refusal.type.__name__}: {refusal.value}"


# ------------------------------------------------------------------------------ scalars


@given(whole)
def test_an_integer_comes_back_as_int(value):
    assert _validate.integer("x", value) == value
    assert type(_validate.integer("x", np.int16(value % 100))) is int


@given(whole, whole, whole)
def test_the_bounds_of_an_integer_pass_and_nothing_beyond(value, one, two):
    low, high = min(one, two), max(one, two)
    if low <= value <= high:
        assert _validate.integer("x", value, low=low, high=high) == value
    else:
        message = _says(_validate.integer, value, low=low, high=high)
        assert message.startswith("ValueError: x: expected an integer >= ")


@given(finite, finite)
def test_the_bounds_of_a_number_pass_and_the_strict_one_does_not(value, bound):
    at_least = value >= bound
    assert (_passes(_validate.real, value, low=bound)) == at_least
    assert (_passes(_validate.real, value, high=bound)) == (value <= bound)
    assert (_passes(_validate.real, value, above=bound)) == (value > bound)


@pytest.mark.parametrize(
    "value", [Fraction(1, 2), np.float32(0.5), 0.5, np.float16(0.5)]
)
def test_a_number_comes_back_as_float(value):
    assert type(_validate.real("x", value)) is float
    assert _validate.real("x", value) == 0.5


def test_a_number_beyond_the_floats_is_not_finite():
    # float(10**400) is an OverflowError, which is not for the reader's eyes
    assert _says(_validate.real, 10**400).startswith("ValueError: x: expected a finite")


def test_bounds_are_told_in_digits_that_show_the_difference():
    said = _says(_validate.array, [1.0000001], low=0, high=1)
    assert said.endswith("expected entries >= 0 and <= 1, got 1.0000001")
    said = _says(_validate.integer, -1, low=0, high=2**32 - 1)
    assert said.endswith("expected an integer >= 0 and <= 4294967295, got -1")


# ------------------------------------------------------------------------------- arrays


@given(st.lists(finite, min_size=1))
def test_an_array_holds_the_numbers_in_float64(numbers):
    want = np.array(numbers)
    tensor = torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
    for value in (numbers, tuple(numbers), want, tensor):
        got = _validate.array("x", value)
        assert got.dtype == np.float64
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    "check", [_validate.array, _validate.tensor, _validate.integers]
)
def test_a_name_stands_for_any_size_and_a_number_for_itself(check):
    kind = torch.int64 if check is _validate.integers else torch.float32
    value = torch.ones((2, 3), dtype=kind)
    assert all(_passes(check, value, shape=s) for s in [(2, 3), ("n", 3), ("n", "d")])
    assert not any(_passes(check, value, shape=s) for s in [(3, 2), (6,)])


def test_narrow_floats_are_read_and_masked_arrays_are_not():
    narrow = torch.tensor([0.5, 2.0], dtype=torch.bfloat16)
    assert _validate.array("x", narrow).tolist() == [0.5, 2.0]
    hidden = np.ma.masked_array([1.0, 2.0], mask=[True, False])
    assert "without a mask" in _says(_validate.array, hidden)


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ([1, 0, 3], [1, 0, 3]),
        (np.array([[1], [2]], dtype=np.uint8), [[1], [2]]),
        (torch.tensor([4, 5], dtype=torch.int16), [4, 5]),
        (np.array([2**63 - 1], dtype=np.uint64), [2**63 - 1]),
    ],
)
def test_integers_come_back_as_an_int64_tensor(value, got):
    result = _validate.integers("x", value)
    assert result.dtype == torch.int64
    assert result.tolist() == got


def test_integers_never_wrap_around():
    large = np.array([2**63], dtype=np.uint64)  # int64 would make it negative
    assert "expected entries <= 9.22337204e+18" in _says(_validate.integers, large)


@pytest.mark.parametrize(("total", "passes"), [(1 + 9e-7, True), (1 + 2e-6, False)])
def test_probabilities_may_miss_one_by_rounding_only(total, passes):
    assert _passes(_validate.probabilities, [0.5, total - 0.5]) == passes


@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_zeros_and_ones_and_whole_numbers_come_back_themselves(kind):
    bits, levels = kind([[0.0, 1.0]]), kind([[0.0, 16.0]])
    assert _validate.binary("x", bits) is bits
    assert _validate.whole("x", levels) is levels
    assert _says(_validate.binary, levels).endswith("expected zeros and ones, got 16")
    said = _says(_validate.whole, kind([1.0, 0.5, 0.25]), "whole grey levels")
    assert said == "ValueError: x: expected whole grey levels, got 0.5"


# ------------------------------------------------------------------------ in few words


def test_a_value_is_described_in_few_words():
    assert _validate.describe(torch.ones(2, 3)) == "tensor of shape (2, 3), float32"
    assert _validate.describe(np.ones(4)) == "ndarray of shape (4,), float64"
    assert _validate.describe("short") == "'short'"
    assert len(_validate.describe("long" * 99)) == 60


def _passes(check, value, **bounds) -> bool:
    try:
        check("x", value, **bounds)
    except ValueError:
        return False
    return True
