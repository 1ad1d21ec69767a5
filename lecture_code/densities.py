"""Densities in closed form: targets whose true law is known to the last digit.

Each has ``log_prob`` and ``score`` in nats and ``sample``; on the line there are also
``cdf``, ``sf`` and their inverses. All of it is computed in float64. Points are
accepted up to 1e30 in size.
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

    The parameters are kept as ``means``, ``scales`` and ``weights``, numpy arrays in
    float64 that are read-only.

    Parameters
    ----------
    means : array_like, shape (k, d)
        At most 1e20 in size.
    scales : float or array_like of shape (k,)
        Standard deviations, from 1e-20 to 1e20.
    weights : array_like, shape (k,), optional
        Probabilities of the components; equal by default.

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
        self.means = _freeze(means)
        self.scales = _freeze(np.broadcast_to(scales, k))
        self.weights = _freeze(weights / weights.sum())
        self._mu, self._sigma, self._w = (
            torch.tensor(values) for values in (self.means, self.scales, self.weights)
        )

    def __repr__(self) -> str:
        k, d = self.means.shape
        return f"IsotropicMixture({k} components in {d} dimensions)"

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return the log-density of points (n, d), shape (n,), in nats."""
        return self._sum_components(_check_points("x", x, self._d))

    def score(self, x: torch.Tensor) -> torch.Tensor:
        r"""Return the gradient of the log-density at points (n, d), of their shape.

        .. math:: \nabla \log p(x) = \sum_i p(i \mid x) \, (\mu_i - x) / \sigma_i^2
        """
        return self._pull_to_centres(_check_points("x", x, self._d))

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw points (n, d): first a component, then a Gaussian around its centre."""
        n = _validate.integer("n", n, low=1)
        generator = _validate.generator("generator", generator)
        chosen = torch.multinomial(self._w, n, replacement=True, generator=generator)
        eps = torch.randn(n, self._d, generator=generator, dtype=torch.float64)
        return (self._mu[chosen] + self._sigma[chosen, None] * eps).float()

    def noised(self, sigma: float) -> IsotropicMixture:
        r"""Return the law of :math:`x + \sigma \varepsilon`, for sigma from 0 to 1e19.

        .. math:: p_\sigma(y) = \sum_i w_i \, N(y;\, \mu_i,\, (\sigma_i^2 + \sigma^2) I)
        """
        sigma = _validate.real("sigma", sigma, low=0, high=_LARGE / 10)
        scales = np.minimum(np.hypot(self.scales, sigma), _LARGE)
        return IsotropicMixture(self.means, scales, self.weights)

    def posterior_mean(self, y: torch.Tensor, sigma: float) -> torch.Tensor:
        r"""Return the mean of ``x`` given noisy points (n, d), of their shape.

        With :math:`y = x + \sigma \varepsilon`, no function of ``y`` is closer to ``x``
        in the mean square (Bishop 2006, eq. (2.116)):

        .. math:: \mathbb{E}[x \mid y] = \sum_i p(i \mid y) \,
            \frac{\sigma_i^2 \, y + \sigma^2 \mu_i}{\sigma_i^2 + \sigma^2}
        """
        noisy = self.noised(sigma)
        points = _check_points("y", y, self._d).double()
        posterior = torch.softmax(noisy._weigh_components(points), dim=1)
        (mu, sigma, _), (_, spread, _) = self._move_to(y), noisy._move_to(y)
        kept = (sigma / spread).square()
        centres = posterior @ ((1 - kept)[:, None] * mu)
        share = (posterior * kept).sum(dim=1, keepdim=True)
        return (centres + share * points).to(y.dtype)

    def _sum_components(self, x: torch.Tensor) -> torch.Tensor:
        """Return the log-density (n,) of points in their dtype."""
        joint = self._weigh_components(x.double())
        return torch.logsumexp(joint, dim=1).to(x.dtype)

    def _pull_to_centres(self, x: torch.Tensor) -> torch.Tensor:
        """Return the score (n, d) of points in their dtype."""
        points = x.double()
        posterior = torch.softmax(self._weigh_components(points), dim=1)
        mu, sigma, _ = self._move_to(x)
        pull = posterior / sigma.square()
        return (pull @ mu - pull.sum(1, keepdim=True) * points).to(x.dtype)

    def _weigh_components(self, x: torch.Tensor) -> torch.Tensor:
        """Return log of weight times density, one column for each component."""
        mu, sigma, w = self._move_to(x)
        squared = (x[:, None, :] - mu).square().sum(2) / sigma.square()
        log_volume = self._d * (sigma.log() + math.log(2 * math.pi) / 2)
        return w.log() - log_volume - squared / 2

    def _move_to(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return means, scales and weights on the device of some points."""
        return tuple(each.to(x.device) for each in (self._mu, self._sigma, self._w))


