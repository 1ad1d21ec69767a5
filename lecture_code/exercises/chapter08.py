"""Checks of chapter 8: ranks, coordinates of a code, a torn page, a budget of bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code import datasets
from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (811, 822, 833)


def _rank_for(answer: Any) -> str:
    """8.1: the smallest K whose discarded squares are at most the share."""
    spectra = ([3.0, 2.0, 1.0, 1.0], [5.0, 4.0, 2.0, 1.0, 0.5], [1.0] * 6)
    cases = [(np.array(S), share) for S in spectra for share in _SHARES]
    got = [float(numbers(call(answer, torch.tensor(S), share))) for S, share in cases]
    want = [_least_rank(S**2, share * (S**2).sum()) for S, share in cases]
    if got == want:
        return (
            "The squares add up, for each is the variance in its direction. The values "
            "themselves would ask for more numbers than are needed."
        )
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


def _tidy(answer: Any) -> str:
    """8.2: the same product with orthonormal columns in the decoder."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        W, V = rng.normal(size=(3, 7)), rng.normal(size=(7, 3))
        pair = call(answer, torch.tensor(W), torch.tensor(V))
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise Mistake("Return two matrices: the new encoder and the new decoder.")
        encoder = numbers(pair[0], shape=(3, 7))
        _compare_tidy(encoder, numbers(pair[1], shape=(7, 3)), W, V)
    return (
        "The decoder is tidy and the code is still not that of PCA: its axes may be "
        "turned within the plane, and the encoder is the transposed decoder only if it "
        "was a best one before."
    )


def _compare_tidy(encoder: np.ndarray, decoder: np.ndarray, W, V) -> None:
    if close(encoder, W) and not close(decoder, V):
        raise Mistake("The encoder must move along with the decoder: z changes too.")
    if not close(decoder.T @ decoder, np.eye(3)):
        raise Mistake("The columns of the decoder are not orthonormal: try V.T @ V.")
    if not close(decoder @ encoder, V @ W):
        raise Mistake(
            "The decoder is tidy, the reconstruction another. V = Q R: who takes the R?"
        )


