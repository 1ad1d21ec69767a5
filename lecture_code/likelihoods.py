"""Output laws: what the numbers at the end of a decoder mean for an example.

A law turns a decoder's numbers into a distribution of one example, coordinate by
coordinate. Given these numbers, the coordinates are independent. ``scaled`` is where a
law refuses examples that it cannot have drawn.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from lecture_code import _validate


class Bernoulli:
    r"""Pixels that are 0 or 1, from their log-odds.

    .. math:: p(x_j = 1 \mid a) = \frac{1}{1 + e^{-a_j}}

    References
    ----------
    Kingma and Welling (2014), Auto-encoding variational Bayes, appendix C.1.
    """

    numbers = 1  # for each coordinate, from the decoder

    def __repr__(self) -> str:
        return "Bernoulli()"

    def scaled(self, x: torch.Tensor) -> torch.Tensor:
        """Put zeros and ones (n, d) on the scale that a network reads best, -1 to 1."""
        return 2 * _validate.binary("x", x) - 1

    def log_prob(self, x: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        r"""Return :math:`\log p(x \mid a)`, nats (..., n), for numbers (..., n, d)."""
        _check_shapes(x, a, self.numbers)
        sign = 2 * x.to(a) - 1
        return functional.logsigmoid(sign * a).sum(dim=-1)

    def mean(self, a: torch.Tensor) -> torch.Tensor:
        """Return the probability that each coordinate is 1, (n, d)."""
        return a.sigmoid()

    def draw(
        self, a: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Draw each coordinate by itself: zeros and ones (n, d), float32."""
        p = self.mean(a)
        u = torch.rand(p.shape, generator=generator, dtype=torch.float64)
        return (u.to(p.device) < p).float()


