"""The text of a run is compared with the stored one by what it says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tools.chapters.texts import Text

#: Pairs that say the same.
SAME = [
    ("at most by 1.9", "at most by 2.0"),
    ("9.99 nats", "10.00 nats"),
    ("-0.1 and 0.1", "0.0 and 0.2"),
    ("-0.0", "0.0"),
    ("1.0e-05", "1.1e-05"),
    ("9.9e-06", "1.0e-05"),
    ("6.566e+07", "6.567E+07"),
    ("10^236.0 bins", "10^236.1 bins"),
    ("3.8%, holes", "3.9%, holes"),
    ("85% right", "86% right"),
    ("1,234.5 s", "1,234.6 s"),
    ("999.9 s", "1,000.0 s"),
    ("\u22121.5", "\u22121.6"),
    ("0.5-1.5", "0.6-1.6"),
    ("(-0.5, 3.0)", "(-0.4, 2.9)"),
    ("ends in 2.5.", "ends in 2.4."),
    (".52 of them", ".53 of them"),
    ("0.999999999999999999", "1.000000000000000000"),
    # what numpy, round and the format g leave out
    ("[7.39 7.07 6.31 4.6 ]", "[7.39 7.07 6.31 4.59]"),
    ("[ 3.   7.1 11.1]", "[ 3.1  7.1 11.1]"),
    ("[0.42, 0.38, 0.2]", "[0.42, 0.38, 0.21]"),
    ("2e+04", "1.9e+04"),
    # columns that move
    ("|   9.99|  1.00", "|  10.00|  1.00"),
    ("[9.9 5.5]", "[10.   5.5]"),
    ("[-0.  1.2]", "[0.  1.2]"),
    ("tensor([[0.2000, -0.1000]])", "tensor([[ 0.2001, -0.0999]])"),
    # every kind of text
    ("<td>1.9</td>\n<td>7</td>", "<td>2.0</td>\n<td>7</td>"),
    ("nan inf -inf 2.50", "nan inf -inf 2.49"),
]

#: Pairs that do not.
DIFFERENT = [
    ("commit 7e9012345", "commit 8e9012345"),
    ("1.5" + " " * 9999 + "a", "1.5" + " " * 9999 + "b"),  # at once, too
    ("at most by 1.9", "at most by 2.1"),
    ("-0.1", "0.1"),
    ("1.5", "-1.5"),
    ("9.8e-06", "1.0e-05"),
    ("1.0e-05", "1.0e+05"),
    ("85% right", "87% right"),
    ("85% right", "85 right"),
    ("3.8%", "3.8"),
    ("1,234.5", "1,234.7"),
    ("1,234", "1,235"),
    ("3 of 447", "4 of 447"),
    ("3 of 447", "3.1 of 447"),
    ("An exact fit needs 90.", "An exact fit needs 91."),
    ("[7. 8.]", "[7. 9.]"),
    ("pages 1-2", "pages 1-3"),
    ("2^-24", "2^24"),
    # the number of printed digits
    ("0.1", "0.10"),
    ("7.", "7.0"),
    ("7", "7.0"),
    ("7", "7."),
    # parts of names
    ("x1 is 0.5", "x2 is 0.5"),
    ("torch 2.13.0", "torch 2.13.1"),
    ("0x7f", "0x7e"),
    # special values
    ("inf bits", "9.9 bits"),
    ("nan bits", "inf bits"),
    ("-inf", "inf"),
    # words and lines
    ("a test image 0.5", "a text image 0.5"),
    ("is 0.5", "is 0.5 nats"),
    ("a line\nand another", "a line"),
    ("a line\n", "a line"),
    ("two\nlines", "two lines"),
    # a number that is moved, dropped, added, split or joined
    ("width 1: 4.80, holes 0.7", "width 1: 0.7, holes 4.80"),
    ("after 1.9 steps", "after steps"),
    ("1.9 before, after", "before, 1.9 after"),
    ("1.5 2.5", "1.5 2.5 3.5"),
    ("1 2", "12"),
    ("1.5\n2.5", "2.5\n1.5"),
    # to the letter, numbers and all
    ("Claim holds: above 0.5", "Claim holds: above 0.6"),
    ("Claim holds: above", "Claim holds: below"),
    ("Claim holds: a\nClaim holds: b", "Claim holds: b\nClaim holds: a"),
    ("Exercise 1.1: correct.", "Exercise 1.2: correct."),
]


@pytest.mark.parametrize(("stored", "fresh"), SAME)
def test_what_says_the_same_is_equal(stored, fresh):
    for one, other in ((stored, fresh), (fresh, stored), (stored, stored)):
        assert Text(one) == Text(other)
        assert (Text(one) != Text(other)) is False


@pytest.mark.parametrize(("stored", "fresh"), DIFFERENT)
def test_what_says_something_else_is_not(stored, fresh):
    for one, other in ((stored, fresh), (fresh, stored)):
        assert Text(one) != Text(other)
        assert (Text(one) == Text(other)) is False


@given(
    some.integers(-(10**7), 10**7), some.integers(1, 6), some.sampled_from(["", ","])
)
def test_neighbours_agree_and_no_others(count, decimals, thousands):
    first, second, third = (
        Text(f"{Decimal(count + more).scaleb(-decimals):{thousands}f}")
        for more in range(3)
    )
    assert first == second == third
    assert first != third
