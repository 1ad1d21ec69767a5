"""Every stored chapter keeps every rule, and every rule can be broken.

What the rules are stands in ``chapter_rules`` and ``output_rules``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import nbformat
import pytest
import sample_chapter
from nbformat import NotebookNode

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


def cell_with(notebook: NotebookNode, text: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if text in cell.source)


def prose(notebook: NotebookNode) -> NotebookNode:
    return cell_with(notebook, "Every idea has")


def still(notebook: NotebookNode) -> NotebookNode:
    return cell_with(notebook, "plotting.bars(p")


def moving(notebook: NotebookNode) -> NotebookNode:
    return cell_with(notebook, "widgets.explore")


def solution(notebook: NotebookNode) -> NotebookNode:
    return cell_with(notebook, "Solution 7.2")


def setup(notebook: NotebookNode) -> NotebookNode:
    return next(filter(conventions.is_setup, notebook.cells))


def frames(notebook: NotebookNode) -> dict:
    return conventions.widgets(notebook)["cd34"]["state"]


def write(text: str) -> Callable[[NotebookNode], None]:
    """Break a chapter by adding text to its prose."""

    def breaking(notebook: NotebookNode) -> None:
        prose(notebook).source += f"\n\n{text}"

    return breaking


def show(**output: object) -> Callable[[NotebookNode], None]:
    """Break a chapter by adding an output to its first figure."""

    def breaking(notebook: NotebookNode) -> None:
        still(notebook).outputs.append(nbformat.from_dict(output))

    return breaking


def printing(name: str, text: str) -> Callable[[NotebookNode], None]:
    return show(output_type="stream", name=name, text=text)


def displaying(**data: object) -> Callable[[NotebookNode], None]:
    return show(output_type="display_data", data=data, metadata={})


def replacing(
    find: Callable[[NotebookNode], NotebookNode], old: str, new: str
) -> Callable[[NotebookNode], None]:
    """Break a chapter by changing the source of a cell."""

    def breaking(notebook: NotebookNode) -> None:
        cell = find(notebook)
        assert old in cell.source
        cell.source = cell.source.replace(old, new)

    return breaking


def without(
    find: Callable[[NotebookNode], NotebookNode],
) -> Callable[[NotebookNode], None]:
    """Break a chapter by taking a cell out."""

    def breaking(notebook: NotebookNode) -> None:
        notebook.cells.remove(find(notebook))

    return breaking


def title(notebook: NotebookNode) -> NotebookNode:
    return notebook.cells[0]


def imports(notebook: NotebookNode) -> NotebookNode:
    return cell_with(notebook, "session.start")


def summary(notebook: NotebookNode) -> NotebookNode:
    return notebook.cells[-1]


def set_picture(text: str) -> Callable[[NotebookNode], None]:
    def breaking(notebook: NotebookNode) -> None:
        still(notebook).outputs[0].data["image/png"] = text

    return breaking


def set_frame(text: str) -> Callable[[NotebookNode], None]:
    def breaking(notebook: NotebookNode) -> None:
        frames(notebook)["value"] = text

    return breaking


def untag(find: Callable, tag: str) -> Callable[[NotebookNode], None]:
    def breaking(notebook: NotebookNode) -> None:
        find(notebook).metadata.tags.remove(tag)

    return breaking


def drop(find: Callable, *keys: str) -> Callable[[NotebookNode], None]:
    """Break a chapter by taking a piece out of a cell's metadata."""

    def breaking(notebook: NotebookNode) -> None:
        place = find(notebook).metadata
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]

    return breaking


def never_run(notebook):
    still(notebook).execution_count = None


def run_out_of_order(notebook):
    cells = [cell for cell in notebook.cells if conventions.is_code(cell)]
    cells[3].execution_count, cells[4].execution_count = 5, 4


def no_identity(notebook):
    notebook.cells[3].pop("id")


def same_identities(notebook):
    notebook.cells[3].id = notebook.cells[4].id


def no_metadata(notebook):
    del notebook.cells[3]["metadata"]


def old_format(notebook):
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        cell.pop("id")


def many_claims(notebook):
    cell_with(notebook, "the shares sum").outputs *= 3


def wide_cell(notebook):
    cell_with(notebook, "the shares sum").source += f"\nx = {'1' * 69}"


def long_cell(notebook):
    cell_with(notebook, "the shares sum").source = "x = 0\n" * 26


def much_code(notebook):
    for cell in filter(conventions.is_lesson, notebook.cells):
        cell.source += "\nx = 0" * 40


def little_prose(notebook):
    for cell in filter(conventions.is_markdown, notebook.cells):
        cell.source = "Short."


def late_import(notebook):
    cell_with(notebook, "shares[3]").source = "import torch"


def nothing_imported_first(notebook):
    imports(notebook).source = "session.start(seed=0)"


