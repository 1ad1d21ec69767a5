"""Train one network of the study in one dimension with the published settings.

`python -m lecture_code.study.line.published vae 4` prints slope and total variation on
the way, so that our own study, which trains for a small part of the time, can be held
against it: Adam at 1e-4 for 20 000 steps on batches of 1000 out of 50 000 samples,
networks and losses as chapter 16 lists them, the regulariser's exp(log_var)^2 included.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import nn
from torch.nn.functional import softplus
from torch.nn.utils.parametrizations import spectral_norm

from lecture_code import laws, lipschitz, networks, pushforward
from lecture_code.study.line import experiments, stacks

DATA, BATCH, STEPS, REPORT = 50_000, 1000, 20_000, 2500
VARIANCE = 0.1  # of the decoder
Step = Callable[[torch.Tensor], None]


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
    """Take one step down the gradient."""
    optimiser.zero_grad()
    loss.backward()
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


def batches(m: float) -> Iterator[torch.Tensor]:
    """Deal the samples again and again, in a new order each time."""
    rows = experiments.target(m).sample(DATA)[:, None]
    while True:
        yield from rows[torch.randperm(DATA)].split(BATCH)


def report(generator: nn.Module, m: float) -> str:
    """Measure the generator as the study does."""
    reach, law = experiments.REACH, experiments.target(m)
    points, values = lipschitz.knots_1d(generator, -reach, reach)
    slope = lipschitz.exact_1d(generator, -reach, reach)
    tv = laws.total_variation(points.numpy(), values[:, 0].detach().numpy(), law)
    limit = pushforward.tv_star(law, slope).value
    return f"slope {slope:.1f}, total variation {tv:.3f}, limit {limit:.3f}"


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line, train, and report on the way."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("kind", choices=("vae", "gan"))
    parser.add_argument("m", type=float, help="half of the distance of the modes")
    parser.add_argument("--steps", type=int, default=STEPS)
    chosen = parser.parse_args(words)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    generator = net(1, 128, 256, 1)
    step = {"vae": vae, "gan": gan}[chosen.kind](generator)
    for done, x in enumerate(itertools.islice(batches(chosen.m), chosen.steps), 1):
        step(x)
        if done % REPORT == 0 or done == chosen.steps:
            spent = time.process_time()
            said = report(generator, chosen.m)
            print(f"{done} steps, {spent:.0f} s: {said}", flush=True)


if __name__ == "__main__":
    main()
