"""Checks of chapter 12: half way, posterior means, a floor, few steps, few calls."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from lecture_code import datasets, divergences, noising
from lecture_code.densities import GaussianMixture
from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (1201, 1212, 1223)


def _halfway(answer: Any) -> str:
    """12.1: when half of the variance is noise."""
    for rho in (1.0, 0.3, 0.6, 2.0, 5.0):
        got = float(numbers(call(answer, rho)))
        _compare_halfway(got, rho)
    return (
        "Later, the wider they are: at one time, data with a spread of 5 are still "
        "plain to see where those of 0.3 are lost. That is why data are scaled before "
        "a schedule is chosen, and why large images, whose neighbouring pixels say "
        "the same, are given more noise than small ones."
    )


def _compare_halfway(got: float, rho: float) -> None:
    want = math.atan(rho) * 2 / math.pi
    if math.isclose(got, want, rel_tol=1e-5):
        return
    if math.isclose(got, 0.5, rel_tol=1e-5):
        raise Mistake(
            "Equal shares of image and noise are not equal variances: the image's "
            "part of x has variance alpha**2 rho**2."
        )
    if math.isclose(got, math.atan(rho), rel_tol=1e-5):
        raise Mistake("That is the angle. At time t the angle is pi t / 2.")
    if math.isclose(got, math.atan(rho**2) * 2 / math.pi, rel_tol=1e-5):
        raise Mistake("Compare variances with variances: sigma is squared as well.")
    if math.isclose(got, 1 - want, rel_tol=1e-5):
        raise Mistake("The other way round: the wider the data, the later.")
    if not 0 < got < 1:
        raise Mistake(f"A time lies between 0 and 1; for rho = {rho:g} came {got:.3g}.")
    raise Mistake(
        "Write down both parts of the variance of alpha x0 + sigma eps, and set them "
        "equal. What is sigma / alpha then, and which angle has that tangent?"
    )


def _finite(
    where: str, answer: Any, *arguments: Any, shape: tuple[int, ...] = ()
) -> np.ndarray:
    """Call an answer; where it divides by 0, say so."""
    try:
        got = numbers(call(answer, *arguments), shape=shape, finite=False)
    except ZeroDivisionError:
        got = np.array(np.nan)
    if not np.isfinite(got).all():
        raise Mistake(
            f"At {where} you divide by 0, or NaN came. Multiply out before you compute."
        )
    return got


def _mean(answer: Any) -> str:
    """12.2: the posterior mean of Gaussian data."""
    for alpha, seed in zip((0.9, 0.5, 0.0), SEEDS, strict=True):
        rng = np.random.default_rng(seed)
        sigma, m, rho = math.sqrt(1 - alpha**2), rng.normal(1.5), rng.uniform(0.5, 0.8)
        x = rng.normal(size=6)
        given = torch.tensor(x), alpha, sigma, m, rho
        got = _finite(f"alpha = {alpha:g}", answer, *given, shape=(6,))
        _compare_mean(got, x, alpha, sigma, m, rho)
    return (
        "It says m there, whatever x is: pure noise tells nothing, and so one step "
        "from noise can only end in the mean."
    )


def _compare_mean(got, x, alpha, sigma, m, rho) -> None:
    gain = alpha * rho**2 / (alpha**2 * rho**2 + sigma**2)
    want = m + gain * (x - alpha * m)
    if close(got, want):
        return
    for v, w in ((rho, sigma**2), (rho**2, sigma), (rho, sigma)):
        if close(got, m + alpha * v / (alpha**2 * v + w) * (x - alpha * m)):
            raise Mistake("rho and sigma are standard deviations: weigh their squares.")
    if close(got, m + rho**2 / (alpha**2 * rho**2 + sigma**2) * (x - alpha * m)):
        raise Mistake("Cov(x0, x) is alpha rho**2: an alpha is missing in the gain.")
    if close(got, alpha * m + alpha * gain * (x - alpha * m)):
        raise Mistake("That is the mean of alpha x0. Divide by alpha, or redo Bayes.")
    if close(got, m + gain * (x - m)):
        raise Mistake("What x is expected to be is alpha m, not m: compare with that.")
    if close(got, gain * x):
        raise Mistake("The mean of the data is missing: with pure noise answer m.")
    if alpha > 0 and close(got, x / alpha):
        raise Mistake("That believes the noisy point. Weigh it against what is usual.")
    raise Mistake(
        "x0 and x are jointly Gaussian: E[x0 | x] = m + Cov(x0, x) / Var(x) (x - E x). "
        "All three follow from x = alpha x0 + sigma eps."
    )


def _floor(answer: Any) -> str:
    """12.3: the least squared error in the velocity."""
    for t, rho in ((0.3, 0.5), (0.5, 1.0), (0.7, 2.0), (0.0, 3.0), (1.0, 0.4)):
        got = float(_finite(f"t = {t:g}", answer, t, rho))
        _compare_floor(got, t, rho)
    return (
        "For variance 1 the floor is 1 at all times: the velocity stands at a right "
        "angle to x and no function of x says anything about it, so the network has "
        "learned to answer 0, and that is all there is. In general the mean of the "
        "floor over all times is rho. A loss that stays there is done; one below it "
        "has seen what it must not."
    )


def _compare_floor(got: float, t: float, rho: float) -> None:
    alpha, sigma = math.cos(math.pi * t / 2), math.sin(math.pi * t / 2)
    total = alpha**2 * rho**2 + sigma**2
    want = rho**2 / total
    if math.isclose(got, want, rel_tol=1e-5):
        return
    if math.isclose(got, 0, abs_tol=1e-9):
        raise Mistake(
            "Nobody reaches 0: the same x can come from many pairs of image and noise, "
            "each with a velocity of its own. How far are they spread, given x?"
        )
    if math.isclose(got, rho**2 * sigma**2 / total, rel_tol=1e-5):
        raise Mistake(
            "That is the error in the image. The error in the velocity is that over "
            "sigma**2, since D = alpha x - sigma F."
        )
    if math.isclose(got, rho**2 * alpha**2 / total, rel_tol=1e-5):
        raise Mistake(
            "That is the error in the noise. The error in the velocity is that over "
            "alpha**2, since the noise is guessed as sigma x + alpha F."
        )
    if math.isclose(got, alpha**2 + sigma**2 * rho**2, rel_tol=1e-5):
        raise Mistake(
            "That is the variance of v itself, the loss of a network that answers 0. "
            "From x something can be said about v."
        )
    if math.isclose(got, rho / math.sqrt(total), rel_tol=1e-5):
        raise Mistake("That is a standard deviation. The loss is a squared error.")
    raise Mistake(
        f"Wrong at t = {t:g} for rho = {rho:g}. The best F is a conditional mean, and "
        "its error a conditional variance: what is the variance of x0 given x, and by "
        "which factor do an error in x0 and one in v differ?"
    )


def _spread(answer: Any) -> str:
    """12.4: the standard deviation after n exact steps on Gaussian data."""
    for rho in (0.5, 2.0):
        for steps in (1, 2, 3, 10):
            got = float(numbers(call(answer, rho, steps)))
            _compare_spread(got, _walked(rho, steps), rho, steps)
    return (
        "One step gives 0, and any number gives too little, for every rho: a step "
        "multiplies by (alpha_s alpha_t rho**2 + sigma_s sigma_t) / V_t, with the "
        "variance V = alpha**2 rho**2 + sigma**2 that x should have, and by Cauchy "
        "and Schwarz that is less than the root of V_s / V_t. No step keeps up."
    )


def _walked(rho: float, steps: int) -> float:
    spread = 1.0
    for now in range(steps):
        angle, after = (math.pi / 2 * (1 - k / steps) for k in (now, now + 1))
        total = (math.cos(angle) * rho) ** 2 + math.sin(angle) ** 2
        kept = math.cos(after) * math.cos(angle) * rho**2
        spread *= (kept + math.sin(after) * math.sin(angle)) / total
    return spread


def _compare_spread(got: float, want: float, rho: float, steps: int) -> None:
    if math.isclose(got, want, rel_tol=1e-4, abs_tol=1e-6):
        return
    if steps == 1:
        raise Mistake(
            "From pure noise the best denoiser knows nothing: it answers the mean, "
            "whatever x is. What spread has one point?"
        )
    if math.isclose(got, rho, rel_tol=1e-4):
        raise Mistake("That is where it should end. Few steps fall short: follow them.")
    if math.isclose(got, want**2, rel_tol=1e-4):
        raise Mistake("That is the variance. The standard deviation was asked.")
    raise Mistake(
        f"Wrong for {steps} steps. For mean 0 each step multiplies x by a number: put "
        "D(x) = alpha rho**2 x / (alpha**2 rho**2 + sigma**2) into the step, and "
        "multiply."
    )


CALLS, APART = 12, 0.05
_EDGES = torch.linspace(-6, 6, 61, dtype=torch.float64)


def _walk(answer: Any) -> str:
    """12.5: how close a sampler comes to laws that it does not know, in few calls."""
    hidden = GaussianMixture([-2.5, 0.5, 2.0], [0.3, 0.4, 0.3], [0.3, 0.3, 0.4])
    skewed = GaussianMixture([-1.5, 2.5], [0.5, 0.4], [0.7, 0.3])
    shown: Any = datasets.toy("two-modes")
    for law in (shown, skewed, hidden):
        _compare_walk(law, *_measure(answer, law))
    return (
        "A plain step is off by the square of its length, so that their sum falls "
        "only like one over the number of calls; a step that also uses how the guess "
        "changes is off by the cube (but for the first and the last). This is how "
        "images are drawn in a dozen passes. One step is another matter: it asks at "
        "pure noise, where the guess is the mean, and so all samples end there."
    )


def _measure(answer: Any, law: GaussianMixture) -> tuple[np.ndarray, list[float]]:
    """Walk from evenly spread noise; return the shares of cells, and the times."""
    times: list[float] = []
    best = noising.exact_denoiser(law)

    def denoise(x: torch.Tensor, t: float) -> torch.Tensor:
        times.append(float(t))
        if not 0 < times[-1] <= 1:
            raise Mistake(f"Times go from 1 down to 0, 0 excluded; {t} came.")
        if len(times) > 50 * CALLS:
            raise Mistake(
                f"More than {50 * CALLS} calls, and no end. Twelve are yours."
            )
        if x.shape != noise.shape:
            raise Mistake(
                f"You ask about {len(x)} points of your own, for {len(noise)} samples: "
                "that reads the law off a grid, which works for one number a sample "
                "and for no image. Walk all the given points, and only these."
            )
        return best(x, times[-1])

    chances = (torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000
    noise = torch.special.ndtri(chances)[:, None]
    got = numbers(call(answer, denoise, noise, untouched=True), shape=(10_000, 1))
    cells = np.searchsorted(_EDGES.numpy(), got.ravel())
    return np.bincount(cells, minlength=len(_EDGES) + 1) / len(noise), times


def _compare_walk(law: GaussianMixture, shares: np.ndarray, times: list[float]):
    masses = divergences.cell_masses(law, _EDGES)
    apart, calls = divergences.tv(shares, masses), len(times)
    if calls > CALLS:
        close = "close enough" if apart < APART else "and not close enough either"
        raise Mistake(
            f"{calls} calls, {close}: total variation {apart:.3f}. Twelve are yours. "
            "What is known from the last call, besides the guess itself?"
        )
    if apart < APART:
        return
    if not calls:
        raise Mistake(
            "Your walk never asks the denoiser, and on a law that it does not know it "
            f"is off by {apart:.3f}."
        )
    centres = np.convolve(_EDGES, [0.5, 0.5], mode="valid")
    wide, true = (_spread_of(p[1:-1], centres) for p in (shares, masses))
    if wide > true:
        advice = "If your step foresees the guess, it foresees too great a change."
    elif len(set(times)) < calls:
        advice = (
            "You ask twice at one time, so each step costs two calls, and few steps "
            "are left. Is an end the best place for the second call? Is it needed?"
        )
    else:
        advice = (
            "Other times help a little. More helps a step that does not take the guess "
            "at its start for the whole of its way."
        )
    raise Mistake(
        f"Calls: {calls}. The total variation on a law of {len(law.means)} modes is "
        f"{apart:.3f}, where {APART:.3f} is the bar; the samples are too "
        f"{'wide' if wide > true else 'narrow'}, with a spread of {wide:.2f} against "
        f"{true:.2f}. {advice}"
    )


def _spread_of(p: np.ndarray, x: np.ndarray) -> float:
    p = p / p.sum()
    return float(np.sqrt(p @ (x - p @ x) ** 2))


CHECKS: dict[str, Check] = {
    "12.1": _halfway,
    "12.2": _mean,
    "12.3": _floor,
    "12.4": _spread,
}
LABS: dict[str, Check] = {"12.5": _walk}
HINTS: dict[str, tuple[str, ...]] = {
    "12.1": (
        "x is a sum of two independent parts, the image's and the noise's. What is "
        "the variance of each?",
        "Half of the variance is noise where the two are equal: alpha rho = sigma.",
        "sigma / alpha is the tangent of the angle pi t / 2.",
    ),
    "12.2": (
        "It is the denoiser of chapter 7 for data around m, except that the data are "
        "multiplied by alpha before the noise is added.",
        "x0 and x are jointly Gaussian, so the mean of x0 given x is a straight line "
        "in x. Through which point does it go?",
        "Its slope is the covariance of x0 and x over the variance of x.",
    ),
    "12.3": (
        "No function of x does better than the conditional mean of v given x. What is "
        "left is how far v scatters when x is known.",
        "Given x, image and noise are tied together: if x0 is larger by 1, how much "
        "larger is eps, and how much larger is v?",
        "So the variance of v given x is that of x0 given x, divided by sigma**2. For "
        "two Gaussians, precisions add: 1 / rho**2 + alpha**2 / sigma**2. Multiply "
        "out before you compute: at t = 0 sigma is 0.",
    ),
    "12.4": (
        "For data around 0 the best guess is a multiple of x. So a step multiplies x "
        "by a number, and n steps by the product.",
        "The spread starts at 1. Follow the point 1 through all steps.",
        "In the first step alpha is 0, and the guess is 0.",
    ),
    "12.5": (
        "Look at the table of the plain sampler: twice the calls, half the error. A "
        "method whose error falls faster would be there in twelve.",
        "The guess at the start of a step is not that of its middle. You could ask in "
        "the middle, at a price of two calls a step, or foresee it.",
        "From two calls in a row you know how fast the guess changes. Move it on by "
        "half of the last change, and take the step with that.",
    ),
}