def failing_claim(notebook):
    cell_with(notebook, "the shares sum").outputs.clear()


def no_pictures(notebook):
    still(notebook).outputs.clear()


def two_pictures(notebook):
    still(notebook).outputs *= 2


def same_names(notebook):
    moving(notebook).metadata.mystnb.figure.name = "fig-7-shares"


def bad_name(notebook):
    still(notebook).metadata.mystnb.figure.name = "Bars"


def short_alt(notebook):
    still(notebook).metadata.mystnb.image.alt = "Four falling bars."


def short_caption(notebook):
    moving(notebook).metadata.mystnb.figure.caption = "Bars of sizes"


def no_widget(notebook):
    moving(notebook).outputs.clear()


def no_exercise(notebook):
    del notebook.cells[-5:-1]


def unsolved(notebook):
    notebook.cells.remove(solution(notebook))


def late_solution(notebook):
    cell = solution(notebook)
    notebook.cells.remove(cell)
    notebook.cells.insert(-1, cell)


def misnumbered(notebook):
    cell_with(notebook, "### Exercise 7.2").source = "### Exercise 7.4: halve"


def ungraded(notebook):
    solution(notebook).outputs[0].text = "Exercise 7.2: not yet."


def failed(notebook):
    output = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
    still(notebook).outputs.append(nbformat.from_dict(output))


def no_state(notebook):
    del notebook.metadata["widgets"]


def half_a_state(notebook):
    del notebook.metadata.widgets[conventions.STATE]["state"]["cd34"]


def left_state(notebook):
    for cell in filter(conventions.is_explore, notebook.cells):
        cell.outputs.clear()


def handler_in_a_widget(notebook):
    frames(notebook)["value"] += '<b onclick="x()">'


def late_setup(notebook):
    cell = setup(notebook)
    notebook.cells.remove(cell)
    notebook.cells.insert(5, cell)


def other_chapter(notebook):
    for cell in notebook.cells:
        cell.source = cell.source.replace("Exercise 7.", "Exercise 8.")


