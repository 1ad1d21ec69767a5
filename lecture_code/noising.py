r"""Data and noise in known shares, and the way back with any denoiser.

Time t runs from 0, data, to 1, noise. In between, data are kept to the share
:math:`\alpha_t` and noise is added with standard deviation :math:`\sigma_t`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
from numpy.typing import ArrayLike

from lecture_code import _validate
from lecture_code.densities import GaussianMixture, IsotropicMixture

Level = Callable[[torch.Tensor], torch.Tensor]
Denoiser = Callable[[torch.Tensor, float], torch.Tensor]


def cosine(t: torch.Tensor) -> torch.Tensor:
    r"""Return the noise level of the cosine schedule, a quarter turn in all.

    .. math:: \sigma_t = \sin(\pi t / 2), \quad \alpha_t = \cos(\pi t / 2)

    Nichol and Dhariwal (2021), Improved denoising diffusion probabilistic models,
    eq. (17).
    """
    return torch.sin(t * math.pi / 2)


def rates(t: ArrayLike, level: Level = cosine) -> tuple[torch.Tensor, torch.Tensor]:
    r"""Return how much of the image and how much noise there is at each time.

    .. math:: x_t = \alpha_t x + \sigma_t \varepsilon, \quad \alpha_t^2 + \sigma_t^2 = 1

    Times are in [0, 1]; the schedule ``level`` maps a tensor of them to noise levels
    :math:`\sigma_t`. Both rates are float64 and of the shape of ``t``. Kingma,
    Salimans, Poole and Ho (2021), Variational diffusion models, eq. (1).
    """
    t = torch.as_tensor(_validate.array("t", t, low=0, high=1))
    return _split_variance(_check_level(level, t))


def marginal(
    target: GaussianMixture | IsotropicMixture, t: float, *, level: Level = cosine
) -> GaussianMixture | IsotropicMixture:
    r"""Return the law of noised data at a time in [0, 1], again a mixture.

    .. math:: p_t(x) = \sum_i w_i \, N\big(x;\; \alpha_t \mu_i,\;
        (\alpha_t^2 s_i^2 + \sigma_t^2) I\big)

    Here :math:`\mu_i` are the centres of the target and :math:`s_i` its scales. Song
    et al. (2021), Score-based generative modeling through stochastic differential
    equations, eq. (29).
    """
    _validate.instance("target", target, (GaussianMixture, IsotropicMixture))
    t = _validate.real("t", t, low=0, high=1)
    sigma = _check_level(level, torch.tensor(t, dtype=torch.float64))
    return _add_noise(target, *_split_variance(sigma))


def exact_denoiser(
    target: GaussianMixture | IsotropicMixture, *, level: Level = cosine
) -> Denoiser:
    r"""Return the best denoiser for data from a mixture, from its exact score.

    .. math:: D(x, t) = \mathbb{E}[x_0 \mid x_t = x] =
        \frac{x + \sigma_t^2 \nabla \log p_t(x)}{\alpha_t}

    It maps noisy points and a time to the mean of what the points came from; at the end
    of the schedule, where nothing is left of the data, to their mean. Efron (2011),
    Tweedie's formula and selection bias, eq. (1.4).
    """
    marginal(target, 0.0, level=level)  # refuses what is no mixture or no schedule
    mean = torch.as_tensor(target.weights @ target.means)

    def denoise(x: torch.Tensor, t: float) -> torch.Tensor:
        t = _validate.real("t", t, low=0, high=1)
        rates = _split_variance(level(torch.tensor(t, dtype=torch.float64)))
        alpha, sigma = (rate.item() for rate in rates)
        if alpha < 1e-6:  # what is left of the data would be lost in rounding
            return mean.to(x).expand(x.shape)
        points = x.double()  # the smaller alpha is, the more of the sum cancels
        score = _add_noise(target, *rates).score(points)
        return ((points + sigma**2 * score) / alpha).to(x.dtype)

    return denoise


def reverse(
    denoise: Denoiser,
    x: torch.Tensor,
    times: ArrayLike,
    *,
    level: Level = cosine,
    churn: float = 0.0,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    r"""Go from noise to data in steps: estimate the data, and noise it a little less.

    .. math:: x_s = \alpha_s D(x_t, t) + \sqrt{\sigma_s^2 - \eta^2} \, \hat\varepsilon
        + \eta \, \varepsilon', \quad
        \hat\varepsilon = \frac{x_t - \alpha_t D(x_t, t)}{\sigma_t}

    Parameters
    ----------
    denoise : callable
        Maps points and a time (float) to an estimate of the data.
    x : torch.Tensor
        Points at the first time, shape (n, ...).
    times : array_like, shape (steps + 1,)
        Falling times in [0, 1].
    churn : float
        How much of the noise is fresh in each step: 0 makes the sampler deterministic
        (a step of the probability-flow equation), 1 draws from the exact posterior
        (ancestral sampling), :math:`\eta = churn \cdot (\sigma_s / \sigma_t)
        \sqrt{1 - \alpha_t^2 / \alpha_s^2}`.

    Returns
    -------
    torch.Tensor, shape (steps + 1, n, ...)
        The points at every time; the last ones are the samples.

    References
    ----------
    Song, Meng and Ermon (2021), Denoising diffusion implicit models, eqs. (12), (16).
    """
    _validate.function("denoise", denoise)
    x = _validate.tensor("x", x)
    churn = _validate.real("churn", churn, low=0, high=1)
    generator = _validate.generator("generator", generator)
    times = _validate.array("times", times, shape=("steps + 1",), low=0, high=1)
    times = torch.as_tensor(times)
    sigmas = _check_level(level, times)
    if len(times) < 2 or bool((sigmas.diff() >= 0).any()):
        got = _validate.describe(times)
        raise ValueError(f"times: expected two or more that fall, got {got}")
    return _walk_back(denoise, x, times, sigmas, churn, generator)


def like(x: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
    """Draw standard normal noise in the shape and dtype of some data.

    A seed gives the same numbers for each dtype, but for rounding.
    """
    x = _validate.tensor("x", x)
    return _draw_like(x, _validate.generator("generator", generator))


def rising(level: Level) -> Level:
    """Try a schedule on a grid, and return it if its noise rises from 0 to 1."""
    sigma = _check_level(level, torch.linspace(0, 1, 1001, dtype=torch.float64))
    ends = sigma[0] <= 1e-3 and sigma[-1] >= 1 - 1e-3
    if not (ends and bool((sigma.diff() > 0).all())):
        low, high = sigma.diff().min().item(), (sigma[0].item(), sigma[-1].item())
        raise ValueError(
            "level: expected noise that rises from 0 to 1, got one from "
            f"{high[0]:.3g} to {high[1]:.3g} with steps down to {low:.3g}"
        )
    return level


def _check_level(level: Level, t: torch.Tensor) -> torch.Tensor:
    """Return a schedule's noise levels, if there is one in [0, 1] for each time."""
    sigma = _validate.function("level", level)(t)
    return _validate.tensor("level", sigma, shape=t.shape, low=0, high=1)


