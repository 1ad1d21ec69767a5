"""Checks of workshop 4: a coupling, a velocity, a midpoint, ten densities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from lecture_code.exercises import Check, Mistake, _noised, call, close, numbers

SEEDS = (4101, 4112, 4123)


def _say(kept: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Say a log-scale and a shift that depend on what is kept, place by place."""
    return torch.sin(kept) * 0.7, 1.3 * kept.roll(1, dims=3) - 0.4


def _couple(answer: Any) -> str:
    """W4.1: scale and shift half of the channels; sum the log-scales."""
    for seed, shape in zip(SEEDS, ((3, 4, 2, 3), (2, 6, 3, 2)), strict=False):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        value = call(answer, x, _say)
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise Mistake("Return two things: the new x and the log-determinants (n,).")
        _compare_moved(numbers(value[0], shape=tuple(x.shape)), x)
        _compare_gain(numbers(value[1], shape=None), x)
        _check_gradient(answer, x)
    return (
        "What is kept does not change and what is moved is scaled place by place: the "
        "matrix of derivatives is triangular, and its log-determinant is the sum of "
        "the log-scales, whatever the network inside looks like."
    )


def _check_gradient(answer: Any, x: torch.Tensor) -> None:
    """Check that a scale can be learned from both results."""
    scale = torch.tensor(0.5, requires_grad=True)
    y, gain = answer(x, lambda kept: (scale * kept, scale * kept))
    for each, name in ((y, "new x"), (gain, "log-determinant")):
        if isinstance(each, torch.Tensor) and not each.requires_grad:
            raise Mistake(
                f"The numbers are right, but no gradient passes the {name}: is there a "
                ".detach(), an .item() or a torch.no_grad() on the way?"
            )


def _compare_moved(got: np.ndarray, x: torch.Tensor) -> None:
    kept, moved = x.chunk(2, dim=1)
    s, t = _say(kept)
    want = torch.cat([kept, moved * s.exp() + t], dim=1)
    if close(got, want):
        return
    s_other, t_other = _say(moved)
    slips = {
        "That is the way back: forward scales first and then shifts.": torch.cat(
            [kept, (moved - t) * (-s).exp()], dim=1
        ),
        "You shift first and scale then: the scale comes first.": torch.cat(
            [kept, (moved + t) * s.exp()], dim=1
        ),
        "s is the log of the scale: multiply by its exponential.": torch.cat(
            [kept, moved * s + t], dim=1
        ),
        "The first half is kept and the second moved; yours are the other way "
        "round.": torch.cat([kept * s_other.exp() + t_other, moved], dim=1),
        "The halves have changed places in what you return.": torch.cat(
            [moved * s.exp() + t, kept], dim=1
        ),
        "The shift is missing.": torch.cat([kept, moved * s.exp()], dim=1),
        "You divide by the scale; forward multiplies.": torch.cat(
            [kept, moved * (-s).exp() + t], dim=1
        ),
    }
    for hint, wrong in slips.items():
        if close(got, wrong):
            raise Mistake(hint)
    raise Mistake(
        "The new x is not the first half as it was, then the second half times exp(s) "
        "plus t."
    )


def _compare_gain(got: np.ndarray, x: torch.Tensor) -> None:
    s, _ = _say(x.chunk(2, dim=1)[0])
    want = s.flatten(1).sum(dim=1)
    if got.shape == tuple(want.shape) and close(got, want):
        return
    slips = {
        "One number for the whole batch: keep one for each image, of shape (n,).": (
            s.sum()
        ),
        "That is a mean: a determinant is a product over all places, so its log is a "
        "sum.": s.flatten(1).mean(dim=1),
        "The wrong sign: this is the log-determinant of the way from x to z.": -want,
        "Sum the log-scales, not the scales: the log of a product is a sum of "
        "logs.": s.exp().flatten(1).sum(dim=1),
        "That is the determinant itself: leave it in logs.": want.exp(),
        "Take s as it is: its absolute value forgets which places shrink.": (
            s.abs().flatten(1).sum(dim=1)
        ),
        "Sum over height and width as well as over channels.": s.sum(dim=1),
        "Sum over channels as well as over height and width.": s.sum(dim=(2, 3)),
    }
    for hint, wrong in slips.items():
        if got.shape == tuple(wrong.shape) and close(got, wrong):
            raise Mistake(hint)
    if got.shape != tuple(want.shape):
        raise Mistake(
            f"The log-determinants have shape {got.shape}; one for each image is "
            f"{tuple(want.shape)}."
        )
    raise Mistake(
        f"The log-determinant of the first image is {want[0]:.3f}, not {got[0]:.3f}. "
        "The shift does not change volumes; each scale does."
    )


def _matching(answer: Any) -> str:
    """W4.2: the squared error in the velocity of a straight line."""
    for x, label in _noised.batches(SEEDS, 10):
        field = _noised.Recorder()
        value = call(answer, field, x, label)
        got = numbers(value).item()
        _noised.check_asked(field.asked, x, label)
        seen, t, _ = field.asked[0]
        _check_line(seen, t, x)
        _compare_matching(got, field, x)
        _noised.check_gradient(value)
    return (
        "A plain regression, and no determinant anywhere: no layer has to be "
        "invertible, since an ODE can be run back whatever its velocity is."
    )


