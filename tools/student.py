"""The student's notebook of a chapter: each solution replaced by a stub of itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import conventions
import repository
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

TODO = "...  # your code here"

NOTICE = """\
**Student version.** The solutions are taken out: replace each `...` by your own code \
and run the cell; it grades itself. The full chapter, with figures and solutions, is \
[on the site]({page})."""


def stripped(path: Path) -> NotebookNode:
    """Return a chapter without outputs and with stubs in place of its solutions.

    Raises
    ------
    ValueError
        If a solution cannot be turned into a stub that gives nothing away.
    """
    notebook = conventions.read(path)
    notebook.metadata.pop("widgets", None)
    for cell in filter(conventions.is_code, notebook.cells):
        cell.outputs, cell.execution_count = [], None
        if conventions.is_solution(cell):
            cell.source = stub(cell.source)
            cell.metadata.clear()
            cell.metadata["tags"] = ["exercise"]
    for cell in filter(conventions.is_markdown, notebook.cells):
        cell.source = repository.LINKED.sub("", cell.source)
    page = repository.read().page(path.stem)
    notice = new_markdown_cell(NOTICE.format(page=page), id="student-version")
    notebook.cells.insert(0, notice)
    return notebook


def stub(source: str) -> str:
    """Keep of a solution what the student starts from.

    Imports, the heads and docstrings of functions, the names that are assigned, and
    the call that grades stay; every body and every value becomes ``...``.

    Parameters
    ----------
    source : str
        Code of a solution cell.

    Returns
    -------
    str
        Code that runs, and that answers nothing.

    Raises
    ------
    ValueError
        If the solution does not parse, or hands in an expression and not a name.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise ValueError(f"a solution does not parse: {error}") from error
    for call in conventions.grade_calls(source):
        conventions.graded(call)  # refuses an answer that is more than a name
    parts: list[str] = []
    for node in tree.body:
        parts += [part for part in _kept(node, source) if part not in parts]
    return "\n".join(_spaced(parts))


def _kept(node: ast.stmt, source: str) -> Iterator[str]:
    """Yield what stays of one statement."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield _head(node, source)
    elif isinstance(node, ast.ClassDef):
        yield _class(node, source)
    elif isinstance(node, (ast.Import, ast.ImportFrom)) or _grades(node):
        yield ast.get_source_segment(source, node)
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            yield from _unassigned(target)
    else:
        for name in _bound(node):
            yield f"{name} = {TODO}"


def _grades(node: ast.stmt) -> bool:
    return bool(conventions.grade_calls(ast.unparse(node))) and isinstance(
        node, (ast.Expr, ast.Assign)
    )


def _unassigned(target: ast.expr) -> Iterator[str]:
    """Yield one assignment for each name, since ``...`` cannot be unpacked."""
    if isinstance(target, (ast.Tuple, ast.List)):
        for inner in target.elts:
            yield from _unassigned(inner)
    elif isinstance(target, ast.Starred):
        yield from _unassigned(target.value)
    elif isinstance(target, ast.Name):
        yield f"{target.id} = {TODO}"


def _bound(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a loop, a condition or the like assigns in passing."""
    scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    if isinstance(node, scopes):
        yield from [node.name] if hasattr(node, "name") else []
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    comprehensions = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, comprehensions):
            yield from _bound(child)


def _head(node: ast.FunctionDef | ast.AsyncFunctionDef, source: str) -> str:
    """Head and docstring of a function, as written, with a stub for its body."""
    lines = source.splitlines()
    first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
    pad = " " * (node.col_offset + 4)
    body = node.body[0]
    documented = ast.get_docstring(node) is not None
    last = body.end_lineno if documented else body.lineno - 1
    if not documented and body.lineno == node.lineno:  # def f(x): return x
        last = node.lineno
        start = body.col_offset - len(lines[last - 1])
        lines[last - 1] = lines[last - 1][:start].rstrip()
    kept = [line for line in lines[first - 1 : last] if documented or line.strip()]
    if not documented:
        while kept[-1].lstrip().startswith("#"):  # a comment would tell the solution
            kept.pop()
    return "\n".join([*kept, pad + TODO])


def _class(node: ast.ClassDef, source: str) -> str:
    """Head of a class and the heads of its methods."""
    first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
    head = source.splitlines()[first - 1 : node.body[0].lineno - 1]
    kept = [line for line in head if line.strip().startswith(("@", "class"))]
    pad = " " * (node.col_offset + 4)
    if ast.get_docstring(node) is not None:
        kept.append(pad + ast.get_source_segment(source, node.body[0]))
    methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
    if not methods:
        return "\n".join([*kept, pad + TODO])
    return "\n\n".join(["\n".join(kept), *(_head(part, source) for part in methods)])


def _spaced(parts: list[str]) -> Iterator[str]:
    """Yield the parts, with the blank lines that a formatter would set."""
    for place, part in enumerate(parts):
        definition = "\n" in part
        if place and (definition or "\n" in parts[place - 1]):
            yield from ("", "")
        yield part
