"""The histogram as a model: count to train, look up to infer, invert to sample."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from lecture_code import _validate

# A table of this size takes half a gigabyte; larger sets belong in a PatternTable.
_MOST_OUTCOMES = 2**25
_MOST_PIXELS = 2**20
_MOST_SMOOTHING = 1e12


class Histogram:
    r"""A distribution over the outcomes 0, ..., k - 1, learned by counting.

    .. math:: p_i = \frac{c_i + \alpha}{n + \alpha k}

    With smoothing :math:`\alpha = 0` these are the maximum-likelihood probabilities.
    Outcomes are whole numbers of shape (n,), probabilities float64 tensors.

    Parameters
    ----------
    k : int
        Number of outcomes, at most 2**25.
    smoothing : float
        What is added to each count, from 0 to 1e12.

    References
    ----------
    Chen and Goodman (1999), An empirical study of smoothing techniques for language
    modeling, Computer Speech and Language 13, section 2.1.
    """

    def __init__(self, k: int, *, smoothing: float = 0.0) -> None:
        self.k = _validate.integer("k", k, low=1, high=_MOST_OUTCOMES)
        self.smoothing = _check_smoothing(smoothing)
        self._probs: Any = None  # arrays, once it is fitted
        self._cdf: Any = None

    @classmethod
    def of(cls, probs: ArrayLike) -> Histogram:
        """Return a histogram with given probabilities (k,), as if fitted."""
        probs = _validate.probabilities("probs", probs)
        histogram = cls(len(probs))
        histogram._normalise(probs)
        return histogram

    def __repr__(self) -> str:
        return f"Histogram({self.k}, smoothing={self.smoothing:g})"

    def fit(self, outcomes: ArrayLike) -> Histogram:
        """Learn by counting, in place; what was learned before is forgotten."""
        counts = np.bincount(self._check_outcomes(outcomes), minlength=self.k)
        self._normalise(counts + self.smoothing)
        return self

    @property
    def probs(self) -> torch.Tensor:
        """The probabilities (k,): a copy, yours to change."""
        return torch.tensor(_require_fit(self, self._probs))

    @property
    def cdf(self) -> torch.Tensor:
        r"""The staircase :math:`F_i = \sum_{j \le i} p_j`, shape (k,): a copy.

        Its last step is exactly 1.
        """
        return torch.tensor(_require_fit(self, self._cdf))

    def prob(self, outcomes: ArrayLike) -> torch.Tensor:
        """Look up the probability of each outcome."""
        probs = _require_fit(self, self._probs)
        return torch.from_numpy(probs[self._check_outcomes(outcomes)])

    def log_prob(self, outcomes: ArrayLike) -> torch.Tensor:
        """Return the log-probability of each outcome, in nats; -inf where it is 0."""
        return self.prob(outcomes).log()

    def ppf(self, u: ArrayLike) -> torch.Tensor:
        r"""Invert the staircase: return the smallest ``i`` with :math:`u \le F_i`.

        The rule is taken at its word at both ends. At ``u = 1`` it gives the last
        outcome of positive probability; at ``u = 0``, which has probability 0, it
        gives outcome 0 even where :math:`p_0 = 0`. See Devroye (1986), Non-Uniform
        Random Variate Generation, section III.2.
        """
        u = _validate.array("u", u, low=0.0, high=1.0)
        _require_fit(self, self._cdf)
        return self._invert(u)

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw outcomes (n,) through the inverse CDF; none has probability 0."""
        n = _validate.integer("n", n, low=1)
        generator = _validate.generator("generator", generator)
        _require_fit(self, self._cdf)
        return self._draw(n, generator)

    def _normalise(self, masses: np.ndarray) -> None:
        """Keep the shares (k,) that masses have, and their sums."""
        # The masses are summed before they are divided: sums of counts are exact, so
        # F_i is the float64 nearest to its true value and the last step is 1.
        cumulative = np.cumsum(masses)
        self._probs = masses / cumulative[-1]
        self._cdf = cumulative / cumulative[-1]

    def _draw(self, n: int, generator: torch.Generator | None) -> torch.Tensor:
        """Invert the staircase at n random heights."""
        u = torch.rand(n, generator=generator, dtype=torch.float64)
        # u lies in [0, 1), and 0 is what must not be drawn
        return self._invert((1 - u).numpy())

    def _invert(self, u: np.ndarray) -> torch.Tensor:
        """Return the first step that reaches each height."""
        return torch.as_tensor(np.searchsorted(self._cdf, u, side="left"))

    def _check_outcomes(self, outcomes: ArrayLike) -> np.ndarray:
        """Return whole numbers (n,) from 0 to k - 1, or refuse others."""
        return _validate.integers(
            "outcomes", outcomes, shape=("n",), low=0, high=self.k - 1
        ).numpy(force=True)


