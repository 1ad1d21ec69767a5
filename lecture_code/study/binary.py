"""The autoregressive models of the black and white digits, trained to be stored."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from tqdm import tqdm

from lecture_code import datasets, trained, training, validate

THRESHOLDS = (6, 7, 8, 9, 10)


def digit_model(
    name: str, *, lr: float, rounds: int, steps: int = 200
) -> torch.nn.Module:
    """Train a stored autoregressive model of the black and white digits.

    It sees the training images with five thresholds between paper and ink, since a
    pixel of grey level 7 might as well have been black. After each round the
    validation images are scored, and the weights that suit them best are kept.

    Parameters
    ----------
    name : str
        One of ``trained.RECIPES``.
    lr : float
        Learning rate of Adam, which starts afresh in each round.
    rounds : int
        How many rounds.
    steps : int
        Updates in a round.

    Returns
    -------
    torch.nn.Module
        The trained model in evaluation mode.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Notes
    -----
    Used in chapter 5.
    """
    validate.choice("name", name, trained.RECIPES)
    rounds = validate.integer("rounds", rounds, low=1)
    shades = [datasets.binary_digits("train", threshold=t).pixels for t in THRESHOLDS]
    held_out = datasets.binary_digits("validation").pixels
    scored: list[tuple[float, dict]] = []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = trained.RECIPES[name]()
        for _ in tqdm(range(rounds), delay=2.0, leave=False):
            training.fit(model.train(), torch.cat(shades), steps=steps, lr=lr)
            nll = model.eval().loss(held_out).item()
            scored.append((nll, copy.deepcopy(model.state_dict())))
    model.load_state_dict(min(scored, key=lambda pair: pair[0])[1])
    return model


WEIGHTS: dict[str, Callable[[], torch.nn.Module]] = {
    "logistic": lambda: digit_model("logistic", lr=5e-3, rounds=10),
    "masked-mlp": lambda: digit_model("masked-mlp", lr=2e-3, rounds=15),
    "masked-convolution": lambda: digit_model("masked-convolution", lr=3e-3, rounds=10),
    "recurrent": lambda: digit_model("recurrent", lr=5e-3, rounds=10),
}
