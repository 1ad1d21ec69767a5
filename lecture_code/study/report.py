"""The study in one dimension from the command line: run it, then write its tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lecture_code import validate
from lecture_code.study import figures, one_dimensional, runner
from lecture_code.study.one_dimensional import CELLS, Unit

Table = dict[str, np.ndarray]
_SETTING = ("experiment", "kind", "m", "layers", "level")
MEASURED = ("slope", "step_slope", "tv", "tv_star", "tv_bound", "valley")


def one_dimensional_study(
    folder: Path,
    *,
    runs: int = 10,
    resume: bool = False,
    resources: runner.Resources | None = None,
) -> None:
    """Train and measure everything, then write tables and figures into a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Where the results go: ``stacks/`` one file for each stack, ``*.csv``, ``*.png``.
    runs : int
        Networks for each setting.
    resume : bool
        Whether to go on from the stacks that are there.
    resources : Resources, optional
        Where the work is done.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.
    OSError
        If a file cannot be written.

    Notes
    -----
    Used in chapter 16.
    """
    validate.instance("folder", folder, Path)
    units = one_dimensional.units(runs)
    stacks = folder / "stacks"
    results = runner.run(
        one_dimensional.work, units, stacks, resume=resume, resources=resources
    )
    made = tables(units, results)
    for name, table in made.items():
        runner.write_text(folder / f"{name}.csv", _as_csv(table))
    figures.save(made["one-dimensional"], folder)


def tables(units: Sequence[Unit], results: Mapping[str, dict]) -> dict[str, Table]:
    """Gather the results of the stacks into tables.

    Parameters
    ----------
    units : sequence of Unit
        The stacks.
    results : mapping of str to dict
        For each unit's name what :func:`one_dimensional.work` returned.

    Returns
    -------
    dict of str to table
        ``one-dimensional``, a row for each network; ``one-dimensional-densities``, the
        first run's density in the main experiment; ``one-dimensional-times``, CPU
        seconds of a training and of a measurement.

    Raises
    ------
    TypeError, ValueError
        If there are no units.

    Notes
    -----
    Used in chapter 16.
    """
    units = validate.items("units", units)
    validate.instance("results", results, Mapping)
    rows = [row for unit in units for row in results[unit.name]["rows"]]
    keys = (*_SETTING, "run", *MEASURED)
    main = {key: np.array([_rounded(row[key]) for row in rows]) for key in keys}
    times: Table = {
        key: np.array([getattr(unit, key) for unit in units]) for key in _SETTING
    }
    for place, key in enumerate(("training", "measuring")):
        seconds = [results[u.name]["seconds"][place] / u.runs for u in units]
        times[key] = np.round(seconds, 3)
    return {
        "one-dimensional": main,
        "one-dimensional-densities": _densities(units, results),
        "one-dimensional-times": times,
    }


def _densities(units: Sequence[Unit], results: Mapping[str, dict]) -> Table:
    shown = [unit for unit in units if unit.experiment == "separation"]
    middles = (CELLS[1:] + CELLS[:-1]) / 2
    return {
        "kind": np.repeat([unit.kind for unit in shown], len(middles)),
        "m": np.repeat([unit.m for unit in shown], len(middles)),
        "x": np.concatenate([(u.m + 4) * middles for u in shown]).round(4),
        "density": np.concatenate([results[u.name]["density"] for u in shown]).round(4),
    }


def _rounded(value: object) -> object:
    """Keep five digits: what is stored is read by people too."""
    return float(f"{value:.5g}") if isinstance(value, float) else value


def _as_csv(table: Table) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return file.getvalue()
