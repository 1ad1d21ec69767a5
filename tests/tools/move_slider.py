"""Move the sliders of notebooks through a kernel, as Colab does: ipywidgets 7.

Run by the interpreter whose packages are to be tried:
``python tests/tools/move_slider.py book/01-histograms.ipynb ...``. Each notebook's
cells run in a fresh kernel; then each slider is set from outside, by the message that
a browser sends. The text that the kernel sends back must differ from the last, and
each slider must change the picture somewhere: two settings may look alike, as slopes do
that all allow an exact fit.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

TIMEOUT = 120


class Kernel(NotebookClient):
    """A notebook whose kernel stays up after its last cell."""

    def run(self) -> None:
        for place, cell in enumerate(self.nb.cells):
            self.execute_cell(cell, place)

    def children(self, model: str) -> list[str]:
        """Name the widgets inside a widget."""
        inside = self.widget_state[model].get("children", [])
        return [name.removeprefix("IPY_MODEL_") for name in inside]

    def explorers(self) -> Iterator[str]:
        """Name the boxes that ``widgets.explore`` made."""
        for model, state in self.widget_state.items():
            if "explore" in state.get("_dom_classes", ()):
                yield model

    def move(self, slider: str, index: int, picture: str) -> str:
        """Set a slider as a browser does, and return the HTML of the picture."""
        content = {
            "comm_id": slider,
            "data": {
                "method": "update",
                "state": {"index": index},
                "buffer_paths": [],
            },
        }
        message = self.kc.session.msg("comm_msg", content)
        self.kc.shell_channel.send(message)
        for state in self._updates(message["header"]["msg_id"], picture):
            self.widget_state[picture].update(state)
        return self.widget_state[picture]["value"]

    def _updates(self, cause: str, model: str) -> Iterator[dict]:
        """Yield what the kernel sends about a widget until it is idle again."""
        while True:
            message = run_sync(self.kc.get_iopub_msg)(timeout=TIMEOUT)
            content = message["content"]
            if message["parent_header"].get("msg_id") != cause:
                continue
            if content.get("execution_state") == "idle":
                return
            if message["msg_type"] == "comm_msg" and content["comm_id"] == model:
                yield content["data"].get("state", {})


def shown(value: str) -> tuple[str, str]:
    """Split the HTML of a picture into its alternative text and its source."""
    found = re.fullmatch(r'<img alt="([^"]+)" src="data:image/png;base64,(.+)">', value)
    if found is None:
        raise SystemExit(f"move_slider: no picture with an alt text: {value[:80]!r}")
    return found[1], found[2]


def check_figure(kernel: Kernel, box: str) -> int:
    """Move each slider of a figure through all its settings; count the moves."""
    *sliders, picture = kernel.children(box)
    if kernel.widget_state[picture]["_model_name"] != "HTMLModel":
        raise SystemExit("move_slider: pictures that Python swaps need ipywidgets 7")
    moves = 0
    first = shown(kernel.widget_state[picture]["value"])
    for slider in sliders:
        before, state, pictures = first, kernel.widget_state[slider], {first[1]}
        start, count = state["index"], len(state["_options_labels"])
        for step in range(1, count + 1 if count > 1 else 1):  # the last is the first
            now = shown(kernel.move(slider, (start + step) % count, picture))
            if now[0] == before[0]:
                raise SystemExit(f"move_slider: a move still shows {before[0]!r}")
            before, moves, pictures = now, moves + 1, pictures | {now[1]}
        if count > 1 and len(pictures) == 1:
            raise SystemExit(f"move_slider: one picture only, {before[0]!r}")
        if before != first:
            raise SystemExit(f"move_slider: not back at {first[0]!r}")
    return moves


def check_notebook(path: Path) -> str:
    """Run a notebook, move its sliders, and say how often the text changed."""
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(path.resolve().parent)}}
    kernel = Kernel(notebook, kernel_name="python3", timeout=TIMEOUT, resources=where)
    with kernel.setup_kernel():
        kernel.run()
        boxes = list(kernel.explorers())
        moves = sum(check_figure(kernel, box) for box in boxes)
    if not moves:
        raise SystemExit(f"move_slider: {path.name} has no slider that moves")
    return f"{path.name}: {len(boxes)} figures, {moves} moves, each with a new text"


if __name__ == "__main__":
    if not sys.argv[1:]:
        raise SystemExit("usage: python tests/tools/move_slider.py NOTEBOOK ...")
    os.environ["TQDM_DISABLE"] = "1"
    for name in sys.argv[1:]:
        print(check_notebook(Path(name)))
