"""Training in rounds: after each the validation images decide what is kept."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from tqdm import tqdm

from lecture_code import training, validate


def keep_best(
    model: torch.nn.Module,
    data: torch.Tensor,
    held_out: torch.Tensor,
    *,
    rates: Sequence[float],
    steps: int = 200,
    batch_size: int = 128,
) -> torch.nn.Module:
    """Train in rounds and end with the weights of the round that validates best.

    Parameters
    ----------
    model : torch.nn.Module
        Offers ``loss(x)``.
    data : torch.Tensor
        Training examples, shape (n, ...).
    held_out : torch.Tensor
        Validation examples, shape (m, ...).
    rates : sequence of float
        The learning rate of each round, in which Adam starts afresh.
    steps : int
        Updates in a round.
    batch_size : int
        Examples in a batch.

    Returns
    -------
    torch.nn.Module
        The model itself in evaluation mode.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Notes
    -----
    Used by ``make models``.
    """
    validate.instance("model", model, torch.nn.Module)
    validate.tensor("held_out", held_out)
    scored: list[tuple[float, dict]] = []
    for lr in tqdm(validate.items("rates", rates), delay=2.0, leave=False):
        lr = validate.real("rates", lr, above=0)
        training.fit(model.train(), data, steps=steps, batch_size=batch_size, lr=lr)
        with torch.no_grad():
            nll = model.eval().loss(held_out).item()
        scored.append((nll, copy.deepcopy(model.state_dict())))
    model.load_state_dict(min(scored, key=lambda pair: pair[0])[1])
    return model
