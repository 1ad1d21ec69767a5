"""Answers to the exercises of workshop 6, right and wrong."""

from __future__ import annotations

import math

import torch


def _rates(t):
    angle = t * (math.pi / 2)
    return angle.cos(), angle.sin()


def _loss(model, x, labels):
    """By the mean over pixels, then over images, with the point written as a turn."""
    angle = torch.rand(x.shape[0]).mul(math.pi / 2)[:, None]
    eps = torch.randn(x.shape)
    keep, noise = torch.cos(angle), torch.sin(angle)
    target = keep * eps - noise * x
    error = target - model(keep * x + noise * eps, 2 * angle / math.pi, labels)
    return (error**2).mean(dim=1).mean()


def _other(
    target=lambda x, eps, a, s: a * eps - s * x,
    point=lambda x, eps, a, s: a * x + s * eps,
    reduce=lambda error: error.square().mean(),
    times=lambda n: torch.rand(n, 1),
    noise=torch.randn_like,
):
    """Write the loss with one part exchanged."""

    def loss(model, x, labels):
        t, eps = times(len(x)), noise(x)
        alpha, sigma = _rates(t)
        guess = model(point(x, eps, alpha, sigma), t, labels)
        return reduce(guess - target(x, eps, alpha, sigma))

    return loss


def _flat_times(model, x, labels):
    t = torch.rand(len(x))
    alpha, sigma = (rate[:, None] for rate in _rates(t))
    eps = torch.randn_like(x)
    guess = model(alpha * x + sigma * eps, t, labels)
    return (guess - alpha * eps + sigma * x).square().mean()


def _step(velocity, x, t, s):
    """Turn on the quarter circle, then move by half of what the guess has changed."""
    way = (t - s) * math.pi / 2
    (alpha, sigma), (alpha_s, sigma_s) = _rates(t), _rates(s)
    first = velocity(x, t)
    trial = x * torch.cos(way) - torch.sin(way) * first
    change = alpha_s * trial - sigma_s * velocity(trial, s) - alpha * x + sigma * first
    return trial + change / 2 * torch.sin(way) / sigma


def _turned(velocity, x, t, s):
    """Look ahead on the quarter circle, and go straight by the mean velocity."""
    way = (t - s) * math.pi / 2
    first = velocity(x, t)
    second = velocity(x * torch.cos(way) - torch.sin(way) * first, s)
    return x - way / 2 * (first + second)


def _heun(velocity, x, t, s):
    """The step that stands above the exercise."""
    way, first = (t - s) * math.pi / 2, velocity(x, t)
    return x - way * (first + velocity(x - way * first, s)) / 2


def _guesses(velocity, x, t, s):
    """Return both velocities, both guesses of the image and both of the noise."""
    (alpha, sigma), (alpha_s, sigma_s) = _rates(t), _rates(s)
    way, first = (t - s) * math.pi / 2, velocity(x, t)
    trial = x * torch.cos(way) - torch.sin(way) * first
    second = velocity(trial, s)
    images = alpha * x - sigma * first, alpha_s * trial - sigma_s * second
    noises = sigma * x + alpha * first, sigma_s * trial + alpha_s * second
    return (first, second), images, noises


def _mean_turned(velocity, x, t, s):
    """Turn by the mean of the two velocities, as a plain step does."""
    way = (t - s) * math.pi / 2
    (first, second), _, _ = _guesses(velocity, x, t, s)
    return x * torch.cos(way) - torch.sin(way) * (first + second) / 2


def _old_noise(velocity, x, t, s, *, which=0):
    _, images, noises = _guesses(velocity, x, t, s)
    alpha, sigma = _rates(s)
    return alpha * sum(images) / 2 + sigma * noises[which]


def _second_alone(velocity, x, t, s):
    _, (_, later), _ = _guesses(velocity, x, t, s)
    (alpha, sigma), (alpha_s, sigma_s) = _rates(t), _rates(s)
    return alpha_s * later + sigma_s * (x - alpha * later) / sigma


def _euler(velocity, x, t, s):
    velocity(x, t)
    return x - (t - s) * math.pi / 2 * velocity(x, t)


def _late(velocity, x, t, s):
    """Ask again at the predicted point, but at the old time."""
    way = (t - s) * math.pi / 2
    first = velocity(x, t)
    return x - way / 2 * (first + velocity(x - way * first, t))


def _unscaled(velocity, x, t, s):
    first = velocity(x, t)
    return x - (t - s) / 2 * (first + velocity(x - (t - s) * first, s))


