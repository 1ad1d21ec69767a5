"""Checks of chapter 5: a flipped pixel, leaks, a committee, the order of pixels."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from lecture_code import autoregressive, datasets, networks, trained
from lecture_code.exercises import Check, Mistake, call, labs, numbers

SEEDS = (41, 52, 63)


def _flips(answer: Any) -> str:
    """5.1: in each image the pixel whose flip makes the image most probable."""
    for model, x in _spoiled():
        got = numbers(call(answer, model, x), shape=(len(x),))
        if not np.isin(got, np.arange(x.shape[1])).all():
            raise Mistake("Name a pixel for each image, a whole number from 0 on.")
        _compare_flips(torch.tensor(got).long(), model, x)
    return (
        "Of one pixel flipped at random the chosen model finds about two in three "
        "so. The pixel of least chance is the culprit less often: a wrong pixel makes "
        "innocent ones after it look strange, and may itself have looked likely to a "
        "model that had not seen the rest. Innocence takes the whole image to prove."
    )


def _spoiled() -> Iterator[tuple[autoregressive.Autoregressive, torch.Tensor]]:
    """Yield models, one of them not in rows, and images with a pixel flipped each."""
    rng = np.random.default_rng(SEEDS[0])
    digits = datasets.binary_digits("test").pixels
    small = (torch.tensor(rng.integers(0, 2, (30, d))).float() for d in (7, 5))
    yield _random_model(7, rng, order=rng.permutation(7).tolist()), next(small)
    yield _random_model(5, rng), next(small)
    for name in ("masked-mlp", "logistic"):
        x = digits[rng.permutation(len(digits))[:80]]
        pixels = torch.tensor(rng.integers(0, 64, len(x)))
        yield trained.load(name), (x - torch.eye(64)[pixels]).abs()


def _random_model(
    d: int, rng: np.random.Generator, order: list[int] | None = None
) -> autoregressive.Autoregressive:
    network = networks.masked_mlp([d, d])
    network.requires_grad_(False)
    network[0].weight.copy_(torch.tensor(2 * rng.normal(size=(d, d))))
    network[0].bias.copy_(torch.tensor(rng.normal(size=d)))
    return autoregressive.Autoregressive(network, pixels=d, order=order)


@torch.no_grad()
def _compare_flips(got: torch.Tensor, model: Any, x: torch.Tensor) -> None:
    n, d = x.shape
    originals = (x[:, None] - torch.eye(d)).abs()
    scores = model.log_prob(originals.flatten(0, 1)).reshape(n, d)
    chances = model.conditionals(x).gather(2, x[..., None].long())[..., 0]
    best, mine = scores.amax(dim=1), scores[torch.arange(n), got]
    if (mine > best - 1e-3).all():
        return
    if torch.equal(got, scores.argmin(dim=1)):
        raise Mistake(
            "With your pixels flipped back the images are the least probable of all."
        )
    if torch.equal(got, chances.argmin(dim=1)):
        raise Mistake(
            "You name the pixel of least chance, given those before it. What says "
            "what comes after? A flip moves the factors of later pixels, too."
        )
    k = int((best - mine).argmax())
    raise Mistake(
        f"In one image you name pixel {got[k]}: with it flipped back the image has "
        f"log-probability {mine[k]:.1f}, and with another {best[k]:.1f}."
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


def _together(answer: Any) -> str:
    """5.3: a distribution made of several, better than the best of them."""
    rng = np.random.default_rng(SEEDS[1])
    for d, members in ((5, 2), (4, 3), (6, 4)):
        models = [_random_model(d, rng) for _ in range(members)]
        every = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * d)
        log_p = numbers(call(answer, models, every), shape=(2**d,))
        _compare_sum(log_p)
        alone = numbers(call(answer, models, every[:1]), shape=(1,))
        if abs(alone[0] - log_p[0]) > 1e-3:
            raise Mistake(
                f"An image has the log-probability {log_p[0]:.2f} among all images, "
                f"and {alone[0]:.2f} if you are asked about it alone. The say of a "
                "member must not depend on the images that are asked about."
            )
    models = [trained.load(name) for name in STORED]
    for part in ("validation", "test"):
        x = datasets.binary_digits(part).pixels
        cost = -numbers(call(answer, models, x), shape=(len(x),)).mean()
        with torch.no_grad():
            least = min(model.loss(x).item() for model in models)
        if cost > least - GAIN:
            raise Mistake(
                f"A distribution, but {part} images cost it {cost:.2f} nats, and the "
                f"best member alone {least:.2f}. Do all members have a say, equally?"
            )
    return (
        "Nothing was trained, and of the ways that are distributions each gains about "
        "half a nat or more: the members err in different places. The mean of the "
        "log-odds, pixel by pixel, gains most here, about as much as a hidden layer "
        "had. The mean of log-probabilities is none, since it sums to less than 1, "
        "nor is the best member for each image: it sums to more, and so it flatters."
    )


def _compare_sum(log_p: np.ndarray) -> None:
    total = np.exp(np.minimum(log_p, 50)).sum()
    images = len(log_p)
    if np.isclose(total, 1, rtol=1e-4):
        return
    if np.isclose(log_p.sum(), 1, rtol=1e-4) and (log_p >= 0).all():
        raise Mistake("These are probabilities: their logarithms are asked for.")
    if total > 1:
        raise Mistake(
            f"The probabilities of all {images} images sum to {total:.2f}. Whoever "
            "promises more than 1 looks better than it is. Mix with weights that sum "
            "to 1 and do not look at what they are asked about."
        )
    raise Mistake(
        f"The probabilities of all {images} images sum to {total:.2f}. The mean of "
        "logarithms is less than the logarithm of the mean: take means of something "
        "else, or make each pixel's two chances sum to 1 again."
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
        (
            _chain((0, 1, 2), bend=2, by=1e-3),
            (0, 1, 2),
            False,
            "the last pixel's two weights miss one of its log-odds, if only by a "
            "thousandth. Is that rounding?",
        ),
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


def _chain(order: tuple[int, ...], *, bend: int = -1, by: float = 2.0) -> np.ndarray:
    """Make a table by logistic regressions in an order, but for one bent pixel."""
    d, rng = len(order), np.random.default_rng(SEEDS[2])
    images = np.array(list(itertools.product([0, 1], repeat=d)))
    weights, bias = 2 * rng.normal(size=(d, d)), rng.normal(size=d)
    log_p = np.zeros(len(images))
    for place, pixel in enumerate(order):
        before = images[:, list(order[:place])]
        logits = before @ weights[place, :place] + bias[place]
        logits = logits + by * (place == bend) * before.prod(axis=1)
        log_p -= np.logaddexp(0, np.where(images[:, pixel] == 1, -logits, logits))
    return np.exp(log_p).reshape((2,) * d)


#: Nats that a committee has to gain on its best member.
GAIN = 0.4
STORED = ("logistic", "masked-mlp", "masked-convolution", "recurrent")
HOLE = torch.arange(64).reshape(8, 8)[2:6, 2:6].flatten()
#: Nats that the pixels of the hole, given all others, have to cost less than.
BAR = 6.9
#: A model below the bar finds new images harder than its training images by this much
#: at least, and the two kinds of new images apart by that much at most.
LEARNED, APART = 0.85, 0.35


def _filled(answer: Any) -> str:
    """5.5: a model in an order that ends with a hole, which it fills well."""
    model = _in_order(labs.model(answer, stored=STORED))
    last = int(torch.isin(model.order[48:], HOLE).sum())
    if last < 16:
        raise Mistake(
            f"Of the last 16 pixels in your model's order {last} lie in the hole. All "
            "that is known has to come first: `complete` keeps what is first in "
            "`order`, and draws the rest given that."
        )
    _diagnose(*(_price(model, part) for part in ("train", "validation", "test")))
    return (
        "What order a model can fill a hole in is decided before its training, and "
        "costs little: all 64 pixels together cost about as much as in rows. Nor does "
        "it pay to train for the hole alone. The factors of the other 48 pixels are "
        "not needed, but what serves them serves the sixteen: one network for all."
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


def _price(model: autoregressive.Autoregressive, part: str) -> float:
    """Return the nats of the hole's pixels, given those before them in the order."""
    x = datasets.binary_digits(part).pixels
    chances = model.conditionals(x).gather(2, x[..., None].long())[..., 0]
    return -chances[:, HOLE].log().sum(dim=1).mean().item()


