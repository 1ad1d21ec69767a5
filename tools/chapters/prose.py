"""Find numbers in the prose of a chapter that no output of the chapter backs.

A number that a reader meets in a sentence is one of these: something that the chapter
computed, which must then stand in an output; a setting, which must stand in its code;
or a name, such as that of a chapter. The few rules of what is a name are below. What
none of them explains is listed, unless ``tests/book/prose_numbers.toml`` says why it
may stand.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from tools.chapters import conventions, output_rules

ALLOWED = conventions.ROOT / "tests" / "book" / "prose_numbers.toml"

#: What is not read: code and formulas, which are checked by running and by proof; the
#: targets of links; the name of a DOI; and everything from the references on.
UNREAD = (
    r"(?ms)^## References.*",
    r"(?ms)^(```|~~~).*?^\1",
    r"`[^`]*`",
    r"(?s)\$\$.*?\$\$",
    r"\$[^$]*\$",
    r"\]\([^)]*\)",
    r"<https?:[^>]*>",
    r"doi:\S+",
)
#: A formula that is one plain number is a number of the sentence around it.
PLAIN_FORMULA = re.compile(r"\$(?:\\approx|\\sim)?\s*(-?[\d.]+(?:\s*\\%)?)\s*\$")

#: Numbers that are names or shapes. Each reads as it does in a sentence.
NAMES = (
    # where something stands: chapter 3, slides 5-9, Exercises 1.2 and 1.3
    r"(?i)\b(?:chapter|section|part|exercise|figure|slide|claim|equation|step|page|theorem)"
    r"s?\s+\d+(?:\.\d+)*(?:(?:\s*[-\u2013,]\s*|\s+(?:and|to|or)\s+)\d+(?:\.\d+)*)*",
    # headings and lists: "## 1.2 Counting", "3. Third"
    r"(?m)^#+ +\d+(?:\.\d+)*\.?\s|^\s*\d+\.\s",
    # how hard an exercise is, and how long it takes
    r"(?m)^\*Level [1-3], \d+ minutes(?:, a lab)?\.\*$",
    # sizes: 8 x 8, 3 by 3
    r"\d+(?:\s*[x\u00d7]\s*\d+)+|\b\d+ by \d+\b",
    # years of a source: (1948), (Shannon, 1948)
    r"\((?:[A-Z][^()]*,? )?(?:1[6-9]|20)\d\d[a-z]?\)",
    # part of a word: float32, 2-D, 3rd, 8-bit
    r"[A-Za-z_]\d[\w.]*|\d+-?[A-Za-z]\w*",
    # the promise of running time in the title cell
    r"\bunder \d+ s\b",
    # the two truth values, ends of the unit interval
    r"(?<![\d.,])[01](?![\d.,]\d|\d|\s?%)",
)

_GROUPED = r"\d{1,3}(?:[ ,\u00a0\u2009\u202f]\d{3})+(?!\d)"
NUMBER = re.compile(
    rf"(?P<digits>{_GROUPED}|\d+)(?P<decimals>\.\d+)?(?P<power>[eE][-+]?\d+)?"
    r"(?P<percent>\s?%|\s?percent\b)?"
)


class Number(NamedTuple):
    """A number as it is written: its text, its value, and half its last digit."""

    text: str
    value: float
    slack: float


def numbers(text: str) -> Iterator[Number]:
    """Read the numbers of a text; a percentage is read as the share that it is."""
    for found in NUMBER.finditer(text):
        whole = re.sub(r"\D", "", found["digits"])
        decimals, power = found["decimals"] or "", found["power"] or ""
        unit = 0.01 if found["percent"] else 1.0
        last = 10.0 ** (int(power[1:] or 0) - max(len(decimals) - 1, 0))
        value = float(whole + decimals + power) * unit
        yield Number(found[0].strip(), value, 0.5 * last * unit)


def readable(prose: str) -> str:
    """Leave of a cell of prose what can hold a number that needs backing."""
    text = PLAIN_FORMULA.sub(lambda found: found[1].replace("\\", ""), prose)
    for pattern in (*UNREAD, *NAMES):
        text = re.sub(pattern, " ; ", text)  # no two numbers may grow together
    return text


def written(notebook: NotebookNode) -> Iterator[str]:
    """Yield what the authors wrote: prose, captions and alt texts."""
    for cell in notebook.cells:
        if conventions.is_markdown(cell):
            yield cell.source
        else:
            yield f"{conventions.caption(cell)}\n{conventions.alt_text(cell)}"


def backing(notebook: NotebookNode) -> list[Number]:
    """List the numbers that outputs show and that code states."""
    computed = output_rules.computed_text(notebook)
    # 1000, 64 in an output are two numbers; 1 000 in a claim is one: read it both ways.
    shown = [*numbers(computed), *numbers(computed.replace(" ", " ; "))]
    cells = filter(conventions.is_code, notebook.cells)
    return shown + [number for cell in cells for number in _constants(cell)]


def _constants(cell: NotebookNode) -> Iterator[Number]:
    if conventions.is_setup(cell):
        return
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield Number(str(node.value), float(str(node.value)), 0.0)


def is_backed(number: Number, known: Iterable[Number]) -> bool:
    """Tell whether one of the known numbers, rounded as written, is this one."""
    slack = number.slack * (1 + 1e-9) + 1e-12
    fine = (each for each in known if each.slack <= slack)
    return any(abs(each.value - number.value) <= slack for each in fine)


def unbacked(notebook: NotebookNode) -> list[str]:
    """List the numbers, as written, that nothing in the chapter backs."""
    known = backing(notebook)
    text = "\n".join(readable(part) for part in written(notebook))
    found = [each.text for each in numbers(text) if not is_backed(each, known)]
    return list(dict.fromkeys(found))


def allowed() -> dict[str, dict[str, str]]:
    """Read which numbers each chapter may state without backing, and why."""
    return tomllib.loads(ALLOWED.read_text(encoding="utf-8"))


def complaints(path: Path, permitted: Iterable[str]) -> list[str]:
    """List unbacked numbers that are not allowed, and allowances that nothing uses."""
    found = unbacked(conventions.read(path))
    new = [f"nothing backs {text!r}" for text in found if text not in permitted]
    idle = [f"the allowance of {t!r} is not used" for t in permitted if t not in found]
    return new + idle
