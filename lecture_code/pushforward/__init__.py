r"""The push-forward theorem: how near an L-Lipschitz map of a Gaussian can come.

A generator g with Lipschitz constant L turns a Gaussian latent into the law g#mu. The
isoperimetric inequality bounds how little mass that law has between two modes; from it
come lower bounds on every distance to the target, and on the line the optimum itself.
Bounds hold for every latent dimension.

A ``target`` is a law on the line, such as a ``GaussianMixture``, with ``cdf``, ``ppf``
and ``pdf`` (or ``log_prob``). Slopes ``lipschitz`` are positive, in any shape, and the
results have that shape; ``separation`` is the distance between centres.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lecture_code import _validate
from lecture_code.densities import GaussianMixture
from lecture_code.pushforward import (
    _crossings,
    _half_lines,
    _lattice,
    _routes,
    _saddles,
    _transport,
)
from lecture_code.pushforward._normal_scores import Law, mass_below, scores_of

_EXACT = 1e-6  # a route this close to the proved floor is the optimum


class OptimalFit(NamedTuple):
    """The least total variation found for an L-Lipschitz model, and such a model.

    The optimum is proved to lie between ``lower`` and ``upper``; ``value`` is the total
    variation of ``map``, and ``upper`` as well. The map takes latents to the line, is
    increasing and L-Lipschitz; for an array of L it returns one row of points for each.
    """

    value: float | np.ndarray
    lower: float | np.ndarray
    upper: float | np.ndarray
    map: Callable[[ArrayLike], np.ndarray]


@np.errstate(under="ignore")
def enlarged_mass(
    mass: ArrayLike, distance: ArrayLike, lipschitz: ArrayLike
) -> float | np.ndarray:
    r"""Return the mass that an L-Lipschitz model has at least near a set of given mass.

    .. math:: \nu(A_r) \ge \Phi(\Phi^{-1}(\nu(A)) + r / L)

    The mass of A is in [0, 1], and A is enlarged by the ``distance`` r >= 0; the three
    arguments are broadcast.

    References
    ----------
    Sudakov and Tsirelson (1974), Extremal properties of half-spaces for spherically
    invariant measures, Zapiski LOMI 41.
    """
    mass = _validate.array("mass", mass, low=0.0, high=1.0)
    distance = _validate.array("distance", distance, low=0.0)
    lipschitz = _slopes(lipschitz)
    shapes = mass.shape, distance.shape, lipschitz.shape
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(
            f"mass, distance, lipschitz: expected shapes that fit, got {shapes}"
        ) from None
    with np.errstate(over="ignore"):
        shift = distance / lipschitz
    # At mass 0 nothing is near the set, however large the shift.
    moved = mass_below(scores_of(mass, 1 - mass) + np.minimum(shift, 1e6))
    return _plain(np.where(mass == 0, 0.0, np.maximum(moved, mass)))


@np.errstate(under="ignore")
def lipschitz_min(target: Any) -> float:
    r"""Return the smallest Lipschitz constant of any map that makes the target exactly.

    .. math:: L_{\min} = \sup_x I(F(x)) / f(x), \qquad I(t) = \varphi(\Phi^{-1}(t))

    It is infinite where the density vanishes inside the support. The supremum is over
    the points whose tails float64 can tell from 0. A law with tails heavier than
    Gaussian, such as Laplace's, has none, and gets the slope at the last of these
    points.

    References
    ----------
    Borell (1975), The Brunn-Minkowski inequality in Gauss space, Inventiones 30.
    """
    law = Law(target)
    return law.steepest * law.unit


@np.errstate(under="ignore")
def gaussian_pair_lipschitz_min(
    separation: float, scale: float = 1.0, weight: float = 0.5
) -> float:
    r"""Return the smallest Lipschitz constant for two Gaussians, in every dimension.

    .. math:: L_{\min} = s \, e^{D^2 / (8 s^2)} \quad \text{for equal weights}

    D is the ``separation``, s the ``scale`` of both. For other weights (``weight`` is
    that of one of the two) the supremum over half-spaces is searched numerically. The
    constant is infinite beyond the range of float64.

    References
    ----------
    Mikulincer and Shenfeld (2022), On the Lipschitz properties of transportation along
    heat flows, arXiv:2201.01382.
    """
    separation = _validate.real("separation", separation, low=0)
    scale = _validate.real("scale", scale, above=0)
    weight = _validate.real("weight", weight, above=0, high=1 - 1e-16)
    delta = separation / scale
    if weight == 0.5 or delta == 0:
        with np.errstate(over="ignore"):
            return scale * float(np.exp(np.square(delta) / 8))
    return scale * lipschitz_min(GaussianMixture([0, delta], 1.0, [weight, 1 - weight]))


@np.errstate(under="ignore")
def tv_lower_bound(target: Any, lipschitz: ArrayLike) -> float | np.ndarray:
    r"""Return a total variation that no L-Lipschitz push-forward goes below.

    .. math:: \sup_{A, r} \min\{\psi(\nu(A)), \psi(\nu(A_r^c))\} - \nu(A_r \setminus A),
              \qquad \psi(t) = \Phi(\Phi^{-1}(t) + r / L) - t

    The supremum is over half-lines; it needs nothing from the trained model but L.

    References
    ----------
    Salmona, De Bortoli, Delon and Desolneux (2022), Can push-forward generative models
    fit multimodal distributions?, NeurIPS.
    """
    law = Law(target)
    return _each(
        lipschitz, lambda slope: _half_lines.total_variation(law, slope / law.unit)
    )


@np.errstate(under="ignore")
def tv_lower_bound_from_samples(
    samples: ArrayLike,
    target: Any,
    lipschitz: ArrayLike,
    confidence: float = 0.95,
) -> float | np.ndarray:
    r"""Return a lower bound on the total variation of the model that made the samples.

    .. math:: \psi(\nu_g(A)) - \nu(A_r \setminus A)

    The model's mass of a half-line A is known from samples up to the band of Dvoretzky,
    Kiefer and Wolfowitz, which holds for all half-lines at once.

    Parameters
    ----------
    samples : array_like, shape (n,)
        Independent draws from the model.
    target : object
        A law on the line.
    lipschitz : array_like
        Slopes that the model is known not to exceed.
    confidence : float, default 0.95
        Probability with which the bound holds.

    References
    ----------
    Massart (1990), The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality,
    Annals of Probability 18.
    """
    samples = _validate.array("samples", samples, shape=("n",))
    law = Law(target)
    confidence = _validate.real("confidence", confidence, above=0, high=1 - 1e-15)
    band = math.sqrt(math.log(2 / (1 - confidence)) / (2 * len(samples)))
    seen = np.sort((samples - law.centre) / law.unit)
    return _each(
        lipschitz,
        lambda slope: _half_lines.total_variation_seen(
            law, slope / law.unit, seen, band
        ),
    )


@np.errstate(under="ignore")
def tv_star(target: Any, lipschitz: ArrayLike) -> OptimalFit:
    r"""Return the least total variation of any L-Lipschitz model, between two bounds.

    .. math:: \mathrm{TV}^*(L) = \min_{\mathrm{Lip}(g) \le L} \mathrm{TV}(g \# \mu, \nu)

    The minimum is over maps of Gaussian latents of every dimension. The upper end of
    the interval is the distance of the best map found; the lower end is proved, from
    crossings for one valley and otherwise by dynamic programming too. For one valley
    they agree to 1e-6, and the value is the optimum; for several they may leave a few
    thousandths between them, and the optimum is anywhere in there.

    References
    ----------
    Salmona, De Bortoli, Delon and Desolneux (2022), Can push-forward generative models
    fit multimodal distributions?, NeurIPS.
    """
    law = Law(target)
    slopes = _slopes(lipschitz)
    fits: list[Any] = [_fit(law, float(slope)) for slope in slopes.flat]
    ends = ([fit[end] for fit in fits] for end in (0, 1))
    upper, lower = (_plain(np.reshape(end, slopes.shape)) for end in ends)

    def every(z: ArrayLike) -> np.ndarray:
        points = np.array([fit[2](z) for fit in fits])
        return points.reshape(slopes.shape + points.shape[1:])

    return OptimalFit(upper, lower, upper, every if slopes.ndim else fits[0][2])


@np.errstate(under="ignore")
def kl_lower_bound(
    target: Any, lipschitz: ArrayLike, direction: str = "forward"
) -> float | np.ndarray:
    r"""Return a divergence, in nats, that no L-Lipschitz model goes below.

    It is the Kullback-Leibler divergence: "forward" is KL(target, model), which maximum
    likelihood minimises, and "reverse" KL(model, target).

    Both laws are seen through three cells: a half-line, a gap next to it and the rest.
    The model's masses are chosen best, subject to the theorem. The bound is finite even
    where every model's divergence is infinite: a mass below 1e-14 in the gap counts as
    1e-14, and more than 1e4 scores across it as 1e4.

    References
    ----------
    Cover and Thomas (2006), Elements of Information Theory, section 2.8.
    """
    law = Law(target)
    options = ("forward", "reverse")
    forward = _validate.choice("direction", direction, options) == "forward"
    return _each(
        lipschitz, lambda slope: _half_lines.divergence(law, slope / law.unit, forward)
    )


@np.errstate(under="ignore")
def wasserstein1_star(target: Any, lipschitz: ArrayLike) -> float | np.ndarray:
    r"""Return the least Wasserstein distance of order 1 of any L-Lipschitz model.

    .. math:: W_1^*(L) = \min_{\mathrm{Lip}(h) \le L} E \, |h(Z) - T(Z)|

    T is the exact map; the target has to have a first moment.

    References
    ----------
    Villani (2003), Topics in Optimal Transportation, section 2.2.
    """
    law = Law(target)
    if not law.has_mean():
        got = _validate.describe(target)
        raise ValueError(f"target: expected a law with a first moment, got {got}")

    def distance(slope: float) -> float:
        if slope >= law.steepest * law.unit:
            return 0.0
        return law.unit * _transport.nearest_cost(law, slope / law.unit)

    return _each(lipschitz, distance)


@np.errstate(under="ignore")
def lipschitz_needed(target: Any, tv: float) -> float:
    r"""Return a Lipschitz constant with which a total variation is reached.

    .. math:: L_\varepsilon = \inf\{L : \mathrm{TV}^*(L) \le \varepsilon\}

    For a target with one valley it is the smallest one. For several it is an upper
    bound, since the best map *found* with it has this total variation: the ``lower`` of
    :func:`tv_star` says what smaller constants cannot do. At ``tv = 0`` it is that of
    an exact fit, which may be infinite.
    """
    from scipy import optimize

    law = Law(target)
    tv = _validate.real("tv", tv, low=0, high=1 - 1e-15)
    if tv == 0:
        return law.steepest * law.unit

    def excess(log_slope: float) -> float:
        return _route(law, math.exp(log_slope) * law.unit)[0].tv - tv

    low = high = 0.0
    while excess(low) <= 0:
        low -= 2
    while excess(high) > 0:
        high += 2
    return law.unit * math.exp(optimize.brentq(excess, low, high, xtol=1e-10))


@np.errstate(under="ignore")
def map_density(z: ArrayLike, points: ArrayLike, x: ArrayLike) -> np.ndarray:
    r"""Return the density of an increasing map's law, from points it passes through.

    .. math:: q(g(z)) = \varphi(z) / g'(z)

    The map sends the increasing latents ``z`` (n,) to ``points`` (n,). The densities,
    in the shape of ``x``, are quotients between neighbouring latents, and 0 outside of
    the points.
    """
    z = _validate.array("z", z, shape=("n",))
    points = _validate.array("points", points, shape=("n",))
    _validate.same_length(z=z, points=points)
    for name, values in (("z", z), ("points", points)):
        if len(values) < 2 or not np.all(np.diff(values) >= 0):
            raise ValueError(f"{name}: expected increasing numbers, got another order")
    steps = np.diff(points)
    moving = steps > 1e-12 * (points[-1] - points[0])
    middles = (points[1:] + points[:-1])[moving] / 2
    heights = np.diff(mass_below(z))[moving] / steps[moving]
    return np.interp(_validate.array("x", x), middles, heights, left=0, right=0)


def chain_lipschitz(step_slopes: ArrayLike, noise_scales: ArrayLike) -> float:
    r"""Return a bound on the Lipschitz constant of a noisy chain, as one map.

    .. math:: L^2 \le \sum_{k=0}^{T} \Big( \sigma_k \prod_{j > k} l_j \Big)^2

    The steps have the slopes l_1, ..., l_T >= 0; the standard deviations sigma_0, ...,
    sigma_T >= 0 are those of the start and of the noise after each step.
    """
    noises = _validate.array("noise_scales", noise_scales, shape=("n",), low=0)
    steps = _validate.array("step_slopes", step_slopes, shape=("n",), low=0)
    if len(noises) != len(steps) + 1:
        raise ValueError(
            f"noise_scales and step_slopes: expected one noise more than there are "
            f"steps, got {len(noises)} and {len(steps)}"
        )
    total = float(noises[0])
    for step, noise in zip(steps, noises[1:], strict=True):
        total = math.hypot(float(step) * total, float(noise))
    return total


def _fit(law: Law, slope: float) -> tuple[float, float, _routes.Route]:
    """Return the best total variation found, the proved floor and the map.

    The dearer floors are asked for only where the crossings leave more than 1e-6.
    """
    route, lower = _route(law, slope)
    if route.tv - lower > _EXACT:
        floors = _lattice.floor, _half_lines.total_variation
        lower = max(lower, *(floor(law, slope / law.unit) for floor in floors))
    return route.tv, min(lower, route.tv), route


def _route(law: Law, slope: float) -> tuple[_routes.Route, float]:
    """Return the best route found, and the floor from crossings."""
    if law.fits(slope / law.unit):
        return _routes.Route(law, law.steepest, [0.0]), 0.0
    slope /= law.unit
    for search in (_saddles.find_cheapest, _crossings.find_cheapest):
        lower, _, best = search(law, slope)
        ends = [best.leave[0], best.arrive[0]]
        route = _routes.Route(law, slope, best.given_up, extra=ends)
        if route.tv - lower <= _EXACT:
            return route, lower
    other = _routes.plan(law, slope, route, *_lattice.sketch(law, slope))
    return min(route, other, key=lambda each: each.tv), lower


def _slopes(lipschitz: ArrayLike) -> np.ndarray:
    """Check slopes."""
    return _validate.array("lipschitz", lipschitz, above=0)


def _each(lipschitz: ArrayLike, bound: Callable[[float], float]) -> float | np.ndarray:
    """Apply a bound to each of some slopes."""
    slopes = _slopes(lipschitz)
    values = [bound(float(slope)) for slope in slopes.flat]
    return _plain(np.reshape(values, slopes.shape))


def _plain(values: np.ndarray) -> float | np.ndarray:
    """Return a number for an array without axes."""
    return float(values) if np.ndim(values) == 0 else np.asarray(values)
