"""A table keeps its rows, replaces them, and is never left half written."""

from __future__ import annotations

import pytest

from tools.chapters import conventions
from tools.checks import tables


def test_a_row_replaces_the_one_with_its_key(tmp_path):
    path, key = tmp_path / "table.csv", ("name", "run")
    assert tables.read(path) == []
    first = {"name": "b", "run": "1", "result": "failed"}
    others = [{**first, "name": "a"}, {**first, "run": "2"}]
    for row in (first, *others, {**first, "result": "passed"}):
        tables.store(row, path, key)
    assert tables.read(path) == [others[0], {**first, "result": "passed"}, others[1]]


def test_an_interrupted_write_leaves_the_table(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    tables.store({"name": "a"}, path, ["name"])
    before = path.read_bytes()

    def refuse(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(conventions.os, "replace", refuse)
    with pytest.raises(KeyboardInterrupt):
        tables.store({"name": "b"}, path, ["name"])
    assert path.read_bytes() == before
