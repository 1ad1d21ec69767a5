"""Execute, store, time and strip the notebooks: `python tools/notebooks.py COMMAND`.

``store`` runs every chapter in a fresh kernel and keeps the outputs in one stable form;
``time`` measures processor time and peak memory of each chapter; ``student`` writes the
notebooks whose solutions are replaced by stubs. Nothing here imports the package or
torch: only the kernels do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import conventions
import nbformat
import student
from nbformat import NotebookNode

SECONDS_PER_CELL = 120
AT_A_TIME = 2
INLINE = "module://matplotlib_inline.backend_inline"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
#: Metadata that means something to a reader's tools; all else is noise of an editor.
KEPT = {"tags", "mystnb", "jupyter", "cellView"}


class Cost(NamedTuple):
    """What running a notebook took: seconds on the clock and of processor, and memory.

    Parameters
    ----------
    wall, processor : float
        Seconds, the kernel's start and imports included.
    memory : float
        Peak of resident memory in MB (10**6 bytes).
    """

    wall: float
    processor: float
    memory: float


class Failure(Exception):
    """A notebook that does not run; the message says which cell, and why."""


# ---------------------------------------------------------------------------- execute


def execute(path: Path) -> tuple[NotebookNode, Cost]:
    """Run a notebook in a fresh kernel of this interpreter, and measure what it took.

    Parameters
    ----------
    path : Path
        A notebook; its folder is the kernel's.

    Returns
    -------
    notebook : NotebookNode
        With outputs, normalised.
    cost : Cost
        What running it took.

    Raises
    ------
    Failure
        If a cell raises, takes too long, or the kernel dies.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellControlSignal, CellTimeoutError, DeadKernelError

    notebook = conventions.read(path)
    notebook.metadata.pop("widgets", None)  # kept otherwise when no widget is left
    meter = _Meter()
    client = NotebookClient(
        notebook,
        km=_kernel_manager(),
        timeout=SECONDS_PER_CELL,
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_executed=lambda **_: meter.read(client.km.provisioner.pid),
    )
    try:
        asyncio.run(_run(client))
    except (CellControlSignal, CellTimeoutError, DeadKernelError) as error:
        raise Failure(f"{path.name}: {_last_line(error)}") from error
    normalise(notebook)
    return notebook, meter.cost()


def _kernel_manager() -> Any:
    """Make a manager of kernels of this interpreter, whatever else is installed."""
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

    class Native(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(resource_dir="", **get_kernel_dict())

    return AsyncKernelManager(kernel_name=KERNEL["name"], kernel_spec_manager=Native())


async def _run(client: Any) -> None:
    ours = signal.getsignal(signal.SIGINT)

    def keep_ours(**_: Any) -> None:
        # On Ctrl-C nbclient would end the kernel twice, and fail the second time.
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, ours)

    client.on_notebook_start = keep_ours
    await client.async_execute(
        cleanup_kc=True, env=_environment(), stderr=subprocess.DEVNULL
    )


def _environment() -> dict[str, str]:
    fixed = {"TQDM_DISABLE": "1", "PYTHONHASHSEED": "0", "MPLBACKEND": INLINE}
    return {**os.environ, **fixed}


def _last_line(error: Exception) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    return ([line for line in plain.splitlines() if line.strip()] or ["?"])[-1]


