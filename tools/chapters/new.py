"""Write a chapter that passes its tests: `python -m tools.chapters.new 19-topic`.

The new chapter is the one in ``template``, under its own number and title. It is run
and stored, its exercises are graded, and it has its places in the book.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode, v4
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.chapters import conventions, notebooks, repository

ROOT = conventions.ROOT
TEMPLATE = Path(__file__).with_name("template")

_CODE = re.compile(r"^```python ?(.*)\n((?s:.*?))^```$", re.M)
_HEADING = re.compile(r"^### (Exercise (\d+\.\d+): .*)$", re.M)


def title(stem: str) -> str:
    """Make a title of a name: "Two words" of "19-two-words"."""
    return stem[3:].replace("-", " ").capitalize()


def filled(name: str, stem: str) -> str:
    """Read a file of the template for a chapter."""
    text = (TEMPLATE / name).read_text(encoding="utf-8")
    return text.replace("CHAPTER", str(int(stem[:2]))).replace("TITLE", title(stem))


def cells(text: str) -> Iterator[NotebookNode]:
    """Yield the cells of a chapter in Markdown; metadata stands behind the fence."""
    prose, *rest = _CODE.split(text)
    yield new_markdown_cell(prose.strip())
    for metadata, code, prose in zip(*[iter(rest)] * 3, strict=True):
        yield new_code_cell(code.strip(), metadata=json.loads(metadata or "{}"))
        if prose.strip():
            yield new_markdown_cell(prose.strip())


def chapter(stem: str) -> NotebookNode:
    """Make a chapter that was not run yet."""
    notebook = new_notebook(cells=list(cells(filled("chapter.md", stem))))
    for place, cell in enumerate(notebook.cells):
        cell.id = f"{stem[:2]}-{place:02d}"
    text = repository.aligned(conventions.written(notebook), stem, repository.read())
    return v4.reads(text)


def map_row(stem: str) -> str:
    """Write the chapter's row of the lecture map, with a link to each exercise."""
    links = (
        f'<a href="{stem}.html#{re.sub("[^a-z0-9]+", "-", heading.lower())}">{name}</a>'
        for heading, name in _HEADING.findall(filled("chapter.md", stem))
    )
    place = f"[{int(stem[:2])} {title(stem)}]({stem}.ipynb)"
    return f"| {place} | to be said. Exercises {', '.join(links)} |\n"


def insert(path: Path, last: str, line: str) -> None:
    """Put a line into a file behind the last one that a pattern finds."""
    text = path.read_text(encoding="utf-8")
    end = list(re.finditer(last, text, re.M))[-1].end()
    path.write_text(text[:end] + line + text[end:], encoding="utf-8")


def refusal(stem: str) -> str:
    """Say why there can be no new chapter of this name, or nothing."""
    if not re.fullmatch(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*", stem):
        return f"NAME: expected a number and a topic such as 19-topic, got {stem!r}"
    taken = [path.stem for path in conventions.chapters() if path.stem[:2] == stem[:2]]
    return f"NAME: chapter {stem[:2]} is there already, {taken[0]}" if taken else ""


def main(stem: str) -> None:
    """Write the chapter and all that belongs to it."""
    if why := refusal(stem):
        sys.exit(f"new: {why}")
    number, path = stem[:2], ROOT / "book" / f"{stem}.ipynb"
    files = {
        path: conventions.written(chapter(stem)),
        ROOT / f"lecture_code/exercises/chapter{number}.py": filled("checks.txt", stem),
        ROOT / f"tests/package/exercises/answers_{number}.py": filled(
            "answers.txt", stem
        ),
        ROOT / f"tests/book/refutations/{number}.toml": filled("refutations.txt", stem),
    }
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")
        print(f"wrote {file.relative_to(ROOT).as_posix()}")
    entry = r"^      - file: book/\d\d-.*\n"
    insert(ROOT / "_toc.yml", entry, f"      - file: book/{stem}\n")
    insert(ROOT / "book" / "lecture-map.md", r"^\| \[\d+ .*\n", map_row(stem))
    print(notebooks.store(path))


if __name__ == "__main__":
    main("".join(sys.argv[1:]))
