"""Checks of chapter 9: what a nat costs, a gap, and latents that sleep or wake."""

from __future__ import annotations

import math
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


def _weights(answer: Any) -> str:
    """9.1: how many nats of misfit a nat of KL weighs as much as, in four losses."""
    for n, d, k in ((5, 7, 3), (128, 64, 16), (32, 784, 20)):
        got = numbers(call(answer, n, d, k), shape=(4,))
        _compare_weights(got, n, d, k)
    return (
        "Only the third has the ELBO's minimum: it is n times the negative ELBO. The "
        "last makes a nat dearer the more images are in a batch; with 64 of them it "
        "asks the price at which all latents slept above."
    )


def _compare_weights(got: np.ndarray, n: int, d: int, k: int) -> None:
    want = np.array([d, d / k, 1, n])
    right = np.isclose(got, want)
    if right.all():
        return
    if close(got, 1 / want):
        raise Mistake("The other way round: that is what a nat of misfit weighs.")
    if close(got, [1 / d, 1 / (d * k), 1, n]):
        raise Mistake("A mean over d pixels makes the misfit cheap, and so KL dear.")
    which = int(np.flatnonzero(~right)[0])
    slips = (
        {k: "d pixels are averaged there, the k latents are summed."},
        {
            d: "The KL term is a mean as well, over latents too.",
            d * k: "A mean over k latents makes KL cheaper, not dearer.",
            k / d: "The misfit is what d has made cheap, KL what k has.",
            1: "Two means, but one runs over d numbers of an image, the other over k.",
        },
        {n: "Both terms are summed over the batch: what is left between them?"},
        {
            1: "Which of the two terms grows with the batch?",
            1 / n: "KL is the one that is summed over the batch.",
        },
    )
    for value, hint in slips[which].items():
        if math.isclose(got[which], value, rel_tol=1e-5):
            raise Mistake(f"Loss {which + 1}: {hint}")
    raise Mistake(
        f"Loss {which + 1} of four is the first with a wrong weight, {got[which]:g} "
        f"for n = {n}, d = {d}, k = {k}. Write each term as a sum over everything, "
        "with a factor in front. What is the ratio of the factors?"
    )


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


def _slope_of_posteriors(v: float, sigma: float, beta: float) -> float:
    """The best slope of who puts in the true posterior, whatever a nat costs."""
    a = np.linspace(0, 3, 30_001)
    total = a**2 + sigma**2
    scale, spread = sigma / np.sqrt(total), a * math.sqrt(v) / total
    misfit = (v * sigma**2 / total**2 + a**2 / total) / 2
    kl = (scale**2 + spread**2 - 1) / 2 - np.log(scale)
    return float(a[(misfit + beta * kl).argmin()])


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
        _slope_of_posteriors(v, sigma, beta): "That is the best slope if the guess is "
        "the posterior. Where a nat costs more than one, another Gaussian is the best "
        "guess: let the loss choose it as well.",
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
    train, test = (datasets.binary_digits(part).pixels for part in ("train", "test"))
    with torch.no_grad():
        seen, unseen = -_mean_elbo(model, train), -_mean_elbo(model, test)
        code = model.kl(test).sum(dim=1).mean().item()
        awake = int((model.encode(test).var(dim=0) > 0.01).sum())
    _compare_woken(seen, unseen, code, awake, _ways(model))
    return (
        "One symptom, two causes: the mean over pixels had made each nat of code 64 "
        "times as dear, and then a layer of two units let no more than a few "
        "latents through. A KL curve at 0 tells of the first; at a fair price, "
        "one that stays small tells of the second."
    )


def _mean_elbo(model: vae.VAE, x: torch.Tensor) -> float:
    generator = torch.Generator().manual_seed(SEEDS[0])
    return model.elbo(x, 10, generator).mean().item()


def _ways(model: vae.VAE) -> int:
    """Count the directions that a code can be moved in and be heard by the decoder."""
    z = torch.randn(5, 16, generator=torch.Generator().manual_seed(SEEDS[0]))

    def logits(each: torch.Tensor) -> torch.Tensor:
        return model.decoder(each[None])[0]

    slopes = [torch.autograd.functional.jacobian(logits, each) for each in z]
    return max(int(torch.linalg.matrix_rank(each, rtol=1e-4)) for each in slopes)


def _compare_woken(
    seen: float, unseen: float, code: float, awake: int, ways: int
) -> None:
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
    if code < 1 and awake < 8:
        raise Mistake(
            f"{state}: almost nothing. Either a nat of code costs more than it can "
            "save, or none of it gets through the decoder. First compare what your "
            "loss does to its two terms."
        )
    if ways < 8 and (awake < 8 or unseen >= BEST):
        loud = code > awake / 2
        raise Mistake(
            f"{state}: "
            + ("each carries much. " if loud else "most of them whisper. ")
            + "What, on the way from 16 latents to 64 pixels, is narrow?"
        )
    if unseen >= BEST:
        raise Mistake(
            f"{state}, and the negative ELBO is {unseen:.1f} nats on digits it has not "
            f"seen, {seen:.1f} on those it has. If the curve still falls, train longer;"
            " if only the second number falls, less; if neither, is each nat of code "
            "weighed as one?"
        )
    if unseen < seen + 0.3:
        raise Mistake(
            "Your model knows the test digits as well as those of the part called "
            "train. Digits that it has not seen cost more: train on the latter alone."
        )
    if awake < 8:
        raise Mistake(
            f"{state}: a good bound, but 8 active latents were asked for. Is each nat "
            "of code weighed as one?"
        )


CHECKS: dict[str, Check] = {"9.1": _weights, "9.2": _gap, "9.3": _slope}
LABS: dict[str, Check] = {"9.4": _woken}
HINTS: dict[str, tuple[str, ...]] = {
    "9.1": (
        "The ELBO adds all nats of misfit and all nats of KL, and weighs them alike.",
        "Write each term as a sum over the whole table, with a factor in front.",
        "A mean over a table of n rows and d columns has the factor 1 / (n d).",
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
        "Mend the price, train again and count. Where the code stays cheap, or few "
        "latents carry all of it, something else lets no more through.",
        "Follow the sixteen numbers through the decoder, layer by layer.",
    ),
}