def _restore(answer: Any) -> str:
    """8.3: the best code for the pixels seen, and the page that it draws."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        V = np.linalg.qr(rng.normal(size=(12, 3)))[0]
        mean, x = rng.normal(size=12) + 2, rng.normal(size=12)
        seen = rng.permutation(12) < 7
        given = [torch.tensor(part) for part in (x, seen, mean, V)]
        got = numbers(call(answer, *given), shape=(12,))
        _compare_page(got, x, seen, mean, V)
    return (
        "The rows of V that belong to seen pixels are no orthonormal matrix, so that "
        "its transpose is not the pseudo-inverse of them: a code read with it takes "
        "what is torn away for the mean page."
    )


def _compare_page(got: np.ndarray, x, seen, mean, V) -> None:
    def drawn(encoder: np.ndarray, rest: np.ndarray, offset: Any) -> np.ndarray:
        return (offset + V @ (encoder @ rest))[~seen]

    best, rest = np.linalg.pinv(V[seen]), (x - mean)[seen]
    hidden = got[~seen]
    if close(hidden, drawn(V[seen].T, rest, mean)):
        raise Mistake(
            "You read the code with the transpose of the seen rows. They are not "
            "orthonormal any more: which code fits the seen pixels best?"
        )
    if close(hidden, drawn(V.T, x - mean, mean)):
        raise Mistake("You read the whole page, and what is torn away counts as ink.")
    if close(hidden, drawn(best, rest, 0)):
        raise Mistake("The code is right; the decoder's page lacks the mean.")
    if close(hidden, drawn(best, x[seen], mean)) or close(
        hidden, drawn(best, x[seen], 0)
    ):
        raise Mistake("The decoder draws what differs from the mean: take it off first")
    if close(hidden, x[~seen]):
        raise Mistake("The pixels that are torn away came back as they were.")
    if not close(hidden, drawn(best, rest, mean)):
        raise Mistake(
            "Not the page of the best code. Least squares over the seen pixels alone: "
            "x - mean on one side, rows of V times the code on the other."
        )
    if not close(got[seen], x[seen]):
        raise Mistake("Pixels that are seen are to stay as they are.")


#: Bits that an image may cost, and the squared error to stay below.
BUDGETS = {16: 2.05, 32: 1.33, 64: 0.75}


def _codec(answer: Any) -> str:
    """8.4: digits written in few bits and read again."""
    known, hidden = (
        datasets.digits(part).pixels.double() / 16 for part in ("train", "test")
    )
    order = torch.randperm(1000, generator=torch.Generator().manual_seed(SEEDS[0]))
    known = known[order[:800]]
    for bits, most in BUDGETS.items():
        pair = call(answer, known, bits)
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise Mistake("Return two functions: write and read.")
        write, read = pair
        codes = _written(write, known, hidden, bits)
        back = numbers(call(read, torch.tensor(codes)), shape=tuple(hidden.shape))
        lost = float(np.square(hidden.numpy() - back).sum(axis=1).mean())
        if not lost < most:
            _explain(lost, codes, known.numpy(), hidden.numpy(), bits)
    return (
        "About two bits a number: whoever tells fewer numbers more finely leaves out "
        "more than the rounding saved. Bits that go where the variance is, three to "
        "the first components and one to the last, buy some more."
    )


def _written(write: Any, known, hidden, bits: int) -> np.ndarray:
    """Return the codes of hidden images, if they keep to the budget."""
    parts = [numbers(call(write, x), shape=None) for x in (known, hidden)]
    if any(part.ndim != 2 for part in parts) or len(parts[1]) != len(hidden):
        raise Mistake(
            f"Codes have one row for each image; yours have shape {parts[1].shape}."
        )
    both = np.concatenate(parts)
    if (both != np.round(both)).any():
        raise Mistake("The codes are to be whole numbers: these would need more bits.")
    cost = np.log2(np.ptp(both, axis=0) + 1).sum()
    if cost > bits + 1e-9:
        raise Mistake(
            f"Your {both.shape[1]} columns cost {cost:.0f} bits, and {bits} were to be "
            "spent: count the values between the least and the largest of each."
        )
    return parts[1]


def _explain(lost: float, codes: np.ndarray, known, hidden, bits: int) -> None:
    """Say what an error is made of: components left out, ends cut off, rounding."""
    K = codes.shape[1]
    mean = known.mean(axis=0)
    directions = np.linalg.svd(known - mean)[2][: min(K, 64)]
    rest = hidden - mean
    out = np.square(rest - rest @ directions.T @ directions).sum(axis=1).mean()
    begin = f"With {bits} bits test digits lose {lost:.2f}. "
    if lost > 0.95 * np.square(rest).sum(axis=1).mean():
        raise Mistake(
            f"{begin}The mean image alone loses no more: is `read` the way back of "
            "`write`, offset and step included?"
        )
    ends = (codes == codes.max(axis=0)) | (codes == codes.min(axis=0))
    if (np.ptp(codes, axis=0) > 2).all() and ends.mean() > 0.6:
        raise Mistake(
            f"{begin}Most numbers lie at an end of their scale, so the scale is too "
            "short: how far out do they go?"
        )
    if out < lost / 2:
        raise Mistake(
            f"{begin}Your {K} components leave out {out:.2f}, and the rest is "
            "rounding: fewer components, told more finely, or a scale that fits?"
        )
    raise Mistake(
        f"{begin}Leaving out all but {K} components costs {out:.2f} of it, and "
        "rounding next to nothing: more components, told more coarsely?"
    )


CHECKS: dict[str, Check] = {
    "8.1": _rank_for,
    "8.2": _tidy,
    "8.3": _restore,
}
LABS: dict[str, Check] = {"8.4": _codec}
HINTS: dict[str, tuple[str, ...]] = {
    "8.1": (
        "What does the theorem say is lost if the first K singular values are kept?",
        "Add the squares of the values from the end until the next would make more "
        "than the share of their sum.",
    ),
    "8.2": (
        "The plane that the decoder reaches must stay; only its basis may change.",
        "Write V as a matrix Q with orthonormal columns times an invertible R. What "
        "must the code become so that Q draws what V drew?",
    ),
    "8.3": (
        "The decoder is given, and the best code solves a least-squares problem. Over "
        "which pixels?",
        "Only the seen rows of V and of x minus the mean take part. The code that is "
        "found draws the whole page, mean included.",
    ),
    "8.4": (
        "Two things are lost: the components that are left out, and what rounding "
        "changes in the others. Print both for a few splits of 32 bits.",
        "Numbers of component i spread by its singular value over the root of n. Cut "
        "the stretch of about two such deviations to each side into equal steps, round "
        "down, and read the middle of a step.",
        "Try 1, 2, 3, 4 and 8 bits a number on images set apart, for each budget anew.",
    ),
}
