"""Densities in closed form: targets whose true law is known to the last digit.

Each has ``log_prob`` and ``score`` in nats and ``sample``; on the line there are also
``cdf``, ``sf`` and their inverses. All of it is computed in float64.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import ArrayLike

from lecture_code import _validate

# Bounds on what is accepted: within them no square overflows in float64 and no
# sample in float32, so that a density can never answer NaN.
_FAR = 1e30
_LARGE = 1e20


class IsotropicMixture:
    r"""A mixture of round Gaussians in ``d`` dimensions.

    .. math:: p(x) = \sum_{i=1}^{k} w_i \, N(x;\, \mu_i,\, \sigma_i^2 I_d)

    Parameters
    ----------
    means : array_like, shape (k, d)
        Centres of the components, at most 1e20 in size.
    scales : float or array_like of shape (k,), default 1.0
        Standard deviations, from 1e-20 to 1e20; one number serves all components.
    weights : array_like, shape (k,), optional
        Probabilities of the components; equal by default.

    Attributes
    ----------
    means, scales, weights : numpy.ndarray, shapes (k, d), (k,) and (k,)
        The parameters, float64 and read-only.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, eq. (9.7).
    """

    def __init__(
        self,
        means: ArrayLike,
        scales: ArrayLike = 1.0,
        weights: ArrayLike | None = None,
    ) -> None:
        means = _validate.array(
            "means", means, shape=("k", "d"), low=-_LARGE, high=_LARGE
        )
        k, self._d = means.shape
        scales = _validate.array("scales", scales, low=1 / _LARGE, high=_LARGE)
        if scales.ndim > 0:
            scales = _validate.array("scales", scales, shape=(k,))
        if weights is None:
            weights = np.full(k, 1 / k)
        weights = _validate.probabilities("weights", weights)
        _validate.same_length(means=means, weights=weights)
        self.means = _frozen(means)
        self.scales = _frozen(np.broadcast_to(scales, k))
        self.weights = _frozen(weights / weights.sum())
        self._mu, self._sigma, self._w = (
            torch.tensor(values) for values in (self.means, self.scales, self.weights)
        )

    def __repr__(self) -> str:
        k, d = self.means.shape
        return f"IsotropicMixture({k} components in {d} dimensions)"

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return the log-density at each row, in nats.

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Points, at most 1e30 in size.

        Returns
        -------
        torch.Tensor, shape (n,)
            Log-densities in the dtype of ``x``; gradients flow to ``x``.
        """
        points = self._points(x)
        return torch.logsumexp(self._log_joint(points), dim=1).to(x.dtype)

    def score(self, x: torch.Tensor) -> torch.Tensor:
        r"""Return the gradient of the log-density: a weighted pull to the centres.

        .. math:: \nabla \log p(x) = \sum_i p(i \mid x) \, (\mu_i - x) / \sigma_i^2

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Points, at most 1e30 in size.

        Returns
        -------
        torch.Tensor, shape (n, d)
            Scores, in the dtype of ``x``.
        """
        points = self._points(x)
        posterior = torch.softmax(self._log_joint(points), dim=1)
        mu, sigma, _ = self._beside(x)
        pull = posterior / sigma.square()
        return (pull @ mu - pull.sum(1, keepdim=True) * points).to(x.dtype)

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw points: first a component, then a Gaussian around its centre.

        Parameters
        ----------
        n : int
            Number of points.
        generator : torch.Generator, optional
            Source of randomness; torch's global one by default.

        Returns
        -------
        torch.Tensor, shape (n, d)
            Independent samples, float32.
        """
        n = _validate.integer("n", n, low=1)
        generator = _validate.generator("generator", generator)
        chosen = torch.multinomial(self._w, n, replacement=True, generator=generator)
        eps = torch.randn(n, self._d, generator=generator, dtype=torch.float64)
        return (self._mu[chosen] + self._sigma[chosen, None] * eps).float()

    def noised(self, sigma: float) -> IsotropicMixture:
        r"""Return the law of :math:`x + \sigma \varepsilon`, again a mixture.

        .. math:: p_\sigma(y) = \sum_i w_i \, N(y;\, \mu_i,\, (\sigma_i^2 + \sigma^2) I)

        Parameters
        ----------
        sigma : float
            Standard deviation of the noise, from 0 to 1e19.

        Returns
        -------
        IsotropicMixture
            The smoothed density.
        """
        sigma = _validate.real("sigma", sigma, low=0, high=_LARGE / 10)
        scales = np.minimum(np.hypot(self.scales, sigma), _LARGE)
        return IsotropicMixture(self.means, scales, self.weights)

    def posterior_mean(self, y: torch.Tensor, sigma: float) -> torch.Tensor:
        r"""Return the mean of ``x`` given the noisy :math:`y = x + \sigma \varepsilon`.

        .. math:: \mathbb{E}[x \mid y] = \sum_i p(i \mid y) \,
            \frac{\sigma_i^2 \, y + \sigma^2 \mu_i}{\sigma_i^2 + \sigma^2}

        Parameters
        ----------
        y : torch.Tensor, shape (n, d)
            Noisy points, at most 1e30 in size.
        sigma : float
            Standard deviation of the noise, from 0 to 1e19.

        Returns
        -------
        torch.Tensor, shape (n, d)
            Means in the dtype of ``y``: no function of ``y`` is closer to ``x`` in
            the mean square.

        References
        ----------
        Bishop (2006), Pattern Recognition and Machine Learning, eq. (2.116).
        """
        noisy = self.noised(sigma)
        points = _validate.tensor("y", y, shape=("n", self._d), low=-_FAR, high=_FAR)
        posterior = torch.softmax(noisy._log_joint(points.double()), dim=1)
        (mu, sigma, _), (_, spread, _) = self._beside(y), noisy._beside(y)
        kept = (sigma / spread).square()
        centres = posterior @ ((1 - kept)[:, None] * mu)
        share = (posterior * kept).sum(dim=1, keepdim=True)
        return (centres + share * points.double()).to(y.dtype)

    def _points(self, x: torch.Tensor) -> torch.Tensor:
        shape = ("n", self._d)
        return _validate.tensor("x", x, shape=shape, low=-_FAR, high=_FAR).double()

    def _log_joint(self, x: torch.Tensor) -> torch.Tensor:
        """Return log of weight times density, one column for each component."""
        mu, sigma, w = self._beside(x)
        squared = (x[:, None, :] - mu).square().sum(2) / sigma.square()
        log_volume = self._d * (sigma.log() + math.log(2 * math.pi) / 2)
        return w.log() - log_volume - squared / 2

    def _beside(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return means, scales and weights on the device of some points."""
        return tuple(each.to(x.device) for each in (self._mu, self._sigma, self._w))


