"""Checks of chapter 14: bits, a test of its size, precision, a drop of a good model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, call, numbers

SEEDS = (1411, 1422, 1433)


def _bits(answer: Any) -> None:
    """14.1: ``bits(log_density, d, levels)``: bits per pixel of the levels."""
    for log_density, d, levels in ((120.0, 64, 17), (-35.5, 9, 2), (2000.0, 784, 256)):
        got = float(numbers(call(answer, log_density, d, levels)))
        _compare_bits(got, log_density, d, levels)


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


def _p_value(answer: Any) -> None:
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


def _precision(answer: Any) -> None:
    """14.3: ``precision(real, made, k)``."""
    for seed, k in ((1422, 2), (1411, 1), (1433, 4)):
        rng = np.random.default_rng(seed)
        real, made = rng.normal(size=(25, 2)), 1.6 * rng.normal(size=(41, 2))
        got = numbers(call(answer, torch.tensor(real), torch.tensor(made), k))
        _compare_precision(float(got), real, made, k)


def _compare_precision(got: float, real, made, k: int) -> None:
    if np.isclose(got, _share(made, real, k)):
        return
    if np.isclose(got, _share(real, made, k)):
        raise Mistake("That is recall: the share of real points among the made ones.")
    if np.isclose(got, _share(made, real, k - 1)):
        raise Mistake(
            "Each real point is its own nearest neighbour, at distance 0: leave it out "
            "when you look for the k-th."
        )
    if np.isclose(got, _share(made, real, k) * len(made)):
        raise Mistake("That is a count. Divide by the number of made points.")
    raise Mistake(
        "A made point counts if it lies in the ball of at least one real point. The "
        "radius of a ball is the distance to the k-th nearest other real point."
    )


def _share(points: np.ndarray, reference: np.ndarray, k: int) -> float:
    inside = np.linalg.norm(reference[:, None] - reference, axis=2)
    radius = np.sort(inside, axis=1)[:, k]
    across = np.linalg.norm(reference[:, None] - points, axis=2)
    return float((across <= radius[:, None]).any(axis=0).mean())


def _drop(answer: Any) -> None:
    """14.4: ``mixed(log_p, log_q, share)``: mean NLL of a mixture of two models."""
    cases = ((0.01, -120, -900), (0.3, -120, -900), (0.9, -900, -901))
    for seed, (share, p, q) in zip(SEEDS, cases, strict=True):
        rng = np.random.default_rng(seed)
        log_p, log_q = rng.normal(p, 9, size=12), rng.normal(q, 9, size=12)
        got = call(answer, torch.tensor(log_p), torch.tensor(log_q), share)
        got = numbers(got, shape=None, finite=False)
        if np.isinf(got).any():
            raise Mistake(
                "exp(-900) is 0 in a computer: stay with logarithms, logaddexp."
            )
        if got.shape == (12,):
            raise Mistake("That is one number for each image: take the mean.")
        _compare_mixed(float(numbers(got)), log_p, log_q, share)


def _compare_mixed(got: float, log_p, log_q, share: float) -> None:
    mine, other = math.log(share), math.log1p(-share)
    want = -np.logaddexp(log_p + mine, log_q + other).mean()
    if np.isclose(got, -(share * log_p + (1 - share) * log_q).mean()):
        raise Mistake(
            "You mix the logarithms. A mixture draws from one model or the other, so "
            "the probabilities are added."
        )
    if np.isclose(got, -log_p.mean() - mine) and not np.isclose(got, want):
        raise Mistake(
            "That is the most it can be. Here the second model knows the images nearly "
            "as well as the first: it has a share in their probability."
        )
    if np.isclose(got, -np.logaddexp(log_p + other, log_q + mine).mean()):
        raise Mistake("The shares are exchanged: `share` belongs to log_p.")
    if np.isclose(got, -want):
        raise Mistake("The sign: a negative log-likelihood is asked for.")
    if np.isclose(got, want * len(log_p)):
        raise Mistake("That is the sum over the images; take the mean.")
    if not np.isclose(got, want):
        raise Mistake("log(share * exp(log_p) + (1 - share) * exp(log_q)), negated.")


CHECKS: dict[str, Check] = {
    "14.1": _bits,
    "14.2": _p_value,
    "14.3": _precision,
    "14.4": _drop,
}
LABS: dict[str, Check] = {}
HINTS: dict[str, tuple[str, ...]] = {}
