"""Every stored chapter keeps every rule, and every rule can be broken.

What the rules are stands in ``chapter_rules`` and ``output_rules``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import pytest
import sample_chapter
from nbformat import NotebookNode
from nbformat.v4 import new_output

from lecture_code import claims
from tools.chapters import chapter_rules, conventions, output_rules

CHAPTERS = conventions.chapters()


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_stored_chapter_keeps_every_rule(path):
    assert "\n".join(chapter_rules.problems(path)) == ""


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_site_reads_the_claims_that_the_package_reads(path):
    found = [claim.sentence for claim in claims.read(path)]
    assert conventions.claims(conventions.read(path)) == found
    assert claims.PREFIX == conventions.CLAIM


def test_there_are_chapters():
    assert CHAPTERS


def test_the_sample_keeps_every_rule(tmp_path):
    path = tmp_path / f"{sample_chapter.STEM}.ipynb"
    path.write_text(conventions.written(sample_chapter.make()), encoding="utf-8")
    assert list(chapter_rules.problems(path)) == []


# ------------------------------------------------------------ one broken rule at a time


def parts(notebook: NotebookNode) -> dict[str, Any]:
    """Name the parts of the sample that the statements below change."""
    holds = {
        "imports": "session.start",
        "prose": "Every idea has",
        "lesson": "the shares sum",
        "still": "plotting.bars(p",
        "moving": "widgets.explore",
        "question": "### Exercise 7.2",
        "solution": "Solution 7.2",
    }
    cells = notebook.cells
    named = {n: next(c for c in cells if t in c.source) for n, t in holds.items()}
    (setup,) = filter(conventions.is_setup, cells)
    frame = conventions.widgets(notebook)["cd34"]["state"]
    named |= {"title": cells[0], "summary": cells[-1], "setup": setup, "frame": frame}
    return named | {"notebook": notebook, "cells": cells, "edit": edit, "show": show}


def edit(cell: NotebookNode, old: str, new: str) -> None:
    """Change the source of a cell."""
    assert old in cell.source
    cell.source = cell.source.replace(old, new)


def show(cell: NotebookNode, kind: str, **content: object) -> None:
    """Add an output to a cell."""
    cell.outputs.append(new_output(kind, **content))


FIGURE = "metadata.mystnb.figure"
BLANK, CLIPPED = (sample_chapter.picture(**{w: True}) for w in ("blank", "clipped"))
HOME = "/ho" + "me/me/x.py"

#: For each rule what it says of a chapter, after the statement that breaks it.
BROKEN: dict[Callable, dict[str, str]] = {
    chapter_rules.valid: {
        "cells[3].pop('id')": "without an identity",
        "cells[3].id = cells[4].id": "without an identity",
        "del cells[3]['metadata']": "not a valid notebook",
        "notebook.nbformat_minor = 4": "older than 4.5",
    },
    chapter_rules.cells: {
        "lesson.outputs *= 3": "07-04 has 3 claims",
        "lesson.source += f'\\nx = {10**68}'": "07-04 has 73 columns",
        "lesson.source = 26 * 'x = 0\\n'": "07-04 has 26 lines",
    },
    chapter_rules.budgets: {
        "lesson.source = 151 * 'x = 0\\n'": "lines of code, not at most 150",
        "lesson.source = 100 * 'x = 0\\n'": "words of prose",
    },
    chapter_rules.imports: {
        "cells.remove(imports)": "imports nothing",
        "imports.source = 'session.start(seed=0)'": "imports nothing",
        "lesson.source = 'import torch'": "2 cells import",
        "edit(imports, 'import torch\\n', 8 * 'import a\\n')": "9",
        "edit(imports, 'seed=0', 'seed=1')": "session.start",
    },
    chapter_rules.claims: {
        "lesson.outputs.clear()": "2 claims hold",
        "edit(lesson, 'shares sum', 'parts sum')": "prints a claim that it does not",
    },
    chapter_rules.figures: {
        "still.outputs.clear()": "no figure",
        "still.outputs *= 2": "2 pictures",
        f"moving.{FIGURE}.name = 'fig-7-shares'": "several figures are called 'fig-7-s",
        f"still.{FIGURE}.name = 'Bars'": "no name",
        f"moving.{FIGURE}.pop('name')": "no name",
        "still.metadata.mystnb.image.alt = 'Four falling bars.'": "no alt text",
        "still.metadata.mystnb.pop('image')": "no alt text",
        f"moving.{FIGURE}.caption = 'Bars of sizes'": "no caption",
        "still.metadata.pop('mystnb')": "no caption",
        "moving.outputs.clear()": "0 widgets",
    },
    chapter_rules.explores: {
        "moving.metadata.tags.remove('explore')": "0 figures with sliders",
        "moving.metadata.tags = []": "without the tag",
    },
    chapter_rules.exercises: {
        "del cells[-5:-1]": "1 exercises, not 3 to 4",
        "cells.remove(solution)": "2 solutions of 3",
        "cells.remove(solution); cells.insert(-1, solution)": "is no solution",
        "question.source = '### Exercise 7.4: halve'": "exercises are not",
        "solution.outputs[0].text = 'Exercise 7.2: not yet.'": "not graded as correct",
        "solution.metadata.tags.remove('hide-cell')": "not folded on the site",
        "solution.metadata.pop('jupyter')": "in JupyterLab",
        "solution.metadata.pop('cellView')": "in Colab",
        "edit(solution, '# @title', '#')": "first line",
        "edit(solution, 'de(\"7.2\"', 'de(\"7.1\"')": "one exerc",
        "edit(solution, ', halve)', ', 2)')": "by its name",
        "for c in cells: c.source = c.source.replace('Exercise 7', 'Exercise 8')": (
            "exercises are not"
        ),
    },
    chapter_rules.prose_is_plain: {
        "prose.source += '\\nSee {ref}`there`.'": "{ref}",
        "prose.source += '\\n```{note}\\nText\\n```'": "```{",
        "prose.source += '\\n:::{note}\\nText\\n:::'": ":::",
    },
    chapter_rules.spine: {
        "edit(title, '# 7.', '7.')": "begin with",
        "prose.source += '\\n# Again'": "one title",
        "edit(summary, '## What', '## And what')": "last sections",
    },
    chapter_rules.addressed: {
        "edit(setup, '@', '@x')": "not one set-up cell",
        "cells.remove(setup)": "not one set-up cell",
        "cells.remove(setup); cells.insert(5, setup)": "first code cell",
        "setup.metadata.tags.remove('remove-cell')": "remove-cell",
        "edit(title, 'blob/', 'blob/x')": "title cell",
        "prose.source += '[x](https://elsewhere.org)'": "elsewhere",
        "prose.source += '[x](02-other.ipynb)'": "02-other",
        "prose.source += '<https://elsewhere.org>'": "elsewhere",
        "prose.source += '![x](picture.png)'": "picture.png",
    },
    output_rules.kinds: {
        "show(still, 'stream', name='stderr', text='Warning')": "writes to stderr",
        "show(still, 'error', ename='E', evalue='', traceback=[])": "shows the error E",
        "show(still, 'display_data', data={'text/html': '<b>x</b>'})": "text/html",
        "show(still, 'display_data', data={'image/svg+xml': ''})": "image/svg+xml",
    },
    output_rules.counts: {
        "still.execution_count = None": "counts",
        "lesson.execution_count = 9": "counts",
        "still.execution_count, lesson.execution_count = 3, 4": "counts",
    },
    output_rules.pictures: {
        "still.outputs[0].data['image/png'] = 'no picture'": "cannot be decoded",
        f"still.outputs[0].data['image/png'] = {CLIPPED[:80]!r}": "cannot be decoded",
        f"still.outputs[0].data['image/png'] = {BLANK!r}": "blank",
        f"still.outputs[0].data['image/png'] = {CLIPPED!r}": "reaches its edge",
        "frame['value'] = '<img alt=\"\">'": "without its picture",
    },
    output_rules.frame_texts: {
        f"frame['value'] = {sample_chapter.frame('Bars')!r}": "without a description"
    },
    output_rules.widget_state: {
        "del notebook.metadata['widgets']": "no stored state",
        "frame.clear()": "cd34 has no stored state",
        "moving.outputs.clear()": "no cell shows",
    },
    output_rules.safe: {
        "prose.source += '<script>x()</script>'": "<script",
        'prose.source += \'<img src="x" onerror="x()">\'': "onerror",
        "prose.source += '[x](javascript:x)'": "javascript:",
        "show(still, 'stream', name='stdout', text='< iframe src=x>')": "< iframe",
        "frame['value'] += '<b onclick=\"x()\">'": "onclick",
    },
    output_rules.anonymous: {
        f"show(still, 'stream', name='stdout', text={HOME!r})": "one machine",
        "show(still, 'stream', name='stdout', text='ipykernel_12/3.py')": "one machine",
    },
}


def said_by(rule: Callable, notebook: NotebookNode) -> str:
    named = rule in chapter_rules.NAMED_RULES
    more = (sample_chapter.STEM,) if named else ()
    return "\n".join(rule(notebook, *more))


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)
def test_a_rule_sees_what_breaks_it(rule):
    assert said_by(rule, sample_chapter.make()) == ""
    for statement, said in BROKEN[rule].items():
        notebook = sample_chapter.make()
        exec(statement, parts(notebook))
        assert said in said_by(rule, notebook), statement


def test_every_rule_has_been_broken():
    assert set(BROKEN) == {*chapter_rules.RULES, *chapter_rules.NAMED_RULES}


def test_a_heavy_file_is_seen(tmp_path):
    path = tmp_path / "01-heavy.ipynb"
    path.write_bytes(b" " * output_rules.MOST_BYTES)
    assert list(chapter_rules.light(path)) == []
    path.write_bytes(b" " * (output_rules.MOST_BYTES + 10_000))
    assert "1.51 MB" in next(chapter_rules.light(path))


def test_an_exemption_ends_with_its_flaw(tmp_path, monkeypatch):
    notebook, path = sample_chapter.make(), tmp_path / "exempt.toml"
    path.write_text(f'[claims]\n{sample_chapter.STEM} = ["07-04"]\n', "utf-8")
    monkeypatch.setattr(chapter_rules, "EXEMPT", path)
    assert said_by(chapter_rules.cells, notebook) == (
        "07-04 needs no exemption from the rule on claims"
    )
    lesson = parts(notebook)["lesson"]
    lesson.outputs *= 3
    assert said_by(chapter_rules.cells, notebook) == ""
    lesson.source += f"\nx = {10**68}"
    assert said_by(chapter_rules.cells, notebook) == (
        "07-04 has 73 columns, not at most 72"
    )


def test_exemptions_name_rules_and_chapters():
    rules = tomllib.loads(chapter_rules.EXEMPT.read_text("utf-8"))
    assert set(rules) == {"claims", "columns", "lines"}
    stems = {path.stem for path in CHAPTERS}
    assert all(set(rules[rule]) <= stems for rule in rules)
