"""What a map of the line makes of the Gaussian, without drawing a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lecture_code import _validate
from lecture_code.densities import GaussianMixture


def pushed_masses(z: ArrayLike, x: ArrayLike, edges: ArrayLike) -> np.ndarray:
    """Return the mass of each cell under the push-forward by a piecewise linear map.

    The map is linear between increasing points ``z`` (n,), where it has the values
    ``x`` (n,); outside of them it stays at the first and the last. Every point where it
    meets one of the increasing ``edges`` (k,) of the cells is found, after which each
    piece between two neighbouring points lies in one cell and brings its Gaussian mass
    there.

    Masses (k + 1,), exact up to rounding; the outer cells reach to infinity.
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
    """Return the distance of a piecewise linear push-forward from a mixture, 0 to 1.

    The map ``z``, ``x`` is as in :func:`pushed_masses`. The laws are compared on so
    many even ``cells``, besides a cut at each value of the map, where its density may
    jump. The result is never too large; what it misses is of the order of the squared
    width.
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
