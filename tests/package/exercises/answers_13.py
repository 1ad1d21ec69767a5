"""Right and wrong answers of chapter 13."""

from __future__ import annotations

from fractions import Fraction

import torch

from lecture_code import datasets


def read(bits, counts, n):
    """Move through the line with fractions."""
    place = sum(Fraction(int(b), 2**i) for i, b in enumerate(bits, start=1))
    edges = [Fraction(sum(counts[:s]), 2**16) for s in range(len(counts) + 1)]
    symbols = []
    for _ in range(n):
        s = max(i for i in range(len(counts)) if edges[i] <= place)
        place = (place - edges[s]) / (edges[s + 1] - edges[s])
        symbols.append(s)
    return symbols


def rounded(bits, counts, n):
    """The same in floats."""
    place = sum(b * 0.5**i for i, b in enumerate(bits, start=1))
    ends = torch.tensor(counts).cumsum(0).double() / 2**16
    symbols = []
    for _ in range(n):
        s = int((ends <= place).sum().clip(0, len(counts) - 1))
        low, high = (ends[s - 1].item() if s else 0.0), ends[s].item()
        place = (place - low) / (high - low)
        symbols.append(s)
    return symbols


def left_end(bits, counts, n):
    """Let a part hold its right end, and not its left one."""
    return read([1 - b for b in bits], counts, n)


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
    "13.1": read,
    "13.2": lambda p, q: (p * (p / q).log2()).sum(),
    "13.3": filled,
    "13.4": lambda log_prob, x: surprise(log_prob, x).argmax(),
}

WRONG = [
    ("13.1", rounded, "A float holds 53 bits"),
    ("13.1", lambda b, c, n: read(b, c, 1) * n, "again and again"),
    ("13.1", lambda b, c, n: read(b, c, n)[::-1], "from last to first"),
    ("13.1", lambda b, c, n: [s + 1 for s in read(b, c, n)], "numbered from 0"),
    ("13.1", lambda b, c, n: read(b, c, n - 1), "got shape"),
    ("13.1", left_end, "A part holds its left end"),
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


def nats(given, x):
    return -given["chain"].log_prob(x).detach()


def within(given, x, low, high):
    """Ring outside of these shares of the images x."""
    low, high = nats(given, x).quantile(torch.tensor([low, high]))
    return lambda x: (nats(given, x) < low) | (nats(given, x) > high)


def half_way(given):
    """Put the threshold between the digits and the noise that is shown."""
    seen = (nats(given, given["shown"][kind]).mean() for kind in ("digits", "noise"))
    threshold = sum(seen) / 2
    return lambda x: nats(given, x) > threshold


def one_sided(given):
    usual = nats(given, given["validation"])
    return lambda x: nats(given, x) > usual.quantile(0.95)


def in_company(given):
    return lambda x: nats(given, x) > nats(given, x).quantile(0.95)


def on_training_images(given):
    return within(given, datasets.digits("train").pixels, 0.025, 0.975)


LAZY = [
    (
        "13.5",
        lambda given: lambda x: torch.ones(len(x)),
        "How many of the known",
    ),
    ("13.5", lambda given: lambda x: torch.zeros(len(x)), "and for little else"),
    ("13.5", on_training_images, "The training images are no guide"),
    ("13.5", one_sided, "on either side"),
    ("13.5", half_way, "digits that lie on their side pass"),
    ("13.5", in_company, "in company"),
    ("13.5", lambda given: lambda x: nats(given, x), "True or False"),
]
