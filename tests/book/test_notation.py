"""The page of notation says of every letter what it means in which chapter.

A letter may mean two things, but not in one chapter, unless an index or an accent
tells the two apart.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tools.chapters import conventions

BOOK = conventions.ROOT / "book"
STEMS = [path.stem for path in conventions.chapters()]
NUMBERS = [stem[:2] for stem in STEMS if not conventions.is_workshop(stem)]

GREEK = (
    "alpha|beta|gamma|delta|varepsilon|epsilon|zeta|eta|theta|kappa|lambda|mu|nu|xi|pi"
    "|rho|sigma|tau|varphi|phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Sigma|Phi|Psi"
    "|Omega"
)
ACCENTS = "hat|tilde|bar|mathcal|mathbb|mathbf|widehat|overline"
#: Words inside a formula: they name themselves.
WORDS = r"\\(?:text|mathrm|operatorname|textbf|label|tag|begin|end)\*?\s*\{[^{}]*\}"
#: A letter with its accent; a command that is no Greek letter is none.
LETTER = re.compile(
    rf"(?:\\(?P<accent>{ACCENTS})\s*\{{?\s*)?"
    rf"(?:\\(?P<greek>{GREEK})(?![a-zA-Z])|(?<![\\a-zA-Z])(?P<latin>[a-zA-Z1]))"
)
COMMAND = re.compile(rf"\\(?!(?:{ACCENTS}|{GREEK})(?![a-zA-Z]))[a-zA-Z]+")
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$(?!\$)(.+?)(?<!\\)\$", re.S)


class Row(NamedTuple):
    """A line of the page: its letters, the first of each symbol, symbols, chapters."""

    letters: set[str]
    first: set[str]
    names: list[str]
    chapters: set[str]


def formulas(text: str) -> list[str]:
    """List the formulas of a page in Markdown."""
    plain = re.sub(r"```.*?```|`[^`]*`", " ", text, flags=re.S)
    return [one or other for one, other in FORMULA.findall(plain)]


def letters(formula: str) -> Iterator[str]:
    """Yield the letters of a formula, each with its accent; the digit 1 if bold."""
    spelled = COMMAND.sub(" ", re.sub(WORDS, " ", formula))
    for found in LETTER.finditer(spelled):
        accent, letter = found["accent"], found["greek"] or found["latin"]
        if letter != "1" or accent:
            yield f"{accent} {letter}" if accent else letter


def name(formula: str) -> str:
    """Cut a symbol down to its letter and index, and brackets if it has arguments."""
    symbol, *arguments = re.split(r"\(|\[", formula.split("=")[0])
    return re.sub(r"\s", "", symbol) + "()" * bool(arguments)


def numbers(text: str) -> set[str]:
    """Read a list of chapters such as "3, 5 to 8"."""
    found = set()
    for part in text.split(","):
        first, _, last = part.strip().partition(" to ")
        found |= {f"{i:02d}" for i in range(int(first), int(last or first) + 1)}
    return found


def rows() -> list[Row]:
    """Read the tables of the page."""
    lines = (BOOK / "notation.md").read_text("utf-8").splitlines()
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line[:3] == "| $"]
    return [
        Row(
            {letter for formula in formulas(first) for letter in letters(formula)},
            {next(letters(formula), "") for formula in formulas(first)},
            [name(formula) for formula in formulas(first)],
            numbers(last),
        )
        for first, *_, last in cells
    ]


def used(number: str) -> Counter[str]:
    """Count the letters in the formulas of a chapter and of its pages of proofs."""
    pages = [
        cell.source
        for path in BOOK.glob(f"{number}-*.ipynb")
        for cell in filter(conventions.is_markdown, conventions.read(path).cells)
    ]
    pages += [path.read_text("utf-8") for path in BOOK.glob(f"{number}-*.md")]
    return Counter(
        letter for page in pages for each in formulas(page) for letter in letters(each)
    )


@pytest.mark.parametrize("number", NUMBERS)
def test_every_letter_of_a_chapter_is_on_the_page(number):
    known = set().union(*(row.letters for row in rows() if number in row.chapters))
    assert sorted(set(used(number)) - known) == []


@pytest.mark.parametrize("number", NUMBERS)
def test_a_chapter_has_what_the_page_says(number):
    here = [row for row in rows() if number in row.chapters]
    assert [row.names for row in here if not row.first & set(used(number))] == []


def test_no_symbol_means_two_things_in_one_chapter():
    places = defaultdict(Counter)
    for row in rows():
        for symbol in row.names:
            places[symbol].update(row.chapters)
    twice = {
        symbol: sorted(number for number, count in chapters.items() if count > 1)
        for symbol, chapters in places.items()
    }
    assert {symbol: where for symbol, where in twice.items() if where} == {}


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (
            r"p_{\text{data}}(x) = \frac{1}{n} \sum_i \delta",
            ["p", "x", "n", "i", "delta"],
        ),
        (r"\mathcal N(0, \sigma^2)", ["mathcal N", "sigma"]),
        (r"\hat{x} - \tilde x", ["hat x", "tilde x"]),
        (r"\mathbf 1[u \le v] + 1", ["mathbf 1", "u", "v"]),
        (r"\mathrm{KL}(p \,\Vert\, q)", ["p", "q"]),
    ],
)
def test_letters_of_a_formula(formula, expected):
    assert list(letters(formula)) == expected
