"""Checks of chapter 10: a flow on the line, what depends on what, and hidden bugs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import special

from lecture_code import datasets, flows, networks, training
from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (1011, 1022, 1033)


def _line(answer: Any) -> str:
    """10.1: ``encode(x, cdf, pdf)`` = (z, log_det) of the map to a standard normal."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        centre, scale = rng.normal(), rng.uniform(0.5, 2.0)
        x = torch.tensor(centre + scale * rng.normal(size=8))

        def cdf(x, m=centre, s=scale):
            return torch.sigmoid((torch.as_tensor(x) - m) / s)

        def pdf(x, cdf=cdf, s=scale):
            return cdf(x) * (1 - cdf(x)) / s

        got = call(answer, x, cdf, pdf)
        try:
            first, second = got
        except (TypeError, ValueError):
            raise Mistake(
                "Return two things: z, and the logarithm of its slope."
            ) from None
        z, log_det = (numbers(each, shape=(8,)) for each in (first, second))
        _compare_line(z, log_det, cdf(x).numpy(), pdf(x).numpy())

    return (
        "Phi^-1 has the slope 1 / phi(z): large in the tails, where little mass has "
        "to fill much of the line."
    )


def _compare_line(z: np.ndarray, log_det: np.ndarray, u: np.ndarray, p: np.ndarray):
    want = special.ndtri(u)
    phi = np.exp(-(want**2) / 2) / math.sqrt(math.tau)
    if close(z, u):
        raise Mistake("Your z is uniform. One more map makes it a standard normal.")
    if close(z, special.ndtr(u)):
        raise Mistake("From uniform to normal goes the inverse of Phi, not Phi.")
    if close(z, -want):
        raise Mistake(
            "Your map falls, so its slope has no logarithm: use F, not 1 - F."
        )
    if not close(z, want):
        raise Mistake("z is wrong: F makes x uniform, and what makes that normal?")
    slips = {
        "That is log p(x). The slope of Phi^-1 belongs to the chain as well.": p,
        "The sign: dz/dx, not dx/dz.": phi / p,
        "Multiplied where it should be divided: Phi^-1 has slope 1 / phi(z).": p * phi,
    }
    for hint, slope in slips.items():
        if close(log_det, np.log(slope)):
            raise Mistake(hint)
    if close(log_det, p / phi):
        raise Mistake("That is the slope itself. Return its logarithm.")
    if not close(log_det, np.log(p / phi)):
        raise Mistake("z is right. By the chain rule its slope is pdf(x) / phi(z).")


def _dependence(answer: Any) -> str:
    """10.2: which number of z may depend on which of x, after couplings in a row."""
    halves = [[1, 1, 0, 0], [0, 0, 1, 1]]
    cases = [
        [[0, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 0]],
        [[0, 1, 1], [0, 1, 1], [1, 0, 1]],
    ]
    cases += [halves[:1], halves, [*halves, halves[0]], [[1, 0, 0], [0, 1, 0]]]
    for masks in cases:
        d = len(masks[0])
        got = numbers(call(answer, torch.tensor(masks)), shape=(d, d))
        _compare_dependence(got, masks)
    return (
        "Three couplings of two halves: after two, the numbers of the half that moved "
        "first still do not depend on one another."
    )


def _compare_dependence(got: np.ndarray, masks: list[list[int]]) -> None:
    want = _reach(masks)
    itself = np.eye(len(want))
    direct = np.array(masks, dtype=float)
    first = itself + sum(np.outer(1 - each, each) for each in direct)
    slips = {
        "Rows are numbers of z, columns numbers of x: yours is turned.": want.T,
        "A number that moves still depends on itself.": want * (1 - itself),
        "The first mask belongs to the layer that x meets first.": _reach(masks[::-1]),
        "A layer reads what the one before has made, and that depends on x in its "
        "own way already.": first > 0,
        "1 in a mask is a number that is kept, and read; 0 is one that moves.": _reach(
            (1 - direct).tolist()
        ),
    }
    if np.array_equal(got, want):
        return
    for hint, wrong in slips.items():
        if np.array_equal(got, wrong):
            raise Mistake(hint)
    i, j = np.argwhere(got != want)[0]
    raise Mistake(
        f"For the masks {masks} number {i} of z "
        f"{'depends' if want[i, j] else 'cannot depend'} on number {j} of x."
    )


