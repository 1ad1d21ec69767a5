"""A new chapter keeps every rule, and a name that cannot be is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
import yaml

from tools.chapters import chapter_rules, conventions, new, prose

ROOT = conventions.ROOT


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Copy what git keeps, and write a chapter there."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    told = run(folder, "-m", "tools.chapters.new", "19-two-words")
    assert told.returncode == 0, told.stderr
    return folder


def run(folder, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )


def test_a_new_chapter_keeps_every_rule(checkout):
    path = checkout / "book" / "19-two-words.ipynb"
    assert list(chapter_rules.problems(path)) == []
    assert list(prose.complaints(path, {})) == []
    assert conventions.read(path).cells[0].source.startswith("# 19. Two words\n")


def test_a_new_chapter_has_its_graders_and_answers(checkout):
    tests = ["-m", "pytest", "-n", "0", "tests/package/exercises", "-k", "19"]
    told = run(checkout, *tests).stdout
    assert "FAILED" not in told
    assert "12 passed" in told
    told = run(checkout, "-m", "pytest", "-n", "0", "tests/book", "-k", "claim and 19")
    assert "2 passed" in told.stdout


def test_a_new_chapter_is_among_the_chapters_and_on_the_map(checkout):
    parts = yaml.safe_load((checkout / "_toc.yml").read_text("utf-8"))["parts"]
    assert parts[-2]["chapters"][-1] == {"file": "book/19-two-words"}
    page = (checkout / "book" / "lecture-map.md").read_text("utf-8")
    assert "\n| [19 Two words](19-two-words.ipynb) |" in page


def test_nothing_is_written_twice(checkout):
    told = run(checkout, "-m", "tools.chapters.new", "19-other")
    assert told.returncode == 1
    assert told.stderr == "new: NAME: chapter 19 is there already, 19-two-words\n"


@pytest.mark.parametrize("name", ["", "topic", "9-topic", "19-", "19-A", "19-a_b"])
def test_a_name_that_is_none_is_refused(name):
    assert new.refusal(name).startswith("NAME: expected a number and a topic")
