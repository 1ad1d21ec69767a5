"""Files are there whole or not at all."""

from __future__ import annotations

import contextlib
import resource

import numpy as np
import pytest

from lecture_code import _files


def test_a_table_is_a_line_of_names_over_its_rows(tmp_path):
    columns = {"size": np.array([1, 2]), "kind": np.array(["a", 'b, "c"'])}
    path = _files.write_table(tmp_path / "t.csv", columns)
    assert path.read_bytes() == b'size,kind\n1,a\n2,"b, ""c"""\n'


@contextlib.contextmanager
def small_files(size=1000):
    """Let no file grow beyond so many bytes, as if the disk were full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_named_and_keeps_what_was_there(tmp_path):
    path = _files.write_table(tmp_path / "t.csv", {"a": np.arange(3)})
    before = path.read_bytes()
    said = r"t\.csv could not be written \(File too large"
    with pytest.raises(OSError, match=said), small_files():
        _files.write_table(path, {"a": np.arange(1000)})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_process_that_stops_in_between_leaves_nothing(tmp_path):
    def stopped(aside):
        aside.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _files.write(tmp_path / "t.csv", stopped)
    assert not list(tmp_path.iterdir())


def test_columns_of_different_length_are_refused(tmp_path):
    with pytest.raises(ValueError, match="shorter"):
        _files.write_table(tmp_path / "t.csv", {"a": np.ones(3), "b": np.ones(2)})
    assert not list(tmp_path.iterdir())
