"""A table kept as a CSV file, whose rows are replaced one by one."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from tools.chapters import conventions


def read(path: Path) -> list[dict[str, str]]:
    """Read a table, empty where there is none yet."""
    if not path.exists():
        return []
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def store(row: dict[str, str], path: Path, key: Sequence[str]) -> None:
    """Put a row in the place of the one with the same key, whole or not at all."""
    rows = {tuple(each[name] for name in key): each for each in [*read(path), row]}
    text = io.StringIO()
    table = csv.DictWriter(text, list(row), lineterminator="\n")
    table.writeheader()
    table.writerows(rows[each] for each in sorted(rows))
    conventions.replace(path, text.getvalue())
