"""What every page of the site is given or relieved of. A Sphinx extension."""

from __future__ import annotations

import gc
import os
import posixpath
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

#: Keeps every other host out, whatever finds its way into a page. A page on a disk has
#: no host, and some browsers count no file as the same site as its neighbour: `file:`.
#: The theme writes scripts into the page, formulas carry styles, and small icons are
#: held as data.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="'
    "default-src 'self' file: 'unsafe-inline'; img-src 'self' file: data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self' file:\">"
)

#: What the extensions write wrongly: a list whose entries are, to a screen reader, no
#: list items; and one name for the content of every theorem and proof of a page.
MENDED = (
    (r'<div role="list" class="citation-list">', '<div class="citation-list">'),
    (r' id="proof(?:-content)?"', ""),
)


def stay_here(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Point links to our own published pages at the copy that is being read.

    Notebooks have to name the published address, since they are read in Colab too; a
    reader of the unpacked site has no network.
    """
    here = posixpath.dirname(docname)
    for link in doctree.findall(nodes.reference):
        address = link.get("refuri", "")
        if app.config.html_baseurl and address.startswith(app.config.html_baseurl):
            path = address.removeprefix(app.config.html_baseurl)
            link["refuri"] = posixpath.relpath(path, here)


def drop_thebe(app: Sphinx, _: Any) -> None:
    """Disconnect sphinx-thebe, whose script is on each page twice and is an error."""
    for event in ("env-before-read-docs", "doctree-resolved"):
        for listener in list(app.events.listeners.get(event, ())):
            if listener.handler.__module__ == "sphinx_thebe":
                app.disconnect(listener.id)


def mend(_app: Sphinx, _page: str, _name: str, context: dict, _doctree: Any) -> None:
    """Put the policy into the head of a page, and mend its text."""
    context["metatags"] = f"\n{POLICY}{context.get('metatags', '')}"
    for wrong, right in MENDED if "body" in context else ():
        context["body"] = re.sub(wrong, right, context["body"])


def write_together(app: Sphinx, _env: Any) -> None:
    """Let other processes write pages while this one resolves their references.

    Jupyter Book has no option for it. By now all pages have been read, one by one:
    sphinx-proof cannot put together what several processes have read.
    """
    app.parallel = max(2, os.cpu_count() or 1)


def setup(app: Sphinx) -> dict[str, Any]:
    # The trees of all pages refer to themselves and are kept; at the usual threshold
    # Python would walk through them again and again, looking for garbage.
    gc.set_threshold(1_000_000)
    app.connect("config-inited", drop_thebe)
    app.connect("doctree-resolved", stay_here)
    app.connect("html-page-context", mend)
    app.connect("env-updated", write_together)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
