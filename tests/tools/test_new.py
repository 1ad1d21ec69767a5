"""A new chapter keeps every rule, and a name that cannot be is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
import yaml

from tools.chapters import chapter_rules, conventions, new, prose

ROOT = conventions.ROOT
#: Prints what became of every answer and of every claim where it should fail.
TRY = """\
import contextlib, json, pathlib, sys
import answers_19, refuting
from lecture_code import exercises
(path,) = pathlib.Path("book").glob("19-*")
with contextlib.redirect_stdout(sys.stderr):
    right = {key: exercises.grade(key, a).passed for key, a in answers_19.RIGHT.items()}
    wrong = [[key, hint in exercises.grade(key, a).message]
             for key, a, hint in answers_19.WRONG]
    right["lab"] = exercises.grade("19.4", 0.51).passed
    claims = list(refuting.verdicts(path))
print(json.dumps([right, wrong, claims]))
"""


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
    places = (folder, folder / "tests/book", folder / "tests/package/exercises")
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ":".join(map(str, places))},
        capture_output=True,
        text=True,
    )


def test_a_new_chapter_keeps_every_rule(checkout):
    path = checkout / "book" / "19-two-words.ipynb"
    assert list(chapter_rules.problems(path)) == []
    assert list(prose.complaints(path, {})) == []
    assert conventions.read(path).cells[0].source.startswith("# 19. Two words\n")


def test_a_new_chapter_has_its_graders_answers_and_refutations(checkout):
    told = run(checkout, "-c", TRY)
    right, wrong, verdicts = json.loads(told.stdout)
    assert right.pop("lab")
    assert right == dict.fromkeys(("19.1", "19.2", "19.3"), True)
    assert sorted(wrong) == [[key, True] for key in right for _ in range(2)]
    claims = conventions.claims(conventions.read(checkout / "book/19-two-words.ipynb"))
    assert verdicts == [[claim, "refuted"] for claim in claims]


def test_a_new_chapter_is_among_the_chapters_and_on_the_map(checkout):
    parts = yaml.safe_load((checkout / "_toc.yml").read_text("utf-8"))["parts"]
    assert parts[-3]["chapters"][-1] == {"file": "book/19-two-words"}
    page = (checkout / "book" / "lecture-map.md").read_text("utf-8")
    assert "\n| [19 Two words](19-two-words.ipynb) |" in page


def test_nothing_is_written_twice(checkout):
    told = run(checkout, "-m", "tools.chapters.new", "19-other")
    assert told.returncode == 1
    assert told.stderr == "new: NAME: chapter 19 is there already, 19-two-words\n"


@pytest.mark.parametrize("name", ["", "topic", "9-topic", "19-", "19-A", "19-a_b"])
def test_a_name_that_is_none_is_refused(name):
    assert new.refusal(name).startswith("NAME: expected a number and a topic")
