"""Answers to the exercises of workshop 1, right and wrong."""

from __future__ import annotations

import torch
from torch.distributions import Bernoulli


def _masks(degrees, d, first=0, heard=1):
    """Fill the masks line by line; the keywords are for those who count wrongly."""
    reads, writes = torch.zeros(len(degrees), d), torch.zeros(d, len(degrees))
    for k, m in enumerate(degrees.tolist()):
        reads[k, : max(0, m + 1 - first)] = 1
        writes[m + heard :, k] = 1
    return reads, writes


def _on_its_side(degrees, d):
    return tuple(mask.T for mask in _masks(degrees, d))


def _swapped(degrees, d):
    return _masks(degrees, d)[::-1]


def _order(model, order, u):
    """Keep one image in the usual places, and show it to the model rearranged."""
    x = torch.zeros_like(u)
    for j, pixel in enumerate(order.tolist()):
        x[:, pixel] = Bernoulli(logits=model(x[:, order])[:, j]).probs.gt(u[:, pixel])
    return x


def _in_models_order(model, order, u):
    return _order(model, order, u)[:, order]


def _other_way_round(model, order, u):
    return _order(model, order.argsort(), u)


def _numbers_in_models_order(model, order, u):
    return _order(model, order, u[:, order.argsort()])


def _larger(model, order, u):
    x = torch.zeros_like(u)
    for j, pixel in enumerate(order.tolist()):
        x[:, pixel] = (u[:, pixel] > model(x[:, order])[:, j].sigmoid()).float()
    return x


def _blind(model, order, u):
    return (u < model(torch.zeros_like(u))[:, order.argsort()].sigmoid()).float()


def _oddness(logits, x):
    coin = Bernoulli(logits=logits)
    more = -coin.log_prob(x) - coin.entropy()
    return more.sum(dim=1) / (coin.variance * logits**2).sum(dim=1).sqrt()


def _by_logarithms(logits, x):
    p = logits.sigmoid()
    entropy = -(p * p.log() + (1 - p) * (1 - p).log())
    more = -Bernoulli(logits=logits).log_prob(x) - entropy
    return more.sum(dim=1) / (p * (1 - p) * logits**2).sum(dim=1).sqrt()


def _cost(logits, x):
    return -Bernoulli(logits=logits).log_prob(x).sum(dim=1)


def _not_scaled(logits, x):
    coin = Bernoulli(logits=logits)
    return (-coin.log_prob(x) - coin.entropy()).sum(dim=1)


def _wrong_variance(logits, x):
    coin = Bernoulli(logits=logits)
    return _not_scaled(logits, x) / coin.variance.sum(dim=1).sqrt()


RIGHT = {"W1.1": _masks, "W1.2": _order, "W1.3": _oddness}

WRONG = [
    ("W1.1", lambda degrees, d: _masks(degrees, d, first=1), "one pixel too few"),
    ("W1.1", lambda degrees, d: _masks(degrees, d, heard=0), "A leak, by one"),
    ("W1.1", lambda degrees, d: _masks(degrees, d, first=-1), "and reads pixel"),
    ("W1.1", lambda degrees, d: _masks(degrees, d, heard=2), "too strict"),
    ("W1.1", lambda degrees, d: _masks(degrees, d, first=2), "too strict"),
    ("W1.1", lambda degrees, d: _masks(degrees, d, heard=-1), "A leak: output"),
    ("W1.1", _on_its_side, "lies on its side"),
    ("W1.1", _swapped, "lies on its side"),
    ("W1.1", lambda degrees, d: _masks(degrees, d)[0], "two tensors"),
    (
        "W1.1",
        lambda degrees, d: tuple(2 * m for m in _masks(degrees, d)),
        "zeros and ones",
    ),
    ("W1.2", _in_models_order, "back to its place"),
    ("W1.2", _other_way_round, "wrong way round"),
    ("W1.2", _numbers_in_models_order, "in the model's order"),
    ("W1.2", _larger, "black where the number is *smaller*"),
    ("W1.2", _blind, "pixels differ"),
    ("W1.3", lambda a, x: -_oddness(a, x), "The sign"),
    ("W1.3", _by_logarithms, "0 times infinity"),
    ("W1.3", _cost, "the cost alone"),
    ("W1.3", _not_scaled, "how large is it usually"),
    ("W1.3", _wrong_variance, "the variance of that"),
    ("W1.3", lambda a, x: _oddness(a, x) / a.shape[1], "not a mean"),
]
