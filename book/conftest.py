"""What nbval's run compares beyond letters: what texts say, claims, and pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lecture_code import _mnist
from tools.chapters import conventions, pictures, texts


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave the workshops out where the files of MNIST are not."""
    if (
        conventions.is_workshop(collection_path.stem)
        and _mnist.missing()
    ):
        return True
    return None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one loud line that the workshops were not run."""
    if _mnist.missing():
        said = "NO MNIST: no workshop was run; `make data` fetches its files."
        terminalreporter.write_line(said, red=True, bold=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Let nbval compare what a cell says, then compare its claims and pictures."""
    if type(item).__name__ != "IPyNbCell":
        return (yield)
    drawn: list[str] = []
    item.parent.get_kernel_message = listening(item.parent, drawn)
    item.sanitize = reading(item)
    try:
        result = yield
    finally:
        del item.parent.get_kernel_message
    if item.options["check"]:
        fail(item, "Pictures", compare_pictures(item, drawn))
    else:
        fail(item, "Claims", compare_claims(item))
    return result


def fail(item: Any, what: str, differences: Iterator[str]) -> None:
    """Fail at the cell if something differs."""
    if found := list(differences):
        item.raise_cell_error(f"{what} differ", "\n".join(found))


def reading(item: Any) -> Callable[[Any], Any]:
    """Hand nbval a cell's texts as such that are equal if they say the same."""
    original = type(item).sanitize

    def sanitize(output: Any) -> Any:
        text = original(item, output)
        return texts.Text(text) if isinstance(text, str) else text

    return sanitize


def listening(file: Any, drawn: list[str]) -> Callable[..., dict]:
    """Read the kernel's messages as nbval does, and keep the frames in passing."""
    original = type(file).get_kernel_message

    def get(*arguments: Any, **options: Any) -> dict:
        message = original(file, *arguments, **options)
        if message["msg_type"] == "comm_open":
            state = message["content"]["data"].get("state", {})
            drawn.extend(pictures.pages(state))
        return message

    return get


def compare_pictures(item: Any, drawn: list[str]) -> Iterator[str]:
    """Say how a cell's pictures and frames differ from the stored ones."""
    cell, outputs = item.cell, item.test_outputs
    varies = pictures.VARIES in conventions.tags(cell)
    shown = map(conventions.pictures, (cell.outputs, outputs))
    yield from pictures.differences(*shown, varies=varies)
    kept = pictures.stored_pages(item.parent.nb, [cell])
    frames = pictures.differences(
        *map(pictures.frames, (kept, drawn)), varies=varies
    )
    yield from (f"figure with sliders: {said}" for said in frames)
    said = map(pictures.sentences, (kept, drawn))
    for old, new in zip(*said, strict=False):
        if texts.Text(old) != new:
            yield f"figure with sliders: {old!r} is stored, not {new!r}"


def compare_claims(item: Any) -> Iterator[str]:
    """Say how a cell's claims differ: an unknown magic swallows one without error."""
    stored, fresh = map(
        conventions.claimed, (item.cell.outputs, item.test_outputs)
    )
    if stored != fresh:
        yield f"{stored} are stored as claims, and {fresh} were printed"
