"""Every address inside the built site leads somewhere. Needs no browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

FETCHED = {"script": "src", "img": "src", "source": "src", "iframe": "src"}
LOADED_RELATIONS = {"stylesheet", "icon", "preload", "manifest"}


class Addresses(HTMLParser):
    """Collect what a page links to, what it loads, and the places in it."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Sort the addresses of one tag."""
        found = dict(attrs)
        self.places |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in FETCHED and found.get(FETCHED[tag]):
            self.loaded.append(found[FETCHED[tag]])
        if tag == "link" and LOADED_RELATIONS & set((found.get("rel") or "").split()):
            self.loaded.append(found["href"])


@cache
def read(path: Path) -> Addresses:
    """Parse a page once."""
    parser = Addresses()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def has_place(page: Path, fragment: str) -> bool:
    """Tell whether a page has the place that a fragment names."""
    return page.suffix != ".html" or fragment in read(page).places


def broken(site: Path, relative: str) -> Iterator[str]:
    """List the addresses of a page that lead nowhere inside the site."""
    page = site / relative
    base = "/companion/" if relative == "404.html" else None
    for address in (*read(page).links, *read(page).loaded):
        parts = urlparse(address)
        if parts.scheme or parts.netloc:
            continue
        path = unquote(parts.path)
        inside = site / path.removeprefix(base) if base else page.parent / path
        target = (inside if path else page).resolve()
        if not target.is_file():
            yield f"{relative} -> {address}: no such file"
        elif parts.fragment and not has_place(target, unquote(parts.fragment)):
            yield f"{relative} -> {address}: no such place"


def test_every_internal_address_resolves(site: Path, pages: list[str]) -> None:
    """Links, anchors, pictures, scripts and style sheets are all there."""
    assert [found for page in pages for found in broken(site, page)] == []


def test_no_page_loads_anything_from_elsewhere(site: Path, pages: list[str]) -> None:
    """What a page loads is part of the site; only what a reader clicks may leave it."""
    remote = {
        a for page in pages for a in read(site / page).loaded if urlparse(a).netloc
    }
    assert remote == set()


def test_style_sheets_load_nothing_from_elsewhere(site: Path) -> None:
    """No style sheet imports or paints with a remote file."""
    sheets = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.css")}
    assert sheets
    remote = re.compile(r"""(@import|url\()\s*["']?(https?:)?//""")
    assert [path for path, text in sheets.items() if remote.search(text)] == []


@pytest.mark.parametrize("address", ["missing.html", "intro.html#no-such-place"])
def test_a_broken_address_is_found(tmp_path: Path, address: str) -> None:
    """The checker above is able to fail."""
    (tmp_path / "intro.html").write_text("<p id='place'></p>", encoding="utf-8")
    (tmp_path / "page.html").write_text(f"<a href='{address}'></a>", encoding="utf-8")
    assert len(list(broken(tmp_path, "page.html"))) == 1
