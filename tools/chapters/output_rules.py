"""What the outputs of a stored notebook must be; each rule lists what breaks it.

nbval compares text and nothing else: a cell that never ran passes, and so does a
picture that is gone. These rules look at what it does not.
"""

from __future__ import annotations

import base64
import binascii
import html
import io
import json
import re
from collections.abc import Iterator

import numpy as np
from nbformat import NotebookNode
from PIL import Image

from tools.chapters import conventions

MIMES = {"text/plain", "image/png", conventions.VIEW}
MOST_BYTES = 1_500_000
#: Fewer words than this are a label, not a description.
ALT_WORDS = 5
#: How far, of 255, a pixel may be from the ground before it counts as ink.
FAINT = 24

UNSAFE = re.compile(r"<\s*(?:script|iframe)|javascript:|<[^<>]*\son\w+\s*=", re.I)
#: Kernel folders, home folders and installed packages, on any system.
MACHINE = re.compile(
    r"/(?:tmp|root|home|Users|private|work|opt)/|\b[A-Z]:\\|ipykernel_\d|site-packages"
)
_IMAGE = re.compile(r"<img\b[^>]*>")


def counts(notebook: NotebookNode) -> Iterator[str]:
    """Cells were run once, from top to bottom."""
    found = [c.execution_count for c in notebook.cells if conventions.is_code(c)]
    if found != list(range(1, len(found) + 1)):
        yield f"execution counts are not 1..{len(found)}, but {found}"


def kinds(notebook: NotebookNode) -> Iterator[str]:
    """Outputs are text, pictures and widgets: no errors, no warnings, no HTML."""
    for place, output in _outputs(notebook):
        if output.output_type == "error":
            yield f"cell {place} shows the error {output.ename}"
        elif output.output_type == "stream" and output.name != "stdout":
            yield f"cell {place} writes to {output.name}"
        for mime in set(output.get("data", {})) - MIMES:
            yield f"cell {place} shows {mime}"


def pictures(notebook: NotebookNode) -> Iterator[str]:
    """Each picture can be decoded and shows something."""
    for place, cell in enumerate(notebook.cells):
        for picture in conventions.pictures(cell) if conventions.is_code(cell) else ():
            yield from (f"cell {place}: {said}" for said in _flaws(picture))
    for name, text in _frames(notebook):
        source = conventions.DATA.search(text)
        said = _flaws(source[1]) if source else ["a frame without its picture"]
        yield from (f"widget {name[-4:]}: {flaw}" for flaw in said)


def _flaws(picture: str) -> Iterator[str]:
    try:
        content = base64.b64decode(picture.replace("\n", ""), validate=True)
        with Image.open(io.BytesIO(content)) as image:
            pixels = np.asarray(image.convert("RGB"), dtype=int)
            if image.format != "PNG":
                yield f"a picture is {image.format}, not PNG"
    except (binascii.Error, OSError, SyntaxError) as error:
        yield f"a picture cannot be decoded ({type(error).__name__})"
        return
    ink = abs(pixels - pixels[0, 0]).max(axis=2)
    if not ink.any():
        yield "a picture is blank"
    elif max(ink[[0, -1]].max(), ink[:, [0, -1]].max()) > FAINT:
        yield "a picture is clipped: something reaches its edge"


def frame_texts(notebook: NotebookNode) -> Iterator[str]:
    """Each frame of a figure with sliders says what it shows."""
    for name, text in _frames(notebook):
        said = conventions.ALT.search(text)
        if not said or len(said[1].split()) < ALT_WORDS:
            yield f"widget {name[-4:]}: a frame without a description"


def _frames(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield the frames of figures with sliders, as ``<img>``, with their widgets."""
    for name, model in conventions.widgets(notebook).items():
        for value in model.get("state", {}).values():
            if isinstance(value, str):
                yield from ((name, image) for image in _IMAGE.findall(value))


def widget_state(notebook: NotebookNode) -> Iterator[str]:
    """Each widget on show has its state stored, and so has all that it refers to."""
    models = conventions.widgets(notebook)
    wanted = list(conventions.views(notebook))
    for model in models.values():
        wanted += re.findall(r"IPY_MODEL_(\w+)", json.dumps(model.get("state", {})))
    for name in dict.fromkeys(wanted):
        if not models.get(name, {}).get("state"):
            yield f"the widget {name} has no stored state"
    shown = any(conventions.views(notebook))
    if models and not shown:
        yield "state is stored for widgets that no cell shows"


def safe(notebook: NotebookNode) -> Iterator[str]:
    """No script, frame, event handler or script address in outputs or prose."""
    for where, text in _texts(notebook):
        if found := UNSAFE.search(text):
            yield f"{where} holds {found[0]!r}"


def anonymous(notebook: NotebookNode) -> Iterator[str]:
    """No path of the machine that ran the notebook is stored."""
    for where, text in _texts(notebook):
        if found := MACHINE.search(text):
            yield f"{where} names a place of one machine: {found[0]!r}"


def _texts(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield prose, text outputs and the text inside widgets, pictures left out."""
    for place, cell in enumerate(notebook.cells):
        if conventions.is_markdown(cell):
            yield f"cell {place}", cell.source
    for place, output in _outputs(notebook):
        texts = [output.get("text", ""), *output.get("data", {}).values()]
        texts += output.get("traceback", [])
        yield (
            f"the output of cell {place}",
            _without_pictures("\n".join(map(str, texts))),
        )
    for name, model in conventions.widgets(notebook).items():
        for value in model.get("state", {}).values():
            yield f"the widget {name[-4:]}", _without_pictures(str(value))


def _without_pictures(text: str) -> str:
    return re.sub(r"[A-Za-z0-9+/=\n]{200,}", "", text)


def _outputs(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    for place, cell in enumerate(notebook.cells):
        if conventions.is_code(cell):
            yield from ((place, output) for output in cell.outputs)


def computed_text(notebook: NotebookNode) -> str:
    """All text that running the notebook produced, descriptions of frames included."""
    texts = [o.get("text", "") for _, o in _outputs(notebook)]
    texts += [o.get("data", {}).get("text/plain", "") for _, o in _outputs(notebook)]
    alts = (conventions.ALT.search(frame) for _, frame in _frames(notebook))
    return "\n".join([*texts, *(html.unescape(alt[1]) for alt in alts if alt)])


RULES = (counts, kinds, pictures, frame_texts, widget_state, safe, anonymous)
