"""Hold the pictures that nbval's run draws against those that are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tools.chapters import conventions, pictures


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Compare the pictures of a cell once its text has been compared."""
    if type(item).__name__ != "IPyNbCell":
        return (yield)
    drawn: list[str] = []
    item.parent.get_kernel_message = listening(item.parent, drawn)
    try:
        result = yield
    finally:
        del item.parent.get_kernel_message
    if item.options["check"]:
        found = list(compare(item.parent.nb, item.cell, item.test_outputs, drawn))
        if found:
            item.raise_cell_error("Pictures differ", "\n".join(found))
    return result


def listening(file: Any, drawn: list[str]) -> Callable[..., dict]:
    """Read the kernel's messages as nbval does, and keep the frames in passing."""
    original = type(file).get_kernel_message

    def get(*arguments: Any, **options: Any) -> dict:
        message = original(file, *arguments, **options)
        if message["msg_type"] == "comm_open":
            state = message["content"]["data"].get("state", {})
            for value in state.values():
                drawn.extend(pictures.frames(value) if isinstance(value, str) else ())
        return message

    return get


def compare(
    notebook: Any, cell: Any, outputs: list[Any], drawn: list[str]
) -> Iterator[str]:
    """Say how a cell's pictures and frames differ from the stored ones."""
    varies = pictures.VARIES in conventions.tags(cell)
    fresh = [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    stored = conventions.pictures(cell)
    yield from pictures.differences(stored, fresh, varies=varies)
    kept = pictures.stored_frames(notebook, cell)
    frames = pictures.differences(kept, drawn, varies=varies)
    yield from (f"figure with sliders: {said}" for said in frames)
