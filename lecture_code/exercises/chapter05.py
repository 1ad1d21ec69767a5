"""Checks of chapter 5: masks, parameters, a sampler, the order of pixels."""

from __future__ import annotations

import itertools
import math
from numbers import Integral
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (41, 52, 63)


def _masks(answer: Any) -> None:
    """5.1: ``masks(degrees, d)`` = (degrees >= j), (i > degrees)."""
    for seed, d in zip(SEEDS, (4, 6, 5), strict=True):
        degrees = np.random.default_rng(seed).integers(0, d - 1, size=9)
        got = call(answer, torch.tensor(degrees), d)
        if not isinstance(got, (tuple, list)) or len(got) != 2:
            raise Mistake("Return two masks: of the hidden layer, and of the output.")
        first, second = (_zeros_and_ones(mask) for mask in got)
        _compare_masks(first, second, degrees, d)


def _zeros_and_ones(mask: Any) -> np.ndarray:
    mask = numbers(mask, shape=None)
    if not np.isin(mask, (0, 1)).all():
        raise Mistake("A mask holds zeros and ones only, or True and False.")
    return mask


def _compare_masks(first, second, degrees: np.ndarray, d: int) -> None:
    shapes, due = (first.shape, second.shape), ((9, d), (d, 9))
    if shapes != due:
        raise Mistake(f"The shapes are {shapes}, not (hidden, d) and (d, hidden).")
    paths = second @ first
    if np.triu(paths).any():
        i, j = np.argwhere(np.triu(paths) > 0)[0]
        raise Mistake(
            f"Output {i} can see input {j}, which is not before it. An output may "
            "see a unit only if the unit's degree is less than the output's number."
        )
    if not np.array_equal(first, degrees[:, None] >= np.arange(d)):
        raise Mistake(
            "Nothing leaks, but the first mask is not the widest: a unit of degree m "
            "may see the inputs from 0 to m, the last one included."
        )
    if not np.array_equal(second, np.arange(d)[:, None] > degrees):
        raise Mistake(
            "Nothing leaks, but the second mask is not the widest: output i may see "
            "every unit of a degree less than i."
        )


def _parameters(answer: Any) -> None:
    """5.2: 2**d - 1 for the table, d (d + 1) / 2 for the logistic model."""
    for d in (5, 3, 9, 60):  # at 1 and 2 both counts agree
        got = call(answer, d)
        if not isinstance(got, (tuple, list)) or len(got) != 2:
            raise Mistake("Return two numbers: for the table, and for the model.")
        table, model = map(_whole, got)
        _compare_parameters(table, model, d)


def _whole(count: Any) -> int:
    numbers(count)  # one number, please
    if isinstance(count, (torch.Tensor, np.ndarray)):
        count = count.tolist()
    if not isinstance(count, Integral):
        raise Mistake("Whole numbers, please: at 60 pixels a float is too coarse.")
    return int(count)


