"""The pictures of a run are held against those that are stored."""

from __future__ import annotations

import base64
import io
import runpy

import pytest
from PIL import Image, ImageDraw

from lecture_code import session
from tools.chapters import conventions, pictures

IMAGES = conventions.ROOT / "book" / "images"
DRAWN = runpy.run_path(str(IMAGES / "draw.py"))["DRAWN"]


def plot(change: str = "") -> Image.Image:
    """Draw a curve, a bar and a word as a figure has them, with one change."""
    image = Image.new("RGB", (640, 320), "white")
    draw = ImageDraw.Draw(image)
    line = [(x, 160 - 100 * (x - 320) / 300) for x in range(40, 600)]
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


def test_of_a_picture_that_varies_the_size_is_compared():
    assert said(plot(), plot("no curve"), varies=True) == []
    assert said(plot(), plot().crop((0, 0, 600, 320)), varies=True)


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
