"""The study in one dimension from the command line: run it, then write its tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lecture_code import trained, validate
from lecture_code.study import figures, one_dimensional, runner
from lecture_code.study.one_dimensional import CELLS, Unit

Table = dict[str, np.ndarray]
_SETTING = ("experiment", "kind", "m", "layers", "level", "run")
MEASURED = ("slope", "step_slope", "tv", "tv_star", "tv_bound", "valley")


def one_dimensional_study(
    folder: Path,
    *,
    runs: int = 10,
    resume: bool = False,
    resources: runner.Resources | None = None,
    store: bool = False,
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
    store : bool
        Whether the tables also go where the chapters load them from.

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
        if validate.flag("store", store):
            trained.store_table(name, table)
    figures.save(made["one-dimensional"], folder)


def tables(units: Sequence[Unit], results: Mapping[str, dict]) -> dict[str, Table]:
    """Gather the results of the stacks into tables.

    Parameters
    ----------
    units : sequence of Unit
        The stacks.
    results : mapping of str to dict
        For each unit's name what ``one_dimensional.work`` returned.

    Returns
    -------
    dict of str to table
        ``one-dimensional``, a row for each network; ``one-dimensional-densities``, the
        first run's density in the main experiment; ``one-dimensional-times``, for each
        stack the CPU seconds of one network's training and measurement.

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
    keys = (*_SETTING, *MEASURED)
    main = {key: np.array([_rounded(row[key]) for row in rows]) for key in keys}
    return {
        "one-dimensional": main,
        "one-dimensional-densities": _densities(units, results),
        "one-dimensional-times": _times(units, results),
    }


def _densities(units: Sequence[Unit], results: Mapping[str, dict]) -> Table:
    """Take the densities of the first run of the main experiment."""
    middles, found = (CELLS[1:] + CELLS[:-1]) / 2, []
    for unit in units:
        if unit.experiment == "separation" and unit.settings[0].run == 0:
            densities = results[unit.name]["densities"]
            pairs = zip(unit.settings, densities, strict=True)
            found += [(unit.kind, setting.m, density) for setting, density in pairs]
    kinds, ms, densities = zip(*found, strict=True) if found else ((), (), [[]])
    return {
        "kind": np.repeat(kinds, len(middles)),
        "m": np.repeat(ms, len(middles)),
        "x": np.concatenate([(m + 4) * middles for m in ms] or [[]]).round(4),
        "density": np.concatenate(densities).round(4),
    }


def _times(units: Sequence[Unit], results: Mapping[str, dict]) -> Table:
    """Divide each stack's CPU time by the number of its networks."""
    of = [(unit.experiment, unit.kind, unit.layers) for unit in units]
    names = np.array(of, dtype=object).T
    shares = np.array([results[unit.name]["seconds"] for unit in units])
    sizes = np.array([len(unit.settings) for unit in units])
    shares = shares / sizes[:, None]
    columns = dict(zip(("experiment", "kind", "layers"), names, strict=True))
    training, measuring = shares.round(3).T
    return {
        **columns,
        "networks": sizes,
        "training": training,
        "measuring": measuring,
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
