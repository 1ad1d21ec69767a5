"""Checks of chapter 14: bits, a test of its size, hidden junk, three cheats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from lecture_code import datasets, metrics
from lecture_code.exercises import Check, Mistake, call, numbers

SEEDS = (1411, 1422, 1433)


def _bits(answer: Any) -> str:
    """14.1: ``bits(log_density, d, levels)``: bits per pixel of the levels."""
    for log_density, d, levels in ((120.0, 64, 17), (-35.5, 9, 2), (2000.0, 784, 256)):
        got = float(numbers(call(answer, log_density, d, levels)))
        _compare_bits(got, log_density, d, levels)
    return (
        "A flow that knows nothing takes log2(levels) bits a pixel, as it should; "
        "without the volume that was squeezed it would seem to take none."
    )


def _compare_bits(got: float, log_density: float, d: int, levels: int) -> None:
    nats = d * math.log(levels) - log_density
    want = nats / (d * math.log(2))
    if np.isclose(got, -log_density / (d * math.log(2))):
        raise Mistake(
            "That is minus the log-density of the squeezed pixels, and it may even be "
            "negative. What did the squeezing by 1 / levels do to the density?"
        )
    if np.isclose(got, (-log_density - d * math.log(levels)) / (d * math.log(2))):
        raise Mistake("The volume goes the other way: stretching thins the density.")
    if np.isclose(got, (d * math.log(levels) + log_density) / (d * math.log(2))):
        raise Mistake("The sign: the larger the density, the fewer the bits.")
    if np.isclose(got, nats / d):
        raise Mistake("Those are nats per pixel. Divide by log 2.")
    if np.isclose(got, nats / math.log(2)):
        raise Mistake("Those are bits for the whole image. Divide by its pixels.")
    if np.isclose(got, (math.log(levels) - log_density) / (d * math.log(2))):
        raise Mistake("Every one of the d pixels was squeezed, not one.")
    if not np.isclose(got, want):
        raise Mistake(
            "With log-density 0, all levels are alike and a pixel takes log2(levels) "
            f"bits. You say {got:.3f}, where {want:.3f} was due."
        )


def _p_value(answer: Any) -> str:
    """14.2: ``p_value(x, y, distance, deals, generator)``: a permutation test."""
    for deals, far, ties in ((39, 0, 0), (39, 3, 0), (19, 1, 3), (7, 7, 0)):
        p, heaps = _tried(answer, deals, far, ties)
        # eight rows of twenty, of which eight are from x: 3.2 on average
        kept = np.mean([sum(row < 8 for row in heap) for heap in heaps] or [8])
        if abs(kept - 3.2) > 5 * 1.1 / math.sqrt(deals):
            raise Mistake("Your deals hardly mix: deal both samples' rows together.")
        if abs(len(heaps) - deals) > 2:
            raise Mistake(f"{deals} deals are due, each anew; {len(heaps)} came.")
        _compare_p(p, deals, far, ties)
    return (
        "Never 0, since the deal that was seen counts itself: a p-value says how rare, "
        "among the deals that you made, and no more."
    )


def _compare_p(p: float, deals: int, far: int, ties: int) -> None:
    hits, others = far + ties, f"with {deals} others, p is at least 1/{deals + 1}"
    if np.isclose(p, (hits + 1) / (deals + 1)):
        return
    if hits == 0 and np.isclose(p, 0):
        raise Mistake(
            "A p-value of 0 came out. The deal that was seen is one of the deals: "
            f"{others}."
        )
    slips = (hits, max(hits, 1), hits + 1)
    if any(np.isclose(p, slip / n) for slip in slips for n in (deals, deals + 1)):
        raise Mistake(
            "The deal that was seen is one of the deals, always: count it among those "
            f"that are as far apart, and among all. {others.capitalize()}."
        )
    if ties and np.isclose(p, (far + 1) / (deals + 1)):
        raise Mistake("A deal that is just as far apart as the samples counts as well.")
    raise Mistake(
        f"Of {deals} deals {hits} were at least as far apart as the samples, and your "
        f"p is {p:.3g}."
    )


def _tried(answer: Any, deals: int, far: int, ties: int) -> tuple[float, list]:
    """Return p, and the deals, where we say which deals are far apart."""
    generator = torch.Generator().manual_seed(SEEDS[0] + deals)
    rows, state = torch.arange(20.0), generator.get_state()
    plan = iter([2.0] * far + [1.0] * ties)
    distances = {tuple(range(8)): 1.0}

    def distance(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        _check_deal(torch.as_tensor(first), torch.as_tensor(second))
        heap = tuple(sorted(int(row) for row in min(first, second, key=len)))
        if heap not in distances:
            distances[heap] = next(plan, 0.0)
        return torch.tensor(distances[heap])

    p = call(answer, rows[:8], rows[8:], distance, deals, generator)
    if torch.equal(state, generator.get_state()):
        raise Mistake("Your deals do not come from `generator`: draw from it alone.")
    return float(numbers(p)), list(distances)[1:]


def _check_deal(x: torch.Tensor, y: torch.Tensor) -> None:
    if {len(x), len(y)} != {8, 12}:
        raise Mistake(
            f"Your heaps have {len(x)} and {len(y)} rows. The samples have 8 and 12, "
            "and the deals have to be like them."
        )
    if not torch.equal(torch.cat([x, y]).sort().values, torch.arange(20.0)):
        raise Mistake(
            "In your deals some rows come twice and others not at all. Deal out every "
            "row once, as cards are dealt."
        )


def _share(answer: Any) -> str:
    """14.3: ``least_share(gap, d)``: the loss is at most -log2(share) bits an image."""
    for gap, d in ((0.05, 64), (0.3, 9), (0.01, 784)):
        _compare_share(float(numbers(call(answer, gap, d))), gap, d)
    return (
        "A hundredth of a bit on a thousand pixels hides junk in 999 of 1000 samples: "
        "the larger the image, the less its bits say of what a model draws."
    )


def _compare_share(got: float, gap: float, d: int) -> None:
    slips = {
        "A gap in bits is a power of 2, not of e.": math.exp(-gap * d),
        "The gap is one per pixel. What does the whole image lose?": 2.0**-gap,
        "That is the share of junk. The share of good samples was asked.": (
            1 - 2.0 ** (-gap * d)
        ),
        "Over 1: a share of good samples falls as the gap grows.": 2.0 ** (gap * d),
    }
    if np.isclose(got, 2.0 ** (-gap * d)):
        return
    for hint, wrong in slips.items():
        if np.isclose(got, wrong):
            raise Mistake(hint)
    raise Mistake(
        f"For {gap} bits a pixel on {d} pixels you keep {got:.3g} of the samples. A "
        "mixture gives an image at least share * p, so it loses at most -log2(share) "
        "bits for the whole image."
    )


#: What a cheat has to reach: real new digits get 0.69, 0.74 and 0.48.
_GOALS = {"precision": 0.9, "recall": 0.9, "frechet": 0.41}
#: How far behind real new digits a judge must put what it catches.
_BEHIND = 0.2


def _cheats(answer: Any) -> str:
    """14.4: a sampler for each judge, and another judge who catches it."""
    if not isinstance(answer, dict) or set(answer) != set(_GOALS):
        raise Mistake(
            'Hand in a dictionary with the keys "precision", "recall" and "frechet".'
        )
    real = _says(datasets.digits("validation").pixels)
    for judge, pair in answer.items():
        sampler, catcher = _sampler_and_judge(judge, pair)
        x = _drawn(judge, sampler)
        _check_wins(judge, says := _says(x))
        _check_caught(judge, catcher, says, real)
    return (
        "One blob can have all the precision, one blur among noise all the recall, a "
        "bell of grey smears the right moments. A judge sees what it looks at: quote "
        "two that look at different things."
    )


def _sampler_and_judge(judge: str, pair: Any) -> tuple[Any, str]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise Mistake(f'For "{judge}" a pair is due: the sampler, and who catches it.')
    if pair[1] not in _GOALS or pair[1] == judge:
        others = " or ".join(f'"{name}"' for name in _GOALS if name != judge)
        raise Mistake(f'What wins "{judge}" is caught by another judge: {others}.')
    return pair[0], pair[1]


def _drawn(judge: str, sampler: Any) -> torch.Tensor:
    """Draw 350 images, and refuse digits of the book."""
    noise = torch.Generator().manual_seed(SEEDS[0])
    got = numbers(call(sampler, 350, noise, untouched=True), shape=(350, 64))
    for part in ("train", "validation", "test"):
        known = datasets.digits(part).pixels
        found = metrics.nearest_distance(torch.tensor(got).float(), known) < 1e-3
        if found.any():
            raise Mistake(
                f'Of your images for "{judge}" {found.mean():.0%} are {part} images. '
                "That is what `copying` is for; do it without any."
            )
    return torch.tensor(got)


def _says(x: torch.Tensor) -> dict[str, float]:
    test, x = datasets.digits("test").pixels.double(), x.double()
    near = metrics.precision_recall(test, x)
    return {**near._asdict(), "frechet": metrics.frechet(x / 16, test / 16)}


def _check_wins(judge: str, says: dict[str, float]) -> None:
    goal, got = _GOALS[judge], says[judge]
    if (got < goal) == (judge == "frechet"):
        return
    hints = {
        "precision": "A sample counts if it lies in the ball of one real image. Where "
        "do many balls overlap, and must you go anywhere else?",
        "recall": "A ball reaches to the third nearest *sample*. How do you make one "
        "ball huge, and where do you put it?",
        "frechet": "It looks at the mean and the covariance of the pixels, and at "
        "nothing else. What has those of the training images, if not digits? (Rounding "
        "and clipping change them, and so does the luck of drawing.)",
    }
    raise Mistake(
        f"On hidden digits your sampler for {judge} gets {got:.2f}, where {goal} was "
        f"the goal. {hints[judge]}"
    )


def _check_caught(
    judge: str, catcher: str, says: dict[str, float], real: dict[str, float]
) -> None:
    behind = real[catcher] - says[catcher]
    if (-behind if catcher == "frechet" else behind) < _BEHIND:
        raise Mistake(
            f'Your sampler for {judge} gets {says[catcher]:.2f} from "{catcher}", and '
            f"real new digits {real[catcher]:.2f}: that judge has not caught it. What "
            "do the others say?"
        )


CHECKS: dict[str, Check] = {
    "14.1": _bits,
    "14.2": _p_value,
    "14.3": _share,
}
LABS: dict[str, Check] = {"14.4": _cheats}
HINTS: dict[str, tuple[str, ...]] = {
    "14.1": (
        "How many bits does a pixel take if all levels are equally likely?",
        "The squeezing packs each pixel into a space `levels` times smaller, so the "
        "density becomes larger by that factor, once for each pixel.",
        "Take the packing back in nats for the whole image, then change the unit.",
    ),
    "14.2": (
        "If both samples come from one law, who belongs to which is a matter of "
        "shuffling. How often does a shuffle look at least as extreme?",
        "Keep the sizes of the heaps, use every row once, and count ties.",
        "The deal that you saw is one of all deals: it counts above and below.",
    ),
    "14.3": (
        "Write down the probability that a mixture gives to an image, and leave the "
        "junk out. Is that too large or too small?",
        "The loss of one image is at most minus the logarithm of the share.",
        "`gap` is per pixel and in bits: how many bits is it for the image?",
    ),
    "14.4": (
        "Precision asks where your samples lie, and not whether they differ. Recall "
        "draws its balls around *your* samples. Frechet fits a bell to each side.",
        "One image that lies among many digits is enough for precision. For recall "
        "think of a ball whose centre is alone. For Frechet draw from the bell itself.",
        "A cheat that makes one thing only is seen by who asks for variety; one that "
        "makes nonsense is seen by who asks whether the samples lie among digits.",
    ),
}
