"""Claims get an address in their chapter, and a page that lists all of them.

A Sphinx extension. Nothing of that page is committed, so nothing of it can lag behind.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from tools.chapters import conventions


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


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_transform(NameClaims)
    app.add_directive("claims-by-chapter", ClaimsByChapter)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
