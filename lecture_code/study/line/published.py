"""Train networks of the study in one dimension with the published settings.

`python -m lecture_code.study.line.published` trains VAE and GAN at m = 2, 4 and 6 with
three seeds each and a score model with one, so that our own study, which trains for a
small part of the time, can be held against them: Adam at 1e-4 for 20 000 steps on
batches of 1000 out of 50 000 samples, networks and losses as chapter 16 lists them,
with the regulariser's exp(log_var)^2 and the score's weight of 2 sigma.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.functional import leaky_relu, softplus
from torch.nn.utils.parametrizations import spectral_norm

from lecture_code import _files, divergences, networks, trained
from lecture_code.study import runner
from lecture_code.study.line import experiments, report, stacks

DATA, BATCH, STEPS, REPORT = 50_000, 1000, 20_000, 2500
SEPARATIONS, RUNS = (4.0, 2.0, 6.0), 3
VARIANCE = 0.1  # of the decoder
LEVELS = [0.6**k for k in range(10)]  # of noise, for data of unit variance
TURNS, SMALLEST = 100, 2e-5  # Langevin steps at each level; the length of the last ones
CELL = 0.1  # of the histogram of the score model's samples
COLUMNS = ("kind", "m", "run", "steps", "slope", "tv", "tv_star", "valley")
Step = Callable[[torch.Tensor], None]


class Network(NamedTuple):
    """One network with the published settings: "vae", "gan" or "score"."""

    kind: str
    m: float
    run: int
    steps: int

    @property
    def name(self) -> str:
        """The file name of what was measured."""
        return f"{self.kind}-m{self.m:g}-run{self.run}-steps{self.steps}"


class Score(nn.Module):
    """A score network that the noise level enters after each layer but the last."""

    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Sequential(net(16, 32, 64), nn.LeakyReLU(stacks.LEAK))
        self.first, self.second = nn.Linear(1, 96), nn.Linear(96 + 64, 196)
        self.last = nn.Linear(196 + 64, 1)

    def forward(self, x: torch.Tensor, sigma: float) -> torch.Tensor:
        """Return the score at points (n, 1) of the data with noise sigma."""
        angles = sigma * 10_000 ** (-torch.arange(8) / 7)
        level = self.level(torch.cat([angles.sin(), angles.cos()]))
        level = level.expand(len(x), -1)
        x = torch.cat([leaky_relu(self.first(x)), level], dim=1)
        x = torch.cat([self.second(x), level], dim=1)
        return self.last(leaky_relu(x, stacks.LEAK))


def study(
    folder: Path, *, steps: int = STEPS, resume: bool = False, jobs: int = 1
) -> trained.Table:
    """Train and measure all networks, each kept in a file; return their table.

    A row for each network and each 2500 steps, with the columns of the main study. The
    score model is measured at the end, by samples: its ``tv`` is that of a histogram,
    its ``slope`` that of the network without noise, and ``tv_star`` is not known.
    """
    kinds = ("score", "vae", "gan")  # the slowest last, at m = 4 first
    wanted = [
        Network(kind, m, run, steps)
        for m, kind, run in itertools.product(SEPARATIONS, kinds, range(RUNS))
        if run == 0 or kind != "score"
    ]
    done = runner.run(work, wanted, folder / "networks", resume=resume, jobs=jobs)
    rows = [row for network in wanted for row in done[network.name]]
    return report.columns(rows, COLUMNS)


def work(network: Network) -> list[dict]:
    """Train a network; return what is measured on the way and at the end."""
    torch.manual_seed(network.run)
    model = Score() if network.kind == "score" else net(1, 128, 256, 1)
    step, rows = TRAINERS[network.kind](model), []
    for done, x in enumerate(batches(network), 1):
        step(x)
        last = done == network.steps
        if last or (done % REPORT == 0 and network.kind != "score"):
            of = network._replace(steps=done)._asdict()
            rows.append({**measure(model, network.m), **of})
    return rows


def net(
    *sizes: int,
    wrap: Callable[[nn.Linear], nn.Module] = lambda linear: linear,
) -> nn.Sequential:
    """Linear layers with LeakyReLU between them."""
    layers: list[nn.Module] = []
    for wide, narrow in itertools.pairwise(sizes):
        layers += [wrap(nn.Linear(wide, narrow)), nn.LeakyReLU(stacks.LEAK)]
    return nn.Sequential(*layers[:-1])


def adam(*nets: nn.Module) -> torch.optim.Adam:
    """The optimiser of all of them."""
    weights = [weight for each in nets for weight in each.parameters()]
    return torch.optim.Adam(weights, 1e-4)


def descend(optimiser: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """Take one step down the gradient, for the optimiser's own weights alone."""
    optimiser.zero_grad()
    loss.backward(inputs=optimiser.param_groups[0]["params"])
    optimiser.step()


