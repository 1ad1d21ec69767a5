"""Calls of the study in one dimension."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import arguments as a
import matplotlib.pyplot as plt
import numpy as np
import torch
from calls import Call, own_store

from lecture_code.study import figures
from lecture_code.study.line import (
    denoisers,
    experiments,
    generators,
    laws,
    report,
    runner,
)
from lecture_code.study.line.experiments import Setting, Unit
from lecture_code.study.line.stacks import Stack, latents

SHORT = ((1, 1e-3),) * 3
FOLDER = Path(tempfile.gettempdir()) / "lecture-code-calls"
SETTINGS = Setting(1.0), Setting(2.0)
UNIT = Unit("separation", "vae", SETTINGS)
STUDY = [
    UNIT,
    Unit("level", "gan-penalty", SETTINGS),
    Unit("depth", "vae", SETTINGS, 2),
]


def _result(unit: Unit) -> dict:
    of = {key: getattr(unit, key) for key in ("experiment", "kind", "layers")}
    same = {**of, **dict.fromkeys(report.MEASURED, 0.5)}
    return {
        "rows": [{**setting._asdict(), **same} for setting in unit.settings],
        "densities": [[0.1] * 100 for _ in unit.settings],
        "seconds": [1.0, 2.0],
    }


RESULT = _result(UNIT)
TABLES = report.tables(STUDY, {unit.name: _result(unit) for unit in STUDY})
ROWS, DENSITIES = TABLES["one-dimensional"], TABLES["one-dimensional-densities"]
OWN = "made by the study itself"
COMMAND = "an option, which the command line reads"


@contextlib.contextmanager
def _short() -> Iterator[None]:
    """Train for two steps, in a folder of its own, with nothing drawn left open."""
    with (
        mock.patch.multiple(experiments, SEPARATIONS=(1,), LEVELS=(1,), LAYERS=(2,)),
        mock.patch.multiple(experiments, MODELS=("vae",), LIMITED=("gan-penalty",)),
        mock.patch.object(experiments, "BATCHES", 1),
        mock.patch.object(figures, "SLOPES", np.array([1.0, 5.0])),
        mock.patch.dict(experiments.ROUNDS, dict.fromkeys(experiments.ROUNDS, SHORT)),
    ):
        FOLDER.mkdir(exist_ok=True)
        yield
    shutil.rmtree(FOLDER, ignore_errors=True)
    plt.close("all")


@contextlib.contextmanager
def _stored() -> Iterator[None]:
    with _short(), own_store():
        yield


def _stack(inputs: int = 1) -> Stack:
    return Stack(2, [inputs, 4, 1], generator=torch.Generator().manual_seed(0))


def _data() -> torch.Tensor:
    return latents(6, 8, torch.Generator().manual_seed(0)).reshape(3, 2, 8, 1)


STACK = a.instance(_stack, torch.nn.Linear(1, 1))
DATA = a.tensor(_data, fixed=(1,))
SOURCE = a.generator()
ROUNDS = a.trusted(SHORT, "checked by the training loop")
TRAINING = {"data": DATA, "generator": SOURCE, "rounds": ROUNDS}
KNOTS = {"z": a.array(lambda: torch.linspace(-6, 6, 5).double())}
KNOTS["z"].bad["no order"] = [[1.0, 0.0, 2.0, 3.0, 4.0], [0.0] * 5, [1.0]]
KNOTS["z"] = replace(KNOTS["z"], named=("x",))
KNOTS["x"] = a.array(lambda: torch.linspace(-3, 3, 5).double(), fixed=(0,))
THE_UNIT = a.instance(lambda: UNIT, tuple(UNIT))
TABLE = a.instance(lambda: ROWS, list(ROWS))
HALF = a.real(1.0, low=0)


def _work(unit: Unit) -> dict:
    return RESULT


CALLS = {
    "study.line.stacks.Stack": Call(
        lambda: Stack,
        {
            "count": a.count(2),
            "sizes": a.collection(lambda: [1, 4, 1], [[], [3], [3, 0, 1], [1, 2.0, 1]]),
            "levels": a.trusted([1.0, 2.0], OWN),
            "generator": a.optional(a.generator()),
        },
    ),
    "study.line.stacks.Stack.forward": Call(
        lambda: _stack().forward,
        {"x": a.trusted(torch.zeros(2, 3, 1), "a network checks no batch")},
    ),
    "study.line.stacks.Stack.members": Call(lambda: _stack().members, {}),
    "study.line.stacks.latents": Call(
        lambda: latents,
        {"count": a.count(2), "batch": a.count(4), "generator": SOURCE},
    ),
    "study.line.laws.pushed_masses": Call(
        lambda: laws.pushed_masses,
        {**KNOTS, "edges": a.trusted([-1.0, 1.0], "checked as z is")},
    ),
    "study.line.laws.total_variation": Call(
        lambda: laws.total_variation,
        {
            **KNOTS,
            "target": a.instance(lambda: experiments.target(1.0)),
            "cells": a.count(9),
        },
    ),
    "study.line.generators.vae": Call(
        lambda: generators.vae,
        {"decoder": replace(STACK, named=("stack",)), **TRAINING}
        | {"variances": a.trusted(torch.full((3, 2, 1, 1), 0.1), OWN)},
        changes=("decoder",),
        within=_short,
    ),
    "study.line.generators.gan": Call(
        lambda: generators.gan,
        {"maker": replace(STACK, named=("stack",)), **TRAINING}
        | {
            "critic_levels": a.trusted(torch.ones(2, 1, 1), OWN),
            "penalised_above": a.trusted(None, OWN),
        },
        changes=("maker",),
        within=_short,
    ),
    "study.line.generators.wasserstein": Call(
        lambda: generators.wasserstein,
        {"maker": replace(STACK, named=("stack",)), **TRAINING},
        changes=("maker",),
        within=_short,
    ),
    "study.line.generators.shuffled": Call(
        lambda: generators.shuffled,
        {
            "values": a.trusted(torch.zeros(2, 3, 1), OWN),
            "generator": SOURCE,
        },
    ),
    "study.line.denoisers.fit": Call(
        lambda: denoisers.fit,
        {"stack": replace(STACK, valid=lambda: _stack(2)), **TRAINING},
        changes=("stack",),
        within=_short,
    ),
    "study.line.denoisers.flows": Call(
        lambda: denoisers.flows,
        {"stack": replace(STACK, valid=lambda: _stack(2)), "steps": a.count(2)},
    ),
    "study.line.experiments.units": Call(
        lambda: experiments.units, {"runs": a.count(3)}
    ),
    "study.line.experiments.target": Call(lambda: experiments.target, {"m": HALF}),
    "study.line.experiments.work": Call(
        lambda: experiments.work, {"unit": THE_UNIT}, within=_short
    ),
    "study.line.experiments.train": Call(
        lambda: experiments.train, {"unit": THE_UNIT}, within=_short
    ),
    "study.figures.select": Call(
        lambda: figures.select,
        {"table": TABLE},
    ),
    "study.figures.against": Call(
        lambda: figures.against,
        {
            "table": a.trusted(ROWS, OWN),
            "axis": a.choice("m", "level", "layers"),
            "measured": a.instance(lambda: {"tv": "TV"}, ["tv"]),
            "log": a.flag(True),
        },
        changes_globals=("open figures",),
        within=_short,
    ),
    "study.figures.frontier": Call(
        lambda: figures.frontier,
        {
            "table": a.trusted(ROWS, OWN),
            "m": HALF,
            "kinds": a.trusted(None, OWN),
        },
        changes_globals=("open figures",),
        within=_short,
    ),
    "study.figures.separation": Call(
        lambda: figures.separation,
        {
            "table": a.trusted(ROWS, OWN),
            "densities": a.trusted(DENSITIES, OWN),
            "m": HALF,
        },
        changes_globals=("open figures",),
        within=_short,
    ),
    "study.figures.save": Call(
        lambda: figures.save,
        {"table": TABLE, "folder": a.instance(lambda: FOLDER, "folder")},
        within=_short,
    ),
    "study.line.report.study": Call(
        lambda: report.study,
        {
            "folder": a.trusted(FOLDER, COMMAND),
            "runs": a.count(1),
            "resume": a.trusted(True, COMMAND),
            "jobs": a.trusted(1, COMMAND),
            "scheduler": a.trusted(None, COMMAND),
            "store": a.trusted(False, COMMAND),
        },
        within=_stored,
    ),
    "study.line.report.tables": Call(
        lambda: report.tables,
        {
            "units": a.trusted([UNIT], OWN),
            "results": a.trusted({UNIT.name: RESULT}, OWN),
        },
    ),
    "study.line.runner.run": Call(
        lambda: runner.run,
        {
            "work": a.trusted(_work, OWN),
            "units": a.trusted([UNIT], OWN),
            "folder": a.trusted(FOLDER, COMMAND),
            "resume": a.trusted(True, COMMAND),
            "jobs": a.trusted(1, COMMAND),
            "scheduler": a.trusted(None, COMMAND),
        },
        within=_short,
    ),
}
