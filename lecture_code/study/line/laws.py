"""What a map of the line makes of the Gaussian, without drawing a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lecture_code import _validate
from lecture_code.densities import GaussianMixture


def pushed_masses(z: ArrayLike, x: ArrayLike, edges: ArrayLike) -> np.ndarray:
    """Return the mass of each cell under the push-forward by a piecewise linear map.

    Every point where the map meets an edge is found, after which each piece between
    two neighbouring points lies in one cell and brings its Gaussian mass there.

    Parameters
    ----------
    z : array_like, shape (n,)
        Increasing points between which the map is linear.
    x : array_like, shape (n,)
        Its values there; outside of the points it stays at the first and the last.
    edges : array_like, shape (k,)
        Increasing ends of the cells; the outer cells reach to infinity.

    Returns
    -------
    numpy.ndarray, shape (k + 1,)
        Masses, exact up to rounding.
    """
    from scipy import special

    z, edges = _increasing("z", z), _increasing("edges", edges)
    x = _validate.array("x", x, shape=(len(z),))
    left = np.searchsorted(edges, x)
    low, high = np.minimum(left[1:], left[:-1]), np.maximum(left[1:], left[:-1])
    piece = np.repeat(np.arange(len(low)), high - low)
    first = np.repeat(np.cumsum(high - low) - (high - low), high - low)
    met = edges[low[piece] + np.arange(len(piece)) - first]
    share = (met - x[piece]) / (x[piece + 1] - x[piece])
    ends = np.sort(np.concatenate([z, z[piece] + share * (z[piece + 1] - z[piece])]))
    cells = np.searchsorted(edges, np.interp((ends[1:] + ends[:-1]) / 2, z, x))
    masses = np.bincount(cells, np.diff(special.ndtr(ends)), len(edges) + 1)
    masses[left[0]] += special.ndtr(z[0])
    masses[left[-1]] += special.ndtr(-z[-1])
    return masses


def total_variation(
    z: ArrayLike, x: ArrayLike, target: GaussianMixture, cells: int = 4000
) -> float:
    """Return the distance of a piecewise linear push-forward from a mixture.

    Parameters
    ----------
    z, x : array_like, shape (n,)
        The map, as in :func:`pushed_masses`.
    target : GaussianMixture
        The target.
    cells : int
        Even cells on which the laws are compared, besides a cut at each value of the
        map, where its density may jump. The result is never too large; what it misses
        is of the order of the squared width.

    Returns
    -------
    float
        Total variation in [0, 1].
    """
    _validate.instance("target", target, GaussianMixture)
    cells = _validate.integer("cells", cells, low=1)
    reach = 9 * target.scales
    even = np.linspace(
        (target.means - reach).min(), (target.means + reach).max(), cells + 1
    )
    edges = np.union1d(even, _validate.array("x", x, shape=("n",)))
    wanted = np.diff(np.concatenate([[0.0], target.cdf(edges), [1.0]]))
    return float(np.abs(pushed_masses(z, x, edges) - wanted).sum() / 2)


def _increasing(name: str, values: ArrayLike) -> np.ndarray:
    values = _validate.array(name, values, shape=("n",))
    if len(values) < 2 or (np.diff(values) <= 0).any():
        raise ValueError(f"{name}: expected increasing numbers, got {values}")
    return values
