"""Tables that are made from files when the site is built. A Sphinx extension."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tools.chapters import conventions
from tools.checks import matrix


class StatusOfRuns(SphinxDirective):
    """What the table of runs says: which runs passed, and what each chapter takes."""

    def run(self) -> list[nodes.Node]:
        rows = matrix.read()
        ran = ("Run", "With", "Chapters", "Passed", "Last")
        took = ("Chapter", "Processor time", "Peak memory", "Runs")
        text = f"{_table(ran, runs(rows))}\n{_table(took, costs(rows))}"
        return self.parse_text_to_nodes(text)


def runs(rows: list[dict[str, str]]) -> Iterator[tuple[str, ...]]:
    """Sum up each kind of run with the same versions."""
    kinds: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows:
        versions = ", ".join(f"{n} {row[n]}" for n in ("python", *matrix.VERSIONS))
        kinds.setdefault((row["run"], f"{row['system']}, {versions}"), []).append(row)
    for (kind, versions), found in kinds.items():
        chapters = len({row["chapter"] for row in found})
        passed = sum(row["result"] == "passed" for row in found)
        last = max(row["date"] for row in found)
        yield kind, versions, str(chapters), f"{passed} of {len(found)}", last


def costs(rows: list[dict[str, str]]) -> Iterator[tuple[str, ...]]:
    """Say what each chapter takes by the median of its runs as is, or that none was."""
    for path in conventions.chapters():
        own = [r for r in rows if (r["chapter"], r["run"]) == (path.stem, "as is")]
        if not own:
            yield path.stem, "not measured yet", "not measured yet", "0"
            continue
        seconds, memory = (
            statistics.median(float(row[name]) for row in own)
            for name in ("cpu_s", "peak_mb")
        )
        yield path.stem, f"{seconds:.1f} s", f"{memory:.0f} MB", str(len(own))


class StoredTable(SphinxDirective):
    """A table of ``lecture_code/trained``, the columns that the lines below it name.

    A line is ``column | head`` or ``column | head | format``.
    """

    required_arguments, has_content = 1, True

    def run(self) -> list[nodes.Node]:
        path = conventions.ROOT / f"lecture_code/trained/{self.arguments[0]}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = [tuple(line.split(" | ")) for line in self.content]
        head = tuple(column[1] for column in columns)
        cells = (tuple(_cell(row, *column) for column in columns) for row in rows)
        return self.parse_text_to_nodes(_table(head, cells))


def _cell(row: dict[str, str], column: str, _head: str, form: str = "") -> str:
    return format(float(row[column]), form) if form else row[column]


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("status-of-runs", StatusOfRuns)
    app.add_directive("stored-table", StoredTable)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
