"""The site works under its Content-Security-Policy, and nothing else does."""

from __future__ import annotations

import functools
import hashlib
import html
import http.server
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import conftest as house
import output_rules
import pytest
import served

#: One page of each kind: formulas, a figure with sliders, proofs, package, search.
KINDS = (
    "book/intro.html",
    "book/07-denoising-autoencoders.html",
    "book/08-proofs.html",
    "book/api/densities.html",
    "book/site-scripts.html",
    "search.html?q=histogram",
)
STRAY = "<script>window.stray = true</script><p onclick='window.stray = true'>x</p>"
LISTEN = """
window.refused = [];
document.addEventListener("securitypolicyviolation", event =>
  window.refused.push(`${event.violatedDirective}: ${event.blockedURI}`));
"""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serve the site, each page with its policy, and a stranger on demand."""

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        """Answer pages with their policy; hand on all else."""
        path = Path(self.translate_path(self.path))
        if path.suffix != ".html":
            super().do_GET()
            return
        page = path.read_text(encoding="utf-8")
        self.send_response(200)
        self.send_header("Content-Security-Policy", served.policy(page))
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        if "stray" in self.path:
            page = page.replace("</body>", f"{STRAY}</body>")
        self.wfile.write(page.encode())


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Give the address of a server that sends each page with its policy."""
    handler = functools.partial(Handler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def visit(chromium: Any, address: str) -> Iterator[Callable[[str], Any]]:
    """Give a function that opens a page of the server and listens for refusals."""
    context = chromium.new_context()
    context.add_init_script(LISTEN)

    def open_one(relative: str) -> Any:
        page = context.new_page()
        house.watch(page)
        page.goto(address + relative)
        page.evaluate(house.READY)
        return page

    yield open_one
    context.close()


@pytest.mark.parametrize("relative", KINDS)
def test_a_page_works_under_its_policy(visit: Callable, relative: str) -> None:
    """Formulas, icons, sliders, buttons and search ask for nothing that is refused."""
    page = visit(relative)
    for slider in page.locator("input[type=range]").all():
        slider.press("ArrowRight")
    for button in page.locator("button[onclick]").all():
        button.evaluate("button => { window.print = () => {}; button.click(); }")
    if "search" in relative:
        page.locator("#search-results li a").first.wait_for()
    assert page.locator("mjx-merror").count() == 0
    assert page.evaluate("() => window.refused") == []
    assert page.seen == house.Seen()


def test_what_is_not_in_the_policy_does_not_run(visit: Callable) -> None:
    """A script and a handler that strayed into a page are refused."""
    page = visit("book/intro.html?stray")
    page.get_by_text("x", exact=True).last.click()
    assert page.evaluate("() => window.stray") is None
    refused = set(page.evaluate("() => window.refused"))
    assert refused == {"script-src-elem: inline", "script-src-attr: inline"}


def test_every_page_carries_its_policy(site: Path, pages: list[str]) -> None:
    """It stands before all scripts, and admits no eval and no unnamed script."""
    for page in pages:
        text = (site / page).read_text(encoding="utf-8")
        (meta,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
        assert html.unescape(meta) == served.policy(text), page
        assert text.index("Content-Security-Policy") < text.find("<script") % len(text)
        rules = dict(rule.split(" ", 1) for rule in html.unescape(meta).split("; "))
        assert rules["default-src"] == "'self' file:"
        assert "'unsafe-inline'" not in rules["script-src"]
        assert "'unsafe-eval'" not in meta


def test_every_exception_has_its_reason(site: Path) -> None:
    """The page of the policy says each rule with why it is there."""
    text = (site / served.PAGE).read_text(encoding="utf-8")
    for rule, reason in served.policy_rows():
        assert f"<code>{html.escape(rule, quote=False)}</code>" in text
        assert html.escape(reason, quote=False) in text


def test_every_script_of_others_is_listed_as_it_is_served(site: Path) -> None:
    """Version, licence and checksum stand on the page; a stranger ends the build."""
    text = (site / served.PAGE).read_text(encoding="utf-8")
    others = [name for name in served.scripts(site) if served.brought_by(name)]
    assert len(others) >= 10
    for name in others:
        row = re.search(rf"<tr><td>{re.escape(name)}</td>(.*?)</tr>", text)[1]
        came, licence, digest = re.findall(r"<td>(?:<code>)?([^<]*)<", row)
        assert re.search(r"\d+\.\d+", came)
        assert licence
        assert digest == hashlib.sha256((site / name).read_bytes()).hexdigest()


def test_scripts_of_others_are_named_by_their_authors(site: Path) -> None:
    """What a package took from elsewhere is credited to where it comes from."""
    came = {name: f"{who} {under}" for name, who, under, _ in served.script_rows(site)}
    assert came["_static/scripts/bootstrap.js"].startswith("Bootstrap v5")
    assert came["_static/clipboard.min.js"].startswith("clipboard.js v2")
    assert came["_static/mathjax/tex-mml-chtml.js"] == "mathjax 3.2.2 Apache-2.0"


def test_a_script_of_unknown_origin_ends_the_build(tmp_path: Path) -> None:
    """Nobody adds a script without saying where it comes from."""
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "stranger.js").touch()
    with pytest.raises(ValueError, match=r"unknown origin: _static/stranger\.js"):
        served.finish(tmp_path)


def test_a_page_without_a_place_for_its_policy_is_refused(tmp_path: Path) -> None:
    """No page is published unprotected."""
    page = tmp_path / served.PAGE
    page.parent.mkdir()
    page.write_text("<p><!-- scripts --><!-- policy --></p>", encoding="utf-8")
    with pytest.raises(ValueError, match="expected a head with a charset"):
        served.finish(tmp_path)


def test_no_page_shows_what_an_output_may_not_hold(site: Path) -> None:
    """Outputs reach the page as text and pictures: no frame, no script address."""
    frames = re.compile(r"<iframe|<object|<embed|(?:href|src)=\"\s*javascript:", re.I)
    for page in site.rglob("*.html"):
        assert not frames.search(page.read_text(encoding="utf-8")), page
    assert output_rules.UNSAFE.search('<a href="javascript:x()">')
