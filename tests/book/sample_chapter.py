"""A small chapter that keeps every rule, for tests that break one rule at a time."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterator

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_output
from PIL import Image

from tools.chapters import conventions, new

STEM = "07-sample"


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


def make() -> NotebookNode:
    """Make the chapter that `make new` writes, with outputs as if it had run."""
    notebook = new.chapter(STEM)
    cells = list(filter(conventions.is_code, notebook.cells))
    for count, cell in enumerate(cells, start=1):
        cell.execution_count, cell.outputs = count, list(outputs(cell))
    notebook.metadata.widgets = from_dict({conventions.STATE: state()})
    return notebook


def outputs(cell: NotebookNode) -> Iterator[NotebookNode]:
    """Yield what a cell of the chapter would show."""
    for sentence in re.findall(r'claims\.claim\("(.*?)"', cell.source):
        yield shown(f"Claim holds: {sentence}")
    if conventions.is_solution(cell):
        yield shown(f"Exercise {conventions.solved(cell)}: correct.")
    if conventions.is_explore(cell):
        view = {"model_id": "ab12", "version_major": 2, "version_minor": 0}
        text = "explore(size=3 settings)"
        yield displayed(**{conventions.VIEW: view, "text/plain": text})
    elif "mystnb" in cell.metadata:
        text = "<Figure size 640x320>"
        yield displayed(**{"image/png": picture(), "text/plain": text})


def state() -> dict:
    """Make the stored state of the widgets that the chapter shows."""
    models = {
        "ab12": model("VBoxModel", children=["IPY_MODEL_cd34"]),
        "cd34": model("HTMLModel", value=frame("At size 2 the share of bars is 37 %.")),
    }
    return {"state": models, "version_major": 2, "version_minor": 0}
