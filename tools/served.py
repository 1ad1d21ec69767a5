"""What the finished site serves: its policy, and the scripts that others wrote.

Used by ``tools/site.py`` when all pages are there. It writes into each page the
Content-Security-Policy under which the page works, so that a browser refuses all that
the policy does not name; and it fills the page ``book/site-scripts`` with what is
served, file by file. A script of unknown origin ends the build.
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import html
import importlib.metadata
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = "book/site-scripts.html"

#: The policy, with the reason for each exception from ``default-src 'self'``. The words
#: in braces stand for the hashes of what the page itself holds.
POLICY = {
    "default-src": ("'self' file:", "All comes from the site itself."),
    "script-src": (
        "'self' file: {inline}{handlers}",
        "The theme sets the colour scheme before the page is painted, and extensions "
        "set their options, by scripts within the page. Each is admitted by its hash, "
        "so no other can run. The theme's buttons for printing and for the full screen "
        "hold their code as an attribute: 'unsafe-hashes' admits these texts alone. "
        "Neither 'unsafe-inline' nor 'unsafe-eval' is needed.",
    ),
    "style-src": (
        "'self' file: 'unsafe-inline'",
        "MathJax writes a style sheet into the page and places each symbol by a style "
        "attribute; what it writes depends on the formulas, so it has no fixed hash.",
    ),
    "img-src": (
        "'self' file: data:",
        "The theme's style sheets hold small icons as data: addresses.",
    ),
    "object-src": ("'none'", "No page embeds a plug-in."),
    "base-uri": ("'none'", "No page changes what its addresses are relative to."),
    "form-action": ("'self' file:", "The search field leads to the search page."),
}
FILE = (
    "file:",
    "The packed site is read from a disk, where some browsers count no file as the "
    "same site as its neighbour. From a server, no page may load such an address.",
)

_SCRIPT = re.compile(r"<script([^>]*)>(.*?)</script>", re.DOTALL)
_HANDLER = re.compile(r'<[^>]*\son\w+="([^"]*)"')
_HEAD = re.compile(r'<meta charset="utf-8"\s*/?>', re.IGNORECASE)


def policy(page: str) -> str:
    """Write the policy under which a page works, from the text of the page."""
    places = {
        "inline": " ".join(sorted({_hash(text) for text in _inline(page)})),
        "handlers": " ".join(sorted({_hash(text) for text in _handlers(page)})),
    }
    if places["handlers"]:
        places["handlers"] = f" 'unsafe-hashes' {places['handlers']}"
    rules = (f"{name} {value.format(**places)}" for name, (value, _) in POLICY.items())
    return "; ".join(re.sub(r"\s+", " ", rule).strip() for rule in rules)


def _inline(page: str) -> Iterator[str]:
    """Yield the scripts that a page holds; what is no script is data, and runs not."""
    for attributes, text in _SCRIPT.findall(page):
        if "src=" not in attributes and "application/json" not in attributes:
            yield text


def _handlers(page: str) -> Iterator[str]:
    yield from map(html.unescape, _HANDLER.findall(_SCRIPT.sub("", page)))


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def protect(page: str) -> str:
    """Write a page's policy into its head, before anything that it could refuse."""
    tag = '\n<meta http-equiv="Content-Security-Policy" content="{}">'
    content = html.escape(policy(page), quote=False)
    return _HEAD.sub(lambda found: found[0] + tag.format(content), page, count=1)


# ----------------------------------------------------------------- third-party scripts


class Origin(NamedTuple):
    """Where a script comes from: the package that brings it, and what is in it."""

    package: str
    version: str
    licence: str


#: Which package brings which scripts; "" marks what is ours or made from our text.
BRINGS = {
    "_static/site.js": "",
    "_static/explore.js": "",
    "_static/documentation_options.js": "",
    "searchindex.js": "",
    "_static/mathjax/*": "mathjax",
    "_static/scripts/bootstrap.js": "pydata-sphinx-theme",
    "_static/scripts/pydata-sphinx-theme.js": "pydata-sphinx-theme",
    "_static/scripts/sphinx-book-theme.js": "sphinx-book-theme",
    "_static/clipboard.min.js": "sphinx-copybutton",
    "_static/copybutton*.js": "sphinx-copybutton",
    "_static/design-tabs.js": "sphinx-design",
    "_static/togglebutton.js": "sphinx-togglebutton",
    "_static/doctools.js": "sphinx",
    "_static/language_data.js": "sphinx",
    "_static/searchtools.js": "sphinx",
    "_static/sphinx_highlight.js": "sphinx",
}
#: Scripts that a package brings but has not written, by the banner that they carry.
WITHIN = re.compile(
    r"(Bootstrap|clipboard\.js) (v[\d.]+).*?(?:Licensed (?:under )?)(MIT)", re.DOTALL
)