class GaussianMixture:
    r"""A mixture of Gaussians on the line, exact into its far tails.

    .. math:: F(x) = \sum_{i=1}^{k} w_i \, \Phi((x - \mu_i) / \sigma_i)

    ``pdf``, ``cdf``, ``sf`` and the quantiles take numbers of any shape and give numpy
    arrays in float64, with full relative accuracy for small probabilities; ``log_prob``
    and ``score`` take and give tensors. The parameters are kept as in
    :class:`IsotropicMixture`.

    Parameters
    ----------
    means : array_like, shape (k,)
        At most 1e20 in size.
    scales : float or array_like of shape (k,)
        Standard deviations, from 1e-20 to 1e20.
    weights : array_like, shape (k,), optional
        Probabilities of the components; equal by default.

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
        listed = (f"{name}={_list_numbers(getattr(self, name))}" for name in names)
        return f"GaussianMixture({', '.join(listed)})"

    @np.errstate(under="ignore")
    def pdf(self, x: ArrayLike) -> np.ndarray:
        """Return the density at each point."""
        z = self._standardise(_check_numbers(x))
        bells = np.exp(-np.square(z) / 2) / self.scales
        return bells @ self.weights / math.sqrt(2 * math.pi)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """Return F(x), the mass to the left; for one near 1 use :meth:`sf`."""
        return self._sum_below(self._standardise(_check_numbers(x)))

    def sf(self, x: ArrayLike) -> np.ndarray:
        """Return 1 - F(x), the mass to the right ("survival function")."""
        return self._sum_below(-self._standardise(_check_numbers(x)))

    def ppf(self, u: ArrayLike) -> np.ndarray:
        """Return the quantile, the point with mass ``u`` in [0, 1] to its left.

        Float64 has no numbers between 1 - 1.1e-16 and 1, so no ``u`` leads far into
        the upper tail: :meth:`isf` does.
        """
        u = _validate.array("u", u, low=0.0, high=1.0)
        return self._bisect(np.minimum(u, 1 - u), np.where(u <= 0.5, 1.0, -1.0))

    def isf(self, u: ArrayLike) -> np.ndarray:
        """Return the point with mass ``u`` to its right, the inverse of :meth:`sf`."""
        u = _validate.array("u", u, low=0.0, high=1.0)
        return self._bisect(np.minimum(u, 1 - u), np.where(u <= 0.5, -1.0, 1.0))

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return the log-density at each entry, in nats."""
        x = _validate.tensor("x", x, low=-_FAR, high=_FAR)
        return self._column._sum_components(x.reshape(-1, 1)).reshape(x.shape)

    def score(self, x: torch.Tensor) -> torch.Tensor:
        """Return the derivative of the log-density at each entry."""
        x = _validate.tensor("x", x, low=-_FAR, high=_FAR)
        return self._column._pull_to_centres(x.reshape(-1, 1)).reshape(x.shape)

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw points (n,): first a component, then a Gaussian around its centre."""
        return self._column.sample(n, generator)[:, 0]

    @np.errstate(under="ignore")
    def _standardise(self, x: np.ndarray) -> np.ndarray:
        """Return each point as seen from every component, on a last axis (k,)."""
        return (x[..., None] - self.means) / self.scales

    @np.errstate(under="ignore")
    def _sum_below(self, z: np.ndarray) -> np.ndarray:
        """Return the mass to the left of points that :meth:`_standardise` gave."""
        from scipy import special

        # The rounded weights may sum to a little more than 1; no probability does.
        return np.minimum(special.ndtr(z) @ self.weights, 1.0)

    @np.errstate(under="ignore")
    def _bisect(self, tail: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Find the point that cuts off the ``tail`` on the left (1) or right (-1).

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
            excess = self._subtract_tail(middle, means, tail)
            low = np.where(excess <= 0, middle, low)
            high = np.where(excess >= 0, middle, high)  # an exact hit closes both
        return side * high

    def _subtract_tail(
        self, x: np.ndarray, means: np.ndarray, tail: np.ndarray
    ) -> np.ndarray:
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
    curvature : float
        The bend :math:`c`, at most 1e20 in size; 0 leaves a Gaussian.
    scale : float
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
        """Return the log-density of points (n, 2), shape (n,), in nats."""
        z = self._straighten(_check_points("x", x, 2))
        log_prob = -z.square().sum(1) / 2 - math.log(2 * math.pi * self.scale)
        return log_prob.to(x.dtype)

    def score(self, x: torch.Tensor) -> torch.Tensor:
        """Return the gradient of the log-density at points (n, 2), of their shape."""
        z1, z2 = self._straighten(_check_points("x", x, 2)).T
        across = -z2 / self.scale
        along = -z1 - 2 * self.curvature * z1 * across
        return torch.stack([along, across], dim=1).to(x.dtype)

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw points (n, 2): bend Gaussian ones."""
        n = _validate.integer("n", n, low=1)
        generator = _validate.generator("generator", generator)
        z1, z2 = torch.randn(2, n, generator=generator, dtype=torch.float64)
        x2 = self.scale * z2 + self.curvature * (z1.square() - 1)
        return torch.stack([z1, x2], dim=1).float()

    def _straighten(self, x: torch.Tensor) -> torch.Tensor:
        """Undo the bend: return the Gaussian points (n, 2) behind points (n, 2)."""
        x1, x2 = x.double().T
        z2 = (x2 - self.curvature * (x1.square() - 1)) / self.scale
        return torch.stack([x1, z2], dim=1)


def _check_points(name: str, x: torch.Tensor, d: int) -> torch.Tensor:
    """Refuse what are not points (n, d)."""
    return _validate.tensor(name, x, shape=("n", d), low=-_FAR, high=_FAR)


def _check_numbers(x: ArrayLike) -> np.ndarray:
    """Return points on the line in float64."""
    return _validate.array("x", x, low=-_FAR, high=_FAR)


def _freeze(values: np.ndarray) -> np.ndarray:
    """Return a copy that cannot be written to."""
    copy = np.array(values)
    copy.setflags(write=False)
    return copy


def _list_numbers(values: np.ndarray) -> str:
    """Write numbers as short as they go, in brackets."""
    return f"[{', '.join(f'{value:g}' for value in values)}]"
