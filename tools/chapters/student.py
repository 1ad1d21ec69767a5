"""The student's notebook of a chapter: each solution replaced by a stub of itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools.chapters import conventions, repository

TODO = "...  # your code here"

NOTICE = """\
**Student version.** The solutions are taken out: replace each `...` by your own code \
and run the cell; it grades itself. The full chapter, with figures and solutions, is \
[on the site]({page}). `exercises.grade("1.2", answer, hint=True)` prints one more \
hint each time, and `exercises.progress()` what is solved and what comes next."""


def write_all(folder: Path) -> None:
    """Write the notebooks of all chapters, without solutions, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in conventions.chapters():
        target = folder / f"{path.stem}-student.ipynb"
        target.write_text(conventions.written(stripped(path)), encoding="utf-8")


def stripped(path: Path) -> NotebookNode:
    """Return a chapter without outputs and with stubs in place of its solutions."""
    notebook = conventions.read(path)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if conventions.is_markdown(cell):
            cell.source = repository.LINKED.sub("", cell.source)
        else:
            cell.outputs, cell.execution_count = [], None
        if conventions.is_solution(cell):
            cell.source = stub(cell.source)
            cell.metadata.clear()
            cell.metadata["tags"] = ["exercise"]
    kinds = map(conventions.tags, notebook.cells)
    last = max(place for place, tags in enumerate(kinds) if "exercise" in tags)
    asked = new_code_cell("exercises.progress()", id="progress")
    notebook.cells.insert(last + 1, asked)
    page = f"{repository.read().pages}book/{path.stem}.html"
    notice = new_markdown_cell(NOTICE.format(page=page), id="student-version")
    notebook.cells.insert(0, notice)
    return notebook


def stub(source: str) -> str:
    """Keep of a solution what the student starts from: code that answers nothing.

    The answer stays, a function's head and docstring or a name, and the call that
    grades it; every body and every value becomes ``...``. Where the answer lists
    others, these stay too. What else the solution defines would tell how it goes.
    """
    tree = ast.parse(source)
    kept = {conventions.graded(call)[1] for call in conventions.grade_calls(source)}
    for node in tree.body:
        match node:
            case ast.Assign(value=ast.Tuple(elts=listed) | ast.List(elts=listed)):
                kept |= _names(*listed) if kept & _names(*node.targets) else set()
    text = ""
    for part in dict.fromkeys(_parts(source, tree, kept)):
        apart = "\n" in part or text.endswith(f"    {TODO}\n")
        text += ("\n\n" if text and apart else "") + f"{part}\n"
    return text.removesuffix("\n")


def _names(*nodes: ast.expr) -> set[str]:
    """Names of variables, alone or in a list."""
    found = [each for node in nodes for each in ast.walk(node)]
    return {name.id for name in found if isinstance(name, ast.Name)}


def _parts(source: str, tree: ast.Module, kept: set[str]) -> Iterator[str]:
    """Yield what stays of each statement."""
    lines = source.splitlines()
    for node in tree.body:
        match node:
            case ast.FunctionDef(decorator_list=[]):
                if node.name not in kept:
                    continue
                documented = ast.get_docstring(node) is not None
                first = node.body[0]
                end = first.end_lineno if documented else first.lineno - 1
                head = lines[node.lineno - 1 : end]
                while head[-1].strip().startswith("#"):  # it would tell the solution
                    head.pop()
                yield "\n".join([*head, f"    {TODO}"])
            case ast.Assign(targets=targets):
                for name in sorted(_names(*targets) & kept):
                    yield f"{name} = {TODO}"
            case ast.Expr(value=ast.Call()):
                if conventions.grade_calls(ast.unparse(node)):
                    yield ast.get_source_segment(source, node) or ""
            case _:
                raise ValueError(
                    "expected functions, assignments and calls in a solution, got "
                    f"{ast.get_source_segment(source, node)!r}"
                )
