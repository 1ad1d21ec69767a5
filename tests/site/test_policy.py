"""Every page carries the policy that keeps other hosts out, and the policy does."""

from __future__ import annotations

import fnmatch
import functools
import html
import re
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.site.pages import POLICY

#: Scripts that are the book's own, or that Sphinx writes from its text.
OWN = {"site.js", "explore.js", "documentation_options.js"}


def test_every_page_carries_the_policy(site, pages):
    for page in pages:
        text = (site / page).read_text(encoding="utf-8")
        assert text.count(POLICY) == 1, page
        assert not re.search(r"<(script|link|img)", text.partition(POLICY)[0]), page


class Handler(SimpleHTTPRequestHandler):
    """Serve the site quietly, to any page."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def end_headers(self) -> None:
        """Allow everybody to read: what is refused is refused by the policy."""
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


@pytest.fixture(scope="module")
def hosts(site: Path) -> Iterator[list[str]]:
    """Give the addresses of two servers of the site: another port is another host."""
    handler = functools.partial(Handler, directory=str(site))
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [f"http://127.0.0.1:{server.server_port}" for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


LOAD = {
    "script": "address => new Promise(done => { const e = document.createElement("
    "'script'); e.src = address + '/_static/site.js'; e.onload = () => done(true); "
    "e.onerror = () => done(false); document.head.append(e); })",
    "img": "address => new Promise(done => { const e = new Image(); "
    "e.src = address + '/_static/favicon.svg'; e.onload = () => done(true); "
    "e.onerror = () => done(false); })",
    "fetch": "address => fetch(address + '/index.html').then(() => true, () => false)",
}


@pytest.mark.parametrize("kind", LOAD)
def test_another_host_is_refused(chromium, hosts, kind):
    own, other = hosts
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{own}/book/notation.html")
    assert page.evaluate(LOAD[kind], own)
    assert not page.evaluate(LOAD[kind], other)
    context.close()


def test_every_script_of_others_is_named_on_the_page(site):
    text = (site / "book" / "site-scripts.html").read_text(encoding="utf-8")
    named = [
        html.unescape(n) for n in re.findall(r'<span class="pre">(.*?)</span>', text)
    ]
    static = site / "_static"
    for path in static.rglob("*.js"):
        name = path.relative_to(static).as_posix()
        known = name in OWN or any(fnmatch.fnmatch(name, each) for each in named)
        assert known, name


PROGRAM = re.compile(
    r'<script(?! type="application/json")|<(iframe|object|embed)|javascript:'
    r"|<[^<>]*\son\w+\s*=",
    re.I,
)


def test_no_text_holds_a_program(site, pages):
    """What prose and outputs of a chapter bring along stands in the article."""
    articles = {
        page: re.search(r"<article.*</article>", (site / page).read_text("utf-8"), re.S)
        for page in pages
    }
    assert [page for page, found in articles.items() if found] != []
    for page, found in articles.items():
        assert not (found and PROGRAM.search(found[0])), page
