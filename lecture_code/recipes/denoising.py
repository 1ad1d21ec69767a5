"""Ten runs of three autoencoders of chapter 7, which differ in what they are shown."""

from __future__ import annotations

import numpy as np
import torch

from lecture_code import autoencoders, datasets, training

SEEDS = range(10)
NU = 0.3
CODE = 128


class Copier(autoencoders.DenoisingAutoencoder):
    """A network that sees a corrupted input and is scored on that same input."""

    def loss(
        self, x: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Return the mean error against the corrupted input."""
        corrupted = self.corrupt(x, generator)
        return self.errors(corrupted).mean()


MODELS = {
    "plain": lambda: autoencoders.Autoencoder(64, CODE),
    "denoising": lambda: autoencoders.DenoisingAutoencoder(64, CODE, nu=NU),
    "copier": lambda: Copier(64, CODE, nu=NU),
}


@torch.no_grad()
def measure(model: autoencoders.Autoencoder, seed: int) -> dict[str, float]:
    """Score a model on test digits: masked, clean and scrambled, in nats each.

    ``ink`` is what it puts where a black pixel was masked, ``moves`` how far the mask
    moves a code, in units of the spread of codes.
    """
    test = datasets.binary_digits("test").pixels
    generator = torch.Generator().manual_seed(seed)
    masked = autoencoders.mask(test, NU, generator)
    shuffle = torch.randperm(test.shape[1], generator=generator)
    codes, moved = model.encode(test), model.encode(masked)
    spread = (codes - codes.mean(dim=0)).norm(dim=1).mean()
    holes = (masked == 0) & (test == 1)
    return {
        "masked": model.errors(test, masked).mean().item(),
        "clean": model.errors(test).mean().item(),
        "scrambled": model.errors(test[:, shuffle]).mean().item(),
        "ink": model.reconstruct(masked)[holes].mean().item(),
        "moves": ((moved - codes).norm(dim=1).mean() / spread).item(),
    }


def attempt(name: str, seed: int, *, steps: int = 800) -> dict[str, float]:
    """Train one of ``MODELS`` on the training digits from a seed, and measure it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = MODELS[name]()
        train = datasets.binary_digits("train").pixels
        training.fit(model, train, steps=steps, lr=0.01)
    return measure(model, seed)


def table() -> dict[str, np.ndarray]:
    """Measure every model from every seed: ``model``, ``seed``, and the measures."""
    pairs = [(name, seed) for name in MODELS for seed in SEEDS]
    rows = [attempt(*pair) for pair in pairs]
    names, seeds = zip(*pairs, strict=True)
    columns = {key: np.round([row[key] for row in rows], 4) for key in rows[0]}
    return {"model": np.array(names), "seed": np.array(seeds), **columns}


TABLES = {"denoising": table}
