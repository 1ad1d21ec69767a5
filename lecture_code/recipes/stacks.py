"""One network and two in a row that imitate a steep map, by length of training.

The map is the probability flow of chapter 18, in 64 Euler steps, to modes at -4, 4, or
the best map to these modes with a given slope.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from tqdm import tqdm

from lecture_code import (
    densities,
    divergences,
    lipschitz,
    networks,
    pushforward,
    samplers,
    training,
)

TARGET, CHAIN = densities.GaussianMixture([-4, 4]), 64
SEEDS = range(3)
#: Rounds of training: steps, and learning rate of an Adam that starts afresh.
ROUNDS = ((800, 1e-3), (800, 1e-3), (1600, 1e-3), (3200, 3e-4), (3600, 1e-4))


class Kind(NamedTuple):
    """What networks in a row are held to, how they are trained, what they imitate."""

    reaches: tuple[float | None, ...] = (5.0, 5.0)
    apart: bool = False  # each on its part of the way, or all as one map
    best: float | None = None  # the best map of this slope, or the chain
    rounds: int = 2


KINDS = {
    "single": Kind((25.0,)),
    "separate": Kind(apart=True),
    "joint": Kind(),
    "separate 25": Kind(apart=True, best=25.0),
    "joint 25": Kind(best=25.0),
    "separate 16": Kind(apart=True, best=16.0),
    "joint 16": Kind(best=16.0),
    "student": Kind((None,), rounds=5),
}


def latents(n: int) -> torch.Tensor:
    """Return normal latents (n, 1) that share out the line evenly, in float64."""
    return torch.special.ndtri((torch.arange(n).double() + 0.5) / n)[:, None]


def follow_chain(z: torch.Tensor) -> torch.Tensor:
    """Return where the chain takes latents (n, 1)."""
    x = z * samplers.probability_flow(TARGET, CHAIN).noise_scales[0]
    for t, after in itertools.pairwise(samplers.noise_levels(TARGET, CHAIN)):
        law = densities.GaussianMixture(TARGET.means, np.sqrt(1 + t))
        x = x + (t - after) / 2 * law.score(x)
    return x


@functools.cache
def teach(best: float | None = None) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return latents, the points half-way, and where the map ends, each (n, 1).

    The map is the chain, or the best one of a slope. Half-way, the slope is the root of
    that of the whole.
    """
    z = latents(20_000)
    if best is None:
        x = follow_chain(z)
    else:
        x = torch.from_numpy(pushforward.tv_star(TARGET, best).map(z.numpy()))
    rises = (z.diff(dim=0) * x.diff(dim=0)).sqrt().cumsum(dim=0)
    half_way = torch.cat([torch.zeros_like(z[:1]), rises]) - rises[-1] / 2
    return z, half_way, x


def build(reach: float | None = None) -> nn.Sequential:
    """Build a network; with a reach, its slope is held to about that."""
    net = networks.mlp([1, 64, 64, 1])
    if reach is not None:
        for layer in net[::2]:
            spectral_norm(layer)
        scale = nn.Linear(1, 1, bias=False).requires_grad_(False)
        net.append(scale)
        nn.init.constant_(scale.weight, reach)
    return net


def imitate(
    net: nn.Module, z: torch.Tensor, x: torch.Tensor, steps: int, lr: float
) -> None:
    """Train a network on the distance from points x (n, 1) to what it makes of z."""

    def loss(pairs: torch.Tensor) -> torch.Tensor:
        return (net(pairs[:, :1]) - pairs[:, 1:]).abs().mean()

    free = [weight for weight in net.parameters() if weight.requires_grad]
    pairs = torch.cat([z, x], dim=1).float()
    training.play([training.Player(free, loss, lr)], pairs, steps=steps, batch_size=500)


def train(kind: str, seed: int) -> Iterator[nn.Sequential]:
    """Train one of ``KINDS``: one network, or two in a row, after each round."""
    reaches, apart, best, rounds = KINDS[kind]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = nn.Sequential(*[build(reach) for reach in reaches])
        z, half_way, x = teach(best)
        for steps, lr in ROUNDS[:rounds]:
            parts.train()
            if apart:
                imitate(parts[0], z, half_way, steps, lr)
                imitate(parts[1], half_way, x, steps, lr)
            else:
                imitate(parts, z, x, steps, lr)
            yield parts.eval()


@torch.no_grad()
def measure(parts: nn.Sequential) -> dict[str, float]:
    """Return the exact slope of the whole and of the steepest part, and the distance.

    The total variation is counted in cells of 0.05, which can only make it too small.
    """
    edges = np.concatenate([[-100], np.linspace(-12, 12, 481), [100]])
    made = parts(latents(200_000).float()).double()
    counts = np.histogram(made.numpy(), edges)[0]
    wanted = np.diff(TARGET.cdf(edges))
    return {
        "slope": lipschitz.exact_1d(parts, -5, 5),
        "steepest": max(lipschitz.exact_1d(part, -20, 20) for part in parts),
        "tv": divergences.tv(counts / counts.sum(), wanted),
    }


def table() -> dict[str, np.ndarray]:
    """Train and measure all: ``kind``, ``seed``, ``steps``, and the measures."""
    reached = np.cumsum([steps for steps, _ in ROUNDS]).tolist()
    runs = [(kind, seed) for kind in KINDS for seed in SEEDS]
    rows = [
        {"kind": kind, "seed": seed, "steps": steps, **measure(parts)}
        for kind, seed in tqdm(runs, delay=2.0, leave=False)
        for parts, steps in zip(train(kind, seed), reached, strict=False)
    ]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    measures = ("slope", "steepest", "tv")
    return columns | {name: np.round(columns[name], 4) for name in measures}


TABLES = {"stacks": table}
