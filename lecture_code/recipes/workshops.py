"""The models of the workshops, trained as their notebooks train them, but longer.

A notebook defines its models and ``train(model, steps, lr)``; its code up to the cell
with the tag "live" is run here, so that what is trained is what a reader sees.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from lecture_code import _files, datasets, trained, training

ROOT = Path(__file__).resolve().parents[2]
#: Where a training that was interrupted is taken up again.
ROUNDS = ROOT / "_build" / "training"


class Plan(NamedTuple):
    """How long a workshop's model is trained, in rounds of falling learning rate."""

    workshop: str
    model: str  # its name in the notebook
    rounds: int
    steps: int  # of each round
    lr: float  # of the first round


PLANS: dict[str, Plan] = {
    "workshop-vae": Plan("vae", "model", rounds=8, steps=1500, lr=2e-3),
}


@functools.cache
def scope(workshop: str) -> dict[str, Any]:
    """Run a workshop's notebook up to its training; return what it defined."""
    path = ROOT / "book" / f"workshop-{workshop}.ipynb"
    found: dict[str, Any] = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        tags = cell["metadata"].get("tags", [])
        if "live" in tags:
            return found
        if cell["cell_type"] == "code" and "setup" not in tags:
            exec("".join(cell["source"]), found)  # noqa: S102 - it is our own notebook
    raise ValueError(f"workshop: expected a cell tagged live, {path.name} has none")


def train(name: str) -> torch.nn.Module:
    """Train one of the ``PLANS`` in rounds, each kept; weights in half precision.

    A round begins with a fresh optimiser and a seed of its own, so that a training
    that was stopped goes on as if it had not been.
    """
    plan = PLANS[name]
    defined = scope(plan.workshop)
    model = defined[plan.model]
    for done in tqdm(range(plan.rounds), desc=name, disable=None):
        path = ROUNDS / f"{name}-{done}.npz"
        if path.exists():
            with np.load(path, allow_pickle=False) as kept:
                state = {key: torch.from_numpy(kept[key]) for key in kept}
            model.load_state_dict(state)
            continue
        lr = plan.lr * (1 + math.cos(math.pi * done / plan.rounds)) / 2
        torch.manual_seed(done)
        defined["train"](model, plan.steps, lr)
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {key: value.cpu().numpy() for key, value in model.state_dict().items()}
        _files.write_arrays(path, state)
    return model.eval().half()


def judge(*, rounds: int = 4, steps: int = 780) -> torch.nn.Module:
    """Train the classifier that judges the workshops' samples, on shifted images."""
    pixels, labels = datasets.mnist("train")
    rows = torch.cat([pixels.float() / 255, labels[:, None].float()], dim=1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = trained.BUILDERS["judge"]()

        def loss(batch: torch.Tensor) -> torch.Tensor:
            images = batch[:, :-1].unflatten(1, (28, 28))
            shift = torch.randint(-2, 3, (2,)).tolist()
            moved = images.roll(shift, dims=(1, 2)).flatten(1)
            wanted = batch[:, -1].long()
            return torch.nn.functional.cross_entropy(model(moved), wanted)

        for done in range(rounds):
            lr = 2e-3 * (1 + math.cos(math.pi * done / rounds)) / 2
            player = training.Player(model.parameters(), loss, lr)
            training.play([player], rows, steps=steps, batch_size=64)
    return model.eval().half()


WEIGHTS: dict[str, Callable[[], torch.nn.Module]] = {
    "judge": judge,
    **{name: functools.partial(train, name) for name in PLANS},
}
