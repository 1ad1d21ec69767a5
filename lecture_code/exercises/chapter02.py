"""Checks of chapter 2: the size of a table, filling it, smoothing it, cutting it up."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code import datasets, histograms
from lecture_code.exercises import Check, Mistake, call, close, numbers


def _log10_bins(answer: Any) -> str:
    """2.1: log10 of the number of binary images with low to high black pixels."""
    for pixels, low, high in ((4, 1, 2), (9, 4, 4), (64, 14, 30), (4000, 100, 3000)):
        try:
            got = numbers(call(answer, pixels, low, high), finite=False)
        except OverflowError:
            got = math.inf
        _compare_log10(float(got), pixels, low, high)
    return (
        "For digits, with 14 to 30 black pixels of 64, more than a third of all bins "
        "stays: the other patterns are no digits either, and ink does not tell."
    )


def _compare_log10(got: float, pixels: int, low: int, high: int) -> None:
    count = _count_images(pixels, low, high)
    if close(got, math.log10(count)):
        return
    if not math.isfinite(got):
        raise Mistake(
            f"Not finite for {pixels} pixels: the number of images leaves the range of "
            "floats. Python's whole numbers do not end, and math.log10 takes them."
        )
    if close(got, math.log(count)) or close(got, math.log2(count)):
        raise Mistake("This is a logarithm to another base; the question asks for 10.")
    if close(got, pixels * math.log10(2)):
        raise Mistake("These are the bins for all images, whatever their ink.")
    if high > low and close(got, math.log10(_count_images(pixels, low, high - 1))):
        raise Mistake("Images with exactly `high` black pixels belong to them as well.")
    if close(got, math.log10(math.perm(pixels, high))):
        raise Mistake(
            "You count in which order pixels turn black; the image is the same in any."
        )
    raise Mistake(
        f"Not the number for {pixels} pixels with {low} to {high} black. Count by "
        "hand: of four pixels one or two are black in 4 + 6 images."
    )


def _count_images(pixels: int, low: int, high: int) -> int:
    return sum(math.comb(pixels, ink) for ink in range(low, high + 1))


def _examples_needed(answer: Any) -> str:
    """2.2: the smallest n with (1 - 1/k)**n <= share."""
    for k, share in ((512, 0.01), (6, 0.05), (10, 0.37), (5, 0.5), (2, 0.25)):
        _compare_needed(float(numbers(call(answer, k, share))), k, share)
    _check_many(answer, 2**60, 0.01)
    return (
        "n = k is far from enough: it leaves (1 - 1/k)**k, more than a third for large "
        "k. One per cent takes four to five examples for each bin."
    )


def _check_many(answer: Any, k: int, share: float) -> None:
    try:
        got = float(numbers(call(answer, k, share), finite=False))
    except (ZeroDivisionError, OverflowError):
        got = math.inf
    if not math.isclose(got, -k * math.log(share), rel_tol=1e-9):
        raise Mistake(
            "Right for small tables, not for k = 2**60: there 1 - 1/k is rounded to 1, "
            "and its logarithm to 0. math.log1p(x) is log(1 + x) without that loss."
        )


def _compare_needed(got: float, k: int, share: float) -> None:
    want = next(n for n in range(10**5) if (1 - 1 / k) ** n <= share)
    if got == want:
        return
    if any(np.isclose(got, n) for n in (k, math.ceil((1 - share) * k))):
        raise Mistake(
            "That would do if no example fell twice into the same bin. They do: after "
            "n = k examples a bin is still empty with probability (1 - 1/k)**k."
        )
    limit = -k * math.log(share)
    if k > 100 and any(np.isclose(got, f(limit)) for f in (float, math.ceil, round)):
        raise Mistake(
            "-k log(share) is the limit for large k, and a good one. The exact "
            "probability after n examples is (1 - 1/k)**n."
        )
    if np.isclose(got, math.log(share) / math.log(1 - 1 / k)):
        raise Mistake("Almost: n is a whole number, and one less would not be enough.")
    if abs(got - want) <= 1:
        raise Mistake(
            f"Off by one for k = {k}, share = {share}: put your n and n - 1 into "
            "(1 - 1/k)**n and look which is the first to reach the share."
        )
    raise Mistake(
        f"For k = {k} and share = {share} your n = {got:g} leaves a probability of "
        f"{(1 - 1 / k) ** max(got, 0):.2g} that the next example is new."
    )


def _choose(answer: Any) -> str:
    """2.3: the candidate with the smallest held-out NLL of the smoothed table."""
    candidates = [1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1000.0]
    # chosen so that each mistake ends at candidates of its own
    cases = [
        (*_smoothing_case(404, 30, 0.3, 60, 400), candidates),
        (*_smoothing_case(505, 12, 50.0, 40, 400), candidates),
        (*_smoothing_case(404, 400, 0.02, 60, 3000), [400.0, 0.02, 5.0, 0.5, 0.002]),
    ]
    got = [_candidate(numbers(call(answer, *case)).item(), case[3]) for case in cases]
    if got == [_best(_held_out_nll, *case) for case in cases]:
        return (
            "Training outcomes are counted, validation outcomes are scored, and all k "
            "probabilities sum to 1, those of empty bins too."
        )
    for score, hint in _SCORES:
        if got == [_best(score, *case) for case in cases]:
            raise Mistake(hint)
    raise Mistake(
        "Another candidate has a lower held-out NLL: print all of them. Does your "
        "denominator have a for each of the k bins?"
    )


def _smoothing_case(seed: int, k: int, evenness: float, train: int, validation: int):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(k, evenness))
    draws = torch.tensor(rng.choice(k, size=train + validation, p=probs))
    return draws[:train], draws[train:], k


def _candidate(got: float, candidates: list[float]) -> float:
    for each in candidates:
        if math.isclose(each, got, rel_tol=1e-5):
            return each
    raise Mistake(
        "Return one of the candidates itself: not its place in the list, and not the "
        "score that it reached."
    )


def _best(score: Callable, train, validation, k: int, candidates: list) -> float:
    return min(candidates, key=lambda a: score(a, train, validation, k))


def _held_out_nll(a: float, counted, scored, k: int, bins: int | None = None) -> float:
    counts = torch.bincount(counted, minlength=k)
    p = (counts + a) / (len(counted) + a * (k if bins is None else bins))
    return -p[scored].log().mean().item()


#: Wrong scores of 2.3, and the hint.
_SCORES: tuple[tuple[Callable, str], ...] = (
    (
        lambda a, t, v, k: -_held_out_nll(a, t, v, k),
        "This is the worst candidate: the largest NLL, or the smallest log-likelihood.",
    ),
    (
        lambda a, t, v, k: _held_out_nll(a, t, t, k),
        "The smallest amount always wins on the data that were counted. Score the "
        "table on the vector that it has not seen.",
    ),
    (
        lambda a, t, v, k: _held_out_nll(a, t, torch.cat([t, v]), k),
        "You scored the training data too, which pulls towards small amounts: score "
        "validation alone.",
    ),
    (
        lambda a, t, v, k: _held_out_nll(a, v, t, k),
        "You counted the vector that was to be held out and scored the other one. "
        "Count train, score validation.",
    ),
    (
        lambda a, t, v, k: _held_out_nll(a, t, v, k, len(t.unique())),
        "Your denominator has a for the bins that were seen only, so that your "
        "probabilities sum to more than 1. It needs a for each of the k bins.",
    ),
    (
        lambda a, t, v, k: _held_out_nll(a, t, v, k, 0),
        "The largest amount always wins, as your probabilities sum to more than 1. The "
        "denominator needs a for each of the k bins.",
    ),
)


def _missing(answer: Any) -> str:
    """2.4: Good and Turing's estimate, held against the true missing mass."""
    for seed, n, power in ((707, 500, 1.0), (808, 4000, 0.5), (909, 20_000, 1.5)):
        rng = np.random.default_rng(seed)
        probs = np.arange(1, 5001) ** -power
        probs /= probs.sum()
        drawn = rng.choice(len(probs), size=n, p=probs)
        got = float(numbers(call(answer, torch.tensor(drawn))))
        _compare_missing(got, drawn, probs)
    few = float(numbers(call(answer, torch.tensor([7, 2, 2, 5, 2]))))
    if not close(few, 2 / 5):
        raise Mistake(
            f"Of the five outcomes 7, 2, 2, 5, 2 two are new when they are taken out, "
            f"so that 2/5 is the estimate; yours is {few:.3g}."
        )
    return (
        "What occurs exactly once would be new without that one example, so its share "
        "tells how often the next one is new."
    )


