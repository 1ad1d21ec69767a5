"""Right and wrong answers of chapter 14."""

from __future__ import annotations

import math

import torch


def p_value(x, y, distance, deals, generator, *, least=1, better=torch.ge):
    both, seen, hits = torch.cat([x, y]), distance(x, y), 0
    for _ in range(deals):
        order = torch.randperm(len(both), generator=generator)
        dealt = both[order]
        hits += int(better(distance(dealt[: len(x)], dealt[len(x) :]), seen))
    return (least + hits) / (least + deals)


def deal_within(x, y, distance, deals, generator):
    """Shuffle each sample by itself, which changes nothing."""
    hits = 1
    for _ in range(deals):
        u, v = (s[torch.randperm(len(s), generator=generator)] for s in (x, y))
        hits += int(distance(u, v) >= distance(x, y) - 1e-6)
    return hits / (deals + 1)


def draw_again(x, y, distance, deals, generator):
    """Draw rows with replacement, which is a bootstrap and no deal."""
    both, hits = torch.cat([x, y]), 1
    for _ in range(deals):
        drawn = both[torch.randint(len(both), (len(both),), generator=generator)]
        hits += int(distance(drawn[: len(x)], drawn[len(x) :]) >= distance(x, y))
    return hits / (deals + 1)


def deal_halves(x, y, distance, deals, generator):
    """Cut every deal in the middle, whatever the sizes were."""
    both, hits = torch.cat([x, y]), 1
    for _ in range(deals):
        dealt = both[torch.randperm(len(both), generator=generator)]
        hits += int(distance(*dealt.chunk(2)) >= distance(x, y))
    return hits / (deals + 1)


def cheats(precision, recall, frechet, *, caught=("recall", "precision", "precision")):
    """Put three samplers and their catchers into the form that is handed in."""
    pairs = zip((precision, recall, frechet), caught, strict=True)
    return dict(zip(("precision", "recall", "frechet"), pairs, strict=True))


def blob(given):
    """One mean of a class, again and again."""
    mean = given["images"][given["labels"] == 0].mean(dim=0)
    return lambda n, generator: mean.repeat(n, 1)


def copies(given):
    """The copier of the chapter."""
    images = given["images"]
    return lambda n, g: images[torch.randint(len(images), (n,), generator=g)]


def smears(given):
    """Noise around a blur: all balls are small, or far from all digits."""
    return lambda n, g: given["images"].mean(dim=0) + torch.randn(n, 64, generator=g)


def lonely(given):
    """A blur among noise."""

    def draw(n, g):
        x = 16 * torch.rand(n, 64, generator=g)
        x[0] = given["images"].mean(dim=0)
        return x

    return draw


RIGHT = {
    "14.1": lambda log_density, d, levels: (
        math.log2(levels) - log_density / d / math.log(2)
    ),
    "14.2": p_value,
    "14.3": lambda gap, d: math.exp(-gap * d * math.log(2)),
}

WRONG = [
    ("14.1", lambda log_p, d, n: -log_p / d / math.log(2), "What did the squeezing"),
    ("14.1", lambda log_p, d, n: -math.log2(n) - log_p / d / math.log(2), "other way"),
    ("14.1", lambda log_p, d, n: math.log2(n) + log_p / d / math.log(2), "The sign"),
    ("14.1", lambda log_p, d, n: math.log(n) - log_p / d, "nats per pixel"),
    ("14.1", lambda log_p, d, n: d * math.log2(n) - log_p / math.log(2), "whole image"),
    ("14.1", lambda log_p, d, n: (math.log2(n) - log_p / math.log(2)) / d, "not one"),
    ("14.1", lambda log_p, d, n: 1.0, "log2(levels)"),
    ("14.2", lambda *given: p_value(*given, least=0), "p-value of 0"),
    ("14.2", lambda *given: p_value(*given, better=torch.le), "at least as far"),
    ("14.2", deal_within, "hardly mix"),
    ("14.2", lambda x, y, distance, deals, g: 20.0, "come from `generator`"),
    (
        "14.2",
        lambda x, y, distance, deals, g: p_value(x, y, distance, 19, g),
        "deals are due",
    ),
    ("14.2", lambda *given: max(p_value(*given, least=0), 1 / 39), "count it among"),
    ("14.2", lambda *given: p_value(*given, better=torch.gt), "just as far apart"),
    ("14.2", draw_again, "as cards are dealt"),
    ("14.2", deal_halves, "Your heaps have 10 and 10"),
    ("14.3", lambda gap, d: math.exp(-gap * d), "not of e"),
    ("14.3", lambda gap, d: 2**-gap, "the whole image lose"),
    ("14.3", lambda gap, d: 1 - 2 ** (-gap * d), "share of junk"),
    ("14.3", lambda gap, d: 2 ** (gap * d), "Over 1"),
    ("14.3", lambda gap, d: 1 / (1 + gap * d), "at least share * p"),
]

LAZY = [
    ("14.4", lambda given: copies(given), "Hand in a dictionary"),
    ("14.4", lambda given: cheats(*3 * [copies(given)]), "That is what `copying`"),
    (
        "14.4",
        lambda given: cheats(*3 * [lambda n, g: 16 * torch.rand(n, 64, generator=g)]),
        "Where do many balls overlap",
    ),
    ("14.4", lambda given: cheats(*3 * [blob(given)]), "make one ball huge"),
    (
        "14.4",
        lambda given: cheats(blob(given), lonely(given), smears(given)),
        "mean and the covariance",
    ),
    (
        "14.4",
        lambda given: cheats(*3 * [blob(given)], caught=["precision"] * 3),
        "caught by another judge",
    ),
    (
        "14.4",
        lambda given: cheats(blob(given), lonely(given), None, caught="abc"),
        "caught by another judge",
    ),
    (
        "14.4",
        lambda given: cheats(lambda n, g: torch.rand(n, 64), None, None),
        "global random numbers",
    ),
    (
        "14.4",
        lambda given: cheats(lambda n, g: torch.zeros(n, 8, 8), None, None),
        "expected shape (350, 64)",
    ),
    (
        "14.4",
        lambda given: cheats(lambda n, g: torch.zeros(n, 64) / 0, None, None),
        "NaN",
    ),
]
