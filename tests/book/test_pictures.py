"""The pictures of a run are held against those that are stored."""

from __future__ import annotations

import base64
import io
import os
import runpy
import shutil
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image, ImageDraw

from lecture_code import session
from tools.chapters import conventions, notebooks, pictures

ROOT = conventions.ROOT
IMAGES = ROOT / "book" / "images"
DRAWN = runpy.run_path(str(IMAGES / "draw.py"))["DRAWN"]


def plot(change: str = "") -> Image.Image:
    """Draw a curve, a bar and a word as a figure has them, with one change."""
    image = Image.new("RGB", (640, 320), "white")
    draw = ImageDraw.Draw(image)
    shift = 1 if change == "one pixel further" else 0
    line = [(x + shift, 160 - 100 * (x - 320) / 300) for x in range(40, 600)]
    if change != "no curve":
        draw.line(line, fill="orange" if change == "other colour" else "blue", width=2)
    draw.rectangle((300, 200, 330, 280 if change != "longer bar" else 290), "green")
    if change != "no word":
        draw.text((50, 20), "likelihood", "black", font_size=13)
    return image


def written(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, format="PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")


def said(old: Image.Image, new: Image.Image, **options: bool) -> list[str]:
    return list(pictures.differences([written(old)], [written(new)], **options))


def test_the_same_picture_is_the_same_however_it_is_wrapped():
    text = written(plot())
    assert list(pictures.differences([text], [f"{text[:70]}\n{text[70:]}\n"])) == []


def test_a_little_noise_is_not_seen():
    fine = plot().point(lambda value: max(value - 5, 0))
    assert said(plot(), fine) == []


@pytest.mark.parametrize(
    "change", ["no curve", "other colour", "longer bar", "no word"]
)
def test_what_a_reader_would_see_is_seen(change):
    (found,) = said(plot(), plot(change))
    assert found.startswith("picture 1: ")
    assert "look different" in found


def test_another_size_is_seen():
    assert "(640, 320)" in said(plot(), plot().crop((0, 0, 600, 320)))[0]


def test_missing_and_extra_pictures_are_seen():
    one = written(plot())
    assert list(pictures.differences([one], [])) == [
        "1 pictures are stored, and 0 were drawn"
    ]
    assert list(pictures.differences([], [one])) == [
        "0 pictures are stored, and 1 were drawn"
    ]


def test_of_a_picture_that_varies_the_size_is_compared():
    assert said(plot(), plot("no curve"), varies=True) == []
    assert said(plot(), plot().crop((0, 0, 600, 320)), varies=True)


# ---------------------------------------------------------------------- in nbval's run

DRAW = """\
from PIL import Image
picture = Image.linear_gradient("L").rotate({turn}).convert("RGB")
display(picture)"""
SLIDE = """\
import base64, io, ipywidgets
file = io.BytesIO()
picture.rotate({turn}).save(file, format="PNG")
text = base64.b64encode(file.getvalue()).decode()
frame = f'<img alt="A turn of {turn}." src="data:image/png;base64,{{text}}">'
class Figure(ipywidgets.VBox):
    def __repr__(self):
        return "a figure"
Figure([ipywidgets.HTML(frame)])"""


def sources(*, turn: int = 0, slide: int = 0) -> list[str]:
    return [DRAW.format(turn=turn), SLIDE.format(turn=slide), "print('text')"]


def stored(folder, *cells: str):
    """Store a notebook beside the hook that compares pictures."""
    shutil.copy(ROOT / "book" / "conftest.py", folder)
    path = folder / "01-sample.ipynb"
    made = new_notebook(cells=[new_code_cell(source) for source in cells])
    path.write_text(conventions.written(made), encoding="utf-8")
    notebooks.store(path)
    return path


def nbval(path) -> str:
    """Run a notebook as `make test` does, and return what that prints."""
    options = ["--nbval", "--nbval-current-env", "-p", "no:randomly", "-q", "-rf"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", path.parent, path],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=path.parent,
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_a_run_that_draws_what_is_stored_passes(tmp_path):
    assert "3 passed" in nbval(stored(tmp_path, *sources()))


def test_a_run_that_draws_otherwise_fails_at_the_cell(tmp_path):
    path = stored(tmp_path, *sources(slide=90))
    notebook = conventions.read(path)
    for cell, source in zip(notebook.cells, sources(turn=180), strict=True):
        cell.source = source
    path.write_text(conventions.written(notebook), encoding="utf-8")
    told = nbval(path)
    assert "2 failed, 1 passed" in told
    assert "Pictures differ" in told
    assert "figure with sliders: picture 1" in told
    assert "'A turn of 90.' is stored, not 'A turn of 0.'" in told


def test_a_picture_that_is_gone_or_new_fails_at_the_cell(tmp_path):
    path = stored(tmp_path, *sources())
    notebook = conventions.read(path)
    notebook.cells[0].outputs[0].data.pop("image/png")
    notebook.cells[2].source += "\ndisplay(picture)"
    path.write_text(conventions.written(notebook), encoding="utf-8")
    told = nbval(path)
    assert "0 pictures are stored, and 1 were drawn" in told


# ------------------------------------------------------------------ beside the chapters


@pytest.mark.parametrize("draw", DRAWN, ids=lambda draw: draw.__name__)
def test_a_picture_under_images_is_what_its_code_draws(draw, kept_globals):
    session.start(seed=0)
    file = io.BytesIO()
    draw().savefig(file, dpi=100)
    path = IMAGES / f"{draw.__name__.replace('_', '-')}.png"
    kept = base64.b64encode(path.read_bytes()).decode("ascii")
    fresh = base64.b64encode(file.getvalue()).decode("ascii")
    assert list(pictures.differences([kept], [fresh])) == []


def test_no_picture_lies_there_that_nothing_draws():
    names = {draw.__name__.replace("_", "-") for draw in DRAWN}
    photographed = {"page"}  # a screenshot of the site, for the README
    assert {path.stem for path in IMAGES.glob("*.png")} == names | photographed
