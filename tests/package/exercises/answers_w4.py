"""Answers to the exercises of workshop 4, right and wrong."""

from __future__ import annotations

import math

import torch


def _couple(x, say):
    """Change the second half in place of a copy, and sum image by image."""
    half = x.shape[1] // 2
    s, t = say(x[:, :half])
    y = torch.cat([x[:, :half], torch.exp(s) * x[:, half:] + t], dim=1)
    return [y, torch.stack([image.sum() for image in s])]


def _other(move=None, gain=None):
    """Write a coupling with one part exchanged."""

    def couple(x, say):
        y, total = _couple(x, say)
        kept, moved = x.chunk(2, dim=1)
        s, t = say(kept)
        if move is not None:
            y = move(kept, moved, s, t)
        return y, total if gain is None else gain(s)

    return couple


def _halves(x, say):
    kept, moved = x.chunk(2, dim=1)
    s, t = say(moved)
    return torch.cat([kept * s.exp() + t, moved], dim=1), s.flatten(1).sum(dim=1)


def _detached(x, say):
    y, total = _couple(x, say)
    return y, total.detach()


def _join(*parts):
    return torch.cat(parts, dim=1)


def _matching(field, x, label):
    """Go along the line by its velocity."""
    eps, t = torch.randn(x.shape), torch.rand(x.shape[0])[:, None]
    velocity = eps - x
    guess = field(x + t * velocity, t, label)
    return torch.nn.functional.mse_loss(guess, velocity)


def _loss(
    target=lambda x, eps: eps - x,
    point=lambda x, eps, t: (1 - t) * x + t * eps,
    reduce=lambda error: error.square().mean(),
    times=lambda n: torch.rand(n, 1),
    noise=torch.randn_like,
):
    """Write the loss of flow matching with one part exchanged."""

    def loss(field, x, label):
        t, eps = times(len(x)), noise(x)
        return reduce(field(point(x, eps, t), t, label) - target(x, eps))

    return loss


def _midpoint(velocity, x, steps):
    """Go through pairs of times."""
    times = torch.linspace(1, 0, 2 * steps + 1, dtype=torch.float64)
    for k in range(steps):
        t, middle, s = times[2 * k : 2 * k + 3]
        half = x + (middle - t) * velocity(x, t)
        x = x + (s - t) * velocity(half, middle)
    return x


def _walk(change):
    def walk(velocity, x, steps):
        for k in range(steps):
            x = change(velocity, x, torch.tensor(1 - k / steps), 1 / steps)
        return x

    return walk


def _heun(v, x, t, h):
    first = v(x, t)
    return x - h / 2 * (first + v(x - h * first, t - h))


def _on(v, x, t, h):
    trial = x - h / 2 * v(x, t)
    return trial - h * v(trial, t - h / 2)


def _ten(cost, x):
    labels = torch.arange(10).repeat_interleave(len(x))
    return cost(x.repeat(10, 1), labels).view(10, len(x)).T


def _read(cost, x):
    """Divide likelihoods by their sum, relative to the best."""
    logs = -_ten(cost, x).double() * 784 * math.log(2)
    chance = (logs - logs.amax(dim=1, keepdim=True)).exp()
    return chance / chance.sum(dim=1, keepdim=True)


def _reading(change):
    return lambda cost, x: change(_ten(cost, x) * 784 * math.log(2))


RIGHT = {"W4.1": _couple, "W4.2": _matching, "W4.3": _midpoint, "W4.4": _read}

