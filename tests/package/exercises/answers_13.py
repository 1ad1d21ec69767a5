"""Right and wrong answers of chapter 13."""

from __future__ import annotations

import math

import torch


def huffman(p):
    """Keep a list of groups and merge the two lightest."""
    groups = [(float(chance), [i]) for i, chance in enumerate(p)]
    lengths = [0] * len(p)
    while len(groups) > 1:
        groups.sort(key=lambda group: group[0])
        (a, left), (b, right), *groups = groups
        for i in left + right:
            lengths[i] += 1
        groups.append((a + b, left + right))
    return lengths


def chain(p):
    """Merge the next most likely one each time: words 1, 2, 3, ... long."""
    order = p.argsort(descending=True)
    lengths = torch.arange(1.0, len(p) + 1)
    lengths[-1] = len(p) - 1
    return lengths[order.argsort()]


def joint(p, x, known):
    """Yield every image that agrees with what is known, and its probability."""
    for image in torch.cartesian_prod(*[torch.arange(2)] * p.ndim):
        if all(image[i] == x[i] for i in range(p.ndim) if known[i]):
            yield image.double(), p[tuple(image)]


def filled(p, x, known):
    pairs = list(joint(p, x, known))
    return sum(i * c for i, c in pairs) / sum(c for _, c in pairs)


def surprise(log_prob, x):
    bits = -log_prob(x)
    return (bits - bits.median()).abs()


RIGHT = {
    "13.1": huffman,
    "13.2": lambda p, q: (p * (p / q).log2()).sum(),
    "13.3": filled,
    "13.4": lambda log_prob, x: surprise(log_prob, x).argmax(),
}

WRONG = [
    ("13.1", lambda p: -p.log2(), "whole number of bits"),
    ("13.1", lambda p: (-p.log2()).ceil(), "Shannon's code"),
    ("13.1", lambda p: (-p.log2()).floor(), "Kraft's inequality"),
    ("13.1", lambda p: torch.full((len(p),), math.log2(len(p))).ceil(), "one length"),
    ("13.1", lambda p: [bits + 1 for bits in huffman(p)], "One bit too much"),
    ("13.1", lambda p: sorted(huffman(p)), "in the wrong order"),
    ("13.1", lambda p: huffman(1 / p), "merge the least likely"),
    ("13.1", chain, "merge the two smallest"),
    ("13.2", lambda p, q: -(p * q.log2()).sum(), "the whole length"),
    ("13.2", lambda p, q: (p * (p / q).log()).sum(), "In nats"),
    ("13.2", lambda p, q: (q * (q / p).log2()).sum(), "average with p"),
    ("13.2", lambda p, q: (p * (q / p).log2()).sum(), "The sign"),
    ("13.2", lambda p, q: (p * p.log2() - q * q.log2()).sum(), "two entropies"),
    ("13.2", lambda p, q: 0.0, "as they come"),
    ("13.2", lambda p, q: (p * (p / q).log2()).abs().sum(), "or too short"),
    ("13.3", lambda p, x, k: sum(i * c for i, c in joint(p, x, k)), "up to a factor"),
    ("13.3", lambda p, x, k: filled(p, x, [False] * 5), "before anything was seen"),
    ("13.3", lambda p, x, k: filled(torch.ones_like(p), x, k), "weight each"),
    (
        "13.3",
        lambda p, x, k: max(joint(p, x, k), key=lambda pair: pair[1])[0],
        "likeliest filling",
    ),
    ("13.3", lambda p, x, k: 1 - filled(p, x, k), "probabilities of 0"),
    ("13.3", lambda p, x, k: [0.5] * 5, "as they were"),
    (
        "13.3",
        lambda p, x, k: [v if s else 2.0 for v, s in zip(x, k, strict=True)],
        "Sum",
    ),
    ("13.4", lambda log_prob, x: log_prob(x).argmin(), "least likely"),
    ("13.4", lambda log_prob, x: log_prob(x).argmax(), "the likeliest image"),
    ("13.4", lambda log_prob, x: surprise(log_prob, x).argmax() + 1, "start at 0"),
    ("13.4", lambda log_prob, x: surprise(log_prob, x).argmax() + 0.5, "Another one"),
    ("13.4", lambda log_prob, x: surprise(log_prob, x).argmin(), "Another one"),
]