def _check_line(seen: torch.Tensor, t: torch.Tensor, x: torch.Tensor) -> None:
    """Check that what the field saw is a point between the image and normal noise."""
    _noised.check_unequal(seen, x)
    noise = ((seen - (1 - t) * x) / t)[(t > 0.1).flatten()]
    if _noised.is_normal(noise):
        return
    if _noised.looks_normal(((seen - t * x) / (1 - t))[(t < 0.9).flatten()]):
        raise Mistake(
            "The line runs the wrong way: at t = 0 the field should see the image, and "
            "at t = 1 the noise."
        )
    _noised.refuse_noise(noise, "(1 - t) x + t times noise")


def _compare_matching(got: float, field: _noised.Recorder, x: torch.Tensor) -> None:
    seen, t, told = (each.double() for each in field.asked[0])
    with torch.no_grad():
        guess = field(seen, t, told)
    noise = (seen - (1 - t) * x) / t.clamp(min=1e-12)
    error = (guess - (noise - x)).square()
    slips = {
        "": error.mean(),
        "That is a sum over pixels: take the mean over images and pixels.": (
            error.sum(dim=1).mean()
        ),
        "That is a sum over pixels and images: take the mean.": error.sum(),
        "The wrong sign: from the image to the noise the line runs with noise - x.": (
            (guess + noise - x).square().mean()
        ),
        "The target is the noise there: the velocity is noise - x.": (
            (guess - noise).square().mean()
        ),
        "The target is the image there: the velocity is noise - x.": (
            (guess - x).square().mean()
        ),
        "The target is the place itself: the velocity is noise - x.": (
            (guess - seen).square().mean()
        ),
        "Errors of both signs cancel there: square them first.": (
            guess - (noise - x)
        ).mean(),
        "Those are absolute errors; the best guess is then a median and no mean.": (
            (guess - (noise - x)).abs().mean()
        ),
        "That is the root of the loss.": error.mean().sqrt(),
        "The factor of a half is not wanted here.": error.mean() / 2,
    }
    for hint, value in slips.items():
        if math.isclose(got, value.item(), rel_tol=1e-3, abs_tol=1e-6):
            if hint:
                raise Mistake(hint)
            return
    raise Mistake(
        f"On a field whose answers are known your loss is {got:.3f}, and the mean "
        f"square of guess - (noise - x) is {error.mean():.3f}."
    )


class _Turn:
    """The velocity dx/dt = (a + t) x, whose solution is known; it notes its calls."""

    def __init__(self, a: float) -> None:
        self.a = a
        self.times: list[float] = []

    def __call__(self, x, t):
        self.times.append(float(torch.as_tensor(t)))
        if not -1e-6 <= self.times[-1] <= 1 + 1e-6:
            raise Mistake(f"Times lie in [0, 1]; you asked at {self.times[-1]:.2f}.")
        return (self.a + t) * x

    def walk(self, x: torch.Tensor, steps: int, half: float = 0.5) -> torch.Tensor:
        """Walk from 1 to 0 in midpoint steps, or ones that look elsewhere."""
        for step in range(steps):
            t, h = 1 - step / steps, 1 / steps
            trial = x - half * h * (self.a + t) * x
            x = x - h * (self.a + t - h / 2) * trial
        return x


def _walk(answer: Any) -> str:
    """W4.3: midpoint steps from t = 1 to t = 0."""
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    for a, steps in ((0.7, 4), (-1.2, 7), (0.7, 1)):
        field = _Turn(a)
        got = numbers(call(answer, field, x, steps), shape=tuple(x.shape))
        want = _Turn(a).walk(x, steps)
        if close(got, want):
            continue
        _explain_walk(got, x, a, steps)
        if (count := len(field.times)) != 2 * steps:
            raise Mistake(
                f"A midpoint step asks twice, so {steps} steps ask {2 * steps} times; "
                f"yours asked {count} times."
            )
        raise Mistake(
            "On a velocity whose walk is known yours ends elsewhere. The trial goes "
            "half a step; the velocity there, at the time half a step on, then moves "
            "the old x by a whole one."
        )
    return (
        "Half a step to look, a whole one to go: with twice the steps a quarter of "
        "the error is left, where a plain step leaves half."
    )


