"""Checks of chapter 8: ranks, coordinates of a code, centring, rows and columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Mistake, call, numbers

SEEDS = (811, 822, 833)


def _rank_for(answer: Any) -> None:
    """8.1: the smallest K whose discarded squares are at most the share."""
    for S in ([3.0, 2.0, 1.0, 1.0], [5.0, 4.0, 2.0, 1.0, 0.5], [1.0] * 6):
        for share in (0.01, 0.1, 0.3, 0.5, 1.0):
            _compare_budget(answer, np.array(S), share)


def _compare_budget(answer: Any, S: np.ndarray, share: float) -> None:
    got = float(numbers(call(answer, torch.tensor(S), share)))
    want = _least_rank(S**2, share)
    if got == want:
        return
    if got == _least_rank(S, share):
        raise Mistake("You add up singular values; the squared norm adds squares.")
    if got == _least_rank(S**2, 1 - share):
        raise Mistake("That keeps the share; it is what may be lost.")
    raise Mistake(
        f"For S = {S.tolist()} and share = {share} K = {want} is enough and needed; "
        f"you say {got:g}. With share = 1 everything may be lost: K = 0."
    )


def _least_rank(weights: np.ndarray, share: float) -> int:
    ranks = range(len(weights) + 1)
    budget = share * weights.sum() + 1e-9
    return next(K for K in ranks if weights[K:].sum() <= budget)


def _tidy(answer: Any) -> None:
    """8.2: the same product with orthonormal columns in the decoder."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        W, V = rng.normal(size=(3, 7)), rng.normal(size=(7, 3))
        pair = call(answer, torch.tensor(W), torch.tensor(V))
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise Mistake("Return two matrices: the new encoder and the new decoder.")
        encoder = numbers(pair[0], shape=(3, 7))
        _compare_tidy(encoder, numbers(pair[1], shape=(7, 3)), W, V)


def _compare_tidy(encoder: np.ndarray, decoder: np.ndarray, W, V) -> None:
    if np.allclose(encoder, W) and not np.allclose(decoder, V):
        raise Mistake("The encoder must move along with the decoder: z changes too.")
    if not np.allclose(decoder.T @ decoder, np.eye(3), atol=1e-6):
        raise Mistake("The columns of the decoder are not orthonormal: try V.T @ V.")
    if not np.allclose(decoder @ encoder, V @ W, atol=1e-6):
        raise Mistake(
            "The decoder is tidy, the reconstruction another. V = Q R: who takes the R?"
        )


def _price(answer: Any) -> None:
    """8.3: the mean of the discarded squares, centred or not."""
    for seed in SEEDS:
        x = np.random.default_rng(seed).normal(size=(40, 6)) * range(1, 7) + 4
        for K in (1, 3):
            for centred in (True, False):
                _compare_price(answer, x, K, centred)


def _compare_price(answer: Any, x: np.ndarray, K: int, centred: bool) -> None:
    got = float(numbers(call(answer, torch.tensor(x), K, centred)))
    want, other = (_left_over(x, K, flag).sum() for flag in (centred, not centred))
    if np.isclose(got, want / len(x)):
        return
    if np.isclose(got, want):
        raise Mistake("That is the sum over all examples: divide by their number.")
    if np.isclose(got, want / x.size):
        raise Mistake("Per example, not per entry: sum over the pixels of one.")
    if np.isclose(got, other / len(x)):
        raise Mistake(f"centred={centred}, and you answer for centred={not centred}.")
    if np.isclose(got, np.sqrt(_left_over(x, K, centred)).sum() / len(x)):
        raise Mistake("Singular values have to be squared before they are added.")
    raise Mistake(f"Wrong for K = {K}, centred={centred}. What is it for K = d?")


def _left_over(x: np.ndarray, K: int, centred: bool) -> np.ndarray:
    shifted = x - x.mean(axis=0) if centred else x
    return np.sort(np.linalg.eigvalsh(shifted.T @ shifted))[::-1][K:]


def _directions(answer: Any) -> None:
    """8.4: left singular vectors of data in columns, centred along the columns."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(5, 30)) * [[9], [5], [3], [2], [1]] + 7
        turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
        got = call(answer, torch.tensor(turn @ x), 2)
        if tuple(np.shape(got)) in ((30, 2), (2, 5), (2, 30)):
            raise Mistake(
                f"Shape {tuple(np.shape(got))}: directions live in the space of one "
                "example, one in each column. Which singular vectors are these?"
            )
        _compare_directions(numbers(got, shape=(5, 2)), turn @ x)


def _compare_directions(got: np.ndarray, x: np.ndarray) -> None:
    values, vectors = np.linalg.eigh(np.cov(x))
    raw = np.linalg.svd(x)[0]
    for wanted, hint in (
        (vectors[:, values.argsort()[::-1][:2]], ""),
        (raw[:, :2], "Not centred: the first direction is the mean's."),
        (vectors[:, :2], "These are the last two: eigenvalues come smallest first."),
    ):
        if np.allclose(abs(wanted.T @ got), np.eye(2), atol=1e-6):
            if hint:
                raise Mistake(hint)
            return
    raise Mistake(
        "Not the principal directions. The mean image is the mean over columns; "
        "subtract it from every column first."
    )


CHECKS: dict[str, Callable[[Any], None]] = {
    "8.1": _rank_for,
    "8.2": _tidy,
    "8.3": _price,
    "8.4": _directions,
}
