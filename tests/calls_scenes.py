"""Calls of the scenes of chapter 14."""

from __future__ import annotations

import arguments as a
import torch
from calls import DRAWN, Call

from lecture_code import scenes

CALLS = {
    "scenes.ranking": Call(
        lambda: scenes.ranking,
        {
            "rows": a.collection(
                lambda: {"one": torch.ones(2, 4).tolist(), "two": [[1, 2, 3, 4]] * 2},
                [
                    *({}, [[1, 2, 3, 4]], {"one": [1, 2, 3, 4]}, {3: [[1, 2, 3, 4]]}),
                    *({"one": [[1, 2]]}, {"one": "abcd"}, {"": [[1, 2, 3, 4]]}),
                    {"one": [[1, 2, 3, 4]], "two": [[1, 2, 3, 4]] * 2},
                    {"one": [[1.0, 2.0, 3.0, float("nan")]]},
                ],
            ),
            "high": a.real(9.0, above=0),
        },
        changes_globals=DRAWN,
    ),
}
