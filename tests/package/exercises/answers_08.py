"""Answers to the torn page and the lab of chapter 8."""

from __future__ import annotations

import torch


def _page(x, seen, mean, V, code, offset=True):
    drawn = V @ code + (mean if offset else 0)
    return torch.where(seen, x, drawn)


def _by_normal_equations(x, seen, mean, V):
    rows = V * seen[:, None]
    return _page(
        x, seen, mean, V, torch.linalg.solve(rows.T @ rows, rows.T @ (x - mean))
    )


def _best(rest, seen, V):
    return torch.linalg.pinv(V[seen]) @ rest[seen]


RIGHT = {"8.3": _by_normal_equations}

WRONG = [
    (
        "8.3",
        lambda x, s, m, V: _page(x, s, m, V, V[s].T @ (x - m)[s]),
        "not orthonormal any more",
    ),
    ("8.3", lambda x, s, m, V: _page(x, s, m, V, V.T @ (x - m)), "counts as ink"),
    (
        "8.3",
        lambda x, s, m, V: _page(x, s, m, V, _best(x - m, s, V), offset=False),
        "lacks the mean",
    ),
    ("8.3", lambda x, s, m, V: _page(x, s, m, V, _best(x, s, V)), "take it off first"),
    ("8.3", lambda x, s, m, V: x, "as they were"),
    ("8.3", lambda x, s, m, V: m, "Least squares"),
    ("8.3", lambda x, s, m, V: m + V @ _best(x - m, s, V), "to stay as they are"),
]


def equal_steps(K, levels, reach=2.0, stray=0.0):
    """A codec that makes no choice: K numbers of so many levels each."""

    def codec(x, bits):
        mean = x.mean(dim=0)
        _, S, Vt = torch.linalg.svd(x - mean, full_matrices=False)
        step = 2 * reach * S[:K] / len(x) ** 0.5 / levels

        def write(x):
            z = (x - mean) @ Vt[:K].T / step + levels / 2
            return z.floor().clamp(0, levels - 1) + stray

        def read(codes):
            return mean + (codes + 0.5 - levels / 2) * step @ Vt[:K]

        return write, read

    return codec


def nothing(x, bits):
    mean = x.mean(dim=0)
    return (lambda x: x[:, :1] * 0), (lambda codes: mean.expand(len(codes), -1))


LAZY = [
    ("8.4", lambda given: nothing, "The mean image alone"),
    ("8.4", lambda given: equal_steps(4, 16), "told more coarsely"),
    ("8.4", lambda given: equal_steps(16, 2, reach=3.0), "told more finely"),
    ("8.4", lambda given: equal_steps(8, 4), "With 32 bits"),
    ("8.4", lambda given: equal_steps(16, 4), "32 bits, and 16 were to be spent"),
    ("8.4", lambda given: equal_steps(8, 4, reach=0.2), "an end of their scale"),
    ("8.4", lambda given: equal_steps(8, 4, stray=0.3), "whole numbers"),
    ("8.4", lambda given: lambda x, bits: x, "two functions"),
]