def _diagnose(train: float, validation: float, test: float) -> None:
    """Say what nats for the hole tell of a training."""
    told = f"{train:.2f} nats for the hole in training images, "
    told += f"{validation:.2f} in validation and {test:.2f} in test images"
    if not validation < 10.5:
        raise Mistake(
            f"{told}, no less than with independent pixels (10.8): has this model "
            "been trained?"
        )
    passed = max(validation, test) < BAR
    gap, apart = min(validation, test) - train, abs(validation - test)
    if gap < (LEARNED if passed else 0) or (passed and apart > APART):
        raise Mistake(
            f"{told}. A model that is this good finds both kinds of new images alike, "
            "and harder than those it was trained on: train on the first only."
        )
    if passed:
        return
    if validation - train > 1.55:
        raise Mistake(f"{told}: learned by heart. What makes that harder?")
    if train > 6.1:
        raise Mistake(
            f"{told}: all are high. Too few units, or too few steps, to know more."
        )
    raise Mistake(
        f"{told}: close. The chapter's table of ten starts says what else helps a "
        "masked network, and a rate that is right at first is too large at the end."
    )


CHECKS: dict[str, Check] = {
    "5.1": _flips,
    "5.2": _leaks,
    "5.3": _together,
    "5.4": _is_logistic,
}
LABS: dict[str, Check] = {"5.5": _filled}
HINTS: dict[str, tuple[str, ...]] = {
    "5.1": (
        "If pixel 9 is the wrong one, which image was there before, and how probable "
        "is that image to the model?",
        "An image has as many possible originals as pixels. If each pixel was as "
        "likely to be flipped, the most probable original is the best bet.",
        "`log_prob` takes many images at once: lay the originals of all images one "
        "below the other, and give the answers their two axes back.",
    ),
    "5.2": (
        "Two images agree in all pixels before pixel i. What must be true of output i?",
        "There are only 2**d images. List them like numbers in binary, the first pixel "
        "as the slowest digit: those that agree in the first i pixels stand together.",
        "An output is in order if its logit is the same throughout each such group. "
        "One image in one group is enough to convict it.",
    ),
    "5.3": (
        "A mixture of distributions is one. Of which quantities of the members can one "
        "take means, and what do the means sum to?",
        "Whole images can be mixed, or, as all members go in the same order, each "
        "pixel's chances: given what is before, those are two numbers that sum to 1.",
        "Means of log-odds gain most. A mean of `conditionals(x).log()` over the "
        "members has to be made two chances again, pixel by pixel.",
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
        "`complete` keeps the first pixels of the model's order. Which 48 have to come "
        "first, and which 16 last?",
        "Print the nats of the hole for training and for validation images. Both high, "
        "or far apart? They ask for opposite changes.",
        "The hidden layer with dropout, and the thresholds: the table of ten starts "
        "says what each brings. Then take the last steps with a smaller rate.",
    ),
}