def vae(generator: nn.Module) -> Step:
    """Return a step of the VAE."""
    encoder = networks.mlp([1, 256, 128, 2], activation="relu")
    both = adam(generator, encoder)

    def step(x: torch.Tensor) -> None:
        mean, log_var = encoder(x).chunk(2, dim=1)
        z = mean + (log_var / 2).exp() * torch.randn_like(mean)
        penalty = (mean**2 + log_var.exp() ** 2 - 1 - log_var) / 2
        misfit = (generator(z) - x) ** 2 / (2 * VARIANCE)
        descend(both, (misfit + penalty).mean())

    return step


def gan(generator: nn.Module) -> Step:
    """Return a step of the critic and one of the generator."""
    critic = net(1, 512, 256, 128, 1, wrap=spectral_norm)
    judge, maker = adam(critic), adam(generator)

    def step(x: torch.Tensor) -> None:
        fake = generator(torch.randn_like(x)).detach()
        descend(judge, (softplus(-critic(x)) + softplus(critic(fake))).mean())
        fake = generator(torch.randn_like(x))
        descend(maker, softplus(-critic(fake)).mean())

    return step


def score(model: nn.Module) -> Step:
    """Return a step of denoising score matching, at one noise level for the batch."""
    optimiser = adam(model)

    def step(x: torch.Tensor) -> None:
        sigma = LEVELS[torch.randint(len(LEVELS), ())]
        noise = torch.randn_like(x)
        misfit = model(x + sigma * noise, sigma) + noise / sigma
        descend(optimiser, sigma * (misfit**2).mean())

    return step


TRAINERS = {"vae": vae, "gan": gan, "score": score}


def batches(network: Network) -> Iterator[torch.Tensor]:
    """Deal the samples again and again, in a new order each time."""
    rows = experiments.target(network.m).sample(DATA)[:, None]
    if network.kind == "score":
        rows /= math.hypot(1, network.m)
    dealt = (rows[torch.randperm(DATA)].split(BATCH) for _ in itertools.count())
    return itertools.islice(itertools.chain.from_iterable(dealt), network.steps)


@torch.no_grad()
def measure(model: nn.Module, m: float) -> dict:
    """Measure a generator as the study does, a score network by its samples."""
    if not isinstance(model, Score):
        return experiments.measure(experiments.Setting(m), experiments.mapped(model))
    law, x = experiments.target(m), sample(model, m)
    edges = np.arange(-m - 6, m + 6 + CELL, CELL)
    counts = np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1)
    places = torch.linspace(-10, 10, 1000)[:, None]
    rises = model(places, 0.0).diff(dim=0) / places.diff(dim=0)
    return {
        "slope": float(rises.abs().max()),
        "tv": divergences.tv(counts / len(x), divergences.cell_masses(law, edges)),
        "tv_star": math.nan,
        "valley": float((abs(x) < m / 2).mean()),
    }


def sample(model: Score, m: float) -> np.ndarray:
    """Draw points (n,) by annealed Langevin dynamics."""
    x = torch.randn(DATA, 1)
    for sigma in LEVELS:
        length = SMALLEST * (sigma / LEVELS[-1]) ** 2
        for _ in range(TURNS):
            push = length / 2 * model(x, sigma)
            x = x + push + math.sqrt(length) * torch.randn_like(x)
    return math.hypot(1, m) * x[:, 0].double().numpy()


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line, train what is left, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add = parser.add_argument
    add("--folder", type=Path, default=Path("study-published"), help="for the results")
    add("--resume", action="store_true", help="go on from what is there")
    add("--jobs", type=int, default=1, help="processes on this machine")
    add("--steps", type=int, default=STEPS, help="updates of each network")
    add("--store", action="store_true", help="let chapter 16 load the table")
    chosen = parser.parse_args(words)
    how = {"steps": chosen.steps, "resume": chosen.resume, "jobs": chosen.jobs}
    try:
        table = study(chosen.folder, **how)
        _files.write_table(chosen.folder / "published.csv", table)
    except (ValueError, OSError) as error:
        parser.exit(1, f"{error}\n")
    if chosen.store:
        trained.store_table("one-dimensional-published", table)


if __name__ == "__main__":
    main()
