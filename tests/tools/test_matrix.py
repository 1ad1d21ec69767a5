"""A run under a guise is judged, and the table of runs is about the book."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.chapters import conventions
from tools.checks import matrix, tables


def sample(folder, printed: str):
    """Write a notebook that says where it runs, with the output that it stores."""
    cell = new_code_cell(
        "import os; print([os.environ.get(name) for name in "
        "('ATEN_CPU_CAPABILITY', 'OPENBLAS_CORETYPE')])",
        outputs=[new_output("stream", name="stdout", text=f"{printed}\n")],
        execution_count=1,
    )
    path = folder / "01-sample.ipynb"
    path.write_text(conventions.written(new_notebook(cells=[cell])), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("printed", "guise", "result"),
    [
        ("['avx2', None]", "OpenBLAS as it likes", "passed"),
        ("['avx2', 'Zen']", "OpenBLAS for Haswell", "failed"),
        ("anything", matrix.CLAIMS, "passed"),
    ],
)
def test_a_run_is_made_under_its_guise(tmp_path, monkeypatch, printed, guise, result):
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Zen")
    row = matrix.run(sample(tmp_path, printed), guise)
    assert (row["chapter"], row["run"], row["result"]) == ("01-sample", guise, result)
    assert all(row[name] for name in matrix.KEY)
    assert float(row["cpu_s"]) > 0.3
    assert float(row["peak_mb"]) > 20


def test_the_stored_table_holds_runs_of_the_books_chapters():
    rows = tables.read(matrix.TABLE)
    assert {each["chapter"] for each in rows} <= {
        path.stem for path in conventions.chapters()
    }
    assert {each["run"] for each in rows} <= set(matrix.GUISES)
    assert {each["result"] for each in rows} == {"passed"}