def _compare_missing(got: float, drawn: np.ndarray, probs: np.ndarray) -> None:
    kinds, counts = np.unique(drawn, return_counts=True)
    truth = 1 - probs[kinds].sum()
    if got > 1:
        raise Mistake("A probability is at most 1: divide your count.")
    if close(got, (counts == 1).mean()):
        raise Mistake(
            "You divide by the number of different outcomes. The chance concerns the "
            "next example, so divide by the number of examples."
        )
    if close(got, len(kinds) / len(drawn)):
        raise Mistake(
            "This is the share of different outcomes. An outcome seen five times is "
            "not new when one of the five is taken out; which ones would be?"
        )
    if abs(got - truth) > 0.03:
        raise Mistake(
            f"On a law that we know, {truth:.2f} of the probability was missing and "
            f"your estimate is {got:.2f}. Take one example out: when is it new?"
        )


#: Nats of a hidden image that a lab's tables must reach.
GOAL = 21.6


def _tile(answer: Any) -> str:
    """2.5: ``(height, width, tables)``, a table of patterns for each tile of a page."""
    height, width, tables = _take_tables(answer)
    parts = "train", "validation"
    pool = torch.cat([datasets.binary_digits(part).pixels for part in parts])
    hidden = datasets.binary_digits("test").pixels
    per_image = _log_prob(hidden, height, width, tables)
    impossible = int(per_image.isinf().sum())
    if impossible:
        raise Mistake(
            f"{impossible} hidden images are impossible to your tables: one new "
            "pattern in one tile is enough. Smooth them."
        )
    nats = -per_image.mean().item()
    if nats > GOAL:
        known = -_log_prob(pool, height, width, tables).mean().item()
        raise Mistake(_diagnose_tiles(known, nats, height, width))
    if _share_counted(hidden, pool, height, width, tables) > 0.3:
        raise Mistake(
            "Your tables know what occurs in the hidden images alone: they have "
            "counted the images that they are judged on. Leave the test part out."
        )
    return (
        "Eight pixels have 256 patterns, as many as a thousand images can fill, and "
        "strokes run up and down, so a pixel tells most about those above and below."
    )


