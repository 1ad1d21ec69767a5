"""Checks of chapter 11: the best critic, Jensen-Shannon, pulls, a mode lost or kept."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from lecture_code import datasets, gan, networks, training
from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (1101, 1112, 1123)


def _critic(answer: Any) -> str:
    """11.1: the share of data among all that the critic sees at x."""
    for share, seed in zip((0.2, 0.5, 0.9), SEEDS, strict=True):
        p, q = np.random.default_rng(seed).uniform(0.1, 2.0, (2, 6))
        given = torch.tensor(p), torch.tensor(q), share
        _compare_critic(numbers(call(answer, *given), shape=(6,)), p, q, share)
    return (
        "Where p = q it says `share`: the base rate of data, all that is left to know."
    )


def _compare_critic(got: np.ndarray, p: np.ndarray, q: np.ndarray, s: float) -> None:
    want = s * p / (s * p + (1 - s) * q)
    if close(got, want):
        return
    if close(got, 1 - want):
        raise Mistake("That is the chance of a forgery: D is the chance of data.")
    if close(got, p / (p + q)):
        raise Mistake(
            "Right for as many forgeries as data. Weigh both terms of the value with "
            "how often the critic meets them, then set the derivative to zero."
        )
    if close(got, (1 - s) * p / ((1 - s) * p + s * q)):
        raise Mistake("The shares are exchanged: `share` is that of the data.")
    if close(got, np.log(s * p / ((1 - s) * q))):
        raise Mistake("That is the logit. D itself lies between 0 and 1.")
    raise Mistake(
        "At each x maximise share * p * log D + (1 - share) * q * log(1 - D) over D."
    )


def _boxes(answer: Any) -> str:
    """11.2: the overlap decides, and beyond it nothing does."""
    shifts = [0.0, 0.25, 0.7, 1.0, 3.0, -0.4, -3.0]
    got = [float(numbers(call(answer, shift))) for shift in shifts]
    _compare_boxes(np.array(got), np.array(shifts))
    return (
        "From a shift of 1 on it is log 2, wherever the box stands: no way to move it "
        "is better than another."
    )


def _compare_boxes(got: np.ndarray, shifts: np.ndarray) -> None:
    apart = np.abs(shifts)
    want = np.minimum(apart, 1) * math.log(2)
    right = np.isclose(got, want, atol=1e-5)
    slips = {
        "A divergence is never negative: the direction does not count.": (
            np.sign(shifts) * want
        ),
        "Twice too large: JS is the mean of two KLs, not their sum.": 2 * want,
        "Half of it: the two KLs are log 2 times the stretch each.": want / 2,
        "You answer in bits. The book counts nats.": want / math.log(2),
        "That is W1, the way that the mass has to go. JS was asked.": apart,
        "That is the value of the game, 2 JS - log 4. Solve for JS.": (
            2 * want - math.log(4)
        ),
    }
    if right.all():
        return
    for hint, wrong in slips.items():
        if close(got, wrong):
            raise Mistake(hint)
    if right[apart <= 1].all():
        raise Mistake("Boxes that do not overlap cannot become more different: cap it.")
    if right[shifts >= 0].all():
        raise Mistake(
            f"Right for shifts to the right, wrong at {shifts[~right][0]}: only the "
            "size of a shift counts, not its sign."
        )
    raise Mistake(
        f"Wrong at a shift of {shifts[~right][0]}. Where both boxes are, p / m = 1 and "
        "adds nothing; where only one is, p / m = 2. How long are these stretches?"
    )


def _pulls(answer: Any) -> str:
    """11.3: derivatives at x of log(1 - D) and -log D for two Gaussians."""
    for theta, seed in zip((3.0, 1.0, -2.0), SEEDS, strict=True):
        x = theta + np.random.default_rng(seed).normal(size=5)
        got = [
            numbers(each, shape=(5,)) for each in _pair(answer, torch.tensor(x), theta)
        ]
        _compare_pulls(got, 1 / (1 + np.exp(theta * x - theta**2 / 2)), theta)
    return (
        "The first is next to zero for forgeries that are seen through, the second for "
        "those that pass. At theta = 0 both are: the game is over."
    )


def _pair(answer: Any, x: torch.Tensor, theta: float) -> list:
    try:
        first, second = call(answer, x, theta)
    except (TypeError, ValueError):
        raise Mistake(
            "Return two tensors: saturating first, then non-saturating."
        ) from None
    return [first, second]


def _compare_pulls(got: list[np.ndarray], d: np.ndarray, theta: float) -> None:
    want = [theta * d, theta * (1 - d)]
    if close(got, want):
        return
    if close(got, want[::-1]):
        raise Mistake("The two are swapped: log(1 - D) is the saturating loss.")
    if close(got, [-each for each in want]):
        if theta < 0:  # with a positive theta all was well
            raise Mistake("The chain rule brings theta with its sign, not |theta|.")
        raise Mistake("These are the ways that x will move. The derivative points up.")
    if close(got, [d, 1 - d]) or close(got, [-d, d - 1]):
        raise Mistake("The chain rule is missing: the logit falls by theta as x rises.")
    raise Mistake(
        "The logit is a = log p - log q = theta**2 / 2 - theta * x. With "
        "D = sigmoid(a) the derivative of log(1 - D) in a is -D. And of -log D?"
    )


#: Where the two modes lie, and how far from one a sample still counts for it.
_MODES, _RADIUS = torch.tensor([-2.0, 2.0]), 1.5
#: A mode with at most the first share is lost, with at least the second it is kept;
#: the third is the most that may lie elsewhere.
_LOST, _KEPT, _ELSEWHERE = 0.05, 0.25, 0.15
#: Seeds of the grader, and the most batches that a game may take of both players.
_FRESH, _BATCHES = (1101, 1112, 1123, 1134, 1145), 1500
_SETTINGS: dict[str, Any] = {
    "wide": 1.0,
    "rates": (1e-2, 3e-3),
    "turns": (1, 1),
    "steps": 60,
}


def play(
    seed: int,
    *,
    wide: float = 1.0,
    rates: tuple[float, float] = (1e-2, 3e-3),
    turns: tuple[int, int] = (1, 1),
    steps: int = 60,
) -> torch.nn.Module:
    """Train a GAN on two modes and return its generator, from (n, 1) to (n, 1).

    The generator's first weights are multiplied by ``wide`` before the first step;
    ``rates`` and ``turns`` are the critic's, then the generator's.
    """
    torch.manual_seed(seed)
    data = datasets.toy("two-modes").sample(2000)[:, None]
    generator = networks.mlp([1, 32, 1], activation="tanh")
    critic = networks.mlp([1, 32, 32, 1])
    with torch.no_grad():
        generator[0].weight.mul_(wide)
    game = gan.GAN(generator, critic, latent=1)
    sides = (critic, game.critic_loss), (generator, game.generator_loss)
    players = [
        training.Player(net.parameters(), loss, rate, (0.0, 0.9), turn)
        for (net, loss), rate, turn in zip(sides, rates, turns, strict=True)
    ]
    if steps:
        training.play(players, data, steps=steps, batch_size=64)
    return generator


def shares(generator: torch.nn.Module) -> torch.Tensor:
    """Shares of 2000 samples that lie within 1.5 of each mode, (2,)."""
    z = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return ((generator(z) - _MODES).abs() < _RADIUS).double().mean(dim=0)


def _games(answer: Any) -> str:
    """11.4: settings with which a game loses a mode, and with which it keeps both."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        raise Mistake("Hand in a pair of dicts: what loses a mode, then what keeps it.")
    for settings, check in zip(answer, (_check_lost, _check_kept), strict=True):
        _check_settings(settings)
        for seed in _FRESH:
            try:
                generator = play(seed, **settings)
            except (TypeError, ValueError) as error:
                raise Mistake(f"These settings cannot be played: {error}") from None
            check(shares(generator))
    if {name for settings in answer for name in settings} == {"wide"}:
        return (
            "`wide` alone takes chance out: if it is small, a mode was lost on every "
            "seed that we tried, and if it is large, on none. What chance decides in "
            "between, this does not show. A faster generator keeps both as well: with "
            "five turns to one in 250 steps, or ten times the critic's rate, at 0.03, "
            "no mode was lost on ten seeds."
        )
    return (
        f"On {len(_FRESH)} fresh seeds chance decided nothing. Which of your settings "
        "does it? Put them back one at a time, and try again with `wide` alone."
    )


