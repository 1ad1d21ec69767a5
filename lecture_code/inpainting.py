"""Filling in what is missing, with any model that offers what it needs.

The mask says which coordinates are known; it is one for all images. What is wanted are
draws from p(missing | known): where the model can be asked for it they are exact or
become so with more work, and where it cannot, they are a heuristic that says so.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike

from lecture_code import _validate, networks, noising

_MOST_FILLINGS = 2**16


class Fillings(NamedTuple):
    """All ways to fill in, and how probable each is.

    ``x`` (k, d) is the image with every filling, ``p`` (k,) their probabilities given
    the known pixels, which sum to 1.
    """

    x: torch.Tensor
    p: torch.Tensor


def enumerate_fillings(
    log_prob: Callable[[torch.Tensor], torch.Tensor],
    x: torch.Tensor,
    known: ArrayLike,
    *,
    levels: int = 2,
) -> Fillings:
    r"""Try every filling of one image: Bayes' rule as it stands.

    .. math:: p(x_M \mid x_K) = \frac{p(x_K, x_M)}{\sum_{x'_M} p(x_K, x'_M)}

    Parameters
    ----------
    log_prob : callable
        Maps (k, d) to log-probabilities (k,).
    x : torch.Tensor, shape (d,)
        The image; what stands at missing places is not looked at.
    known : array_like of bool, shape (d,)
    levels : int
        A pixel has values from 0 to ``levels - 1``. There may be at most 65536
        fillings, ``levels`` to the power of the missing pixels.
    """
    _validate.function("log_prob", log_prob)
    x = _validate.tensor("x", x, shape=("d",))
    known = _read_mask(known, x)
    levels = _validate.integer("levels", levels, low=2)
    missing = int((~known).sum())
    if levels**missing > _MOST_FILLINGS:
        got = f"{missing} missing pixels of {levels} levels"
        raise ValueError(
            f"levels, known: expected at most {_MOST_FILLINGS} fillings, got {got}"
        )
    values = torch.arange(levels, dtype=x.dtype, device=x.device)
    filled = x.repeat(levels**missing, 1)
    if missing:
        patterns = torch.cartesian_prod(*[values] * missing).reshape(-1, missing)
        filled[:, ~known] = patterns
    return Fillings(filled, log_prob(filled).detach().double().softmax(dim=0))


class Filled(NamedTuple):
    """Images filled in by particles.

    ``x`` (particles, n, d) has for each image a cloud of fillings, all of equal weight;
    ``log_evidence`` (n,) estimates log p(known pixels), in nats: its exponential is
    without bias.
    """

    x: torch.Tensor
    log_evidence: torch.Tensor


@torch.no_grad()
def by_particles(
    model: Any,
    x: torch.Tensor,
    known: ArrayLike,
    *,
    particles: int = 64,
    generator: torch.Generator | None = None,
) -> Filled:
    r"""Fill in with an autoregressive model, by a particle filter.

    Pixels are visited in the model's order. A missing one is drawn from its
    conditional. Known ones tell how well each particle has guessed so far: after each
    run of them, particles are drawn anew with weights :math:`\prod_i p(x_i \mid
    x_{<i})`.

    Parameters
    ----------
    model : object
        Offers ``conditionals(x)``, shape (n, d, k), and ``order``, shape (d,).
    x : torch.Tensor, shape (n, d)
        Images; at missing places may stand any of the model's values.
    known : array_like of bool, shape (d,)
    particles : int
        Fillings that are carried along for each image. With more of them their law
        comes closer to the true conditional law. They are not independent of each
        other; a single one, such as the first, is a draw from the cloud's law.

    References
    ----------
    Doucet and Johansen (2011), A tutorial on particle filtering and smoothing, section
    3.5.
    """
    conditionals = _require(model, "conditionals")
    x = _validate.tensor("x", x, shape=("n", "d"))
    known = _read_mask(known, x)
    particles = _validate.integer("particles", particles, low=1)
    generator = _validate.generator("generator", generator)
    cloud = x.repeat(particles, 1)
    evidence = torch.zeros(len(x), dtype=torch.float64, device=x.device)
    order = model.order.tolist()
    for seen, run in itertools.groupby(order, key=lambda pixel: bool(known[pixel])):
        if seen:
            p = conditionals(cloud).to(cloud.device)
            log_p = _score_pixels(p, cloud, list(run))
            log_p = log_p.unflatten(0, (particles, -1))
            evidence += log_p.logsumexp(dim=0) - math.log(particles)
            cloud = _resample(cloud, log_p.softmax(dim=0), generator)
            continue
        for pixel in run:
            p = conditionals(cloud)[:, pixel].double()
            cloud[:, pixel] = _draw_indices(p, generator).to(cloud)
    return Filled(cloud.unflatten(0, (particles, -1)), evidence)


@torch.no_grad()
def by_codes(
    model: Any,
    x: torch.Tensor,
    known: ArrayLike,
    *,
    steps: int = 100,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    r"""Fill in with a VAE: Metropolis steps on the code, then draws of the pixels.

    A code is proposed by the encoder from the image as it is filled in now, and taken
    with probability :math:`\min(1, w(z') / w(z))`, where :math:`w(z) = N(z; 0, I)\,
    p(x \mid z) / q(z \mid x)`; then the missing pixels are drawn from :math:`p(x_M \mid
    z)`. The chain settles at the model's :math:`p(z, x_M \mid x_K)`.

    Parameters
    ----------
    model : object
        A VAE: offers ``posterior``, ``decoder``, ``output`` and ``sample``.
    x : torch.Tensor, shape (n, d)
        Images; what stands at missing places is not looked at.
    known : array_like of bool, shape (d,)
    steps : int
        Length of the chain, which starts at samples of the model.

    Returns
    -------
    torch.Tensor, shape (n, d)
        One filling of each image, the last of its chain.

    References
    ----------
    Mattei and Frellsen (2018), Leveraging the exact likelihood of deep latent variable
    models, algorithm 2.
    """
    _require(model, "posterior")
    x = _validate.tensor("x", x, shape=("n", "d"))
    known = _read_mask(known, x)
    steps = _validate.integer("steps", steps, low=1)
    generator = _validate.generator("generator", generator)
    filled = torch.where(known, x, model.sample(len(x), generator).to(x))
    with networks.evaluating(model):
        q = model.posterior(filled)
        z = q.loc + q.scale * noising._draw_like(q.loc, generator)
        for _ in range(steps):
            q = model.posterior(filled)
            proposed = q.loc + q.scale * noising._draw_like(q.loc, generator)
            gain = _log_weight(model, filled, proposed, q) - _log_weight(
                model, filled, z, q
            )
            u = torch.rand(len(x), generator=generator, dtype=torch.float64)
            taken = u.log().to(gain.device) < gain
            z = torch.where(taken[:, None], proposed, z)
            drawn = model.output.draw(model.decoder(z), generator).to(x)
            filled = torch.where(known, x, drawn)
    return filled


@torch.no_grad()
def by_replacement(
    model: Any,
    x: torch.Tensor,
    known: ArrayLike,
    *,
    steps: int = 30,
    rounds: int = 5,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    r"""Fill in with a diffusion model: noise the known pixels, and let the rest follow.

    Each step back from noise is followed by putting the known pixels, noised to the
    same level, in the place of the model's. Going forth and back several times lets the
    missing pixels hear of them. The law is not exactly the model's :math:`p(x_M \mid
    x_K)`: in a step the missing pixels do not know yet what the known ones will be.

    Parameters
    ----------
    model : object
        Offers ``denoise(x, t)`` and the schedule ``level``.
    x : torch.Tensor, shape (n, d)
        Images on the model's scale; what stands at missing places is not looked at.
    known : array_like of bool, shape (d,)
    steps : int
        Number of noise levels.
    rounds : int
        How often each step is gone.

    Returns
    -------
    torch.Tensor, shape (n, d)
        One filling of each image.

    References
    ----------
    Lugmayr et al. (2022), RePaint: Inpainting using denoising diffusion probabilistic
    models, algorithm 1.
    """
    denoise = _require(model, "denoise")
    x = _validate.tensor("x", x, shape=("n", "d"))
    known = _read_mask(known, x)
    steps = _validate.integer("steps", steps, low=1)
    rounds = _validate.integer("rounds", rounds, low=1)
    generator = _validate.generator("generator", generator)
    times = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
    alphas, sigmas = noising.rates(times, model.level)
    at = noising._draw_like(x, generator)
    pairs = (each.unfold(0, 2, 1) for each in (times, alphas, sigmas))
    for time, alpha, sigma in zip(*pairs, strict=True):
        for turn in range(rounds):
            at = noising._walk_back(denoise, at, time, sigma, 1.0, generator)[-1]
            noise = sigma[1].item() * noising._draw_like(x, generator)
            at = torch.where(known, alpha[1].item() * x + noise, at)
            if turn < rounds - 1:
                at = _go_forth(at, alpha, sigma, generator)
    return at


def _read_mask(known: ArrayLike, x: torch.Tensor) -> torch.Tensor:
    """Check that a mask has a flag for each pixel, and put it beside the images."""
    d = x.shape[-1]
    mask = known if isinstance(known, torch.Tensor) else np.array(known, dtype=object)
    listed = mask.tolist()
    flags = mask.ndim == 1 and all(isinstance(v, (bool, np.bool_)) for v in listed)
    if not flags or len(mask) != d:
        got = _validate.describe(known)
        raise ValueError(
            f"known: expected True or False for each of {d} pixels, got {got}"
        )
    return torch.tensor(listed).to(x.device)


def _require(model: Any, name: str) -> Callable:
    """Return a model's method, changed so that it runs without dropout."""
    method = getattr(model, name, None)
    if not callable(method):
        got = _validate.describe(model)
        raise TypeError(f"model: expected a method {name}, got {got}")

    def evaluated(*given: Any) -> torch.Tensor:
        with networks.evaluating(model):
            return method(*given)

    return evaluated


def _draw_indices(p: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
    """Draw an index from each row of probabilities, by its inverse CDF."""
    cdf = (p / p.sum(dim=1, keepdim=True)).cumsum(dim=1)
    u = torch.rand(len(p), 1, generator=generator, dtype=torch.float64)
    return (u.to(cdf.device) > cdf[:, :-1]).sum(dim=1)


def _score_pixels(p: torch.Tensor, x: torch.Tensor, pixels: list[int]) -> torch.Tensor:
    """Return the log-probability of some pixels, each given those before it."""
    at = torch.tensor(pixels).to(x.device)
    values = x[:, at].long()[..., None]
    chances = p[:, at].double().gather(2, values)
    return chances.clamp(min=1e-30).log().sum(dim=(1, 2))  # no particle is lost


def _resample(
    cloud: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None
) -> torch.Tensor:
    """Draw particles by their weights, image by image, evenly along the CDF.

    They are shuffled: otherwise the first would be an early one more often than its
    weight allows, and no fair draw.
    """
    size, images = weights.shape
    start = torch.rand(images, 1, generator=generator, dtype=torch.float64)
    ticks = (torch.randperm(size, generator=generator).double() + start) / size
    cdf = weights.cumsum(dim=0).T.contiguous()
    chosen = torch.searchsorted(cdf, ticks.to(cdf.device)).clamp(max=size - 1)
    rows = chosen.T * images + torch.arange(images, device=cdf.device)
    return cloud[rows.flatten()]


def _log_weight(model: Any, x: torch.Tensor, z: torch.Tensor, q: Any) -> torch.Tensor:
    """Return log w(z) without the prior's constant."""
    fit = model.output.log_prob(x, model.decoder(z))
    return fit - (z.square() / 2 + q.log_prob(z)).sum(dim=1)


def _go_forth(
    x: torch.Tensor,
    alpha: torch.Tensor,
    sigma: torch.Tensor,
    generator: torch.Generator | None,
) -> torch.Tensor:
    """Add the noise that was taken away in a step, fresh."""
    keep = (alpha[0] / alpha[1]).item()
    fresh = math.sqrt(max(0.0, sigma[0].item() ** 2 - (keep * sigma[1].item()) ** 2))
    return keep * x + fresh * noising._draw_like(x, generator)
