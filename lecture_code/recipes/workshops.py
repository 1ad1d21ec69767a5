"""The models of the workshops, trained as their notebooks train them, but longer.

A notebook defines its models and ``train(model, steps, lr)``; its code up to the cell
with the tag "live" is run here, so that what is trained is what a reader sees.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Sequence
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
    "workshop-gan": Plan("gan", "model", rounds=5, steps=800, lr=1e-3),
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


def digit_shares(*, seeds: int = 3, samples: int = 2000) -> trained.Table:
    """Train GANs that are told no digit; count what they draw. Each one is kept."""
    shares = []
    for seed in tqdm(range(seeds), desc="workshop-gan.csv", disable=None):
        path = ROUNDS / f"workshop-gan-shares-{seed}.npz"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _files.write_arrays(path, {"share": _count_digits(seed, samples)})
        with np.load(path, allow_pickle=False) as kept:
            shares.append(kept["share"])
    digits = np.arange(10)
    return {
        "seed": np.repeat(np.arange(seeds), len(digits)),
        "digit": np.tile(digits, seeds),
        "share": np.concatenate(shares),
    }


def _count_digits(
    seed: int,
    samples: int,
    stretches: Sequence[tuple[int, float]] = ((700, 1e-3), (300, 3e-4)),
) -> np.ndarray:
    """Train one without labels, by steps and rates; return what the judge reads."""
    defined = scope("gan")
    torch.manual_seed(seed)
    model = defined["GAN"](classes=1).to(defined["device"])
    for steps, lr in stretches:
        defined["train"](model, steps, lr)
    z = torch.randn(samples, 64, device=defined["device"])
    made = defined["draw"](model, z, z.new_zeros(samples, dtype=torch.long))
    with torch.no_grad():
        logits = [trained.load("judge")(x) for x in made.cpu().split(500)]
    return torch.cat(logits).argmax(1).bincount(minlength=10).numpy() / samples


TABLES: dict[str, Callable[[], trained.Table]] = {"workshop-gan": digit_shares}
