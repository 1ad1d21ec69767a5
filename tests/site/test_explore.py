"""Every slider of every page moves its figure, and says so; claims have addresses."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import conftest as house
import pytest

from tools.chapters import conventions
from tools.site import build, explore

CHAPTERS = [name for name in build.pages() if re.match(r"book/\d+", name)]
NOTEBOOKS = [name for name in CHAPTERS if (house.ROOT / f"{name}.ipynb").exists()]
#: Longer than the script waits for a slider to come to rest, in milliseconds.
PATIENCE = 5000


@pytest.fixture(scope="module", params=NOTEBOOKS)
def chapter(request: pytest.FixtureRequest) -> str:
    """Name a chapter, without ending."""
    return request.param


@pytest.fixture(scope="module")
def page(turn_to: Callable[[str], Any], chapter: str) -> Any:
    """Open a chapter once, with a clock that tests can set forward."""
    opened = turn_to(f"{chapter}.html")
    opened.clock.install()
    return opened


@pytest.fixture(scope="module")
def scriptless(open_in: Callable[..., Any]) -> Iterator[Any]:
    """Open a tab of a reader without JavaScript."""
    opened = open_in("genindex.html", java_script_enabled=False)
    yield opened
    opened.context.close()


class Figure:
    """An interactive figure of an open page, seen from outside."""

    def __init__(self, page: Any, place: int) -> None:
        self.page = page
        self.root = page.locator("figure.explore").nth(place)
        self.picture = self.root.locator("img")
        self.status = self.root.get_by_role("status").and_(page.locator("p"))
        self.sliders = self.root.get_by_role("slider").all()
        self.data = json.loads(self.root.locator("script").text_content())

    def shown(self) -> tuple[str, str]:
        """Return the source and the alternative text of the picture."""
        return tuple(map(self.picture.get_attribute, ("src", "alt")))

    def expected(self) -> tuple[str, str]:
        """Return what the sliders' places call for: the last one runs fastest."""
        place = 0
        for slider, labels in zip(self.sliders, self.data["labels"], strict=True):
            place = place * len(labels) + int(slider.input_value())
        return tuple(self.data["frames"][place])

    def check(self, slider: Any, labels: list[str], before: tuple[str, str]) -> None:
        """Hold the picture, its text and the slider's value against each other."""
        now = self.shown()
        assert now == self.expected()
        assert now[0] != before[0]
        assert now[1] != before[1]
        label = labels[int(slider.input_value())]
        assert slider.get_attribute("aria-valuetext") == label
        identity = slider.get_attribute("id")
        assert self.root.locator(f"output[for={identity}]").inner_text() == label

    def check_announced(self) -> None:
        """Let time pass until the text of the picture is read out."""
        self.page.clock.fast_forward(PATIENCE)
        assert self.status.text_content() == self.shown()[1]


def figures(page: Any) -> list[Figure]:
    """List the interactive figures of a page."""
    return [Figure(page, i) for i in range(page.locator("figure.explore").count())]


def test_every_figure_with_sliders_arrives(page, chapter):
    notebook = conventions.read(house.ROOT / f"{chapter}.ipynb")
    found = figures(page)
    assert len(found) == sum(map(conventions.is_explore, notebook.cells))
    load = """async sources => {
        const load = async source => {
            const image = new Image();
            image.src = source;
            await image.decode();
            return image.naturalWidth;
        };
        return Promise.all(sources.map(load));
    }"""
    for figure in found:
        assert figure.root.locator("figcaption").inner_text().strip()
        sources = [source for source, _ in figure.data["frames"]]
        width = int(figure.picture.get_attribute("width"))
        assert set(page.evaluate(load, sources)) == {width}
        assert len({text for _, text in figure.data["frames"]}) == len(sources)


def test_sliders_follow_the_keyboard(page):
    for figure in figures(page):
        for slider, labels in zip(figure.sliders, figure.data["labels"], strict=True):
            slider.focus()
            slider.press("Home")
            assert slider.input_value() == "0"
            for step in range(1, len(labels)):
                before = figure.shown()
                slider.press("ArrowRight")
                assert slider.input_value() == str(step)
                figure.check(slider, labels, before)
            figure.check_announced()
            slider.press("ArrowRight")
            assert slider.input_value() == str(len(labels) - 1)


def test_sliders_follow_the_mouse(page):
    for figure in figures(page):
        for slider, labels in zip(figure.sliders, figure.data["labels"], strict=True):
            last = len(labels) - 1
            slider.scroll_into_view_if_needed()
            # to the other end first: a figure may start at any of its settings
            ends = [(1, {last}), (0, {0})]
            if slider.input_value() == str(last):
                ends.reverse()
            for part, places in (*ends, (0.5, {last // 2, -(-last // 2)})):
                before, was = figure.shown(), slider.input_value()
                box = slider.bounding_box()  # longer labels leave it less room
                x = min(max(part * box["width"], 2), box["width"] - 2)
                slider.click(position={"x": x, "y": box["height"] / 2})
                assert int(slider.input_value()) in places
                # of two settings, the middle may be the one that is shown already
                if slider.input_value() != was:
                    figure.check(slider, labels, before)
                    figure.check_announced()
                else:
                    assert len(labels) == 2
                    assert part == 0.5


def test_a_held_key_is_read_out_once(page):
    for figure in figures(page):
        figure.status.evaluate(
            """status => {
                window.said = [];
                const texts = change => [...change.addedNodes].map(n => n.textContent);
                const note = changes => window.said.push(...changes.flatMap(texts));
                new MutationObserver(note).observe(status, {childList: true});
            }"""
        )
        slider, labels = figure.sliders[0], figure.data["labels"][0]
        slider.evaluate(
            """(slider, last) => {
                for (let place = 1; place <= last; place++) {
                    slider.value = place;
                    slider.dispatchEvent(new Event("input", {bubbles: true}));
                }
            }""",
            len(labels) - 1,
        )
        figure.check_announced()
        assert figure.page.evaluate("window.said") == [figure.shown()[1]]


def test_without_a_script_the_first_frame_stands_alone(scriptless, site, chapter):
    scriptless.goto(f"{site.as_uri()}/{chapter}.html")
    for figure in scriptless.locator("figure.explore").all():
        assert figure.locator("img").is_visible()
        assert figure.locator("img").get_attribute("alt")
        assert not figure.locator("input").first.is_visible()


def test_claims_have_addresses_in_their_order(site, chapter):
    said = conventions.claims(conventions.read(house.ROOT / f"{chapter}.ipynb"))
    number = int(Path(chapter).name.split("-")[0])
    text = (site / f"{chapter}.html").read_text(encoding="utf-8")
    found = re.findall(r'<p class="claim" id="([\w-]+)">.*?</a> (.*?)</p>', text)
    assert [address for address, _ in found] == [
        f"claim-{number}-{order}" for order in range(1, len(said) + 1)
    ]
    plain = [html.unescape(re.sub("<[^>]+>", "", text)) for _, text in found]
    assert plain == said


def test_an_unknown_widget_stops_the_build():
    models = {"abc": {"model_name": "IntSliderModel", "state": {}}}
    env = SimpleNamespace(docname="book/07-flows")
    wanted = r"book/07-flows: .* \(IntSliderModel\) .*widgets\.explore"
    with pytest.raises(explore.ExtensionError, match=wanted):
        explore._explorer(env, models, "abc")
    with pytest.raises(explore.ExtensionError, match="not stored"):
        explore._explorer(env, {}, "abc")
