r"""Data and noise in known shares, and the way back with any denoiser.

Time t runs from 0, data, to 1, noise. In between, data are kept to the share
:math:`\alpha_t` and noise is added with standard deviation :math:`\sigma_t`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import torch
from numpy.typing import ArrayLike

from lecture_code import _validate
from lecture_code.densities import GaussianMixture, IsotropicMixture

Level = Callable[[torch.Tensor], torch.Tensor]
Denoiser = Callable[[torch.Tensor, float], torch.Tensor]


def cosine(t: torch.Tensor) -> torch.Tensor:
    r"""Return the noise level of the cosine schedule, a quarter turn in all.

    .. math:: \sigma_t = \sin(\pi t / 2), \quad \alpha_t = \cos(\pi t / 2)

    Parameters
    ----------
    t : torch.Tensor
        Times in [0, 1].

    Returns
    -------
    torch.Tensor
        Standard deviations of the noise, in the shape of ``t``.

    References
    ----------
    Nichol and Dhariwal (2021), Improved denoising diffusion probabilistic models,
    eq. (17).
    """
    return torch.sin(_validate.tensor("t", t, low=0, high=1) * math.pi / 2)


def rates(t: ArrayLike, level: Level = cosine) -> tuple[torch.Tensor, torch.Tensor]:
    r"""Return how much of the image and how much noise there is at each time.

    .. math:: x_t = \alpha_t x + \sigma_t \varepsilon, \quad \alpha_t^2 + \sigma_t^2 = 1

    Parameters
    ----------
    t : array_like
        Times in [0, 1].
    level : callable
        The schedule: maps a tensor of times to noise levels :math:`\sigma_t`.

    Returns
    -------
    tuple of torch.Tensor
        :math:`\alpha_t` and :math:`\sigma_t`, float64, in the shape of ``t``.

    References
    ----------
    Kingma, Salimans, Poole and Ho (2021), Variational diffusion models, eq. (1).
    """
    t = torch.as_tensor(_validate.array("t", t, low=0, high=1))
    sigma = _validate.function("level", level)(t)
    sigma = _validate.tensor("level", sigma, shape=t.shape, low=0, high=1)
    return (1 - sigma.square()).sqrt(), sigma


def marginal(
    target: GaussianMixture | IsotropicMixture, t: float, *, level: Level = cosine
) -> GaussianMixture | IsotropicMixture:
    r"""Return the law of noised data, again a mixture.

    .. math:: p_t(x) = \sum_i w_i \, N\big(x;\; \alpha_t \mu_i,\;
        (\alpha_t^2 s_i^2 + \sigma_t^2) I\big)

    Parameters
    ----------
    target : GaussianMixture or IsotropicMixture
        The law of the data, with centres :math:`\mu_i` and scales :math:`s_i`.
    t : float
        Time in [0, 1].
    level : callable
        The schedule.

    Returns
    -------
    GaussianMixture or IsotropicMixture
        The law at time ``t``.

    References
    ----------
    Song et al. (2021), Score-based generative modeling through stochastic differential
    equations, eq. (29).
    """
    _validate.instance("target", target, (GaussianMixture, IsotropicMixture))
    t = _validate.real("t", t, low=0, high=1)
    alpha, sigma = (rate.item() for rate in rates(t, level))
    scales = [math.hypot(alpha * scale, sigma) for scale in target.scales]
    return type(target)(alpha * target.means, scales, target.weights)


def exact_denoiser(
    target: GaussianMixture | IsotropicMixture, *, level: Level = cosine
) -> Denoiser:
    r"""Return the best denoiser for data from a mixture, from its exact score.

    .. math:: D(x, t) = \mathbb{E}[x_0 \mid x_t = x] =
        \frac{x + \sigma_t^2 \nabla \log p_t(x)}{\alpha_t}

    Parameters
    ----------
    target : GaussianMixture or IsotropicMixture
        The law of the data.
    level : callable
        The schedule.

    Returns
    -------
    callable
        Maps noisy points ``x`` and a time ``t`` to the mean of what they came from;
        at the end of the schedule, where nothing is left of the data, to their mean.

    References
    ----------
    Efron (2011), Tweedie's formula and selection bias, eq. (1.4).
    """
    marginal(target, 0.0, level=level)  # refuses what is no mixture or no schedule
    mean = torch.as_tensor(target.weights @ target.means)

    def denoise(x: torch.Tensor, t: float) -> torch.Tensor:
        law = marginal(target, t, level=level)
        alpha, sigma = (rate.item() for rate in rates(t, level))
        if alpha < 1e-6:  # what is left of the data would be lost in rounding
            return mean.to(x).expand(x.shape)
        points = x.double()  # the smaller alpha is, the more of the sum cancels
        return ((points + sigma**2 * law.score(points)) / alpha).to(x.dtype)

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
    level : callable
        The schedule.
    churn : float
        How much of the noise is fresh in each step: 0 makes the sampler deterministic
        (a step of the probability-flow equation), 1 draws from the exact posterior
        (ancestral sampling), :math:`\eta = churn \cdot (\sigma_s / \sigma_t)
        \sqrt{1 - \alpha_t^2 / \alpha_s^2}`.
    generator : torch.Generator, optional
        Source of the fresh noise.

    Returns
    -------
    torch.Tensor, shape (steps + 1, n, ...)
        The points at every time; the last ones are the samples.

    References
    ----------
    Song, Meng and Ermon (2021), Denoising diffusion implicit models, eqs. (12), (16).
    """
    _validate.function("denoise", denoise)
    path = [_validate.tensor("x", x)]
    churn = _validate.real("churn", churn, low=0, high=1)
    _validate.generator("generator", generator)
    for t, a, s, b, r in _steps(times, level):
        clean = denoise(path[-1], t)
        eta = churn * r / s * math.sqrt(1 - (a / b) ** 2)
        kept = math.sqrt(max(0.0, r**2 - eta**2))  # rounding can dip below 0
        point = b * clean + kept * (path[-1] - a * clean) / s
        path.append(point + eta * like(x, generator) if eta > 0 else point)
    return torch.stack(path)


