"""Every page in a browser: silent, self-contained, accessible, and narrow enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import conftest as house
import pytest

WIDTHS = (320, 375, 768)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
BUILDER = house.load_tool("site")

#: Pages that no table of contents names. The theme and the extensions make them. The
#: index has a test of its own, since it leads on at once.
EXTRA = (
    "404",
    "genindex",
    "prf-prf",
    "py-modindex",
    "search",
)
PAGES = [f"{name}.html" for name in (*BUILDER.pages(), *EXTRA)]


@pytest.fixture(scope="module", params=PAGES)
def visit(request: pytest.FixtureRequest, open_in: Callable[..., Any]) -> Iterator[Any]:
    """Open each page once; the page for missing addresses knows only published ones."""
    opened = open_in(request.param, published=request.param == "404.html")
    yield opened
    opened.context.close()


@pytest.fixture(scope="module")
def axe() -> Path:
    """Give the checker that package-lock.json pins, fetched where it is missing."""
    script = house.ROOT / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        BUILDER.fetch_libraries()
    return script


def settle(page: Any) -> None:
    """Bring every transition to its end, so that no colour is half way."""
    page.evaluate(
        "() => new Promise(requestAnimationFrame).then("
        "() => document.getAnimations().forEach(each => each.finish()))"
    )


def violations(page: Any) -> list[str]:
    """List what axe finds, each as rule, impact and the first place."""
    run = (
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})"
        ".then(found => found.violations)"
    )
    return [
        f"{found['id']} ({found['impact']}): {found['nodes'][0]['html'][:200]} "
        f"{found['nodes'][0]['failureSummary']}"
        for found in page.evaluate(run, RULES)
    ]


def overflow(page: Any, width: int) -> int:
    """Measure by how many pixels a page is wider than its window."""
    page.set_viewport_size({"width": width, "height": 800})
    return page.evaluate(
        "() => document.documentElement.scrollWidth"
        " - document.documentElement.clientWidth"
    )


def test_all_pages_are_listed(pages: list[str]) -> None:
    """A page that no test opens would be a page that nobody looked after."""
    assert sorted([*PAGES, "index.html"]) == pages


def test_page_is_silent_and_self_contained(visit: Any) -> None:
    """No request leaves the disk, none fails, and the console stays empty."""
    assert visit.seen == house.Seen()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_page_is_accessible(visit: Any, axe: Path, mode: str) -> None:
    """Axe finds nothing in either mode, formulas and figures in place."""
    visit.emulate_media(color_scheme=mode)
    visit.wait_for_function(
        "mode => document.documentElement.dataset.theme === mode", arg=mode
    )
    settle(visit)
    if not visit.evaluate("() => 'axe' in window"):
        visit.evaluate(axe.read_text(encoding="utf-8"))  # a tag would be refused
    assert violations(visit) == []


def test_page_needs_no_sideways_scrolling(visit: Any) -> None:
    """No page is wider than a small phone, a phone or a tablet."""
    found = {width: overflow(visit, width) for width in WIDTHS}
    assert found == dict.fromkeys(WIDTHS, 0)


def test_formulas_are_set(visit: Any) -> None:
    """No formula is left as source, and none failed to parse."""
    left = "all => all.filter(e => !e.querySelector('mjx-container')).length"
    assert visit.locator(".math").evaluate_all(left) == 0
    assert visit.locator("mjx-merror").count() == 0