def _compare_parameters(table: int, logistic: int, d: int) -> None:
    if (logistic, table) == (2**d - 1, d * (d + 1) // 2):
        raise Mistake("Both are right, in the wrong order: the table comes first.")
    if table == 2**d:
        raise Mistake("The probabilities sum to 1, so that one of them is not free.")
    if table != 2**d - 1:
        raise Mistake(
            f"How many images of {d} pixels are there? 2**d, each with its p."
        )
    if logistic == d * (d - 1) // 2:
        raise Mistake("The weights are right, and each pixel has a bias as well.")
    if logistic in (d * d, d * d + d):
        raise Mistake(
            "You count the whole matrix: pixel i has a weight for j < i only."
        )
    if logistic != d * (d + 1) // 2:
        raise Mistake(
            "Pixel 0 has a bias, pixel 1 a bias and one weight, and so on: add up "
            "1 + 2 + ... + d."
        )


def _sample(answer: Any) -> None:
    """5.3: samples of a three-pixel logistic model, by chi-square."""
    for turn, seed in enumerate(SEEDS):
        n = 8000 + 1000 * turn
        rng = np.random.default_rng(seed)
        weights = torch.tensor(3 * rng.normal(size=(3, 3)))
        bias = torch.tensor([0.4, -0.6, 0.2], dtype=weights.dtype).roll(turn)
        drawn = _draw(answer, weights, bias, n, seed)
        if not np.array_equal(drawn, _draw(answer, weights, bias, n, seed)):
            raise Mistake(
                "The same generator gives other images the second time: hand "
                "`generator` on to each call that draws random numbers."
            )
        _compare_samples(drawn, weights.numpy(), bias.numpy())
        if np.array_equal(drawn, _draw(answer, weights, bias, n, seed + 1)):
            raise Mistake(
                "Another generator gives the same images: draw from the one given."
            )


def _draw(answer: Any, weights: torch.Tensor, bias: torch.Tensor, n: int, seed: int):
    generator = torch.Generator().manual_seed(seed)
    drawn = numbers(call(answer, weights, bias, n, generator), shape=(n, 3))
    if not np.isin(drawn, (0, 1)).all():
        raise Mistake("A pixel is 0 or 1; you return probabilities or others.")
    return drawn


def _compare_samples(drawn: np.ndarray, weights, bias) -> None:
    def statistic(weights: np.ndarray) -> float:
        expected = len(drawn) * _law(weights, bias)
        return float(((counts - expected) ** 2 / np.maximum(expected, 1e-9)).sum())

    counts = np.bincount((drawn @ [4, 2, 1]).astype(int), minlength=8)
    if (counts > 0).sum() == 1:
        raise Mistake("All images are the same: draw each pixel with its probability.")
    if statistic(np.zeros((3, 3))) < 40:
        raise Mistake("Your pixels are independent: the weights have no effect.")
    if statistic(weights.T) < 40:
        raise Mistake("You use W transposed: row i holds the weights of pixel i.")
    if statistic(weights) > 40 and _shares_a_number(counts, weights, bias):
        raise Mistake("One random number serves all pixels: draw a new one for each.")
    if statistic(weights) > 40:  # seven degrees of freedom: chance 1 in 10**6
        raise Mistake(
            f"A chi-square of {statistic(weights):.0f}, where 7 is usual. Pixel i is "
            "drawn given the pixels before it, as they were drawn, and no others."
        )


def _shares_a_number(counts: np.ndarray, weights, bias) -> bool:
    """Tell whether one ``u`` for all pixels of an image explains the patterns."""
    u = (np.arange(counts.sum()) + 0.5) / counts.sum()
    x = np.zeros((len(u), 3))
    for i in range(3):
        x[:, i] = u < 1 / (1 + np.exp(-x[:, :i] @ weights[i, :i] - bias[i]))
    expected = np.bincount((x @ [4, 2, 1]).astype(int), minlength=8)
    return bool(np.abs(counts - expected).max() < 5 * np.sqrt(len(u)) / 2)


def _law(weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    images = np.array(list(itertools.product([0, 1], repeat=3)))
    logits = images @ np.tril(weights, -1).T + bias
    return np.prod(np.where(images == 1, 1, np.exp(-logits)), axis=1) / np.prod(
        1 + np.exp(-logits), axis=1
    )


def _factors(answer: Any) -> None:
    """5.4: conditional probabilities of the pixels of x in a given order."""
    for seed, order in zip(SEEDS, ([0, 1, 2], [2, 0, 1], [1, 2, 0]), strict=True):
        rng = np.random.default_rng(seed)
        p = rng.dirichlet(np.ones(8)).reshape(2, 2, 2)
        x = rng.integers(0, 2, size=3).tolist()
        got = numbers(call(answer, torch.tensor(p), x, order), shape=None)
        if got.size != 3:
            raise Mistake("One factor for each pixel, please: three numbers here.")
        _compare_factors(numbers(got, shape=(3,)), p, x, order)


def _compare_factors(got: np.ndarray, p: np.ndarray, x: list, order: list) -> None:
    want, backwards = _conditionals(p, x, order), _conditionals(p, x, order[::-1])
    natural = _conditionals(p, x, sorted(order))
    if close(got, np.log(want)):
        raise Mistake("These are logarithms. Return the probabilities themselves.")
    if close(got, natural) and not close(natural, want):
        raise Mistake("These are the factors in the order 0, 1, 2: use `order`.")
    if close(got, backwards) or close(got, backwards[::-1]):
        raise Mistake("You condition on the pixels that come after, not before.")
    if close(got, [_conditionals(p, x, [i])[0] for i in order]):
        raise Mistake("These are marginals. Condition on the pixels before.")
    if close(got, np.cumprod(want)):
        raise Mistake("These are joint probabilities: divide each by the one before.")
    if close(np.sort(got), np.sort(want)) and not close(got, want):
        raise Mistake(
            "The right factors in another sequence: list them as `order` does, the "
            "pixel order[0] first."
        )
    if not close(got, want):
        raise Mistake(
            f"The product of your factors is {math.prod(got.tolist()):.3g}, the table "
            f"says {p[tuple(x)]:.3g}. The first factor is a marginal probability."
        )


def _conditionals(p: np.ndarray, x: list, order: list) -> np.ndarray:
    totals = [1.0]
    for known in range(1, len(order) + 1):
        fixed = order[:known]
        index = tuple(x[i] if i in fixed else slice(None) for i in range(p.ndim))
        totals.append(float(p[index].sum()))
    return np.array(totals[1:]) / np.array(totals[:-1])


CHECKS: dict[str, Check] = {
    "5.1": _masks,
    "5.2": _parameters,
    "5.3": _sample,
    "5.4": _factors,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
