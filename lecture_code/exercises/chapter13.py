"""Checks of chapter 13: code lengths, the wrong code, filling in, the odd one out."""

from __future__ import annotations

import heapq
import itertools
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (1311, 1322, 1333)


def _huffman(answer: Any) -> None:
    """13.1: ``lengths(p)``: the word lengths of a Huffman code."""
    cases = [np.array([0.5, 0.25, 0.125, 0.125]), np.array([0.4, 0.3, 0.2, 0.1])]
    cases += [np.array([0.97, 0.03])]
    cases += [np.random.default_rng(s).dirichlet(np.ones(9)) for s in SEEDS]
    for p in cases:
        got = numbers(call(answer, torch.tensor(p)), shape=p.shape)
        _compare_lengths(got, p)


def _compare_lengths(got: np.ndarray, p: np.ndarray) -> None:
    if not close(got, got.round()):
        raise Mistake(
            "A word has a whole number of bits. -log2 p is what the words aim at; "
            "Huffman's tree gives lengths that can be written."
        )
    if (2.0**-got).sum() > 1 + 1e-9:
        raise Mistake(
            f"Lengths {got.astype(int).tolist()} break Kraft's inequality: there is "
            "no code with such words in which none begins another."
        )
    mean, best = (p * got).sum(), (p * _tree(p)).sum()
    if close(got, np.ceil(-np.log2(p))) and mean > best + 1e-9:
        raise Mistake(
            "That is Shannon's code, -log2 p rounded up. It stays within one bit of "
            "the entropy, but Huffman's is shorter: merge the two least likely first."
        )
    if close(got, np.ceil(np.log2(len(p)))) and mean > best + 1e-9:
        raise Mistake("All words are of one length: the likely ones may be shorter.")
    if np.isclose(mean, best + 1):
        raise Mistake("One bit too much: a merge adds a bit, and the last is one too.")
    if mean > best + 1e-9 and (got[p.argsort()] == np.sort(got)).all():
        raise Mistake("The likely values have the long words: merge the least likely.")
    if mean > best + 1e-9 and (np.sort(got) == np.sort(_tree(p))).all():
        raise Mistake("The right lengths, and in the wrong order: p is not sorted.")
    if mean > best + 1e-9:
        raise Mistake(
            f"Your words take {mean:.3f} bits on average, the best take {best:.3f}. "
            "In each step merge the two smallest, sums of earlier merges included."
        )


