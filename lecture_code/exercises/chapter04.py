"""Checks of chapter 4: divergence, its direction, the length of a step, four loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector

from lecture_code import datasets
from lecture_code.exercises import Check, Mistake, call, close, labs, numbers

SEEDS = (111, 222, 333)


def _kl(answer: Any) -> str:
    """4.1: ``kl(p, q)`` in nats, 0 where p is 0 and inf where only q is 0."""
    for seed in SEEDS:
        p, q = np.random.default_rng(seed).dirichlet(np.ones(5), size=2)
        _compare_kl(float(numbers(call(answer, *_tensors(p, q)))), p, q)
    p, q = np.array([0.5, 0.0, 0.5]), np.array([0.25, 0.5, 0.25])
    got = _with_zeros(answer, p, q)
    if np.isnan(got):
        raise Mistake(
            "NaN or an error where p is 0: such outcomes never occur and cost nothing."
        )
    _compare_kl(got, p, q)
    _check_empty_bin(answer)
    if _with_zeros(answer, q, p) != np.inf:
        raise Mistake(
            "Where q is 0 and p is not, the data contain what q calls impossible. "
            "The divergence is infinite; yours is not, or your code raises an error."
        )
    return (
        "An outcome that never occurs costs nothing, whatever q says of it; one that "
        "occurs and that q calls impossible costs infinitely much."
    )


def _with_zeros(answer: Any, p: np.ndarray, q: np.ndarray) -> float:
    try:
        return float(numbers(call(answer, *_tensors(p, q)), finite=False))
    except (ValueError, ZeroDivisionError):  # where torch says nan, math raises
        return math.nan


def _check_empty_bin(answer: Any) -> None:
    p, q = np.array([0.5, 0.0, 0.5]), np.array([0.25, 0.0, 0.75])
    got = _with_zeros(answer, p, q)
    if np.isnan(got):
        raise Mistake(
            "NaN or an error where p and q are both 0: 0 / 0 comes first, before p "
            "multiplies it. Such an outcome costs nothing either."
        )
    _compare_kl(got, p, q)


def _tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.tensor(array) for array in arrays]


def _divergence(p: np.ndarray, q: np.ndarray) -> float:
    seen = p > 0
    return float(np.sum(p[seen] * np.log(p[seen] / q[seen])))


def _compare_kl(got: float, p: np.ndarray, q: np.ndarray) -> None:
    want = _divergence(p, q)
    if close(got, -want):
        raise Mistake("The sign: a divergence is never negative. Which is on top?")
    if (q > 0).all() and (p > 0).all() and close(got, _divergence(q, p)):
        raise Mistake("The other way round: KL(p || q) averages over p.")
    if close(got, want / np.log(2)):
        raise Mistake("This is in bits: the book counts in nats.")
    if close(got, want / len(p)):
        raise Mistake("You take a mean over outcomes; p already holds the weights.")
    if not close(got, want):
        raise Mistake(
            f"Off by {got - want:+.2g} nats on a hidden pair. KL(p || p) must be 0: "
            "is yours?"
        )


def _best_bell(answer: Any) -> str:
    """4.2: the bell that minimises KL in the direction asked for."""
    for seed, shift in zip(SEEDS, (0, 0, 3), strict=True):
        x = torch.linspace(-8, 8, 81 + shift, dtype=torch.float64)
        widths = (0.7, 1.0, 1.5, 2.5, 3.5)[shift // 3 :]
        bells = [(float(c), w + shift / 7) for c in range(-5, 6) for w in widths]
        p = _two_humps(x, np.random.default_rng(seed))
        for reverse in (False, True):
            got = call(answer, p, x, bells, reverse)
            pair = tuple(numbers(got, shape=(2,)).tolist())
            _compare_bell(pair, p, x, bells, reverse)
    return (
        "KL(p || q) pays wherever p is and q is not, so its bell lies between the "
        "humps and covers both; KL(q || p) pays for each q that lies between them, and "
        "takes one hump."
    )


def _two_humps(x: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    left, right = rng.uniform(-4, -2.5), rng.uniform(2.5, 4)
    weight = rng.uniform(0.55, 0.7)
    first, second = (torch.softmax(-((x - c) ** 2) / 2, 0) for c in (left, right))
    return weight * first + (1 - weight) * second


def _compare_bell(got: tuple, p, x, bells: list, reverse: bool) -> None:
    def score(pair: tuple, reverse: bool) -> float:
        log_q = torch.log_softmax(-(((x - pair[0]) / pair[1]) ** 2) / 2, dim=0)
        ratio = log_q - p.log()
        return float((ratio * log_q.exp()).sum() if reverse else -(ratio * p).sum())

    got = next((pair for pair in bells if close(pair, got)), None)
    if got is None:
        raise Mistake("Return one of the pairs (centre, width), as it is in the list.")
    way = "KL(q || p)" if reverse else "KL(p || q)"
    if got == min(bells, key=lambda pair: score(pair, not reverse)):
        raise Mistake(
            f"For {way} you return the best pair of the other direction. The law that "
            "is averaged over is the one in front, and `reverse` puts q there."
        )
    if got != min(bells, key=lambda pair: score(pair, reverse)):
        raise Mistake(
            f"Another bell has a smaller {way}: print all of them. Is your q "
            "normalised on the points, and do you take the minimum?"
        )


def _largest_rate(answer: Any) -> str:
    """4.3: 2 divided by the largest eigenvalue of a symmetric positive matrix."""
    for seed in SEEDS:
        basis, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(4, 4)))
        eigenvalues = np.random.default_rng(seed).uniform(0.5, 9, size=4)
        matrix = basis @ np.diag(eigenvalues) @ basis.T
        got = float(numbers(call(answer, torch.tensor((matrix + matrix.T) / 2))))
        _compare_rate(got, eigenvalues)
    return (
        "The steepest direction sets the rate and the flattest one waits for it: the "
        "number of steps grows with the ratio of the two eigenvalues."
    )


def _compare_rate(got: float, eigenvalues: np.ndarray) -> None:
    largest, smallest = eigenvalues.max(), eigenvalues.min()
    if close(got, 1 / largest):
        raise Mistake(
            "This rate works, and larger ones do too: a step may overshoot the bottom, "
            "as long as it ends nearer to it than it began."
        )
    if close(got, 2 / smallest) or close(got, 1 / smallest):
        raise Mistake("With this rate the steepest direction explodes. Which is it?")
    if close(got, 2 / eigenvalues.sum()):
        raise Mistake("You take the trace, the sum of the eigenvalues: too careful.")
    if close(got, 2 / (largest + smallest)):
        raise Mistake("This is the fastest rate, not the largest that still arrives.")
    if not close(got, 2 / largest):
        raise Mistake(
            "Along an eigenvector each step multiplies theta by 1 - rate * eigenvalue. "
            "For which rates does every such factor lie between -1 and 1?"
        )


NOTHING = math.log(10)
#: What a mended loop must stay below on digits that it has not seen, in nats.
MOST = 1.4


def _loops(answer: Any) -> str:
    """4.4: four loops, judged by what their models pay for digits they never saw."""
    if not isinstance(answer, (list, tuple)) or len(answer) != 4:
        raise Mistake("Hand in a list of four functions, one for each loop.")
    test = datasets.digits("test")
    for seed in SEEDS[1:]:
        x, y = _careless(seed)
        for name, loop in zip("abcd", answer, strict=True):
            pair = _run(loop, x, y, seed)
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise Mistake(f"Loop {name}: return the model and its curve.")
            model = labs.model(pair[0])
            curve = numbers(pair[1], shape=None).ravel()
            with torch.no_grad():
                cost = float(cross_entropy(model(test.pixels / 16), test.labels))
            if not cost < MOST:
                raise Mistake(f"Loop {name}: {_read(curve, cost)}")
    if _learns_from_all(answer[-1]):
        raise Mistake(
            "Loop d: it does well, but each of its images moves its weights, so that "
            "none is left to tell when to stop. Was the number of passes a guess?"
        )
    return (
        "a overshot and started in the tens; b carried old gradients along, so it fell "
        "and then ran away; c rested at log 10, where nothing is known; and d, the "
        "lowest curve, had learned the wrong labels by heart, which only a held-out "
        "part can see."
    )


def _run(loop: Any, x: torch.Tensor, y: torch.Tensor, seed: int) -> Any:
    torch.manual_seed(seed)
    return call(loop, x, y, torch.Generator().manual_seed(seed))


def _learns_from_all(loop: Any) -> bool:
    """Tell whether any image, a little paler, gives other weights: none is held out."""
    x, y = _careless(SEEDS[0])

    def weights(x: torch.Tensor) -> torch.Tensor:
        return parameters_to_vector(_run(loop, x, y, SEEDS[0])[0].parameters())

    shades = torch.ones(len(x), len(x), 1) - 0.001 * torch.eye(len(x))[..., None]
    first = weights(x)
    return not any(torch.equal(weights(shade * x), first) for shade in shades[::6])


def _careless(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return 200 digits (n, 64) and labels (n,), three in ten of them exchanged."""
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(1000, generator=generator)[:200]
    pixels, labels = (part[chosen] for part in datasets.digits("train"))
    wrong = torch.rand(200, generator=generator) < 0.3
    order = torch.randperm(int(wrong.sum()), generator=generator)
    labels[wrong] = labels[wrong][order]
    return pixels / 16, labels


