"""Models without a likelihood, of digits and of clouds, trained to be stored."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import torch

from lecture_code import _validate, datasets, densities, networks, trained, training
from lecture_code.diffusion import Diffusion
from lecture_code.gan import GAN


def diffusion_model(*, rounds: int = 10, steps: int = 250) -> Diffusion:
    """Train the stored diffusion model of the digits and their classes.

    The learning rate falls from round to round on half a wave of the cosine, and Adam
    starts afresh in each. Width, depth, batch, learning rate and guidance were chosen
    by the Frechet distance to the validation images.
    """
    pixels, labels = datasets.digits("train")
    rows = torch.cat([datasets.scaled(pixels), labels[:, None]], dim=1)
    return _trained("diffusion-digits", rows, rounds, steps, batch_size=250)


def clouds_model(*, rounds: int = 10, steps: int = 300) -> Diffusion:
    """Train the stored diffusion model of three clouds in the plane, in rounds too."""
    rows = datasets.toy("clouds").sample(100_000, torch.Generator().manual_seed(0))
    return _trained("diffusion-clouds", rows, rounds, steps, batch_size=512)


def _trained(
    name: str, rows: torch.Tensor, rounds: int, steps: int, *, batch_size: int
) -> Diffusion:
    """Train on rows of coordinates, with the class in a last column if there is one."""
    rounds = _validate.integer("rounds", rounds, low=1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = trained.BUILDERS[name]()

        def loss(batch: torch.Tensor) -> torch.Tensor:
            x, labels = batch[:, : model.d], batch[:, model.d :].long()
            return model.loss(x, labels[:, 0] if labels.numel() else None)

        for done in range(rounds):
            lr = 5e-3 * (1 + math.cos(math.pi * done / rounds)) / 2
            player = training.Player(model.parameters(), loss, lr)
            training.play([player], rows, steps=steps, batch_size=batch_size)
    return model.eval()


def gan_model(*, steps: int = 3600) -> GAN:
    """Train the stored adversarial network of the digits.

    In each of the ``steps`` the critic learns four times as fast as the generator.
    """
    pixels = datasets.scaled(datasets.digits("train").pixels)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = trained.BUILDERS["gan-digits"]()
        sides = [
            (model.critic.parameters(), model.critic_loss, 2e-3, (0.0, 0.9)),
            (model.generator.parameters(), model.generator_loss, 5e-4, (0.0, 0.9)),
        ]
        players = [training.Player(*side) for side in sides]
        training.play(players, pixels, steps=steps, batch_size=125)
    return model.eval()


def toy_gans(*, runs: int = 20, steps: int = 400) -> dict[str, np.ndarray]:
    """Play the game of chapter 11 on two modes, each run from its own random start.

    A run's number is its seed. Columns ``run``, ``latent`` and ``sample``: what the
    trained generator makes of a hundred latents, one for each percent of their law.
    """
    runs = _validate.integer("runs", runs, low=1)
    latents = densities.GaussianMixture([0.0]).ppf((np.arange(100) + 0.5) / 100)
    with torch.random.fork_rng():
        samples = [_play_toy(run, steps, torch.tensor(latents)) for run in range(runs)]
    return {
        "run": np.repeat(np.arange(runs), 100),
        "latent": np.tile(latents.round(4), runs),
        "sample": np.concatenate(samples).round(4),
    }


def _play_toy(seed: int, steps: int, latents: torch.Tensor) -> np.ndarray:
    """Train one generator as the chapter does, and push latents (n,) through it."""
    torch.manual_seed(seed)
    data = datasets.toy("two-modes").sample(4000)[:, None]
    generator = networks.mlp([1, 32, 32, 1], activation="elu")
    game = GAN(generator, networks.mlp([1, 32, 32, 1]), latent=1)
    players = [
        training.Player(game.critic.parameters(), game.critic_loss, 1e-2, (0.0, 0.9)),
        training.Player(generator.parameters(), game.generator_loss, 3e-3, (0.0, 0.9)),
    ]
    training.play(players, data, steps=steps, batch_size=256)
    return game.generate(latents[:, None]).detach()[:, 0].double().numpy()


WEIGHTS: dict[str, Callable[[], torch.nn.Module]] = {
    "diffusion-digits": diffusion_model,
    "diffusion-clouds": clouds_model,
    "gan-digits": gan_model,
}


def costs() -> dict[str, np.ndarray]:
    """Train the models of the digits again with a stopwatch, and draw 1000 samples.

    Columns ``model``, ``training`` and ``sampling`` (seconds of processor time on one
    thread, the second for 1000 samples) and ``parameters``.
    """
    names = [name for name in WEIGHTS if name.endswith("-digits")]
    models, rows = [], []
    for name in names:
        start = time.process_time()
        models.append(WEIGHTS[name]())
        learned = time.process_time()
        noise = torch.Generator().manual_seed(0)
        models[-1].sample(1000, noise, **trained.SAMPLING.get(name, {}))
        rows.append((learned - start, time.process_time() - learned))
    return {
        "model": np.array(names),
        "training": np.round([row[0] for row in rows], 1),
        "sampling": np.round([row[1] for row in rows], 3),
        "parameters": np.array([_size(model) for model in models]),
    }


def _size(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


TABLES: dict[str, Callable[[], dict[str, np.ndarray]]] = {
    "implicit-costs": costs,
    "toy-gans": toy_gans,
}
