"""Checks of workshop 6: the denoising loss, a better step, and completion."""

from __future__ import annotations

import math
from typing import Any

import torch

from lecture_code.exercises import Check, Mistake, _noised, call, close, numbers

SEEDS = (6101, 6112, 6123)


def _rates(t: Any) -> tuple[torch.Tensor, torch.Tensor]:
    angle = torch.as_tensor(t, dtype=torch.float64) * math.pi / 2
    return angle.cos(), angle.sin()


def _loss(answer: Any) -> str:
    """W6.1: the squared error in the velocity at random times."""
    for x, labels in _noised.batches(SEEDS, 11):
        model = _noised.Recorder()
        value = call(answer, model, x, labels)
        got = numbers(value).item()
        _noised.check_asked(model.asked, x, labels)
        seen, t, _ = model.asked[0]
        _check_noise(seen, t, x)
        _compare_loss(got, model, x)
        _noised.check_gradient(value)
    return (
        "That is all of the training: a regression with a known answer, at a noise "
        "level that changes from image to image. Nothing in it knows how many steps "
        "the walk back will take."
    )


def _check_noise(seen: torch.Tensor, t: torch.Tensor, x: torch.Tensor) -> None:
    """Check that what the network saw is alpha x plus sigma times normal noise."""
    alpha, sigma = _rates(t)
    eps = ((seen - alpha * x) / sigma)[(sigma > 0.1).flatten()]
    if _noised.is_normal(eps):
        return
    swapped = ((seen - sigma * x) / alpha)[(alpha > 0.1).flatten()]
    if _noised.looks_normal(swapped):
        raise Mistake(
            "The two shares are swapped: at t = 0 the model should see the image, and "
            "at t = 1 the noise."
        )
    _noised.check_unequal(seen, x)
    _noised.refuse_noise(eps, "alpha x + sigma eps")


def _compare_loss(got: float, model: _noised.Recorder, x: torch.Tensor) -> None:
    seen, t, told = model.asked[0]
    guess = model(seen, t, told).detach().double()
    alpha, sigma = _rates(t)
    eps = (seen - alpha * x) / sigma
    v = alpha * eps - sigma * x

    def is_close(want: torch.Tensor) -> bool:
        return math.isclose(got, want.item(), rel_tol=1e-4)

    error = (guess - v).square()
    if is_close(error.mean()):
        return
    slips = {
        "That is a sum over pixels. With the mean the number does not depend on the "
        "size of the images, and the rate of learning need not either.": (
            error.sum(dim=1).mean()
        ),
        "That is a sum over pixels and images: take the mean.": error.sum(),
        "The target is the noise there, and should be the velocity v, which holds "
        "some of the image as well.": (guess - eps).square().mean(),
        "The target is the clean image there, and should be the velocity v.": (
            (guess - x).square().mean()
        ),
        "The image enters v with a minus: v = alpha eps - sigma x.": (
            (guess - alpha * eps - sigma * x).square().mean()
        ),
        "The sign of v is turned round.": (guess + v).square().mean(),
        "The noise has one sign in what the model sees and the other in v.": (
            (guess + alpha * eps + sigma * x).square().mean()
        ),
        "In v the shares change places: alpha goes with the noise.": (
            (guess - sigma * eps + alpha * x).square().mean()
        ),
        "Errors of both signs cancel there: square them first.": (guess - v).mean(),
        "Those are absolute errors; the best guess is then a median and no mean.": (
            (guess - v).abs().mean()
        ),
        "That is the root of the loss.": error.mean().sqrt(),
        "The factor of a half is not wanted here.": error.mean() / 2,
    }
    for hint, wrong in slips.items():
        if is_close(wrong):
            raise Mistake(hint)
    raise Mistake(
        f"On a network whose answers are known your loss is {got:.3f}, and the mean of "
        f"(guess - v)**2 is {error.mean():.3f}."
    )


class _Bell:
    """The exact velocity of data from a normal law; it notes when it is asked."""

    def __init__(self, mean: float, spread: float) -> None:
        self.mean, self.spread = mean, spread
        self.times: list[float] = []

    def __call__(self, x, t):
        self.times.append(float(torch.as_tensor(t)))
        if not -1e-6 <= self.times[-1] <= 1 + 1e-6:
            raise Mistake(f"Times lie in [0, 1]; you asked at {self.times[-1]:.2f}.")
        alpha, sigma = _rates(t)
        off = (x - alpha * self.mean) / (alpha**2 * self.spread**2 + sigma**2)
        return alpha * sigma * (1 - self.spread**2) * off - sigma * self.mean

    def end(self, x: torch.Tensor) -> torch.Tensor:
        """Where the exact walk ends that begins at x with t = 1."""
        return self.mean + self.spread * x


