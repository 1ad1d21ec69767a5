"""Pages of the reference that are made from what the repository holds, at each build.

A Sphinx extension. A page names what it wants, as ```` ```{claims-by-chapter} ````;
nothing of it is committed, so nothing of it can lag behind.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import conventions
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class ClaimsByChapter(SphinxDirective):
    """All claims of the executed notebooks, each with a link to where it was checked.

    The links are cross-references: one whose claim the chapter does not show is a
    warning, and so no site is built.
    """

    def run(self) -> list[nodes.Node]:
        chapters = {
            path: conventions.read(path)
            for path in conventions.chapters()
            if f"book/{path.stem}" in self.env.found_docs
        }
        for path in chapters:
            self.env.note_dependency(str(path))
        counts = [len(conventions.claims(each)) for each in chapters.values()]
        total = f"{sum(counts)} claims in {len(counts)} chapters."
        sections = [self._section(path, each) for path, each in chapters.items()]
        return [nodes.paragraph("", total), *sections]

    def _section(self, path: Path, notebook: Any) -> nodes.section:
        chapter = int(path.name[:2])
        title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
        section = nodes.section("", nodes.title("", title), ids=[f"chapter-{chapter}"])
        items = [
            nodes.list_item("", self._line(f"{chapter}.{order}", sentence))
            for order, sentence in enumerate(conventions.claims(notebook), start=1)
        ]
        section += nodes.bullet_list("", *items)
        return section

    def _line(self, identity: str, sentence: str) -> nodes.paragraph:
        """Make one claim's line; the sentence is code's, not prose: quotes stay."""
        link = addnodes.pending_xref(
            "",
            nodes.inline("", f"Claim {identity}"),
            refdomain="std",
            reftype="ref",
            reftarget=f"claim-{identity.replace('.', '-')}",
            refexplicit=True,
            refwarn=True,
            refdoc=self.env.docname,
        )
        line = nodes.paragraph("", "", link, nodes.Text(f": {sentence}"))
        line["support_smartquotes"] = False
        return line


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("claims-by-chapter", ClaimsByChapter)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
