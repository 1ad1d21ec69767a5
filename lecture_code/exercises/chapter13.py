"""Checks of chapter 13: decoding, the wrong code, filling in, what is odd."""

from __future__ import annotations

import functools
import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from lecture_code import datasets, trained
from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (1311, 1322, 1333)


def _read(answer: Any) -> str:
    """13.1: the symbols of a word of nested intervals."""
    laws = ([2**15, 2**14, 2**14], [60_000, 536, 5000], [9000, 16_536, 40_000])
    for law, size in zip(laws, (3, 6, 400), strict=True):
        chances = np.array(law) / 2**16
        message = np.random.default_rng(SEEDS[0] + size).choice(3, size, p=chances)
        bits = list(_word(tuple(message.tolist()), tuple(law)))
        got = numbers(call(answer, bits, law, size), shape=None)
        _compare_read(got, message)
    return (
        "What the flipped bit moves is the number, and the first symbols may survive "
        "it. From the first one whose part the number has left, everything is read "
        "from a wrong place. If the law depends on what came before, as in an image, "
        "even the law is wrong from there on."
    )


@functools.cache
def _word(symbols: tuple[int, ...], counts: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shortest word, all of whose continuations lie in the interval."""
    low, width = Fraction(0), Fraction(1)
    for s in symbols:
        low += width * Fraction(sum(counts[:s]), 2**16)
        width *= Fraction(counts[s], 2**16)
    for length in itertools.count(1):
        first = math.ceil(low * 2**length)
        if Fraction(first + 1, 2**length) <= low + width:
            return tuple(int(bit) for bit in f"{first:0{length}b}")
    raise AssertionError


def _compare_read(got: np.ndarray, message: np.ndarray) -> None:
    size = len(message)
    if got.shape != (size,):
        raise Mistake(f"The message has {size} symbols; got shape {got.shape}.")
    wrong = np.flatnonzero(got != message)
    if not wrong.size:
        return
    if (got == message[::-1]).all():
        raise Mistake("The right symbols from last to first.")
    if (got == message + 1).all():
        raise Mistake("Symbols are numbered from 0.")
    if size > 100 and wrong[0] > 10:
        raise Mistake(
            f"Right up to symbol {wrong[0]} of {size}, and lost from there. A float "
            "holds 53 bits, and this word has hundreds: whole numbers do not round."
        )
    if (got == got[0]).all():
        raise Mistake(
            "You find the first symbol again and again. Once it is read, its part is "
            "all that is left: where in *it* does the number lie?"
        )
    raise Mistake(
        f"Symbol {wrong[0] + 1} of {size} is wrong. A part holds its left end and not "
        "its right one; after each symbol, the place is measured from the left end "
        "of its part, and in units of that part's width."
    )


def _mismatch(answer: Any) -> str:
    """13.2: ``wasted(p, q)``: bits lost by coding data of law p with model q."""
    for seed in SEEDS:
        p, q = np.random.default_rng(seed).dirichlet(np.ones(6), size=2)
        got = float(numbers(call(answer, torch.tensor(p), torch.tensor(q))))
        _compare_waste(got, p, q)
    return (
        "It is the Kullback-Leibler divergence from p to q in bits, and never "
        "negative: no wrong belief saves anything on average, though it may on some "
        "images. On the digits in negative the chapter has seen such a bill."
    )


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


def _fill(answer: Any) -> str:
    """13.3: ``fill(p, x, known)``: means of missing pixels by enumeration."""
    patterns = ([1, 0, 1, 0, 0], [0, 1, 0, 0, 1], [0, 0, 0, 1, 0])
    for seed, pattern in zip(SEEDS, patterns, strict=True):
        known = [bool(each) for each in pattern]
        rng = np.random.default_rng(seed)
        p = rng.dirichlet(0.5 * np.ones(32)).reshape([2] * 5)
        x = rng.integers(0, 2, size=5).tolist()
        got = call(answer, torch.tensor(p), x, known)
        _compare_fill(numbers(got, shape=(5,)), p, x, known)
    return (
        "A known pixel comes back as it was, since all fillings that fit agree there. "
        "Half a digit has 2**32 fillings: that is what the particles are for."
    )


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


def _odd(answer: Any) -> str:
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
    return (
        "All tails is the likeliest sequence of all. But nearly all of the probability "
        "lies on sequences whose surprise is close to the entropy: an image can be "
        "too likely."
    )


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


FALSE, CAUGHT = 0.08, 0.9


def _alarm(answer: Any) -> str:
    """13.5: an alarm for what is no digit, judged on digits and on odd images."""
    digits = datasets.digits("test").pixels
    false = _ring(answer, digits)
    mixed = torch.cat([digits[:20], _odd_images()["noise"][:20]])
    alone = [_ring(answer, image[None])[0] for image in mixed]
    if not np.array_equal(alone, _ring(answer, mixed)):
        raise Mistake(
            "Your alarm says something else of an image alone than of the same image "
            "in company. Choose the threshold once, on the validation digits."
        )
    shares = {kind: _ring(answer, x).mean() for kind, x in _odd_images().items()}
    _compare_alarm(false.mean(), shares)
    return (
        "It was never shown four of these kinds, and needed not to be: it knows what "
        "is usual. That is also its limit. Of digits seen in a mirror or standing on "
        "their heads it lets most pass: to this model they are nearly as usual."
    )


def _ring(answer: Any, x: torch.Tensor) -> np.ndarray:
    """Return for which images the alarm rings."""
    rings = numbers(call(answer, x, untouched=True), shape=(len(x),))
    if not np.isin(rings, (0, 1)).all():
        raise Mistake("Return True or False for each image; other numbers came.")
    return rings.astype(bool)


@functools.cache
def _odd_images() -> dict[str, torch.Tensor]:
    """Make six kinds of images, none of them of digits as they are written."""
    generator = torch.Generator().manual_seed(SEEDS[0])
    digits = datasets.digits("test").pixels
    turned = digits.reshape(-1, 8, 8).rot90(1, (1, 2)).reshape(-1, 64)
    return {
        "noise": torch.randint(17, (200, 64), generator=generator).float(),
        "negatives": 16 - digits,
        "digits that lie on their side": turned,
        "shuffled digits": digits[:, torch.randperm(64, generator=generator)],
        "photographs": _photographs(),
        "favourites": _favourites(40, generator),
    }


def _photographs() -> torch.Tensor:
    """Cut a photograph, eight times smaller, into images of the digits' shape."""
    from sklearn.datasets import load_sample_image

    grey = torch.tensor(load_sample_image("china.jpg")).float().mean(dim=2)
    small = torch.nn.functional.avg_pool2d(grey[None], 8)[0]
    patches = small.unfold(0, 8, 8).unfold(1, 8, 8).reshape(-1, 64)
    return (patches / 255 * 16).round()


def _favourites(n: int, generator: torch.Generator) -> torch.Tensor:
    """Draw images (n, 64), nearly always the likeliest value given those before."""
    model, x = trained.load("autoregressive-grey"), torch.zeros(n, 64)
    for pixel in model.order.tolist():
        p = model.conditionals(x)[:, pixel].double() ** 50
        x[:, pixel] = torch.multinomial(p, 1, generator=generator)[:, 0].float()
    return x


def _compare_alarm(false: float, shares: dict[str, float]) -> None:
    if false > FALSE:
        known = "The training images are no guide to it: they surprise the model less."
        raise Mistake(
            f"Your alarm rings for {false:.0%} of new digits, and {FALSE:.0%} are "
            f"allowed. {known if false < 0.2 else 'How many of the known ones?'}"
        )
    missed = {kind: 1 - share for kind, share in shares.items() if share < CAUGHT}
    if len(missed) == len(shares):
        raise Mistake(f"It rings for {false:.0%} of new digits, and for little else.")
    if list(missed) == ["favourites"]:
        raise Mistake(
            f"{missed['favourites']:.0%} of the model's favourites pass: images with "
            "the likeliest grey at each pixel. None surprises it less, and no digit is "
            "like that. Odd is what lies far from the usual, on either side."
        )
    if missed:
        worst = max(missed.keys() - {"favourites"}, key=missed.__getitem__)
        raise Mistake(
            f"{missed[worst]:.0%} of the {worst} pass. They surprise the model more "
            "than digits do, and less than noise. How far up do the digits reach? Put "
            "the threshold there, not where the odd images begin that you know."
        )


CHECKS: dict[str, Check] = {
    "13.1": _read,
    "13.2": _mismatch,
    "13.3": _fill,
    "13.4": _odd,
}
LABS: dict[str, Check] = {"13.5": _alarm}
HINTS: dict[str, tuple[str, ...]] = {
    "13.1": (
        "The bits after a binary point are one number in [0, 1). In whose part of the "
        "line does it lie?",
        "Once the first symbol is known, its part plays the role of [0, 1): subtract "
        "its left end, divide by its width, and begin again.",
        "Keep the number as a fraction of two whole numbers, or as a Fraction.",
    ),
    "13.2": (
        "How long is the word of value i under the code for q, and how long would it "
        "be under the code for p?",
        "The values come as p says, so average the difference with p.",
    ),
    "13.3": (
        "There are only 32 images. Which of them agree with what is known?",
        "Their probabilities, divided by their sum, are the law given what is known.",
        "The mean of a pixel is the probability that it is 1.",
    ),
    "13.4": (
        "Look at the surprises of all twenty. Most lie close together.",
        "The odd one may lie on either side of them.",
    ),
    "13.5": (
        "The surprise -log p of the validation digits says what is usual. How is it "
        "distributed?",
        "An alarm that rings for few digits needs no odd images to be set: leave out a "
        "few in a hundred of the validation digits.",
        "Exercise 13.4: an image can be too likely. Leave out a few at both ends.",
    ),
}
