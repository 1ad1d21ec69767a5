"""What a chapter must be: its spine, budgets, figures, exercises and links.

Each rule takes the notebook and lists what breaks it.
"""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.chapters import conventions, output_rules, repository

CELL_CLAIMS, CELL_COLUMNS, CELL_LINES = 2, 72, 25
ALL_LINES, WORKSHOP_LINES, WORDS_PER_LINE = 150, 120, 8
EXERCISES = range(3, 6)
CLAIMS = 3
CAPTION_WORDS = 6
#: What a workshop may import, and what it may take from the package.
PLAIN = {"torch", "tqdm"}
AROUND = {"claims", "datasets", "exercises", "plotting"}
AROUND |= {"scenes", "session", "trained", "widgets"}
MOST_BYTES = 1_500_000
LAST = ["Summary", "What comes next", "References"]

_MYST = re.compile(r"\{[a-z][\w:.-]*\}`|^\s*(?:```+|~~~+|:::+)\s*\{|^\s*:::", re.M)
_LINK = re.compile(
    r"\]\(\s*<?([^)\s>]*)|(?:href|src)\s*=\s*[\"']([^\"']*)|<(https?:[^>]*)>"
)


def valid(notebook: NotebookNode) -> Iterator[str]:
    """The file follows the notebook format, in which each cell has an identity."""
    try:
        nbformat.validate(notebook)
    except (nbformat.ValidationError, Warning) as error:
        yield f"not a valid notebook: {error}"


def count_lines(cell: NotebookNode) -> int:
    """Count a cell's lines of code; one that is wrapped to fit a phone counts once."""
    tokens = tokenize.generate_tokens(io.StringIO(cell.source).readline)
    return sum(token.type == tokenize.NEWLINE for token in tokens)


def budgets(notebook: NotebookNode, stem: str) -> Iterator[str]:
    """Most of a chapter is prose."""
    lines = sum(map(count_lines, filter(conventions.is_lesson, notebook.cells)))
    most = WORKSHOP_LINES if conventions.is_workshop(stem) else ALL_LINES
    if lines > most:
        yield f"{lines} lines of code, not at most {most}"
    prose = filter(conventions.is_markdown, notebook.cells)
    words = sum(len(cell.source.split()) for cell in prose)
    if words < WORDS_PER_LINE * lines:
        yield f"{words / lines:.1f} words of prose for each line of code"


def cells(notebook: NotebookNode) -> Iterator[str]:
    """Cells are small enough for a phone."""
    for cell in notebook.cells:
        if not (conventions.is_lesson(cell) or conventions.is_given(cell)):
            continue
        lines = cell.source.splitlines()
        measured = {
            "claims": (len(conventions.claimed(cell.outputs)), CELL_CLAIMS),
            "columns": (max(map(len, lines), default=0), CELL_COLUMNS),
            "lines": (len(lines), CELL_LINES),
        }
        for what, (found, most) in measured.items():
            if found > most:
                yield f"{cell.id} has {found} {what}, not at most {most}"


def claims(notebook: NotebookNode) -> Iterator[str]:
    """The chapter starts its run, and its claims were checked in it."""
    lesson = next(filter(conventions.is_lesson, notebook.cells))
    if "session.start(seed=0)" not in lesson.source.splitlines():
        yield "session.start(seed=0) does not stand in the first cell after the set-up"
    found = len(conventions.claims(notebook))
    if found < CLAIMS:
        yield f"{found} claims hold, not at least {CLAIMS}"
    for cell in filter(conventions.is_code, notebook.cells):
        for sentence in conventions.claimed(cell.outputs):
            if sentence not in cell.source:
                yield f"{cell.id} prints a claim that it does not make: {sentence}"


def imports(notebook: NotebookNode, stem: str) -> Iterator[str]:
    """A workshop shows its model whole: of the package it takes only what is around."""
    if not conventions.is_workshop(stem):
        return
    for cell in filter(conventions.is_lesson, notebook.cells):
        for node in ast.walk(ast.parse(cell.source)):
            named = [alias.name for alias in getattr(node, "names", ())]
            match node:
                case ast.Import():
                    found = [n for n in named if n.split(".")[0] not in PLAIN]
                case ast.ImportFrom(module="lecture_code"):
                    found = sorted({*named} - AROUND)
                case ast.ImportFrom(module="lecture_code.scenes"):
                    found = []
                case ast.ImportFrom(module=str(module)):
                    found = [module] if module.split(".")[0] not in PLAIN else []
                case _:
                    continue
            yield from (f"{cell.id} imports {name}" for name in found)