def like(x: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
    """Draw standard normal noise in the shape and dtype of some data.

    Parameters
    ----------
    x : torch.Tensor
        The data.
    generator : torch.Generator, optional
        Source of randomness; torch's global one by default.

    Returns
    -------
    torch.Tensor
        Noise: the same numbers for each dtype, but for rounding.
    """
    x = _validate.tensor("x", x)
    generator = _validate.generator("generator", generator)
    return torch.randn(x.shape, generator=generator).to(x)


def rising(level: Level) -> Level:
    """Try a schedule on a grid: its noise has to rise from none to nothing else.

    Parameters
    ----------
    level : callable
        The schedule: maps a tensor of times to noise levels.

    Returns
    -------
    callable
        The schedule.
    """
    sigma = rates(torch.linspace(0, 1, 1001, dtype=torch.float64), level)[1]
    ends = sigma[0] <= 1e-3 and sigma[-1] >= 1 - 1e-3
    if not (ends and bool((sigma.diff() > 0).all())):
        low, high = sigma.diff().min().item(), (sigma[0].item(), sigma[-1].item())
        raise ValueError(
            "level: expected noise that rises from 0 to 1, got one from "
            f"{high[0]:.3g} to {high[1]:.3g} with steps down to {low:.3g}"
        )
    return level


def _steps(times: ArrayLike, level: Level) -> Iterator[tuple[float, ...]]:
    """List each step's time, and the rates of data and noise before and after it."""
    times = _validate.array("times", times, shape=("steps + 1",), low=0, high=1)
    alphas, sigmas = (rate.tolist() for rate in rates(times, level))
    if len(times) < 2 or any(r >= s for s, r in itertools.pairwise(sigmas)):
        got = _validate.describe(times)
        raise ValueError(f"times: expected two or more that fall, got {got}")
    return zip(times.tolist(), alphas, sigmas, alphas[1:], sigmas[1:], strict=False)
