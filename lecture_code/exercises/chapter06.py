"""Checks of chapter 6: output units, copying, rank, and tied gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (611, 622, 633)


def _gradient(answer: Any) -> None:
    """6.1: ``gradient(a, x)`` of a Poisson unit, exp(a) - x."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        a, x = rng.normal(size=9), rng.integers(0, 17, size=9).astype(float)
        got = call(answer, torch.tensor(a), torch.tensor(x))
        _compare_gradient(numbers(got, shape=(9,)), np.exp(a), x)


def _compare_gradient(got: np.ndarray, mean: np.ndarray, x: np.ndarray) -> None:
    if close(got, x - mean):
        raise Mistake("The sign: a pixel that came out too dark must pull down.")
    if close(got, 1 - x / mean):
        raise Mistake(
            "That is the gradient with respect to x_hat. One more link of the chain: "
            "what is the derivative of x_hat = exp(a)?"
        )
    if close(got, np.log(mean) - x):
        raise Mistake("x_hat is exp(a), not a: only a linear unit has x_hat = a.")
    if close(got, 1 / (1 + 1 / mean) - x):
        raise Mistake("That is the sigmoid's answer. Here the mean is exp(a).")
    if not close(got, mean - x):
        raise Mistake(
            "Not the derivative of exp(a) - x a. Compare with a difference quotient "
            "at a = 0, x = 3: it must give -2."
        )


def _copier(answer: Any) -> None:
    """6.2: ``copier(d)`` returns W, b, V, c of a ReLU network that copies [-1, 1]^d."""
    for d, seed in zip((1, 5, 64), SEEDS, strict=True):
        parts = call(answer, d)
        if not isinstance(parts, (tuple, list)) or len(parts) != 4:
            raise Mistake("Return four things: W, b, V and c.")
        shapes = ((d, d), (d,), (d, d), (d,))
        W, b, V, c = (
            numbers(part, shape=shape)
            for part, shape in zip(parts, shapes, strict=True)
        )
        x = np.random.default_rng(seed).uniform(-1, 1, size=(50, d))
        before = x @ W.T + b
        _compare_copy(x, np.maximum(before, 0) @ V.T + c, before.min())


def _compare_copy(x: np.ndarray, back: np.ndarray, low: float) -> None:
    if close(back, np.maximum(x, 0)):
        raise Mistake(
            "Negative inputs come back as 0: the ReLU cut them off. Lift everything "
            "above 0 before the ReLU, and lower it again after."
        )
    shift = (back - x).mean()
    if close(back, x + shift) and abs(shift) > 1e-6:
        raise Mistake(f"Everything comes back {shift:+.2f} too high: choose c.")
    if not close(back, x):
        cut = "Try x = -1 in every place: does W x + b stay above 0?"
        inverse = "The ReLU cuts nothing here. Is V the inverse of W, and c = -V b?"
        raise Mistake(
            f"Some input comes back wrong by {abs(back - x).max():.2g}. "
            + (cut if low < 0 else inverse)
        )


def _smallest_k(answer: Any) -> None:
    """6.3: the rank of the centred data, at least 1."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        rank = int(rng.integers(2, 5))
        codes, basis = rng.normal(size=(30, rank)), rng.normal(size=(rank, 9))
        codes -= codes.mean(axis=0)
        _compare_rank(answer, codes @ basis, rank)
        basis[0] = 1  # a direction that a row loses with its own mean
        _compare_rank(answer, codes @ basis, rank)
        _compare_rank(answer, codes @ basis + 3 * rng.normal(size=9), rank)
    few = np.random.default_rng(SEEDS[0]).normal(size=(4, 9))
    _compare_rank(answer, few, 3)
    _compare_rank(answer, np.ones((5, 9)), 1)


def _compare_rank(answer: Any, x: np.ndarray, rank: int) -> None:
    got = float(numbers(call(answer, torch.tensor(x))))
    if got == rank:
        return
    _name_the_rank(got, x)
    raise Mistake(
        f"For {len(x)} rows in {x.shape[1]} dimensions your K = {got:g}, and K = "
        f"{rank} is the answer. Through two points there is a line: two rows need "
        "one number."
    )


def _name_the_rank(got: float, x: np.ndarray) -> None:
    if got == x.shape[1]:
        raise Mistake("d numbers always do, but fewer may: do the rows fill the space?")
    if not np.ptp(x, axis=0).any():
        raise Mistake("All rows alike: the smallest K that may be asked for is 1.")
    plain = np.linalg.matrix_rank(x)
    if plain != got == np.linalg.matrix_rank(x - x.mean(axis=1, keepdims=True)):
        raise Mistake(
            "You subtracted each row's own mean. The offset is one vector for all rows."
        )
    if got == plain - 1 and not x.mean(axis=0).round(9).any():
        raise Mistake(
            "These rows have the mean 0 already, and your K is not their rank: the "
            "offsets save a number only where the plane misses the origin."
        )
    if got == plain:
        raise Mistake(
            "The rank of the rows as they are. The offsets come free: the data need "
            "only lie in a plane that need not pass through the origin."
        )


def _tied_gradient(answer: Any) -> None:
    """6.4: the gradient of the cross-entropy with respect to a tied matrix."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        x = torch.tensor(rng.integers(0, 2, size=7).astype(float))
        W, b, c = (torch.tensor(rng.normal(size=s)) for s in ((3, 7), (3,), (7,)))
        got = numbers(call(answer, x, W, b, c), shape=(3, 7))
        read, written = _both_gradients(x, W, b, c)
        _miss_the_slope(got, torch.sigmoid(W @ x + b).numpy(), read, written)
        _compare_tied(got, read, written)


def _miss_the_slope(got: np.ndarray, z, read, written) -> None:
    if close(got, read / (z * (1 - z))[:, None] + written):
        raise Mistake("In the encoder's half the slope z (1 - z) is missing.")


def _both_gradients(x, W, b, c) -> tuple[np.ndarray, np.ndarray]:
    reader, writer = (W.clone().requires_grad_() for _ in range(2))
    output = torch.sigmoid(reader @ x + b) @ writer + c
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        output, x, reduction="sum"
    )
    parts = torch.autograd.grad(loss, (reader, writer))
    return parts[0].numpy(), parts[1].numpy()


def _compare_tied(got: np.ndarray, read: np.ndarray, written: np.ndarray) -> None:
    if close(got, written):
        raise Mistake("The decoder's half is right; W also made the code.")
    if close(got, read):
        raise Mistake("The encoder's half is right; W also draws the output.")
    if close(got, (read + written) / 2):
        raise Mistake("Both halves are right, and they add up: do not average them.")
    if close(got, -(read + written)):
        raise Mistake("The sign: start from x_hat - x, not from x - x_hat.")
    if not close(got, read + written):
        raise Mistake(
            "Not the gradient. Compare with torch.autograd.grad on a 2 by 3 matrix, "
            "for one of the two places of W at a time."
        )


CHECKS: dict[str, Check] = {
    "6.1": _gradient,
    "6.2": _copier,
    "6.3": _smallest_k,
    "6.4": _tied_gradient,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
