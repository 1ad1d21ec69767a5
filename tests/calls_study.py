"""Calls of the study: what runs from the command line."""

from __future__ import annotations

from unittest import mock

import arguments as a
from calls import Call, own_store

from lecture_code.study import __main__ as command
from lecture_code.study import binary, coverage, models

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
