"""Checks of chapter 6: output units, copying, rank, tied gradients, a narrow code."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from lecture_code import autoencoders, datasets
from lecture_code.exercises import Check, Mistake, call, close, labs, numbers

SEEDS = (611, 622, 633)


def _gradient(answer: Any) -> str:
    """6.1: ``gradient(a, x)`` of a Poisson unit, exp(a) - x."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        a, x = rng.normal(size=9), rng.integers(0, 17, size=9).astype(float)
        got = call(answer, torch.tensor(a), torch.tensor(x))
        _compare_gradient(numbers(got, shape=(9,)), np.exp(a), x)
    return "It is x_hat - x once more: the exponential is the matching unit of a count."


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


def _copier(answer: Any) -> str:
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
    return (
        "Lifted far enough, no input meets the bend: a network with bends can be a "
        "straight line wherever its data are, and an autoencoder can copy."
    )


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


def _smallest_k(answer: Any) -> str:
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
    return (
        "The offsets take the mean off, so the data may lie in a plane that misses the "
        "origin, which saves a number. On digits they save none."
    )


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


def _tied_gradient(answer: Any) -> str:
    """6.4: the gradient of the cross-entropy with respect to a tied matrix."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        x = torch.tensor(rng.integers(0, 2, size=7).astype(float))
        W, b, c = (torch.tensor(rng.normal(size=s)) for s in ((3, 7), (3,), (7,)))
        got = numbers(call(answer, x, W, b, c), shape=(3, 7))
        read, written = _both_gradients(x, W, b, c)
        _miss_the_slope(got, torch.sigmoid(W @ x + b).numpy(), read, written)
        _compare_tied(got, read, written)
    return (
        "Two outer products, one for each place of W; where training rests they are "
        "each other's opposite."
    )


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


#: What a code of the lab may have and must reach on test digits.
WIDEST, LEAST_NAMED, MOST_NATS = 4, 0.72, 15.5


def _narrow_code(answer: Any) -> str:
    """6.5: a code of four numbers, read by its nearest neighbour."""
    model = labs.model(answer)
    if not isinstance(model, autoencoders.Autoencoder) or model.d != 64:
        raise Mistake("Hand in an Autoencoder of 64 pixels.")
    if model.k > WIDEST:
        raise Mistake(f"Your code has {model.k} numbers; at most {WIDEST} are asked.")
    train, test = (datasets.binary_digits(part) for part in ("train", "test"))
    with torch.no_grad():
        nats = float(model.loss(test.pixels))
        known, asked = model.encode(train.pixels), model.encode(test.pixels)
    labels = train.labels[torch.cdist(asked, known).argmin(dim=1)]
    named = float((labels == test.labels).double().mean())
    if nats > MOST_NATS or named < LEAST_NAMED:
        raise Mistake(_explain(model, nats, named, labels, test.labels))
    return (
        "Four numbers are not too few. One straight layer on each side is too poor to "
        "use them: with bent layers the digits of one class come to lie together, "
        "though no label was ever shown."
    )


def _explain(model: Any, nats: float, named: float, labels, true) -> str:
    """Say what a code lacks: training, width of the network, its drawing."""
    begin = f"{named:.0%} of the test digits are named, and a drawing costs {nats:.1f}"
    begin += " nats. "
    if named >= LEAST_NAMED:
        return begin + (
            "The code tells digits, and the decoder does not draw them: an autoencoder "
            "is trained on what comes back, and on no label."
        )
    if nats > 24:
        return begin + (
            "A coin for each pixel costs 25: has it been trained, and for long enough?"
        )
    pairs = torch.bincount(10 * true + labels, minlength=100).reshape(10, 10)
    most = int((pairs - pairs.diag().diag()).argmax())
    begin += f"Most often a {most // 10} is taken for a {most % 10}. "
    if nats > MOST_NATS:
        return begin + (
            "The drawings are poor as well: can a single layer use so few numbers? "
            "Look at hidden layers, the bend, the rate and the number of steps."
        )
    return begin + (
        "The drawings are good, so the room is there: is the whole code used, and what "
        "does the nearest neighbour see of it?"
    )


CHECKS: dict[str, Check] = {
    "6.1": _gradient,
    "6.2": _copier,
    "6.3": _smallest_k,
    "6.4": _tied_gradient,
}
LABS: dict[str, Check] = {"6.5": _narrow_code}
HINTS: dict[str, tuple[str, ...]] = {
    "6.1": (
        "Put exp(a) in the place of x_hat everywhere, and only then take derivatives.",
        "The logarithm of x_hat is a itself, and log x! does not depend on it.",
    ),
    "6.2": (
        "What does the ReLU do to a number that is positive already?",
        "Inputs are never below -1: lift all of them before the ReLU, and lower what "
        "comes out by as much.",
    ),
    "6.3": (
        "How many numbers tell which of two rows is meant, and which of three?",
        "Take the mean row off, then ask for the dimension of the space that the rows "
        "fill.",
    ),
    "6.4": (
        "W is used twice. Pretend that it is two matrices and take one gradient each.",
        "As writer: the error at output j times the number of the code. As reader: the "
        "error carried back through W, times the slope of the sigmoid, times the "
        "pixel. They add up.",
    ),
    "6.5": (
        "Print the share and the nats for the network of the chapter at four numbers. "
        "Then change one thing at a time.",
        "The code of a straight layer has to separate ten digits by four lines. What "
        "lets it bend?",
        "A hidden layer of some dozens on each side, tanh, a rate of a few thousandths "
        "and a thousand steps go far beyond what is asked.",
    ),
}
