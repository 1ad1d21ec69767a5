"""Calls of the study: what runs from the command line."""

from __future__ import annotations

import contextlib
from unittest import mock

import arguments as a
import torch
from calls import DATA, INITIALISED, Call, Line, own_store

from lecture_code import trained
from lecture_code.study import __main__ as command
from lecture_code.study import binary, coverage, grey, models, rounds


def _short() -> contextlib.AbstractContextManager:
    """Train the grey model for a moment, and forget it afterwards."""
    with torch.random.fork_rng():
        untrained = trained.RECIPES[grey.NAME]().eval()
    return mock.patch.object(grey, "_trained", return_value=(untrained, 0.1))


QUICK = binary.Candidate(0, 0.0, 0.01, binary.ONE)


def _one_trial(name: str) -> list[binary.Trial]:
    return [binary.attempt(name, QUICK, rounds=1, steps=1)]


CALLS = {
    "study.coverage.unseen_share": Call(
        lambda: coverage.unseen_share,
        {
            "patch_size": a.count(2, low=1, high=8),
            "images": a.count(9, low=1, high=1000),
            "generator": a.optional(a.generator()),
        },
    ),
    "study.coverage.table": Call(
        lambda: coverage.table,
        {"repeats": a.count(2, low=2)},
        within=lambda: mock.patch.multiple(
            coverage, PATCH_SIZES=(8,), TRAIN_SIZES=(9,)
        ),
    ),
    "study.binary.attempt": Call(
        lambda: binary.attempt,
        {
            "name": a.choice("logistic"),
            "candidate": a.instance(lambda: QUICK),
            "rounds": a.count(1),
            "steps": a.count(1),
        },
    ),
    "study.binary.table": Call(
        lambda: binary.table,
        {},
        within=lambda: mock.patch.multiple(
            binary, CANDIDATES={"logistic": [QUICK]}, trials=_one_trial
        ),
    ),
    "study.grey.grey_model": Call(lambda: grey.grey_model, {}, within=_short),
    "study.grey.costs": Call(lambda: grey.costs, {}, within=_short),
    "study.rounds.keep_best": Call(
        lambda: rounds.keep_best,
        {
            "model": a.instance(Line, torch.nn.Linear(2, 2)),
            "data": DATA,
            "held_out": a.tensor(lambda: torch.ones(4), rank=False),
            "rates": a.collection(lambda: [0.1], [[], [0.0], ["fast"]]),
            "steps": a.count(1),
            "batch_size": a.count(2),
        },
        changes=("model",),
        changes_globals=INITIALISED,
    ),
    "study.rounds.best_round": Call(
        lambda: rounds.best_round,
        {
            "model": a.instance(Line, torch.nn.Linear(2, 2)),
            "improvements": a.collection(lambda: [lambda: None], [[], [1], "ab"]),
            "held_out": a.tensor(lambda: torch.ones(4), rank=False),
            "patience": a.count(1),
        },
        changes=("model",),
    ),
    "study.models.make": Call(
        lambda: models.make,
        {"force": a.flag(False)},
        within=own_store,
    ),
    "study.__main__.main": Call(
        lambda: command.main,
        {
            "arguments": a.trusted(
                ["models"], "argparse refuses it on the command line, see test_study.py"
            )
        },
        within=own_store,
    ),
}
