"""Checks of chapter 9: draws, axes, and latents that sleep or wake."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from lecture_code import datasets, vae
from lecture_code.exercises import Check, Mistake, call, labs, numbers

SEEDS = (911, 922, 933)
#: How near a slope has to come, which may have been searched for.
NEAR = 2e-3
#: Nats that a woken VAE has to beat.
BEST = 20.3
_ASLEEP = (
    "Is the root of a negative number asked for? Which slope is the best one then?"
)
#: Nats that a test image costs above a training image, at least, and a validation image
#: above a test image: at least and at most, if only the first was trained on.
LEARNED, FEWEST, MOST = 0.55, 0.8, 2.1


def _draws(answer: Any) -> str:
    """9.1: how many weights to average when the guess has the wrong scale."""
    cases = ((2.0, 1, 0.1), (1.3, 3, 0.05), (0.9, 20, 0.02), (0.73, 2, 0.1))
    for r, k, error in cases:
        got = numbers(call(answer, r, k, error), finite=False).item()
        _compare_draws(got, r, k, error)
    for r in (0.7, 0.6, 0.2):
        got = numbers(call(answer, r, 2, 0.1), finite=False).item()
        if not (math.isinf(got) and got > 0):
            raise Mistake(
                f"For r = {r} you find {got:.4g}, and no number is enough: where the "
                "guess hardly ever looks, far out, the weights are huge. Does the "
                "mean of their square exist?"
            )
    return (
        "Below 1 / sqrt(2) of the right scale no number of draws is enough, though "
        "the ELBO loses a tenth of a nat there; twice the right scale loses 0.8 nats, "
        "and 5100 draws bring it to one per cent. So training prefers guesses that "
        "are too narrow, and draws can mend those that are too wide. With twenty "
        "latents twice as wide it takes nearly forty million."
    )


def _second_moment(r: float) -> float:
    """Return E[w^2] / E[w]^2 for one latent."""
    return r**2 / math.sqrt(2 * r**2 - 1) if 2 * r**2 > 1 else math.inf


def _compare_draws(got: float, r: float, k: int, error: float) -> None:
    each = _second_moment(r)
    want = (each**k - 1) / error**2
    slips = {
        each**k / error**2: "That is the mean of the squared weights. Their variance "
        "is less than that.",
        (each**k - 1) / error: "The standard error falls with the root of the number.",
        (each - 1) / error**2: "That is for one latent. What do k of them multiply?",
        k * (each - 1) / error**2: "Variances of factors do not add: it is the means "
        "of their squares that multiply.",
        (_second_moment(1 / r) ** k - 1) / error**2: "The other way round: the weights "
        "are posterior over guess, and the draws come from the guess.",
        (_second_moment(math.sqrt(r)) ** k - 1) / error**2: "`r` is a ratio of scales, "
        "not of variances.",
    }
    if math.isclose(got, want, rel_tol=1e-3) or got == math.ceil(want):
        return
    for value, hint in slips.items():
        if math.isclose(got, value, rel_tol=1e-3):
            raise Mistake(hint)
    raise Mistake(
        f"For r = {r}, k = {k} and an error of {error} you find {got:.4g}, where it "
        f"should be {want:.4g}. A weight over its mean is posterior over guess: what "
        "is the mean of its square?"
    )


def _turn(answer: Any) -> str:
    """9.2: an orthogonal matrix after which an independent guess loses nothing."""
    for seed, size in zip(SEEDS, ((3, 2), (5, 3), (2, 3)), strict=True):
        A = np.random.default_rng(seed).normal(size=size)
        k = size[1]
        R = numbers(call(answer, torch.tensor(A)), shape=None)
        if R.shape != (k, k):
            raise Mistake(
                f"For A of shape {size}: expected shape {(k, k)}, got shape {R.shape}. "
                f"R turns the {k} codes, not the data, and is a whole orthogonal basis "
                "of their space, even if A has fewer rows than columns."
            )
        if not np.allclose(R.T @ R, np.eye(k), atol=1e-4):
            raise Mistake(
                "Not orthogonal: with your R the codes R z are no longer standard "
                "normal, and the model makes other data."
            )
        if _loss_of_axes(A @ R) > 1e-5:
            _explain_turn(A, R)
    return (
        "The columns of A R are orthogonal. They are the principal directions of what "
        "the decoder makes, as in chapter 8. p(x) does not notice how the codes are "
        "turned; the ELBO does, because the guess has independent coordinates. So "
        "among decoders that make the same data training prefers these axes: what a "
        "single latent means is owed to the guess, and not to the data alone."
    )


def _loss_of_axes(A: np.ndarray, sigma: float = 0.5) -> float:
    """Return the nats that the best guess with independent coordinates loses."""
    precision = np.eye(A.shape[1]) + A.T @ A / sigma**2
    return (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1]) / 2


def _explain_turn(A: np.ndarray, R: np.ndarray) -> None:
    if _loss_of_axes(A @ R.T) < 1e-5:
        raise Mistake("That turns the codes the other way: its transpose does it.")
    raise Mistake(
        f"With sigma = 0.5 the best independent guess loses {_loss_of_axes(A):.2f} "
        f"nats before your turn and {_loss_of_axes(A @ R):.2f} after it. Look at the "
        "precision of the posterior: which of its entries have to be 0?"
    )


def _slope(answer: Any) -> str:
    """9.3: the slope at which a latent with a dear code ends, 0 if it sleeps."""
    for v, sigma, beta in ((2.0, 0.7, 2.2), (1.3, 0.9, 1.0), (3.0, 1.2, 0.4)):
        got = numbers(_ask_slope(answer, v, sigma, beta), finite=False).item()
        _compare_slope(got, v, sigma, beta)
    for v, sigma, beta in ((2.0, 0.7, 6.0), (0.5, 0.8, 1.0)):
        got = numbers(_ask_slope(answer, v, sigma, beta), finite=False).item()
        if abs(got) > NEAR or math.isnan(got):
            raise Mistake(
                f"For v = {v}, sigma = {sigma} and beta = {beta} you find {got:.3f}. "
                "Is the loss there really smaller than without the latent?"
            )
    return (
        "It sleeps from beta = v / sigma^2 on: a direction of the data is worth a "
        "latent only while it varies more than beta times the noise."
    )


def _ask_slope(answer: Any, v: float, sigma: float, beta: float) -> Any:
    """Call the answer, and name the case in which it has no real root."""
    case = f"For v = {v}, sigma = {sigma} and beta = {beta}"
    try:
        got = call(answer, v, sigma, beta)
    except ValueError as error:
        raise Mistake(f"{case} your code stops: {error}. {_ASLEEP}") from None
    if isinstance(got, complex):
        raise Mistake(f"{case} you find a complex number, {got:.3f}. {_ASLEEP}")
    return got


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
    parts = ("train", "validation", "test")
    train, validation, test = (datasets.binary_digits(part).pixels for part in parts)
    with torch.no_grad():
        seen, chosen, unseen = (
            -_mean_elbo(model, x) for x in (train, validation, test)
        )
        code = model.kl(test).sum(dim=1).mean().item()
        awake = int((model.encode(test).var(dim=0) > 0.01).sum())
    _compare_woken(seen, unseen, code, awake, _ways(model))
    _compare_parts(seen, chosen, unseen)
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
    if awake < 8:
        raise Mistake(
            f"{state}: a good bound, but 8 active latents were asked for. Is each nat "
            "of code weighed as one?"
        )


def _compare_parts(seen: float, chosen: float, unseen: float) -> None:
    """Refuse a model that was trained on more than the part called train."""
    if unseen < seen + LEARNED or not FEWEST < chosen - unseen < MOST:
        raise Mistake(
            f"{seen:.1f} nats on the part called train, {chosen:.1f} on validation and "
            f"{unseen:.1f} on test. Whoever was trained on the first only finds the "
            "second hardest and the third between: was yours shown others?"
        )


CHECKS: dict[str, Check] = {"9.1": _draws, "9.2": _turn, "9.3": _slope}
LABS: dict[str, Check] = {"9.4": _woken}
HINTS: dict[str, tuple[str, ...]] = {
    "9.1": (
        "The squared standard error of a mean of n draws is their variance over n. "
        "You know the mean of the weights; you need the mean of their square.",
        "Over its mean p(x), a weight is posterior over guess. The mean of its square "
        "under the guess is the integral of posterior^2 / guess: a bell, if its "
        "exponent falls to both sides.",
        "With one latent that is r^2 / sqrt(2 r^2 - 1). Where is it no number, and "
        "what do independent latents do to a mean of products?",
    ),
    "9.2": (
        "The posterior of x = A z + sigma e has the precision I + A'A / sigma^2, where "
        "A' is the transpose. When are its coordinates independent?",
        "After the turn A'A becomes R'A'A R. It should have nothing off its diagonal.",
        "A symmetric matrix is diagonal in the axes of its eigenvectors.",
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
