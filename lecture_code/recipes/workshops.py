"""The models of the workshops, trained as their notebooks train them, but longer.

A notebook defines its models and ``train(model, steps, lr)``; its code up to the cell
with the tag "live" is run here, so that what is trained is what a reader sees.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import math
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
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
    options: Mapping[str, int] = {}  # of the notebook's ``train``
    until: str = "live"  # the tag of the cell that trains it in the notebook
    fall: int = 0  # rounds in which the rate would reach zero, if not in these


PLANS: dict[str, Plan] = {
    "workshop-autoregressive-mlp": Plan(
        "autoregressive", "mlp", 8, 1000, 8e-3, {"batch": 128}
    ),
    "workshop-autoregressive-cnn": Plan("autoregressive", "cnn", 6, 700, 3e-3),
    "workshop-autoencoders-thirty": Plan("autoencoders", "thirty", 6, 600, 3e-3),
    "workshop-autoencoders-denoiser": Plan("autoencoders", "denoiser", 12, 800, 3e-3),
    "workshop-autoencoders-plane": Plan("autoencoders", "plane", 8, 800, 3e-3),
    "workshop-gan": Plan("gan", "model", rounds=5, steps=800, lr=1e-3),
    "workshop-diffusion": Plan("diffusion", "model", 12, 1000, 3e-3),
    "workshop-vae": Plan("vae", "model", rounds=8, steps=1500, lr=2e-3),
    "workshop-flows": Plan("flows", "model", rounds=7, steps=400, lr=2e-3, fall=8),
    "workshop-flows-field": Plan("flows", "field", 8, 400, 3e-3, until="live-field"),
}


@functools.cache
def scope(workshop: str, until: str = "live") -> dict[str, Any]:
    """Run a workshop's notebook up to a training; return what it defined."""
    return run(workshop, until=until)


def run(workshop: str, *, until: str = "") -> dict[str, Any]:
    """Run the code of a workshop up to a cell with this tag, or all of it."""
    path = ROOT / "book" / f"workshop-{workshop}.ipynb"
    found: dict[str, Any] = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        tags = cell["metadata"].get("tags", [])
        if until in tags:
            return found
        if cell["cell_type"] == "code" and "setup" not in tags:
            exec("".join(cell["source"]), found)  # noqa: S102 - it is our own notebook
    if until:
        raise ValueError(f"until: expected the tag of a cell of {path.name}: {until!r}")
    return found


def train(name: str) -> torch.nn.Module:
    """Train one of the ``PLANS`` in rounds, each kept; weights in half precision."""
    plan = PLANS[name]
    defined = scope(plan.workshop, plan.until)
    model = copy.deepcopy(defined[plan.model])  # the next training begins there too
    with torch.random.fork_rng(devices=[]):
        _train_in_rounds(name, model, defined["train"], plan)
    _forget(name)
    return model.eval().half()


def _train_in_rounds(
    name: str, model: torch.nn.Module, train: Callable, plan: Plan, *, seed: int = 0
) -> None:
    """Train a model and keep each round.

    A round begins with a fresh optimiser and a seed of its own, so that a training
    that was stopped goes on as if it had not been.
    """
    for done in tqdm(range(plan.rounds), desc=name, disable=None):
        path = ROUNDS / f"{name}-{done}.npz"
        if path.exists():
            kept = _files.read_arrays(path)
            model.load_state_dict({k: torch.from_numpy(kept[k]) for k in kept})
            continue
        lr = plan.lr * (1 + math.cos(math.pi * done / (plan.fall or plan.rounds))) / 2
        torch.manual_seed(100 * seed + done)
        with _interruptible():
            train(model, plan.steps, lr, **plan.options)
        state = {key: value.cpu().numpy() for key, value in model.state_dict().items()}
        _files.write_arrays(path, state)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the run: a notebook's own loop would stop, and pass for whole."""

    def stop(*_: object) -> None:
        sys.exit("stopped; run the command again to go on from the last whole round")

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _forget(name: str) -> None:
    """Delete the rounds of a training that has ended: the next one begins anew."""
    for path in ROUNDS.glob(f"{name}-[0-9]*.npz"):
        path.unlink()


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


#: How the GANs are trained that are told no digit, in place of the stored one.
UNTOLD = Plan("gan", "model", rounds=5, steps=500, lr=1e-3)


def digit_shares(*, seeds: int = 3, samples: int = 2000) -> trained.Table:
    """Train GANs that are told no digit; count which digits the judge reads.

    For each seed and digit the share of the samples, and the share that is read so
    with a chance of more than 90 %.
    """
    with torch.random.fork_rng(devices=[]):
        read = np.concatenate([_read(seed, samples) for seed in range(seeds)])
    _forget("workshop-gan-untold")
    digits = np.arange(10)
    return {
        "seed": np.repeat(np.arange(seeds), len(digits)),
        "digit": np.tile(digits, seeds),
        "share": read[:, 0],
        "sure": read[:, 1],
    }


def _read(seed: int, samples: int) -> np.ndarray:
    """Train one; return the two shares of each digit, (10, 2)."""
    defined = scope(UNTOLD.workshop)
    device = defined["device"]
    torch.manual_seed(seed)
    model = defined["GAN"](classes=1).to(device)
    name = f"workshop-gan-untold-{seed}"
    _train_in_rounds(name, model, defined["train"], UNTOLD, seed=seed)
    torch.manual_seed(seed)
    z = torch.randn(samples, 64).to(device)
    made = defined["draw"](model, z, z.new_zeros(samples, dtype=torch.long))
    classifier = trained.load("judge")
    with torch.no_grad():
        logits = torch.cat([classifier(x) for x in made.cpu().split(500)])
    chance, digit = logits.softmax(dim=1).max(dim=1)
    counts = [d.bincount(minlength=10) for d in (digit, digit[chance > 0.9])]
    return torch.stack(counts, dim=1).numpy() / samples


TABLES: dict[str, Callable[[], trained.Table]] = {"workshop-gan": digit_shares}
