"""Checks of chapter 9: a loss with a bug, a gap, and latents that sleep or wake."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lecture_code import datasets, vae
from lecture_code.exercises import Check, Mistake, call, close, labs, numbers

SEEDS = (911, 922, 933)
#: How near a slope has to come, which may have been searched for.
NEAR = 2e-3
#: Nats that a woken VAE has to beat.
BEST = 20.3


def _normal_kl(m1, s1, m2, s2) -> np.ndarray:
    return np.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5


#: Wrong divergences, for each latent, and the hint.
_KL_SLIPS: tuple[tuple[Callable, str], ...] = (
    (
        lambda m, s: _normal_kl(0.0, 1.0, m, s),
        "That is KL(prior, guess). The bound has KL(guess, prior).",
    ),
    (
        lambda m, s: 2 * _normal_kl(m, s, 0.0, 1.0),
        "The KL is twice as large: where is the half?",
    ),
    (
        lambda m, s: _normal_kl(m, np.sqrt(s), 0.0, 1.0),
        "You take `scale` for a variance. It is a standard deviation.",
    ),
    (
        lambda m, s: _normal_kl(m, np.exp(s), 0.0, 1.0),
        "You take `scale` for its logarithm. It is the scale itself.",
    ),
)


def _loss(answer: Any) -> str:
    """9.1: the mean negative ELBO of binary images, in nats per image."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        x = rng.integers(0, 2, size=(5, 7)).astype(float)
        a, m = rng.normal(size=(5, 7)), rng.normal(size=(5, 3))
        s = rng.uniform(0.2, 2.0, size=(5, 3))
        arguments = [torch.tensor(each) for each in (x, a, m, s)]
        got = numbers(call(answer, *arguments)).item()
        misfit, kl = np.logaddexp(0, a) - x * a, _normal_kl(m, s, 0.0, 1.0)
        _compare_loss(got, misfit, kl)
        for slip, hint in _KL_SLIPS:
            if close(got, (misfit.sum() + slip(m, s).sum()) / len(x)):
                raise Mistake(hint)
        for turned, hint in _turned(misfit, x, a):
            if close(got, (turned.sum() + kl.sum()) / len(x)):
                raise Mistake(hint)
        if not close(got, (misfit.sum() + kl.sum()) / len(x)):
            raise Mistake(
                f"Got {got:.3f} where it should be "
                f"{(misfit.sum() + kl.sum()) / len(x):.3f}. Sum over pixels, sum over "
                "latents, then average over images."
            )
    return (
        "A nat of KL weighed as much as d nats of misfit, d the number of pixels: at "
        "that price no code can pay."
    )


def _turned(misfit: np.ndarray, x: np.ndarray, a: np.ndarray):
    """List misfits with a wrong sign, and the hint for each."""
    yield misfit + 2 * x * a, "x logits enters with a minus: ink is likely for large a."
    yield misfit - a, "softplus(-logits) is the price of ink, not of paper."
    yield misfit - a + 2 * x * a, "Both signs in the misfit are turned: ink is paper."


def _compare_loss(got: float, misfit: np.ndarray, kl: np.ndarray) -> None:
    first, second = misfit.sum(axis=1).mean(), kl.sum(axis=1).mean()
    slips = {
        misfit.mean() + second: "The pixels are averaged, the latents are not: KL "
        "weighs as much as with beta = 7, one for each pixel.",
        misfit.mean() + kl.mean(): "Both terms are averages over their own axis: "
        "7 pixels and 3 latents are then worth the same. Sum both.",
        first + kl.mean(): "The KL term is averaged over the latents: sum it.",
        misfit.sum() + kl.sum(): "Summed over the batch too: the loss grows with it.",
        first - second: "The ELBO has minus KL, so that its negative has plus.",
        second - first: "The sign of the misfit: a loss is small for a good fit.",
        -first - second: "That is the ELBO. A loss is its negative.",
        misfit.mean() + kl.sum(): "The misfit is a mean over everything, the KL term a "
        "sum over everything: each image has its own sums, then comes the mean.",
        first + kl.sum(): "The KL term is summed over the batch as well.",
        misfit.sum() + second: "The misfit is summed over the batch as well.",
        first: "The KL term is missing: nothing holds the guess near the prior.",
    }
    for value, hint in slips.items():
        if close(got, value):
            raise Mistake(hint)


