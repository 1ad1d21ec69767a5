"""Checks of workshop 1: masks from degrees, another order of pixels, odd images."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional

from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (71, 82, 93)


def _masks(answer: Any) -> str:
    """W1.1: a unit reads pixels up to its degree, and later outputs may hear it."""
    for seed, (h, d) in zip(SEEDS, ((3, 4), (9, 6), (5, 11)), strict=True):
        generator = torch.Generator().manual_seed(seed)
        degrees = torch.randint(d - 1, (h,), generator=generator)
        got = call(answer, degrees, d)
        if not (isinstance(got, (tuple, list)) and len(got) == 2):
            raise Mistake("Return two tensors: `reads`, then `writes`.")
        _compare_masks(*got, degrees=degrees.numpy(), d=d)
    return (
        "Equal numbers may read, only larger ones may listen. Chain masks of this kind "
        "for as many hidden layers as you like: between two of them a unit may read "
        "the units whose degree is at most its own, and only the last step is strict."
    )


def _compare_masks(reads: Any, writes: Any, *, degrees: np.ndarray, d: int) -> None:
    h = len(degrees)
    for name, mask, shape in (("reads", reads, (h, d)), ("writes", writes, (d, h))):
        if numbers(mask, shape=None).shape == shape[::-1] != shape:
            raise Mistake(
                f"`{name}` lies on its side: a row for each *output* of the layer, a "
                f"column for each input, {shape}."
            )
    reads, writes = numbers(reads, shape=(h, d)), numbers(writes, shape=(d, h))
    pixel = np.arange(d)
    may_read, may_hear = degrees[:, None] >= pixel, pixel[:, None] > degrees
    if not np.isin([*reads.flat, *writes.flat], (0, 1)).all():
        raise Mistake("A mask holds zeros and ones and nothing else.")
    if np.array_equal(reads, degrees[:, None] > pixel):
        raise Mistake(
            "Your units read one pixel too few: unit k may depend on pixels 0 to "
            "degrees[k], and that one is among them. Output 1 then sees nothing."
        )
    if np.array_equal(writes, pixel[:, None] >= degrees):
        raise Mistake(
            "A leak, by one: a unit of degree m has read pixel m, and you let output m "
            "listen to it. It would copy its own pixel. Which output is the first that "
            "may hear it?"
        )
    if (reads > may_read).any():
        k, j = np.argwhere(reads > may_read)[0]
        raise Mistake(f"Unit {k} has degree {degrees[k]} and reads pixel {j}.")
    if (writes > may_hear).any():
        i, k = np.argwhere(writes > may_hear)[0]
        raise Mistake(
            f"A leak: output {i} listens to unit {k} of degree {degrees[k]}, which "
            f"has read pixel {degrees[k]}."
        )
    if (reads < may_read).any():
        k, j = np.argwhere(reads < may_read)[0]
        raise Mistake(
            f"Safe, but too strict: unit {k} of degree {degrees[k]} may read pixel {j}."
        )
    if (writes < may_hear).any():
        i, k = np.argwhere(writes < may_hear)[0]
        raise Mistake(
            f"Safe, but too strict: unit {k} has read pixels 0 to {degrees[k]}, so "
            f"output {i} may listen to it."
        )


def _order(answer: Any) -> str:
    """W1.2: pixels are drawn in the model's order and come back in the image's."""
    for seed, (n, d) in zip(SEEDS, ((6, 5), (40, 9), (25, 7)), strict=True):
        generator = torch.Generator().manual_seed(seed)
        weight = 2 * torch.randn(d, d, generator=generator).tril(-1)
        bias = torch.randn(d, generator=generator)
        order = torch.randperm(d, generator=generator)
        u = torch.rand(n, d, generator=generator)

        def model(x: torch.Tensor, weight: Any = weight, bias: Any = bias) -> Any:
            return functional.linear(x, weight, bias)

        got = numbers(call(answer, model, order, u), shape=(n, d))
        _compare_order(got, model, order, u)
    return (
        "Every order gives an exact distribution, and each is another model. In a "
        "scattered order most pixels find neighbours on several sides when their turn "
        "comes, row by row only those above and to the left: one reason why the "
        "scattered network is ahead after so few steps. What a model can complete "
        "differs, too: whatever comes last in its order."
    )


def _drawn(model: Any, u: torch.Tensor, black: Any = torch.lt) -> torch.Tensor:
    """Draw in the model's own order, with numbers u in that order."""
    x = torch.zeros_like(u)
    for j in range(u.shape[1]):
        x[:, j] = black(u[:, j], model(x)[:, j].sigmoid()).float()
    return x


