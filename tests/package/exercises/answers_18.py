"""Answers to the exercises of chapter 18, right and wrong."""

from __future__ import annotations

import itertools
import math
from functools import partial

import numpy as np
from scipy import special

from lecture_code import pushforward


def _through(steps, noises):
    for k, noise in enumerate(noises):
        yield noise * math.prod(steps[k:])


def _exponent(D, s):
    return D**2 / (8 * s**2)


def _prices(L):
    return [T * L ** (1 / T) for T in range(1, 100)]


RIGHT = {
    "18.1": lambda steps, noises: np.linalg.norm(list(_through(steps, noises))),
    "18.2": lambda D, s, b: math.ceil((math.log(s) + _exponent(D, s)) / math.log(b)),
    "18.3": lambda L: int(np.argmin(_prices(L))) + 1,
    "18.4": lambda D, L: 0.5 / (1 - special.ndtr(D / (2 * L))),
}

WRONG = [
    ("18.1", lambda a, b: sum(_through(a, b)), "add squares"),
    ("18.1", lambda a, b: sum(r**2 for r in _through(a, b)), "the square of the slope"),
    (
        "18.1",
        lambda a, b: math.hypot(*(n * math.prod(a[:k]) for k, n in enumerate(b))),
        "after it, not before",
    ),
    ("18.1", lambda a, b: b[0] * math.prod(a), "the others are missing"),
    ("18.1", lambda a, b: math.prod(a), "where are the noises"),
    ("18.1", lambda a, b: 1.0, "Follow one noise"),
    (
        "18.2",
        lambda D, s, b: (math.log(s) + _exponent(D, s)) / math.log(b),
        "a whole number",
    ),
    (
        "18.2",
        lambda D, s, b: int((math.log(s) + _exponent(D, s)) / math.log(b)),
        "round up",
    ),
    (
        "18.2",
        lambda D, s, b: math.ceil((math.log(s) + D**2 / 2 / s**2) / math.log(b)),
        "D is 2m",
    ),
    ("18.2", lambda D, s, b: math.ceil(_exponent(D, s) / math.log(b)), "The factor s"),
    (
        "18.2",
        lambda D, s, b: math.ceil(s * math.exp(_exponent(D, s)) / b),
        "slopes of the steps multiply",
    ),
    (
        "18.2",
        lambda D, s, b: math.ceil(math.log(s * math.exp(_exponent(D, s)), b)),
        "OverflowError",
    ),
    ("18.2", lambda D, s, b: 3, "Work with logarithms"),
    (
        "18.2",
        lambda D, s, b: round((math.log(s) + _exponent(D, s)) / math.log(b)),
        "round up",
    ),
    ("18.2", lambda D, s, b: RIGHT["18.2"](D, s, b) + 1, "enough already"),
    ("18.3", lambda L: min(_prices(L)), "That is the price"),
    ("18.3", lambda L: 1, "two cost less"),
    ("18.3", lambda L: math.log(L), "need not be whole"),
    ("18.3", lambda L: max(1, round(math.log(L))), "its two neighbours"),
    ("18.3", lambda L: max(1, math.ceil(math.log2(L))), "Steps of slope 2"),
    ("18.3", lambda L: 7, "and yours"),
    ("18.4", lambda D, L: 2 * special.ndtr(-D / L / 2), "the share kept"),
    ("18.4", lambda D, L: 1 - 2 * special.ndtr(-D / L / 2), "the share rejected"),
    ("18.4", lambda D, L: 0.5 / special.ndtr(-D / L), "to either side"),
    ("18.4", lambda D, L: 1 / special.ndtr(-D / L / 2), "two tails"),
    ("18.4", lambda D, L: 1 / special.erfc(D / L / 2), "one kept sample costs"),
]


_Z = np.linspace(-8, 8, 20_001)


def _between(stages):
    return [partial(np.interp, xp=a, fp=b) for a, b in itertools.pairwise(stages)]


def _exact(target):
    return target.ppf(special.ndtr(_Z))


def _at_once(target, slope, tv):
    """Make the best map that is near enough, in one step."""
    needed = pushforward.lipschitz_needed(target, tv)
    return [pushforward.tv_star(target, needed).map]


def _evenly_far(target, slope, tv, count=20):
    """Go the same part of the way in each step."""
    way = np.linspace(0, 1, count + 1)
    return _between([_Z + part * (_exact(target) - _Z) for part in way])


def _shared(x, count):
    """Share the exponent of a map among some steps, as the section on depth does."""
    widths, slopes = np.diff(_Z), np.diff(x) / np.diff(_Z)
    ends = [
        np.append(0, np.cumsum(widths * slopes ** (k / count))) for k in range(count)
    ]
    return _between([*(end + _Z[0] for end in ends), x])


def _exactly(target, slope, tv):
    x = _exact(target)
    steepest = (np.diff(x) / np.diff(_Z)).max()
    return _shared(x, math.ceil(math.log(steepest) / math.log(slope)))


def _cautious(target, slope, tv):
    """Come twice as near as was asked for."""
    needed = pushforward.lipschitz_needed(target, tv / 2)
    count = math.ceil(math.log(needed) / math.log(slope))
    return _shared(pushforward.tv_star(target, needed).map(_Z), count)


def _jumping(target, slope, tv):
    """Tear the line in a single place."""
    return [lambda x: x + np.where(x > 0, 1, -1) * float(target.means[1])]


LAZY = [
    ("18.5", lambda given: 8, "Hand in the function itself"),
    ("18.5", lambda given: lambda *order: 8, "a list of functions"),
    ("18.5", lambda given: lambda *order: [], "after 0 of them"),
    (
        "18.5",
        lambda given: lambda t, slope, tv: [lambda x: slope * x],
        "after 1 of them",
    ),
    ("18.5", lambda given: _at_once, "Step 1 of 1 reaches"),
    ("18.5", lambda given: _evenly_far, "to be shared out evenly"),
    ("18.5", lambda given: _exactly, "Fewer steps do if you spend it"),
    ("18.5", lambda given: _jumping, "Step 1 of 1 reaches"),
    ("18.5", lambda given: lambda *order: [lambda x: -x], "goes down somewhere"),
    ("18.5", lambda given: _cautious, "steps are too many"),
]