def _diagnose_tiles(known: float, nats: float, height: int, width: int) -> str:
    told = (
        f"A hidden image takes {nats:.1f} nats, one of those you were given {known:.1f}"
    )
    if nats - known > 0.8:
        return (
            f"{told}: your tables know these by heart. Would smaller tiles or more "
            "smoothing help? Ask the validation images."
        )
    if height * width < 8:
        return (
            f"{told}, so your tables have not overfitted: tiles of {height} x {width} "
            "could be larger and know more of what goes together."
        )
    return (
        f"{told}: the size of your tiles is not bad. Compare other shapes of as many "
        "pixels, and for each several amounts of smoothing."
    )


def _take_tables(answer: Any) -> tuple[int, int, list[histograms.PatternTable]]:
    asked = "Hand in the tuple (height, width, tables)"
    if not (isinstance(answer, tuple) and len(answer) == 3):
        raise Mistake(f"{asked}, in which three things stand in this order.")
    height, width = (int(numbers(side)) for side in answer[:2])
    if not {height, width} <= {1, 2, 4, 8}:
        raise Mistake(f"{asked} with sides that divide 8, not {height} and {width}.")
    places = 64 // (height * width)
    tables = answer[2]
    if not isinstance(tables, list) or len(tables) != places:
        raise Mistake(f"{asked} with a list of {places} tables, one for each tile.")
    for table in tables:
        if not isinstance(table, histograms.PatternTable):
            raise Mistake(f"A table is a PatternTable, not {type(table).__name__}.")
        if table.pixels != height * width:
            raise Mistake(f"A tile has {height * width} pixels, not {table.pixels}.")
    return height, width, tables