def _reach(masks: list[list[int]]) -> np.ndarray:
    """Multiply, layer by layer, who hears whom."""
    reach = np.eye(len(masks[0]))
    for mask in np.array(masks, dtype=float):
        reach = (np.eye(len(mask)) + np.outer(1 - mask, mask)) @ reach
    return (reach > 0).astype(float)


def _log_prob(answer: Any) -> str:
    """10.3: the density of x when z = sinh(exp(a) x + b) is standard normal."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        x, a, b = rng.normal(size=(5, 3)), rng.normal(size=3) / 2, rng.normal(size=3)
        got = numbers(call(answer, *map(torch.tensor, (x, a, b))), shape=None)
        _compare_log_prob(got, x, a, b)

    return (
        "Each slope is taken where its layer gets its input: exp at x, and cosh at y, "
        "which is not x."
    )


def _compare_log_prob(got: np.ndarray, x, a, b) -> None:
    y = np.exp(a) * x + b
    z = np.sinh(y)
    base = -(z**2 + math.log(math.tau)).sum(axis=1) / 2
    scale, bend = a.sum(), np.log(np.cosh(y)).sum(axis=1)
    if got.shape != (5,):
        raise Mistake(f"One number for each point, please: got shape {got.shape}.")
    wrong_place = np.log(np.cosh(x)).sum(axis=1)
    slips = {
        "The slope of sinh is taken at x. It has to be taken where sinh acts: at y.": (
            base + scale + wrong_place
        ),
        "The log-determinant has the wrong sign: where the map stretches, the density "
        "of x is larger than that of z.": base - scale - bend,
        "The first layer's log-determinant is missing.": base + bend,
        "The second layer's log-determinant is missing.": base + scale,
        "The log-determinant is missing: this is the density of z.": base,
        "Logarithms of slopes add up over coordinates: you averaged.": base
        + a.mean()
        + np.log(np.cosh(y)).mean(axis=1),
        "Summed over the whole batch: each point has a log-determinant of its own.": (
            base + (a + np.log(np.cosh(y))).sum()
        ),
    }
    if close(got, base + scale + bend):
        return
    for hint, wrong in slips.items():
        if close(got, wrong):
            raise Mistake(hint)
    raise Mistake("log N(z; 0, I), plus the sum of a, plus the sum of log cosh y.")


@dataclass(frozen=True)
class Suspect:
    """A flow of the plane that may have a bug, in double precision.

    Parameters
    ----------
    encode, decode : callable
        Take data (n, 2) to noise (n, 2), and noise to data.
    log_prob : callable
        Takes points (n, 2) to their log-densities (n,).
    """

    encode: Callable[[torch.Tensor], torch.Tensor]
    decode: Callable[[torch.Tensor], torch.Tensor]
    log_prob: Callable[[torch.Tensor], torch.Tensor]

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Negative log-likelihood of points (n, 2), in nats each."""
        return -self.log_prob(x).mean()


def suspects(x: torch.Tensor, *, seed: int) -> dict[str, Suspect]:
    """Train four flows on points (n, 2); three have a bug. Their order is random."""
    order = torch.randperm(4, generator=torch.Generator().manual_seed(seed)).tolist()
    made = _train_suspects(x, seed, steps=150)
    shuffled = (list(made.values())[place] for place in order)
    return dict(zip("ABCD", shuffled, strict=True))


def _train_suspects(x: torch.Tensor, seed: int, steps: int) -> dict[str, Suspect]:
    """Train one flow of each kind, by the loss that its own log-density gives."""
    made = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for bug in ("sound", "inverse", "log-det", "fold"):
            flow = _build()
            made[bug] = suspect = _spoil(flow, bug)
            player = training.Player(flow.parameters(), suspect.loss, 5e-3)
            training.play([player], x, steps=steps)
            flow.requires_grad_(False)
    return made


