"""The histogram as a model: count to train, look up to infer, invert to sample."""

from __future__ import annotations

import math
from collections import Counter

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

    Parameters
    ----------
    k : int
        Number of outcomes, at most 2**25.
    smoothing : float, default 0.0
        What is added to each count, from 0 to 1e12.

    References
    ----------
    Chen and Goodman (1999), An empirical study of smoothing techniques for language
    modeling, Computer Speech and Language 13, section 2.1.
    """

    def __init__(self, k: int, *, smoothing: float = 0.0) -> None:
        self.k = _validate.integer("k", k, low=1, high=_MOST_OUTCOMES)
        self.smoothing = _smoothing(smoothing)
        self._probs = self._cdf = None

    @classmethod
    def of(cls, probs: ArrayLike) -> Histogram:
        """Return a histogram with given probabilities, as if fitted.

        Parameters
        ----------
        probs : array_like, shape (k,)
            Probabilities.

        Returns
        -------
        Histogram
            A model over ``len(probs)`` outcomes.
        """
        probs = _validate.probabilities("probs", probs)
        histogram = cls(len(probs))
        histogram._set(probs)
        return histogram

    def __repr__(self) -> str:
        return f"Histogram({self.k}, smoothing={self.smoothing:g})"

    def fit(self, outcomes: ArrayLike) -> Histogram:
        """Learn by counting; what was learned before is forgotten.

        Parameters
        ----------
        outcomes : array_like of int, shape (n,)
            Observations from 0 to k - 1.

        Returns
        -------
        Histogram
            This histogram.
        """
        counts = np.bincount(self._outcomes(outcomes), minlength=self.k)
        self._set(counts + self.smoothing)
        return self

    @property
    def probs(self) -> np.ndarray:
        """The probabilities, shape (k,), float64: a copy, yours to change."""
        return _fitted(self, self._probs).copy()

    @property
    def cdf(self) -> np.ndarray:
        r"""The staircase :math:`F_i = \sum_{j \le i} p_j`, shape (k,): a copy.

        Its last step is exactly 1.
        """
        return _fitted(self, self._cdf).copy()

    def prob(self, outcomes: ArrayLike) -> torch.Tensor:
        """Look up the probability of each outcome.

        Parameters
        ----------
        outcomes : array_like of int, shape (n,)
            Outcomes from 0 to k - 1.

        Returns
        -------
        torch.Tensor, shape (n,)
            Probabilities, float64.
        """
        probs = _fitted(self, self._probs)
        return torch.from_numpy(probs[self._outcomes(outcomes)])

    def log_prob(self, outcomes: ArrayLike) -> torch.Tensor:
        """Return the log-probability of each outcome, in nats.

        Parameters
        ----------
        outcomes : array_like of int, shape (n,)
            Outcomes from 0 to k - 1.

        Returns
        -------
        torch.Tensor, shape (n,)
            Log-probabilities, float64; -inf where the probability is 0.
        """
        return self.prob(outcomes).log()

    def ppf(self, u: ArrayLike) -> torch.Tensor:
        r"""Invert the staircase: return the smallest ``i`` with :math:`u \le F_i`.

        The rule is taken at its word at both ends. At ``u = 1`` it gives the last
        outcome of positive probability; at ``u = 0``, which has probability 0, it
        gives outcome 0 even where :math:`p_0 = 0`.

        Parameters
        ----------
        u : array_like
            Numbers in [0, 1].

        Returns
        -------
        torch.Tensor
            Outcomes, int64, in the shape of ``u``.

        References
        ----------
        Devroye (1986), Non-Uniform Random Variate Generation, section III.2.
        """
        u = _validate.array("u", u, low=0.0, high=1.0)
        cdf = _fitted(self, self._cdf)
        return torch.as_tensor(np.searchsorted(cdf, u, side="left"))

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw outcomes through the inverse CDF; none has probability 0.

        Parameters
        ----------
        n : int
            Number of outcomes.
        generator : torch.Generator, optional
            Source of randomness; torch's global one by default.

        Returns
        -------
        torch.Tensor, shape (n,)
            Independent outcomes, int64.
        """
        n = _validate.integer("n", n, low=1)
        generator = _validate.generator("generator", generator)
        _fitted(self, self._cdf)  # before anything is drawn
        u = torch.rand(n, generator=generator, dtype=torch.float64)
        return self.ppf(1 - u)  # u lies in [0, 1), and 0 is what must not be drawn

    def _set(self, masses: np.ndarray) -> None:
        # The masses are summed before they are divided: sums of counts are exact, so
        # F_i is the float64 nearest to its true value and the last step is 1.
        cumulative = np.cumsum(masses)
        self._probs = masses / cumulative[-1]
        self._cdf = cumulative / cumulative[-1]

    def _outcomes(self, outcomes: ArrayLike) -> np.ndarray:
        return _validate.integers(
            "outcomes", outcomes, shape=("n",), low=0, high=self.k - 1
        ).numpy(force=True)


