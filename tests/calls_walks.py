"""Calls of the walk of chapter 7."""

from __future__ import annotations

import arguments as a
import numpy as np
import torch
from calls import DRAWN, Call

from lecture_code import scenes


def _paths() -> list[np.ndarray]:
    return [np.zeros((3, 2, 2)), np.ones((2, 4, 2))]


def _samples() -> torch.Tensor:
    return torch.arange(6.0).reshape(3, 2).double()


CALLS = {
    "scenes.walks": Call(
        lambda: scenes.walks,
        {
            "paths": a.collection(
                _paths,
                [
                    *([], 3, [np.zeros((3, 2))], [np.zeros((3, 2, 3))] * 2),
                    *([np.full((2, 2, 2), np.nan)] * 2, ["path"] * 2),
                ],
            ),
            "samples": a.array(_samples, fixed=(1,)),
            "titles": a.collection(lambda: ["a", "b"], [[], ["a"], "ab", ["a", 3]]),
        },
        changes_globals=DRAWN,
    ),
}
