"""Calls of the recipes: what is computed ahead."""

from __future__ import annotations

import contextlib
from unittest import mock

import arguments as a
import torch
from calls import DATA, INITIALISED, Call, Line, own_store

from lecture_code import trained
from lecture_code.recipes import __main__ as command
from lecture_code.recipes import binary, coverage, grey, rounds


def _short() -> contextlib.AbstractContextManager:
    """Train the grey model for a moment, and forget it afterwards."""
    with torch.random.fork_rng():
        untrained = trained.BUILDERS[grey.NAME]().eval()
    return mock.patch.object(grey, "_trained", return_value=(untrained, 0.1))


QUICK = binary.Candidate(0, 0.0, 0.01, binary.ONE)


def _one_trial(name: str) -> list[binary.Trial]:
    return [binary.attempt(name, QUICK, rounds=1, steps=1)]


CALLS = {
    "recipes.coverage.unseen_share": Call(
        lambda: coverage.unseen_share,
        {
            "patch_size": a.count(2, low=1, high=8),
            "images": a.count(9, low=1, high=1000),
            "generator": a.optional(a.generator()),
        },
    ),
    "recipes.coverage.table": Call(
        lambda: coverage.table,
        {"repeats": a.count(2, low=2)},
        within=lambda: mock.patch.multiple(
            coverage, PATCH_SIZES=(8,), TRAIN_SIZES=(9,)
        ),
    ),
    "recipes.binary.attempt": Call(
        lambda: binary.attempt,
        {
            "name": a.choice("logistic"),
            "candidate": a.instance(lambda: QUICK),
            "rounds": a.count(1),
            "steps": a.count(1),
        },
    ),
    "recipes.binary.table": Call(
        lambda: binary.table,
        {},
        within=lambda: mock.patch.multiple(
            binary, CANDIDATES={"logistic": [QUICK]}, trials=_one_trial
        ),
    ),
    "recipes.grey.grey_model": Call(lambda: grey.grey_model, {}, within=_short),
    "recipes.grey.costs": Call(lambda: grey.costs, {}, within=_short),
    "recipes.rounds.keep_best": Call(
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
    "recipes.rounds.best_round": Call(
        lambda: rounds.best_round,
        {
            "model": a.instance(Line, torch.nn.Linear(2, 2)),
            "improvements": a.collection(lambda: [lambda: None], [[], [1], "ab"]),
            "held_out": a.tensor(lambda: torch.ones(4), rank=False),
            "patience": a.count(1),
        },
        changes=("model",),
    ),
    "recipes.__main__.make": Call(
        lambda: command.make,
        {"force": a.trusted(False, "an option, which the command line reads")},
        within=own_store,
    ),
    "recipes.__main__.main": Call(
        lambda: command.main,
        {"arguments": a.trusted([], "argparse refuses what it does not know")},
        within=own_store,
    ),
}
