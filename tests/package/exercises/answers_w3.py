"""Answers to the exercises of workshop 3, right and wrong."""

from __future__ import annotations

import torch
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F


def _terms(model, x, eps):
    """Let the distributions of torch do it."""
    m, log_var = model.encode(x)
    guess = Normal(m, log_var.exp().sqrt())
    pixels = Bernoulli(logits=model.decode(guess.loc + guess.scale * eps))
    misfit = -pixels.log_prob(x).flatten(1).sum(dim=1)
    return [misfit, kl_divergence(guess, Normal(0.0, 1.0)).sum(dim=1)]


def _misfit(model, x, z):
    return -Bernoulli(logits=model.decode(z)).log_prob(x).sum(dim=(1, 2, 3))


def _clamped(model, x, m, log_var, eps):
    """Take the cost of chances, of which PyTorch cuts the logarithm off at -100."""
    chances = model.decode(m + (log_var / 2).exp() * eps).sigmoid()
    costs = F.binary_cross_entropy(chances, x, reduction="none")
    return costs.sum(dim=(1, 2, 3))


def _with(misfit=None, kl=None):
    """Make an answer of which one term is another."""

    def answer(model, x, eps):
        m, log_var = model.encode(x)
        terms = _terms(model, x, eps)
        if misfit is not None:
            terms[0] = misfit(model, x, m, log_var, eps)
        if kl is not None:
            terms[1] = kl(m, log_var)
        return terms

    return answer


def _tune(model, x, beta, steps, lr, *, power=1.0, report=1.0, idle=False):
    """Take all of x in every step, and let the noise be drawn by torch."""
    if not idle:
        adam = torch.optim.Adam(model.parameters(), lr)
    for _ in range(steps if not idle else 0):
        batch = x[torch.randperm(len(x))[:64]]
        eps = torch.randn(len(batch), model.latents)
        misfit, kl = _terms(model, batch, eps)
        adam.zero_grad()
        (misfit + beta**power * kl).mean().backward()
        adam.step()
    with torch.no_grad():
        misfit, kl = _terms(model, x, torch.randn(len(x), model.latents))
    return misfit.mean(), report * kl.mean()


def _on_misfit(model, x, beta, steps, lr):
    return _tune(model, x, 1 / beta, steps, lr)


def _complete(model, x, seen, steps, *, prior=0.5, mean=False, peek=False):
    """Step by hand down the gradient, with steps that shrink."""
    z = torch.zeros(len(x), model.latents, requires_grad=True)
    counted = torch.ones_like(seen) if peek else seen
    search = torch.optim.Adam([z], lr=0.2)
    for step in range(steps):
        search.param_groups[0]["lr"] = 0.2 * (1 - step / steps)
        costs = F.softplus(model.decode(z)) - x * model.decode(z)
        misfit = (costs * counted).sum()
        cost = (misfit / seen.sum() if mean else misfit) + prior * z.square().sum()
        search.zero_grad()
        cost.backward()
        search.step()
    return torch.where(seen, x, model.decode(z).sigmoid()).detach()


def _logits(model, x, seen, steps):
    done = _complete(model, x, seen, steps)
    return torch.where(seen, x, torch.logit(done))


def _unkept(model, x, seen, steps):
    done = _complete(model, x, seen, steps)
    return torch.where(seen, 0.9 * x, done)


def _still(model, x, seen, steps):
    logits = model.decode(torch.zeros(len(x), model.latents))
    return torch.where(seen, x, logits.sigmoid())


RIGHT = {"W3.1": _terms, "W3.2": _tune, "W3.3": _complete}

