"""A build that is interrupted, killed or out of space leaves the last good site."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import namespaces
import pytest

TOC = """\
format: jb-book
root: book/intro
chapters:
  - file: book/site-scripts
"""
KEPT = (
    "_config.yml",
    "package.json",
    "package-lock.json",
    "assets",
    "tools",
    "_vendor",
)
BOOK = ("references.bib", "site-scripts.md", "images")


@pytest.fixture(scope="module")
def small(
    builder: ModuleType, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Give a checkout with a book of two pages, built, with one page changed since."""
    assert site.exists()  # so that the libraries have been fetched
    root = tmp_path_factory.mktemp("small")
    for name in KEPT:
        copy(builder.ROOT / name, root / name)
    for name in BOOK:
        copy(builder.ROOT / "book" / name, root / "book" / name)
    (root / "_toc.yml").write_text(TOC, encoding="utf-8")
    (root / "lecture_code").mkdir()
    write(root, "First")
    done = subprocess.run(command(root), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    write(root, "Second")
    return root


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    kept = shutil.ignore_patterns("__pycache__")
    if source.is_dir():
        shutil.copytree(source, target, ignore=kept)
    else:
        shutil.copy(source, target)


def write(root: Path, title: str) -> None:
    """Write the first page, with the picture that stands for the book."""
    text = f"# {title}\n\n![A cover.](images/cover.png)\n"
    (root / "book" / "intro.md").write_text(text, encoding="utf-8")


def command(root: Path) -> list[str]:
    """Give the call that builds a book."""
    return [sys.executable, str(root / "tools" / "site.py"), "build"]


def files(root: Path) -> dict[str, str]:
    """Digest each file of the site that stands."""
    html = root / "_build" / "html"
    return {
        path.relative_to(html).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in html.rglob("*")
        if path.is_file()
    }


def begun(root: Path) -> subprocess.Popen:
    """Start a build in a group of its own, and wait until it has begun to write.

    The folder that it writes to comes first, so that whole seconds of it are left.
    """
    running = subprocess.Popen(
        command(root), start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    pages = root / "_build" / "next"
    end = time.monotonic() + 60
    while not pages.exists() and running.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    assert running.poll() is None
    return running


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_leaves_the_last_good_site(small, sign) -> None:
    """Ctrl-C is answered by a sentence; after a sudden end the site stands as well."""
    write(small, f"Second, until {sign.name}")
    before = files(small)
    assert before
    running = begun(small)
    os.killpg(running.pid, sign)
    _, said = running.communicate(timeout=60)
    assert running.returncode
    assert files(small) == before
    if sign == signal.SIGINT:
        assert "interrupted; the last good site is left as it was" in said
        assert "Traceback" not in said


def test_a_full_disk_leaves_the_last_good_site(small: Path, tmp_path: Path) -> None:
    """A build without the space that it needs says so and replaces nothing."""
    namespaces.needed()
    build, kept = small / "_build", tmp_path / "kept"
    shutil.copytree(build / "html", kept)
    size = sum(path.stat().st_size for path in kept.rglob("*") if path.is_file())
    place, good = shlex.quote(str(build)), shlex.quote(str(kept))
    script = namespaces.small(build, f"{size + 4 * 2**20}")
    script += f"cp -r {good} {place}/html\n! {shlex.join(command(small))}\n"
    script += f"diff -r {good} {place}/html\n"
    done = namespaces.unshare(script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "last good site is left as it was" in done.stderr
    assert "Traceback" not in done.stderr


def test_after_all_that_the_next_build_succeeds(small: Path) -> None:
    """What an interruption left behind is in nobody's way."""
    done = subprocess.run(command(small), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (small / "_build" / "html" / "book" / "intro.html").read_text("utf-8")
    assert "<h1>Second" in page
    assert not (small / "_build" / "next").exists()
