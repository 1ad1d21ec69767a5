"""Checks of chapter 8: ranks, coordinates of a code, centring, rows and columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (811, 822, 833)


def _rank_for(answer: Any) -> None:
    """8.1: the smallest K whose discarded squares are at most the share."""
    spectra = ([3.0, 2.0, 1.0, 1.0], [5.0, 4.0, 2.0, 1.0, 0.5], [1.0] * 6)
    cases = [(np.array(S), share) for S in spectra for share in _SHARES]
    got = [float(numbers(call(answer, torch.tensor(S), share))) for S, share in cases]
    want = [_least_rank(S**2, share * (S**2).sum()) for S, share in cases]
    if got == want:
        return
    _name_the_rule(got, cases)
    wrong = next(i for i in range(len(got)) if got[i] != want[i])
    S, share = cases[wrong]
    raise Mistake(
        f"For S = {S.tolist()} and share = {share} K = {want[wrong]} is enough and "
        f"needed; you say {got[wrong]:g}. With share = 1 everything may be lost: K = 0."
    )


_SHARES = (0.01, 0.063, 0.07, 0.1, 0.3, 0.5, 1.0)
#: Wrong rules of 8.1: what was added up, within which budget, and the hint.
_RULES: tuple[tuple[Callable, Callable, str], ...] = (
    (
        lambda S: S,
        lambda S, share: share * S.sum(),
        "You add up singular values; the squared norm adds squares.",
    ),
    (
        np.square,
        lambda S, share: (1 - share) * (S**2).sum(),
        "That keeps the share; it is what may be lost.",
    ),
    (
        np.square,
        lambda S, share: share**2 * (S**2).sum(),
        "You compare norms; the share is one of the squared norm.",
    ),
    (
        np.square,
        lambda S, share: share,
        "The share is a part of the whole: multiply it by the squared norm.",
    ),
)


def _name_the_rule(got: list[float], cases: list[tuple[np.ndarray, float]]) -> None:
    for weights, budget, hint in _RULES:
        if got == [_least_rank(weights(S), budget(S, share)) for S, share in cases]:
            raise Mistake(hint)


def _least_rank(weights: np.ndarray, budget: float) -> int:
    ranks = range(len(weights) + 1)
    return next(K for K in ranks if weights[K:].sum() <= budget + 1e-9)


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
    if close(encoder, W) and not close(decoder, V):
        raise Mistake("The encoder must move along with the decoder: z changes too.")
    if not close(decoder.T @ decoder, np.eye(3)):
        raise Mistake("The columns of the decoder are not orthonormal: try V.T @ V.")
    if not close(decoder @ encoder, V @ W):
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
    if close(got, want / len(x)):
        return
    if close(got, want):
        raise Mistake("That is the sum over all examples: divide by their number.")
    if close(got, want / len(x) / 2):
        raise Mistake("Half of it: the squared error itself is asked, not its half.")
    if close(got, want / (len(x) - 1)):
        raise Mistake("A mean over the examples: divide by T, not by T - 1.")
    if close(got, want / x.size):
        raise Mistake("Per example, not per entry: sum over the pixels of one.")
    if close(got, other / len(x)):
        raise Mistake(f"centred={centred}, and you answer for centred={not centred}.")
    if close(got, np.sqrt(_left_over(x, K, centred)).sum() / len(x)):
        raise Mistake("Singular values have to be squared before they are added.")
    raise Mistake(f"Wrong for K = {K}, centred={centred}. What is it for K = d?")


def _left_over(x: np.ndarray, K: int, centred: bool) -> np.ndarray:
    shifted = x - x.mean(axis=0) if centred else x
    return np.sort(np.linalg.eigvalsh(shifted.T @ shifted))[::-1][K:]


def _directions(answer: Any) -> None:
    """8.4: left singular vectors of data in columns, centred along the columns."""
    for seed, K in zip(SEEDS, (2, 3, 2), strict=True):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(5, 30)) * [[9], [5], [3], [2], [1]] + 7
        turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
        got = numbers(call(answer, torch.tensor(turn @ x), K), shape=None)
        if got.shape == (K, 5):
            raise Mistake("Transposed: one direction in each column, shape (d, K).")
        if got.shape in ((30, K), (K, 30)):
            raise Mistake(
                f"Shape {got.shape}: directions live in the space of one example, one "
                "in each column. Which singular vectors are these?"
            )
        _compare_directions(numbers(got, shape=(5, K)), turn @ x, K)


def _compare_directions(got: np.ndarray, x: np.ndarray, K: int) -> None:
    if not close(got.T @ got, np.eye(K)):
        raise Mistake(
            "The columns are not orthonormal: directions have length 1 and stand at "
            "right angles."
        )
    vectors = np.linalg.eigh(np.cov(x))[1][:, ::-1]  # largest first
    likeness = abs(vectors[:, :K].T @ got)
    if close(likeness, np.eye(K)):
        return
    if close(abs(got.T), abs(vectors[:K])):
        raise Mistake("These are rows of U: the directions are its columns.")
    if close(abs(np.linalg.svd(x)[0][:, :K].T @ got), np.eye(K)):
        raise Mistake("Not centred: the first direction is the mean's.")
    if close(likeness.sum(axis=0), 1) and close(likeness.sum(axis=1), 1):
        raise Mistake(
            "The right directions in the wrong order: the largest comes first. (eigh "
            "returns the smallest first.)"
        )
    if close(abs(vectors[:, ::-1][:, :K].T @ got), np.eye(K)):
        raise Mistake("These are the last ones: eigenvalues come smallest first.")
    raise Mistake(
        "Not the principal directions. The mean image is the mean over columns; "
        "subtract it from every column first."
    )


CHECKS: dict[str, Check] = {
    "8.1": _rank_for,
    "8.2": _tidy,
    "8.3": _price,
    "8.4": _directions,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
