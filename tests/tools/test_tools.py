"""The tools that keep the notebooks: storing, the student's version, the address."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import sample_chapter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.chapters import conventions, notebooks, repository, student

ROOT = conventions.ROOT
TOOL = [sys.executable, "-m", "tools.chapters.notebooks"]

WIDGET = """\
import ipywidgets
box = ipywidgets.VBox([ipywidgets.IntSlider(max=3), ipywidgets.HTML("<b>text</b>")])
ipywidgets.jslink((box.children[0], "value"), (box.children[0], "min"))
box"""


@pytest.fixture
def stored(tmp_path):
    """Give a function that writes a notebook with the given code cells."""

    def write(*sources: str) -> Path:
        cells = [new_code_cell(source) for source in sources]
        path = tmp_path / "01-sample.ipynb"
        path.write_text(conventions.written(new_notebook(cells=cells)), "utf-8")
        return path

    return write


# ------------------------------------------------------------------------------ storing


def test_storing_twice_gives_the_same_bytes(stored):
    """Streams are in one piece, and every widget has a fixed name."""
    path = stored("import sys", "print('a'); print('b', flush=True)\nprint(1)", WIDGET)
    notebooks.store(path)
    first = path.read_bytes()
    notebooks.store(path)
    assert path.read_bytes() == first
    assert first.endswith(b"}\n")
    notebook = conventions.read(path)
    nbformat.validate(notebook)
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, 3]
    assert [output.text for output in notebook.cells[1].outputs] == ["a\nb\n1\n"]
    models = conventions.widgets(notebook)
    names = {model["model_name"] for model in models.values()}
    assert names >= {"VBoxModel", "IntSliderModel", "HTMLModel", "LinkModel"}
    assert sorted(models) == [f"{i:032x}" for i in range(len(models))]
    (view,) = conventions.views(notebook.cells)
    assert models[view]["model_name"] == "VBoxModel"
    referred = re.findall(r"IPY_MODEL_(\w+)", path.read_text("utf-8"))
    assert set(referred) <= set(models)


def test_the_command_stores_what_runs_and_leaves_what_does_not(stored, tmp_path):
    bad = stored("1 / 0").rename(tmp_path / "02-bad.ipynb")
    dead = stored("import os; os._exit(1)").rename(tmp_path / "03-dead.ipynb")
    good = stored("print(6 * 7)")
    notebook = conventions.read(good)
    notebook.metadata.widgets = {conventions.STATE: sample_chapter.state()}  # of before
    good.write_text(conventions.written(notebook), "utf-8")
    before = [path.read_bytes() for path in (bad, dead)]
    command = [*TOOL, "store", bad, dead, good]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.fullmatch(r"01-sample: \d+\.\d s\n", done.stdout)
    assert re.search(r"02-bad.*left as it was: ZeroDivisionError", done.stderr)
    assert "03-dead.ipynb is left as it was" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.read_bytes() for path in (bad, dead)] == before
    assert sorted(tmp_path.iterdir()) == [good, bad, dead]
    assert "42" in good.read_text("utf-8")
    assert conventions.widgets(conventions.read(good)) == {}


def test_chapters_are_named_by_a_part_of_their_name(capsys):
    assert [path.stem for path in notebooks.named(["01"])] == ["01-histograms"]
    assert notebooks.named([]) == conventions.chapters()
    with pytest.raises(SystemExit, match="no chapter is called 'no-such-chapter'"):
        notebooks.named(["no-such-chapter"])


def test_normalising_drops_what_editors_leave():
    cell = new_code_cell("1", metadata={"tags": ["setup"], "execution": {"a": "1"}})
    other = new_markdown_cell("text", id=cell.id)
    bare = new_markdown_cell("text")
    del bare["id"]
    notebook = new_notebook(metadata={"vscode": {}})
    notebook.cells = [cell, other, bare]
    found = notebooks.normalised(notebook)
    assert found.cells[0].metadata == {"tags": ["setup"]}
    assert [c.id for c in found.cells] == [cell.id, "cell-01", "cell-02"]
    assert set(found.metadata) == {"kernelspec", "language_info"}
    nbformat.validate(found)


# --------------------------------------------------------------- the student's version

SOLUTION = '''\
# @title Solution 7.1
def fit(
    outcomes,  # what was seen
    k=3,
):
    """Count and divide.

    One entry for each bin.
    """
    # the secret is bincount
    return torch.bincount(outcomes, minlength=k) / len(outcomes)


def bare(x):
    # secret
    return x + 1


def hidden(x):
    return bare(x)


a, (b, *c) = 1, (2, 3)
secret = [i for i in range(3)]
both = (fit, bare, b)
print("the secret is", secret)
exercises.grade("7.1", both)'''

STUB = '''\
def fit(
    outcomes,  # what was seen
    k=3,
):
    """Count and divide.

    One entry for each bin.
    """
    ...  # your code here


def bare(x):
    ...  # your code here


b = ...  # your code here
both = ...  # your code here
exercises.grade("7.1", both)'''


def test_a_stub_keeps_the_answer_and_gives_nothing_away():
    assert student.stub(SOLUTION) == STUB


ANSWERS = ("lambda x: 2 * x", "2.0**-24", "f(1)", "answer=f", "f, 1")
STATEMENTS = ("import torch", "for i in (): pass", "class A: x")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        *((f'exercises.grade("1.1", {a})', "by its name") for a in ANSWERS),
        *((s, "expected functions, assignments and calls") for s in STATEMENTS),
    ],
)
def test_a_solution_of_another_shape_is_refused(source, told):
    with pytest.raises(ValueError, match=told):
        student.stub(source)


def test_the_students_notebook_says_what_it_is_and_shows_no_result(tmp_path):
    path = tmp_path / f"{sample_chapter.STEM}.ipynb"
    path.write_text(conventions.written(sample_chapter.make()), "utf-8")
    notebook, address = student.stripped(path), repository.read()
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    for cell in filter(conventions.is_code, notebook.cells):
        assert (cell.outputs, cell.execution_count) == ([], None)
    *solved, lab = [c for c in notebook.cells if "exercise" in conventions.tags(c)]
    assert len(solved) == 3
    for cell in [*solved, lab]:
        assert cell.metadata == {"tags": ["exercise"]}
        assert "@title" not in cell.source
        assert "\nexercises.grade(" in cell.source
    for cell in solved:
        assert re.search(r'^def .*\n    """.*"""\n    \.\.\.', cell.source)
    after = notebook.cells[notebook.cells.index(lab) + 1]
    assert after.source == "exercises.progress()"
    assert "2 * x" not in conventions.written(notebook)
    first, title, setup = notebook.cells[:3]
    assert "Student version" in first.source
    assert f"{address.pages}book/{sample_chapter.STEM}.html" in first.source
    whole, links = conventions.read(path).cells[0].source, address.links(path.stem)
    assert title.source == whole.replace(f"\n\n{links}", "")
    assert setup.source == address.setup


def test_the_command_writes_students_notebooks_without_torch(tmp_path):
    program = (
        "import sys; sys.modules['torch'] = sys.modules['nbclient'] = None; "
        "from tools.chapters import notebooks; notebooks.main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", program, "student", tmp_path / "out"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {f"{path.stem}-student.ipynb" for path in conventions.chapters()}


# -------------------------------------------------------------------------- the address

OTHER = repository.Address("Some-Body", "their.book", "v2.0.1")


HOSTS = ("https://github.com/", "git@github.com:", "ssh://git@github.com/")


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("end", ["", "/", ".git "])
def test_addresses_are_read_as_they_are_pasted(host, end):
    assert repository.parse(f"{host}Some-Body/their.book{end}", "v2.0.1") == OTHER


GITHUB = "https://github.com/"


@pytest.mark.parametrize(
    "url",
    ["", "https://gitlab.com/a/b", f"{GITHUB}a", f"{GITHUB}a/b/c", f"{GITHUB}a/b c"],
)
def test_a_wrong_address_or_tag_is_refused(url):
    with pytest.raises(ValueError, match="URL: expected"):
        repository.parse(url, "v1")
    with pytest.raises(ValueError, match="TAG: expected"):
        repository.parse(f"{GITHUB}a/b", "v 1")


def test_the_address_is_that_of_gits_origin(tmp_path):
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    assert repository.origin(tmp_path) == ""
    told = ["git", "remote", "add", "origin", "git@github.com:Some-Body/their.book.git"]
    subprocess.run(told, cwd=tmp_path, check=True)
    assert repository.parse(repository.origin(tmp_path), "v2.0.1") == OTHER


def test_the_site_of_a_person_has_no_folder():
    own = repository.Address("Me", "me.github.io", "v1")
    assert own.pages == "https://me.github.io/"


def test_somebody_elses_address_is_left():
    near = "github.com/a/b-more github.com/a/bc github.com/a/b.other github.com/xa/b"
    text = f"{near} https://a.github.io/bc/ v1 of something else"
    assert repository.renamed(text, repository.Address("a", "b", "v1"), OTHER) == text


@pytest.fixture
def checkout(tmp_path):
    """Copy what may name the repository, with a chapter that keeps every rule."""
    for path in repository.files():
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    chapter = tmp_path / "book" / f"{sample_chapter.STEM}.ipynb"
    chapter.write_text(conventions.written(sample_chapter.make()), "utf-8")
    return tmp_path


def contents(root: Path) -> dict[Path, str]:
    return {p.relative_to(root): p.read_text("utf-8") for p in repository.files(root)}


def test_an_address_is_set_everywhere_and_back(checkout):
    old = repository.read(checkout)
    repository.assign(old, checkout)
    before = contents(checkout)
    changed = repository.assign(OTHER, checkout)
    after = contents(checkout)
    assert repository.read(checkout) == OTHER
    assert {path.relative_to(checkout) for path in changed} == {
        path for path in before if before[path] != after[path]
    }
    for path, text in after.items():
        assert f"{old.owner}/{old.name}" not in text, path
        assert old.pages not in text, path
    chapter = conventions.read(checkout / "book" / f"{sample_chapter.STEM}.ipynb")
    assert OTHER.links(sample_chapter.STEM) in chapter.cells[0].source
    assert [c.source for c in chapter.cells if conventions.is_setup(c)] == [OTHER.setup]
    assert repository.assign(OTHER, checkout) == []
    repository.assign(old, checkout)
    assert contents(checkout) == before


def test_links_and_set_up_that_strayed_are_brought_back(checkout):
    path = checkout / "book" / f"{sample_chapter.STEM}.ipynb"
    notebook = conventions.read(path)
    sound = conventions.written(notebook)
    notebook.cells[0].source = notebook.cells[0].source.replace("companion", "else")
    next(filter(conventions.is_setup, notebook.cells)).source = "print()"
    path.write_text(conventions.written(notebook), "utf-8")
    assert path in repository.assign(repository.read(checkout), checkout)
    assert path.read_text("utf-8") == sound
    links = repository.read(checkout).links(sample_chapter.STEM)
    path.write_text(sound.replace(links, ""), "utf-8")
    repository.assign(repository.read(checkout), checkout)
    assert links in conventions.read(path).cells[0].source


def test_every_file_agrees_with_the_one_address():
    address = repository.read()
    source = (ROOT / "lecture_code" / "__init__.py").read_text("utf-8")
    assert f'__version__ = "{address.tag.removeprefix("v")}"' in source
    own = f"{address.owner}/{address.name}"
    colab = re.compile(r"colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)")
    names = rf"(?:{address.owner}/[\w-]+|[\w-]+/{address.name})"
    ours = re.compile(rf"github(?:\.com)?/({names})")
    tagged = re.compile(rf"{re.escape(own)}(?:/(?:blob|tree|raw)/|@)(v[\w.]*\w)")
    for name in ("README.md", "CITATION.cff", "pyproject.toml"):
        assert address.url in (ROOT / name).read_text("utf-8")
    for path, text in contents(ROOT).items():
        assert set(colab.findall(text)) <= {own}, path
        assert set(ours.findall(text)) <= {own}, path
        assert set(tagged.findall(text)) <= {address.tag}, path
