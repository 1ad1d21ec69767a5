"""Every page in a browser: silent, self-contained, accessible, and narrow enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import conftest as house
import pytest

from tools.site import build

WIDTHS = (320, 375, 768)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]

#: Pages that no table of contents names. The theme and the extensions make them. The
#: index has a test of its own, since it leads on at once.
EXTRA = (
    "404",
    "genindex",
    "prf-prf",
    "py-modindex",
    "search",
)
PAGES = [f"{name}.html" for name in (*build.pages(), *EXTRA)]


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
        build.fetch_libraries()
    return script


def settle(page: Any) -> None:
    """Bring every transition to its end, so that no colour is half way."""
    page.evaluate(
        "() => new Promise(requestAnimationFrame).then("
        "() => document.getAnimations().forEach(each => each.finish()))"
    )


def violations(page: Any, *, colour: bool) -> list[str]:
    """List what axe finds, each as rule, impact and the first place.

    By the rules about colours or by all others.
    """
    run = """([tags, colour]) => {
        const all = axe.getRules(tags);
        const about = all.filter(rule => rule.tags.includes('cat.color'));
        const names = about.map(rule => rule.ruleId);
        const off = Object.fromEntries(names.map(name => [name, {enabled: false}]));
        const chosen = colour ? {runOnly: names} : {runOnly: tags, rules: off};
        return axe.run(document, {...chosen, resultTypes: ['violations']})
            .then(found => found.violations);
    }"""
    return [
        f"{found['id']} ({found['impact']}): {found['nodes'][0]['html'][:200]} "
        f"{found['nodes'][0]['failureSummary']}"
        for found in page.evaluate(run, [RULES, colour])
    ]


def combinations(page: Any) -> set[str]:
    """Collect all that the rules about colours depend on, for each text of a page.

    Colour, whether it is large as WCAG defines it, and what lies behind it; of a link
    also what tells it from the text around it, if it stands in any. All as the browser
    has computed them.
    """
    collect = """() => {
        const behind = new Map([[null, '']]);
        const beneath = each => {
            if (!behind.has(each)) {
                const {backgroundColor, backgroundImage, opacity, filter} =
                    getComputedStyle(each);
                const own = [backgroundColor, backgroundImage, opacity, filter].join();
                const nothing = own === 'rgba(0, 0, 0, 0),none,1,none';
                const below = beneath(each.parentElement);
                behind.set(each, nothing ? below : `${below} ${own}`);
            }
            return behind.get(each);
        };
        const holdsText = each => [...each.childNodes].some(
            node => node.nodeType === Node.TEXT_NODE && node.data.trim());
        const key = each => {
            const {color, fontSize, fontWeight, visibility} = getComputedStyle(each);
            const large = parseFloat(fontSize) >= (fontWeight < 700 ? 24 : 18.66);
            return [color, large, visibility, link(each), beneath(each)].join();
        };
        const link = each => {
            const around = each.closest('a')?.parentElement;
            if (!around || !holdsText(around)) return '';
            const looks = [each, each.closest('a'), around].map(getComputedStyle);
            return looks.map(style => [style.color, style.fontWeight, style.fontStyle,
                style.textDecorationLine, style.borderBottomStyle]).join();
        };
        const texts = [...document.body.querySelectorAll('*')].filter(holdsText);
        return [...new Set(texts.map(key))];
    }"""
    return set(page.evaluate(collect))


#: By colour scheme, the combinations of pages in which axe found nothing.
ACCEPTED: dict[str, set[str]] = {"light": set(), "dark": set()}


def colour_violations(page: Any, mode: str, axe: Path) -> list[str]:
    """List what axe finds about colours, if any of them is not accepted already.

    Axe computes them anew for every word, which takes half the time of all these tests.
    """
    switch(page, mode, axe)
    found = combinations(page)
    faults = violations(page, colour=True) if found - ACCEPTED[mode] else []
    if not faults:
        ACCEPTED[mode] |= found
    return faults


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

    A formula counts as one. The logo is there twice, once for each mode, and alike but
    for its classes.
    """
    return page.evaluate(
        """() => [...document.body.querySelectorAll(':not(.katex *)')]
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


def test_all_pages_are_listed(pages):
    assert sorted([*PAGES, "index.html"]) == pages


def test_page_is_silent_and_self_contained(visit):
    assert visit.seen == house.Seen()


def test_page_is_accessible(visit, axe):
    assert colour_violations(visit, "light", axe) == []
    assert violations(visit, colour=False) == []


def test_page_is_accessible_in_the_dark(visit, axe):
    switch(visit, "light", axe)
    before = shown(visit)
    switch(visit, "dark", axe)
    assert shown(visit) == before
    assert colour_violations(visit, "dark", axe) == []


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("change", ["color: #777", "background: #777", "opacity: 0.3"])
def test_a_pale_word_is_found(turn_to, axe, mode, change):
    page = turn_to("search.html")
    assert colour_violations(page, mode, axe) == []
    page.locator("footer p, footer a").first.evaluate(
        "(each, change) => each.setAttribute('style', change)", change
    )
    assert "color-contrast" in "".join(colour_violations(page, mode, axe))


def test_a_link_that_looks_like_text_is_found(turn_to, axe):
    page = turn_to("book/01-histograms.html")
    assert colour_violations(page, "light", axe) == []
    page.locator("article p > a.external").first.evaluate(
        "each => each.style.textDecoration = 'none'"
    )
    assert "link-in-text-block" in "".join(colour_violations(page, "light", axe))


def test_page_needs_no_sideways_scrolling(visit):
    found = {width: overflow(visit, width) for width in WIDTHS}
    assert found == dict.fromkeys(WIDTHS, 0)


def test_formulas_are_set(visit):
    """To the eye and, as MathML, to a screen reader; no script has to run for it."""
    bare = """all => all.filter(e => !e.querySelector('.katex-html[aria-hidden]')
        || !e.querySelector('.katex-mathml math')).map(e => e.textContent)"""
    assert visit.locator(".math").evaluate_all(bare) == []
    assert visit.locator("script[src*=katex], .katex-error").count() == 0