def _build() -> flows.Flow:
    couplings = [
        flows.AffineCoupling(networks.mlp([2, 32, 4], activation="tanh"), mask=mask)
        for mask in [[1, 0], [0, 1]] * 2
    ]
    return flows.Flow(couplings, d=2).double()


def _spoil(flow: flows.Flow, bug: str) -> Suspect:
    """Give a flow a bug, or none."""
    encode, decode, log_prob = flow.encode, flow.decode, flow.log_prob
    if bug == "inverse":  # one layer is forgotten on the way back
        decode = flows.Flow(list(flow.layers)[1:], d=2).decode
    elif bug == "log-det":  # one layer's log-determinant is forgotten
        return Suspect(encode, decode, lambda x: log_prob(x) - flow.layers[0](x)[1])
    elif bug == "fold":  # below the data the plane is a mirror image of itself
        return Suspect(
            lambda x: encode(_mirror(x)), decode, lambda x: log_prob(_mirror(x))
        )
    return Suspect(encode, decode, log_prob)


def _mirror(x: torch.Tensor) -> torch.Tensor:
    return torch.stack([x[:, 0], (x[:, 1] + 4).abs() - 4], dim=1)


#: What it says of a test that a broken flow is taken for something else.
_OVERLOOKED = {
    "inverse": "One flow does not come back: what is decoded is not what was encoded, "
    "and you call it {said}.",
    "log-det": "One log-density is not that of the noise plus the log-determinant "
    "which autograd finds for encode, and you call it {said}.",
    "fold": "Two places of the plane share one z, and you call it {said}. On the data "
    "that flow does everything right: it comes back, and autograd agrees. Where else "
    "can you ask?",
    "sound": "You call a sound flow {said}. Is it more than rounding that you see?",
}


def _diagnose(answer: Any) -> str:
    """10.4: ``diagnose(suspect, x)`` on flows that the notebook does not show."""
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)
        x = datasets.toy("ring").sample(500, generator).double()
        for bug, suspect in _train_suspects(x, seed, steps=15).items():
            said = call(answer, suspect, x, untouched=True)
            if said not in _OVERLOOKED:
                raise Mistake(
                    f"Say one of {', '.join(_OVERLOOKED)}, as text; got {said!r}."
                )
            if said != bug:
                raise Mistake(_OVERLOOKED[bug].format(said=f"'{said}'"))
    return (
        "A forgotten log-determinant may even improve the loss, a forgotten layer of "
        "the inverse does not enter it, and a fold away from the data leaves it as it "
        "is: the density integrates to two, and no example lies there to tell."
    )


CHECKS: dict[str, Check] = {"10.1": _line, "10.2": _dependence, "10.3": _log_prob}
LABS: dict[str, Check] = {"10.4": _diagnose}
HINTS: dict[str, tuple[str, ...]] = {
    "10.1": (
        "First to a uniform number, then to a normal one: two maps, one after the "
        "other.",
        "The slope of a chain is the product of slopes, each taken where its map gets "
        "its input.",
        "An inverse function has one over the slope: that of Phi^-1 at Phi(z) is one "
        "over the normal density at z.",
    ),
    "10.2": (
        "Before any layer each number depends on itself and on nothing else.",
        "A number that moves depends, after the layer, on all that it depended on and "
        "on all that the kept numbers depended on.",
        "Go through the layers in the order in which x meets them, and keep a table of "
        "who depends on whom.",
    ),
    "10.3": (
        "Two layers, two slopes, and their logarithms add up.",
        "Which number does the second layer read?",
    ),
    "10.4": (
        "Three tests, three bugs: coming back, the log-determinant that autograd "
        "finds, and whether the map is one-to-one everywhere. The order in which you "
        "ask matters.",
        "On the data two of the bugs can be seen. The third is only where no data are.",
        "If two points share a z, decoding can return to one of them only. Try points "
        "all over the plane, far outside the data too.",
    ),
}