def _share_counted(hidden, pool, height: int, width: int, tables: list) -> float:
    """Of the patterns that hidden images alone have, the share that was counted.

    What a table has not counted has the probability of its unlikeliest pattern.
    """
    noise = torch.rand(1000, 64, generator=torch.Generator().manual_seed(0)).round()
    cut = (_tiles(images, height, width) for images in (hidden, pool, noise))
    counted = []
    for table, tile, known, random in zip(tables, *cut, strict=True):
        seen = set(map(tuple, known.tolist()))
        new = torch.tensor([row for row in tile.tolist() if tuple(row) not in seen])
        if len(new):
            least = min(table.log_prob(part).min() for part in (random, new))
            counted.append(table.log_prob(new) > least + 1e-9)
    return float(torch.cat(counted).float().mean()) if counted else 0.0


def _log_prob(images, height: int, width: int, tables: list) -> torch.Tensor:
    pairs = zip(tables, _tiles(images, height, width), strict=True)
    return torch.stack([table.log_prob(tile) for table, tile in pairs]).sum(dim=0)


def _tiles(images: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Cut images (n, 64) into tiles (places, n, height * width)."""
    rows = images.reshape(-1, 8 // height, height, 8 // width, width)
    cut = rows.permute(1, 3, 0, 2, 4)
    return cut.reshape(-1, len(images), height * width)


CHECKS: dict[str, Check] = {
    "2.1": _log10_bins,
    "2.2": _examples_needed,
    "2.3": _choose,
    "2.4": _missing,
}
LABS: dict[str, Check] = {"2.5": _tile}
HINTS: dict[str, tuple[str, ...]] = {
    "2.1": (
        "Draw the images of four pixels in which two are black. How many are there, "
        "and how would you count them for more pixels?",
        "An image with so much ink is a choice of the pixels that are black. Books on "
        "counting, and Python's math module, have a function for it.",
        "Add up the choices for each amount of ink as whole numbers, and take the "
        "logarithm at the very end.",
    ),
    "2.2": (
        "The next example is new if each of the n before it fell elsewhere. What is "
        "the probability that one of them did?",
        "n misses in a row multiply. You look for the smallest n at which the product "
        "is small enough, and logarithms turn powers into products.",
        "For very large k the computer rounds 1 - 1/k to 1. Look for a function that "
        "takes the logarithm of 1 + x without forming 1 + x.",
    ),
    "2.3": (
        "On the outcomes that were counted, which amount always looks best? So which "
        "outcomes can tell?",
        "Build the smoothed table of one vector, for each candidate, and ask the other "
        "vector how probable that table calls it.",
        "All k bins get the amount, seen or not, so the sum by which you divide grows "
        "by k times the amount.",
    ),
    "2.4": (
        "Take the outcomes 7, 2, 2, 5, 2 and lift one out after the other. When have "
        "the others never seen it?",
        "An outcome that occurs twice has a twin among the rest. How often does one "
        "occur that has none?",
        "Count those, and divide by the number of examples that could be lifted out.",
    ),
    "2.5": (
        "Begin with one shape of tile and one amount of smoothing, and get a number of "
        "nats for the validation images. Then change one thing at a time.",
        "Tiles that are too small know nothing of what goes together, tiles that are "
        "too large have never seen most patterns. Where is the valley between?",
        "As many pixels can be cut as rows, as blocks or as columns. Think of how a "
        "pen moves when it writes a one, a four or a seven.",
    ),
}
