"""What the outputs of a stored notebook must be; each rule lists what breaks it.

nbval compares text and ``book/conftest.py`` pictures, with what is stored: a cell that
never ran passes, and so does a blank picture. These rules look at what they do not.
"""

from __future__ import annotations

import html
from collections.abc import Iterator

import numpy as np
from nbformat import NotebookNode

from tools.chapters import conventions, pictures

MIMES = {"text/plain", "image/png", conventions.VIEW}
#: Fewer words than this are a label, not a description.
ALT_WORDS = 5
#: How far, of 255, a pixel may be from the ground before it counts as ink.
FAINT = 24


def counts(notebook: NotebookNode) -> Iterator[str]:
    """Cells were run once, from top to bottom."""
    found = [c.execution_count for c in notebook.cells if conventions.is_code(c)]
    if found != list(range(1, len(found) + 1)):
        yield f"execution counts are not 1..{len(found)}, but {found}"


def kinds(notebook: NotebookNode) -> Iterator[str]:
    """Outputs are text, pictures and widgets: no errors, no warnings, no HTML."""
    for output in _outputs(notebook):
        if output.output_type == "error":
            yield f"a cell shows the error {output.ename}"
        elif output.output_type == "stream" and output.name != "stdout":
            yield f"a cell writes to {output.name}"
        for mime in set(output.get("data", {})) - MIMES:
            yield f"a cell shows {mime}"


def whole(notebook: NotebookNode) -> Iterator[str]:
    """Each picture shows something, and all of it."""
    still = conventions.pictures(_outputs(notebook))
    for place, picture in enumerate(still + pictures.frames(_pages(notebook)), start=1):
        pixels = np.asarray(pictures.decoded(picture), dtype=int)
        ink = abs(pixels - pixels[0, 0]).max(axis=2)
        if not ink.any():
            yield f"picture {place} is blank"
        elif max(ink[[0, -1]].max(), ink[:, [0, -1]].max()) > FAINT:
            yield f"picture {place} is clipped: something reaches its edge"


def frame_texts(notebook: NotebookNode) -> Iterator[str]:
    """Each frame of a figure with sliders says what it shows."""
    for said in pictures.sentences(_pages(notebook)):
        if len(said.split()) < ALT_WORDS:
            yield f"a frame without a description: {said!r}"


def _pages(notebook: NotebookNode) -> list[str]:
    return pictures.stored_pages(notebook, notebook.cells)


def _outputs(notebook: NotebookNode) -> list[NotebookNode]:
    return [o for c in filter(conventions.is_code, notebook.cells) for o in c.outputs]


def computed_text(notebook: NotebookNode) -> str:
    """All text that running the notebook produced, descriptions of frames included."""
    outputs, frames = _outputs(notebook), pictures.sentences(_pages(notebook))
    texts = [output.get("text", "") for output in outputs]
    texts += [output.get("data", {}).get("text/plain", "") for output in outputs]
    return "\n".join([*texts, *map(html.unescape, frames)])


RULES = (counts, kinds, whole, frame_texts)
