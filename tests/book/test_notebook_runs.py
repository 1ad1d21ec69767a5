"""A run of nbval turns red where a notebook says something else than what is stored."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import sample_chapter
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.chapters import conventions
from tools.checks import colab

ROOT = conventions.ROOT
CLAIM = "Claim holds: more is more\n"
HTML = "display({{'text/html': '<td>{}</td>'}}, raw=True)"
TABLE = "<td>0.25</td><td>7</td>"
RAMP, BLANK = sample_chapter.picture(), sample_chapter.picture(blank=True)
PICTURE = "display({{'image/png': {!r}}}, raw=True)"
#: A figure with sliders, of which nothing but its frame can differ.
FIGURE = """\
import ipywidgets
box = ipywidgets.VBox([ipywidgets.HTML({!r})])
display({{'application/vnd.jupyter.widget-view+json': {{'model_id': box.model_id}}}},
        raw=True)"""

#: What is stored, what the cell does, and whether that says the same, or else a part of
#: what is said about it: strict runs.
STRICT = {
    "as stored": ("bits: 1.9 of 3\n", "print('bits: 1.9 of 3')", True),
    "last digit": ("bits: 1.9 of 3\n", "print('bits: 2.0 of 3')", True),
    "lost line": ("bits: 1.9\nof 3\n", "print('bits: 1.9')", "mismatch"),
    "no output": ("bits: 1.9\n", "pass", "Missing output"),
    "claim": (CLAIM, f"print({CLAIM!r}, end='')", True),
    "changed claim": (CLAIM, "print('Claim holds: less is more')", "mismatch"),
    "lost claim": (CLAIM, "pass", "Missing output"),
    "swallowed claim": (
        CLAIM,
        f"%notmagic\nprint({CLAIM!r}, end='')",
        "Missing output",
    ),
    "result": ({"text/plain": "0.25"}, "0.26", True),
    "other result": ({"text/plain": "0.25"}, "0.28", "mismatch"),
    "HTML": ({"text/html": TABLE}, HTML.format("0.24</td><td>7"), True),
    "other HTML": ({"text/html": TABLE}, HTML.format("0.25</td><td>8"), "mismatch"),
    "other error": (
        "1.5\n",
        "import sys\nprint(1.5)\nprint('!', file=sys.stderr)",
        "stderr",
    ),
    "picture": ({"image/png": RAMP}, PICTURE.format(RAMP), True),
    "other picture": ({"image/png": RAMP}, PICTURE.format(BLANK), "look different"),
    "lost picture": ({"image/png": RAMP}, "pass", "1 pictures are stored, and 0 were"),
    "added picture": (
        "1\n",
        f"print(1)\n{PICTURE.format(RAMP)}",
        "0 pictures are stored, and 1 were drawn",
    ),
    "frame": (
        sample_chapter.frame("Of two."),
        FIGURE.format(sample_chapter.frame("Of two.")),
        True,
    ),
    "other frame": (
        sample_chapter.frame("Of two.").replace(RAMP, BLANK),
        FIGURE.format(sample_chapter.frame("Of two.")),
        "figure with sliders: picture 1",
    ),
    "other sentence": (
        sample_chapter.frame("Of two."),
        FIGURE.format(sample_chapter.frame("Of three.")),
        "figure with sliders: 'Of two.' is stored, not 'Of three.'",
    ),
}
#: The same where only claims are compared.
LAX = {
    "other text": ("bits: 1.9\n", "print('nats')", True),
    "claim beside other text": (f"1\n{CLAIM}", f"print(2)\nprint({CLAIM!r})", True),
    "changed claim": (*STRICT["changed claim"][:2], "Claims differ"),
    "lost claim": (*STRICT["lost claim"][:2], "Claims differ"),
    "swallowed claim": (*STRICT["swallowed claim"][:2], "Claims differ"),
    "added claim": ("1\n", f"print(1)\nprint({CLAIM!r}, end='')", "Claims differ"),
    "order of claims": (
        "Claim holds: a\nClaim holds: b\n",
        "print('Claim holds: b\\nClaim holds: a')",
        "Claims differ",
    ),
}


def notebook(cases: dict) -> Any:
    """Make a notebook of all cases, each with the output that it stores."""
    made, models = new_notebook(), {}
    for place, (stored, source, _) in enumerate(cases.values()):
        if isinstance(stored, dict):
            kind = "execute_result" if "text/plain" in stored else "display_data"
            output = new_output(kind, stored)
        elif stored.startswith("<img"):
            name = f"{place:032x}"
            models[name] = sample_chapter.model("HTMLModel", value=stored)
            output = new_output("display_data", {conventions.VIEW: {"model_id": name}})
        else:
            output = new_output("stream", name="stdout", text=stored)
        made.cells.append(new_code_cell(source, outputs=[output], execution_count=1))
    state = {"state": models, "version_major": 2, "version_minor": 0}
    made.metadata["widgets"] = {conventions.STATE: state}
    return made


def told(folder: Path, options: tuple[str, ...], cases: dict) -> dict[str, str]:
    """Run all cases in one kernel, beside the book's hooks; say why cells failed."""
    shutil.copy(ROOT / "book" / "conftest.py", folder)
    path, report = folder / "01-sample.ipynb", folder / "report.xml"
    path.write_text(conventions.written(notebook(cases)), encoding="utf-8")
    subprocess.run(
        [sys.executable, *options, f"--junitxml={report}", "--rootdir", folder, path],
        env={**os.environ, "PYTEST_ADDOPTS": "-p no:hypothesispytest"},
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    tests = ElementTree.parse(report).iter("testcase")
    said = ["\n".join(each.text or "" for each in test) for test in tests]
    return dict(zip(cases, said, strict=True))


NBVAL = ("-m", "pytest", "-o", f"pythonpath='{ROOT}'", "--nbval", "--nbval-current-env")


@pytest.mark.parametrize(("options", "cases"), [(NBVAL, STRICT), (colab.NBVAL, LAX)])
def test_a_cell_passes_if_it_says_what_is_stored(tmp_path, options, cases):
    for name, said in told(tmp_path, options, cases).items():
        part = cases[name][2]
        assert (said == "") if part is True else (part in said), f"{name}: {said}"
