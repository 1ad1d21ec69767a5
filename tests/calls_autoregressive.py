"""Calls of the autoregressive models: conditionals, and the grey levels."""

from __future__ import annotations

from dataclasses import replace

import arguments as a
import torch
from calls import BINARY, ORDER, Call, N, _pixels

from lecture_code import autoregressive, networks


def _grey() -> autoregressive.GreyAutoregressive:
    torch.manual_seed(0)
    return autoregressive.GreyAutoregressive(_network(), pixels=4, levels=5)


def _network() -> networks.MaskedConvNet:
    return networks.MaskedConvNet(2, channels=2, depth=1, outputs=9)


def _images() -> torch.Tensor:
    return torch.tensor([[0.0, 4.0, 1.0, 3.0], [2.0, 2.0, 0.0, 4.0]])


_LEVELS = a.tensor(_images, fixed=(1,), low=0, high=4)
LEVELS = {"x": replace(_LEVELS, bad={**_LEVELS.bad, "fractions": [_images() / 3]})}
ROOM = "autoregressive.GreyAutoregressive"
FOUR = replace(
    a.integers(lambda: torch.tensor([2, 0, 3, 1]), low=0, high=3),
    bad={**ORDER.bad, "twice": [[0, 0, 1, 2]], "short": [[0, 1, 2]]},
)

CALLS = {
    "autoregressive.Autoregressive.conditionals": Call(
        lambda: _pixels().conditionals, BINARY
    ),
    ROOM: Call(
        lambda: autoregressive.GreyAutoregressive,
        {
            "network": a.instance(
                _network,
                networks.MaskedConvNet(2, outputs=6),
                *(networks.mlp([4, 4]), torch.nn.Flatten(0)),
            ),
            "pixels": a.count(4),
            "levels": a.count(5, low=2),
            "components": a.count(3),
            "order": a.optional(FOUR),
        },
    ),
    f"{ROOM}.logits": Call(lambda: _grey().logits, LEVELS),
    f"{ROOM}.conditionals": Call(lambda: _grey().conditionals, LEVELS),
    f"{ROOM}.log_prob": Call(lambda: _grey().log_prob, LEVELS),
    f"{ROOM}.loss": Call(lambda: _grey().loss, LEVELS),
    f"{ROOM}.sample": Call(lambda: _grey().sample, N),
    f"{ROOM}.complete": Call(
        lambda: _grey().complete,
        {
            **LEVELS,
            "known": a.count(2, low=0, high=4),
            "generator": a.optional(a.generator()),
        },
    ),
}
