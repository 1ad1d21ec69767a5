"""Every address inside the built site leads somewhere. Needs no browser.

Addresses of other sites are looked at once a week by a workflow, since they need a
network; those of our own, wherever they are written, are looked up here.
"""

from __future__ import annotations

import builtins
import json
import re
import typing
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlparse

import pytest
from bs4 import BeautifulSoup

from tools.chapters import conventions, repository
from tools.site import build

#: What a page loads.
LOADED = "script[src], img[src], source[src], iframe[src]"
LOADED += "".join(
    f", link[rel~={r}]" for r in ("stylesheet", "icon", "preload", "manifest")
)


class Addresses(NamedTuple):
    """What a page links to, what it loads, its places, and names that lead nowhere."""

    links: list[str]
    loaded: list[str]
    places: Counter[str]
    unresolved: list[str]


@cache
def read(path: Path) -> Addresses:
    """Parse a page once."""
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    names = page.select('code[class*="xref "]')
    return Addresses(
        [link["href"] for link in page.select("a[href]")],
        [each.get("src") or each["href"] for each in page.select(LOADED)],
        # an old way to name a place counts where it is the only one
        Counter(
            each.get("id") or each["name"] for each in page.select("[id], a[name]")
        ),
        [each.text for each in names if not each.find_parent("a")],
    )


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


def test_every_internal_address_resolves(site, pages):
    assert [found for page in pages for found in broken(site, page)] == []


def test_no_page_has_two_places_of_one_name(site, pages):
    twice = {
        page: [place for place, count in read(site / page).places.items() if count > 1]
        for page in pages
    }
    assert {page: places for page, places in twice.items() if places} == {}


def test_every_name_of_the_package_is_linked(site, pages):
    lost = {name for page in pages for name in read(site / page).unresolved}
    assert lost <= {*dir(builtins), *dir(typing)}


def frames(page: Path) -> Iterator[str]:
    """Yield the pictures that the sliders of a page can load."""
    kept = r'<script type="application/json" class="explore-data">(.*?)</script>'
    for data in re.findall(kept, page.read_text(encoding="utf-8")):
        yield from (source for source, _ in json.loads(data)["frames"])


def test_every_frame_of_every_figure_is_there(site, pages):
    wanted = [site / page / ".." / f for page in pages for f in frames(site / page)]
    assert wanted
    assert [path for path in wanted if not path.resolve().is_file()] == []


def painted(sheet: Path) -> Iterator[Path]:
    """Yield the files that a style sheet loads."""
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    for address in re.findall(r"""url\(\s*["']?([^"')\s]+)""", text):
        if not address.startswith(("data:", "#")):
            yield (sheet.parent / urlparse(address).path).resolve()


def test_every_file_that_a_style_sheet_loads_is_there(site):
    wanted = {path for sheet in site.rglob("*.css") for path in painted(sheet)}
    missing = {path.name for path in wanted if not path.is_file()}
    assert wanted
    assert {name for name in missing if not name.endswith(".ttf")} == set()


# --------------------------------------------------------------- our own, from outside


def own_addresses(text: str) -> set[str]:
    """Find every address of the repository, its site, and its notebooks in Colab."""
    found = re.findall(r"https://[^\s\"'<>)\]}`\\]+", text)
    return {a.rstrip(".,;:") for a in found if a.startswith(tuple(build.own_places()))}


def leads_nowhere(address: str, root: Path, site: Path) -> bool:
    """Tell whether an address of ours names a page, place or file that is not there."""
    ours = repository.read()
    parts = urlparse(address)
    if address.startswith(ours.pages):
        target = site / unquote(parts.path.removeprefix(urlparse(ours.pages).path))
        target = target / "index.html" if target.is_dir() else target
        place = unquote(parts.fragment)
        return not target.is_file() or (bool(place) and not has_place(target, place))
    inside = re.search(rf"{ours.owner}/{ours.name}/(?:blob|tree)/([^/]+)/(.*)", address)
    if inside:
        return inside[1] != ours.tag or not (root / unquote(inside[2])).exists()
    rest = address.removeprefix(ours.url)
    return not re.fullmatch(r"(\.git)?(@[\w.]+)?|/issues(/new.*)?|/releases.*", rest)


def test_every_address_of_ours_leads_somewhere(builder, site, pages):
    texts = [*(site / page for page in pages), *site.rglob("*.ipynb")]
    texts += [*builder.ROOT.glob("*.md"), builder.ROOT / "CITATION.cff"]
    found = {a for path in texts for a in own_addresses(path.read_text("utf-8"))}
    assert len(found) > len(conventions.chapters())
    assert [a for a in sorted(found) if leads_nowhere(a, builder.ROOT, site)] == []


def test_the_files_of_the_repository_link_to_files_that_exist(builder):
    for path in builder.ROOT.glob("*.md"):
        for address in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
            parts = urlparse(urljoin("file:/", address))
            if parts.scheme == "file":
                assert (builder.ROOT / parts.path.lstrip("/")).exists(), address


@pytest.mark.parametrize("address", ["missing.html", "intro.html#no-such-place"])
def test_a_broken_address_is_found(tmp_path, address):
    (tmp_path / "intro.html").write_text("<p id='place'></p>", encoding="utf-8")
    (tmp_path / "page.html").write_text(f"<a href='{address}'></a>", encoding="utf-8")
    assert len(list(broken(tmp_path, "page.html"))) == 1


@pytest.mark.parametrize(
    "address",
    [
        "{pages}book/no-such-page.html",
        "{pages}book/claims.html#no-such-place",
        "{pages}no-such-folder/",
        "{url}/blob/{tag}/book/no-such-file.ipynb",
        "{url}/blob/v99/README.md",
        "{url}/wiki",
        "https://colab.research.google.com/github/{name}/blob/{tag}/book/none.ipynb",
    ],
)
def test_an_address_of_ours_that_leads_nowhere_is_found(builder, site, address):
    ours = repository.read()
    name = f"{ours.owner}/{ours.name}"
    full = address.format(pages=ours.pages, url=ours.url, tag=ours.tag, name=name)
    assert own_addresses(f'<a href="{full}">') == {full}
    assert leads_nowhere(full, builder.ROOT, site)
