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

    Parameters
    ----------
    model : torch.nn.Module
        Offers ``loss(x)``, a scalar for a batch ``x`` of shape (b, ...).
    data : torch.Tensor
        Examples, shape (n, ...).
    steps : int
        Number of updates, at least 1.
    batch_size : int
        Examples in a batch; where there are fewer, all of them.
    lr : float
        Learning rate of Adam, positive.
    generator : torch.Generator, optional
        Source of the order of examples.

    Returns
    -------
    list of float
        The batch loss before each update, length ``steps``.

    Notes
    -----
    Used from chapter 4 on, which writes this loop by hand.
    """
    _validate.instance("model", model, torch.nn.Module)
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

    Parameters
    ----------
    players : sequence of Player
        In the order in which they move.
    data : torch.Tensor
        Examples, shape (n, ...).
    steps : int
        Number of rounds, at least 1.
    batch_size : int
        Examples in a batch; where there are fewer, all of them.
    generator : torch.Generator, optional
        Source of the order of examples.

    Returns
    -------
    list of list of float
        For each player its loss before its last update of each round.
    """
    players = [_checked(player) for player in _validate.items("players", players)]
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
    """Deal the data in random batches without end, reshuffled after each pass.

    Parameters
    ----------
    data : torch.Tensor
        Examples, shape (n, ...).
    batch_size : int
        Examples in a batch; the rest of a pass that does not fill one is left out, so
        that every batch weighs the same.
    generator : torch.Generator, optional
        Source of the order.

    Returns
    -------
    iterator of torch.Tensor
        Batches of shape (min(batch_size, n), ...).
    """
    if _validate.tensor("data", data).ndim == 0:
        raise ValueError("data: expected a row for each example, got one number")
    size = min(_validate.integer("batch_size", batch_size, low=1), len(data))
    _validate.generator("generator", generator)
    return _deal(data, size, generator)


def _deal(data, size, generator) -> Iterator[torch.Tensor]:
    while True:
        order = torch.randperm(len(data), generator=generator).to(data.device)
        for start in range(0, len(data) - size + 1, size):
            yield data[order[start : start + size]]


def _update(player: Player, optimiser, batch: torch.Tensor, step: int) -> float:
    loss = _validate.instance("loss", player.loss(batch), torch.Tensor)
    if loss.ndim > 0 or not loss.requires_grad:
        got = _validate.describe(loss)
        raise ValueError(f"loss: expected a scalar with a gradient, got {got}")
    if not math.isfinite(value := loss.item()):
        raise ValueError(
            f"loss: expected a finite number, got {value} in step {step}: "
            "try a smaller lr"
        )
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return value


def _checked(player: Player) -> Player:
    _validate.instance("players", player, Player)
    _validate.function("loss", player.loss)
    _validate.real("lr", player.lr, above=0)
    _validate.integer("turns", player.turns, low=1)
    betas = _validate.array("betas", player.betas, shape=(2,), low=0)
    if betas.max() >= 1:
        raise ValueError(f"betas: expected numbers below 1, got {player.betas}")
    parameters = list(_validate.instance("parameters", player.parameters, Iterable))
    for each in _validate.items("parameters", parameters):
        _validate.instance("parameters", each, torch.nn.Parameter)
    return player._replace(parameters=parameters)