def _explain_walk(got: np.ndarray, x: torch.Tensor, a: float, steps: int) -> None:
    """Name the usual slips of a walk by where they end."""
    up, late, plain, go_on, heun = x, x, x, x, x
    for step in range(steps):
        t, h = 1 - step / steps, 1 / steps
        up = up + h * (a + t - h / 2) * (up + h / 2 * (a + t) * up)
        late = late - h * (a + t) * (late - h / 2 * (a + t) * late)
        plain = plain - h * (a + t) * plain
        trial = go_on - h / 2 * (a + t) * go_on
        go_on = trial - h * (a + t - h / 2) * trial
        ahead = heun - h * (a + t) * heun
        heun = heun - h / 2 * ((a + t) * heun + (a + t - h) * ahead)
    slips = {
        "The walk goes down in time: subtract the velocity times the step.": up,
        "The second call belongs to the time half a step on, not to t.": late,
        "Those are plain steps: ask again half way, and go with that answer.": plain,
        "The second move starts at the old x, not at the trial.": go_on,
        "That is Heun's step, with the mean of two velocities: here the one half way "
        "is enough.": heun,
        "Your trial goes a whole step: it should go half of it.": (
            _Turn(a).walk(x, steps, half=1.0)
        ),
    }
    for hint, wrong in slips.items():
        if close(got, wrong):
            raise Mistake(hint)


def _read(answer: Any) -> str:
    """W4.4: Bayes' rule from ten costs in bits per dimension."""
    for seed, n in zip(SEEDS, (5, 7), strict=False):
        draw = torch.Generator().manual_seed(seed)
        table = 1.2 + 0.003 * torch.randn(n, 10, generator=draw).double()
        x = torch.arange(n)[:, None].expand(n, 784).float()

        def cost(x, label, table=table):
            if tuple(label.shape) != (len(x),):
                raise Mistake(
                    f"cost wants a label for each image, shape {(len(x),)}, and got "
                    f"{tuple(label.shape)}."
                )
            return table[x[:, 0].long(), label.long()]

        got = numbers(call(answer, cost, x), shape=None)
        _compare_read(got, table)
    return (
        "A thousandth of a bit per dimension is half a nat: ten densities that look "
        "alike in the table of bits can be sure of a digit."
    )


def _is_near(got: np.ndarray, want: torch.Tensor) -> bool:
    """Compare what came of hundreds of nats, which a reader may add up in floats."""
    same = got.shape == tuple(want.shape)
    return same and np.allclose(got, want, rtol=1e-4, atol=1e-4)


def _compare_read(got: np.ndarray, table: torch.Tensor) -> None:
    nats = 784 * math.log(2) * table
    want = (-nats).softmax(dim=1)
    if _is_near(got, want):
        return
    slips = {
        "The wrong sign: a digit that costs less is likelier.": nats.softmax(dim=1),
        "Bits per dimension are shared by 784 pixels: multiply by their number "
        "first.": (-math.log(2) * table).softmax(dim=1),
        "Multiply by 784, and by log 2 as well: a softmax expects nats.": (
            (-table).softmax(dim=1)
        ),
        "Those are bits of an image, and a softmax expects nats: times log 2.": (
            (-784 * table).softmax(dim=1)
        ),
        "Those are logs of the probabilities: take the exponential.": (
            (-nats).log_softmax(dim=1)
        ),
        "Normalise over the ten digits of an image, not over the images.": (
            (-nats).softmax(dim=0)
        ),
        "Those are log-densities: Bayes' rule normalises them over the digits.": -nats,
        "Those are the costs as they came.": table,
        "The image is along the first axis, the digit along the second.": want.T,
        "That is the likeliest digit; return the probability of each.": (
            want.argmax(dim=1)
        ),
    }
    for hint, wrong in slips.items():
        if _is_near(got, wrong):
            raise Mistake(hint)
    if got.shape != tuple(want.shape):
        raise Mistake(
            f"Return a probability for each image and digit, shape "
            f"{tuple(want.shape)}; yours has shape {got.shape}."
        )
    raise Mistake(
        f"The first image should be a 0 with probability {want[0, 0]:.3f}; yours says "
        f"{got[0, 0]:.3f}."
    )


CHECKS: dict[str, Check] = {
    "W4.1": _couple,
    "W4.2": _matching,
    "W4.3": _walk,
    "W4.4": _read,
}

HINTS: dict[str, tuple[str, ...]] = {
    "W4.1": (
        "Cut x into two halves along the channels, and ask say about the first only.",
        "A place of the second half becomes exp(s) times itself plus t; the first half "
        "is returned as it was.",
        "Each place of the second half stretches space by exp(s). Stretches multiply, "
        "so their logs add, over channels, height and width, for each image alone.",
    ),
    "W4.2": (
        "On a straight line from the image at t = 0 to the noise at t = 1 the velocity "
        "is the same everywhere: where it ends minus where it began.",
        "Draw t of shape (n, 1) and noise of the shape of x; show the field the point "
        "at t, and take the mean square of its error.",
    ),
    "W4.3": (
        "All steps have one length, 1 / steps, and time falls.",
        "Ask at x and t, go half a step on trial, ask there at the time half a step "
        "earlier, then go a whole step from the old x with the second answer.",
    ),
    "W4.4": (
        "All digits are equally likely beforehand, so only the ten densities count.",
        "cost says bits per dimension. Minus cost times 784 times log 2 is a "
        "log-density in nats; Bayes' rule divides each density by the sum of all ten.",
    ),
}