def _check_settings(settings: Any) -> None:
    if not isinstance(settings, dict):
        kind = type(settings).__name__
        raise Mistake(f"Hand in settings, dicts such as {{'steps': 60}}; got {kind}.")
    unknown = sorted(map(str, settings.keys() - _SETTINGS.keys()))
    if unknown:
        known = ", ".join(_SETTINGS)
        raise Mistake(
            f"`play` knows no {unknown[0]}; it knows {known}. Seeds are mine."
        )
    full = _SETTINGS | settings
    for name, low, size in (
        ("wide", 0, ()),
        ("rates", 1e-6, (2,)),
        ("turns", 1, (2,)),
        ("steps", 0, ()),
    ):
        if (numbers(full[name], shape=size) < low).any():
            raise Mistake(f"`{name}` of {full[name]} is too small to play with.")
    batches = int(full["steps"] * sum(full["turns"]))
    if batches > _BATCHES:
        raise Mistake(
            f"Your game takes {batches} batches, steps times turns; {_BATCHES} are "
            "enough to lose a mode, or to keep both."
        )


def _check_lost(share: torch.Tensor) -> None:
    if share.sum() < 0.5:
        raise Mistake(
            f"To lose a mode, a generator must have found the other one. On a fresh "
            f"seed yours puts {_percent(share)} at the two."
        )
    if share.min() > _LOST:
        raise Mistake(
            f"On a fresh seed the game that should lose a mode puts {_percent(share)} "
            "at the two. Change one setting at a time, and count over some seeds."
        )


