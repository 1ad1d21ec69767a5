"""What a chapter must be: its spine, budgets, figures, exercises and links.

Each rule takes the notebook and lists what breaks it.
"""

from __future__ import annotations

import io
import re
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.chapters import conventions, output_rules, repository

CELL_CLAIMS, CELL_COLUMNS, CELL_LINES = 2, 72, 25
ALL_LINES, IMPORT_LINES, WORDS_PER_LINE = 150, 8, 8
EXERCISES = range(3, 5)
CLAIMS = 3
CAPTION_WORDS = 6
#: Cells that were written before a rule on cells, by rule and chapter.
EXEMPT = conventions.ROOT / "tests" / "book" / "exempt_cells.toml"
LAST = ["Summary", "What comes next", "References"]

_MYST = re.compile(r"\{[a-z][\w:.-]*\}`|^\s*(?:```+|~~~+|:::+)\s*\{|^\s*:::", re.M)
_LINK = re.compile(
    r"\]\(\s*<?([^)\s>]*)|(?:href|src)\s*=\s*[\"']([^\"']*)|<(https?:[^>]*)>"
)


def valid(notebook: NotebookNode) -> Iterator[str]:
    """The file follows the notebook format, in which each cell has an identity."""
    identities = Counter(cell.get("id") for cell in notebook.cells)
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        yield "the format is older than 4.5"
    elif None in identities or max(identities.values()) > 1:
        yield "cells without an identity of their own"
    else:
        try:
            nbformat.validate(notebook)
        except nbformat.ValidationError as error:
            yield f"not a valid notebook: {error.message}"


def count_lines(cell: NotebookNode) -> int:
    """Count a cell's lines of code; one that is wrapped to fit a phone counts once."""
    tokens = tokenize.generate_tokens(io.StringIO(cell.source).readline)
    return sum(token.type == tokenize.NEWLINE for token in tokens)


def _lesson(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if conventions.is_lesson(cell)]


def budgets(notebook: NotebookNode) -> Iterator[str]:
    """Most of a chapter is prose."""
    lines = sum(map(count_lines, _lesson(notebook)))
    if lines > ALL_LINES:
        yield f"{lines} lines of code, not at most {ALL_LINES}"
    prose = [cell for cell in notebook.cells if conventions.is_markdown(cell)]
    words = sum(len(cell.source.split()) for cell in prose)
    if words < WORDS_PER_LINE * lines:
        yield f"{words / lines:.1f} words of prose for each line of code"


def crowded(notebook: NotebookNode) -> Iterator[tuple[str, str, str]]:
    """Yield each cell that holds too much: the rule, the cell and what breaks it."""
    for cell in _lesson(notebook):
        lines, claimed = cell.source.splitlines(), conventions.claimed(cell.outputs)
        if len(claimed) > CELL_CLAIMS:
            yield "claims", cell.id, f"{len(claimed)} claims, not at most {CELL_CLAIMS}"
        if (width := max(map(len, lines), default=0)) > CELL_COLUMNS:
            yield "columns", cell.id, f"{width} columns, not at most {CELL_COLUMNS}"
        if len(lines) > CELL_LINES:
            yield "lines", cell.id, f"{len(lines)} lines, not at most {CELL_LINES}"


def exempt(stem: str) -> set[tuple[str, str]]:
    """Read which cells of a chapter are exempt, and from which rule."""
    rules = tomllib.loads(EXEMPT.read_text(encoding="utf-8"))
    return {(rule, cell) for rule in rules for cell in rules[rule].get(stem, ())}


def cells(notebook: NotebookNode, stem: str) -> Iterator[str]:
    """Cells are small, and an exemption ends with the flaw that it was made for."""
    found, permitted = list(crowded(notebook)), exempt(stem)
    for rule, cell, flaw in found:
        if (rule, cell) not in permitted:
            yield f"{cell} has {flaw}"
    for rule, cell in sorted(permitted - {(rule, cell) for rule, cell, _ in found}):
        yield f"{cell} needs no exemption from the rule on {rule}"