def _read(curve: np.ndarray, cost: float) -> str:
    """Say what a learning curve looks like that ended in too high a cost."""
    part = max(len(curve) // 6, 1)
    early, late = curve[:part].mean(), curve[-part:].mean()
    paid = f"it pays {cost:.1f} nats for a digit that it has not seen. "
    if early > 2 * NOTHING:
        return paid + (
            f"Its curve begins at {early:.0f} nats on average, where a law that knows "
            "nothing pays 2.3: the first steps already jump across the valley."
        )
    if late > 1.2 * early:
        return paid + (
            "Its curve begins well and then climbs: something is carried on from step "
            "to step that should be made afresh in each."
        )
    if abs(late - NOTHING) < 0.2:
        return paid + (
            "Its curve rests at log 10, where nothing is known. Does each image still "
            "stand beside its own label?"
        )
    if late < cost / 2:
        return paid + (
            f"Its curve ends at {late:.1f}, so it knows its own images too well. "
            "Which images could tell it when to stop?"
        )
    return paid + "Its curve has not come down yet: more passes, or longer steps?"


CHECKS: dict[str, Check] = {
    "4.1": _kl,
    "4.2": _best_bell,
    "4.3": _largest_rate,
}
LABS: dict[str, Check] = {"4.4": _loops}
HINTS: dict[str, tuple[str, ...]] = {
    "4.1": (
        "It is a mean under p of the log of p over q. Try it on paper with p = (1, 0).",
        "0 times the logarithm of 0 is NaN for a computer and 0 for the formula: such "
        "a term has to be left out, also where q is 0 as well.",
    ),
    "4.2": (
        "Put both laws on the points as probabilities, and write the divergence for "
        "one pair first.",
        "The law in front is the one that is averaged over: which of the two is it if "
        "`reverse` is true? Then take the pair with the smallest value.",
    ),
    "4.3": (
        "Take a theta that is an eigenvector of A. What does one step do to it?",
        "It is multiplied by 1 minus the rate times the eigenvalue, which must lie "
        "between -1 and 1 for every eigenvalue. Which of them is broken first?",
    ),
    "4.4": (
        "Compare each loop with the one by hand in the chapter, line by line; three "
        "of the mistakes are in one line or in one that is missing.",
        "A rate a hundred times smaller, gradients that are set to zero before they "
        "are added up, and one order for images and labels mend the first three.",
        "The last one trains without a fault, on labels of which a quarter is wrong. "
        "Keep a quarter of the images apart, look at their loss after each pass, and "
        "return the weights of the best pass.",
    ),
}
