"""A small chapter that keeps every rule, for tests that break one rule at a time."""

from __future__ import annotations

import base64
import html
import io

from nbformat import NotebookNode, from_dict
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)
from PIL import Image

from tools.chapters import conventions, repository

STEM = "07-sample"

CAPTION = "The bars fall from left to right, as the counts do."
ALT = "Four bars that fall from left to right."
WORDS = "Counting is the first thing that anybody does with data. " * 6

ENDING = """\
## Summary

All is said.

## What comes next

More.

## References

- A. Author, *A Book*, 1999. [doi:10.1000/1](https://doi.org/10.1000/1)"""


def picture(*, blank: bool = False, clipped: bool = False) -> str:
    """Base64 text of a PNG file that shows a ramp, or that is wrong in one way."""
    image = Image.new("RGB", (12, 12), "white")
    if not blank:
        ramp = Image.linear_gradient("L").resize((8, 8))
        image.paste(ramp, (4, 2) if clipped else (2, 2))
    file = io.BytesIO()
    image.save(file, format="PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")


def frame(alt: str) -> str:
    """One picture of a figure with sliders, as it is stored."""
    data = picture()
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'


def model(kind: str, **state: object) -> dict:
    """Stored state of a widget."""
    named = {"_model_name": kind, **state}
    return {"model_module": "@jupyter-widgets/controls", "model_name": kind} | {
        "model_module_version": "2.0.0",
        "state": named,
    }


def shown(text: str) -> NotebookNode:
    """Give a line that a cell printed."""
    return new_output("stream", name="stdout", text=f"{text}\n")


def displayed(**data: object) -> NotebookNode:
    """Give something that a cell displayed; underscores stand for slashes."""
    return new_output("display_data", data=data)


def code(source: str, *outputs: NotebookNode, **metadata: object) -> NotebookNode:
    """Make a code cell."""
    return new_code_cell(source, outputs=list(outputs), metadata=metadata)


def figure(name: str, **image: object) -> dict:
    """Metadata of a figure."""
    return {"figure": {"caption": CAPTION, "name": name}, **image}


def exercise(number: int) -> list[NotebookNode]:
    """Make the question and the folded solution of one exercise."""
    identity = f"7.{number}"
    solution = (
        f"# @title Solution {identity}\n"
        "def double(x):\n"
        '    """Twice x."""\n'
        "    return 2 * x\n\n\n"
        f'exercises.grade("{identity}", double)'
    )
    graded = shown(f"Exercise {identity}: correct.")
    return [
        new_markdown_cell(f"### Exercise {identity}: double\n\nWrite `double(x)`."),
        code(
            solution,
            graded,
            tags=["solution", "hide-cell"],
            jupyter={"source_hidden": True},
            cellView="form",
        ),
    ]


def lesson() -> list[NotebookNode]:
    """Make the code cells between set-up and exercises."""
    start = "from lecture_code import claims, session\n\nsession.start(seed=0)"
    claims = [
        code(f"claims.claim({said!r}, True)", shown(f"Claim holds: {said}"))
        for said in ("one is one", "two is two", "three is three")
    ]
    still = code(
        "plotting.bars(p)",
        displayed(**{"image/png": picture(), "text/plain": "<Figure size 640x320>"}),
        mystnb=figure("fig-bars", image={"alt": ALT}),
    )
    view = {"model_id": "ab12", "version_major": 2, "version_minor": 0}
    moving = code(
        "widgets.explore(draw, size=[1, 2])",
        displayed(**{conventions.VIEW: view, "text/plain": "explore(size=2 settings)"}),
        mystnb=figure("fig-move"),
        tags=["explore"],
    )
    plain = [code(f"x = {i}") for i in range(5)]
    return [code(start), *claims, still, moving, *plain]


def make() -> NotebookNode:
    """Make the chapter."""
    address = repository.read()
    title = f"# 7. A sample\n\nA question. {address.links(STEM)}"
    setup = code(address.setup, tags=["setup", "remove-cell"])
    cells = [new_markdown_cell(title), setup]
    for cell in lesson():
        cells += [cell, new_markdown_cell(WORDS)]
    for number in (1, 2, 3):
        cells += exercise(number)
    cells.append(new_markdown_cell(ENDING))
    count = 0
    for place, cell in enumerate(cells):
        cell.id = f"cell-{place:02d}"
        if conventions.is_code(cell):
            cell.execution_count = count = count + 1
    notebook = new_notebook(cells=cells)
    notebook.metadata.widgets = from_dict({conventions.STATE: state()})
    return notebook


def state() -> dict:
    """Make the stored state of the widgets that the chapter shows."""
    models = {
        "ab12": model("VBoxModel", children=["IPY_MODEL_cd34"]),
        "cd34": model("HTMLModel", value=frame("At size 2 the share of bars is 37 %.")),
    }
    return {"state": models, "version_major": 2, "version_minor": 0}