def _ahead(answer: Any) -> str:
    """W6.2: a step of the second order in two calls, exact for a guess that stays."""
    for mean, spread in ((0.6, 0.4), (-1.0, 0.2)):
        errors = {n: _walk(answer, _Bell(mean, spread), n) for n in (16, 32)}
        _name_slip(answer, _Bell(mean, spread))
        if errors[32] > 0.05:
            raise Mistake(
                "On data from a bell, whose velocity is known, 32 of your steps end "
                f"{errors[32]:.2f} from where they should. The path's speed is v for "
                "each unit of the angle, pi t / 2, and the walk goes down in t: do "
                "length and sign of your step agree with that?"
            )
        gain = errors[16] / errors[32]
        if gain < 2.5:
            raise Mistake(
                f"With twice the steps the error falls {gain:.1f}-fold, as with plain "
                "steps, and not fourfold. The second call has to see the predicted "
                "point, at the time where it lies, and both calls count by half."
            )
    still = _Bell(0.6, 1e-3)  # all but one image: the guess of it never changes
    if (error := _walk(answer, still, 4)) > 0.05:
        raise Mistake(
            "Twice the steps, a quarter of the error: that is Heun's method. But where "
            "all data are alike the guess of the clean image never changes. A plain "
            f"step is exact there, and 4 of yours end {error:.2f} away. Average the "
            "two guesses of the image, not the two velocities."
        )
    return (
        "Twice the steps, a quarter of the error. On the network the gain ends where "
        "its own error begins: no step is better than the velocity that it is told."
    )


def _mix(x: Any, v: Any, t: Any, s: Any, *, image: Any = None) -> Any:
    """Go from t to s with the noise that v says, and its image or another one."""
    (alpha, sigma), (alpha_s, sigma_s) = _rates(t), _rates(s)
    clean = alpha * x - sigma * v if image is None else image
    return alpha_s * clean + sigma_s * (sigma * x + alpha * v)


def _name_slip(answer: Any, bell: _Bell) -> None:
    """Compare a step with those of the usual slips."""
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    t, s = torch.tensor([0.75, 0.5], dtype=torch.float64)
    got = numbers(call(answer, bell, x, t, s), shape=x.shape)
    first = bell(x, t)
    trial = _mix(x, first, t, s)
    second = bell(trial, s)
    (alpha, sigma), (alpha_s, sigma_s) = _rates(t), _rates(s)
    later = alpha_s * trial - sigma_s * second
    mean = (alpha * x - sigma * first + later) / 2
    slips = {
        "You average the two velocities. They belong to two times: turn each into its "
        "guess of the clean image, with the shares of its own time, and average "
        "those.": _mix(x, (first + second) / 2, t, s),
        "You keep the noise of the first guess. If the mean guess is the image, other "
        "noise is left of x: (x - alpha mean) / sigma, at time t.": (
            _mix(x, first, t, s, image=mean)
        ),
        "You keep the noise of the second guess. If the mean guess is the image, other "
        "noise is left of x: (x - alpha mean) / sigma, at time t.": (
            alpha_s * mean + sigma_s * (sigma_s * trial + alpha_s * second)
        ),
        "You go with the second guess alone: take the mean of both.": (
            _mix(x, (alpha * x - later) / sigma, t, s)
        ),
    }
    for hint, wrong in slips.items():
        if close(got, wrong):
            raise Mistake(hint)


def _walk(answer: Any, bell: _Bell, steps: int) -> float:
    """Walk with the student's steps; return the mean error of the ends."""
    start = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    times = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
    x = start
    for t, s in times.unfold(0, 2, 1):
        before = len(bell.times)
        x = call(answer, bell, x, t, s)
        x = torch.as_tensor(numbers(x, shape=start.shape))
        if (asked := len(bell.times) - before) != 2:
            raise Mistake(
                f"A step may ask twice for the velocity; yours asked {asked}."
            )
    return (x - bell.end(start)).abs().mean().item()


class _Twins:
    """The exact velocity of two images, all dark and all light; it notes its calls."""

    ink = 0.8

    def __init__(self) -> None:
        self.asked: list[tuple[torch.Tensor, float]] = []

    def __call__(self, x, t):
        t = float(torch.as_tensor(t).flatten()[0])
        if not 0 < t <= 1:
            raise Mistake(f"Ask at times from 1 down to above 0; {t:.2f} came.")
        self.asked.append((x.detach().clone(), t))
        alpha, sigma = _rates(t)
        pull = self.ink * alpha * x.sum(dim=1, keepdim=True) / sigma**2
        clean = self.ink * torch.tanh(pull)
        return (alpha * x - clean) / sigma