def imports(notebook: NotebookNode) -> Iterator[str]:
    """One cell imports, in few lines, and starts the run; no other does."""
    cells = [c for c in _lesson(notebook) if _import_lines(c)]
    if not cells or cells[0] is not _lesson(notebook)[0]:
        yield "the first code cell after the set-up imports nothing"
        return
    if len(cells) > 1:
        yield f"{len(cells)} cells import, not one"
    if len(_import_lines(cells[0])) > IMPORT_LINES:
        yield f"{len(_import_lines(cells[0]))} lines of imports"
    if "session.start(seed=0)" not in cells[0].source.splitlines():
        yield "session.start(seed=0) does not stand with the imports"


def _import_lines(cell: NotebookNode) -> list[str]:
    return re.findall(r"^ *(?:import|from) .*", cell.source, re.M)


def claims(notebook: NotebookNode) -> Iterator[str]:
    """The chapter's claims were checked when it ran."""
    found = len(conventions.claims(notebook))
    if found < CLAIMS:
        yield f"{found} claims hold, not at least {CLAIMS}"
    for cell in filter(conventions.is_code, notebook.cells):
        for sentence in conventions.claimed(cell.outputs):
            if sentence not in cell.source:
                yield f"{cell.id} prints a claim that it does not make: {sentence}"


def figures(notebook: NotebookNode) -> Iterator[str]:
    """Each figure is one picture, with a name, a caption and an alt text."""
    cells = [cell for cell in notebook.cells if conventions.is_code(cell)]
    shown = [c for c in cells if conventions.pictures(c) or conventions.is_explore(c)]
    if not any(conventions.pictures(cell) for cell in shown):
        yield "no figure"
    for cell in shown:
        yield from (f"figure in {cell.id}: {flaw}" for flaw in _figure_flaws(cell))
    names = Counter(_figure_name(cell) for cell in shown)
    twice = [name for name, count in names.items() if count > 1]
    yield from (f"several figures are called {name!r}" for name in twice)


def _figure_name(cell: NotebookNode) -> str:
    return cell.metadata.get("mystnb", {}).get("figure", {}).get("name", "")


def _figure_flaws(cell: NotebookNode) -> Iterator[str]:
    if len(conventions.caption(cell).split()) < CAPTION_WORDS:
        yield "no caption that says what to see"
    if not re.fullmatch(r"fig-[a-z0-9-]+", _figure_name(cell)):
        yield "no name such as fig-staircase"
    views = [o for o in cell.outputs if conventions.VIEW in o.get("data", {})]
    if conventions.is_explore(cell):
        if len(views) != 1:
            yield f"{len(views)} widgets in a cell with the tag explore, not 1"
        return
    if len(conventions.pictures(cell)) != 1:
        yield f"{len(conventions.pictures(cell))} pictures, not 1"
    if len(conventions.alt_text(cell).split()) < output_rules.ALT_WORDS:
        yield "no alt text"


def explores(notebook: NotebookNode) -> Iterator[str]:
    """One figure has sliders, and only cells with the tag show widgets."""
    cells = [cell for cell in notebook.cells if conventions.is_explore(cell)]
    if len(cells) != 1:
        yield f"{len(cells)} figures with sliders, not 1"
    if len(list(conventions.views(notebook))) > len(cells):
        yield "a widget in a cell without the tag explore"


def exercises(notebook: NotebookNode, stem: str) -> Iterator[str]:
    """Each exercise is a question, then one folded cell that solves and grades it."""
    posed = [
        (i, e) for i, c in enumerate(notebook.cells) for e in conventions.exercises(c)
    ]
    solutions = [c for c in notebook.cells if conventions.is_solution(c)]
    if len(posed) not in EXERCISES:
        yield f"{len(posed)} exercises, not {EXERCISES[0]} to {EXERCISES[-1]}"
    if len(solutions) != len(posed):
        yield f"{len(solutions)} solutions of {len(posed)} exercises"
    numbers = [f"{int(stem[:2])}.{count}" for count in range(1, len(posed) + 1)]
    if [identity for _, identity in posed] != numbers:
        yield f"exercises are not {numbers}, but {[e for _, e in posed]}"
    for place, identity in posed:
        following = notebook.cells[place + 1 : place + 2]
        flaws = (
            _solution_flaws(following[0], identity) if following else ["no solution"]
        )
        yield from (f"exercise {identity}: {flaw}" for flaw in flaws)


