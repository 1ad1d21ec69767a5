"""Answers to the exercises of chapter 15: new ones, and lazy ones to its lab."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import optimize, special


def slope(distance, width):
    return width * math.exp(distance**2 / (8 * width**2))


def noise(distance, s, most):
    """Look for the root between the width s and the mildest one, D / 2."""
    mildest = max(s, distance / 2)
    if slope(distance, s) <= most:
        return 0.0
    if slope(distance, mildest) > most:
        return math.inf
    width = optimize.brentq(lambda w: slope(distance, w) - most, s, mildest)
    return math.sqrt(width**2 - s**2)


def wide_root(distance, s, most):
    """Take the other width of that slope, beyond D / 2."""
    if not 0 < noise(distance, s, most) < math.inf:
        return noise(distance, s, most)
    ends = (distance / 2, 4 * most + 4 * distance)
    width = optimize.brentq(lambda w: slope(distance, w) - most, *ends)
    return math.sqrt(width**2 - s**2)


def changed(change):
    """Change what is right where some noise is needed and enough."""

    def answer(distance, s, most):
        tau = noise(distance, s, most)
        return change(tau, s) if 0 < tau < math.inf else tau

    return answer


def misplaced(start, ratio):
    """Say it by the two ends of the climb, each held against the median."""
    ends = torch.stack([start, start + ratio]).clamp(min=0)[1]
    return torch.special.ndtr(ends) - torch.special.ndtr(start.clamp(max=0))


def masses(start, ratio):
    first = torch.special.ndtr(start)
    last = 1 - torch.special.ndtr(start + ratio)
    return first, 1 - first - last, last


def slopes_of_pairs(x, low, high):
    """Look at all pairs of samples, (n, n), their shares moved by so many bands."""
    x, n = np.sort(x), len(x)
    band = math.sqrt(math.log(40) / 2 / n)
    share = np.arange(1, n + 1) / n
    begin, end = (special.ndtri((share + k * band).clip(0, 1)) for k in (low, high))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.subtract.outer(x, x) / np.subtract.outer(end, begin)


def steepest(x, low, high):
    """Keep the pairs of which the second sample is the larger one."""
    pairs = np.tril(slopes_of_pairs(x, low, high), k=-1)
    return pairs[np.isfinite(pairs)].max()


def every_pair(x):
    """Forget which of the two half-lines is the larger one."""
    return slopes_of_pairs(x, -1, 1).max()


def neighbours(x):
    return np.diag(slopes_of_pairs(x, -1, 1), k=-1).max()


def kept(z, x, target):
    """Hold histograms against each other, cell by cell."""
    edges = np.linspace(x[0] - 1e-9, x[-1] + 1e-9, 301)
    cells = np.searchsorted(edges, x)
    made = np.bincount(cells, np.exp(-(z**2) / 2), 302)[cells]
    wanted = (target.cdf(edges[cells]) - target.cdf(edges[cells - 1])) / made
    return np.minimum(wanted / np.quantile(wanted, 0.99), 1)


def by(formula):
    """Keep in proportion to a formula of target, latents and slope."""

    def answer(z, x, target):
        parts = target.pdf(x), np.exp(-(z**2) / 2), np.gradient(x, z)
        chance = formula(*parts)
        return chance / chance.max()

    return answer


def ratio(target, latents, slope):
    return target * slope / latents


def capped(most):
    """Keep too few where the target has more than the map, up to a factor."""

    def answer(z, x, target):
        made = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / np.gradient(x, z)
        return np.minimum(target.pdf(x) / made, most)

    return answer


def half_the_distance(distance, s, most):
    """Take D / 2 for the noise that helps most, and not for the width."""
    if slope(distance, s) <= most:
        return 0.0

    def excess(tau):
        return slope(distance, math.hypot(s, tau)) - most

    most_noise = distance / 2
    return (
        math.inf if excess(most_noise) > 0 else optimize.brentq(excess, 0, most_noise)
    )


def with_bands(side):
    """Move both shares by the band of a share of n samples, (n,)."""

    def answer(x):
        x, n = np.sort(x), len(x)
        share = np.arange(1, n + 1) / n
        begin, end = (
            special.ndtri((share + sign * side(share, n)).clip(0, 1))
            for sign in (-1, 1)
        )
        with np.errstate(invalid="ignore"):
            rises = np.subtract.outer(end, begin)
        pairs = np.subtract.outer(x, x)[rises > 0] / rises[rises > 0]
        return pairs.max()

    return answer


RIGHT = {
    "15.1": noise,
    "15.2": lambda x: steepest(x, -1, 1),
    "15.3": kept,
    "15.4": misplaced,
}

WRONG = [
    ("15.1", lambda D, s, L: slope(D, s), "mild enough as it is"),
    ("15.1", lambda D, s, L: 0.0, "is too little"),
    ("15.1", wide_root, "is too much"),
    ("15.1", changed(lambda tau, s: tau + 70), "is too much: the blurred clouds"),
    ("15.1", half_the_distance, "L = 1.655 there is a noise"),
    ("15.1", lambda D, s, L: math.inf if slope(D, s) > L else 0.0, "there is a noise"),
    ("15.1", changed(lambda tau, s: math.hypot(tau, s)), "What was added to s"),
    ("15.1", changed(lambda tau, s: math.hypot(tau, s) - s), "add their variances"),
    ("15.1", changed(lambda tau, s: tau**2), "the variance of the noise"),
    ("15.1", changed(lambda tau, s: 1.1 * tau), "is too much"),
    ("15.1", changed(lambda tau, s: -tau), "a width of 0 or more"),
    ("15.1", lambda D, s, L: min(noise(D, s, L), D), "no noise helps"),
    ("15.2", lambda x: steepest(x, 0, 0), "How far"),
    ("15.2", lambda x: steepest(x, 0, 1), "the smaller one as well"),
    ("15.2", lambda x: steepest(x, -1, 0), "the larger one as well"),
    ("15.2", lambda x: steepest(x, 1, -1), "the wrong way"),
    ("15.2", lambda x: steepest(x, -0.7, 0.7), "by more than you allow"),
    ("15.2", every_pair, "in the wrong order"),
    ("15.2", with_bands(lambda p, n: math.sqrt(math.log(20) / 2 / n)), "for one side"),
    (
        "15.2",
        with_bands(lambda p, n: 1.96 * np.sqrt(p * (1 - p) / n)),
        "too much: your band holds for one half-line",
    ),
    ("15.2", neighbours, "Neighbours hardly differ"),
    ("15.2", lambda x: steepest(x, -2, 2), "more can be"),
    ("15.2", lambda x: x.max() - x.min(), "too much to be true"),
    ("15.2", lambda x: np.std(x) / 2, "too little: more can be"),
    ("15.2", np.std, "too much to be true"),
    ("15.2", lambda x: -steepest(x, -1, 1), "A slope is positive"),
    ("15.3", lambda z, x, target: np.ones_like(z), "one chance for all"),
    ("15.3", lambda z, x, target: 1.0 * (abs(x) > 1.5), "To empty the valley"),
    ("15.3", by(lambda p, q, s: p), "how often the map comes there"),
    ("15.3", by(lambda p, q, s: p / q), "You count latents"),
    ("15.3", by(lambda p, q, s: p * s), "all equally likely"),
    ("15.3", by(lambda p, q, s: q / p / s), "Upside down"),
    ("15.3", by(lambda p, q, s: p / q / s), "on the other side"),
    ("15.3", by(lambda *parts: ratio(*parts).clip(0, 1)), "you cap the chance"),
    ("15.3", capped(1.0), "you cap the chance"),
    ("15.3", capped(0.5), "you cap the chance"),
    ("15.3", by(lambda *parts: ratio(*parts) > 1), "To empty the valley"),
    ("15.3", lambda *given: by(ratio)(*given) / 5, "how large may the largest be"),
    ("15.3", lambda *given: 5 * by(ratio)(*given), "from 0 to 1"),
    ("15.3", lambda z, x, target: 0 * z, "nothing at all"),
    ("15.4", lambda start, ratio: 2 * misplaced(start, ratio), "half the sum"),
    ("15.4", lambda start, ratio: masses(start, ratio)[1], "another fault"),
    ("15.4", lambda start, ratio: (masses(start, ratio)[0] - 0.5).abs(), "first point"),
    (
        "15.4",
        lambda start, ratio: (masses(start, ratio)[2] - 0.5).abs(),
        "second point",
    ),
    (
        "15.4",
        lambda start, ratio: (
            sum((masses(start, ratio)[i] - 0.5).abs() for i in (0, 2)) / 2
        ),
        "is misplaced as well",
    ),
    ("15.4", lambda start, ratio: misplaced(start + ratio, ratio), "they should have"),
    ("15.4", lambda start, ratio: 0.5, "expected shape"),
]


def joined(z, x):
    """A network of one hidden layer that joins points by lines, and nothing learned."""
    z, x = (torch.as_tensor(np.asarray(part), dtype=torch.float32) for part in (z, x))
    slopes = x.diff() / z.diff()
    net = torch.nn.Sequential(
        torch.nn.Linear(1, len(slopes)),
        torch.nn.ReLU(),
        torch.nn.Linear(len(slopes), 1),
    )
    with torch.no_grad():
        net[0].weight.fill_(1.0)
        net[0].bias.copy_(-z[:-1])
        net[2].weight.copy_(slopes.diff(prepend=slopes.new_zeros(1))[None])
        net[2].bias.copy_(x[:1])
    return net


def exact(target):
    z = np.linspace(-5, 5, 101)
    return joined(z, target.ppf(special.ndtr(z)))


def shared(target, most=2.5):
    """The exact map, crossed at the slope from the middle: both modes lose."""
    z = np.linspace(-5, 5, 201)
    x = target.ppf(special.ndtr(z))
    return joined(z, np.sign(z) * np.minimum(abs(x), most * abs(z)))


def best(given, slope, ripple=0.0):
    """The best map, with ripples that move no mass and change every slope."""
    z = np.linspace(-5, 5, 201)
    x = given["pushforward"].tv_star(given["target"], slope).map(z)
    return joined(z, x + ripple * (-1.0) ** np.arange(201))


def straight(slope, shift=0.0):
    return joined([-5.0, 5.0], [shift - 5 * slope, shift + 5 * slope])


LAZY = [
    ("15.5", lambda given: torch.nn.Linear(1, 1), "Down there little can be learned"),
    ("15.5", lambda given: straight(1.0, 3.0), "copies one mode is as good as any"),
    ("15.5", lambda given: straight(2.5), "Both modes lose"),
    ("15.5", lambda given: straight(2.5, 30.0), "does not see the two modes"),
    ("15.5", lambda given: exact(given["target"]), "No network is told its slope"),
    ("15.5", lambda given: best(given, 6.0), "now do it at a milder slope"),
    ("15.5", lambda given: shared(given["target"]), "did exercise 15.4 begin"),
    ("15.5", lambda given: best(given, 2.5, 0.02), "Shrink the rate"),
    ("15.5", lambda given: torch.nn.Tanh(), "cannot be told exactly"),
    ("15.5", lambda given: torch.nn.Linear(1, 2), "One number for each latent"),
    ("15.5", lambda given: 2.5, "Hand in the trained model"),
]