WRONG = [
    ("W3.1", lambda *given: sum(_terms(*given)), "Keep the two terms apart"),
    ("W3.1", lambda *given: sum(_terms(*given)).mean(), "the misfit and the KL"),
    ("W3.1", lambda *given: [t.mean() for t in _terms(*given)], "One number for the"),
    ("W3.1", lambda *given: _terms(*given)[::-1], "The other way round"),
    (
        "W3.1",
        _with(kl=lambda m, v: (m**2 + v.exp() - 1 - v) / 2),
        "sum over its latents",
    ),
    (
        "W3.1",
        _with(misfit=lambda model, x, m, v, e: model.decode(m)),
        "sum over its pixels",
    ),
    (
        "W3.1",
        lambda model, x, eps: [
            _terms(model, x, eps)[0] / x[0].numel(),
            _terms(model, x, eps)[1],
        ],
        "that is the mean over pixels",
    ),
    (
        "W3.1",
        lambda model, x, eps: [-_terms(model, x, eps)[0], _terms(model, x, eps)[1]],
        "minus the log-probability",
    ),
    (
        "W3.1",
        _with(lambda model, x, m, v, e: _misfit(model, x, m + v.exp() * e)),
        "log of the variance",
    ),
    (
        "W3.1",
        _with(lambda model, x, m, v, e: _misfit(model, x, m + v * e)),
        "has to be positive",
    ),
    (
        "W3.1",
        _with(lambda model, x, m, v, e: _misfit(model, x, m)),
        "the noise is missing",
    ),
    (
        "W3.1",
        _with(lambda model, x, m, v, e: _misfit(model, x, e)),
        "draw from the prior",
    ),
    (
        "W3.1",
        _with(
            lambda model, x, m, v, e: F.binary_cross_entropy_with_logits(
                model.decode(m + (v / 2).exp() * e).sigmoid(), x, reduction="none"
            ).sum(dim=(1, 2, 3))
        ),
        "a sigmoid too many",
    ),
    ("W3.1", _with(_clamped), "with log-odds of 200"),
    (
        "W3.1",
        _with(kl=lambda m, v: -((m**2 + v.exp() - 1 - v) / 2).sum(dim=1)),
        "never negative",
    ),
    (
        "W3.1",
        _with(kl=lambda m, v: (m**2 + v.exp() - 1 - v).sum(dim=1)),
        "twice too large",
    ),
    (
        "W3.1",
        _with(kl=lambda m, v: ((m**2 + v.exp() - 1 - v) / 2).mean(dim=1)),
        "mean over the latents",
    ),
    (
        "W3.1",
        _with(kl=lambda m, v: ((m**2 + (2 * v).exp() - 1) / 2 - v).sum(dim=1)),
        "as log s",
    ),
    (
        "W3.1",
        _with(kl=lambda m, v: ((v.exp() - 1 - v) / 2).sum(dim=1)),
        "mean m is missing",
    ),
    ("W3.1", _with(kl=lambda m, v: (m**2).sum(dim=1)), "an image gets"),
    ("W3.2", lambda *given: _tune(*given, report=given[2]), "not beta times it"),
    ("W3.2", lambda *given: _tune(*given, power=0.0), "does not hear beta"),
    ("W3.2", _on_misfit, "Which term does beta multiply"),
    ("W3.2", lambda *given: _tune(*given, idle=True), "the same weights as before"),
    ("W3.2", lambda *given: _tune(*given, report=len(given[1])), "not the sum"),
    ("W3.2", lambda *given: _tune(*given)[0], "Return two things"),
    ("W3.2", lambda *given: (1.0, _tune(*given)[1]), "Is the misfit a mean"),
    ("W3.3", lambda *given: _complete(*given, peek=True), "nobody has seen"),
    ("W3.3", _logits, "not log-odds"),
    ("W3.3", _unkept, "Keep the pixels"),
    ("W3.3", lambda *given: _complete(*given, prior=0.0), "Nothing holds the latents"),
    ("W3.3", lambda *given: _complete(*given, prior=1.0), "half the squared length"),
    ("W3.3", lambda *given: _complete(*given, mean=True), "is their sum"),
    ("W3.3", _still, "where they started"),
    ("W3.3", lambda m, x, s, n: _complete(m, x, s, 12, prior=0.7), "A pixel is off"),
]