def _solution_flaws(cell: NotebookNode, identity: str) -> Iterator[str]:
    if not conventions.is_solution(cell):
        yield "the next cell is no solution"
        return
    if not conventions.tags(cell) >= conventions.FOLDED_TAGS:
        yield "the solution is not folded on the site (tag hide-cell)"
    if not cell.metadata.get("jupyter", {}).get("source_hidden"):
        yield "the solution is not folded in JupyterLab (jupyter.source_hidden)"
    if cell.metadata.get("cellView") != "form":
        yield "the solution is not folded in Colab (cellView)"
    if conventions.solved(cell) != identity:
        yield f"the first line is not '# @title Solution {identity}'"
    yield from _grading_flaws(cell, identity)


def _grading_flaws(cell: NotebookNode, identity: str) -> Iterator[str]:
    calls = conventions.grade_calls(cell.source)
    try:
        if [conventions.graded(call)[0] for call in calls] != [identity]:
            yield f'the solution does not end in one exercises.grade("{identity}", ...)'
    except ValueError as error:
        yield str(error)
    printed = "".join(output.get("text", "") for output in cell.outputs)
    if f"{conventions.VERDICT}{identity}: correct." not in printed:
        yield "the solution is not graded as correct"


def prose_is_plain(notebook: NotebookNode) -> Iterator[str]:
    """Prose reads well where only CommonMark and formulas are known."""
    for place, cell in enumerate(notebook.cells):
        if conventions.is_markdown(cell) and (found := _MYST.search(cell.source)):
            yield f"cell {place} uses a role or a directive: {found[0].strip()!r}"


def spine(notebook: NotebookNode) -> Iterator[str]:
    """The chapter begins with its title and ends with the last three sections."""
    first = notebook.cells[0] if notebook.cells else None
    if first is None or not re.match(r"# \S", first.source):
        yield "the first cell does not begin with the chapter's title"
    prose = [c.source for c in notebook.cells if conventions.is_markdown(c)]
    headings = re.findall(r"^(#+) +(.*?) *$", "\n".join(prose), re.M)
    if [mark for mark, _ in headings].count("#") != 1:
        yield "more or less than one title"
    last = [text for mark, text in headings if mark == "##"][-len(LAST) :]
    if last != LAST:
        yield f"the last sections are {last}, not {LAST}"


def addressed(notebook: NotebookNode, stem: str) -> Iterator[str]:
    """The set-up cell and all links follow from the repository's one address."""
    address = repository.read()
    setups = [cell for cell in notebook.cells if conventions.is_setup(cell)]
    if [cell.source for cell in setups] != [address.setup]:
        yield "not one set-up cell as `make repository` writes it"
    elif setups[0] is not next(filter(conventions.is_code, notebook.cells)):
        yield "the set-up cell is not the first code cell"
    elif "remove-cell" not in conventions.tags(setups[0]):
        yield "the set-up cell is not taken off the site (tag remove-cell)"
    if notebook.cells[0].source.count(address.links(stem)) != 1:
        yield "the title cell does not hold the links of `make repository` once"
    for cell in filter(conventions.is_markdown, notebook.cells):
        for link in links(cell.source):
            yield from _link_flaws(link, address, stem)


def links(prose: str) -> list[str]:
    """Targets of links and sources of pictures in a cell of prose."""
    return ["".join(found) for found in _LINK.findall(prose)]


def _link_flaws(link: str, address: repository.Address, stem: str) -> Iterator[str]:
    own = (address.pages, f"{address.url}/", address.colab(stem))
    known = link.startswith((*own, "#", "https://doi.org/")) or link == address.url
    if not known:
        yield f"a link that is not to our own pages, a DOI or this page: {link!r}"


def light(path: Path) -> Iterator[str]:
    """The file is small enough to be opened on a phone."""
    size = path.stat().st_size
    if size > output_rules.MOST_BYTES:
        yield f"{size / 1e6:.2f} MB, not at most {output_rules.MOST_BYTES / 1e6:g} MB"


#: Rules on the notebook alone, and rules that need its name as well.
RULES = (valid, budgets, imports, claims, figures, explores)
RULES += (prose_is_plain, spine, *output_rules.RULES)
NAMED_RULES = (addressed, exercises, cells)


def problems(path: Path) -> Iterator[str]:
    """List everything that is wrong with a stored chapter."""
    notebook = conventions.read(path)
    for rule in RULES:
        yield from rule(notebook)
    for rule in NAMED_RULES:
        yield from rule(notebook, path.stem)
    yield from light(path)