def _gap(answer: Any) -> str:
    """9.2: nats that the guess N(m, s^2) loses against the exact posterior."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        a, sigma, s = rng.uniform(0.5, 2.0, size=3)
        x, m = rng.normal(size=2)
        got = numbers(call(answer, *map(float, (x, a, sigma, m, s)))).item()
        _compare_gap(got, x, a, sigma, m, s)
    return (
        "KL(guess, posterior): the mean runs over the guess, so that a guess which "
        "is too wide by a factor costs more than one too narrow by the same."
    )


def _compare_gap(got: float, x: float, a: float, sigma: float, m: float, s: float):
    variance = 1 / (1 + a**2 / sigma**2)
    mean = variance * a * x / sigma**2
    want = float(_normal_kl(m, s, mean, math.sqrt(variance)))
    evidence = -(math.log(math.tau * (a**2 + sigma**2)) + x**2 / (a**2 + sigma**2)) / 2
    slips = {
        float(_normal_kl(mean, math.sqrt(variance), m, s)): "KL the other way round: "
        "the expectation goes over the guess.",
        float(_normal_kl(m, s, 0.0, 1.0)): "That is KL to the prior, a term of the "
        "ELBO. The gap is KL to the posterior.",
        float(_normal_kl(m, s, mean, variance)): "The posterior's variance stands "
        "where its scale should.",
        evidence - want: "That is the ELBO. By how much does it miss log p(x)?",
        evidence: "That is log p(x). By how much does the ELBO miss it?",
        -want: "The sign: log p(x) is the larger one.",
    }
    if close(got, want):
        return
    for value, hint in slips.items():
        if close(got, value):
            raise Mistake(hint)
    raise Mistake(
        f"Got {got:.4f} where it should be {want:.4f}. The posterior has precision "
        "1 + a^2 / sigma^2; its mean is a x / sigma^2 over that."
    )


def _slope(answer: Any) -> str:
    """9.3: the slope at which a latent with a dear code ends, 0 if it sleeps."""
    for v, sigma, beta in ((2.0, 0.7, 2.2), (1.3, 0.9, 1.0), (3.0, 1.2, 0.4)):
        got = numbers(call(answer, v, sigma, beta), finite=False).item()
        _compare_slope(got, v, sigma, beta)
    for v, sigma, beta in ((2.0, 0.7, 6.0), (0.5, 0.8, 1.0)):
        got = numbers(call(answer, v, sigma, beta), finite=False).item()
        if abs(got) > NEAR or math.isnan(got):
            raise Mistake(
                f"For v = {v}, sigma = {sigma} and beta = {beta} you find {got:.3f}. "
                "Is the loss there really smaller than without the latent?"
            )
    return (
        "It sleeps from beta = v / sigma^2 on: a direction of the data is worth a "
        "latent only while it varies more than beta times the noise."
    )


def _compare_slope(got: float, v: float, sigma: float, beta: float) -> None:
    want = math.sqrt(v - beta * sigma**2)
    slips = {
        math.sqrt(v): "That is the spread of the data. A part of it is noise, which "
        "the model has already.",
        math.sqrt(v - sigma**2): "That is the answer at beta = 1. What does a guess "
        "do when a nat costs beta?",
        math.sqrt(abs(v - sigma**2 / beta)): "The wrong way: a dearer code makes for a "
        "smaller slope.",
        want**2: "That is the slope squared.",
        -want: "As good as its mirror image, but the positive one was asked for.",
        0.0: "The latent sleeps too early: it still pays here.",
    }
    if abs(got - want) < NEAR:
        return
    for value, hint in slips.items():
        if abs(got - value) < NEAR:
            raise Mistake(hint)
    raise Mistake(
        f"For v = {v}, sigma = {sigma} and beta = {beta} you find {got:.3f}; a slope "
        f"of {want:.3f} has a smaller loss, in the mean over the data."
    )


def _woken(answer: Any) -> str:
    """9.4: a VAE with latents awake, and a good bound on digits it has not seen."""
    model = labs.model(answer, stored=["vae-binary"])
    if not isinstance(model, vae.VAE) or (model.d, model.latents) != (64, 16):
        raise Mistake("Hand in a vae.VAE for 64 pixels with 16 latents.")
    seen, unseen = (datasets.binary_digits(part).pixels for part in ("train", "test"))
    with torch.no_grad():
        bounds = [-_mean_elbo(model, x) for x in (seen, unseen)]
        code = model.kl(unseen).sum(dim=1).mean().item()
        awake = int((model.encode(unseen).var(dim=0) > 0.01).sum())
    _compare_woken(*bounds, code, awake)
    return (
        "One symptom, two causes: the mean over pixels had made each nat of code 64 "
        "times as dear, and then a layer of two units let no more than a few "
        "latents through. A KL curve at 0 tells of the first, few awake at a fair "
        "price of the second."
    )


def _mean_elbo(model: vae.VAE, x: torch.Tensor) -> float:
    generator = torch.Generator().manual_seed(SEEDS[0])
    return model.elbo(x, 10, generator).mean().item()


def _compare_woken(seen: float, unseen: float, code: float, awake: int) -> None:
    if not math.isfinite(unseen):
        raise Mistake("The ELBO of your model is no number: did its training blow up?")
    state = f"{awake} of 16 latents are active, their code costs {code:.1f} nats"
    if code > 12:
        raise Mistake(
            f"{state}, and the negative ELBO is {unseen:.0f}: awake, and shouting. A "
            "nat of code has become too cheap."
        )
    if unseen > 27:
        raise Mistake(
            f"The negative ELBO is {unseen:.0f} nats; independent pixels take 24.9. "
            "Was this model trained?"
        )
    if unseen < seen - 0.3:
        raise Mistake(
            "Your model knows the test digits better than those of the part called "
            "train. Train on the latter."
        )
    if code < 1:
        raise Mistake(
            f"{state}: almost nothing. Either a nat of code costs more than it can "
            "save, or none of it gets through the decoder. First compare what your "
            "loss does to its two terms."
        )
    if awake < 8:
        raise Mistake(
            f"{state}: each of them carries much, so a nat is not too dear. What, on "
            "the way from 16 latents to 64 pixels, lets only so many through?"
        )
    if unseen >= BEST:
        raise Mistake(
            f"{state}, and the negative ELBO is {unseen:.1f} nats on digits it has not "
            f"seen, {seen:.1f} on those it has. If the curve still falls, train longer;"
            " if only the second number falls, less. Is each nat of code weighed as "
            "one?"
        )


CHECKS: dict[str, Check] = {"9.1": _loss, "9.2": _gap, "9.3": _slope}
LABS: dict[str, Check] = {"9.4": _woken}
HINTS: dict[str, tuple[str, ...]] = {
    "9.1": (
        "Which axis does each of the two means run over, and how long is it?",
        "The log-likelihood of an image is a sum over its pixels, and the KL term of "
        "its guess a sum over latents.",
        "Only the average over images is a mean. It comes last.",
    ),
    "9.2": (
        "What does the chapter call the difference between log p(x) and the ELBO?",
        "The posterior of the line is a Gaussian: precisions add, and its mean is "
        "a x / sigma^2 over the precision.",
        "The expectation runs over what the encoder says.",
    ),
    "9.3": (
        "Start with beta = 1. With the best guess the ELBO is log p(x), and the law of "
        "x under the model is known.",
        "Divide the loss by beta. The misfit is then that of a line with another "
        "noise, and for it the code costs a nat a nat.",
        "The law of x for that line has the variance a^2 + beta sigma^2. Which a "
        "brings it nearest to v, and what if none does?",
    ),
    "9.4": (
        "A KL term of 0 says that no image is told from another. What would a nat of "
        "code have to save, in this loss, to be worth its price?",
        "Mend the price, train again and count. Where the count stays small although "
        "the latents that are awake carry a nat each, something else lets no more "
        "through.",
        "Follow the sixteen numbers through the decoder, layer by layer.",
    ),
}
