"""Search works from the disk, without a server and without a failed request."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import conftest as house
import pytest


def search(page: Any, word: str) -> Any:
    """Open the search field as a reader does, type a word, and wait for results."""
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input[type=search]").fill(word)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?*")
    page.locator("#search-results .search-summary").filter(has_text="found").wait_for()
    return page.locator("#search-results li a")


@pytest.mark.parametrize("word", ["histogram", "notation"])
def test_a_word_of_the_book_is_found(open_page, site, word):
    page = open_page("book/intro.html")
    found = search(page, word)
    found.first.wait_for()
    target = found.first.evaluate("link => link.href")
    assert Path(urlparse(target).path).relative_to(site).suffix == ".html"
    assert page.seen == house.Seen()


def test_an_unknown_word_is_not_found(open_page):
    page = open_page("book/intro.html")
    page.goto(page.url.replace("book/intro.html", "search.html?q=zyzzyva"))
    page.get_by_text("did not match any documents").wait_for()
    assert page.locator("#search-results li").count() == 0


@pytest.mark.parametrize("width", [375, 1280])
def test_there_is_one_search_field(open_page, width):
    page = open_page("book/intro.html", width=width)
    assert page.locator("input[type=search]").count() == 1
    buttons = page.locator(".search-button, .search-button-field")
    inside = (
        "all => all.filter(b => b.checkVisibility({visibilityProperty: true})"
        " && b.getBoundingClientRect().right > 0).length"
    )
    assert buttons.evaluate_all(inside) == 1
