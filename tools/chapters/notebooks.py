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
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from nbformat import NotebookNode, v4

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
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute(env={**os.environ, **ENVIRONMENT})
    return normalised(notebook)


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
    path.write_text(conventions.written(notebook), encoding="utf-8")
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


def normalised(notebook: NotebookNode) -> NotebookNode:
    """Bring a notebook into the form in which it is stored.

    A second run with the same results gives the same bytes: no timing, no names of
    machines, widgets numbered in the order they were made.
    """
    widgets = notebook.metadata.get("widgets")
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    if widgets:
        metadata["widgets"] = widgets
    notebook.metadata = nbformat.from_dict(metadata)
    notebook.nbformat_minor = 5
    taken: set[str] = set()
    for place, cell in enumerate(notebook.cells):
        if cell.get("id") in taken | {None}:
            cell.id = f"cell-{place:02d}"
        taken.add(cell.id)
        kept = {key: cell.metadata[key] for key in KEPT & set(cell.metadata)}
        cell.metadata = nbformat.from_dict(kept)
        for output in cell.get("outputs", ()):
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})
    text = v4.writes(notebook)
    for place, identity in enumerate(conventions.widgets(notebook)):
        text = text.replace(identity, f"{place:032x}")
    return v4.reads(text)


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
