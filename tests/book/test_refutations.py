"""Every claim of the book could fail: a change is known under which it does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import refuting
from nbformat.v4 import new_code_cell, new_notebook, new_output

from lecture_code import _mnist
from tools.chapters import conventions

CHAPTERS = conventions.chapters()


def try_all(path: Path) -> list[list[str]]:
    """Run a chapter with all its changes in a process of its own."""
    done = subprocess.run(
        [sys.executable, refuting.__file__, path],
        env={**os.environ, "PYTHONPATH": str(conventions.ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_claim_has_a_case_and_every_case_a_claim(path):
    cases = {case["claim"] for case in refuting.stored(conventions.number(path.stem))}
    assert cases == set(conventions.claims(conventions.read(path)))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_claim_fails_where_it_should(path):
    if conventions.is_workshop(path.stem) and _mnist.missing():
        pytest.skip("NO MNIST: no workshop was run; `make data` fetches its files.")
    wrong = [each for each in try_all(path) if each[1] != refuting.REFUTED]
    assert wrong == []


#: A cell, its claim, and changes of it with what becomes of the claim.
SAMPLE = """\
from lecture_code import claims
n = 3"""
CLAIMED = 'claims.claim("two is less", 2 < n)'


def write_sample(folder: Path, cases: str) -> Path:
    """Write a chapter of two cells, and its cases where ``refuting`` looks for them."""
    cell = new_code_cell(CLAIMED)
    printed = f"{conventions.CLAIM}two is less\n"
    cell.outputs = [new_output("stream", name="stdout", text=printed)]
    notebook = new_notebook(cells=[new_code_cell(SAMPLE), cell])
    path = folder / "01-sample.ipynb"
    path.write_text(conventions.written(notebook), encoding="utf-8")
    (folder / "01.toml").write_text(cases, encoding="utf-8")
    return path


def case(change: str) -> str:
    return f'[[case]]\nclaim = "two is less"\n{change}\n'


def test_a_change_refutes_its_claim_or_it_is_said_why_not(tmp_path, monkeypatch):
    changes = {
        'old = "n = 3"\nnew = "n = 1"': "refuted",
        'before = "n = 2"': "refuted",
        'old = "n = 3"\nnew = "n = 4"': "the claim still holds",
        "before = \"raise RuntimeError('no')\"": "RuntimeError before the claim: no",
        'before = "import os; os._exit(1)"': "the process died",
    }
    path = write_sample(tmp_path, "".join(map(case, changes)))
    program = (
        "import json, pathlib, refuting\n"
        f"refuting.FOLDER = pathlib.Path({str(tmp_path)!r})\n"
        f"said = list(refuting.verdicts(pathlib.Path({str(path)!r})))\n"
        "print(json.dumps([verdict for _, verdict in said]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": f"{conventions.ROOT}:{Path(__file__).parent}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(json.loads(done.stdout.splitlines()[-1])) == sorted(changes.values())


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"claim": "three is less", "before": ""}, "0 cells claim it"),
        ({"claim": "two is less", "old": "m", "new": "n"}, "'m' stands 5 times"),
        ({"claim": "two is less", "old": "k", "new": "n"}, "'k' stands 0 times"),
    ],
)
def test_a_case_that_does_not_fit_is_refused(tmp_path, entry, message):
    path = write_sample(tmp_path, "")
    cells = refuting.lessons(conventions.read(path))
    with pytest.raises(ValueError, match=message):
        refuting.place(entry, cells)
