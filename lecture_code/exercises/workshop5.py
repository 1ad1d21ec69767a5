"""Checks of workshop 5: the critic's loss, truncated latents, a search by descent."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import softplus

from lecture_code.exercises import Check, Mistake, call, close, numbers


class _Critic:
    """A small critic, linear in the image."""

    def __init__(self, image: torch.Tensor, label: torch.Tensor) -> None:
        self.image, self.label = image.requires_grad_(), label

    def __call__(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return x @ self.image + self.label[y]


def _games() -> Iterator[tuple[_Critic, torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Yield critics with real images, made ones that could be moved, and labels."""
    for seed, count in ((51, 5), (52, 3), (53, 8)):
        torch.manual_seed(seed)
        critic = _Critic(torch.randn(6), torch.randn(4))
        x, made = torch.randn(2, count, 6)
        yield critic, x + 0.5, made.requires_grad_(), torch.arange(count) % 4


def _critic_loss(answer: Any) -> str:
    """W5.1: what the critic minimises, and whom its gradient moves."""
    for critic, x, made, y in _games():
        loss = call(answer, critic, x, made, y)
        real, fake = critic(x, y), critic(made.detach(), y)
        _compare_loss(numbers(loss).item(), real.detach(), fake.detach())
        if isinstance(loss, torch.Tensor):
            _check_moved(loss, critic, made, softplus(-real).mean())
    sure = _Critic(torch.tensor([200.0]), torch.zeros(1))
    x, y = torch.ones(2, 1), torch.zeros(2, dtype=torch.long)
    loss = numbers(call(answer, sure, -x, x, y), finite=False)
    if not close(loss, 400.0):
        raise Mistake(
            "With a critic that is sure and wrong, logits of -200 for data and 200 for "
            f"forgeries, the loss should be 400; yours is {loss.item():.4g}. The "
            "logarithm of a sigmoid overflows: softplus is safe."
        )
    return (
        "`detach` cuts the graph between the players: the forgeries are data like any "
        "other to the critic. A critic that cannot tell answers 0 and loses log 2 on "
        "each of the two, log 4 in all."
    )


def _check_moved(
    loss: torch.Tensor, critic: _Critic, made: torch.Tensor, on_data: torch.Tensor
) -> None:
    """Check that a right loss moves the critic as it should, and nobody else."""
    if not loss.requires_grad:
        raise Mistake(
            "The number is right, but it has no gradient: the critic cannot learn "
            "from it. Cut off the made images, and nothing else."
        )
    moved, leaked = torch.autograd.grad(loss, [critic.image, made], allow_unused=True)
    if leaked is not None:
        raise Mistake(
            "The number is right, but its gradient flows through the made images "
            "into the generator, which would learn to be caught. Where should it "
            "end?"
        )
    (by_data,) = torch.autograd.grad(on_data, critic.image)
    if moved is None or close(moved, by_data):
        raise Mistake(
            "The number is right and the generator is left alone, but the critic "
            "learns nothing from the forgeries either: cut off the images that it is "
            "shown, not the logits that it answers with."
        )


def _compare_loss(got: float, real: torch.Tensor, fake: torch.Tensor) -> None:
    """Accept the logistic loss, or say which slip the number comes from."""
    up, down = softplus(-real), softplus(fake)
    slips = {
        (softplus(real).mean() + softplus(-fake).mean()).item(): "The signs are the "
        "other way round: this critic is paid for calling data forged.",
        (up.mean() + softplus(-fake).mean()).item(): "This critic is paid for calling "
        "everything data: on the made images a high logit has to cost.",
        (softplus(real).mean() + down.mean()).item(): "This critic is paid for calling "
        "everything forged: on the real images a low logit has to cost.",
        ((up.mean() + down.mean()) / 2).item(): "That is half of it: each of the two "
        "kinds has a mean of its own, and the two are added.",
        (up.sum() + down.sum()).item(): "You add over the batch: take a mean over each "
        "kind, or the step grows with the batch.",
        (up.mean() - down.mean()).item(): "Both terms cost the critic: add them.",
        -(up.mean() + down.mean()).item(): "That is V, which the critic wants to be "
        "large. A loss is made small: turn the sign.",
        up.mean().item(): "The made images are missing.",
        down.mean().item(): "The real images are missing.",
        (torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()).item(): "That is "
        "the hinge loss, a good one too. Here the logistic one is asked for.",
        (fake.mean() - real.mean()).item(): "That is the difference of the means, as "
        "for a critic of slope 1. Here the logistic loss is asked for.",
    }
    if close(got, (up.mean() + down.mean()).item()):
        return
    for value, hint in slips.items():
        if close(got, value):
            raise Mistake(hint)
    raise Mistake(
        f"For the logits {_listed(real)} of data and {_listed(fake)} of forgeries the "
        f"loss is {(up.mean() + down.mean()).item():.4f}, yours is {got:.4f}. Does "
        "each image go in with its own label, and log D of a logit is what?"
    )


def _listed(logits: torch.Tensor) -> str:
    return "[" + ", ".join(f"{each:.2f}" for each in logits) + "]"


