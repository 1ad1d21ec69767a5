"""The autoregressive models of the black and white digits: tried, chosen and stored.

What is tried is listed in ``CANDIDATES``. The validation images choose among them and
say when to stop; the test images are looked at once, by the chosen candidate.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from lecture_code import _validate, datasets, networks, training
from lecture_code.autoregressive import Autoregressive
from lecture_code.recipes.rounds import best_round

#: Between paper and ink: one threshold, as validation and test images have it, or five,
#: since a pixel of grey level 7 might as well have been black.
ONE, FIVE = (8,), (6, 7, 8, 9, 10)
#: How many rounds without a better validation score end a training.
PATIENCE = 2


class Candidate(NamedTuple):
    """One way to build and train a model.

    A share ``dropout`` of the ``width`` hidden units or channels is left out in
    training; width 0 means no hidden layer. Adam starts afresh with ``lr`` in each
    round. Each grey level in ``thresholds``, from which a pixel is black, gives a copy
    of the data.
    """

    width: int
    dropout: float
    lr: float
    thresholds: tuple[int, ...]


class Trial(NamedTuple):
    """A candidate after training, at the round of its best validation score.

    That is ``nll``, in nats per image; the model is in evaluation mode.
    """

    candidate: Candidate
    nll: float
    rounds: int
    model: torch.nn.Module


def _connected(width: int, dropout: float) -> torch.nn.Module:
    sizes = [64, width, 64] if width else [64, 64]
    return networks.masked_mlp(sizes, dropout=dropout)


NETWORKS: dict[str, Callable[[int, float], torch.nn.Module]] = {
    "logistic": _connected,
    "masked-mlp": _connected,
    "masked-convolution": lambda width, dropout: networks.MaskedConvNet(
        8, channels=width, depth=4, dropout=dropout
    ),
    "recurrent": lambda width, _: networks.CausalGRU(64, hidden=width),
}

CANDIDATES: dict[str, list[Candidate]] = {
    "logistic": [
        Candidate(0, 0.0, lr, thresholds)
        for thresholds in (ONE, FIVE)
        for lr in (5e-3, 2e-2)
    ],
    "masked-mlp": [
        Candidate(256, 0.5, 5e-3, ONE),
        Candidate(256, 0.5, 5e-3, FIVE),
        Candidate(1024, 0.6, 5e-3, ONE),
        Candidate(1024, 0.6, 5e-3, FIVE),
        Candidate(1024, 0.5, 5e-3, FIVE),
    ],
    "masked-convolution": [Candidate(16, 0.1, 3e-3, t) for t in (ONE, FIVE)],
    "recurrent": [Candidate(64, 0.0, 5e-3, t) for t in (ONE, FIVE)],
}


#: What is trained from each of ``SEEDS``: no hidden layer, a narrow one and the best.
SEEDS = range(10)
REPEATED = [("logistic", CANDIDATES["logistic"][place]) for place in (1, 3)]
REPEATED += [("masked-mlp", CANDIDATES["masked-mlp"][place]) for place in (0, 1, 4)]


def attempt(
    name: str,
    candidate: Candidate,
    *,
    rounds: int = 5,
    steps: int = 200,
    seed: int = 0,
) -> Trial:
    """Train a candidate until the validation images stop gaining from it.

    ``name`` is one of ``NETWORKS``. A round has ``steps`` updates; after ``PATIENCE``
    rounds without a better score, or ``rounds`` in all, it ends.
    """
    build = NETWORKS[_validate.choice("name", name, NETWORKS)]
    width, dropout, lr, thresholds = _validate.instance(
        "candidate", candidate, Candidate
    )
    rounds = _validate.integer("rounds", rounds, low=1)
    seed = _validate.integer("seed", seed, low=0)
    copies = [datasets.binary_digits("train", threshold=t).pixels for t in thresholds]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Autoregressive(build(width, dropout), pixels=64)
        x = torch.cat(copies)
        fit = functools.partial(training.fit, model, x, steps=steps, lr=lr)
        held_out = datasets.binary_digits("validation").pixels
        best = best_round(model, [fit] * rounds, held_out, patience=PATIENCE)
    return Trial(candidate, *best, model)


@functools.cache
def trials(name: str) -> list[Trial]:
    """Try all candidates of a model, the best on the validation images first.

    They are computed once in a process.
    """
    _validate.choice("name", name, CANDIDATES)
    tried = [attempt(name, candidate) for candidate in CANDIDATES[name]]
    return sorted(tried, key=lambda trial: trial.nll)


def table() -> dict[str, np.ndarray]:
    """Tabulate all trials; only a chosen candidate has a test score.

    Columns ``model``, ``width``, ``dropout``, ``lr``, ``thresholds`` (how many),
    ``rounds``, ``validation`` (nats per image), ``chosen`` (1 or 0) and ``test`` (nats
    per image, NaN where it was not looked at).
    """
    rows = [row for name in CANDIDATES for row in _rows(name)]
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def _rows(name: str) -> list[dict]:
    tried, test = trials(name), datasets.binary_digits("test").pixels
    with torch.no_grad():
        final = tried[0].model.loss(test).item()
    return [
        {
            "model": name,
            **trial.candidate._asdict(),
            "thresholds": len(trial.candidate.thresholds),
            "rounds": trial.rounds,
            "validation": round(trial.nll, 3),
            "chosen": int(place == 0),
            "test": round(final, 3) if place == 0 else np.nan,
        }
        for place, trial in enumerate(tried)
    ]


WEIGHTS: dict[str, Callable[[], torch.nn.Module]] = {
    name: functools.partial(lambda name: trials(name)[0].model, name)
    for name in CANDIDATES
}


@torch.no_grad()
def _score(model: torch.nn.Module) -> dict[str, float]:
    """Score a model on each part of the digits, in nats per image."""
    return {
        part: round(model.loss(datasets.binary_digits(part).pixels).item(), 3)
        for part in ("train", "validation", "test")
    }


def repeats() -> dict[str, np.ndarray]:
    """Train fully connected candidates from ten seeds, and score each on all parts.

    Columns ``model``, ``width``, ``thresholds``, ``seed`` (0 is the run of
    :func:`trials`), ``train``, ``validation`` and ``test`` (nats per image).
    """
    rows = [
        {
            "model": name,
            "width": candidate.width,
            "thresholds": len(candidate.thresholds),
            "seed": seed,
            **_score(attempt(name, candidate, seed=seed).model),
        }
        for name, candidate in REPEATED
        for seed in SEEDS
    ]
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


TABLES = {"binary-selection": table, "binary-seeds": repeats}
