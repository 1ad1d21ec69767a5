"""Calls of the scoreboard."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from unittest import mock

import arguments as a
import torch
from calls import Call

from lecture_code import scoreboard


def _rows() -> torch.Tensor:
    return torch.linspace(0, 1, 120).reshape(60, 2)


def _empty() -> contextlib.AbstractContextManager:
    """Judge nobody but noise: the others are tested in test_scoreboard.py."""
    noise = scoreboard.Entry(scoreboard._noise, None, "none", 0.0, 0)
    return mock.patch.multiple(
        scoreboard,
        _controls=lambda: {"noise": noise},
        _models=dict,
        REPEATS=2,
        SAMPLES=60,
        _classifier=_Unsure,
        rejections=lambda x, y: 0.0,
    )


class _Unsure:
    def predict_proba(self, x):
        return torch.full((len(x), 10), 0.1).numpy()


#: A sample of too few rows is refused together with the other.
ROWS = a.tensor(_rows, fixed=(1,))

CALLS = {
    "scoreboard.entries": Call(lambda: scoreboard.entries, {}, within=_empty),
    "scoreboard.table": Call(lambda: scoreboard.table, {}, within=_empty),
    "scoreboard.rejections": Call(
        lambda: scoreboard.rejections,
        {
            "x": replace(ROWS, named=("y",)),
            "y": ROWS,
            "repeats": a.count(2),
        },
    ),
}
