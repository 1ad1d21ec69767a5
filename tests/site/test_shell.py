"""What surrounds the text: buttons, social tags, sitemap, 404, palette, print style."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

from lecture_code import session


@pytest.fixture(scope="module")
def config(builder: ModuleType) -> dict:
    """Give the configuration, completed by what follows from the address."""
    return builder.derived_config()


@pytest.fixture(scope="module")
def chapters(builder: ModuleType) -> list[str]:
    """List the chapters, as pages without an ending."""
    found = [p for p in builder.pages() if re.match(r"book/(\d\d|workshop)-", p)]
    return [page for page in found if (builder.ROOT / f"{page}.ipynb").exists()]


def html(site: Path, page: str) -> str:
    """Read a page of the site."""
    return (site / f"{page}.html").read_text(encoding="utf-8")


def test_every_chapter_opens_in_colab(site, config, chapters):
    repository = config["repository"]
    inside = repository["url"].removeprefix("https://github.com/")
    start = f"https://colab.research.google.com/github/{inside}/blob"
    assert chapters
    for chapter in chapters:
        link = f'href="{start}/{repository["branch"]}/{chapter}.ipynb"'
        assert link in html(site, chapter)


def test_every_chapter_can_be_taken_away_with_and_without_solutions(
    site, builder, chapters
):
    for chapter in chapters:
        name = f"_downloads/student/{Path(chapter).name}-student.ipynb"
        assert f"_sources/{chapter}.ipynb" in html(site, chapter)
        assert f'href="../{name}"' in html(site, chapter)
        served = json.loads((site / f"_sources/{chapter}.ipynb").read_bytes())
        assert served == json.loads((builder.ROOT / f"{chapter}.ipynb").read_bytes())
        assert "# @title Solution" not in (site / name).read_text(encoding="utf-8")


def test_every_page_asks_for_issues(site, builder, config):
    for page in builder.pages():
        start = (
            f"{config['repository']['url']}/issues/new?title=Issue%20on%20page%20%2F"
        )
        assert f"{start}{page}.html" in html(site, page)


def test_social_tags_name_page_and_cover(site, builder, config):
    address = config["html"]["baseurl"]
    for page in builder.pages():
        tags = BeautifulSoup(html(site, page).partition("</head>")[0], "html.parser")
        found = {
            tag.get("property") or tag.get("name"): tag["content"]
            for tag in tags.select("meta[content]")
        }
        assert found["og:url"] == f"{address}{page}.html"
        assert all(found[name] for name in ("og:title", "og:image:alt", "description"))
        assert found["og:image"].startswith(address)
        cover = found["og:image"].removeprefix(address)
        assert (site / cover).read_bytes().startswith(b"\x89PNG")


def test_the_sitemap_lists_the_book(site, builder, config):
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"
    tree = ElementTree.parse(site / "sitemap.xml")
    listed = {entry.text for entry in tree.iter(space)}
    address = config["html"]["baseurl"]
    assert {f"{address}{page}.html" for page in builder.pages()} <= listed
    assert not {entry for entry in listed if not entry.startswith(address)}
    assert f"{address}404.html" not in listed


def test_the_first_page_opens_the_book(site, open_page):
    page = open_page("book/notation.html")
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/book/intro.html")


def test_palette_is_that_of_the_plots(site):
    sheet = (site / "_static" / "site.css").read_text(encoding="utf-8")
    root = re.search(r":root\s*{([^}]*)}", sheet)[1]
    assert dict(re.findall(r"--companion-(\w+): (#\w+);", root)) == session.PALETTE


def visible(page: Any, selector: str) -> bool:
    """Tell whether the first match is shown."""
    return page.locator(selector).first.is_visible()


def test_print_shows_the_text_alone(open_page):
    page = open_page("book/notation.html")
    assert visible(page, ".bd-sidebar-primary")
    page.emulate_media(media="print")
    for screen_only in (".bd-sidebar-primary", ".bd-header-article", ".headerlink"):
        assert not visible(page, screen_only)
    assert visible(page, ".bd-article h1")


#: Between margins of 2 cm an A4 page is 17 cm wide, which is 643 pixels.
PAPER = 643
CUT = f"""all => all.filter(e => e.checkVisibility({{contentVisibilityAuto: true}}))
  .filter(e => e.scrollWidth > e.clientWidth + 1
    || e.getBoundingClientRect().right > {PAPER} + 1)
  .map(e => e.textContent.trim().slice(0, 60))"""


@pytest.mark.parametrize("name", ["01-histograms", "14-evaluation", "08-proofs"])
def test_paper_cuts_nothing(open_page, name):
    page = open_page(f"book/{name}.html", width=PAPER)
    page.emulate_media(media="print")
    blocks = page.locator(".bd-article :is(pre, table, img, div.math)")
    assert blocks.count() > 10
    assert blocks.evaluate_all(CUT) == []


def test_paper_says_that_a_solution_is_folded(open_page):
    page = open_page("book/01-histograms.html")
    page.emulate_media(media="print")
    solution = page.locator("details.hide").first
    said = "e => getComputedStyle(e.querySelector('summary'), '::before').content"
    assert "unfold it" in solution.evaluate(said)
    assert not visible(page, "details.hide pre")
    solution.evaluate("e => { e.open = true; }")
    assert visible(page, "details.hide pre")
    assert not visible(page, "details.hide summary")


def test_nothing_moves_for_who_asked_for_that(open_page):
    page = open_page("book/intro.html", reduced_motion="reduce")
    moving = (
        "all => all.filter(e => getComputedStyle(e).transitionProperty !== 'none')"
        ".length"
    )
    assert page.locator("body *").evaluate_all(moving) == 0
