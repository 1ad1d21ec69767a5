"""Calls of the scenes of chapters 9 and 10."""

from __future__ import annotations

from dataclasses import replace

import arguments as a
import torch
from calls import DRAWN, Call, _closing, _points

from lecture_code import scenes

IMAGE = a.array(_points(4))
IMAGE = replace(IMAGE, bad={**IMAGE.bad, "not square": [torch.ones(3)]})

CALLS = {
    "scenes.latent_map": Call(
        lambda: scenes.latent_map,
        {
            "codes": replace(a.array(_points(3, 2), fixed=(0, 1)), named=("labels",)),
            "labels": replace(
                a.integers(lambda: torch.tensor([0, 9, 3]), low=0, high=9),
                named=("codes",),
            ),
            "z": a.array(_points(2), fixed=(0,)),
            "image": IMAGE,
            "high": a.real(1.0, above=0),
        },
        changes_globals=DRAWN,
        within=_closing,
    ),
    "scenes.mesh": Call(
        lambda: scenes.mesh,
        {
            "corners": replace(
                a.array(_points(3, 4, 2), fixed=(0, 1, 2)), named=("values",)
            ),
            "values": a.array(_points(2, 3), fixed=(0, 1)),
            "high": a.real(1.0, above=0),
            "reach": a.real(3.0, above=0),
        },
        changes_globals=DRAWN,
        within=_closing,
    ),
}