WRONG = [
    ("W4.1", lambda x, say: _couple(x, say)[0], "Return two things"),
    ("W4.1", _halves, "the other way round"),
    ("W4.1", _detached, "no gradient passes"),
    ("W4.1", _other(lambda k, m, s, t: _join(k, (m - t) * (-s).exp())), "way back"),
    ("W4.1", _other(lambda k, m, s, t: _join(k, (m + t) * s.exp())), "scale comes"),
    ("W4.1", _other(lambda k, m, s, t: _join(k, m * s + t)), "log of the scale"),
    ("W4.1", _other(lambda k, m, s, t: _join(m * s.exp() + t, k)), "changed places"),
    ("W4.1", _other(lambda k, m, s, t: _join(k, m * s.exp())), "shift is missing"),
    ("W4.1", _other(lambda k, m, s, t: _join(k, m / s.exp() + t)), "You divide"),
    ("W4.1", _other(lambda k, m, s, t: _join(k, m + t)), "is not the first half"),
    ("W4.1", _other(gain=lambda s: s.sum()), "whole batch"),
    ("W4.1", _other(gain=lambda s: s.mean(dim=(1, 2, 3))), "That is a mean"),
    ("W4.1", _other(gain=lambda s: -s.sum(dim=(1, 2, 3))), "wrong sign"),
    ("W4.1", _other(gain=lambda s: s.exp().sum(dim=(1, 2, 3))), "Sum the log-scales"),
    ("W4.1", _other(gain=lambda s: s.sum(dim=(1, 2, 3)).exp()), "determinant itself"),
    ("W4.1", _other(gain=lambda s: s.abs().sum(dim=(1, 2, 3))), "absolute value"),
    ("W4.1", _other(gain=lambda s: s.sum(dim=1)), "height and width as well"),
    ("W4.1", _other(gain=lambda s: s.sum(dim=(2, 3))), "channels as well"),
    ("W4.1", _other(gain=lambda s: s), "have shape"),
    ("W4.1", _other(gain=lambda s: 2 * s.sum(dim=(1, 2, 3))), "each scale does"),
    ("W4.2", _loss(target=lambda x, e: x - e), "wrong sign"),
    ("W4.2", _loss(target=lambda x, e: e), "target is the noise"),
    ("W4.2", _loss(target=lambda x, e: x), "target is the image"),
    ("W4.2", _loss(point=lambda x, e, t: t * x + (1 - t) * e), "wrong way"),
    ("W4.2", _loss(point=lambda x, e, t: x), "clean images"),
    ("W4.2", _loss(point=lambda x, e, t: x + t * e), "taken back"),
    ("W4.2", _loss(reduce=lambda e: e.square().sum(dim=1).mean()), "sum over pixels:"),
    ("W4.2", _loss(reduce=lambda e: e.square().sum()), "pixels and images"),
    ("W4.2", _loss(reduce=lambda e: e.abs().mean()), "absolute errors"),
    ("W4.2", _loss(reduce=lambda e: e.mean()), "both signs cancel"),
    ("W4.2", _loss(reduce=lambda e: e.square().mean().sqrt()), "root of the loss"),
    ("W4.2", _loss(reduce=lambda e: e.square().mean() / 2), "factor of a half"),
    ("W4.2", _loss(reduce=lambda e: e.square().mean().detach()), "no gradient"),
    ("W4.2", _loss(times=lambda n: torch.rand(1, 1).expand(n, 1)), "the same time"),
    ("W4.2", _loss(times=lambda n: torch.rand(n)[:, None] ** 2), "evenly"),
    ("W4.2", _loss(noise=lambda x: torch.randn(len(x), 1)), "noise of its own"),
    ("W4.2", _loss(noise=torch.rand_like), "taken back"),
    ("W4.3", _walk(lambda v, x, t, h: x - h * v(x, t)), "plain steps"),
    ("W4.3", _walk(_heun), "Heun's step"),
    ("W4.3", _walk(_on), "at the old x"),
    (
        "W4.3",
        _walk(lambda v, x, t, h: x - h * v(x - h / 2 * v(x, t), t)),
        "half a step on, not to t",
    ),
    (
        "W4.3",
        _walk(lambda v, x, t, h: x - h * v(x - h * v(x, t), t - h / 2)),
        "goes a whole step",
    ),
    (
        "W4.3",
        _walk(lambda v, x, t, h: x + h * v(x + h / 2 * v(x, t), t - h / 2)),
        "down in time",
    ),
    ("W4.3", lambda v, x, n: _midpoint(v, x, 2 * n), "asks twice"),
    ("W4.3", lambda v, x, n: 1.1 * _midpoint(v, x, n), "ends elsewhere"),
    ("W4.4", _reading(lambda nats: nats.softmax(dim=1)), "costs less is likelier"),
    ("W4.4", lambda c, x: (-math.log(2) * _ten(c, x)).softmax(1), "their number"),
    ("W4.4", lambda c, x: (-_ten(c, x)).softmax(1), "log 2 as well"),
    ("W4.4", lambda c, x: (-784 * _ten(c, x)).softmax(1), "bits of an image"),
    ("W4.4", _reading(lambda nats: (-nats).log_softmax(dim=1)), "logs of the prob"),
    ("W4.4", _reading(lambda nats: (-nats).softmax(dim=0)), "not over the images"),
    ("W4.4", _reading(lambda nats: -nats), "log-densities"),
    ("W4.4", _ten, "as they came"),
    ("W4.4", _reading(lambda nats: (-nats).softmax(dim=1).T), "along the first axis"),
    ("W4.4", _reading(lambda nats: nats.argmin(dim=1)), "likeliest digit"),
    ("W4.4", _reading(lambda nats: nats.sum(dim=1)), "for each image and digit"),
    ("W4.4", _reading(lambda nats: (-nats / 2).softmax(dim=1)), "should be a 0"),
    ("W4.4", lambda c, x: c(x, torch.zeros(1)), "a label for each image"),
]
