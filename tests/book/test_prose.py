"""Numbers in the prose of the chapters are backed, and unbacked ones are found."""

from __future__ import annotations

import pytest
import sample_chapter

from tools.chapters import conventions, prose

CHAPTERS = conventions.chapters()
ALLOWED = prose.allowed()


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_number_in_the_prose_is_backed(path):
    assert "\n".join(prose.complaints(path, ALLOWED.get(path.stem, {}))) == ""


def test_allowances_name_chapters_of_the_book():
    assert set(ALLOWED) <= {path.stem for path in CHAPTERS}


def values(text: str) -> list[float]:
    return [number.value for number in prose.numbers(text)]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("it is 3", [3]),
        ("2.50 nats", [2.5]),
        ("36 000 patches", [36_000]),
        ("1,797 images", [1797]),
        ("1\u202f797 images", [1797]),
        ("12 % and 12%", [0.12, 0.12]),
        ("7 percent", [0.07]),
        ("1e-6", [1e-6]),
        ("from 3-4", [3, 4]),
        ("3..16", [3, 16]),
        ("2, 3 and 5.", [2, 3, 5]),
        ("none", []),
    ],
)
def test_numbers_are_read_as_a_reader_would(text, read):
    assert values(text) == pytest.approx(read)


@pytest.mark.parametrize(
    "text",
    [
        "as Chapter 3 shows",
        "slides 5-9 and 12",
        "Exercises 1.2 and 1.3",
        "## 12. A title",
        "3. a list",
        "patches of 8 x 8 or 28 \u00d7 28 pixels, 3 by 3",
        "long known (Shannon, 1948) and (1948)",
        "float32 on a 2-D grid of 8-bit pixels, the 3rd",
        "takes under 20 s",
        "from 0 to 1",
        "a `histogram(512)` cell",
        "```python\nx = 512\n```",
        "the formula $2^{9} = 512$ and $$k = 33$$",
        "[a link](https://example.org/77)",
        "## References\n\n- 77 pages",
    ],
)
def test_names_and_shapes_need_no_backing(text):
    assert values(prose.readable(text)) == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("after chapter 3 come 512 bins", [512]),
        ("in 1797 images", [1797]),
        ("the digits (1797 of them)", [1797]),
        ("8 x 8 = 64 pixels", [64]),
        ("falls to 0.4 of it", [0.4]),
        ("1.5 times", [1.5]),
        ("0 %, 1 % or 10", [0.0, 0.01, 10]),
        ("about $0.43$ nats, $\\approx 12 \\%$", [0.43, 0.12]),
        ("## 2. Title\n\nwith 33 bins", [33]),
        ("## References\n\n", []),
        ("it took 20 s", [20]),
    ],
)
def test_what_is_no_name_is_left(text, left):
    assert values(prose.readable(text)) == pytest.approx(left)


def number(text: str) -> prose.Number:
    return next(prose.numbers(text))


@pytest.mark.parametrize(
    ("written", "shown", "backed"),
    [
        ("0.43", "0.4312", True),
        ("0.43", "0.425", True),
        ("43 %", "0.4312", True),
        ("43 %", "43.1 %", True),
        ("2", "2.3", True),
        ("36 000", "36000", True),
        ("0.3", "-0.3", True),
        ("12.0", "12.00", True),
        ("0.43", "0.4", False),  # more digits than the chapter shows
        ("0.43", "0.44", False),
        ("43 %", "0.424", False),
        ("2", "2.6", False),
        ("36 000", "36001", False),
        ("3.00", "3", False),
        ("5 %", "5", False),
    ],
)
def test_an_output_backs_what_it_rounds_to(written, shown, backed):
    assert prose.is_backed(number(written), [number(shown)]) == backed


def chapter(text: str, *, printed: str = "", code: str = "x = 1"):
    """Make the sample chapter with a sentence, an output and a cell of our own."""
    notebook = sample_chapter.make()
    cell = sample_chapter.code(code, sample_chapter.shown(printed))
    notebook.cells.insert(2, cell)
    notebook.cells[4].source += f"\n\n{text}"
    return notebook


@pytest.mark.parametrize(
    ("text", "beside", "left"),
    [
        ("Every share is counted.", {}, []),
        ("A share of 0.61 is lost.", {}, ["0.61"]),
        ("A share of 0.61 is lost.", {"printed": "share 0.612"}, []),
        ("A table of 512 entries.", {"code": "table = histogram(512)"}, []),
        # a shape is not read as one number
        ("All 1000 of 250.", {"printed": "(1000, 250)"}, []),
        ("All 1000 of 250.", {"printed": "1000 250"}, []),
        # 37 % stands in the frame of the sample's figure with sliders, and nowhere else
        ("At one end it is 37 %.", {}, []),
        ("At one end it is 38 %.", {}, ["38 %"]),
    ],
)
def test_a_number_is_backed_by_an_output_a_frame_or_a_setting(text, beside, left):
    assert prose.unbacked(chapter(text, **beside)) == left


@pytest.mark.parametrize("place", ["caption", "alt"])
def test_captions_and_alt_texts_are_read(place):
    notebook = sample_chapter.make()
    cell = next(c for c in notebook.cells if "plotting.bars" in c.source)
    kind = "figure" if place == "caption" else "image"
    cell.metadata.mystnb[kind][place] += " The first is 0.77 high."
    assert prose.unbacked(notebook) == ["0.77"]


def test_complaints_name_what_is_new_and_what_is_idle(tmp_path):
    path = tmp_path / "07-sample.ipynb"
    path.write_text(conventions.written(chapter("It is 61.")), encoding="utf-8")
    assert prose.complaints(path, {}) == ["nothing backs '61'"]
    assert prose.complaints(path, {"61": "known"}) == []
    idle = prose.complaints(path, {"61": "known", "62": "known"})
    assert idle == ["the allowance of '62' is not used"]
