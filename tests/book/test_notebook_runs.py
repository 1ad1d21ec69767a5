"""A run of nbval turns red where a notebook says something else than what is stored."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.chapters import conventions

ROOT = conventions.ROOT
CLAIM = "Claim holds: more is more\n"
HTML = "display({{'text/html': '<td>{}</td>'}}, raw=True)"
TABLE = "<td>0.25</td><td>7</td>"

#: What is stored, what the cell does, and whether that says the same: strict runs.
STRICT = {
    "as stored": ("bits: 1.9 of 3\n", "print('bits: 1.9 of 3')", True),
    "last digit": ("bits: 1.9 of 3\n", "print('bits: 2.0 of 3')", True),
    "two units": ("bits: 1.9 of 3\n", "print('bits: 2.1 of 3')", False),
    "whole number": ("bits: 1.9 of 3\n", "print('bits: 1.9 of 4')", False),
    "word": ("bits: 1.9 of 3\n", "print('nats: 1.9 of 3')", False),
    "lost line": ("bits: 1.9\nof 3\n", "print('bits: 1.9')", False),
    "added line": ("bits: 1.9\n", "print('bits: 1.9\\nof 3')", False),
    "no output": ("bits: 1.9\n", "pass", False),
    "moved number": ("1.9 bits, 3\n", "print('3 bits, 1.9')", False),
    "dropped number": ("bits: 1.9 of 3\n", "print('bits: 1.9 of')", False),
    "claim": (CLAIM, f"print({CLAIM!r}, end='')", True),
    "changed claim": (CLAIM, "print('Claim holds: less is more')", False),
    "lost claim": (CLAIM, "pass", False),
    "swallowed claim": (CLAIM, f"%notmagic\nprint({CLAIM!r}, end='')", False),
    "result": ({"text/plain": "0.25"}, "0.26", True),
    "other result": ({"text/plain": "0.25"}, "0.28", False),
    "HTML": ({"text/html": TABLE}, HTML.format("0.24</td><td>7"), True),
    "other HTML": ({"text/html": TABLE}, HTML.format("0.25</td><td>8"), False),
    "other error": (
        "1.5\n",
        "import sys\nprint(1.5)\nprint('!', file=sys.stderr)",
        False,
    ),
}
#: The same where only claims are compared.
LAX = {
    "other text": ("bits: 1.9\n", "print('nats')", True),
    "claim beside other text": (f"1\n{CLAIM}", f"print(2)\nprint({CLAIM!r})", True),
    **{
        name: STRICT[name]
        for name in ("changed claim", "lost claim", "swallowed claim")
    },
    "added claim": ("1\n", f"print(1)\nprint({CLAIM!r}, end='')", False),
    "order of claims": (
        "Claim holds: a\nClaim holds: b\n",
        "print('Claim holds: b\\nClaim holds: a')",
        False,
    ),
}


def cell(output: str | dict[str, str], source: str):
    """Make a cell that stores a stream, a result or something displayed."""
    if isinstance(output, str):
        stored = new_output("stream", name="stdout", text=output)
    elif "text/plain" in output:
        stored = new_output("execute_result", output, execution_count=1)
    else:
        stored = new_output("display_data", output)
    return new_code_cell(source, outputs=[stored], execution_count=1)


def passed(folder: Path, option: str, cases: dict) -> dict[str, bool]:
    """Run all cases in one kernel, beside the book's hooks; say which cells passed."""
    shutil.copy(ROOT / "book" / "conftest.py", folder)
    notebook = new_notebook(cells=[cell(*case[:2]) for case in cases.values()])
    path, report = folder / "01-sample.ipynb", folder / "report.xml"
    path.write_text(conventions.written(notebook), encoding="utf-8")
    command = ["pytest", option, "--nbval-current-env", f"--junitxml={report}", path]
    subprocess.run(
        [sys.executable, "-m", *command, "--rootdir", folder],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    results = [not len(test) for test in ElementTree.parse(report).iter("testcase")]
    return dict(zip(cases, results, strict=True))


@pytest.mark.parametrize(
    ("option", "cases"), [("--nbval", STRICT), ("--nbval-lax", LAX)]
)
def test_a_cell_passes_if_it_says_what_is_stored(tmp_path, option, cases):
    expected = {name: case[2] for name, case in cases.items()}
    assert passed(tmp_path, option, cases) == expected