class GaussianMixture:
    r"""A mixture of Gaussians on the line, exact into its far tails.

    .. math:: F(x) = \sum_{i=1}^{k} w_i \, \Phi((x - \mu_i) / \sigma_i)

    Parameters
    ----------
    means : array_like, shape (k,)
        Centres of the components, at most 1e20 in size.
    scales : float or array_like of shape (k,), default 1.0
        Standard deviations, from 1e-20 to 1e20; one number serves all components.
    weights : array_like, shape (k,), optional
        Probabilities of the components; equal by default.

    Attributes
    ----------
    means, scales, weights : numpy.ndarray, shape (k,)
        The parameters, float64 and read-only.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, eq. (9.7).
    """

    def __init__(
        self,
        means: ArrayLike,
        scales: ArrayLike = 1.0,
        weights: ArrayLike | None = None,
    ) -> None:
        means = _validate.array("means", means, shape=("k",))
        self._column = IsotropicMixture(means[:, None], scales, weights)
        self.means = self._column.means[:, 0]
        self.scales = self._column.scales
        self.weights = self._column.weights

    def __repr__(self) -> str:
        names = ("means", "scales", "weights")
        listed = (f"{name}={_listed(getattr(self, name))}" for name in names)
        return f"GaussianMixture({', '.join(listed)})"

    @np.errstate(under="ignore")
    def pdf(self, x: ArrayLike) -> np.ndarray:
        """Return the density.

        Parameters
        ----------
        x : array_like
            Points, at most 1e30 in size.

        Returns
        -------
        numpy.ndarray
            Densities, float64, in the shape of ``x``.
        """
        bells = np.exp(-np.square(self._standardise(x)) / 2) / self.scales
        return bells @ self.weights / math.sqrt(2 * math.pi)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """Return F(x), the mass to the left of ``x``.

        Parameters
        ----------
        x : array_like
            Points, at most 1e30 in size.

        Returns
        -------
        numpy.ndarray
            Probabilities, float64, in the shape of ``x``; those near 0 have full
            relative accuracy. For those near 1 use :meth:`sf`.
        """
        return self._mass_below(self._standardise(x))

    def sf(self, x: ArrayLike) -> np.ndarray:
        """Return 1 - F(x), the mass to the right of ``x`` ("survival function").

        Parameters
        ----------
        x : array_like
            Points, at most 1e30 in size.

        Returns
        -------
        numpy.ndarray
            Probabilities, float64, in the shape of ``x``; those near 0 have full
            relative accuracy.
        """
        return self._mass_below(-self._standardise(x))

    def ppf(self, u: ArrayLike) -> np.ndarray:
        """Return the quantile, the point with mass ``u`` to its left.

        Float64 has no numbers between 1 - 1.1e-16 and 1, so no ``u`` leads far into
        the upper tail: :meth:`isf` does.

        Parameters
        ----------
        u : array_like
            Probabilities in [0, 1].

        Returns
        -------
        numpy.ndarray
            Quantiles, float64, in the shape of ``u``; -inf at 0 and inf at 1.
        """
        u = _validate.array("u", u, low=0.0, high=1.0)
        return self._quantile(np.minimum(u, 1 - u), np.where(u <= 0.5, 1.0, -1.0))

    def isf(self, u: ArrayLike) -> np.ndarray:
        """Return the point with mass ``u`` to its right, the inverse of :meth:`sf`.

        Parameters
        ----------
        u : array_like
            Probabilities in [0, 1].

        Returns
        -------
        numpy.ndarray
            Points, float64, in the shape of ``u``; inf at 0 and -inf at 1.
        """
        u = _validate.array("u", u, low=0.0, high=1.0)
        return self._quantile(np.minimum(u, 1 - u), np.where(u <= 0.5, -1.0, 1.0))

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return the log-density at each entry, in nats.

        Parameters
        ----------
        x : torch.Tensor
            Points, at most 1e30 in size.

        Returns
        -------
        torch.Tensor
            Log-densities in shape and dtype of ``x``; gradients flow to ``x``.
        """
        x = _validate.tensor("x", x)
        return self._column.log_prob(x.reshape(-1, 1)).reshape(x.shape)

    def score(self, x: torch.Tensor) -> torch.Tensor:
        """Return the derivative of the log-density at each entry.

        Parameters
        ----------
        x : torch.Tensor
            Points, at most 1e30 in size.

        Returns
        -------
        torch.Tensor
            Scores, in shape and dtype of ``x``.
        """
        x = _validate.tensor("x", x)
        return self._column.score(x.reshape(-1, 1)).reshape(x.shape)

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw points: first a component, then a Gaussian around its centre.

        Parameters
        ----------
        n : int
            Number of points.
        generator : torch.Generator, optional
            Source of randomness; torch's global one by default.

        Returns
        -------
        torch.Tensor, shape (n,)
            Independent samples, float32.
        """
        return self._column.sample(n, generator)[:, 0]

    @np.errstate(under="ignore")
    def _standardise(self, x: ArrayLike) -> np.ndarray:
        x = _validate.array("x", x, low=-_FAR, high=_FAR)
        return (x[..., None] - self.means) / self.scales

    @np.errstate(under="ignore")
    def _mass_below(self, z: np.ndarray) -> np.ndarray:
        from scipy import special

        # The rounded weights may sum to a little more than 1; no probability does.
        return np.minimum(special.ndtr(z) @ self.weights, 1.0)

    @np.errstate(under="ignore")
    def _quantile(self, tail: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Bisect for the point that cuts off the ``tail``: left (1) or right (-1).

        The quantiles of the components enclose the one sought. A tail on the right
        is one on the left of the mirror image, so that no tail is ever 1 minus a
        number near 1.
        """
        from scipy import special

        means = side[..., None] * self.means
        ends = means + self.scales * special.ndtri(tail)[..., None]
        low, high = ends.min(-1), ends.max(-1)
        for _ in range(100):  # 60 halvings reach the last bit, but near 0 more exist
            middle = (low + high) / 2
            if np.all((middle == low) | (middle == high)):
                break
            excess = self._excess(middle, means, tail)
            low = np.where(excess <= 0, middle, low)
            high = np.where(excess >= 0, middle, high)  # an exact hit closes both
        return side * high

    def _excess(self, x: np.ndarray, means: np.ndarray, tail: np.ndarray) -> np.ndarray:
        """Return F(x) - tail with relative accuracy, in the valleys between modes too.

        There F is flat: all components on the left are nearly complete, and what
        they lack is below the rounding of F. So whole weights are set against the
        tail first, and only then the small parts are added.
        """
        from scipy import special

        z = (x[..., None] - means) / self.scales
        whole = np.where(z < 0, 0.0, self.weights).sum(-1)
        part = self.weights * special.ndtr(-np.abs(z))
        return (whole - tail) + np.where(z < 0, part, -part).sum(-1)


class Banana:
    r"""A Gaussian in the plane bent along a parabola.

    With :math:`z` standard normal, :math:`x_1 = z_1` and
    :math:`x_2 = s z_2 + c \, (z_1^2 - 1)`. The map is triangular with Jacobian
    :math:`s`, so the change of variables gives

    .. math:: p(x) = N(x_1; 0, 1) \, N(x_2;\, c \, (x_1^2 - 1),\, s^2)

    Parameters
    ----------
    curvature : float, default 1.0
        The bend :math:`c`, at most 1e20 in size; 0 leaves a Gaussian.
    scale : float, default 0.5
        The thickness :math:`s`, from 1e-20 to 1e20.

    References
    ----------
    Haario, Saksman and Tamminen (1999), Adaptive proposal distribution for random
    walk Metropolis algorithm, Computational Statistics 14, section 4.
    """

    def __init__(self, *, curvature: float = 1.0, scale: float = 0.5) -> None:
        self.curvature = _validate.real(
            "curvature", curvature, low=-_LARGE, high=_LARGE
        )
        self.scale = _validate.real("scale", scale, low=1 / _LARGE, high=_LARGE)

    def __repr__(self) -> str:
        return f"Banana(curvature={self.curvature:g}, scale={self.scale:g})"

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return the log-density at each row, in nats.

        Parameters
        ----------
        x : torch.Tensor, shape (n, 2)
            Points, at most 1e30 in size.

        Returns
        -------
        torch.Tensor, shape (n,)
            Log-densities in the dtype of ``x``; gradients flow to ``x``.
        """
        z = self._straighten(x)
        log_prob = -z.square().sum(1) / 2 - math.log(2 * math.pi * self.scale)
        return log_prob.to(x.dtype)

    def score(self, x: torch.Tensor) -> torch.Tensor:
        """Return the gradient of the log-density at each row.

        Parameters
        ----------
        x : torch.Tensor, shape (n, 2)
            Points, at most 1e30 in size.

        Returns
        -------
        torch.Tensor, shape (n, 2)
            Scores, in the dtype of ``x``.
        """
        z1, z2 = self._straighten(x).T
        across = -z2 / self.scale
        along = -z1 - 2 * self.curvature * z1 * across
        return torch.stack([along, across], dim=1).to(x.dtype)

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw points: bend Gaussian ones.

        Parameters
        ----------
        n : int
            Number of points.
        generator : torch.Generator, optional
            Source of randomness; torch's global one by default.

        Returns
        -------
        torch.Tensor, shape (n, 2)
            Independent samples, float32.
        """
        n = _validate.integer("n", n, low=1)
        generator = _validate.generator("generator", generator)
        z1, z2 = torch.randn(2, n, generator=generator, dtype=torch.float64)
        x2 = self.scale * z2 + self.curvature * (z1.square() - 1)
        return torch.stack([z1, x2], dim=1).float()

    def _straighten(self, x: torch.Tensor) -> torch.Tensor:
        x = _validate.tensor("x", x, shape=("n", 2), low=-_FAR, high=_FAR).double()
        x1, x2 = x.T
        return torch.stack(
            [x1, (x2 - self.curvature * (x1.square() - 1)) / self.scale], dim=1
        )


def _frozen(values: np.ndarray) -> np.ndarray:
    copy = np.array(values)
    copy.setflags(write=False)
    return copy


def _listed(values: np.ndarray) -> str:
    return f"[{', '.join(f'{value:g}' for value in values)}]"
