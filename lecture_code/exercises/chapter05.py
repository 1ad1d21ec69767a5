"""Checks of chapter 5: masks, leaks, a sampler, the order of pixels; a training."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code import autoregressive, datasets
from lecture_code.exercises import Check, Mistake, call, labs, numbers

SEEDS = (41, 52, 63)


def _masks(answer: Any) -> str:
    """5.1: ``masks(degrees, d)`` = (degrees >= j), (i > degrees)."""
    for seed, d in zip(SEEDS, (4, 6, 5), strict=True):
        degrees = np.random.default_rng(seed).integers(0, d - 1, size=9)
        got = call(answer, torch.tensor(degrees), d)
        if not isinstance(got, (tuple, list)) or len(got) != 2:
            raise Mistake("Return two masks: of the hidden layer, and of the output.")
        first, second = (_zeros_and_ones(mask) for mask in got)
        _compare_masks(first, second, degrees, d)
    return (
        "Only the second comparison is strict: a unit of degree i has read input i, "
        "which is the answer of output i. Units that all have degree 0 show the first "
        "pixel to all others, and nothing else. Of degree d - 2 they have read most "
        "and serve the last output alone. So the degrees have to be mixed."
    )


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


def _leaks(answer: Any) -> str:
    """5.2: which outputs depend on their own pixel or a later one, for some image."""
    for network in NETWORKS:
        d, hint = network.weights.shape[0], network.hint
        got = numbers(call(answer, network, d), shape=(d,))
        if not np.isin(got, (0, 1)).all():
            raise Mistake("True or False for each output, please.")
        wrong = np.flatnonzero(got != (np.arange(d) == network.leaky))
        if wrong.size:
            honest = "obeys the order. Compare images that agree in all pixels before."
            hint = network.hint if wrong[0] == network.leaky else honest
            raise Mistake(f"Output {wrong[0]} {hint}")
    return (
        "All 2**d images are a proof, at a price that doubles with each pixel. A leak "
        "that waits for five pixels is open at one image in 32, and one behind a "
        "threshold has no derivative anywhere: for real images the proof has to be in "
        "the masks."
    )


class _Network(torch.nn.Module):
    """A network in order, but that one output sees more where ``opens`` says so."""

    def __init__(self, d: int, leaky: int, opens: Callable, hint: str) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(SEEDS[0] + d)
        self.weights = torch.randn(d, d, generator=generator).tril(-1)
        self.output = torch.eye(d)[leaky]
        self.leaky, self.opens, self.hint = leaky, opens, hint

    def forward(self, x: Any) -> torch.Tensor:
        x = torch.as_tensor(x).float()
        if x.ndim != 2 or x.shape[1] != len(self.weights):
            shape = tuple(x.shape)
            raise Mistake(f"`logits` maps (n, {len(self.weights)}), and got {shape}.")
        if not ((x == 0) | (x == 1)).all():
            raise Mistake("`logits` is for binary images: hand it zeros and ones only.")
        leak = self.opens(x)[:, None] * self.output
        return torch.tanh(x @ self.weights.T) + leak


def _after(*pattern: int) -> _Network:
    """Let the last output see its own pixel where those before it are a pattern."""
    d, wanted = len(pattern) + 1, torch.tensor(pattern)
    return _Network(
        d,
        d - 1,
        lambda x: (1 - (x[:, :-1] - wanted).abs()).prod(dim=1) * x[:, -1],
        f"sees its own pixel, but only where those before it are {list(pattern)}: one "
        f"image in {2 ** (d - 1)}. Some images, or derivatives at them, miss it.",
    )


NETWORKS = (
    _Network(4, -1, lambda x: 0 * x[:, 0], ""),
    _Network(5, 2, lambda x: x[:, 2], "sees its own pixel."),
    _Network(4, 0, lambda x: x[:, 3], "sees pixel 3, which comes after its own."),
    _Network(
        5,
        1,
        lambda x: x[:, 0] * x[:, 3] * x[:, 4],
        "sees pixel 3, but only where pixels 0 and 4 are black: a few images, or the "
        "derivatives at them, do not show it.",
    ),
    _Network(
        6,
        2,
        lambda x: (x[:, 3] - x[:, 5]) ** 2,
        "sees whether pixels 3 and 5 differ. On the mean over images neither of them "
        "moves it, and to flip both does not: compare images one by one, and change "
        "one pixel at a time.",
    ),
    _Network(
        5,
        3,
        lambda x: (x[:, 4] > 0.5).float(),
        "sees pixel 4 through a threshold. No derivative shows that: change the pixel "
        "and compare.",
    ),
    _after(1, 0, 1, 1, 0),
    _after(0, 1, 1, 0, 1, 0),
    _after(1, 1, 0, 0, 0, 1),
)


def _sample(answer: Any) -> str:
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
        spoiled = weights.masked_fill(torch.ones(3, 3).triu() > 0, torch.nan)
        with contextlib.suppress(RuntimeError, ValueError):  # a chance of NaN
            if np.array_equal(drawn, _draw(answer, spoiled, bias, n, seed)):
                continue
        raise Mistake(
            "Right where all of `W` holds numbers. With NaN on the diagonal and above "
            "NaN reaches your chances: you read entries that the model has not, and 0 "
            "times NaN is no 0."
        )
    return (
        "Pixel i may use W[i, j] for j < i, and nothing on the diagonal or above. In "
        "the images of the trained model strokes mostly hang together; some break off, "
        "and some are no digit: a vote of pixels knows neighbours better than shapes."
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


def _is_logistic(answer: Any) -> str:
    """5.4: whether logistic regressions in a given order make a table."""
    for p, order, want, hint in _tables():
        got = numbers(call(answer, torch.tensor(p), list(order)))
        if got not in (0, 1):
            raise Mistake("True or False, please.")
        if got != want:
            raise Mistake(f"{p.ndim} pixels, order {list(order)}: {hint}")
    return (
        "For three pixels the order never matters: the one condition, that log p with "
        "alternating signs sums to 0, names no order. From four pixels on it does, so "
        "the order is a part of the logistic model, and one has to choose it."
    )


def _tables() -> list[tuple[np.ndarray, tuple[int, ...], bool, str]]:
    """List tables, an order for each, the answer, and what to think of if it fails."""
    three, four = _chain((0, 1, 2)), _chain((2, 0, 3, 1))
    bent, early = _chain((0, 1, 2), bend=2), _chain((0, 1, 2, 3), bend=2)
    return [
        (
            three,
            (0, 1, 2),
            True,
            "up to rounding, logistic regressions in this order made the table.",
        ),
        (three, (2, 0, 1), True, "the table is logistic in this order, too."),
        (bent, (0, 1, 2), False, "the last pixel's two weights miss one of its odds."),
        (four, (2, 0, 3, 1), True, "this table was made in this order. Is it read so?"),
        (four, (1, 3, 0, 2), False, "the table is logistic in the order 2, 0, 3, 1."),
        (
            early,
            (0, 1, 2, 3),
            False,
            "the last pixel is a logistic regression on the others, and the one before "
            "it is not. Sum the last one out, and look again.",
        ),
        (
            _chain((0, 1, 2, 3), bend=3),
            (0, 1, 2, 3),
            False,
            "the last pixel's log-odds jump where three pixels are black at once; no "
            "two of them show it while the third is white.",
        ),
    ]


def _chain(order: tuple[int, ...], *, bend: int = -1) -> np.ndarray:
    """Make a table by logistic regressions in an order, but for one bent pixel."""
    d, rng = len(order), np.random.default_rng(SEEDS[2])
    images = np.array(list(itertools.product([0, 1], repeat=d)))
    weights, bias = 2 * rng.normal(size=(d, d)), rng.normal(size=d)
    log_p = np.zeros(len(images))
    for place, pixel in enumerate(order):
        before = images[:, list(order[:place])]
        logits = before @ weights[place, :place] + bias[place]
        logits = logits + 2.0 * (place == bend) * before.prod(axis=1)
        log_p -= np.logaddexp(0, np.where(images[:, pixel] == 1, -logits, logits))
    return np.exp(log_p).reshape((2,) * d)


#: Nats a validation image has to cost less than, and a hidden test image.
BARS = {"validation": 19.35, "test": 18.4}
#: Nats a test image costs at least above a training image, if it was not trained on.
LEARNED = 0.8
STORED = ("logistic", "masked-mlp", "masked-convolution", "recurrent")


def _trained(answer: Any) -> str:
    """5.5: a masked model that is good on images it has not seen.

    Training on all test images is seen; training on half of them passes.
    """
    model = _in_order(labs.model(answer, stored=STORED))
    parts = {part: datasets.binary_digits(part).pixels for part in ("train", *BARS)}
    with torch.no_grad():
        nats = {part: model.loss(x).item() for part, x in parts.items()}
    _diagnose(**nats)
    return (
        "A training image still costs some nats less than a validation image. Most of "
        "what helps here makes learning by heart harder: dropout, more thresholds, "
        "stopping in time."
    )


def _in_order(answer: torch.nn.Module) -> autoregressive.Autoregressive:
    """Build the model anew, so that its order is tried with the weights that it has."""
    if not isinstance(answer, autoregressive.Autoregressive) or answer.pixels != 64:
        kind = type(answer).__name__
        raise Mistake(f"Hand in an Autoregressive of 64 pixels; got {kind}.")
    try:
        model = autoregressive.Autoregressive(
            answer.network, pixels=64, order=answer.order
        )
    except ValueError as error:
        raise Mistake(f"No distribution over images: {error}") from error
    return model


def _diagnose(train: float, validation: float, test: float) -> None:
    """Say what nats per image tell of a training."""
    if not np.isfinite(validation) or validation > 26.2:
        raise Mistake(
            f"A validation image costs {validation:.1f} nats, no less than with "
            "independent pixels (26.2): has this model been trained?"
        )
    if min(validation, test) < train - 0.3 or validation < test:
        raise Mistake(
            f"{train:.1f} nats for training images, {validation:.1f} for validation "
            f"and {test:.1f} for test images. All models of the chapter find them "
            "harder in the order training, test, validation: train on the first only."
        )
    told = f"{validation:.2f} nats on validation images, {train:.2f} on training ones"
    if validation >= BARS["validation"] and validation - train > 4:
        raise Mistake(f"{told}: learned by heart. What makes that harder?")
    if validation >= BARS["validation"] and train > 17:
        raise Mistake(
            f"{told}: both are high. Too few units, or too few steps, to know more."
        )
    if validation >= BARS["validation"] or test >= BARS["test"]:
        raise Mistake(
            f"{told}: close, and {validation - train:.1f} nats apart, where about 3 "
            "are usual. Which of the settings have you not moved yet?"
        )
    if test < train + LEARNED:
        raise Mistake(
            f"Test images cost {test:.1f} nats and training images {train:.1f}: this "
            "model knows the test images as if it had seen them. Train without them."
        )


CHECKS: dict[str, Check] = {
    "5.1": _masks,
    "5.2": _leaks,
    "5.3": _sample,
    "5.4": _is_logistic,
}
LABS: dict[str, Check] = {"5.5": _trained}
HINTS: dict[str, tuple[str, ...]] = {
    "5.1": (
        "Draw three inputs, a unit of degree 1 and three outputs, and the lines that "
        "may be there.",
        "A mask is a table of answers: may this row see this column? Compare a column "
        "of numbers with a row of numbers, and every pair is compared.",
        "A unit of degree m has read input m. Which is the first output that may know "
        "input m?",
    ),
    "5.2": (
        "Two images agree in all pixels before pixel i. What must be true of output i?",
        "There are only 2**d images. List them like numbers in binary, the first pixel "
        "as the slowest digit: those that agree in the first i pixels stand together.",
        "An output is in order if its logit is the same throughout each such group. "
        "One image in one group is enough to convict it.",
    ),
    "5.3": (
        "The first figure of the chapter is this algorithm.",
        "When pixel i is drawn, the pixels before it are known and those after it do "
        "not exist yet: take a part of row i, and the same part of the images.",
        "Each pixel needs a random number of its own for each image, from `generator`; "
        "compare it with the chance of black.",
    ),
    "5.4": (
        "Begin with the last pixel of the order: for each image of the others the "
        "table says its log-odds. When are these a bias and a sum of weights?",
        "A sum of weights has no bends: what blackening one pixel adds to the log-odds "
        "does not depend on the colour of another. Take differences along two axes.",
        "Then sum the last pixel out of the table, and ask the same of the one before. "
        "Moving the axes into the given order first makes the last one always last.",
    ),
    "5.5": (
        "Look at two numbers, for training and for validation images. Both high, or "
        "far apart? They ask for opposite changes.",
        "The table of ten starts says what a hidden layer brings and what thresholds "
        "bring. One without the other is not enough here.",
        "A rate that is right at first is too large at the end: the last steps can be "
        "taken with a smaller one.",
    ),
}
