"""Compare the text that a run prints with the text that the notebook stores.

nbval compares to the letter, and the last digit of a number depends on the processor.
``book/conftest.py`` hands nbval's texts to this module, so that they are compared by
what they say: words to the letter, and each number within one unit of its last printed
digit. A number without decimals counts something and is exact, unless it is a
percentage or has an exponent, which are rounded. Claims and verdicts on exercises are
to the letter, numbers and all. How many spaces stand beside a number says nothing,
since a column moves when a number gets longer.
"""

from __future__ import annotations

import re
from decimal import Decimal

from tools.chapters import conventions

_MINUS = "\u2212"
_SIGNS = f"-+{_MINUS}"
#: A number and the spaces beside it. Digits that belong to a name (x1) or a version
#: (1.2.3) are words, but a version of two parts (2.13) reads as a number; between two
#: numbers (1-2) a hyphen is no sign.
_NUMBER = re.compile(
    rf"""(?: (?<![ ]) [ ]++ )?
    (?P<sign> (?<![\w.)\]%]) [{_SIGNS}] )?
    (?<![\w.]) (?P<whole> \d{{1,3}} (?:,\d{{3}})+ | \d+ | (?=\.\d) )
    (?P<decimals> \.\d* )?
    (?P<exponent> [eE] [-+]? \d{{1,4}} )?
    (?! \.?\d ) (?P<percent> % )?
    [ ]*""",
    re.VERBOSE,
)


class Text(str):
    """A printed text that equals another where both say the same."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        """Tell whether every line of the two says the same."""
        if not isinstance(other, str):
            return NotImplemented
        lines, others = self.split("\n"), other.split("\n")
        return len(lines) == len(others) and all(map(_say_the_same, lines, others))

    def __ne__(self, other: object) -> bool:
        """Tell whether some line of the two says something else."""
        return not self == other


def _say_the_same(stored: str, fresh: str) -> bool:
    """Compare two lines: to the letter, or as words with numbers in between."""
    exact = (conventions.CLAIM, conventions.VERDICT)
    if stored == fresh or stored.startswith(exact) or fresh.startswith(exact):
        return stored == fresh
    words, other_words = (_NUMBER.sub("\0", line) for line in (stored, fresh))
    numbers, others = _NUMBER.finditer(stored), _NUMBER.finditer(fresh)
    return words == other_words and all(map(_agree, numbers, others))


def _agree(stored: re.Match, fresh: re.Match) -> bool:
    """Tell whether two numbers are at most one unit of their last digit apart."""
    old, new = _value(stored), _value(fresh)
    if _letters(stored, old) == _letters(fresh, new):
        return True
    unit = Decimal(1).scaleb(min(int(n.as_tuple().exponent) for n in (old, new)))
    return _are_rounded_alike(stored, fresh) and abs(old - new) <= unit


def _are_rounded_alike(stored: re.Match, fresh: re.Match) -> bool:
    """Tell whether two numbers were rounded, and to as many digits.

    Where a printer leaves out last zeros, as numpy does (4.6 for 4.60, 7. for 7.00),
    the shorter number is as long as the other if the other does not end in a zero.
    """
    if _is_count(stored) or _is_count(fresh) or stored["percent"] != fresh["percent"]:
        return False
    decimals = stored["decimals"] or "", fresh["decimals"] or ""
    short, long = sorted(decimals, key=len)
    if len(short) < len(long):
        return not long.endswith("0")
    return long != "."


def _is_count(number: re.Match) -> bool:
    """Tell a number that was not rounded."""
    return not any(number.group("decimals", "exponent", "percent"))


def _value(number: re.Match) -> Decimal:
    """Read a number, down to the place of its last digit."""
    text = number[0].strip(" %").replace(",", "").replace(_MINUS, "-")
    return Decimal(text)


def _letters(number: re.Match, value: Decimal) -> str:
    """Give a number as it is printed; zero has no sign."""
    text = number[0].strip()
    return text if value else text.lstrip(_SIGNS)
