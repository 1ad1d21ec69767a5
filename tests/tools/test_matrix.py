"""The table of runs says what was run, and a run replaces what it said before."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.chapters import conventions
from tools.checks import matrix


def row(**changes: str) -> dict[str, str]:
    named = dict.fromkeys(matrix.COLUMNS, "1")
    return {**named, "chapter": "01-sample", "run": "as is", **changes}


def test_rows_are_kept_and_replaced_by_the_same_run(tmp_path):
    path = tmp_path / "status.csv"
    assert matrix.read(path) == []
    for each in (
        row(run="other"),
        row(result="failed"),
        row(chapter="00-first"),
        row(torch="9"),
        row(result="passed", date="2"),
    ):
        matrix.store(each, path)
    assert matrix.read(path) == [
        row(chapter="00-first"),
        row(result="passed", date="2"),
        row(torch="9"),
        row(run="other"),
    ]


def test_an_interrupted_write_leaves_the_table(tmp_path, monkeypatch):
    path = tmp_path / "status.csv"
    matrix.store(row(), path)
    before = path.read_bytes()

    def refuse(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(conventions.os, "replace", refuse)
    with pytest.raises(KeyboardInterrupt):
        matrix.store(row(date="2"), path)
    assert path.read_bytes() == before


def test_as_is_comes_three_times_and_the_others_once():
    paths = conventions.chapters()
    found = list(matrix.plan([], list(matrix.RUNS)))
    assert len(found) == 5 * len(paths)
    assert [t for p, kind, t in found if (p, kind) == (paths[0], "as is")] == [1, 2, 3]


def test_what_a_run_is_made_with_is_named():
    assert set(matrix.here()) == {"system", "python", *matrix.VERSIONS}
    assert all(matrix.here().values())


def sample(folder, printed: str):
    """Write a notebook that says where it runs, with the output that it stores."""
    cell = new_code_cell(
        "import os; print(os.environ['ATEN_CPU_CAPABILITY'])",
        outputs=[new_output("stream", name="stdout", text=f"{printed}\n")],
        execution_count=1,
    )
    path = folder / "01-sample.ipynb"
    path.write_text(conventions.written(new_notebook(cells=[cell])), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("printed", "result"), [("default", "passed"), ("x", "failed")]
)
def test_a_run_is_made_under_its_settings_and_judged(tmp_path, printed, result):
    path = sample(tmp_path, printed)
    done = matrix.run(path, "no vector instructions")
    assert done["result"] == result
    assert float(done["cpu_s"]) > 0.3
    assert float(done["peak_mb"]) > 20


def test_a_run_for_the_claims_leaves_the_text_aside(tmp_path, monkeypatch):
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    assert matrix.run(sample(tmp_path, "x"), matrix.CLAIMS)["result"] == "passed"


def test_the_stored_table_holds_runs_of_the_books_chapters():
    rows = matrix.read()
    assert rows
    assert {each["chapter"] for each in rows} <= {
        p.stem for p in conventions.chapters()
    }
    assert {each["run"] for each in rows} <= {*matrix.RUNS, matrix.CLAIMS}
    assert {each["result"] for each in rows} == {"passed"}