class _Meter:
    """Reads the kernel's clock and memory after each cell; the last reading counts."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.processor = self.memory = 0.0

    def read(self, pid: int) -> None:
        import psutil

        kernel = psutil.Process(pid)
        used = kernel.cpu_times()
        self.processor = used.user + used.system
        self.memory = max(self.memory, _peak(kernel) / 1e6)

    def cost(self) -> Cost:
        return Cost(time.perf_counter() - self.start, self.processor, self.memory)


def _peak(process: Any) -> float:
    """Peak of a process in bytes; where the system keeps none, what it holds now."""
    status = Path(f"/proc/{process.pid}/status")
    text = status.read_text() if status.exists() else ""
    peak = re.search(r"VmHWM:\s+(\d+) kB", text)
    return 1024 * int(peak[1]) if peak else process.memory_info().rss


# -------------------------------------------------------------------------- normalise


def normalise(notebook: NotebookNode) -> None:
    """Bring a notebook into the form in which it is stored, in place.

    A second run with the same results gives the same bytes: no timing, no names of
    machines, streams in one piece, widgets numbered in the order they were made.
    """
    widgets = notebook.metadata.get("widgets")
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )
    if widgets:
        notebook.metadata.widgets = widgets
    notebook.nbformat_minor = 5
    _name_cells(notebook.cells)
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in KEPT & set(cell.metadata)}
        cell.metadata = nbformat.from_dict(kept)
        cell.pop("attachments", None)
        if conventions.is_code(cell):
            cell.outputs = list(_merged(cell.outputs))
    _number_widgets(notebook)


def _name_cells(cells: list[NotebookNode]) -> None:
    """Keep the identities of cells; give one to those without, by their position."""
    taken: set[str] = set()
    for place, cell in enumerate(cells):
        if cell.get("id") in taken | {None}:
            cell.id = next(name for name in _names(place) if name not in taken)
        taken.add(cell.id)


def _names(place: int) -> Iterator[str]:
    yield f"cell-{place:02d}"
    yield from (f"cell-{place:02d}-{count}" for count in range(2, 1000))


def _merged(outputs: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
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
    if not names:
        return
    pattern = re.compile("|".join(map(re.escape, names)))

    def renamed(value: Any) -> Any:
        if isinstance(value, str):
            # Identities are short; pictures are long, and need no search.
            return (
                pattern.sub(lambda m: names[m[0]], value) if len(value) < 99 else value
            )
        if isinstance(value, dict):
            return {renamed(key): renamed(inner) for key, inner in value.items()}
        return [renamed(i) for i in value] if isinstance(value, list) else value

    for cell in filter(conventions.is_code, notebook.cells):
        cell.outputs = [nbformat.from_dict(renamed(output)) for output in cell.outputs]
    notebook.metadata.widgets = nbformat.from_dict(renamed(notebook.metadata.widgets))


# --------------------------------------------------------------------------- commands


def store(path: Path) -> Cost:
    """Execute a notebook and replace the stored one; a failure leaves it as it was."""
    notebook, cost = execute(path)
    nbformat.validate(notebook)
    conventions.replace(path, conventions.written(notebook))
    return cost


def measure(path: Path) -> Cost:
    """Execute a notebook, store nothing, and say what it took."""
    return execute(path)[1]


def store_one(path: Path) -> None:
    """Store a notebook, and say how long it took or why it was left as it was."""
    try:
        cost = store(path)
    except Failure as failure:
        sys.exit(f"notebooks: left as it was, for it does not run: {failure}")
    except OSError as error:  # no space, or no right to write
        reason = f"{path.name}: {error.strerror or error}"
        sys.exit(f"notebooks: left as it was, for it cannot be written: {reason}")
    print(f"{path.stem}: {cost.wall:.1f} s", flush=True)


def store_all(paths: list[Path]) -> None:
    """Store notebooks, two at a time, each by a process of its own."""
    waiting, running, failed = list(paths), [], False
    try:
        while waiting or running:
            while waiting and len(running) < AT_A_TIME:
                running.append(_storing(waiting.pop(0)))
            for process in [each for each in running if each.poll() is not None]:
                running.remove(process)
                sys.stderr.write(process.communicate()[1])
                failed = failed or process.returncode != 0
            time.sleep(0.05)
    finally:  # an interruption ends what is running, kernels included
        for process in running:
            process.send_signal(signal.SIGINT)
        for process in running:
            process.communicate()
    sys.exit(failed)


def _storing(path: Path) -> subprocess.Popen:
    # In a session of its own, Ctrl-C does not reach it: store_all ends it in order.
    command = [sys.executable, __file__, "store", path]
    return subprocess.Popen(
        command, start_new_session=True, stderr=subprocess.PIPE, text=True
    )


def time_all(paths: list[Path]) -> None:
    """Print a table of what each notebook takes, one at a time."""
    print(f"{'notebook':36} {'wall':>8} {'processor':>10} {'memory':>9}")
    for path in paths:
        cost = measure(path)
        figures = f"{cost.wall:6.1f} s {cost.processor:8.1f} s {cost.memory:6.0f} MB"
        print(f"{path.stem:36} {figures}", flush=True)


def time_as_json(paths: list[Path]) -> None:
    """Print what each notebook takes for `make bench` to read."""
    costs = {path.stem: measure(path) for path in paths}
    keys = ("wall_s", "cpu_s", "peak_mb")
    table = {n: dict(zip(keys, cost, strict=True)) for n, cost in costs.items()}
    print(json.dumps(table))


def student_all(paths: list[Path], folder: Path) -> None:
    """Write the notebooks without solutions into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        notebook = student.stripped(path)
        target = folder / f"{path.stem}-student.ipynb"
        conventions.replace(target, conventions.written(notebook))
        print(f"wrote {target.name}")


def named(names: list[str]) -> list[Path]:
    """Find notebooks by path or by a part of a chapter's name; all without any."""
    found = [path for name in names for path in _matching(name)]
    return list(dict.fromkeys(found)) if names else conventions.chapters()


def _matching(name: str) -> list[Path]:
    if name.endswith(".ipynb") and Path(name).is_file():
        return [Path(name).resolve()]
    chapters = conventions.chapters()
    found = [path for path in chapters if name in path.stem]
    if not found:
        known = ", ".join(path.stem for path in chapters) or "none yet"
        sys.exit(f"notebooks: no chapter is called {name!r} (there are: {known})")
    return found


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    stored = commands.add_parser("store", help="execute chapters and keep the outputs")
    timed = commands.add_parser("time", help="measure what chapters take")
    timed.add_argument("--json", action="store_true", help="print JSON, not a table")
    made = commands.add_parser("student", help="write chapters without solutions")
    made.add_argument("--to", type=Path, required=True, help="folder to write to")
    for command in (stored, timed, made):
        command.add_argument("names", nargs="*", metavar="NAME", help="such as 01")
    chosen = parser.parse_args(arguments)
    paths = named(chosen.names)
    try:
        if chosen.command == "student":
            student_all(paths, chosen.to)
        elif chosen.command == "time":
            (time_as_json if chosen.json else time_all)(paths)
        elif len(paths) == 1:
            store_one(paths[0])
        else:
            store_all(paths)
    except KeyboardInterrupt:
        sys.exit("notebooks: interrupted; what was not finished is left as it was")
    except (Failure, ValueError) as error:
        sys.exit(f"notebooks: {error}")


if __name__ == "__main__":
    main()