#: Each way to break a chapter, the rule that must see it, and what the rule says.
BROKEN = [
    (no_identity, chapter_rules.valid, "without an identity"),
    (same_identities, chapter_rules.valid, "without an identity"),
    (no_metadata, chapter_rules.valid, "not a valid notebook"),
    (old_format, chapter_rules.valid, "older than 4.5"),
    (many_claims, chapter_rules.cells, "07-04 has 3 claims"),
    (wide_cell, chapter_rules.cells, "07-04 has 73 columns"),
    (long_cell, chapter_rules.cells, "07-04 has 26 lines"),
    (much_code, chapter_rules.budgets, "lines of code, not at most 150"),
    (little_prose, chapter_rules.budgets, "words of prose"),
    (without(imports), chapter_rules.imports, "imports nothing"),
    (nothing_imported_first, chapter_rules.imports, "imports nothing"),
    (late_import, chapter_rules.imports, "2 cells import"),
    (
        replacing(imports, "import torch\n", "import a\n" * 8),
        chapter_rules.imports,
        "9",
    ),
    (replacing(imports, "seed=0", "seed=1"), chapter_rules.imports, "session.start"),
    (failing_claim, chapter_rules.claims, "2 claims hold"),
    (no_pictures, chapter_rules.figures, "no figure"),
    (two_pictures, chapter_rules.figures, "2 pictures"),
    (same_names, chapter_rules.figures, "several figures are called 'fig-7-shares'"),
    (bad_name, chapter_rules.figures, "no name"),
    (drop(moving, "mystnb", "figure", "name"), chapter_rules.figures, "no name"),
    (short_alt, chapter_rules.figures, "no alt text"),
    (drop(still, "mystnb", "image"), chapter_rules.figures, "no alt text"),
    (short_caption, chapter_rules.figures, "no caption"),
    (drop(still, "mystnb"), chapter_rules.figures, "no caption"),
    (no_widget, chapter_rules.figures, "0 widgets"),
    (untag(moving, "explore"), chapter_rules.explores, "0 figures with sliders"),
    (untag(moving, "explore"), chapter_rules.explores, "without the tag"),
    (no_exercise, chapter_rules.exercises, "1 exercises, not 3 to 4"),
    (unsolved, chapter_rules.exercises, "2 solutions of 3"),
    (late_solution, chapter_rules.exercises, "7.2: the next cell is no solution"),
    (misnumbered, chapter_rules.exercises, "exercises are not"),
    (ungraded, chapter_rules.exercises, "7.2: the solution is not graded as correct"),
    (untag(solution, "hide-cell"), chapter_rules.exercises, "not folded on the site"),
    (drop(solution, "jupyter"), chapter_rules.exercises, "in JupyterLab"),
    (drop(solution, "cellView"), chapter_rules.exercises, "in Colab"),
    (replacing(solution, "# @title", "#"), chapter_rules.exercises, "first line"),
    (replacing(solution, 'de("7.2"', 'de("7.1"'), chapter_rules.exercises, "one exerc"),
    (replacing(solution, ", halve)", ", 2)"), chapter_rules.exercises, "by its name"),
    (write("See {ref}`there`."), chapter_rules.prose_is_plain, "{ref}"),
    (write("```{note}\nText\n```"), chapter_rules.prose_is_plain, "```{"),
    (write(":::{note}\nText\n:::"), chapter_rules.prose_is_plain, ":::"),
    (replacing(title, "# 7.", "7."), chapter_rules.spine, "begin with"),
    (write("# Again"), chapter_rules.spine, "one title"),
    (
        replacing(summary, "## What", "## And what"),
        chapter_rules.spine,
        "last sections",
    ),
    (printing("stderr", "UserWarning"), output_rules.kinds, "writes to stderr"),
    (failed, output_rules.kinds, "shows the error E"),
    (displaying(**{"text/html": "<b>x</b>"}), output_rules.kinds, "text/html"),
    (displaying(**{"image/svg+xml": "<svg/>"}), output_rules.kinds, "image/svg+xml"),
    (never_run, output_rules.counts, "counts"),
    (run_out_of_order, output_rules.counts, "counts"),
    (set_picture("no picture"), output_rules.pictures, "cannot be decoded"),
    (
        set_picture(sample_chapter.picture()[:80]),
        output_rules.pictures,
        "cannot be decoded",
    ),
    (set_picture(sample_chapter.picture(blank=True)), output_rules.pictures, "blank"),
    (
        set_picture(sample_chapter.picture(clipped=True)),
        output_rules.pictures,
        "reaches its edge",
    ),
    (set_frame('<img alt="">'), output_rules.pictures, "without its picture"),
    (set_frame(sample_chapter.frame("Bars")), output_rules.frame_texts, "description"),
    (no_state, output_rules.widget_state, "no stored state"),
    (half_a_state, output_rules.widget_state, "cd34 has no stored state"),
    (left_state, output_rules.widget_state, "no cell shows"),
    (write("<script>x()</script>"), output_rules.safe, "<script"),
    (write('<img src="x" onerror="x()">'), output_rules.safe, "onerror"),
    (write("[x](javascript:x)"), output_rules.safe, "javascript:"),
    (printing("stdout", "< iframe src=x>"), output_rules.safe, "< iframe"),
    (handler_in_a_widget, output_rules.safe, "onclick"),
    (printing("stdout", "/ho" + "me/me/x.py"), output_rules.anonymous, "one machine"),
    (printing("stdout", "ipykernel_12/3.py"), output_rules.anonymous, "one machine"),
    (replacing(setup, "@", "@x"), chapter_rules.addressed, "not one set-up cell"),
    (without(setup), chapter_rules.addressed, "not one set-up cell"),
    (late_setup, chapter_rules.addressed, "first code cell"),
    (untag(setup, "remove-cell"), chapter_rules.addressed, "remove-cell"),
    (replacing(title, "blob/", "blob/x"), chapter_rules.addressed, "title cell"),
    (write("[x](https://elsewhere.org)"), chapter_rules.addressed, "elsewhere"),
    (write("[x](02-other.ipynb)"), chapter_rules.addressed, "02-other"),
    (write("<https://elsewhere.org>"), chapter_rules.addressed, "elsewhere"),
    (write("![x](picture.png)"), chapter_rules.addressed, "picture.png"),
    (other_chapter, chapter_rules.exercises, "exercises are not"),
]


def said_by(rule: Callable, notebook: NotebookNode) -> str:
    named = rule in chapter_rules.NAMED_RULES
    more = (sample_chapter.STEM,) if named else ()
    return "\n".join(rule(notebook, *more))


@pytest.mark.parametrize(("breaking", "rule", "said"), BROKEN)
def test_a_rule_sees_what_breaks_it(breaking, rule, said):
    notebook = sample_chapter.make()
    assert said_by(rule, notebook) == ""
    breaking(notebook)
    assert said in said_by(rule, notebook)


def test_every_rule_has_been_broken():
    seen = {rule for _, rule, _ in BROKEN}
    assert seen == {*chapter_rules.RULES, *chapter_rules.NAMED_RULES}


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
    many_claims(notebook)
    assert said_by(chapter_rules.cells, notebook) == ""
    wide_cell(notebook)
    assert said_by(chapter_rules.cells, notebook) == (
        "07-04 has 73 columns, not at most 72"
    )


def test_exemptions_name_rules_and_chapters():
    rules = tomllib.loads(chapter_rules.EXEMPT.read_text("utf-8"))
    assert set(rules) == {"claims", "columns", "lines"}
    stems = {path.stem for path in CHAPTERS}
    assert all(set(rules[rule]) <= stems for rule in rules)
