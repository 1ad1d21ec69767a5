"""Pieces of work, each kept in a file as soon as it is done, wherever it is done."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import joblib
import torch
from tqdm import tqdm

from lecture_code import _files


def run(
    work: Callable[[Any], Any],
    units: Sequence[Any],
    folder: Path,
    *,
    resume: bool = False,
    jobs: int = 1,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Do the work of each unit that has no file yet; return all results by ``name``.

    It is done by processes here, or by the Dask cluster with this scheduler's address.
    ValueError if a file is damaged, or if there are files and ``resume`` is false.
    """
    if any(folder.glob("*.json")) and not resume:
        raise ValueError(f"folder: {folder} holds finished work; go on with --resume")
    paths = {unit.name: folder / f"{unit.name}.json" for unit in units}
    done = {name: _read(path) for name, path in paths.items() if path.exists()}
    cluster, backend = contextlib.nullcontext(), "loky"
    if scheduler is not None:
        import distributed

        cluster, backend, jobs = distributed.Client(scheduler), "dask", -1
    folder.mkdir(parents=True, exist_ok=True)
    named = joblib.delayed(lambda unit: (unit.name, _alone(work, unit)))
    left = [named(unit) for unit in units if unit.name not in done]
    bar = {"initial": len(done), "total": len(units), "unit": "piece", "disable": None}
    with cluster, joblib.parallel_config(backend, n_jobs=jobs):
        # Only this process writes, so that machines need no folder in common.
        settings = {"return_as": "generator_unordered", "batch_size": 1}
        computed = joblib.Parallel(**settings)(left)
        for name, done[name] in tqdm(computed, **bar):
            fill = functools.partial(Path.write_text, data=json.dumps(done[name]))
            _files.write(paths[name], fill)
    return {name: done[name] for name in paths}


def _alone(work: Callable[[Any], Any], unit: Any) -> Any:
    """Compute as everywhere else, however many threads this process may have."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return work(unit)
    finally:
        torch.set_num_threads(before)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except ValueError:
        raise ValueError(f"folder: {path} is damaged; delete it, then go on") from None
