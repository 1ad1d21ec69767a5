"""What the cells of a chapter are: the one place where the notebooks' conventions live.

A chapter is ``book/NN-topic.ipynb``, a workshop ``book/workshop-topic.ipynb``. Its
set-up cell, its exercises and its figures are told apart by tags and metadata,
which the site, Colab and the tools all read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode, v4

ROOT = Path(__file__).resolve().parents[2]

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
#: The picture in a frame of a figure with sliders, as base64 text.
DATA = re.compile(r'src="data:image/png;base64,([^"]*)"')
#: What such a frame says, as HTML.
ALT = re.compile(r'\balt="([^"]*)"')

#: What the workshops are about, in order: ``book/workshop-vae.ipynb`` is W3.
WORKSHOPS = ("autoregressive", "autoencoders", "vae", "flows", "gan", "diffusion")

#: What ``lecture_code.claims`` prints before a sentence that holds.
CLAIM = "Claim holds: "
#: What ``lecture_code.exercises`` prints before the identity of a graded exercise.
VERDICT = "Exercise "

#: The line below an exercise's heading; a lab is trained, measured or decided on.
LEVEL = re.compile(r"^\*Level [1-3], (\d+) minutes(, a lab)?\.\*$", re.M)

_HEADING = re.compile(r"### Exercise (W?\d+\.\d+): \S")
_TITLE = re.compile(r"# @title Solution (W?\d+\.\d+)\n")


def chapters(root: Path = ROOT) -> list[Path]:
    """List the notebooks of the book, in order: chapters, then workshops."""
    workshops = (root / "book" / f"workshop-{topic}.ipynb" for topic in WORKSHOPS)
    numbered = sorted((root / "book").glob("[0-9][0-9]-*.ipynb"))
    return numbered + [path for path in workshops if path.exists()]


def is_workshop(stem: str) -> bool:
    """Tell a workshop's name from a chapter's."""
    return stem.startswith("workshop-")


def number(stem: str) -> str:
    """What the files of a chapter are named by: "05", or "w3" for a workshop."""
    if is_workshop(stem):
        return f"w{WORKSHOPS.index(stem.removeprefix('workshop-')) + 1}"
    return stem[:2]


def label(stem: str) -> str:
    """What claims and exercises are numbered by: "5", or "W3" for a workshop."""
    return number(stem).lstrip("0").upper()


def labelled(chapter: str) -> Path:
    """Find the notebook whose exercises have this number before their point."""
    return next(path for path in chapters() if label(path.stem) == chapter)


def read(path: Path) -> NotebookNode:
    """Read a notebook as it is: nothing repaired, nothing added."""
    return v4.reads(path.read_text(encoding="utf-8"))


def written(notebook: NotebookNode) -> str:
    """Text of a notebook file: keys in order, one indent, a last line break."""
    return v4.writes(notebook) + "\n"


def is_code(cell: NotebookNode) -> bool:
    return cell.cell_type == "code"


def is_markdown(cell: NotebookNode) -> bool:
    return cell.cell_type == "markdown"


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", ()))


def is_setup(cell: NotebookNode) -> bool:
    """Tell the cell that installs the package on Colab."""
    return is_code(cell) and "setup" in tags(cell)


def is_solution(cell: NotebookNode) -> bool:
    return is_code(cell) and "solution" in tags(cell)


def is_core(cell: NotebookNode) -> bool:
    """Tell the solution that the lesson goes on with: it is not folded."""
    return is_solution(cell) and "core" in tags(cell)


def is_given(cell: NotebookNode) -> bool:
    """Tell what an exercise starts from: data, a seed, code with a mistake."""
    return is_code(cell) and "given" in tags(cell)


def is_explore(cell: NotebookNode) -> bool:
    """Tell a cell that shows a figure with sliders."""
    return is_code(cell) and "explore" in tags(cell)


def is_lesson(cell: NotebookNode) -> bool:
    """Tell a code cell that the budgets count: neither set-up nor folded exercise."""
    folded = is_solution(cell) and not is_core(cell)
    return is_code(cell) and not (is_setup(cell) or folded or is_given(cell))


def exercises(cell: NotebookNode) -> list[str]:
    """Identities of the exercises that a cell of prose poses, such as "1.2"."""
    lines = cell.source.splitlines() if is_markdown(cell) else []
    return [found[1] for line in lines if (found := _HEADING.match(line))]


def solved(cell: NotebookNode) -> str | None:
    """Identity in the first line of a solution, or None."""
    found = _TITLE.match(cell.source) if is_solution(cell) else None
    return found[1] if found else None


def grade_calls(source: str) -> list[ast.Call]:
    """List the calls of ``exercises.grade`` in a cell."""
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "exercises.grade"
    ]


def graded(call: ast.Call) -> tuple[str, str]:
    """Read a call of ``exercises.grade``: the exercise, and the answer's name.

    An expression in place of the name would give the solution away.
    """
    match call:
        case ast.Call(args=[ast.Constant(value=str(identity)), ast.Name(id=name)]):
            return identity, name
    raise ValueError(
        f'expected exercises.grade("1.2", name), got {ast.unparse(call)}: an answer '
        "is handed in by its name"
    )


def pictures(outputs: list[NotebookNode]) -> list[str]:
    """Base64 text of the pictures among what cells show."""
    found = [output.get("data", {}).get("image/png") for output in outputs]
    return [picture for picture in found if picture]


def claims(notebook: NotebookNode) -> list[str]:
    """List the claims that the notebook printed, in order: claim 3.2 is the second."""
    return claimed([o for c in filter(is_code, notebook.cells) for o in c.outputs])


def claimed(outputs: list[NotebookNode]) -> list[str]:
    """List the claims among what cells printed, in order."""
    printed = "\n".join(o.text for o in outputs if o.get("name") == "stdout")
    lines = (line for line in printed.splitlines() if line.startswith(CLAIM))
    return [line.removeprefix(CLAIM) for line in lines]


def views(cells: list[NotebookNode]) -> Iterator[str]:
    """Yield the identity of each widget that cells show."""
    for cell in filter(is_code, cells):
        for output in cell.outputs:
            if VIEW in output.get("data", {}):
                yield output.data[VIEW]["model_id"]


def widgets(notebook: NotebookNode) -> dict[str, dict]:
    """Stored state of the notebook's widgets, by identity."""
    return notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})


def caption(cell: NotebookNode) -> str:
    """Caption of the cell's figure, or nothing."""
    return cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", "")


def alt_text(cell: NotebookNode) -> str:
    """Text that says what the cell's picture shows, or nothing."""
    return cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
