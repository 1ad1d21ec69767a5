"""Many pieces of work, each kept in one file as soon as it is done.

A piece is the same whatever computes it, so a study that was interrupted, or run on
more machines, ends with the same results. Only this process writes: what a process far
away computed travels back to it, so that machines need no folder in common.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from lecture_code import validate

BACKENDS = ("joblib", "dask")
_RETRIES = 5  # of a piece whose worker dies, on a cluster


class Resources(NamedTuple):
    """Where the work is done.

    Parameters
    ----------
    jobs : int
        Processes on this machine, for the backend "joblib".
    backend : {"joblib", "dask"}
        This machine, or a running Dask cluster.
    scheduler : str, optional
        Address of the cluster, such as ``tcp://127.0.0.1:8786``.
    """

    jobs: int = 1
    backend: str = "joblib"
    scheduler: str | None = None


def run(
    work: Callable[[Any], Any],
    units: Sequence[Any],
    folder: Path,
    *,
    resume: bool = False,
    resources: Resources | None = None,
) -> dict[str, Any]:
    """Do every unit's work, or read what is there of it, in the order of the units.

    Parameters
    ----------
    work : callable
        Maps a unit to a result of lists, dicts, strings and numbers.
    units : sequence of object
        Each has a ``name``, its own, that can name a file.
    folder : pathlib.Path
        Where the finished units are kept, one file each; it is made if need be.
    resume : bool
        Whether to go on from the files that are there.
    resources : Resources, optional
        Where the work is done; by default in this process.

    Returns
    -------
    dict of str to object
        For each unit's name its result.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, or there are files but ``resume`` is false.
    OSError
        If a file cannot be written; the message names it, and no part of it stays.

    Notes
    -----
    Used by the studies of chapters 16 and 17.
    """
    validate.function("work", work)
    units = validate.items("units", units)
    names = [validate.text("unit.name", unit.name) for unit in units]
    folder = validate.instance("folder", folder, Path)
    resources = _checked(Resources() if resources is None else resources)
    if not validate.flag("resume", resume) and any(folder.glob("*.json")):
        raise ValueError(
            f"folder: {folder} holds finished work; --resume goes on from it"
        )
    folder.mkdir(parents=True, exist_ok=True)
    done = {name: read(folder / f"{name}.json") for name in names}
    left = [unit for unit in units if done[unit.name] is None]
    bar = tqdm(total=len(units), initial=len(units) - len(left), unit="stack")
    with bar:
        for name, result in _computed(work, left, resources):
            done[name] = result
            write(folder / f"{name}.json", result)
            bar.update()
    return done


def read(path: Path) -> Any | None:
    """Read a finished unit; a file that is not whole is named and set aside.

    Parameters
    ----------
    path : pathlib.Path
        The unit's file.

    Returns
    -------
    object or None
        The result, None if it has to be computed.

    Raises
    ------
    TypeError, ValueError
        If ``path`` is no path.

    Notes
    -----
    Used by the studies of chapters 16 and 17.
    """
    if not validate.instance("path", path, Path).exists():
        return None
    try:
        stored = json.loads(path.read_bytes())
        if stored["sha256"] == _digest(stored["result"]):
            return stored["result"]
    except (ValueError, KeyError, TypeError):
        pass
    aside = path.with_suffix(".corrupt")
    os.replace(path, aside)
    tqdm.write(f"{path} is corrupt: kept as {aside.name}, computed anew")
    return None


def write(path: Path, result: Any) -> None:
    """Write a finished unit with its checksum, complete or not at all.

    Parameters
    ----------
    path : pathlib.Path
        The unit's file.
    result : object
        Lists, dicts, strings and numbers.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.
    OSError
        If the file cannot be written.

    Notes
    -----
    Used by the studies of chapters 16 and 17.
    """
    text = json.dumps({"sha256": _digest(result), "result": result})
    write_text(path, text + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file, complete or not at all.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    text : str
        What it shall hold.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.
    OSError
        If the file cannot be written; the message names it.

    Notes
    -----
    Used by the studies of chapters 16 and 17.
    """
    partial = validate.instance("path", path, Path).with_suffix(".partial")
    validate.instance("text", text, str)
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OSError(
            f"{path} could not be written ({error.strerror or error}); what was "
            "finished before is kept: make room, then go on with --resume"
        ) from error


def _digest(result: Any) -> str:
    text = json.dumps(result, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _checked(resources: Resources) -> Resources:
    validate.instance("resources", resources, Resources)
    validate.integer("jobs", resources.jobs, low=1)
    on_cluster = validate.choice("backend", resources.backend, BACKENDS) == "dask"
    if on_cluster and resources.scheduler is None:
        raise ValueError("scheduler: expected the address of a Dask cluster, got None")
    if not on_cluster and resources.scheduler is not None:
        raise ValueError("scheduler: expected none without --backend dask")
    return resources


def _computed(
    work: Callable, units: list, resources: Resources
) -> Iterator[tuple[str, Any]]:
    """Yield each unit's name and result as soon as it is there."""
    if resources.backend == "dask":
        yield from _on_cluster(work, units, resources.scheduler)
    elif resources.jobs == 1:
        yield from (_named(work, unit) for unit in units)
    else:
        yield from _in_processes(work, units, resources.jobs)


def _in_processes(work: Callable, units: list, jobs: int) -> Iterable:
    import joblib

    parallel = joblib.Parallel(jobs, return_as="generator_unordered", batch_size=1)
    with _no_bars_in_new_processes():
        return parallel(joblib.delayed(_named)(work, unit) for unit in units)


@contextlib.contextmanager
def _no_bars_in_new_processes() -> Iterator[None]:
    """Keep bars of several processes off one terminal; tqdm reads this at import."""
    before = os.environ.get("TQDM_DISABLE")
    os.environ["TQDM_DISABLE"] = "1"
    try:
        yield
    finally:
        del os.environ["TQDM_DISABLE"]
        if before is not None:
            os.environ["TQDM_DISABLE"] = before


def _on_cluster(work: Callable, units: list, scheduler: str) -> Iterator:
    import distributed

    with distributed.Client(scheduler) as client:
        futures = client.map(_named, [work] * len(units), units, retries=_RETRIES)
        finished = distributed.as_completed(futures, with_results=True)
        yield from (result for _, result in finished)


def _named(work: Callable, unit: Any) -> tuple[str, Any]:
    return unit.name, work(unit)
