"""The built site, opened from the disk in one headless Chromium.

Where no Chromium is found, every browser test is skipped and one line at the end of the
run says so; on a continuous-integration machine (CI=true) that is a failure instead.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tools.site import build

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = (
    "NO BROWSER: the site's browser tests were skipped, because no Chromium was found; "
    "set CHROMIUM to one, or run `playwright install chromium`."
)
READY = "() => document.fonts.ready.then(() => true)"  # those of formulas too


@dataclass
class Seen:
    """What a page asked for and complained about."""

    blocked: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def sharing(test: str) -> str:
    """Say what a test shares with others: the page that it names, else its file."""
    file, _, rest = test.partition("::")
    return file + "".join(re.findall(r"\[(?:book/.*|[\w-]+\.html)\]$", rest))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep tests that share a page in one process, so that it is opened once.

    The mark that pytest-xdist has for this does nothing under pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = sharing
    return scheduler


def find_chromium() -> str | None:
    """Find a browser: the one that is named, one on the path, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    found = shutil.which(named) if named else None
    return found or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def builder() -> ModuleType:
    """Give the tool that builds the site, as a module."""
    return build


@pytest.fixture(scope="session")
def site(builder: ModuleType) -> Path:
    """Give the folder of the built site, built first where it is missing or stale."""
    command = [sys.executable, "-m", "tools.site.build"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return builder.HTML


@pytest.fixture(scope="session")
def pages(site: Path) -> list[str]:
    """List all pages of the site, relative to its folder."""
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Start one browser for all tests, or skip, or fail on continuous integration."""
    api = pytest.importorskip("playwright.sync_api")
    options = [*QUIET, *(["--no-sandbox"] if os.getuid() == 0 else [])]
    with api.sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        path = find_chromium() or (own if Path(own).exists() else None)
        if path is None:
            if os.environ.get("CI") == "true":
                pytest.fail(MISSING)
            pytest.skip(MISSING)
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


def watch(page: Any) -> None:
    """Record in ``page.seen`` what a page asks for and complains about from now on.

    Of what it says, warnings and errors count; what the theme logs besides is no fault.
    """
    page.seen = Seen()

    def note(message: Any) -> None:
        if message.type in ("warning", "error"):
            page.seen.messages.append(f"{message.type}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: page.seen.errors.append(str(error)))
    page.on("requestfailed", lambda request: page.seen.failed.append(request.url))


def block_network(page: Any, site: Path, address: str) -> None:
    """Answer the published address from the disk, and refuse all other requests."""

    def answer(route: Any) -> None:
        inside = route.request.url.removeprefix(address).split("?")[0]
        if route.request.url.startswith(address) and (site / inside).is_file():
            route.fulfill(path=site / inside)
        else:
            page.seen.blocked.append(route.request.url)
            route.abort()

    page.context.route(re.compile(r"^(?!file:|data:|blob:)"), answer)


@pytest.fixture(scope="session")
def open_in(chromium: Any, site: Path, builder: ModuleType) -> Callable[..., Any]:
    """Open a page in a context of its own; the caller closes ``page.context``.

    ``page.seen`` holds what the page did. With ``published=True`` it is opened at its
    published address, which is answered from the disk.
    """
    address = builder.derived_config()["html"]["baseurl"]

    def open_one(
        relative: str,
        color_scheme: str = "light",
        width: int = 1280,
        *,
        published: bool = False,
        **options: Any,
    ) -> Any:
        context = chromium.new_context(
            color_scheme=color_scheme,
            viewport={"width": width, "height": 900},
            **options,
        )
        page = context.new_page()
        watch(page)
        block_network(page, site, address)
        base = address if published else f"{site.as_uri()}/"
        page.goto(base + relative)
        page.evaluate(READY)
        return page

    return open_one


@pytest.fixture
def open_page(open_in: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Open pages from the disk and close them when the test ends."""
    opened = []

    def open_one(*arguments: Any, **options: Any) -> Any:
        opened.append(open_in(*arguments, **options))
        return opened[-1]

    yield open_one
    for page in opened:
        page.context.close()


@pytest.fixture(scope="module")
def turn_to(open_in: Callable[..., Any], site: Path) -> Iterator[Callable[[str], Any]]:
    """Turn to page after page in one tab, as a reader does.

    A tab keeps the scripts that it has compiled, so that this takes a third of the time
    of a new window. Mode, width and ``page.seen`` start anew with each page.
    """
    tab = open_in("genindex.html")

    def turn(relative: str) -> Any:
        tab.goto("about:blank")  # so that the last page has ended when notes begin
        tab.seen = Seen()
        tab.emulate_media(color_scheme="light")
        tab.set_viewport_size({"width": 1280, "height": 900})
        tab.goto(f"{site.as_uri()}/{relative}")
        tab.evaluate(READY)
        return tab

    yield turn
    tab.context.close()
