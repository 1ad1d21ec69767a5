"""Answers to the exercises of chapter 17, right and wrong."""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch
from scipy import optimize, special, stats

from lecture_code import lipschitz


def _balanced(D, s, w, alpha, sigma):
    """Where weight times density is the same for both digits."""
    spread = math.hypot(alpha * s, sigma)
    odds = lambda x: (  # noqa: E731
        stats.norm.logpdf(x, -alpha * D / 2, spread)
        - stats.norm.logpdf(x, alpha * D / 2, spread)
        + math.log(w / (1 - w))
    )
    return optimize.brentq(odds, -1e3, 1e3, xtol=1e-12)


def _shifted(power=1.0, own=1.0, spread=lambda v: v):
    def point(D, s, w, alpha, sigma):
        variance = own * (alpha * s) ** 2 + sigma**2
        return spread(variance) * math.log(w / (1 - w)) / (alpha**power * D)

    return point


def _integrated(D, s, c):
    """Half of the absolute difference of target and model, on a fine grid."""
    x = np.linspace(-40, 40, 400_001)
    both = [stats.norm.pdf(x, centre, s) for centre in (0, c * D)]
    return np.abs((both[0] + both[1]) / 2 - both[0]).sum() * (x[1] - x[0]) / 2


def _weights(network):
    return [layer.weight.detach().double() for layer in network[::2]]


def _norm(*matrices):
    return np.linalg.norm(
        np.linalg.multi_dot(matrices) if matrices[1:] else matrices[0], 2
    )


def _signs(network, e):
    """The same four terms, each as a product of norms of what stands between signs."""
    first, second, last = (w.numpy() for w in _weights(network))
    chain = [e.double().numpy()[None] @ last, second, first]
    total = 0.0
    for cuts in itertools.product((False, True), repeat=2):
        groups = [[chain[0]]]
        for cut, matrix in zip(cuts, chain[1:], strict=True):
            if cut:
                groups.append([matrix])
            else:
                groups[-1].append(matrix)
        total += math.prod(_norm(*group) for group in groups) / 4
    return total


def _merged(network, e):
    first, second, last = _weights(network)
    return _norm((e.double() @ last)[None].numpy()) * _norm(first) * _norm(second)


def _climbed(network, e):
    with torch.random.fork_rng():
        onto = torch.nn.Linear(len(e), 1, bias=False)
    onto.weight.data = e[None]
    rng = torch.Generator().manual_seed(0)
    z = torch.randn(100, network[0].in_features, generator=rng)
    return lipschitz.lower_bound(torch.nn.Sequential(network, onto), z, steps=5)


def _straight(network, e):
    first, second, last = _weights(network)
    return float((e.double() @ last @ second @ first).norm())


def _mean(network, e):
    """The direction is used, and one ReLU of two."""
    first, second, last = (w.numpy() for w in _weights(network))
    u = e.double().numpy()[None] @ last
    return (_norm(u, second) + _norm(u) * _norm(second)) * _norm(first) / 2


RIGHT = {
    "17.1": _integrated,
    "17.2": _balanced,
    "17.3": _signs,
}

WRONG = [
    ("17.1", lambda D, s, c: special.ndtr(D / 2 / s) - 0.5, "did the cosine go"),
    ("17.1", lambda D, s, c: special.ndtr(c * D / 2 / s) - 0.5, "a cosine has a sign"),
    ("17.1", lambda *given: 2 * _integrated(*given), "still has one of them"),
    ("17.1", lambda *given: 0.5 + _integrated(*given), "Half of the target's mass"),
    ("17.1", lambda D, s, c: special.ndtr(c * D / s) - 0.5, "half-way between"),
    ("17.1", lambda D, s, c: special.ndtr(c * D / 2) - 0.5, "in units of the noise"),
    ("17.1", lambda D, s, c: 0.3, "where do they cross"),
    ("17.2", lambda *given: 0.0, "only with equal weights"),
    ("17.2", lambda *given: -_balanced(*given), "which way"),
    ("17.2", _shifted(own=0), "noise of their own"),
    (
        "17.2",
        lambda D, s, w, a, b: (s * s + b * b) / a / D * math.log(w / (1 - w)),
        "alpha belongs to both",
    ),
    ("17.2", _shifted(power=0), "moved together"),
    ("17.2", lambda *given: 2 * _balanced(*given), "count again"),
    ("17.2", _shifted(spread=math.sqrt), "over the variance"),
    ("17.2", lambda *given: 1.0, "take the logarithm"),
    ("17.3", lambda network, e: lipschitz.upper_bound(network), "in all directions"),
    ("17.3", _merged, "what a ReLU is half of"),
    ("17.3", _mean, "how many terms"),
    ("17.3", _straight, "at every latent"),
    ("17.3", _climbed, "at every latent"),
]


# ------------------------------------------------------------------------- the lab


def _axis(first, second, x):
    """Positions from the mean of the first digit, 0, to that of the second, 1."""
    start, way = first.mean(0), second.mean(0) - first.mean(0)
    return (x - start) @ way / way.square().sum()


def _shares(first, second, x):
    at = _axis(first, second, x)
    middle = (at - 0.5).abs() < 0.25
    return middle.double().mean(), (at[~middle] > 0.5).double().mean()


_WORDS = {(False, False): "fair", (True, False): "missing", (False, True): "between"}


def _verdict(missing, between):
    return _WORDS.get((bool(missing), bool(between)), "both")


def _forced(first, second, made):
    """Call each image a 3 or a 7, and compare the shares."""
    share = (_axis(first, second, made) > 0.5).double().mean()
    true = len(second) / (len(first) + len(second))
    return _verdict(abs(share - true) > 0.12, False)


def _valley_only(first, second, made):
    data = torch.cat([first, second])
    real, fake = (_shares(first, second, x)[0] for x in (data, made))
    return _verdict(False, fake > real + 0.1)


def _one_side(first, second, made):
    """The second digit can be missing, and never the first."""
    data = torch.cat([first, second])
    real, fake = (_shares(first, second, x) for x in (data, made))
    return _verdict(real[1] - fake[1] > 0.1, fake[0] > real[0] + 0.1)


def _against_a_half(first, second, made):
    data = torch.cat([first, second])
    real, (valley, share) = _shares(first, second, data), _shares(first, second, made)
    return _verdict(abs(share - 0.5) > 0.1, valley > real[0] + 0.1)


def _without_the_data(first, second, made):
    valley, share = _shares(first, second, made)
    true = len(second) / (len(first) + len(second))
    return _verdict(abs(share - true) > 0.1, valley > 0.02)


LAZY = [
    ("17.4", lambda given: "missing", "Hand in the function itself"),
    ("17.4", lambda given: lambda *three: "3 and 7", "Return one of"),
    ("17.4", lambda given: lambda *three: "fair", "whatever it makes"),
    ("17.4", lambda given: _forced, "like neither, and count them"),
    ("17.4", lambda given: _valley_only, "too many of one digit"),
    ("17.4", lambda given: _one_side, "Either may be missing"),
    ("17.4", lambda given: _against_a_half, "need not have as many"),
    ("17.4", lambda given: _without_the_data, "Some of the data lie between"),
]
