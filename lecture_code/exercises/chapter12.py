"""Checks of chapter 12: a perfect network, a reader, a floor, few steps, few calls."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from lecture_code import datasets, diffusion, divergences, noising, trained
from lecture_code.densities import GaussianMixture
from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (1201, 1212, 1223)


def _perfect(answer: Any) -> str:
    """12.1: what has the least loss on some images."""
    for (n, d), seed in zip(((5, 3), (40, 8), (2, 1)), SEEDS, strict=True):
        rng = np.random.default_rng(seed)
        images, x = rng.normal(size=(n, d)), rng.normal(size=(7, d))
        for t in (0.3, 0.6, 1.0, 0.02):
            got = call(answer, torch.tensor(images), torch.tensor(x), t)
            got = numbers(got, shape=x.shape, finite=False)
            _compare_perfect(got, images, x, t)
    return (
        "It is a mean of the images, each weighted by how well it explains x. On the "
        "digits its training loss is far below the network's, its loss on new digits "
        "far above, and all that it draws are training images. So the network draws "
        "something new only because it does not come down to the least loss, and a "
        "training loss that still falls is no reason to go on."
    )


def _weigh(images: np.ndarray, x: np.ndarray, t: float, *, keep=None, width=None):
    """Mean of the images, weighted by their chance to be behind x."""
    alpha, sigma = math.cos(math.pi * t / 2), math.sin(math.pi * t / 2)
    keep, width = keep or alpha, width or 2 * sigma**2
    far = ((x[:, None] - keep * images) ** 2).sum(axis=2)
    weights = np.exp(-(far - far.min(axis=1, keepdims=True)) / width)
    return weights @ images / weights.sum(axis=1, keepdims=True)


def _compare_perfect(got: np.ndarray, images: np.ndarray, x: np.ndarray, t: float):
    if not np.isfinite(got).all():
        raise Mistake(
            f"NaN or infinity came at t = {t:g}. With little noise all weights are exp "
            "of something like -1000, which is 0 in the computer, and 0 / 0 follows: "
            "only differences of exponents matter, and softmax knows that."
        )
    if close(got, _weigh(images, x, t)):
        return
    sigma = math.sin(math.pi * t / 2)
    far = ((x[:, None] - math.cos(math.pi * t / 2) * images) ** 2).sum(axis=2)
    slips = {
        "That is the nearest image. Others may be behind x as well, each with some "
        "probability, and squared errors are least for the mean.": (
            images[far.argmin(axis=1)]
        ),
        "That is the mean of all images whatever x is. From x something can be seen.": (
            0 * x + images.mean(axis=0)
        ),
        "An image that is behind x was shrunk by alpha first: compare x with that.": (
            _weigh(images, x, t, keep=1.0)
        ),
        "The weights are those of a bell: where is the 2 of 2 sigma**2?": (
            _weigh(images, x, t, width=sigma**2)
        ),
        "The weights are those of a bell: distance and sigma are squared.": (
            _weigh(images, x, t, width=2 * sigma)
        ),
        "Noise falls on each coordinate: squares are added up, not averaged.": (
            _weigh(images, x, t, width=2 * sigma**2 * x.shape[1])
        ),
        "That is x itself, or x / alpha. Only the images can be behind x.": x,
    }
    for hint, wrong in slips.items():
        if close(got, wrong):
            raise Mistake(hint)
    raise Mistake(
        f"Wrong at t = {t:g}. If each image is as likely as any other, with which "
        "probability was this one noised to x? The least squared error has the mean."
    )


#: Share of digits that a reader has to get right.
_READ = 0.94


class _Renamed(torch.nn.Module):
    """The network of a model whose classes got other names; it notes what it saw."""

    def __init__(self, network: torch.nn.Module, names: torch.Tensor) -> None:
        super().__init__()
        self.network, self.names = network, names
        self.seen: list[tuple[float, float]] = []

    def forward(self, x, t, labels):
        self.seen.append((float(t.double().mean()), float(x.double().sum())))
        return self.network(x, t, self.names[labels])


class _Bells(torch.nn.Module):
    """The best velocities of classes that are round bells of standard deviation 0.3."""

    means = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 3.0], [0.0, 0.0]])

    def forward(self, x, t, labels):
        angle, mean, rho = math.pi * t[:, None] / 2, self.means.to(x)[labels], 0.3
        alpha, sigma = angle.cos(), angle.sin()
        off = (x - alpha * mean) / (alpha**2 * rho**2 + sigma**2)
        return alpha * sigma * (1 - rho**2) * off - sigma * mean


def _reader(answer: Any) -> str:
    """12.2: which class a diffusion model sees in an image."""
    draw = torch.Generator().manual_seed(SEEDS[0])
    labels = torch.arange(60) % 3
    x = _Bells.means[labels] + 0.3 * torch.randn(60, 2, generator=draw)
    _compare_read(answer, diffusion.Diffusion(_Bells(), d=2, classes=3), x, labels)
    stored: Any = trained.load("diffusion-digits")
    names = torch.randperm(10, generator=draw)
    network = _Renamed(stored.network, torch.cat([names, torch.tensor([10])]))
    model = diffusion.Diffusion(network, d=64, classes=10)
    network.seen.clear()  # a new model tries its network
    test: Any = datasets.digits("test")
    labels = names.argsort()[test.labels]
    _compare_read(answer, model, datasets.scaled(test.pixels), labels)
    return (
        "It was never asked to read, and on these digits it reads better than the "
        "lesson's classifier, which learned from the same images to do nothing else. "
        "Small differences are compared, so all classes should meet the same noise, "
        "and of a middling size: under heavy noise the strokes are gone, and with "
        "hardly any the image shows and the class adds little."
    )


def _compare_read(answer: Any, model: Any, x: torch.Tensor, labels: torch.Tensor):
    got = numbers(call(answer, model, x), shape=(len(x),))
    right, most = (got == labels.numpy()).mean(), model.classes - 1
    if not np.isin(got, np.arange(most + 1)).all():
        raise Mistake(
            f"This model has {most + 1} classes, with labels from 0 to {most}, and "
            f"{got.min():g} to {got.max():g} came."
        )
    if right >= _READ:
        return
    if right < 0.6 / (most + 1):
        raise Mistake(
            f"Of {len(x)} images with {most + 1} classes {right:.0%} are read, fewer "
            "than by chance. Which class explains an image: the one with large errors?"
        )
    at = f"{right:.0%} of {len(x)} images are read, and {_READ:.0%} is the bar"
    if not isinstance(model.network, _Renamed):
        raise Mistake(
            f"{at}, with three classes far apart. What does the model say of the image "
            "if it is told a class, and what if it is told another?"
        )
    seen = model.network.seen
    if not seen:
        raise Mistake(f"{at}: you never ask the model, and its labels are its own.")
    if len(seen) > most and len(set(seen)) == len(seen):
        raise Mistake(
            f"{at}. Each class met noise of its own, or another time, and the "
            "difference between two classes is smaller than that between two draws."
        )
    times = [t for t, _ in seen]
    raise Mistake(
        f"{at}. You asked at times from {min(times):.2f} to {max(times):.2f}. Where "
        "does it help most to be told the class? Try single times, and count on the "
        "training digits."
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
    "12.1": _perfect,
    "12.2": _reader,
    "12.3": _floor,
    "12.4": _spread,
}
LABS: dict[str, Check] = {"12.5": _walk}
HINTS: dict[str, tuple[str, ...]] = {
    "12.1": (
        "Of all functions of x the conditional mean of the image has the least squared "
        "error. Here the data are a list of images, each as likely as any other.",
        "Bayes: how probable is each image, if x was seen? x is alpha times the image "
        "plus noise, so its density given an image is a bell.",
        "The weights are proportional to exp of minus the squared distance of x to "
        "alpha times the image, over 2 sigma**2. Add them up to 1 without leaving the "
        "exponents, and take the mean of the images.",
    ),
    "12.2": (
        "Noise an image yourself. You know what is behind it; does the model find it?",
        "It finds it better if it is told the right class. So try all classes on the "
        "same noisy image, and compare the errors.",
        "Look for the times at which single draws read best, and add the errors of two "
        "or more of them.",
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