def _tree(p: np.ndarray) -> np.ndarray:
    """Return the word lengths of a Huffman code."""
    heap = [(chance, i, [i]) for i, chance in enumerate(p)]
    heapq.heapify(heap)
    lengths = np.zeros(len(p))
    for new in range(len(p), 2 * len(p) - 1):
        (a, _, left), (b, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        lengths[left + right] += 1
        heapq.heappush(heap, (a + b, new, left + right))
    return lengths


def _mismatch(answer: Any) -> None:
    """13.2: ``wasted(p, q)``: bits lost by coding data of law p with model q."""
    for seed in SEEDS:
        p, q = np.random.default_rng(seed).dirichlet(np.ones(6), size=2)
        got = float(numbers(call(answer, torch.tensor(p), torch.tensor(q))))
        _compare_waste(got, p, q)


def _compare_waste(got: float, p: np.ndarray, q: np.ndarray) -> None:
    want, cross = (p * np.log2(p / q)).sum(), -(p * np.log2(q)).sum()
    if np.isclose(got, cross):
        raise Mistake(
            "That is the whole length of the words. How long would they have been with "
            "the right model? The difference is wasted."
        )
    if np.isclose(got, want * np.log(2)):
        raise Mistake("In nats. A coder writes bits: take logarithms of base 2.")
    if np.isclose(got, (q * np.log2(q / p)).sum()):
        raise Mistake("The other way round: the data follow p, so average with p.")
    if np.isclose(abs(got), abs((q * np.log2(q)).sum() - (p * np.log2(p)).sum())):
        raise Mistake(
            "That compares two entropies. Words made for q are that long on average "
            "only if the data follow q; here they follow p."
        )
    if np.isclose(got, -want):
        raise Mistake("The sign: a wrong model never saves anything on average.")
    if not np.isclose(got, want):
        raise Mistake(
            "A value's word, made for q, is log2(p / q) bits too long, or too short if "
            "that is negative. Average over the values as they come."
        )


def _fill(answer: Any) -> None:
    """13.3: ``fill(p, x, known)``: means of missing pixels by enumeration."""
    patterns = ([1, 0, 1, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 1, 0])
    for seed, pattern in zip(SEEDS, patterns, strict=True):
        known = [bool(each) for each in pattern]
        rng = np.random.default_rng(seed)
        p = rng.dirichlet(0.5 * np.ones(32)).reshape([2] * 5)
        x = rng.integers(0, 2, size=5).tolist()
        got = call(answer, torch.tensor(p), x, known)
        _compare_fill(numbers(got, shape=(5,)), p, x, known)


def _compare_fill(got: np.ndarray, p: np.ndarray, x: list, known: list) -> None:
    images = np.array(list(itertools.product([0, 1], repeat=p.ndim)))
    chances, seen = p.ravel(), np.array(known)
    fits = (images[:, seen] == np.array(x)[seen]).all(axis=1)
    want = (chances[fits] @ images[fits]) / chances[fits].sum()
    if close(got, want):
        return
    if close(got, chances[fits] @ images[fits]):
        raise Mistake(
            "Right up to a factor: divide by the probability of what is known."
        )
    if close(got[~seen], (chances @ images)[~seen]):
        raise Mistake(
            "Those are the means before anything was seen. Use what is known."
        )
    if close(got, images[fits].mean(axis=0)):
        raise Mistake("You count all fillings alike: weight each with its probability.")
    if close(got, images[fits][chances[fits].argmax()]):
        raise Mistake(
            "That is the likeliest filling. The mean was asked for: it says how sure "
            "you may be."
        )
    if close(got[~seen], 1 - want[~seen]):
        raise Mistake("Those are probabilities of 0. The mean is that of 1.")
    if not close(got[seen], np.array(x)[seen]):
        raise Mistake("The known pixels have to come back as they were.")
    raise Mistake("Sum over all images that agree with x where it is known.")


def _odd(answer: Any) -> None:
    """13.4: ``odd(log_prob, x)``: the one image that is not from the model."""
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)
        x = (torch.rand(20, 300, generator=generator) < 0.1).float()
        for strange in (torch.ones(300), torch.zeros(300)):
            place = int(torch.randint(20, (), generator=generator))
            shown = x.clone()
            shown[place] = strange
            got = float(numbers(call(answer, _sparse, shown)))
            _compare_odd(got, place, shown)


def _sparse(x: torch.Tensor) -> torch.Tensor:
    """Return log p of pixels that are black with probability 0.1."""
    black = x.sum(dim=1)
    return black * np.log(0.1) + (x.shape[1] - black) * np.log(0.9)


def _compare_odd(got: float, place: int, x: torch.Tensor) -> None:
    if got == place:
        return
    if got == int(_sparse(x).argmin()) and not x[place].any():
        raise Mistake(
            "You took the least likely image. There is an all-white one, which is the "
            "likeliest of all images and yet never drawn: no draw has so few bits. An "
            "image is odd if its surprise is far from what is usual, either way."
        )
    if got == int(_sparse(x).argmax()) and x[place].any():
        raise Mistake("You took the likeliest image, and there is an all-black one.")
    if got == place + 1:
        raise Mistake("Numbers start at 0 here.")
    raise Mistake(
        "Another one is odd. Look at the twenty values of -log p: which is far off?"
    )


CHECKS: dict[str, Check] = {
    "13.1": _huffman,
    "13.2": _mismatch,
    "13.3": _fill,
    "13.4": _odd,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
