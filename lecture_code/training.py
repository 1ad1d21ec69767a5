"""The one training loop: players take turns at minimising their losses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from tqdm import tqdm

from lecture_code import _validate


class Player(NamedTuple):
    """One side of a game: what it may change and the loss that it wants small.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
        What this player's Adam moves; nothing else changes in its turns.
    loss : callable
        Maps a batch ``(b, ...)`` to a scalar tensor.
    lr : float
        Learning rate of Adam.
    betas : tuple of float
        Decay rates of Adam's two averages.
    turns : int
        How many batches it plays in each step.
    """

    parameters: Iterable[torch.nn.Parameter]
    loss: Callable[[torch.Tensor], torch.Tensor]
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    turns: int = 1


def fit(
    model: torch.nn.Module,
    data: torch.Tensor,
    *,
    steps: int,
    batch_size: int = 128,
    lr: float = 1e-3,
    generator: torch.Generator | None = None,
) -> list[float]:
    """Minimise ``model.loss`` over the data with Adam: a game of one player.

    Chapter 4 writes this loop by hand. Returned is the batch loss before each of the
    ``steps`` updates.

    Parameters
    ----------
    model : torch.nn.Module
        Offers ``loss(x)``, a scalar for a batch ``x`` of shape (b, ...).
    data : torch.Tensor, shape (n, ...)
        Dealt out as by :func:`batches`.
    """
    _validate.function("model.loss", getattr(model, "loss", None))
    player = Player(model.parameters(), model.loss, lr)
    return play(
        [player], data, steps=steps, batch_size=batch_size, generator=generator
    )[0]


def play(
    players: Sequence[Player],
    data: torch.Tensor,
    *,
    steps: int,
    batch_size: int = 128,
    generator: torch.Generator | None = None,
) -> list[list[float]]:
    """Let each player in turn take its gradient steps, ``steps`` times around.

    Returned is for each player its loss before its last update of each round. The
    data (n, ...) are dealt out as by :func:`batches`.
    """
    for player in _validate.items("players", players):
        _check_player(player)
    steps = _validate.integer("steps", steps, low=1)
    batch = batches(data, batch_size=batch_size, generator=generator)
    # One call for all tensors: the same numbers, and less time for small networks.
    optimisers = [
        torch.optim.Adam(p.parameters, p.lr, p.betas, foreach=True) for p in players
    ]
    losses: list[list[float]] = [[] for _ in players]
    for step in tqdm(range(steps), delay=2.0, leave=False):
        for player, optimiser, history in zip(players, optimisers, losses, strict=True):
            for _ in range(player.turns):
                value = _update(player, optimiser, next(batch), step)
            history.append(value)
    return losses


def batches(
    data: torch.Tensor,
    *,
    batch_size: int = 128,
    generator: torch.Generator | None = None,
) -> Iterator[torch.Tensor]:
    """Deal data (n, ...) in random batches without end, reshuffled after each pass.

    Every batch has the same size, and so the same weight: ``batch_size``, or n where
    that is less. The rest of a pass that does not fill one is left out.
    """
    if _validate.tensor("data", data).ndim == 0:
        raise ValueError("data: expected a row for each example, got one number")
    size = min(_validate.integer("batch_size", batch_size, low=1), len(data))
    _validate.generator("generator", generator)
    return _deal(data, size, generator)


def _deal(
    data: torch.Tensor, size: int, generator: torch.Generator | None
) -> Iterator[torch.Tensor]:
    """Yield batches without end."""
    while True:
        order = torch.randperm(len(data), generator=generator).to(data.device)
        for start in range(0, len(data) - size + 1, size):
            yield data[order[start : start + size]]


def _update(
    player: Player, optimiser: torch.optim.Optimizer, batch: torch.Tensor, step: int
) -> float:
    """Take one gradient step, and return the loss before it."""
    loss = player.loss(batch)
    value = _check_loss(loss, step)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return value


def _check_loss(loss: torch.Tensor, step: int) -> float:
    """Return the value of a loss, or refuse one that cannot be minimised."""
    _validate.instance("loss", loss, torch.Tensor)
    if loss.ndim > 0 or not loss.requires_grad:
        got = _validate.describe(loss)
        raise ValueError(f"loss: expected a scalar with a gradient, got {got}")
    if not math.isfinite(value := loss.item()):
        raise ValueError(
            f"loss: expected a finite number, got {value} in step {step}: "
            "try a smaller lr"
        )
    return value


def _check_player(player: Player) -> None:
    """Refuse a player, but for what torch's Adam refuses itself."""
    _validate.instance("players", player, Player)
    _validate.function("loss", player.loss)
    _validate.real("lr", player.lr, above=0)
    _validate.integer("turns", player.turns, low=1)
