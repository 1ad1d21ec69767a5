"""Store the notebooks, or strip them: `python -m tools.chapters.notebooks COMMAND`.

``store [NAME...]`` runs chapters in fresh kernels and keeps the outputs in one stable
form; ``student FOLDER`` writes the notebooks whose solutions are replaced by stubs.
Nothing here imports the package or torch: only the kernels do.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from tools.chapters import conventions, student

SECONDS_PER_CELL = 120
AT_A_TIME = 2
#: What each kernel runs under: no progress bars, one order of sets, pictures inline.
ENVIRONMENT = {
    "TQDM_DISABLE": "1",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
#: Metadata that means something to a reader's tools; all else is noise of an editor.
KEPT = {"tags", "mystnb", "jupyter", "cellView"}


def execute(path: Path) -> NotebookNode:
    """Run a notebook in a fresh kernel, from its own folder, and normalise it."""
    from nbclient import NotebookClient

    notebook = conventions.read(path)
    notebook.metadata.pop("widgets", None)  # kept otherwise when no widget is left
    NotebookClient(
        notebook,
        kernel_name=KERNEL["name"],
        timeout=SECONDS_PER_CELL,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute(env={**os.environ, **ENVIRONMENT})
    normalise(notebook)
    return notebook


def store(path: Path) -> str:
    """Execute a notebook and replace the stored one, unless it fails."""
    from nbclient.exceptions import CellControlSignal, CellTimeoutError, DeadKernelError

    begin = time.perf_counter()
    try:
        notebook = execute(path)
    except (CellControlSignal, CellTimeoutError, DeadKernelError) as error:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
        reason = plain.splitlines()[-1] if plain else type(error).__name__
        raise ValueError(f"{path.name} is left as it was: {reason}") from None
    nbformat.validate(notebook)
    conventions.replace(path, conventions.written(notebook))
    return f"{path.stem}: {time.perf_counter() - begin:.1f} s"


def store_all(paths: list[Path]) -> None:
    """Store notebooks, two at a time; name those that fail, and end with them."""
    failed = False
    with ProcessPoolExecutor(AT_A_TIME) as pool:
        for storing in [pool.submit(store, path) for path in paths]:
            try:
                print(storing.result(), flush=True)
            except ValueError as error:
                failed = True
                print(f"notebooks: {error}", file=sys.stderr, flush=True)
    sys.exit(failed)


# -------------------------------------------------------------------------- normalise


def normalise(notebook: NotebookNode) -> None:
    """Bring a notebook into the form in which it is stored, in place.

    A second run with the same results gives the same bytes: no timing, no names of
    machines, streams in one piece, widgets numbered in the order they were made.
    """
    kept = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    if widgets := notebook.metadata.get("widgets"):
        kept["widgets"] = widgets
    notebook.metadata = nbformat.from_dict(kept)
    notebook.nbformat_minor = 5
    taken: set[str] = set()
    for place, cell in enumerate(notebook.cells):
        if cell.get("id") in taken | {None}:
            cell.id = f"cell-{place:02d}"
        taken.add(cell.id)
        kept = {key: cell.metadata[key] for key in KEPT & set(cell.metadata)}
        cell.metadata = nbformat.from_dict(kept)
        cell.pop("attachments", None)
        if conventions.is_code(cell):
            cell.outputs = list(_merged(cell.outputs))
    if widgets:
        _number_widgets(notebook)


def _merged(outputs: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield outputs without metadata, and what one stream got in a row as one."""
    last = None
    for output in outputs:
        if "metadata" in output:
            output.metadata = nbformat.from_dict({})
        if last and output.output_type == "stream" and output.name == last.get("name"):
            last.text += output.text
            continue
        yield output
        last = output


def _number_widgets(notebook: NotebookNode) -> None:
    """Replace the random identities of widgets by numbers, in order of creation."""
    names = {old: f"{i:032x}" for i, old in enumerate(conventions.widgets(notebook))}
    pattern = re.compile("|".join(map(re.escape, names)))

    def renamed(value: Any) -> Any:
        # Identities are short; pictures are long, and need no search.
        if isinstance(value, str) and len(value) < 99:
            return pattern.sub(lambda found: names[found[0]], value)
        if isinstance(value, dict):
            return {renamed(key): renamed(inner) for key, inner in value.items()}
        return [renamed(i) for i in value] if isinstance(value, list) else value

    for cell in filter(conventions.is_code, notebook.cells):
        cell.outputs = [nbformat.from_dict(renamed(output)) for output in cell.outputs]
    notebook.metadata.widgets = nbformat.from_dict(renamed(notebook.metadata.widgets))


# --------------------------------------------------------------------------- commands


def named(names: list[str]) -> list[Path]:
    """Find notebooks by path or by a part of a chapter's name; all without any."""
    chapters, found = conventions.chapters(), []
    for name in names:
        matching = [path for path in chapters if name in path.stem]
        if name.endswith(".ipynb") and Path(name).is_file():
            matching = [Path(name).resolve()]
        if not matching:
            known = ", ".join(path.stem for path in chapters)
            sys.exit(f"notebooks: no chapter is called {name!r} (there are: {known})")
        found += matching
    return list(dict.fromkeys(found)) if names else chapters


def main(words: list[str]) -> None:
    """Do what the command line says."""
    match words:
        case ["store", *names]:
            store_all(named(names))
        case ["student", folder]:
            student.write_all(Path(folder))
            print(f"The notebooks without solutions are in {folder}.")
        case _:
            sys.exit("usage: notebooks store [NAME...] | student FOLDER")


if __name__ == "__main__":
    main(sys.argv[1:])