class PatternTable:
    r"""A histogram over all binary patterns, which stores only those that it saw.

    .. math:: p(x) = \frac{c(x) + \alpha}{n + \alpha \, 2^d}

    The numbers are kept as logarithms, so that the set of patterns may be larger
    than any number that a computer holds.

    Parameters
    ----------
    pixels : int
        Number :math:`d` of pixels of a pattern, at most 2**20.
    smoothing : float, default 0.0
        What is added to each count, from 0 to 1e12.

    References
    ----------
    Chen and Goodman (1999), An empirical study of smoothing techniques for language
    modeling, Computer Speech and Language 13, section 2.1.
    """

    def __init__(self, pixels: int, *, smoothing: float = 0.0) -> None:
        self.pixels = _validate.integer("pixels", pixels, low=1, high=_MOST_PIXELS)
        self.smoothing = _smoothing(smoothing)
        self._counts = None

    def __repr__(self) -> str:
        return f"PatternTable({self.pixels}, smoothing={self.smoothing:g})"

    def fit(self, bits: ArrayLike) -> PatternTable:
        """Learn by counting; what was learned before is forgotten.

        Parameters
        ----------
        bits : array_like, shape (n, pixels)
            Patterns of zeros and ones.

        Returns
        -------
        PatternTable
            This table.
        """
        self._counts = Counter(self._keys(bits))
        return self

    @property
    def seen(self) -> int:
        """The number of distinct patterns stored."""
        return len(_fitted(self, self._counts))

    def prob(self, bits: ArrayLike) -> torch.Tensor:
        """Look up the probability of each pattern.

        Parameters
        ----------
        bits : array_like, shape (n, pixels)
            Patterns of zeros and ones.

        Returns
        -------
        torch.Tensor, shape (n,)
            Probabilities, float64; those below 1e-308 round to 0, which
            :meth:`log_prob` avoids.
        """
        return self.log_prob(bits).exp()

    def log_prob(self, bits: ArrayLike) -> torch.Tensor:
        """Return the log-probability of each pattern, in nats.

        Parameters
        ----------
        bits : array_like, shape (n, pixels)
            Patterns of zeros and ones.

        Returns
        -------
        torch.Tensor, shape (n,)
            Log-probabilities, float64; -inf where the probability is 0.
        """
        stored = _fitted(self, self._counts)
        counts = torch.tensor([stored[key] for key in self._keys(bits)])
        return (counts.double() + self.smoothing).log() - self._log_total()

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw patterns: a stored one, or by the share of the smoothing any at all.

        Parameters
        ----------
        n : int
            Number of patterns.
        generator : torch.Generator, optional
            Source of randomness; torch's global one by default.

        Returns
        -------
        torch.Tensor, shape (n, pixels)
            Independent patterns of zeros and ones, float32.
        """
        stored = _fitted(self, self._counts)
        n = _validate.integer("n", n, low=1)
        patterns = torch.tensor(np.frombuffer(b"".join(stored), dtype=np.uint8))
        shares = np.array(list(stored.values())) / stored.total()
        chosen = Histogram.of(shares).sample(n, generator)
        known = patterns.reshape(-1, self.pixels)[chosen]
        any_pattern = torch.randint(2, (n, self.pixels), generator=generator)
        share = math.exp(self._log_added() - self._log_total())
        u = torch.rand(n, 1, generator=generator, dtype=torch.float64)
        return torch.where(u < share, any_pattern, known).float()

    def _log_total(self) -> float:
        observed = math.log(self._counts.total())
        return float(np.logaddexp(observed, self._log_added()))

    def _log_added(self) -> float:
        """Return the log of what smoothing adds to all patterns together."""
        if self.smoothing == 0:
            return -math.inf
        return math.log(self.smoothing) + self.pixels * math.log(2)

    def _keys(self, bits: ArrayLike) -> list[bytes]:
        bits = _validate.array("bits", bits, shape=("n", self.pixels))
        if not np.isin(bits, (0, 1)).all():
            raise ValueError(f"bits: expected zeros and ones, got {np.unique(bits)}")
        return [row.tobytes() for row in bits.astype(np.uint8)]


def _smoothing(value: float) -> float:
    return _validate.real("smoothing", value, low=0, high=_MOST_SMOOTHING)


def _fitted(model: object, learned):
    if learned is None:
        raise ValueError(
            f"{type(model).__name__}: nothing is learned yet, call fit first"
        )
    return learned
