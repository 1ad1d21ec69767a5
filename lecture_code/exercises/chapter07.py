"""Checks of chapter 7: two copies, posterior means, densities, masks; a walk."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch

from lecture_code import datasets, densities, metrics
from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (711, 722, 733)


def _restore(answer: Any) -> str:
    """7.1: the second copy is black where the image is, and was not masked again."""
    for nu, seed in zip((0.3, 0.6, 0.1), SEEDS, strict=True):
        clean = np.random.default_rng(seed).uniform(size=(4, 9))
        clean[0] = 1.0  # where the first copy is black
        said = (1 - nu) * clean
        got = numbers(call(answer, torch.tensor(said), nu), shape=said.shape)
        _compare_restored(got, clean, said, nu)
    return (
        "Noisy targets teach as well as clean ones, if their noise is new and one "
        "knows its mean. Gaussian noise has mean 0: with the squared error nothing has "
        "to be undone. The copier's target had the noise that it was shown."
    )


def _compare_restored(got, clean, said, nu: float) -> None:
    if close(got, said):
        raise Mistake(
            "Where the first copy is black the image is black for sure, but the "
            f"network says {1 - nu:.1f} there: how often is the second copy black?"
        )
    if close(got, said * (1 - nu)):
        raise Mistake("You masked a third time. What does a mask do to a chance?")
    if close(got, np.minimum(said + nu, 1)) or close(got, said + nu):
        raise Mistake(
            "A mask turns no white pixel black: where the image is white for sure, "
            "nothing may be added."
        )
    if close(got, said / nu):
        raise Mistake("nu is the chance to be masked; what stays is 1 - nu.")
    if not close(got, clean):
        raise Mistake(
            "Write down the chance that the second copy is black, from the chance p "
            "that the image is and the chance that the mask spares the pixel."
        )


def _denoise(answer: Any) -> str:
    """7.2: the posterior mean of a sign in Gaussian noise, tanh(y / sigma**2)."""
    for sigma in (0.6, 1.0, 2.0):
        y = np.linspace(-3, 3, 13) / sigma
        got = numbers(call(answer, torch.tensor(y), sigma), shape=y.shape)
        _compare_sign(got, y, sigma)
    return (
        "With little noise it is a step, which names the nearer point; with much noise "
        "it is nearly the line y / sigma**2, which hardly leaves 0, the mean of both."
    )


def _compare_sign(got: np.ndarray, y: np.ndarray, sigma: float) -> None:
    plus, minus = (np.exp(-((y - x) ** 2) / (2 * sigma**2)) for x in (1, -1))
    want = (plus - minus) / (plus + minus)
    if close(got, np.sign(y)):
        raise Mistake(
            "The nearer point is the likelier one, but the squared error wants the "
            "mean and not a guess: at y = 0.1 you are not sure, yet you answer 1."
        )
    if close(got, (1 + want) / 2):
        raise Mistake("That is the probability of +1. The mean of -1 and +1 is asked.")
    if close(got, y / (1 + sigma**2)):
        raise Mistake(
            "That is right for a Gaussian of variance 1. Here x is -1 or +1, nothing "
            "else: write down both posterior probabilities."
        )
    if not close(got, want):
        raise Mistake(
            f"Wrong at sigma = {sigma}. Bayes: the odds of +1 against -1 are "
            "exp(2 y / sigma**2). What is the mean then?"
        )


def _log_ratio(answer: Any) -> str:
    """7.3: the score summed up along the way from a to b."""
    for sigma, seed in zip((0.5, 1.2, 0.8), SEEDS, strict=True):
        centres = torch.tensor([[-1.5, -0.8], [1.5, -0.8], [0, 1.6]]).double()
        law = densities.IsotropicMixture(centres, scales=0.3, weights=[0.4, 0.4, 0.2])
        a, b = torch.tensor(np.random.default_rng(seed).uniform(-2, 2, size=(2, 2)))
        denoise = partial(law.posterior_mean, sigma=sigma)
        got = numbers(call(answer, denoise, a, b, sigma)).item()
        (low, high) = law.noised(sigma).log_prob(torch.stack([a, b])).tolist()
        _compare_ratio(got, high - low, sigma, denoise, a, b)
    return (
        "Ratios are all that a denoiser tells: they leave one factor open, and that is "
        "an integral over the whole plane. With the best denoiser every way from a to "
        "b gives the same; what a trained one gives may depend on the way."
    )


def _compare_ratio(got, want, sigma, denoise, a, b) -> None:
    def near(value: float) -> bool:
        return abs(got - value) < 0.01 + 0.002 * abs(value)

    ends = [((denoise(y[None])[0] - y) @ (b - a)).item() / sigma**2 for y in (a, b)]
    if near(want):
        return
    if near(-want):
        raise Mistake("The sign: where the score points along your way, p grows.")
    if near(np.exp(want)):
        raise Mistake("That is the ratio itself. Its logarithm is asked for.")
    if near(want * sigma**2) or near(want * sigma):
        raise Mistake("These are moves, summed up. What makes a move a score?")
    if near(want / (b - a).norm().item()):
        raise Mistake("A mean slope; times the length of the way it is a difference.")
    if any(near(each) for each in (*ends, sum(ends) / 2)):
        raise Mistake(
            "You look at the ends only, and the score changes in between: take many "
            "places along the way."
        )
    raise Mistake(
        f"From {np.round(a.numpy(), 2)} to {np.round(b.numpy(), 2)} at sigma = {sigma} "
        f"you say {got:.3f}. The score is a gradient: what is its integral along a way?"
    )


def _posterior(answer: Any) -> str:
    """7.4: P(clean | seen 0, 0) is proportional to p[i, j] nu**(i + j)."""
    for nu, seed in zip((0.1, 0.5, 1.0), SEEDS, strict=True):
        p = np.random.default_rng(seed).dirichlet(np.ones(4)).reshape(2, 2)
        got = numbers(call(answer, torch.tensor(p), nu), shape=(2, 2))
        _compare_posterior(got, p, nu ** np.array([[0, 1], [1, 2]]))
    return (
        "Each black pixel had to be hit: (0, 0) never, (0, 1) and (1, 0) once, (1, 1) "
        "twice. At nu = 1 nothing was seen, and p is what remains."
    )


def _compare_posterior(got: np.ndarray, p: np.ndarray, hit: np.ndarray) -> None:
    want = p * hit / (p * hit).sum()
    if close(got, want):
        return
    if close(got, p * hit):
        raise Mistake("Right up to a factor: given what you see, it must sum to 1.")
    if close(got, p):
        raise Mistake("That is the law before you looked. Seeing (0, 0) is evidence.")
    if close(got, [[1, 0], [0, 0]]):
        raise Mistake("White is not the only way to look white: masks hide black.")
    raise Mistake(
        "A black pixel looks white with probability nu, a white one always does, and "
        "the two masks are independent. Weight p[i, j] with the product."
    )


#: How many images are drawn, how far they may lie from training digits on average, and
#: how far their mean and covariance may be from those of new digits; how near images
#: may lie to midpoints of two training digits on average, and how many are tried.
DRAWN, NEAR, APART, BLENDED, TRIED = 200, 1.55, 1.2, 0.7, 50


def _walked(answer: Any) -> str:
    """7.5: images drawn from noise, judged beside digits that nobody has seen."""
    train, new = (datasets.digits(part).pixels / 16 for part in ("train", "test"))
    drawn = [_draw(answer, seed) for seed in (*SEEDS[:2], SEEDS[0])]
    if not torch.equal(drawn[0], drawn[2]):
        raise Mistake("The same generator gave other images: draw from it alone.")
    if torch.equal(drawn[0], drawn[1]):
        raise Mistake("Another generator gave the same images: use the one given.")
    _compare_walked(drawn[0], train, new)
    return (
        "Samples without a likelihood, from a network that can only take away noise. "
        "They are no copies: none was asked to be any digit in particular, and the "
        "best guess between digits is what the walk follows."
    )


def _compare_walked(drawn, train: torch.Tensor, new: torch.Tensor) -> None:
    away, usual = (metrics.nearest_distance(x, train) for x in (drawn, new))
    copies = float((away < usual.mean() / 2).mean())
    if copies > 0.1:
        raise Mistake(
            f"{copies:.0%} of your images are training digits, or nearly: copies."
        )
    if drawn.std(dim=0).mean() < 0.1:
        raise Mistake(
            "All your images look like the mean digit: that is where one large step "
            "lands. Ask the denoiser again as the noise shrinks."
        )
    apart, least = (metrics.frechet(x, new) for x in (drawn, train))
    if apart > APART:
        raise Mistake(
            f"Mean and covariance of your images are {apart:.1f} from those of new "
            f"digits, {least:.1f} is usual. Are they noise still? Does the network "
            "undo the noise at each level, when you try it on digits?"
        )
    if away.mean() > NEAR:
        raise Mistake(
            f"Your images lie {away.mean():.2f} from the nearest training digit, new "
            f"digits {usual.mean():.2f}: blots. Train longer, with a smaller rate at "
            "the end, and give small noise more weight."
        )
    between, fresh = (_midpoint_distance(x[:TRIED], train) for x in (drawn, new))
    if between < BLENDED:
        raise Mistake(
            f"Your images lie {between:.2f} from the midpoint of two training digits, "
            f"new digits {fresh:.2f}: blends. Begin with noise and not with digits."
        )


def _midpoint_distance(images: torch.Tensor, train: torch.Tensor) -> float:
    """Measure how far images lie from the nearest mean of two digits, on average."""
    train = train.double()
    mirrored = (2 * image - train for image in images.double())
    return sum(torch.cdist(x, train).min().item() / 2 for x in mirrored) / len(images)


def _draw(answer: Any, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = numbers(call(answer, DRAWN, generator, untouched=True), shape=(DRAWN, 64))
    if drawn.min() < -3 or drawn.max() > 4:
        raise Mistake(
            f"Pixels go from 0 to 1; yours from {drawn.min():.1f} to "
            f"{drawn.max():.1f}. Does the walk end at the noise level 0?"
        )
    return torch.tensor(drawn).clamp(0, 1)


CHECKS: dict[str, Check] = {
    "7.1": _restore,
    "7.2": _denoise,
    "7.3": _log_ratio,
    "7.4": _posterior,
}
LABS: dict[str, Check] = {"7.5": _walked}
HINTS: dict[str, tuple[str, ...]] = {
    "7.1": (
        "What is the best answer to a question of chance? The chance, and the question "
        "was about the second copy.",
        "The second mask knows nothing of the first: given the image, one copy tells "
        "nothing about the other.",
        "Black in the second copy means black in the image and spared by the second "
        "mask. Solve for the first of the two.",
    ),
    "7.2": (
        "Only two clean values are possible. How likely is each, once y was seen?",
        "Write down both Gaussian densities at y; in their ratio y squared cancels.",
        "The mean is the chance of +1 less the chance of -1. With the odds put in, "
        "multiply above and below by half of the exponent, and you know its name.",
    ),
    "7.3": (
        "What kind of thing is the score, and what does one do with such a thing to "
        "get back what it was made from?",
        "Go from a to b in a straight line. A small piece of the way changes log p by "
        "the score there, times the piece.",
        "All places on the way can be one batch for the denoiser; a mean or the "
        "trapezoid rule over some hundreds of them is exact enough.",
    ),
    "7.4": (
        "Four clean images are possible. Which of them could not have become what you "
        "see?",
        "Multiply the chance of each with the chance that a mask makes it white, and "
        "ask how many of its pixels had to be hit.",
        "Given that something was seen, the four must sum to 1.",
    ),
    "7.5": (
        "The walk of the chapter knows nothing of points in the plane. What does it "
        "ask for, and can a network for 64 pixels give that?",
        "Two questions, apart: undo noise of 0.1, 0.5 and 2 on digits that the network "
        "has not seen and look at them; then look at the walk, level by level.",
        "The denoiser has to know the level, and all levels have to matter in its "
        "loss. An error of the same size is worse where the noise is small.",
    ),
}