def _check_kept(share: torch.Tensor) -> None:
    if share.min() < _KEPT and share.sum() > 1 - _ELSEWHERE:
        raise Mistake(
            f"On a fresh seed the game that should keep both puts {_percent(share)} "
            "at them. Change one setting at a time, and count over some seeds."
        )
    if share.sum() < 1 - _ELSEWHERE:
        raise Mistake(
            f"On a fresh seed {1 - share.sum():.0%} of the samples of the game that "
            "should keep both lie at no mode. Was it played for long enough, and is "
            "the critic good enough to be followed?"
        )
    if share.min() < _KEPT:
        raise Mistake(
            f"On a fresh seed the game that should keep both puts {_percent(share)} "
            "at them: close, but a quarter at each is the bar."
        )


def _percent(share: torch.Tensor) -> str:
    return " and ".join(f"{each:.0%}" for each in share.tolist())


CHECKS: dict[str, Check] = {
    "11.1": _critic,
    "11.2": _boxes,
    "11.3": _pulls,
}
LABS: dict[str, Check] = {"11.4": _games}
HINTS: dict[str, tuple[str, ...]] = {
    "11.1": (
        "Of all that the critic sees at a point, which part is data?",
        "Both terms of the value are weighed with how often the critic meets them.",
        "Set the derivative in D to zero, with the shares in front of p and q.",
    ),
    "11.2": (
        "Draw both boxes for a small shift. What is m on each of the three stretches?",
        "Where both boxes are, the logarithms are zero; where one is, they are log 2.",
        "How long is the stretch where only one of them is, and how long at most?",
    ),
    "11.3": (
        "Write the critic's logit for two bells of width 1. How does it depend on x?",
        "First the derivative of each loss in the logit, which has only D in it.",
        "The chain rule brings the slope of the logit, with its sign.",
    ),
    "11.4": (
        "Change one setting at a time, and print `shares` for some seeds. Begin with "
        "a generator that was not trained at all.",
        "All samples begin near the middle. If the hidden units are nearly the same "
        "for every latent, a step moves all samples alike; else it can part them.",
        "How steep the hidden units begin is what `wide` decides. If it is small, they "
        "all say nearly the same of the latents -1 and 1, and a step moves all samples "
        "alike; if it is large, they tell the two apart, and a step can part them.",
    ),
}
