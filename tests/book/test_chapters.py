"""Every stored chapter keeps every rule, and every rule can be broken.

What the rules are stands in ``chapter_rules`` and ``output_rules``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sample_chapter
from nbformat import NotebookNode, from_dict
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


def test_the_sample_keeps_every_rule_but_may_be_too_heavy(tmp_path):
    path = tmp_path / f"{sample_chapter.STEM}.ipynb"
    text = conventions.written(sample_chapter.make())
    path.write_text(text, encoding="utf-8")
    assert list(chapter_rules.problems(path)) == []
    path.write_text(text + chapter_rules.MOST_BYTES * " ", encoding="utf-8")
    assert "MB, not at most 1.5 MB" in "".join(chapter_rules.problems(path))


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


RAMP = sample_chapter.picture()
BLANK, CLIPPED = (sample_chapter.picture(**{w: True}) for w in ("blank", "clipped"))

#: For each rule what it says of a chapter, after the statement that breaks it.
BROKEN: dict[Callable, dict[str, str]] = {
    chapter_rules.valid: {
        "cells[3].pop('id')": "missing an id",
        "cells[3].id = cells[4].id": "Non-unique cell id",
        "del cells[3]['metadata']": "not a valid notebook",
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
    chapter_rules.claims: {
        "edit(imports, 'seed=0', 'seed=1')": "session.start",
        "lesson.outputs.clear()": "2 claims hold",
        "edit(lesson, 'shares sum', 'parts sum')": "prints a claim that it does not",
    },
    chapter_rules.figures: {
        "still.outputs.clear()": "no figure",
        "still.outputs *= 2": "2 pictures",
        "still.metadata.mystnb.image.alt = 'Four falling bars.'": "no alt text",
        "still.metadata.mystnb.pop('image')": "no alt text",
        "moving.metadata.mystnb.figure.caption = 'Bars of sizes'": "no caption",
        "still.metadata.pop('mystnb')": "no caption",
        "moving.metadata.tags.remove('explore')": "0 figures with sliders",
    },
    chapter_rules.exercises: {
        "del cells[-8:-1]": "not 3 to 5 in order",
        "cells.remove(solution)": "no cell follows",
        "edit(question, '*Level', 'Level')": "does not say its level",
        "cells.remove(question)": "solutions without an exercise",
        "question.source = '### Exercise 7.4: halve'": "not 3 to 5 in order",
        "solution.outputs[0].text = 'Exercise 7.2: not yet.'": "not graded as correct",
        "solution.metadata.tags.remove('hide-cell')": "not folded on the site",
        "solution.metadata.pop('jupyter')": "in JupyterLab",
        "solution.metadata.pop('cellView')": "in Colab",
        "edit(solution, '# @title', '#')": "no cell follows",
        "for c in cells: c.source = c.source.replace('Exercise 7', 'Exercise 8')": (
            "not 3 to 5 in order"
        ),
    },
    chapter_rules.imports: {
        "lesson.source += '\\nfrom lecture_code import vae'": "07-04 imports vae",
        "lesson.source += '\\nimport numpy as np'": "07-04 imports numpy",
        "lesson.source += '\\nfrom lecture_code.vae import VAE'": "lecture_code.vae",
        "lesson.source += '\\nfrom scipy import stats'": "07-04 imports scipy",
    },
    chapter_rules.prose_is_plain: {
        "prose.source += '\\nSee {ref}`there`.'": "{ref}",
        "prose.source += '\\n```{note}\\nText\\n```'": "```{",
        "prose.source += '\\n:::{note}\\nText\\n:::'": ":::",
    },
    chapter_rules.spine: {
        "edit(title, '# 7.', '7.')": "the one title",
        "prose.source += '\\n# Again'": "the one title",
        "edit(summary, '## What', '## And what')": "last sections",
    },
    chapter_rules.addressed: {
        "edit(setup, '@', '@x')": "make repository",
        "edit(title, 'blob/', 'blob/x')": "make repository",
        "cells.remove(setup); cells.insert(5, setup)": "the first code cell",
        "setup.metadata.tags.remove('remove-cell')": "remove-cell",
        "prose.source += '[x](https://elsewhere.org)'": "elsewhere",
        "prose.source += '[x](02-other.ipynb)'": "02-other",
        "prose.source += '<https://elsewhere.org>'": "elsewhere",
        "prose.source += '![x](picture.png)'": "picture.png",
    },
    output_rules.kinds: {
        "show(still, 'stream', name='stderr', text='Warning')": "writes to stderr",
        "show(still, 'error', ename='E', evalue='', traceback=[])": "shows the error E",
        "show(still, 'display_data', data={'text/html': '<b>x</b>'})": "text/html",
    },
    output_rules.counts: {
        "still.execution_count = None": "counts",
        "still.execution_count, lesson.execution_count = 3, 4": "counts",
    },
    output_rules.whole: {
        f"still.outputs[0].data['image/png'] = {BLANK!r}": "picture 1 is blank",
        f"still.outputs[0].data['image/png'] = {CLIPPED!r}": "reaches its edge",
        f"frame['value'] = frame['value'].replace({RAMP!r}, {BLANK!r})": "2 is blank",
    },
    output_rules.frame_texts: {
        f"frame['value'] = {sample_chapter.frame('Bars')!r}": "without a description"
    },
}


def said_by(rule: Callable, notebook: NotebookNode) -> str:
    named = rule in chapter_rules.NAMED_RULES
    stem = "workshop-vae" if rule is chapter_rules.imports else sample_chapter.STEM
    return "\n".join(rule(notebook, *[stem] * named))


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)
def test_a_rule_sees_what_breaks_it(rule):
    assert said_by(rule, sample_chapter.make()) == ""
    for statement, said in BROKEN[rule].items():
        notebook = sample_chapter.make()
        exec(statement, parts(notebook))
        assert said in said_by(rule, notebook), statement


def test_a_workshop_has_fewer_lines_no_slider_and_its_core_in_sight():
    notebook = sample_chapter.make()
    named = parts(notebook)
    named["lesson"].source = 121 * "x = 0\n"
    (said,) = list(chapter_rules.budgets(notebook, "workshop-vae"))[:1]
    assert "121 lines" not in said
    assert "not at most 120" in said
    named["moving"].metadata.tags.remove("explore")
    assert "sliders" not in "".join(chapter_rules.figures(notebook, "workshop-vae"))
    solution = named["solution"]
    solution.metadata = from_dict({"tags": ["solution", "core"]})
    assert said_by(chapter_rules.exercises, notebook) == ""
    before = sum(map(conventions.is_lesson, notebook.cells))
    solution.metadata.tags.remove("core")
    assert sum(map(conventions.is_lesson, notebook.cells)) == before - 1
    assert "not folded" in said_by(chapter_rules.exercises, notebook)


def test_every_rule_has_been_broken():
    assert set(BROKEN) == {*chapter_rules.RULES, *chapter_rules.NAMED_RULES}
