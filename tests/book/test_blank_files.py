"""What stands under "From a blank file" runs, and does what its chapter says of it."""

from __future__ import annotations

import re

import pytest
import torch

from tools.chapters import conventions

BOX = re.compile(r"^## From a blank file$.*?^```python\n(.*?)^```$", re.M | re.S)
LINES = range(20, 36)
#: What the code of a chapter leaves behind, and between which numbers it lies.
LEFT: dict[str, tuple[str, float, float]] = {
    "05": ("score", 17.0, 20.5),
    "07": ("away", 1.1, 1.58),
    "09": ("nats", 18.0, 20.0),
    "10": ("gain", 0.5, 2.0),
    "11": ("apart", 1.2, 1.9),
    "12": ("as_asked", 0.8, 1.0),
}


def boxes() -> dict[str, str]:
    """Read the code of each box, by the number of its chapter."""
    found = {}
    for path in conventions.chapters():
        cells = filter(conventions.is_markdown, conventions.read(path).cells)
        for match in filter(None, (BOX.search(cell.source) for cell in cells)):
            found[path.stem[:2]] = match[1]
    return found


def test_the_boxes_are_where_they_are_promised():
    assert list(boxes()) == list(LEFT) == ["05", "07", "09", "10", "11", "12"]


@pytest.mark.parametrize("number", LEFT)
def test_a_blank_file_becomes_a_model(number, capsys):
    source = boxes()[number]
    assert "lecture_code" not in source
    assert len([line for line in source.splitlines() if line.strip()]) in LINES
    scope: dict[str, object] = {}
    with torch.random.fork_rng(devices=[]):
        exec(source, scope)
    name, least, most = LEFT[number]
    assert least < scope[name] < most