def brought_by(name: str) -> str | None:
    """Name the package that brings a script; "" if it is ours, None if unknown."""
    found = (p for pattern, p in BRINGS.items() if fnmatch.fnmatch(name, pattern))
    return next(found, None)


def origin(package: str) -> Origin:
    """Look up version and licence, in the lock file or in what is installed."""
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    if pinned := lock["packages"].get(f"node_modules/{package}"):
        return Origin(package, pinned["version"], pinned["license"])
    about = importlib.metadata.metadata(package)
    return Origin(package, about["Version"], _licence(about))


def _licence(about: importlib.metadata.PackageMetadata) -> str:
    stated = about.get("License-Expression") or about.get("License")
    classes = (c for c in about.get_all("Classifier", []) if c.startswith("License"))
    return stated or next(classes).rpartition(" :: ")[2]


def scripts(site: Path) -> dict[str, Path]:
    """List the scripts that the site serves, by their place in it."""
    return {p.relative_to(site).as_posix(): p for p in sorted(site.rglob("*.js"))}


def strangers(site: Path) -> list[str]:
    """List the scripts of which nobody has said where they come from."""
    return [name for name in scripts(site) if brought_by(name) is None]


def script_rows(site: Path) -> Iterator[tuple[str, ...]]:
    """Yield place, origin, licence and checksum of each script of others."""
    for name, path in scripts(site).items():
        if package := brought_by(name):
            known = origin(package)
            came, licence = f"{known.package} {known.version}", known.licence
            beside = path.with_name(f"{path.name}.LICENSE.txt")
            banner = (beside if beside.exists() else path).read_text(encoding="utf-8")
            if found := WITHIN.search(banner[:2000]):
                came, licence = f"{found[1]} {found[2]}, in {came}", found[3]
            yield name, came, licence, hashlib.sha256(path.read_bytes()).hexdigest()


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]], *, code: int) -> str:
    """Write a table in HTML; of each row, cell ``code`` is set as code."""
    lines = []
    for row in rows:
        cells = [html.escape(cell, quote=False) for cell in row]
        cells[code] = f"<code>{cells[code]}</code>"
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    return (
        '<div class="pst-scrollable-table-container" tabindex="0">'
        f'<table class="table"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def policy_rows() -> Iterator[tuple[str, str]]:
    """Yield each rule of the policy, hashes left out, and the reason for it."""
    short = {"inline": "'sha256-...'", "handlers": " 'unsafe-hashes' 'sha256-...'"}
    for name, (value, reason) in POLICY.items():
        yield f"{name} {value.format(**short)}", reason
    yield FILE


def describe(site: Path) -> None:
    """Fill the page of the site's scripts with what the site serves."""
    path = site / PAGE
    page = path.read_text(encoding="utf-8")
    head = ("Script", "Comes from", "Licence", "SHA-256")
    tables = {
        "<!-- scripts -->": table(head, script_rows(site), code=3),
        "<!-- policy -->": table(("Rule", "Why"), policy_rows(), code=0),
    }
    for mark, filled in tables.items():
        if mark not in page:
            raise ValueError(f"{PAGE}: expected the mark {mark}")
        page = page.replace(mark, filled)
    path.write_text(page, encoding="utf-8")


def finish(site: Path) -> None:
    """Describe what the site serves, then protect each page.

    Raises
    ------
    ValueError
        If a script's origin is unknown, or a page has no place for its policy.
    """
    if unknown := strangers(site):
        raise ValueError(f"scripts of unknown origin: {', '.join(unknown)}")
    describe(site)
    for path in site.rglob("*.html"):
        page = protect(path.read_text(encoding="utf-8"))
        if "Content-Security-Policy" not in page:
            raise ValueError(f"{path.name}: expected a head with a charset")
        path.write_text(page, encoding="utf-8")
