"""Training in rounds: after each the validation images decide what is kept."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence

import torch
from tqdm import tqdm

from lecture_code import _validate, training


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

    The model offers ``loss(x)`` and is returned in evaluation mode. ``data`` (n, ...)
    and ``held_out`` (m, ...) are examples; each of the ``rates`` is one round of
    ``steps`` updates, in which Adam starts afresh.
    """
    _validate.instance("model", model, torch.nn.Module)
    _validate.tensor("held_out", held_out)
    rates = [
        _validate.real("rates", lr, above=0) for lr in _validate.items("rates", rates)
    ]
    fit = functools.partial(training.fit, steps=steps, batch_size=batch_size)
    improvements = [functools.partial(fit, model, data, lr=lr) for lr in rates]
    best_round(model, improvements, held_out, patience=len(rates))
    return model


def best_round(
    model: torch.nn.Module,
    improvements: Sequence[Callable[[], object]],
    held_out: torch.Tensor,
    *,
    patience: int,
) -> tuple[float, int]:
    """Improve a model again and again, and end with the weights that validate best.

    Each improvement is a round: it trains the model, which offers ``loss(x)`` and ends
    in evaluation mode. So many rounds as ``patience`` says without a better score on
    the ``held_out`` examples (m, ...) end the training. Returns the lowest validation
    loss, and how many rounds it took.
    """
    _validate.instance("model", model, torch.nn.Module)
    _validate.function("model.loss", getattr(model, "loss", None))
    _validate.tensor("held_out", held_out)
    improvements = _validate.items("improvements", improvements)
    _validate.integer("patience", patience, low=1)
    scored: list[tuple[float, dict]] = []
    for improve in tqdm(improvements, delay=2.0, leave=False):
        model.train()
        _validate.function("improvements", improve)()
        with torch.no_grad():
            nll = model.eval().loss(held_out).item()
        scored.append((nll, copy.deepcopy(model.state_dict())))
        if min(n for n, _ in scored[-patience:]) > min(n for n, _ in scored):
            break
    best = min(range(len(scored)), key=lambda i: scored[i][0])
    nll, weights = scored[best]
    model.load_state_dict(weights)
    return nll, best + 1
