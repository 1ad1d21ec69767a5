"""Answers to the exercises of workshop 2, right and wrong."""

from __future__ import annotations

import math

import torch


def _loss(
    model,
    x,
    *,
    levels=lambda n: (torch.rand(n, 1) * math.log(100)).exp() / 20,
    point=lambda x, eps, sigma: x + sigma * eps,
    noise=torch.randn_like,
    weight=lambda sigma: (1 + sigma**2) / sigma**2,
    target=lambda x, eps, y: x,
    reduce=lambda weight, off: (weight * off**2).mean(),
):
    sigma, eps = levels(len(x)), noise(x)
    y = point(x, eps, sigma)
    return reduce(weight(sigma), model(y, sigma) - target(x, eps, y))


def _other(**parts):
    return lambda model, x: _loss(model, x, **parts)


def _rungs(n, rho, high, low, *, share=None, power=None):
    """Count down by hand."""
    power = power or rho
    a, b = high ** (1 / power), low ** (1 / power)
    parts = [i / (n - 1) for i in range(n)] if share is None else share(n)
    return [(a + part * (b - a)) ** power for part in parts] + [0.0]


def _vote(queries, known, labels, k, *, weight=lambda d: 1 / d, sign=1):
    """Sort by hand, query by query."""
    named = []
    for query in queries:
        far = (known - query).norm(dim=1)
        near = (sign * far).argsort()[:k]
        votes: dict[int, float] = {}
        for place in near.tolist():
            label = int(labels[place])
            votes[label] = votes.get(label, 0.0) + float(weight(far[place]))
        named.append(max(votes, key=lambda label: (votes[label], -label)))
    return torch.tensor(named)


def _places(queries, known, labels, k):
    return torch.cdist(queries, known).argmin(dim=1)


RIGHT = {"W2.1": _loss, "W2.2": _rungs, "W2.3": _vote}

WRONG = [
    (
        "W2.1",
        _other(levels=lambda n: torch.rand(n, 1) * 4.95 + 0.05),
        "lie evenly them",
    ),
    ("W2.1", _other(levels=lambda n: torch.full((n, 1), 0.5)), "the same level"),
    ("W2.1", _other(levels=lambda n: torch.rand(n, 1)), "Levels go from 0.05 to 5"),
    (
        "W2.1",
        _other(levels=lambda n: 0.05 * 100 ** (torch.rand(n, 1) ** 2)),
        "half way",
    ),
    ("W2.1", _other(levels=lambda n: torch.tensor(0.5)), "a level for each image"),
    ("W2.1", _other(point=lambda x, eps, sigma: x), "clean images"),
    ("W2.1", _other(point=lambda x, eps, sigma: x + eps), "the same size"),
    ("W2.1", _other(point=lambda x, eps, sigma: sigma * eps), "not x + sigma eps"),
    ("W2.1", _other(noise=lambda x: torch.randn(len(x), 1)), "noise of its own"),
    ("W2.1", _other(noise=torch.rand_like), "a standard normal"),
    ("W2.1", _other(weight=torch.ones_like), "weight is missing"),
    ("W2.1", _other(weight=lambda sigma: 1 / sigma**2), "its 1 is missing"),
    ("W2.1", _other(weight=lambda sigma: 1 + sigma**2), "it stands below"),
    ("W2.1", _other(weight=lambda sigma: 1 + 1 / sigma), "is not squared"),
    ("W2.1", _other(target=lambda x, eps, y: y), "against the noisy image"),
    ("W2.1", _other(target=lambda x, eps, y: eps), "against the noise"),
    ("W2.1", _other(reduce=lambda w, off: (w * off**2).sum()), "pixels and images"),
    ("W2.1", _other(reduce=lambda w, off: (w * off**2).sum(1).mean()), "over pixels:"),
    ("W2.1", _other(reduce=lambda w, off: (w * off).mean()), "square them first"),
    ("W2.1", _other(reduce=lambda w, off: (w * off.abs()).mean()), "absolute errors"),
    ("W2.1", _other(reduce=lambda w, off: w.mean() * (off**2).mean()), "of their own"),
    ("W2.1", _other(reduce=lambda w, off: (w * off**2).mean() / 2), "should be"),
    (
        "W2.1",
        _other(reduce=lambda w, off: (w * off**2).mean().detach()),
        "no gradient",
    ),
    ("W2.1", lambda model, x: x.mean(), "0 calls"),
    ("W2.2", lambda *given: _rungs(*given)[:-1], "put it behind"),
    ("W2.2", lambda *given: [*_rungs(*given)[-2::-1], 0.0], "They rise"),
    ("W2.2", lambda *given: [0.0, *_rungs(*given)[:-1]], "stands in front"),
    (
        "W2.2",
        lambda *given: _rungs(*given, share=lambda n: [i / n for i in range(n)]),
        "n - 1 gaps",
    ),
    ("W2.2", lambda n, rho, a, b: _rungs(n, 1 / rho, a, b), "change places"),
    ("W2.2", lambda n, rho, a, b: _rungs(n, 1.0, a, b), "even, whatever"),
    ("W2.2", lambda n, rho, a, b: _rungs(n, 1e6, a, b), "geometric, whatever"),
    ("W2.2", lambda n, rho, a, b: _rungs(n, rho, a, 2 * b), "should be"),
    ("W2.3", lambda *given: _vote(*given, weight=lambda d: 1.0), "weigh the same"),
    ("W2.3", lambda *given: _vote(*given, weight=lambda d: d**-2), "squared"),
    ("W2.3", lambda *given: _vote(*given, weight=lambda d: d), "the farthest counts"),
    ("W2.3", lambda *given: _vote(*given, sign=-1), "of the farthest"),
    ("W2.3", lambda q, known, y, k: _vote(q, known, y, len(known)), "All that is"),
    ("W2.3", lambda q, known, y, k: _vote(q, known, y, 1), "nearest alone"),
    ("W2.3", _places, "places in the list"),
    ("W2.3", lambda q, known, y, k: _vote(q, known, y, k + 1), "get another"),
]
