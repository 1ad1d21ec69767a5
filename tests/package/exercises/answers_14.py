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


def balls(real, made, k, *, own=0):
    radius = torch.cdist(real, real).kthvalue(k + 1 - own, dim=1).values
    return torch.cdist(made, real) <= radius


def logarithms(log_p, log_q, share):
    return torch.logaddexp(log_p + math.log(share), log_q + math.log(1 - share))


RIGHT = {
    "14.1": lambda log_density, d, levels: (
        math.log2(levels) - log_density / d / math.log(2)
    ),
    "14.2": p_value,
    "14.3": lambda real, made, k: balls(real, made, k).any(dim=1).double().mean(),
    "14.4": lambda log_p, log_q, share: -logarithms(log_p, log_q, share).mean(),
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
    ("14.3", lambda real, made, k: RIGHT["14.3"](made, real, k), "That is recall"),
    (
        "14.3",
        lambda real, made, k: balls(real, made, k, own=1).any(dim=1).double().mean(),
        "its own nearest",
    ),
    ("14.3", lambda real, made, k: balls(real, made, k).any(dim=1).sum(), "a count"),
    (
        "14.3",
        lambda real, made, k: balls(real, made, k).double().mean(),
        "at least one",
    ),
    (
        "14.4",
        lambda p, q, s: -(s * p.exp() + (1 - s) * q.exp()).log().mean(),
        "logaddexp",
    ),
    ("14.4", lambda p, q, s: -logarithms(p, q, s), "take the mean"),
    ("14.4", lambda p, q, s: (-logarithms(p, q, s)).tolist(), "take the mean"),
    ("14.4", lambda p, q, s: math.nan, "NaN"),
    ("14.4", lambda p, q, s: -(s * p + (1 - s) * q).mean(), "mix the logarithms"),
    ("14.4", lambda p, q, s: -logarithms(p, q, 1 - s).mean(), "exchanged"),
    ("14.4", lambda p, q, s: logarithms(p, q, s).mean(), "The sign"),
    ("14.4", lambda p, q, s: -logarithms(p, q, s).sum(), "take the mean"),
    ("14.4", lambda p, q, s: -p.mean() - math.log(s), "the most it can be"),
    ("14.4", lambda p, q, s: -p.mean(), "negated"),
]