def figures(notebook: NotebookNode, stem: str) -> Iterator[str]:
    """Figures have a caption and an alt text, and one of a chapter has sliders."""
    code = list(filter(conventions.is_code, notebook.cells))
    if not any(conventions.pictures(cell.outputs) for cell in code):
        yield "no figure"
    moving = sum(map(conventions.is_explore, code))
    if moving != 1 and not conventions.is_workshop(stem):
        yield f"{moving} figures with sliders, not 1"
    for cell in code:
        still, moves = conventions.pictures(cell.outputs), conventions.is_explore(cell)
        if (still or moves) and len(conventions.caption(cell).split()) < CAPTION_WORDS:
            yield f"no caption in {cell.id} that says what to see"
        if not moves and len(still) > 1:
            yield f"{len(still)} pictures in {cell.id}, not 1"
        described = len(conventions.alt_text(cell).split()) >= output_rules.ALT_WORDS
        if still and not moves and not described:
            yield f"no alt text in {cell.id}"


def exercises(notebook: NotebookNode, stem: str) -> Iterator[str]:
    """Each exercise is a question, then one cell that solves and grades it.

    It is folded, unless the lesson goes on with it.
    """
    found = []
    cells = [cell for cell in notebook.cells if not conventions.is_given(cell)]
    for cell, following in itertools.pairwise(cells):
        if posed := conventions.exercises(cell):
            found += posed
            if not conventions.LEVEL.search(cell.source):
                yield f"exercise {posed[0]} does not say its level and minutes"
            yield from (
                f"exercise {posed[0]}: {flaw}" for flaw in _flaws(following, posed)
            )
    label = conventions.label(stem)
    numbers = [f"{label}.{count}" for count in range(1, len(found) + 1)]
    if found != numbers or len(found) not in EXERCISES:
        yield f"exercises are not 3 to 5 in order, but {found}"
    if sum(map(conventions.is_solution, notebook.cells)) != len(found):
        yield "solutions without an exercise"


def _flaws(cell: NotebookNode, posed: list[str]) -> Iterator[str]:
    if posed != [conventions.solved(cell)]:
        yield f"no cell follows that begins with '# @title Solution {posed[0]}'"
        return
    if not conventions.is_core(cell):
        if "hide-cell" not in conventions.tags(cell):
            yield "the solution is not folded on the site (tag hide-cell)"
        if not cell.metadata.get("jupyter", {}).get("source_hidden"):
            yield "the solution is not folded in JupyterLab (jupyter.source_hidden)"
        if cell.metadata.get("cellView") != "form":
            yield "the solution is not folded in Colab (cellView)"
    printed = "".join(output.get("text", "") for output in cell.outputs)
    if f"{conventions.VERDICT}{posed[0]}: correct." not in printed:
        yield "the solution is not graded as correct"


def prose_is_plain(notebook: NotebookNode) -> Iterator[str]:
    """Prose reads well where only CommonMark and formulas are known."""
    for cell in filter(conventions.is_markdown, notebook.cells):
        if found := _MYST.search(cell.source):
            yield f"{cell.id} uses a role or a directive: {found[0].strip()!r}"


def spine(notebook: NotebookNode) -> Iterator[str]:
    """The chapter begins with its title and ends with the last three sections."""
    prose = [c.source for c in notebook.cells if conventions.is_markdown(c)]
    headings = re.findall(r"^(#+) +(.*?) *$", "\n".join(prose), re.M)
    titles = [text for mark, text in headings if mark == "#"]
    if len(titles) != 1 or not notebook.cells[0].source.startswith(f"# {titles[0]}"):
        yield f"the first cell does not begin with the one title: {titles}"
    last = [text for mark, text in headings if mark == "##"][-len(LAST) :]
    if last != LAST:
        yield f"the last sections are {last}, not {LAST}"


def addressed(notebook: NotebookNode, stem: str) -> Iterator[str]:
    """The set-up cell and all links follow from the repository's one address."""
    address, text = repository.read(), conventions.written(notebook)
    if repository.aligned(text, stem, address) != text:
        yield "set-up cell and links are not as `make repository` writes them"
    setup = next(filter(conventions.is_code, notebook.cells))
    if not conventions.tags(setup) >= {"setup", "remove-cell"}:
        yield "the first code cell lacks the tags setup and remove-cell"
    own = (address.pages, address.url, address.colab(stem))
    for cell in filter(conventions.is_markdown, notebook.cells):
        for link in map("".join, _LINK.findall(cell.source)):
            if not link.startswith((*own, "#", "https://doi.org/")):
                yield f"a link that is not to our pages, a DOI or this page: {link!r}"


#: Rules on the notebook alone, and rules that need its name as well.
RULES = (valid, cells, claims, prose_is_plain, spine)
RULES += output_rules.RULES
NAMED_RULES = (addressed, budgets, exercises, figures, imports)


def problems(path: Path) -> Iterator[str]:
    """List everything that is wrong with a stored chapter."""
    notebook = conventions.read(path)
    for rule in RULES:
        yield from rule(notebook)
    for rule in NAMED_RULES:
        yield from rule(notebook, path.stem)
    size = path.stat().st_size
    if size > MOST_BYTES:
        yield f"{size / 1e6:.2f} MB, not at most {MOST_BYTES / 1e6:g} MB"
