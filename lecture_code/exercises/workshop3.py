"""Checks of workshop 3: the two terms, the price of code, and a missing half."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from lecture_code.exercises import Check, Mistake, call, close, numbers

SEEDS = (311, 322)
#: How near a completed pixel has to come, which was searched for.
NEAR = 0.02


class _Small(nn.Module):
    """A VAE of a few pixels, with the methods of the workshop's."""

    def __init__(self, side: tuple[int, int], latents: int, *, scale: float = 1.0):
        super().__init__()
        self.side, self.latents = side, latents
        pixels = side[0] * side[1]
        self.encoder = nn.Linear(pixels, 2 * latents)
        self.decoder = nn.Linear(latents, pixels)
        self.decoder.weight.data *= scale

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        m, log_var = self.encoder(2 * x.flatten(1) - 1).chunk(2, dim=1)
        return m, log_var

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return self.decoder(z).unflatten(1, (1, *self.side))


def _make(seed: int, side: tuple[int, int], latents: int, scale: float = 1.0) -> _Small:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _Small(side, latents, scale=scale)


def _toss(seed: int, n: int, side: tuple[int, int]) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(n, 1, *side, generator=generator) < 0.4).float()


def _pair(value: Any, shape: tuple[int, ...], what: str) -> list[np.ndarray]:
    """Read two results of one shape."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise Mistake(f"Return two things, the misfit and the KL: {what}.")
    return [numbers(each, shape=shape) for each in value]


def _terms(answer: Any) -> str:
    """W3.1: the two terms of each image, with the noise that is handed in."""
    for seed, side, latents in zip(SEEDS, ((4, 5), (3, 3)), (3, 2), strict=True):
        model, x = _make(seed, side, latents), _toss(seed, 6, side)
        eps = torch.randn(6, latents, generator=torch.Generator().manual_seed(seed))
        value = call(answer, model, x, eps)
        if isinstance(value, torch.Tensor) and value.shape == (6,):
            raise Mistake(
                "Keep the two terms apart: return the misfit and the KL, each of shape "
                "(n,). The loss adds them, and the pictures need them one by one."
            )
        for each in value if isinstance(value, (tuple, list)) else ():
            _explain_shape(each, latents)
        misfit, kl = _pair(value, (6,), "each of shape (n,)")
        with torch.no_grad():
            _compare_terms(misfit, kl, model, x, eps)
        _check_gradients(value, model)
    _check_sure(answer)
    return (
        "Both are sums, one over pixels and one over latents, so that a nat of code "
        "weighs as much as a nat of misfit. A mean over the 784 pixels would make "
        "the code 784 times as dear, and every latent would fall asleep."
    )


def _check_sure(answer: Any) -> None:
    """Check the misfit of a decoder that is sure of ink everywhere."""
    model, x = _make(SEEDS[0], (2, 3), 2, scale=0.0), torch.zeros(2, 1, 2, 3)
    model.decoder.bias.data.fill_(200.0)
    misfit, _ = call(answer, model, x, torch.zeros(2, 2))
    got = numbers(misfit, shape=None, finite=False)
    if not close(got, 1200.0):
        raise Mistake(
            "The misfit: with log-odds of 200 a white pixel costs 200 nats, and yours "
            f"costs {got.flat[0] / 6:.4g}. A sigmoid rounds to 1 there: use a function "
            "that takes the log-odds as they are."
        )


def _check_gradients(value: Any, model: _Small) -> None:
    """Check that both terms can move the encoder, where tensors were handed in."""
    if not all(isinstance(term, torch.Tensor) for term in value):
        return
    for term, name in zip(value, ("misfit", "KL"), strict=True):
        found: tuple = (None,)
        if term.requires_grad:
            weight = model.encoder.weight
            found = torch.autograd.grad(
                term.sum(), weight, retain_graph=True, allow_unused=True
            )
        if found[0] is None:
            raise Mistake(
                f"The numbers are right, but the {name} cannot move the encoder: is "
                "there a .detach() or a torch.no_grad() on the way?"
            )


def _explain_shape(value: Any, latents: int) -> None:
    shape = numbers(value, shape=None).shape
    if shape == ():
        raise Mistake(
            "One number for the whole batch: keep one for each image, of shape (n,). "
            "The mean over images is taken outside."
        )
    if shape == (6, latents):
        raise Mistake("The KL of an image is the sum over its latents.")
    if len(shape) == 4:
        raise Mistake("The misfit of an image is the sum over its pixels.")


def _misfit(logits: torch.Tensor, x: torch.Tensor) -> np.ndarray:
    costs = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return costs.sum(dim=(1, 2, 3)).numpy()


def _divergence(m: torch.Tensor, log_var: torch.Tensor) -> torch.Tensor:
    """Return the KL of the guesses from the prior, in nats, (n,)."""
    return ((m**2 + log_var.exp() - 1 - log_var) / 2).sum(dim=1)


def _compare_terms(
    misfit: np.ndarray,
    kl: np.ndarray,
    model: _Small,
    x: torch.Tensor,
    eps: torch.Tensor,
) -> None:
    m, log_var = model.encode(x)
    scale = (log_var / 2).exp()
    want = _misfit(model.decode(m + scale * eps), x)
    leaves = _divergence(m, log_var).numpy()
    if close(misfit, leaves) and close(kl, want):
        raise Mistake("The other way round: first the misfit, then the KL.")
    _explain(misfit, want, _slips_of_misfit(model, x, eps), "misfit")
    doubled = ((m**2 + (2 * log_var).exp() - 1) / 2 - log_var).sum(dim=1).numpy()
    slips = {
        "The wrong sign: a divergence is never negative.": -leaves,
        "Twice too large: where is the half of m^2 + s^2 - 1 - log s^2?": 2 * leaves,
        "That is its mean over the latents. Their divergences add up.": leaves
        / model.latents,
        "You read the second output as log s. Here it is log s^2.": doubled,
        "The mean m is missing: a guess far from 0 has to pay for it.": (
            _divergence(torch.zeros_like(m), log_var).numpy()
        ),
    }
    _explain(kl, leaves, slips, "KL")


def _slips_of_misfit(
    model: _Small, x: torch.Tensor, eps: torch.Tensor
) -> dict[str, np.ndarray]:
    m, log_var = model.encode(x)
    scale = (log_var / 2).exp()
    logits = model.decode(m + scale * eps)
    want = _misfit(logits, x)
    return {
        "That is the mean over pixels. The log-probability of an image is a sum, and "
        "next to a mean the KL would weigh far too much.": want / x[0].numel(),
        "The wrong sign: the misfit is minus the log-probability.": -want,
        "The scale of the guess is exp(log_var / 2): log_var is the log of the "
        "variance.": _misfit(model.decode(m + log_var.exp() * eps), x),
        "You multiply the noise by the log-variance itself. Its scale has to be "
        "positive.": _misfit(model.decode(m + log_var * eps), x),
        "The noise is missing: that is the misfit at the mean of the guess.": _misfit(
            model.decode(m), x
        ),
        "That is a draw from the prior. A draw from the guess is m + scale * "
        "eps.": _misfit(model.decode(eps), x),
        "A sigmoid too many: the function that takes logits applies it itself.": (
            _misfit(logits.sigmoid(), x)
        ),
        "That is half a squared distance. Ink is a coin here: its cost is a "
        "cross-entropy.": ((logits.sigmoid() - x) ** 2).sum(dim=(1, 2, 3)).numpy() / 2,
    }


def _explain(
    got: np.ndarray, want: np.ndarray, slips: dict[str, np.ndarray], what: str
) -> None:
    if close(got, want):
        return
    for hint, value in slips.items():
        if close(got, value):
            raise Mistake(f"The {what}: {hint[0].lower()}{hint[1:]}")
    raise Mistake(
        f"The {what}: an image gets {got[0]:.3f} nats and should get {want[0]:.3f}."
    )


def _patterns(seed: int) -> torch.Tensor:
    """Draw images of two patterns and a little noise."""
    generator = torch.Generator().manual_seed(seed)
    kinds = torch.tensor([[1, 1, 1, 1, 0, 0, 0, 0], [0, 1, 0, 1, 1, 0, 1, 0]])
    which = torch.randint(2, (256,), generator=generator)
    flipped = torch.rand(256, 8, generator=generator) < 0.05
    return (kinds[which].bool() ^ flipped).float().view(256, 1, 2, 4)


def _tune(answer: Any) -> str:
    """W3.2: train with a price for code, and say what came of both terms."""
    x, found = _patterns(SEEDS[0]), {}
    for beta in (30.0, 0.1):
        model = _make(SEEDS[1], (2, 4), 2)
        before = model.decoder.weight.detach().clone()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEEDS[0])
            value = call(answer, model, x, beta, 250, 3e-2)
        misfit, rate = (v.item() for v in _pair(value, (), "their means over x"))
        if torch.equal(before, model.decoder.weight):
            raise Mistake(
                "The model that you were given has the same weights as before."
            )
        found[beta] = _measure(model, x)
        _compare_means(misfit, rate, found[beta], beta, len(x))
    _compare_prices(found)
    return (
        "A dear nat of code is a nat less of it, and the misfit pays. Only at beta = 1 "
        "is the sum a bound on log p(x): the other settings buy smaller codes or "
        "sharper copies, and give up some of the likelihood."
    )


@torch.no_grad()
def _measure(model: _Small, x: torch.Tensor) -> tuple[float, float]:
    """Return the mean misfit of an image, over many draws, and its mean KL."""
    m, log_var = model.encode(x)
    noise = torch.Generator().manual_seed(SEEDS[0])
    eps = torch.randn(50, *m.shape, generator=noise)
    z = (m + (log_var / 2).exp() * eps).flatten(0, 1)
    misfit = _misfit(model.decode(z), x.repeat(50, 1, 1, 1)).mean()
    rate = _divergence(m, log_var).mean()
    return float(misfit), float(rate)


def _compare_means(
    misfit: float, rate: float, want: tuple[float, float], beta: float, n: int
) -> None:
    state = (
        f"With beta = {beta:g} your function says misfit {misfit:.2f} and KL "
        f"{rate:.2f}; after the training they are {want[0]:.2f} and {want[1]:.2f}."
    )
    slips = {
        beta: "Report the KL itself, not beta times it.",
        float(n): "Take the mean over the images, not the sum.",
    }
    near = 0.02 + 0.02 * want[1]
    if abs(rate - want[1]) > near:
        for factor, hint in slips.items():
            if abs(rate - factor * want[1]) < factor * near:
                raise Mistake(f"{state} {hint}")
        raise Mistake(f"{state} Measure after the last step, on all of x.")
    if abs(misfit - want[0]) > 0.1 * want[0] + 0.1:
        raise Mistake(f"{state} Is the misfit a mean over images, after the last step?")


def _compare_prices(found: dict[float, tuple[float, float]]) -> None:
    dear, cheap = found[30.0][1], found[0.1][1]
    state = f"The KL ends at {dear:.2f} nats for beta = 30, {cheap:.2f} for beta = 0.1"
    if abs(dear - cheap) < 0.05:
        raise Mistake(f"{state}: your loss does not hear beta.")
    if dear > cheap:
        raise Mistake(f"{state}: the wrong way round. Which term does beta multiply?")
    if dear > 0.1 or cheap < 0.8:
        raise Mistake(
            f"{state}: too near to each other. Does each step use the whole price?"
        )


def _complete(answer: Any) -> str:
    """W3.3: find the latents that explain what is seen, and decode them."""
    side = (3, 4)
    for seed, shown in zip(SEEDS, (2, 1), strict=True):
        seen = torch.zeros(1, *side, dtype=torch.bool)
        seen[:, :shown] = True
        model, x = _make(seed, side, 2, scale=4.0), _toss(seed, 5, side)
        other = torch.where(seen, x, 1 - x)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            got, again = (
                numbers(call(answer, model, each, seen, 300), shape=tuple(x.shape))
                for each in (x, other)
            )
        _compare_completed(got, again, model, x, seen)
    return (
        "The search asks for latents that are likely and explain the upper half; the "
        "decoder fills in what usually goes with them. It is one answer, the most "
        "likely z: where both a 4 and a 9 would do, the search settles on one."
    )


def _compare_completed(
    got: np.ndarray,
    again: np.ndarray,
    model: _Small,
    x: torch.Tensor,
    seen: torch.Tensor,
) -> None:
    part = seen.expand_as(x).numpy()
    if not np.allclose(got[~part], again[~part], atol=NEAR):
        raise Mistake(
            "Your answer changes with pixels that nobody has seen. Leave them out of "
            "the misfit, and do not start from a guess that has read them."
        )
    if got.min() < -1e-6 or got.max() > 1 + 1e-6:
        raise Mistake("Return chances of ink between 0 and 1, not log-odds.")
    if not np.allclose(got[part], x.numpy()[part], atol=1e-6):
        raise Mistake("Keep the pixels that were seen as they are.")
    want = _search(model, x, seen, prior=0.5)[~part]
    off = np.abs(got[~part] - want).max()
    if off < NEAR:
        return
    slips = {
        "Nothing holds the latents near the prior: add its cost, minus its "
        "log-density, to the misfit.": _search(model, x, seen, prior=0.0),
        "The cost of the prior is half the squared length of z.": _search(
            model, x, seen, prior=1.0
        ),
        "The misfit of the pixels seen is their sum. With a mean over pixels the prior "
        "weighs too much.": _search(model, x, seen, prior=0.5 * seen.sum().item()),
        "The latents are where they started: what does the search move, and does it "
        "get the gradient?": model.decode(torch.zeros(len(x), model.latents))
        .sigmoid()
        .detach()
        .numpy(),
    }
    for hint, value in slips.items():
        if np.abs(got[~part] - value[~part]).max() < off / 2:
            raise Mistake(hint)
    raise Mistake(
        f"A pixel is off by {off:.2f}. Let the search run all its steps, at a rate at "
        "which it comes to rest, and decode the z where it ends."
    )


def _search(
    model: _Small, x: torch.Tensor, seen: torch.Tensor, prior: float
) -> np.ndarray:
    """Complete by Newton-like steps from zero, with this weight on |z|^2."""
    z = torch.zeros(len(x), model.latents, requires_grad=True)
    search = torch.optim.LBFGS([z], max_iter=200, line_search_fn="strong_wolfe")

    def cost() -> torch.Tensor:
        search.zero_grad()
        costs = F.binary_cross_entropy_with_logits(model.decode(z), x, reduction="none")
        total = (costs * seen).sum() + prior * (z**2).sum()
        total.backward(inputs=[z])
        return total

    search.step(cost)
    return model.decode(z).sigmoid().detach().numpy()


CHECKS: dict[str, Check] = {"W3.1": _terms, "W3.2": _tune, "W3.3": _complete}
HINTS: dict[str, tuple[str, ...]] = {
    "W3.1": (
        "Four lines: ask the encoder for m and log_var, draw z, decode it, and compare "
        "what comes out with x. Then the formula for the KL.",
        "The scale is exp(log_var / 2) and multiplies the noise that you were given. "
        "Let the cross-entropy keep its values apart, and sum over all but the images.",
        "The KL of one latent is half of m^2 + s^2 - 1 - log s^2, with s^2 the "
        "exponential of log_var; sum it over the latents.",
    ),
    "W3.2": (
        "It is the training loop of the workshop with one number more in its loss.",
        "beta multiplies the KL. Measure both terms once more after the last step, on "
        "all of x, and take their means.",
    ),
    "W3.3": (
        "The weights stay as they are. What is trained is z, one row for each image.",
        "A good z explains the pixels seen and is likely beforehand: minus log p(x "
        "seen | z) plus half its squared length, both summed.",
        "Start from zeros with requires_grad, let Adam run with a rate of about 0.1, "
        "and paste the pixels seen into what the last z decodes to.",
    ),
}
