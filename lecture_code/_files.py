"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import functools
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Give a folder to write in, of which nothing stays, on the disk of ``path``.

    The path's own folder is made if need be. OSError names the path.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(".partial", dir=path.parent) as folder:
            yield Path(folder)
    except OSError as error:
        reason = error.strerror or error
        raise OSError(
            f"{path} could not be written ({reason}): make room, or name another folder"
        ) from error


def write(path: Path, fill: Callable[[Path], object]) -> Path:
    """Let ``fill`` write a file aside, then move it to ``path``, which is returned.

    OSError names the file, which is as it was before; of a new one no part stays.
    """
    with beside(path) as folder:
        fill(folder / path.name)
        os.replace(folder / path.name, path)
    return path


def write_table(path: Path, columns: Mapping[str, np.ndarray]) -> Path:
    """Write columns of one length as CSV, under a line with their names."""
    rows = list(zip(*columns.values(), strict=True))

    def fill(aside: Path) -> None:
        with aside.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([columns, *rows])

    return write(path, fill)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of a NumPy archive by their names; none may be an object."""
    with np.load(path, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive}


def write_arrays(path: Path, values: Mapping[str, np.ndarray]) -> Path:
    """Write arrays by their names as one NumPy archive."""
    save: Any = np.savez_compressed
    return write(path, functools.partial(save, **values))