def _compare_order(got: np.ndarray, model: Any, order: Any, u: torch.Tensor) -> None:
    back = order.argsort()
    right = _drawn(model, u[:, order])
    slips = {
        "Those are the pixels in the order in which the model drew them. Put each "
        "back to its place in the image.": right,
        "Your permutation goes the wrong way round: pixel j of the model is pixel "
        "order[j] of the image, not the other way. Try an order of three.": _drawn(
            model, u[:, back]
        )[:, order],
        "The numbers `u` belong to the pixels of the image, and you used them in the "
        "model's order.": _drawn(model, u)[:, back],
        "The chance is that of black: black where the number is *smaller*.": _drawn(
            model, u[:, order], torch.gt
        )[:, back],
    }
    if np.array_equal(got, right[:, back]):
        return
    for hint, wrong in slips.items():
        if np.array_equal(got, wrong):
            raise Mistake(hint)
    wrong = int((got != right[:, back].numpy()).sum())
    raise Mistake(
        f"{wrong} of {got.size} pixels differ from the right ones. Keep the pixels in "
        "the model's order while you draw, so that it sees what it was trained on, and "
        "look at where you put each in and with which number you compared."
    )


def _oddness(answer: Any) -> str:
    """W1.3: the cost of an image beside what the model expected it to be."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        a = torch.tensor(3 * rng.normal(size=(12, 9))).float()
        a[:, 3] = torch.tensor(rng.choice([-200.0, 200.0], size=12)).float()
        x = torch.bernoulli(a.sigmoid(), generator=torch.Generator().manual_seed(seed))
        got = numbers(call(answer, a, x), shape=(12,), finite=False)
        if not np.isfinite(got).all():
            raise Mistake(
                "NaN or infinity: where the model is certain, p is 0 or 1 and p log p "
                "is 0 times infinity. The logits know more than p does: the loss of "
                "the lesson never takes the logarithm of a probability."
            )
        _compare_oddness(got, a, x)
    return (
        "That is a test of typicality: a sample of the model itself has a mean of 0 "
        "and a spread of 1. The cost alone says that a 1 is cheap and an 8 is dear, "
        "however well they are written. And an image that is *too* cheap is odd as "
        "well: the snow-white page has a large negative oddness."
    )


def _compare_oddness(got: np.ndarray, a: torch.Tensor, x: torch.Tensor) -> None:
    p = a.sigmoid()
    costs = functional.binary_cross_entropy_with_logits(a, x, reduction="none")
    expected = functional.binary_cross_entropy_with_logits(a, p, reduction="none")
    spread = p * (1 - p) * a**2
    more = (costs - expected).sum(dim=1)
    right = more / spread.sum(dim=1).sqrt()
    slips = {
        "The sign: an image that cost more than expected is odd, and its number is "
        "positive.": -right,
        "That is the cost alone. What did the model expect it to be?": costs.sum(1),
        "You have the difference; how large is it usually? Divide by the root of the "
        "sum of variances.": more,
        "Variances of the factors add up, given what was drawn before. Divide by the "
        "root of their sum, not by the sum.": more / spread.sum(dim=1),
        "Standard deviations do not add, variances do: the root of the sum, not the "
        "sum of roots.": more / spread.sqrt().sum(dim=1),
        "A sum over the pixels, not a mean: you divide a mean by the spread of a "
        "sum.": (costs - expected).mean(dim=1) / spread.sum(dim=1).sqrt(),
    }
    if close(got, right):
        return
    for hint, wrong in slips.items():
        if np.allclose(got, wrong, rtol=1e-4, atol=1e-5):
            raise Mistake(hint)
    raise Mistake(
        f"For one image you find {got[0]:.3f}, where it should be {right[0]:.3f}. A "
        "pixel costs -log p with chance p, else -log(1 - p): what are the mean and the "
        "variance of that? The two costs differ by the logit."
    )


HINTS = {
    "W1.1": (
        "Compare every unit's degree with every pixel's number: one comparison of a "
        "column with a row makes a whole mask.",
        "One of the two comparisons lets equal numbers pass, the other does not.",
        "A unit of degree m has seen pixels 0 to m. The first output that may know all "
        "of these is output m + 1.",
    ),
    "W1.2": (
        "Two images are in play: one in the model's order, which grows while you draw, "
        "and one in the usual order, which you return.",
        "When the model comes to its pixel j, that is pixel order[j] of the image: "
        "take the number from there, and at the end put the pixel there.",
    ),
    "W1.3": (
        "Three sums over the pixels: what each cost, what the model expected it to "
        "cost, and the variance of that.",
        "The expected cost is the entropy of the coin: the same loss, with the chance "
        "itself in place of the pixel.",
        "A coin's two costs differ by the logit a, so the variance of its cost is "
        "p (1 - p) times a squared.",
    ),
}

CHECKS: dict[str, Check] = {"W1.1": _masks, "W1.2": _order, "W1.3": _oddness}
