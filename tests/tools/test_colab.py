"""What Colab gets: a pure wheel that needs nothing new, through the set-up cell.

The chapters themselves run under Colab's versions in ``make test-colab``, which takes
an environment of its own and some minutes; here is what can be told without it.
"""

from __future__ import annotations

import email
import subprocess
import sys
import zipfile

import pytest
import sample_chapter
from packaging.requirements import Requirement

from tools.chapters import conventions, repository
from tools.checks import colab

ROOT = conventions.ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return colab.build_wheel(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_is_pure_python_and_holds_every_file_of_the_package(wheel):
    assert wheel.name.endswith("-py3-none-any.whl")
    kinds = ("*.py", "*.npz", "*.csv")
    wanted = {p for kind in kinds for p in (ROOT / "lecture_code").rglob(kind)}
    names = set(zipfile.ZipFile(wheel).namelist())
    packed = {name for name in names if ".dist-info/" not in name}
    assert packed == {path.relative_to(ROOT).as_posix() for path in wanted}


@pytest.fixture(scope="module")
def needed(wheel):
    """Runtime requirements that the wheel states, the extras left out."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith("/METADATA"))
        stated = email.message_from_bytes(archive.read(name))
    requirements = map(Requirement, stated.get_all("Requires-Dist"))
    return [each for each in requirements if each.marker is None]


def test_requirements_are_floors(needed):
    assert needed
    for requirement in needed:
        operators = {each.operator for each in requirement.specifier}
        assert operators == {">="}, requirement


def test_colab_has_what_the_package_needs(needed):
    # each is there with a library of Colab's that needs it itself
    unknown = {each.name for each in needed} - set(colab.COLAB)
    assert unknown <= {"joblib", *colab.BROUGHT}
    for requirement in needed:
        version = colab.COLAB.get(requirement.name)
        assert version is None or version in requirement.specifier, requirement


def set_up(*options: str, before: str = "") -> str:
    """Run the set-up cell, with a print in place of pip, and give its last words."""
    cell = repository.read().setup.replace("\n    %pip", '\n    print("installs") #')
    command = [sys.executable, *options, "-c", f"{before}\n{cell}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().rpartition("\n")[2]


#: An interpreter that finds the standard library and nothing else.
BARE = ("-I", "-S")
ON_COLAB = "import sys; sys.modules['google.colab'] = sys"


def test_the_set_up_cell_installs_what_is_missing_on_colab_and_says_how_elsewhere():
    assert set_up() == ""
    assert set_up(*BARE, before=ON_COLAB) == "installs"
    address = repository.read()
    command = f'%pip install "git+{address.url}@{address.tag}"'
    assert set_up(*BARE) == f"ModuleNotFoundError: first run: {command}"


def test_copies_differ_in_what_is_installed_and_nothing_else(tmp_path):
    chapter = tmp_path / f"{sample_chapter.STEM}.ipynb"
    chapter.write_text(conventions.written(sample_chapter.make()), "utf-8")
    (copy,) = colab.copy_chapters(tmp_path, tmp_path / "x.whl", [chapter])
    assert copy.name == chapter.name
    assert not copy.is_relative_to(ROOT)
    hooks = (ROOT / "book" / "conftest.py").read_bytes()  # they compare the claims
    assert copy.with_name("conftest.py").read_bytes() == hooks
    address = repository.read()
    text = copy.read_text("utf-8")
    assert f'\\"{tmp_path / "x.whl"}\\"' in text
    target = f"git+{address.url}@{address.tag}"
    assert text.replace(str(tmp_path / "x.whl"), target) == chapter.read_text("utf-8")