def _complete(velocity, x, known, mask, steps, *, level=1.0, keep=True, walk=True):
    """Mix by arithmetic, with one noise for the whole way."""
    eps, here = torch.randn(x.shape), mask.float()
    clean = torch.where(mask, known, 0.0)
    for k in range(steps, 0, -1):
        t, s = torch.tensor(k / steps), torch.tensor((k - 1) / steps)
        alpha, sigma = _rates(t)
        put = alpha * clean + level * sigma * eps if level else clean
        mixed = here * put + (1 - here) * x
        v = velocity(mixed, t)
        way = (t - s) * math.pi / 2
        x = torch.cos(way) * (mixed if walk else x) - torch.sin(way) * v
    return torch.where(mask, known, x) if keep else x


def _unseen(velocity, x, known, mask, steps):
    """Walk as if nothing were known, and put the known pixels in at the end."""
    for k in range(steps, 0, -1):
        way = torch.tensor(math.pi / 2 / steps)
        x = torch.cos(way) * x - torch.sin(way) * velocity(x, torch.tensor(k / steps))
    return torch.where(mask, known, x)


RIGHT = {"W6.1": _loss, "W6.2": _step, "W6.3": _complete}

WRONG = [
    ("W6.1", _other(target=lambda x, eps, a, s: eps), "target is the noise"),
    ("W6.1", _other(target=lambda x, eps, a, s: x), "target is the clean image"),
    ("W6.1", _other(target=lambda x, eps, a, s: a * eps + s * x), "with a minus"),
    ("W6.1", _other(target=lambda x, eps, a, s: s * x - a * eps), "turned round"),
    ("W6.1", _other(target=lambda x, eps, a, s: s * eps - a * x), "change places"),
    ("W6.1", _other(point=lambda x, eps, a, s: s * x + a * eps), "swapped"),
    ("W6.1", _other(point=lambda x, eps, a, s: x), "clean images"),
    ("W6.1", _other(point=lambda x, eps, a, s: x + s * eps), "not alpha x + sigma"),
    ("W6.1", _other(reduce=lambda e: e.square().sum()), "pixels and images"),
    ("W6.1", _other(reduce=lambda e: e.square().sum(dim=1).mean()), "over pixels."),
    ("W6.1", _other(reduce=lambda e: e.mean()), "square them first"),
    ("W6.1", _other(reduce=lambda e: e.abs().mean()), "absolute errors"),
    ("W6.1", _other(reduce=lambda e: e.square().mean().sqrt()), "root of the loss"),
    ("W6.1", _other(reduce=lambda e: e.square().mean() / 2), "factor of a half"),
    ("W6.1", _other(reduce=lambda e: e.square()), "expected one number"),
    ("W6.1", _other(reduce=lambda e: e.square().mean().detach()), "no gradient"),
    ("W6.1", _other(times=lambda n: torch.rand(1).expand(n, 1)), "the same time"),
    ("W6.1", _other(times=lambda n: torch.rand(())), "a time for each image"),
    ("W6.1", _other(times=lambda n: torch.rand(n, 1) ** 2), "evenly in [0, 1]"),
    ("W6.1", _other(noise=torch.rand_like), "a standard normal"),
    ("W6.1", _other(noise=lambda x: torch.randn(len(x), 1)), "noise of its own"),
    ("W6.1", _other(noise=lambda x: torch.randn(x.shape[1])), "noise of its own"),
    ("W6.1", _other(point=lambda x, eps, a, s: a * x - s * eps), "the other in v"),
    ("W6.1", _flat_times, "a time for each image, shape (4000, 1), and got (4000,)"),
    ("W6.1", lambda model, x, labels: x.mean(), "0 calls"),
    (
        "W6.1",
        lambda model, x, labels: _loss(model, x, labels.roll(1)),
        "labels go to the model",
    ),
    ("W6.2", lambda velocity, x, t, s: x - (t - s) * velocity(x, t), "yours asked 1"),
    ("W6.2", _heun, "that is Heun's method"),
    ("W6.2", _turned, "not the two velocities"),
    ("W6.2", _mean_turned, "average the two velocities. They"),
    ("W6.2", _old_noise, "noise of the first guess"),
    ("W6.2", lambda *given: _old_noise(*given, which=1), "noise of the second"),
    ("W6.2", _second_alone, "second guess alone"),
    ("W6.2", _euler, "not fourfold"),
    ("W6.2", _late, "not fourfold"),
    ("W6.2", _unscaled, "unit of the angle"),
    ("W6.2", lambda velocity, x, t, s: _step(velocity, x, t, 2 * s), "Times lie"),
    ("W6.2", lambda velocity, x, t, s: 2 * x - _step(velocity, x, t, s), "unit of"),
    ("W6.3", lambda *given: _complete(*given, level=0.0), "came in clean"),
    ("W6.3", lambda *given: _complete(*given, level=0.5), "not 0 and 1"),
    ("W6.3", _unseen, "put in before each call"),
    ("W6.3", lambda *given: _complete(*given, keep=False), "are not those given"),
    ("W6.3", lambda v, x, known, mask, n: known, "0 came"),
    ("W6.3", lambda v, x, known, mask, n: _complete(v, x, known, mask, n // 2), "need"),
]