def _truncated(answer: Any) -> str:
    """W5.2: standard normal numbers under the condition that they are near 0."""
    for bound in (0.5, 1.0, 2.0):
        noise = torch.Generator().manual_seed(521)
        drawn = numbers(call(answer, 4000, bound, noise), shape=(4000, 64))
        _compare_draws(drawn, bound)
    first, again, other = (
        numbers(call(answer, 3, 1.0, torch.Generator().manual_seed(s)), shape=(3, 64))
        for s in (7, 7, 8)
    )
    if not np.array_equal(first, again) or np.array_equal(first, other):
        raise Mistake(
            "The same generator has to draw the same latents, and another one others: "
            "hand the generator on to each call that draws."
        )
    return (
        "It is the normal law given that each number is within the bound. The closer "
        "to 0, the more often latents like these were practised: what is made is "
        "safer, and more alike. Large GANs are shown with truncated latents; ask by "
        "how much before you compare two."
    )


def _compare_draws(drawn: np.ndarray, bound: float) -> None:
    inside = math.erf(bound / math.sqrt(2))
    height = math.exp(-(bound**2) / 2) / math.sqrt(2 * math.pi)
    variance = 1 - 2 * bound * height / inside
    near = math.erf(bound / 2 / math.sqrt(2)) / inside
    if abs(drawn).max() > bound * (1 + 1e-5):
        raise Mistake(
            f"With the bound {bound} a number of {abs(drawn).max():.2f} came: all "
            "have to lie within the bound, each of the 64 of a latent."
        )
    if (abs(drawn) > bound * (1 - 1e-6)).mean() > 0.01:
        raise Mistake(
            "Many of your numbers lie on the bound itself: you cut them off there. "
            "Draw those anew."
        )
    if abs((drawn > 0).mean() - 0.5) > 0.01:
        raise Mistake("Your numbers prefer one sign; the law is the same on both.")
    got = (abs(drawn) < bound / 2).mean(), drawn.var()
    if abs(got[0] - near) > 0.006 or abs(got[1] - variance) > 0.01:
        raise Mistake(
            f"With the bound {bound} a share of {near:.3f} has to lie within half of "
            f"it, and the variance is {variance:.3f}; yours are {got[0]:.3f} and "
            f"{got[1]:.3f}. Numbers that are inside already stay as they are: no "
            "rescaling, no uniform law."
        )


def _search(answer: Any) -> str:
    """W5.3: the latent whose image agrees with the pixels that were seen."""
    for seed, count in ((531, 4), (532, 2), (533, 6)):
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Linear(3, 12), nn.Tanh())
        for weight in net.parameters():
            weight.requires_grad_(False)
        net[0].weight.mul_(0.6)
        true, start = 0.7 * torch.randn(2, count, 3)
        seen = torch.randperm(12) < 8
        target = torch.where(seen, net(true), 5.0)  # what was not seen is nonsense
        torch.manual_seed(seed)
        found = call(answer, net, target, seen, start)
        z = torch.tensor(numbers(found, shape=None)).float()
        _check_latents(z, start)
        torch.manual_seed(seed)
        other = torch.where(seen, target, -5.0)
        again = numbers(call(answer, net, other, seen, start), shape=tuple(z.shape))
        if not np.allclose(z, again, atol=1e-4):
            raise Mistake(
                "Your latents change with pixels that were not seen: what `seen` says "
                "no to must not count."
            )
        _compare_search(z, net, target, seen, start)
    return (
        "A generator is a map from latents to images, and descent runs it backwards, "
        "with nothing but its gradient. What was not seen is filled in with what goes "
        "with the rest, as the generator knows it."
    )


def _check_latents(z: torch.Tensor, start: torch.Tensor) -> None:
    if z.shape != start.shape:
        raise Mistake(
            f"Expected one latent for each target, shape {tuple(start.shape)}, got "
            f"{tuple(z.shape)}."
        )
    if torch.equal(z, start):
        raise Mistake("The latents that you return are those that you were given.")


def _compare_search(
    z: torch.Tensor,
    net: nn.Module,
    target: torch.Tensor,
    seen: torch.Tensor,
    start: torch.Tensor,
) -> None:
    before, after = (
        (net(each) - target)[:, seen].square().mean(dim=1) for each in (start, z)
    )
    if (after < before / 20).all():
        return
    if after.mean() > before.mean():
        raise Mistake("The error on the seen pixels has grown: which way is downhill?")
    raise Mistake(
        f"On the seen pixels the mean squared error is {after.max():.4f} at the worst "
        f"target, where it was {before.max():.4f} at the start; a twentieth can be "
        "reached. Are there enough steps, and are they large enough? Plain steps on a "
        "mean over many pixels hardly move; Adam's do not shrink with the error."
    )


CHECKS: dict[str, Check] = {
    "W5.1": _critic_loss,
    "W5.2": _truncated,
    "W5.3": _search,
}

HINTS = {
    "W5.1": (
        "Write down what each kind of image costs: log D of a real one is missing to "
        "0, log(1 - D) of a made one.",
        "softplus(a) is log(1 + e^a), which is -log(1 - D) for the logit a. What is "
        "-log D?",
        "The critic's step must not move the generator: the made images go in cut off "
        "from whoever made them.",
    ),
    "W5.2": (
        "Begin with ordinary normal numbers. Which of them are no good?",
        "Draw the bad ones again, and again, until none is left.",
    ),
    "W5.3": (
        "The unknown of this descent is z: the network's weights stay.",
        "Adam takes any list of tensors that need a gradient, a list of one as well.",
        "The error counts the seen pixels only; add it over the targets, so that each "
        "of them gets a gradient of its own size.",
    ),
}
