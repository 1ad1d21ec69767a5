"""The study in one dimension from the command line: run it, then write its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lecture_code import _files, trained
from lecture_code.scenes import chapter16 as scene
from lecture_code.study import runner
from lecture_code.study.line import experiments
from lecture_code.study.line.experiments import CELLS, Unit
from lecture_code.trained import Table, select

_SETTING = ("experiment", "kind", "m", "layers", "level", "run")
MEASURED = ("slope", "step_slope", "tv", "tv_star", "tv_bound", "valley")


def study(
    folder: Path,
    *,
    runs: int = 10,
    resume: bool = False,
    jobs: int = 1,
    scheduler: str | None = None,
    store: bool = False,
) -> None:
    """Train and measure everything, then write tables and figures into a folder.

    ``stacks/`` there gets a file for each stack. With ``store`` the tables also go
    where the chapters load them from. OSError if a file cannot be written.
    """
    units, stacks = experiments.units(runs), folder / "stacks"
    where: dict[str, Any] = {"jobs": jobs, "scheduler": scheduler}
    results = runner.run(experiments.work, units, stacks, resume=resume, **where)
    made = tables(units, results)
    for name, table in made.items():
        _files.write_table(folder / f"{name}.csv", table)
        if store:
            trained.store_table(name, table)
    save_figures(made["one-dimensional"], folder)


def tables(units: Sequence[Unit], results: Mapping[str, dict]) -> dict[str, Table]:
    """Gather by name what ``experiments.work`` returned for the stacks into tables.

    ``one-dimensional`` has a row for each network; ``one-dimensional-densities`` the
    first run's density in the main experiment; ``one-dimensional-times`` for each stack
    the CPU seconds of one network's training and measurement.
    """
    rows = [row for unit in units for row in results[unit.name]["rows"]]
    keys = (*_SETTING, *MEASURED)
    return {
        "one-dimensional": columns(rows, keys),
        "one-dimensional-densities": _densities(units, results),
        "one-dimensional-times": _times(units, results),
    }


def columns(rows: Sequence[Mapping[str, object]], keys: Sequence[str]) -> Table:
    """Turn rows into columns of numbers with five digits: people read them too."""
    return {key: np.array([_rounded(row[key]) for row in rows]) for key in keys}


def save_figures(table: Table, folder: Path) -> None:
    """Write the figures of all experiments as PNG."""
    import matplotlib.pyplot as plt

    main, level, depth = (
        select(table, experiment=name) for name in ("separation", "level", "depth")
    )
    middle, models = float(experiments.MIDDLE), experiments.MODELS[:3]
    measured = {"slope": "slope", "valley": "valley mass", "tv": "TV"}
    drawings = {
        "separation": lambda: scene.against(main, "m", measured),
        "frontier": lambda: scene.frontier(main, middle, models),
        "level": lambda: scene.frontier(level, middle, experiments.LIMITED),
        "depth": lambda: scene.against(depth, "layers", measured),
    }
    with plt.rc_context({"figure.constrained_layout.use": True}):
        for name, draw in drawings.items():
            draw()
            plt.savefig(folder / f"{name}.png")
            plt.close()


def _densities(units: Sequence[Unit], results: Mapping[str, dict]) -> Table:
    """Take the densities of the first run of the main experiment."""
    kinds: Any
    ms: Any
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
    return float(f"{value:.5g}") if isinstance(value, float) else value