def _complete(answer: Any) -> str:
    """W6.3: completion of images by a model that was never trained for it."""
    draw = torch.Generator().manual_seed(SEEDS[2])
    for n, d, steps in ((400, 4, 30), (300, 6, 20)):
        known = torch.randint(2, (n, 1), generator=draw).expand(n, d)
        known = _Twins.ink * (known * 2.0 - 1)
        mask = torch.arange(d) < d // 2
        start = torch.randn(n, d, generator=draw)
        hidden = torch.where(mask, known, 7.0)  # what may not be looked at
        model = _Twins()
        value = call(answer, model, start, hidden, mask, steps)
        got = torch.as_tensor(numbers(value, shape=(n, d)))
        _check_known(model.asked, known, mask, steps)
        if not torch.allclose(got[:, mask], known[:, mask].double(), atol=1e-4):
            raise Mistake("The known pixels of the result are not those given.")
        _check_rest(got[:, ~mask], known[:, ~mask])
    return (
        "The network was trained for nothing of the kind. The known pixels steer the "
        "others through what it guesses; what is put in does not listen to what the "
        "walk has drawn so far, so the two halves agree well, not perfectly."
    )


def _check_known(asked: list, known, mask, steps: int) -> None:
    """Check that known pixels had the noise of their time whenever they were shown."""
    if len(asked) != steps:
        raise Mistake(f"{steps} steps need {steps} calls; {len(asked)} came.")
    times = torch.tensor([t for _, t in asked])
    if not bool((times.diff() < 0).all()):
        raise Mistake("Times should fall from 1 towards 0.")
    for x, t in asked[1:]:
        alpha, sigma = _rates(t)
        eps = ((x - alpha * known) / sigma)[:, mask]
        if abs(eps.mean()) < 0.3 and abs(eps.std() - 1) < 0.2:
            continue
        if torch.allclose(x[:, mask], known[:, mask]):
            raise Mistake(
                f"At t = {t:.2f} the known pixels came in clean. The network has "
                "learned what an image looks like that is noisy all over: noise them "
                "to the level of their time."
            )
        raise Mistake(
            f"At t = {t:.2f} the known pixels should be alpha times the image plus "
            f"sigma times noise. Taken back, that noise has mean {eps.mean():.2f} and "
            f"spread {eps.std():.2f}, not 0 and 1: were they put in before each call, "
            "and with the rates of the same time?"
        )


def _check_rest(got: torch.Tensor, want: torch.Tensor) -> None:
    if got.abs().max() > 1.2:
        raise Mistake(
            "The data are all dark or all light, and some of your other pixels are "
            "neither. Did pixels outside of the mask leak in?"
        )
    agree = (got.sign() == want.sign()).double().mean().item()
    if agree < 0.75:
        raise Mistake(
            "The data are all dark or all light, so known pixels tell the others; only "
            f"{agree:.0%} of yours agree. Does the network see the known pixels in "
            "each step, and do the others take what it says?"
        )


CHECKS: dict[str, Check] = {"W6.1": _loss, "W6.2": _ahead, "W6.3": _complete}
HINTS: dict[str, tuple[str, ...]] = {
    "W6.1": (
        "Everything on the right of the formula is drawn or given: draw a time for "
        "each image and noise for each pixel, and the target is known.",
        "Four lines: draw t and eps; their two rates; the target v; the mean of the "
        "squared difference between the network's answer and v.",
        "Times have the shape (n, 1), so that alpha and sigma multiply whole rows.",
    ),
    "W6.2": (
        "A plain step takes the velocity at its start for the whole way. Where does it "
        "come out, and what would the network say there?",
        "Go there for a trial with the plain step, and ask again at the later time. "
        "Each of the two velocities holds a guess of the clean image: alpha x - sigma "
        "v, with the shares of its own time.",
        "Take the mean of the two guesses. What noise does the old point hold if that "
        "is its image? With both you can write down the point at s.",
    ),
    "W6.3": (
        "Before each step the known pixels of x can be replaced: you know what they "
        "would look like at time t if the walk were right.",
        "At time t an image is alpha times itself plus sigma times noise. torch.where "
        "puts it in where the mask is true.",
        "After the last step put in the clean pixels themselves.",
    ),
}
