"""Answers to the exercises of workshop 5, right and wrong."""

from __future__ import annotations

import torch
from torch.nn import functional


def _critic_loss(critic, x, made, y):
    """Take both kinds in one pass, as a logistic regression with its targets."""
    logits = critic(torch.cat([x, made.detach()]), torch.cat([y, y]))
    wanted = torch.cat([torch.ones(len(x)), torch.zeros(len(x))])
    return 2 * functional.binary_cross_entropy_with_logits(logits, wanted)


def _logits(critic, x, made, y):
    return critic(x, y), critic(made.detach(), y)


def _turned(critic, x, made, y):
    real, fake = _logits(critic, x, made, y)
    return functional.softplus(real).mean() + functional.softplus(-fake).mean()


def _same_sign(critic, x, made, y):
    real, fake = _logits(critic, x, made, y)
    return functional.softplus(-real).mean() + functional.softplus(-fake).mean()


def _both_forged(critic, x, made, y):
    real, fake = _logits(critic, x, made, y)
    return functional.softplus(real).mean() + functional.softplus(fake).mean()


def _difference(critic, x, made, y):
    real, fake = _logits(critic, x, made, y)
    return functional.softplus(-real).mean() - functional.softplus(fake).mean()


def _hinge(critic, x, made, y):
    real, fake = _logits(critic, x, made, y)
    return functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()


def _means(critic, x, made, y):
    real, fake = _logits(critic, x, made, y)
    return fake.mean() - real.mean()


def _attached(critic, x, made, y):
    real, fake = critic(x, y), critic(made, y)
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()


def _deaf(critic, x, made, y):
    """Cut off the critic's answers in place of the images."""
    real, fake = critic(x, y), critic(made, y).detach()
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()


def _overflowing(critic, x, made, y):
    real, fake = _logits(critic, x, made, y)
    return -real.sigmoid().log().mean() - (1 - fake.sigmoid()).log().mean()


def _one_label(critic, x, made, y):
    return _critic_loss(critic, x, made, 0 * y)


def _truncated(n, bound, generator):
    """Turn uniform numbers into normal ones between the bounds."""
    low, high = torch.special.ndtr(torch.tensor([-bound, bound]).double())
    share = torch.rand(n, 64, generator=generator, dtype=torch.float64)
    return torch.special.ndtri(low + (high - low) * share)


def _normal(n, generator):
    return torch.randn(n, 64, generator=generator)


def _uniform(n, bound, generator):
    return bound * (2 * torch.rand(n, 64, generator=generator) - 1)


def _positive(n, bound, generator):
    return _truncated(n, bound, generator).abs()


def _from_elsewhere(n, bound, generator):
    return _truncated(n, bound, None)


def _search(generate, target, seen, z):
    """Take plain steps downhill, in a list of latents."""
    z = z.detach().clone()
    for _ in range(600):
        z.requires_grad_()
        wrong = torch.where(seen, generate(z) - target, 0.0)
        (slope,) = torch.autograd.grad(wrong.square().sum(), z)
        z = (z - 0.05 * slope).detach()
    return z


def _compared_whole(generate, target, seen, z):
    return _search(generate, target, torch.ones_like(seen), z)


def _unseen(generate, target, seen, z):
    return _search(generate, target, ~seen, z)


def _slow(generate, target, seen, z):
    """Take plain steps on a mean over targets and pixels: they are too short."""
    z = z.clone().requires_grad_()
    descent = torch.optim.SGD([z], lr=0.05)
    for _ in range(150):
        descent.zero_grad()
        (generate(z) - target)[:, seen].square().mean().backward()
        descent.step()
    return z.detach()


def _uphill(generate, target, seen, z):
    z = z.clone().requires_grad_()
    error = (generate(z) - target)[:, seen].square().sum()
    return (z + 0.1 * torch.autograd.grad(error, z)[0]).detach()


RIGHT = {"W5.1": _critic_loss, "W5.2": _truncated, "W5.3": _search}

WRONG = [
    ("W5.1", _turned, "the other way round"),
    ("W5.1", _same_sign, "calling everything data"),
    ("W5.1", _both_forged, "calling everything forged"),
    ("W5.1", lambda *given: _critic_loss(*given) / 2, "half of it"),
    ("W5.1", lambda c, x, m, y: len(x) * _critic_loss(c, x, m, y), "add over the"),
    ("W5.1", _difference, "Both terms cost"),
    ("W5.1", lambda *given: -_critic_loss(*given), "turn the sign"),
    ("W5.1", _hinge, "the hinge loss"),
    ("W5.1", _means, "difference of the means"),
    ("W5.1", _attached, "into the generator"),
    ("W5.1", _deaf, "nothing from the forgeries"),
    ("W5.1", lambda *given: _critic_loss(*given).detach(), "has no gradient"),
    ("W5.1", _overflowing, "softplus is safe"),
    ("W5.1", _one_label, "its own label"),
    ("W5.2", lambda n, b, g: _normal(n, g), "within the bound"),
    ("W5.2", lambda n, b, g: _normal(n, g).clamp(-b, b), "on the bound itself"),
    ("W5.2", lambda n, b, g: b * _normal(n, g) / 10, "no rescaling"),
    ("W5.2", _uniform, "no uniform law"),
    ("W5.2", _positive, "prefer one sign"),
    ("W5.2", _from_elsewhere, "hand the generator on"),
    ("W5.3", lambda g, t, s, z: g(_search(g, t, s, z)), "one latent for each"),
    ("W5.3", lambda g, t, s, z: z.clone(), "that you were given"),
    ("W5.3", _compared_whole, "with pixels that were not seen"),
    ("W5.3", _unseen, "with pixels that were not seen"),
    ("W5.3", _slow, "steps on a mean"),
    ("W5.3", _uphill, "which way is downhill"),
    ("W5.3", lambda g, t, s, z: 0.8 * _search(g, t, s, z) + 0.2 * z, "at the worst"),
]
