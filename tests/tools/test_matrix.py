"""A run under a guise is judged, and the table of runs is about the book."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.chapters import conventions
from tools.checks import matrix


@pytest.mark.parametrize(
    ("guise", "result"), [(matrix.CLAIMS, "passed"), ("OpenBLAS for Haswell", "failed")]
)
def test_a_run_is_made_under_its_guise(tmp_path, monkeypatch, guise, result):
    """The cell stores what it prints without a guise: only claims are as stored."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest")  # a third faster
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Zen")
    text = "Zen\n" if guise != matrix.CLAIMS else "anything\n"
    stored = new_output("stream", name="stdout", text=text)
    source = "import os; print(os.environ['OPENBLAS_CORETYPE'])"
    cell = new_code_cell(source, outputs=[stored], execution_count=1)
    path = tmp_path / "01-sample.ipynb"
    path.write_text(conventions.written(new_notebook(cells=[cell])), encoding="utf-8")
    row = matrix.run(path, guise)
    assert (row["chapter"], row["run"], row["result"]) == ("01-sample", guise, result)
    assert all(row[name] for name in matrix.KEY)
    assert float(row["cpu_s"]) > 0.3
    assert float(row["peak_mb"]) > 20


def test_a_guise_takes_away_what_was_set(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Zen")
    assert "OPENBLAS_CORETYPE" not in matrix.variables("OpenBLAS as it likes")


def test_a_run_replaces_the_last_such(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(",".join(matrix.COLUMNS) + "\n")
    first = dict.fromkeys(matrix.COLUMNS, "b")
    others = [{**first, "chapter": "a"}, {**first, "run": "c"}]
    for row in (first, *others, {**first, "result": "passed"}):
        matrix.store(row, path)
    expected = [others[0], {**first, "result": "passed"}, others[1]]
    assert matrix.read(path) == expected


def test_the_stored_table_holds_runs_of_the_books_chapters():
    rows = matrix.read()
    assert {each["chapter"] for each in rows} <= {
        path.stem for path in conventions.chapters()
    }
    assert {each["run"] for each in rows} <= set(matrix.GUISES)
    assert {each["result"] for each in rows} == {"passed"}
