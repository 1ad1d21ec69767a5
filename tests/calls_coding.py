"""Calls of the arithmetic coder."""

from __future__ import annotations

import arguments as a
import torch
from calls import Call

from lecture_code import autoregressive, coding, networks


def _model() -> autoregressive.Autoregressive:
    torch.manual_seed(0)
    return autoregressive.Autoregressive(networks.masked_mlp([3, 5, 3]), pixels=3)


def _images() -> torch.Tensor:
    return torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])


P = a.probabilities(lambda: torch.tensor([0.25, 0.25, 0.5]))
NO_WORDS = [[], (), [0, 2], [0.0], [True], ["0"], "01"]
MODEL = a.instance(_model, torch.nn.Linear(3, 3))

CALLS = {
    "coding.counts": Call(lambda: coding.counts, {"p": P}),
    "coding.Encoder": Call(lambda: coding.Encoder, {}),
    "coding.Encoder.write": Call(
        lambda: coding.Encoder().write,
        {"symbol": a.count(1, low=0, high=2), "p": P},
        changes=("self",),
    ),
    "coding.Encoder.finish": Call(lambda: coding.Encoder().finish, {}),
    "coding.Decoder": Call(
        lambda: coding.Decoder,
        {"word": a.collection(lambda: [0, 1, 1], NO_WORDS[1:])},
    ),
    "coding.Decoder.read": Call(
        lambda: coding.Decoder([0, 1]).read, {"p": P}, changes=("self",)
    ),
    "coding.compress": Call(
        lambda: coding.compress,
        {"x": a.tensor(_images, fixed=(1,)), "model": MODEL},
    ),
    "coding.decompress": Call(
        lambda: coding.decompress,
        {
            "words": a.collection(
                lambda: [[0, 1], []], [[], [[0, 2]], [0], ["01"]], named=("word",)
            ),
            "model": MODEL,
        },
    ),
}
