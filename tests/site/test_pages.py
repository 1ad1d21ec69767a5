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
def visit(
    request: pytest.FixtureRequest,
    open_in: Callable[..., Any],
    turn_to: Callable[[str], Any],
) -> Iterator[Any]:
    """Open each page once; the page for missing addresses knows only published ones."""
    if request.param != "404.html":
        yield turn_to(request.param)
        return
    opened = open_in(request.param, published=True)
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


def violations(page: Any, category: str = "") -> list[str]:
    """List what axe finds, each as rule, impact and the first place.

    With a category, such as colour, by those of the rules that are in it.
    """
    run = """([tags, category]) => {
        const some = axe.getRules(tags).filter(r => r.tags.includes(category));
        const runOnly = category ? some.map(r => r.ruleId) : tags;
        return axe.run(document, {runOnly, resultTypes: ['violations']})
            .then(found => found.violations);
    }"""
    return [
        f"{found['id']} ({found['impact']}): {found['nodes'][0]['html'][:200]} "
        f"{found['nodes'][0]['failureSummary']}"
        for found in page.evaluate(run, [RULES, category])
    ]


def switch(page: Any, mode: str, axe: Path) -> None:
    """Bring a page and the checker into a colour scheme."""
    page.emulate_media(color_scheme=mode)
    page.wait_for_function(
        "mode => document.documentElement.dataset.theme === mode", arg=mode
    )
    settle(page)
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe.read_text(encoding="utf-8"))  # a tag would be refused


def shown(page: Any) -> list[str]:
    """List the elements of a page that are shown, without content, class and style.

    The logo is there twice, once for each mode, and alike but for its classes.
    """
    return page.evaluate(
        """() => [...document.body.querySelectorAll('*')]
            .filter(each => each.checkVisibility({visibilityProperty: true}))
            .map(each => {
                const bare = each.cloneNode(false);
                ['class', 'style'].forEach(name => bare.removeAttribute(name));
                return bare.outerHTML;
            })"""
    )


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


def test_page_is_accessible(visit: Any, axe: Path) -> None:
    """Axe finds nothing, formulas and figures in place."""
    switch(visit, "light", axe)
    assert violations(visit) == []


def test_page_is_accessible_in_the_dark(visit: Any, axe: Path) -> None:
    """In the other mode the same elements are shown, in colours that axe accepts."""
    switch(visit, "light", axe)
    before = shown(visit)
    switch(visit, "dark", axe)
    assert shown(visit) == before
    assert violations(visit, "cat.color") == []


def test_page_needs_no_sideways_scrolling(visit: Any) -> None:
    """No page is wider than a small phone, a phone or a tablet."""
    found = {width: overflow(visit, width) for width in WIDTHS}
    assert found == dict.fromkeys(WIDTHS, 0)


def test_formulas_are_set(visit: Any) -> None:
    """No formula is left as source, and none failed to parse."""
    left = "all => all.filter(e => !e.querySelector('mjx-container')).length"
    assert visit.locator(".math").evaluate_all(left) == 0
    assert visit.locator("mjx-merror").count() == 0