def _split_variance(sigma: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the rates alpha and sigma, whose squares sum to 1."""
    return (1 - sigma.square()).sqrt(), sigma


def _add_noise(
    target: GaussianMixture | IsotropicMixture, alpha: torch.Tensor, sigma: torch.Tensor
) -> GaussianMixture | IsotropicMixture:
    keep, noise = alpha.item(), sigma.item()
    scales = [math.hypot(keep * scale, noise) for scale in target.scales]
    return type(target)(keep * target.means, scales, target.weights)


def _walk_back(
    denoise: Denoiser,
    x: torch.Tensor,
    times: torch.Tensor,
    sigmas: torch.Tensor,
    churn: float,
    generator: torch.Generator | None,
) -> torch.Tensor:
    """Take the steps of :func:`reverse`, at noise levels that fall."""
    alphas, sigmas = (rate.tolist() for rate in _split_variance(sigmas))
    rates = itertools.pairwise(zip(alphas, sigmas, strict=True))
    path = [x]
    # In each step a and s are the rates of data and noise before it, b and r after it.
    for t, ((a, s), (b, r)) in zip(times[:-1].tolist(), rates, strict=True):
        clean = denoise(path[-1], t)
        eta = churn * r / s * math.sqrt(1 - (a / b) ** 2)
        kept = math.sqrt(max(0.0, r**2 - eta**2))  # rounding can dip below 0
        point = b * clean + kept * (path[-1] - a * clean) / s
        path.append(point + eta * _draw_like(x, generator) if eta > 0 else point)
    return torch.stack(path)


def _draw_like(x: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
    return torch.randn(x.shape, generator=generator).to(x)
