"""Claims get an address in their chapter, and a page that lists all of them.

A Sphinx extension. Nothing of that page is committed, so nothing of it can lag behind;
so it is with the table of runs.
"""

from __future__ import annotations

import posixpath
import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from tools.chapters import conventions
from tools.checks import matrix


class NameClaims(SphinxTransform):
    """Give each printed claim an address, #claim-3-2 for the second of chapter 3."""

    default_priority = 400

    def apply(self, **_: Any) -> None:
        stem = posixpath.basename(self.env.docname)
        if stem not in {path.stem for path in conventions.chapters()}:
            return
        self.chapter, self.order = conventions.label(stem), 0
        for block in list(self.document.findall(nodes.literal_block)):
            if "stream" in block["classes"] and conventions.CLAIM in block.astext():
                block.parent.replace(block, list(self._split(block)))

    def _split(self, block: nodes.literal_block) -> Iterator[nodes.Element]:
        for part in re.split(
            f"^({conventions.CLAIM}.*)\n?", block.astext(), flags=re.MULTILINE
        ):
            if part.startswith(conventions.CLAIM):
                yield self._claim(part.removeprefix(conventions.CLAIM))
            elif part.strip():
                rest = nodes.literal_block(part, part)
                rest.update_basic_atts(block)
                rest["language"] = block.get("language", "none")
                yield rest

    def _claim(self, sentence: str) -> nodes.paragraph:
        self.order += 1
        name = f"claim-{self.chapter.lower()}-{self.order}"
        link = nodes.reference(
            "", f"Claim {self.chapter}.{self.order} holds:", refid=name
        )
        link["classes"].append("claim-name")
        claim = nodes.paragraph("", "", link, nodes.Text(f" {sentence}"))
        claim["classes"].append("claim")
        claim["names"].append(name)
        claim["support_smartquotes"] = False  # the sentence is code's, not prose
        self.document.note_explicit_target(claim)
        return claim


class ClaimsByChapter(SphinxDirective):
    """All claims of the executed notebooks, each with a link to where it was checked.

    The links are cross-references: one whose claim the chapter does not show is a
    warning, and so no site is built.
    """

    def run(self) -> list[nodes.Node]:
        sections = list(map(self._section, conventions.chapters()))
        count = sum(len(section[1]) for section in sections)
        total = f"{count} claims in {len(sections)} chapters."
        return [nodes.paragraph("", total), *sections]

    def _section(self, path: Path) -> nodes.section:
        notebook, chapter = conventions.read(path), conventions.label(path.stem)
        title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
        items = [
            nodes.list_item("", self._line(f"{chapter}.{order}", sentence))
            for order, sentence in enumerate(conventions.claims(notebook), start=1)
        ]
        parts = nodes.title("", title), nodes.bullet_list("", *items)
        return nodes.section("", *parts, ids=[f"chapter-{chapter.lower()}"])

    def _line(self, identity: str, sentence: str) -> nodes.paragraph:
        """Make one claim's line; the sentence is code's, not prose: quotes stay."""
        link = addnodes.pending_xref(
            "",
            nodes.inline("", f"Claim {identity}"),
            refdomain="std",
            reftype="ref",
            reftarget=f"claim-{identity.lower().replace('.', '-')}",
            refexplicit=True,
            refwarn=True,
            refdoc=self.env.docname,
        )
        line = nodes.paragraph("", "", link, nodes.Text(f": {sentence}"))
        line["support_smartquotes"] = False
        return line


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


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_transform(NameClaims)
    app.add_directive("claims-by-chapter", ClaimsByChapter)
    app.add_directive("status-of-runs", StatusOfRuns)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
