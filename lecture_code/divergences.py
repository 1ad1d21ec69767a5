"""How far apart two known distributions are, in nats.

The functions of ``p`` and ``q`` compare two probability vectors (k,) over the same
outcomes. Densities on the line are compared through the masses of cells
(:func:`cell_masses`); distances between samples are another matter.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lecture_code import _validate


def entropy(p: ArrayLike) -> float:
    r"""Return the entropy, the mean surprise of an outcome: from 0 to log k nats.

    .. math:: H(p) = -\sum_i p_i \log p_i

    References
    ----------
    Cover and Thomas (2006), Elements of Information Theory, eq. (2.1).
    """
    from scipy import special

    return float(special.entr(_check_vector("p", p)).sum())


def kl(p: ArrayLike, q: ArrayLike) -> float:
    r"""Return the Kullback-Leibler divergence of ``q`` from ``p``, in nats.

    .. math:: KL(p \,\|\, q) = \sum_i p_i \log (p_i / q_i)

    It is infinite where ``q`` is 0 and ``p`` is not.

    References
    ----------
    Cover and Thomas (2006), Elements of Information Theory, eq. (2.26).
    """
    from scipy import special

    p, q = _check_pair(p, q)
    return max(0.0, float(special.rel_entr(p, q).sum()))  # rounding can dip below 0


def js(p: ArrayLike, q: ArrayLike) -> float:
    r"""Return the Jensen-Shannon divergence, from 0 to log 2 nats.

    .. math:: JS(p, q) = (KL(p \,\|\, m) + KL(q \,\|\, m)) / 2, \quad m = (p + q) / 2

    References
    ----------
    Lin (1991), Divergence measures based on the Shannon entropy, IEEE Transactions on
    Information Theory 37.
    """
    from scipy import special

    p, q = _check_pair(p, q)
    # The sum is not halved: half of the smallest number would be 0, and KL infinite.
    surprise = special.rel_entr(2 * p, p + q) + special.rel_entr(2 * q, p + q)
    return max(0.0, float(surprise.sum()) / 4)


def tv(p: ArrayLike, q: ArrayLike) -> float:
    r"""Return the total variation, the largest difference on any event, from 0 to 1.

    .. math:: TV(p, q) = \max_A |p(A) - q(A)| = \tfrac12 \sum_i |p_i - q_i|

    References
    ----------
    Levin and Peres (2017), Markov Chains and Mixing Times, proposition 4.2.
    """
    p, q = _check_pair(p, q)
    return float(np.abs(p - q).sum() / 2)


@np.errstate(under="ignore")
def wasserstein1(p: ArrayLike, q: ArrayLike, points: ArrayLike) -> float:
    r"""Return the 1-Wasserstein distance on the line: mass moved times the way.

    .. math:: W_1(p, q) = \int |F_p(x) - F_q(x)| \, dx

    The ``points`` (k,) say where each outcome lies, in any order; the distance is in
    their unit.

    References
    ----------
    Peyre and Cuturi (2019), Computational Optimal Transport, remark 2.30.
    """
    p, q = _check_pair(p, q)
    points = _validate.array("points", points, shape=("k",), low=-1e300, high=1e300)
    _validate.same_length(p=p, points=points)
    order = np.argsort(points)
    gaps = np.diff(points[order])
    surplus = np.cumsum((p - q)[order])[:-1]
    return float(np.abs(surplus) @ gaps)


def cell_masses(density: Any, edges: ArrayLike) -> np.ndarray:
    """Return the mass of each cell between edges, and of the two outer tails.

    Cells lose detail, so that a divergence between the cell masses of two densities
    is a lower bound of the divergence itself, for KL, JS and TV alike. It rises to
    it as the cells shrink.

    Parameters
    ----------
    density : object with ``cdf`` and ``sf``
        A density on the line: a ``GaussianMixture`` or a frozen scipy distribution.
    edges : array_like, shape (k,)
        Cell borders in increasing order.

    Returns
    -------
    numpy.ndarray, shape (k + 1,)
        Masses of (-inf, e_0], (e_0, e_1], ..., (e_{k-1}, inf); small ones in either
        tail have full relative accuracy.

    References
    ----------
    Cover and Thomas (2006), Elements of Information Theory, section 2.7.
    """
    if not all(callable(getattr(density, name, None)) for name in ("cdf", "sf")):
        raise TypeError(
            "density: expected an object with cdf and sf, "
            f"got {_validate.describe(density)}"
        )
    edges = _validate.array("edges", edges, shape=("k",))
    if np.any(np.diff(edges) <= 0):
        raise ValueError(f"edges: expected increasing numbers, got {edges}")
    below = np.concatenate([[0.0], density.cdf(edges), [1.0]])
    above = np.concatenate([[1.0], density.sf(edges), [0.0]])
    # Differences are taken from the nearer tail, where the numbers are small.
    masses = np.where(below[1:] < 0.5, np.diff(below), -np.diff(above))
    return np.maximum(masses, 0.0)  # edges an ulp apart may seem to change places


def kl_gaussians(mean1: float, scale1: float, mean2: float, scale2: float) -> float:
    r"""Return the divergence of the second Gaussian on the line from the first.

    .. math::

        KL = \log \frac{\sigma_2}{\sigma_1}
        + \frac{\sigma_1^2 + (\mu_1 - \mu_2)^2}{2 \sigma_2^2} - \frac12

    It is in nats; the scales are standard deviations.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, exercise 1.30.
    """
    mean1 = _validate.real("mean1", mean1)
    mean2 = _validate.real("mean2", mean2)
    scale1 = _validate.real("scale1", scale1, above=0)
    scale2 = _validate.real("scale2", scale2, above=0)
    ratio, gap = scale1 / scale2, mean1 - mean2
    # the largest numbers can lie farther apart than any float
    shift = mean1 / scale2 - mean2 / scale2 if math.isinf(gap) else gap / scale2
    log_ratio = math.log(scale1) - math.log(scale2)
    return max(0.0, (ratio * ratio + shift * shift - 1) / 2 - log_ratio)


@np.errstate(under="ignore")
def _check_vector(name: str, value: ArrayLike) -> np.ndarray:
    """Return probabilities that sum to 1 up to rounding."""
    p = _validate.probabilities(name, value)
    return p / p.sum()


def _check_pair(p: ArrayLike, q: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return two vectors of probabilities over the same outcomes."""
    p, q = _check_vector("p", p), _check_vector("q", q)
    _validate.same_length(p=p, q=q)
    return p, q