class Logistics:
    r"""Whole grey levels, each pixel a mixture of discretised logistics.

    .. math:: p(x_j = v \mid a) = (1 - \epsilon) \sum_c w_{jc} \left[
        \sigma(s_{jc} (v^+ - m_{jc})) - \sigma(s_{jc} (v^- - m_{jc})) \right]
        + \frac{\epsilon}{L}

    The levels :math:`v = 0, \dots, L - 1` are put on the scale from -1 to 1;
    :math:`v^\pm` are the middles between a level and its neighbours, and endless
    beyond the first and the last, so that the masses of all levels sum to 1. The
    uniform part, :math:`\epsilon = 10^{-4}`, leaves no level impossible.

    A pixel has ``3 * components`` numbers in :math:`a`: logits of the weights
    :math:`w`, means :math:`m`, logarithms of the slopes :math:`s`, which are kept
    between -7 and 7.

    Parameters
    ----------
    levels : int
        The number :math:`L` of grey levels, at least 2.
    components : int
        The number of logistics in each mixture.

    References
    ----------
    Salimans, Karpathy, Chen and Kingma (2017), PixelCNN++, eq. (2).
    """

    _UNIFORM = 1e-4
    _FAR = 1e6  # an edge beyond which no mass lies; with infinity gradients are NaN

    def __init__(self, levels: int = 17, *, components: int = 3) -> None:
        self.levels = _validate.integer("levels", levels, low=2)
        self.numbers = 3 * _validate.integer("components", components, low=1)

    def __repr__(self) -> str:
        return f"Logistics({self.levels}, components={self.numbers // 3})"

    def scaled(self, x: torch.Tensor) -> torch.Tensor:
        """Put levels 0 to ``levels - 1``, (n, d), on the scale from -1 to 1."""
        x = _validate.tensor("x", x, low=0, high=self.levels - 1)
        return self._scale(_validate.whole("x", x, "whole grey levels"))

    def log_prob(self, x: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        r"""Return :math:`\log p(x \mid a)`, nats (..., n), for levels x (n, d).

        The numbers ``a`` are of shape (..., n, d * 3 * components).
        """
        _check_shapes(x, a, self.numbers)
        return self._mass(a, x.to(a)[..., None]).log().sum(dim=(-2, -1))

    def probabilities(self, a: torch.Tensor) -> torch.Tensor:
        """Return the probability of every level of every pixel, (n, d, levels)."""
        return self._mass(a, self._levels(a))

    def mean(self, a: torch.Tensor) -> torch.Tensor:
        """Return the mean grey level of each pixel, (n, d), seldom whole."""
        p = self.probabilities(a)
        return p @ self._levels(p)

    def draw(
        self, a: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Draw each pixel by itself, by its inverse CDF: levels (n, d), float32."""
        cdf = self.probabilities(a).double().cumsum(dim=2)
        u = torch.rand(*cdf.shape[:2], 1, generator=generator, dtype=torch.float64)
        return (u.to(cdf) > cdf[..., :-1]).sum(dim=2).float()

    def _levels(self, like: torch.Tensor) -> torch.Tensor:
        return torch.arange(self.levels, dtype=like.dtype, device=like.device)

    def _scale(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * x / (self.levels - 1) - 1

    def _mass(self, a: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Return p of levels ``v``, (..., d or 1, any number), at their pixels."""
        a = a.unflatten(-1, (-1, self.numbers))[..., None, :]
        high = torch.where(v < self.levels - 1, self._scale(v + 0.5), self._FAR)
        low = torch.where(v > 0, self._scale(v - 0.5), -self._FAR)
        mass = self._mass_below(a, high) - self._mass_below(a, low)
        return (1 - self._UNIFORM) * mass + self._UNIFORM / self.levels

    @staticmethod
    def _mass_below(a: torch.Tensor, edge: torch.Tensor) -> torch.Tensor:
        """Return the mixture's mass below each edge."""
        logits, means, log_slopes = a.chunk(3, dim=-1)
        slopes = log_slopes.clamp(-7, 7).exp()
        below = (slopes * (edge[..., None] - means)).sigmoid()
        return (logits.softmax(dim=-1) * below).sum(dim=-1)


class Gaussian:
    r"""Real coordinates around the decoder's numbers, all with one scale.

    .. math:: p(x \mid a) = \prod_j N(x_j; a_j, \sigma^2)

    Parameters
    ----------
    sigma : float
        The scale :math:`\sigma` of the output noise, in units of the data.

    References
    ----------
    Kingma and Welling (2014), Auto-encoding variational Bayes, appendix C.2.
    """

    numbers = 1

    def __init__(self, sigma: float) -> None:
        self.sigma = _validate.real("sigma", sigma, above=0)

    def __repr__(self) -> str:
        return f"Gaussian({self.sigma:g})"

    def scaled(self, x: torch.Tensor) -> torch.Tensor:
        """Return the examples as they are: a toy has a sensible scale already."""
        return x

    def log_prob(self, x: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        r"""Return :math:`\log p(x \mid a)`, nats (..., n), for numbers (..., n, d)."""
        _check_shapes(x, a, self.numbers)
        distance = (x.to(a) - a) / self.sigma
        constant = math.log(self.sigma) + math.log(math.tau) / 2
        return -(distance.square() / 2 + constant).sum(dim=-1)

    def mean(self, a: torch.Tensor) -> torch.Tensor:
        """Return the means (n, d), which are the decoder's numbers."""
        return a

    def draw(
        self, a: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Add noise to the means: draws (n, d), float32."""
        noise = torch.randn(a.shape, generator=generator, dtype=torch.float64)
        return (a + self.sigma * noise.to(a.device)).float()


def _check_shapes(x: torch.Tensor, a: torch.Tensor, numbers: int) -> None:
    """Refuse decoder's numbers that would be broadcast against the examples."""
    n, d = x.shape
    if a.shape[-2:] != (n, d * numbers):
        expected = f"shape (..., {n}, {d * numbers})"
        raise ValueError(f"a: expected {expected}, got {_validate.describe(a)}")
