"""Run a chapter, and beside it each change under which one of its claims must fail.

``refutations/NN.toml`` holds the changes, one or more for each claim of chapter NN, or
``refutations/wN.toml`` for each of a workshop:

    [[case]]
    claim = "the shares of the counts sum to 1"   # what the claim prints
    old = "/ len(outcomes)"                       # stands once in the code up to it,
    new = "/ 9"                                   # and becomes this

In place of ``old`` and ``new`` a case may have ``before``: code that runs right before
the claim's cell and spoils a model, the data or a number. The chapter runs once; at
the first cell of a change the process forks, and the child goes on with the changed
code up to the claim. So a case costs the cells from the change to the claim only.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import sys
import tomllib
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from tools.chapters import conventions

FOLDER = Path(__file__).parent / "refutations"
PATIENCE = 240  # seconds that a changed chapter may take from the change to the claim
REFUTED = "refuted"


class Case(NamedTuple):
    """A change of a chapter's code, and the claim that it refutes."""

    claim: str
    first: int  # the cell that is changed, or before which code is run
    last: int  # the cell of the claim
    sources: list[str]  # what runs in their place, from the first to the last


def stored(number: str) -> list[dict[str, str]]:
    """Read the cases of a chapter, by the number that its files have."""
    path = FOLDER / f"{number}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["case"]


def lessons(notebook: NotebookNode) -> list[NotebookNode]:
    """List the cells that claims rest on: no exercise, no figure with sliders."""
    return [
        cell
        for cell in notebook.cells
        if conventions.is_lesson(cell)
        and (not conventions.is_explore(cell) or conventions.claimed(cell.outputs))
    ]


def place(entry: dict[str, str], cells: list[NotebookNode]) -> Case:
    """Find the cells that a case changes, or refuse one that does not fit."""
    claim = entry["claim"]
    printed = [conventions.claimed(cell.outputs) for cell in cells]
    holders = [i for i, sentences in enumerate(printed) if claim in sentences]
    if len(holders) != 1:
        raise ValueError(f"{claim!r}: {len(holders)} cells claim it")
    last = holders[0]
    sources = [cell.source for cell in cells[: last + 1]]
    if set(entry) == {"claim", "before"}:
        return Case(claim, last, last, [f"{entry['before']}\n{sources[last]}"])
    old, new = entry["old"], entry["new"]
    found = [i for i, source in enumerate(sources) for _ in range(source.count(old))]
    if len(found) != 1:
        raise ValueError(f"{claim!r}: {old!r} stands {len(found)} times before it")
    first = found[0]
    sources[first] = sources[first].replace(old, new)
    return Case(claim, first, last, sources[first:])


def verdicts(path: Path) -> Iterator[tuple[str, str]]:
    """Run a chapter, and say of each case what became of the claim."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    cells = lessons(conventions.read(path))
    cases = [place(entry, cells) for entry in stored(conventions.number(path.stem))]
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    cases.sort(key=lambda case: case.first)
    ran = 0
    for case in cases:
        for cell in cells[ran : case.first]:
            if error := run(shell, cell.source):
                raise RuntimeError(f"unchanged, a cell of {path.name} fails") from error
        ran = case.first
        yield case.claim, try_change(shell, case)


def run(shell: object, source: str) -> BaseException | None:
    """Run a cell, and return what it raised."""
    result = shell.run_cell(source, store_history=False, silent=True)
    return result.error_before_exec or result.error_in_exec


def try_change(shell: object, case: Case) -> str:
    """Go on with the changed code in a process of its own."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=go_on, args=(shell, case, theirs))
    child.start()
    theirs.close()
    try:
        return ours.recv() if ours.poll(PATIENCE) else f"still runs after {PATIENCE} s"
    except EOFError:
        return "the process died"
    finally:
        child.kill()
        child.join()


def go_on(shell: object, case: Case, answer: Connection) -> None:
    """Run the changed cells; say whether the claim fails, and what else happened."""
    from lecture_code import claims

    failed = []

    def note(sentence: str, condition: bool) -> None:
        if not claims._check_truth(condition):
            failed.append(sentence)

    claims.claim = note
    said = "the claim still holds"
    for source in case.sources:
        if error := run(shell, source):
            said = f"{type(error).__name__} before the claim: {error}"
            break
    answer.send(REFUTED if case.claim in failed else said)


if __name__ == "__main__":
    os.environ.update(MPLBACKEND="agg", TQDM_DISABLE="1")
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        found = list(verdicts(Path(sys.argv[1])))
    print(json.dumps(found))
