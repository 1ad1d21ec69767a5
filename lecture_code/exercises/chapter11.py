"""Checks of chapter 11: circling players, proofs and audits, a mode lost or kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code import datasets, gan, networks, training
from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (1101, 1112, 1123)


def _weight(answer: Any) -> str:
    """11.1: the penalty with which two players come to rest soonest."""
    for rate in (0.1, 0.3, 0.05, 0.7):
        _compare_weight(float(numbers(call(answer, rate))), rate)
    return (
        "It is 2 - rate, and then what is left falls by the factor 1 - rate a round. "
        "Without a penalty the factor is 1 at every rate: the players circle, and "
        "smaller steps only circle more slowly. With too large a one they no longer "
        "circle and are slow again, since a critic that is held so flat hardly says "
        "which way to go."
    )


def _factor(rate: float, weight: float) -> float:
    """By how much a round multiplies the distance from rest, in the long run."""
    kept = 1 - rate * weight
    moved = [[kept, -rate], [rate * kept, 1 - rate**2]]
    return float(np.abs(np.linalg.eigvals(np.array(moved))).max())


def _compare_weight(got: float, rate: float) -> None:
    at, there, best = f"At a rate of {rate:g}", _factor(rate, got), 1 - rate
    if math.isclose(got, 2 - rate, abs_tol=0.03) or there < best + 0.005:
        return
    if math.isclose(got, 2, abs_tol=0.03):
        raise Mistake(
            f"{at} a weight of 2 leaves {there:.3f} a round, the best one {best:.3f}. "
            "It is nearly 2 for small rates only: the generator moves after the critic."
        )
    if math.isclose(got, 2 + rate, abs_tol=0.03):
        raise Mistake(
            "That is the best weight if both move at once. Here the generator answers "
            "the critic's new slope."
        )
    if there > 1 - 1e-9:
        raise Mistake(
            f"{at} and with your weight of {got:.3g} the players never come to rest: "
            f"in the long run a round multiplies the distance by {there:.2f}. Play "
            "some hundred rounds and look."
        )
    says = (
        "They still circle: hold the critic more."
        if got < 2 - rate
        else "They circle no more, but creep: the critic is held too flat."
    )
    raise Mistake(
        f"{at} and with your weight of {got:.3g} a round leaves {there:.3f} of the "
        f"distance in the long run, and with the best one {best:.3f}. {says}"
    )


def _nearest(real: torch.Tensor, fake: torch.Tensor) -> Callable:
    """Train a critic that knows its own rows by heart."""
    return lambda x: torch.cdist(x, fake).amin(1) - torch.cdist(x, real).amin(1)


def _straight(real: torch.Tensor, fake: torch.Tensor) -> Callable:
    """Train the best straight critic of two round bells, shares of rows included."""
    ends = real.mean(dim=0), fake.mean(dim=0)
    way, middle = ends[0] - ends[1], (ends[0] + ends[1]) / 2
    shares = math.log(len(real) / len(fake))
    return lambda x: (x - middle) @ way + shares


def _proof(answer: Any) -> str:
    """11.2: what a critic proves about two laws, by rows that it has not seen."""
    normal = np.random.default_rng(SEEDS[0]).normal
    shift = np.array([2.0, 0.0])
    many, few = normal(size=(3000, 2)) + shift, normal(size=(600, 2))
    first, second = normal(size=(2, 1000, 8))
    # The two samples, the least that the critic offers, and the most that is true.
    _compare_proof(answer, _nearest, first, second, (-0.12, 0.12))
    _compare_proof(answer, _straight, many, few, (0.36, 0.76))
    ring = normal(size=(600, 2))
    ring *= 4 / np.linalg.norm(ring, axis=1, keepdims=True)
    ring, heap = (x[np.argsort(x[:, 0])] for x in (ring, normal(size=(500, 2))))
    _compare_proof(answer, _nearest, ring, heap, (0.9, 1.001))
    _compare_mean(answer, normal(size=(_PAIRS, 2, _ROWS, 2)))
    return (
        "On the rows that it was trained on, a critic that knows them by heart is "
        "always right, even about two halves of one heap: that proves nothing. On "
        "other rows the difference of the two shares is that of the chances of one "
        "event, and so in the mean at most the total variation. A poor critic proves "
        "little, and none proves too much."
    )


def _compare_mean(answer: Any, pairs: np.ndarray) -> None:
    """Refuse who finds something in the mean over many pairs from one law.

    With m rows of each sample kept for the count, the difference of the two shares has
    the mean 0, and its absolute value 0.4 sqrt(2 / m). With the best threshold for the
    same rows it is about 0.57 sqrt(2 / m).
    """
    asked: list[int] = []
    given = ((*torch.tensor(pair), _watched(_nearest, asked)) for pair in pairs)
    mean = np.mean([float(numbers(call(answer, *each))) for each in given])
    kept = max(_ROWS - asked[-1], 1)
    if mean > 0.48 * math.sqrt(2 / kept):
        raise Mistake(
            f"Of {_PAIRS} pairs of samples from one law you claim a total variation "
            f"of {mean:.2f} in the mean. Who chooses the event, such as a threshold, "
            "by the rows that are then counted finds a difference in every pair."
        )


def _watched(train: Callable, asked: list[int]) -> Callable:
    """Train as before, and write down how many rows of both samples were seen."""

    def watched(real: torch.Tensor, fake: torch.Tensor) -> Callable:
        critic = train(real, fake)
        asked.extend((len(real), len(fake)))
        return lambda rows: critic(rows)

    return watched


def _compare_proof(answer, train, real, fake, bounds: tuple[float, float]) -> None:
    asked: list[int] = []
    given = torch.tensor(real), torch.tensor(fake), _watched(train, asked)
    got, (least, most) = float(numbers(call(answer, *given))), bounds
    if least <= got <= most:
        return
    sizes = f"{len(real)} and {len(fake)} rows"
    if not asked:
        raise Mistake("You never call `train`: whose critic proves it?")
    if got > 1:
        raise Mistake(f"Total variation is at most 1, and {got:.2f} came.")
    if most < 0.5 and 0.4 < got < 0.6:
        raise Mistake(
            f"Both samples are from one law, and you claim {got:.2f}. A coin is right "
            "half of the time, too, and proves nothing: what is more than that?"
        )
    if train is _nearest and most < 0.5:
        raise Mistake(
            f"Both samples, of {sizes}, are from one law, and you claim a total "
            f"variation of {got:.2f}. Was the critic asked about rows that it had seen?"
        )
    if train is _nearest:
        raise Mistake(
            f"A ring around a heap: they hardly meet, and you say {got:.2f}. The rows "
            "stood in an order, from left to right. Which of them did your critic see?"
        )
    if got > most:
        raise Mistake(
            f"You claim {got:.2f}, which is more than is true. There are {sizes}, so "
            "to say `data` is right more often than not: count for each sample apart."
        )
    raise Mistake(
        f"Of {sizes} that are two bells apart you prove {got:.2f}, and this critic "
        "offers more. Of the data it says `data` with one chance, of the forgeries "
        "with another: by how much do they differ?"
    )


def _audit(answer: Any) -> str:
    """11.3: what logits of forgeries say: which may stay, and what is missing."""
    for size, at, wide in ((40, -0.5, 1.0), (30, -2.0, 2.0), (50, -800.0, 3.0)):
        rng = np.random.default_rng(SEEDS[0])
        a = at + wide * rng.normal(size=size)
        got = call(answer, torch.tensor(a))
        if not isinstance(got, (tuple, list)) or len(got) != 2:
            raise Mistake("Return two: the chances to stay, and the share reached.")
        chances = numbers(got[0], shape=(size,), finite=False)
        if not np.isfinite(chances).all():
            raise Mistake(
                "This critic is sure of every forgery, with logits around "
                f"{at:g}, and exp of them is 0 in the computer: NaN or infinity came. "
                "Some forgeries are better than others still: compare logits first."
            )
        _compare_chances(chances, a)
        _compare_reached(float(numbers(got[1])), chances, a)
    return (
        "The forgeries alone tell what they miss. Their logits are log p / q, so the "
        "mean of p / q over them is the mass of the data where they are at all. And "
        "what stays is drawn from the law of the data there: wrong shares are mended, "
        "a lost mode is not. The price is in the chances: the rarer the best forgeries "
        "are, the fewer stay."
    )


def _compare_chances(got: np.ndarray, a: np.ndarray) -> None:
    odds, top = np.exp(a), np.exp(a - a.max())
    if close(got, top) and math.isclose(got.max(), 1, rel_tol=1e-5):
        return
    d = 1 / (1 + np.exp(-a))
    if close(got, d) or close(got, d / d.max()):
        raise Mistake(
            "If a forgery stays with chance D, what stays follows p q / (p + q), up to "
            "a factor. By which ratio has q to be multiplied to make p?"
        )
    if close(got, top / top.sum()):
        raise Mistake(
            "These add up to 1, so that one forgery stays in all. All chances times "
            "one number leave the law as it is: how large may they be?"
        )
    if close(got, np.minimum(odds, 1)):
        raise Mistake(
            "Where p / q is above 1 you cap it, and there too few stay. Make all "
            "chances smaller by one factor instead."
        )
    if (got > 1 + 1e-6).any():
        raise Mistake(f"A chance is at most 1, and {got.max():.2f} came.")
    if close(got, a > 0) or close(got, a >= np.median(a)):
        raise Mistake(
            "That keeps the best and nothing else, as if the data had no rare images. "
            "What stays should follow p, where the forgeries follow q."
        )
    raise Mistake(
        "The odds D / (1 - D) are p / q. If a forgery stays with a chance of p / q "
        "times a constant, what stays follows p. Which constant is the largest?"
    )


def _compare_reached(got: float, chances: np.ndarray, a: np.ndarray) -> None:
    want = np.exp(a).mean()
    if close(got, want):
        return
    if math.isclose(got, chances.mean(), rel_tol=1e-5):
        raise Mistake(
            "That is the share of forgeries that stay. Asked is the share of the data "
            "that they reach: how much does p hold where q is not 0?"
        )
    if math.isclose(got, (a > 0).mean(), rel_tol=1e-5):
        raise Mistake("That counts the forgeries that pass for data. p was asked.")
    if math.isclose(got, (1 / (1 + np.exp(-a))).mean(), rel_tol=1e-5):
        raise Mistake("That is the mean of D. Which mean over q is an integral of p?")
    raise Mistake(
        "The chances are right. For `reached`: the sum of p over all places where q is "
        "not 0 is the sum of q times something there, which is a mean over forgeries."
    )


#: Pairs of samples from one law, and rows in each.
_PAIRS, _ROWS = 200, 100
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
    for settings in answer:
        _check_settings(settings)
    first, second = ([_play_fresh(game, seed) for seed in _FRESH] for game in answer)
    if (
        min(each.min() for each in first)
        > _KEPT
        > _LOST
        > max(each.min() for each in second)
    ):
        raise Mistake(
            "The first game keeps both modes and the second one loses one: in the "
            "pair, the one that loses stands first."
        )
    for share in first:
        _check_lost(share)
    for share in second:
        _check_kept(share)
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


def _play_fresh(settings: dict[str, Any], seed: int) -> torch.Tensor:
    try:
        return shares(play(seed, **settings))
    except (TypeError, ValueError) as error:
        raise Mistake(f"These settings cannot be played: {error}") from None


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
            "at the two, and one in twenty at one of them is the bar. What would let "
            "every step move all samples alike?"
        )


def _check_kept(share: torch.Tensor) -> None:
    if share.min() < _KEPT and share.sum() > 1 - _ELSEWHERE:
        raise Mistake(
            f"On a fresh seed the game that should keep both puts {_percent(share)} "
            "at them: the samples went one way together. What would let a step part "
            "them?"
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
    "11.1": _weight,
    "11.2": _proof,
    "11.3": _audit,
}
LABS: dict[str, Check] = {"11.4": _games}
HINTS: dict[str, tuple[str, ...]] = {
    "11.1": (
        "Write a function that plays one round, and look at a hundred of them for a "
        "few weights: none, a middle one, a large one.",
        "A round is linear: it multiplies (slope, place) by a matrix. In the long run "
        "the distance falls by the largest absolute value of its eigenvalues.",
        "The determinant of that matrix is 1 - rate * weight: what the penalty takes. "
        "The players stop circling where the two eigenvalues meet.",
    ),
    "11.2": (
        "A critic can learn its rows by heart. What is its word worth on others?",
        "The total variation is the largest difference of the chances of an event. "
        "`The critic says data` is an event.",
        "Train on a part of each sample that does not depend on the order of rows, "
        "and on the rest subtract the share of forgeries from the share of data.",
    ),
    "11.3": (
        "The logit of the best critic is log p - log q. So what does exp(a) say?",
        "For the chances: let a forgery stay in proportion to p / q, with the best of "
        "them sure to stay.",
        "For the share: the mean of p / q over samples of q. Where q is 0, it has no "
        "samples, and p is not counted.",
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