class PatternTable:
    r"""A histogram over all binary patterns, which stores only those that it saw.

    .. math:: p(x) = \frac{c(x) + \alpha}{n + \alpha \, 2^d}

    Patterns are zeros and ones of shape (n, d), probabilities float64 tensors (n,).
    They are kept as logarithms, so that the set of patterns may be larger than any
    number that a computer holds.

    Parameters
    ----------
    pixels : int
        Number :math:`d` of pixels of a pattern, at most 2**20.
    smoothing : float
        What is added to each count, from 0 to 1e12.

    References
    ----------
    Chen and Goodman (1999), An empirical study of smoothing techniques for language
    modeling, Computer Speech and Language 13, section 2.1.
    """

    def __init__(self, pixels: int, *, smoothing: float = 0.0) -> None:
        self.pixels = _validate.integer("pixels", pixels, low=1, high=_MOST_PIXELS)
        self.smoothing = _check_smoothing(smoothing)
        self._counts: Any = None  # a Counter, once it is fitted

    def __repr__(self) -> str:
        return f"PatternTable({self.pixels}, smoothing={self.smoothing:g})"

    def fit(self, bits: ArrayLike) -> PatternTable:
        """Learn by counting, in place; what was learned before is forgotten."""
        self._counts = Counter(_make_keys(self._check_bits(bits)))
        return self

    @property
    def seen(self) -> int:
        """The number of distinct patterns stored."""
        return len(_require_fit(self, self._counts))

    @property
    def missing_mass(self) -> float:
        """Good and Turing's estimate of the probability of all patterns not seen.

        It is the share of examples that are the only ones of their kind (Good, 1953).
        """
        stored = _require_fit(self, self._counts)
        return list(stored.values()).count(1) / stored.total()

    def prob(self, bits: ArrayLike) -> torch.Tensor:
        """Look up the probability of each pattern; below 1e-308 it rounds to 0."""
        return self.log_prob(bits).exp()

    def log_prob(self, bits: ArrayLike) -> torch.Tensor:
        """Return the log-probability of each pattern, in nats; -inf where it is 0."""
        stored = _require_fit(self, self._counts)
        keys = _make_keys(self._check_bits(bits))
        counts = torch.tensor([stored[key] for key in keys])
        return (counts.double() + self.smoothing).log() - self._sum_logs()

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw patterns: a stored one, or by the share of the smoothing any at all."""
        stored = _require_fit(self, self._counts)
        n = _validate.integer("n", n, low=1)
        generator = _validate.generator("generator", generator)
        patterns = torch.tensor(np.frombuffer(b"".join(stored), dtype=np.uint8))
        shares = np.array(list(stored.values())) / stored.total()
        chosen = Histogram.of(shares)._draw(n, generator)
        known = patterns.reshape(-1, self.pixels)[chosen]
        any_pattern = torch.randint(2, (n, self.pixels), generator=generator)
        share = math.exp(self._log_smoothing() - self._sum_logs())
        u = torch.rand(n, 1, generator=generator, dtype=torch.float64)
        return torch.where(u < share, any_pattern, known).float()

    def _sum_logs(self) -> float:
        """Return the log of what all patterns have together, n + alpha 2**d."""
        observed = math.log(self._counts.total())
        return float(np.logaddexp(observed, self._log_smoothing()))

    def _log_smoothing(self) -> float:
        """Return the log of what smoothing adds to all patterns together."""
        if self.smoothing == 0:
            return -math.inf
        return math.log(self.smoothing) + self.pixels * math.log(2)

    def _check_bits(self, bits: ArrayLike) -> np.ndarray:
        """Return zeros and ones (n, d), or refuse others."""
        bits = _validate.array("bits", bits, shape=("n", self.pixels))
        if not np.isin(bits, (0, 1)).all():
            raise ValueError(f"bits: expected zeros and ones, got {np.unique(bits)}")
        return bits


def _make_keys(bits: np.ndarray) -> list[bytes]:
    """Turn each pattern into one byte for each pixel."""
    return [row.tobytes() for row in bits.astype(np.uint8)]


def _check_smoothing(value: float) -> float:
    """Return what is added to each count, or refuse it."""
    return _validate.real("smoothing", value, low=0, high=_MOST_SMOOTHING)


def _require_fit(model: object, learned):
    """Return what a model has learned, or say that it has not."""
    if learned is None:
        raise ValueError(
            f"{type(model).__name__}: nothing is learned yet, call fit first"
        )
    return learned
