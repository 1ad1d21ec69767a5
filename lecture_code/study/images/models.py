"""The scenes and models of the study on images: 3s and 7s.

In the scene "pair" two images carry Gaussian noise, so that the law is known and its
projection on the axis between them is a mixture of two Gaussians. In the scene
"classes" the data are all 3s and all 7s.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from lecture_code import (
    _validate,
    datasets,
    densities,
    gan,
    likelihoods,
    networks,
    training,
    vae,
)
from lecture_code.diffusion import Diffusion

SCENES = ("pair", "classes")
SOURCES = ("digits", "mnist")
NOISE = 0.4  # of the two images, on the scale from 0 to 1
DRAWN = 20_000  # noisy images to train on
_LATENTS = 8


class Scene(NamedTuple):
    """What to learn, and the axis along which it is looked at.

    Images ``data`` (n, d) on the scale from 0 to 1, with ``labels`` (n,), 0 for a 3 and
    1 for a 7; the point ``middle`` (d,) between the two centres, the unit vector
    ``axis`` (d,) from 3 to 7 and the ``separation`` D of the centres; the standard
    deviation ``noise`` of the noise on each image, 0 if there is none.
    """

    data: torch.Tensor
    labels: torch.Tensor
    middle: torch.Tensor
    axis: torch.Tensor
    separation: float
    noise: float

    @property
    def law(self) -> densities.GaussianMixture | None:
        """The law along the axis, where it is known."""
        half = self.separation / 2
        if self.noise == 0:
            return None
        return densities.GaussianMixture([-half, half], self.noise)

    def along(self, x: torch.Tensor) -> np.ndarray:
        """Return where images (n, d) lie on the axis: 0 in the middle, D/2 at the 7."""
        return ((x.detach() - self.middle).double() @ self.axis.double()).numpy()


class Maker(NamedTuple):
    """A trained model: how it draws, and the map that it pushes a Gaussian through.

    ``sample`` maps a number n and a generator to samples (n, d). ``network`` is the
    push-forward map of a latent with ``latent`` dimensions, None if the model takes
    many steps; ``noise`` is the standard deviation of what is added to its output.
    """

    sample: Callable[..., torch.Tensor]
    network: torch.nn.Module | None = None
    latent: int = 0
    noise: float = 0.0


class SlicedGenerator(torch.nn.Module):
    r"""A generator that learns the transport distance along random directions.

    .. math:: \mathbb{E}_u \; W_2^2(u^\top g(Z), \; u^\top X)

    On the line the best pairing of two samples is by rank, so there is no critic. The
    network maps (n, latent) to (n, d); a batch is seen along so many ``directions``.

    References
    ----------
    Deshpande, Zhang and Schwing (2018), Generative modeling using the sliced
    Wasserstein distance, CVPR.
    """

    def __init__(
        self, network: torch.nn.Module, *, latent: int, directions: int = 16
    ) -> None:
        super().__init__()
        self.network = _validate.instance("network", network, torch.nn.Module)
        self.latent = _validate.integer("latent", latent, low=1)
        self.directions = _validate.integer("directions", directions, low=1)

    def loss(
        self, x: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Return the distance between a batch (n, d) and as many samples."""
        x = _validate.tensor("x", x, shape=("n", "d")).float()
        _validate.generator("generator", generator)
        u = torch.randn(x.shape[1], self.directions, generator=generator)
        u = torch.nn.functional.normalize(u, dim=0)
        made = self.network(torch.randn(len(x), self.latent, generator=generator))
        gaps = (made @ u).sort(dim=0).values - (x @ u).sort(dim=0).values
        return gaps.square().sum(dim=1).mean()


# ------------------------------------------------------------------------- the scenes


def scene(
    name: str, source: str = "digits", *, folder: str | Path | None = None
) -> Scene:
    """Set up one of the two experiments, the same for the same arguments.

    ``name`` is "pair", two noisy images, or "classes", all 3s and 7s; ``source`` is
    "digits", the bundled ones, or "mnist", whose files are in ``folder`` or go there.
    """
    _validate.choice("name", name, SCENES)
    if _validate.choice("source", source, SOURCES) == "mnist":
        pixels, labels = datasets.mnist("train", folder=folder)
    else:
        pixels, labels = datasets.digits("train")
    pixels = pixels / (255 if source == "mnist" else 16)
    threes, sevens = pixels[labels == 3], pixels[labels == 7]
    if name == "pair":
        return _noisy(threes[0], sevens[0])
    labels = torch.cat([torch.zeros(len(threes)), torch.ones(len(sevens))]).long()
    return _seen(torch.cat([threes, sevens]), labels, threes.mean(0), sevens.mean(0))


def _noisy(three: torch.Tensor, seven: torch.Tensor) -> Scene:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(DRAWN) % 2
    noise = torch.randn(DRAWN, len(three), generator=generator)
    data = torch.stack([three, seven])[labels] + NOISE * noise
    return _seen(data, labels, three, seven, NOISE)


def _seen(data, labels, first, second, noise: float = 0.0) -> Scene:
    separation = (second - first).norm()
    axis = (second - first) / separation
    return Scene(data, labels, (first + second) / 2, axis, float(separation), noise)


# ------------------------------------------------------------------------- the models


def _vae(seen: Scene, steps: int) -> Maker:
    d, sigma = seen.data.shape[1], seen.noise or 0.2
    model = vae.VAE(
        networks.mlp([d, 64, 4]),
        decoder=networks.mlp([2, 64, 64, d]),
        output=likelihoods.Gaussian(sigma),
        d=d,
        latents=2,
    )
    training.fit(model, seen.data, steps=steps, batch_size=250, lr=5e-3)
    if seen.noise:
        return Maker(model.sample, model.decoder, 2, sigma)
    return Maker(_pushed(model.decoder, 2), model.decoder, 2)


def _pushed(network: torch.nn.Module, latent: int) -> Callable:
    """Return the sampler that sends one Gaussian through a network, and no more."""

    @torch.no_grad()
    def sample(n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        return network(torch.randn(n, latent, generator=generator))

    return sample


def _gan(seen: Scene, steps: int) -> Maker:
    d = seen.data.shape[1]
    network, critic = networks.mlp([_LATENTS, 64, 64, d]), [d, 64, 64, 1]
    critic = gan.spectral_critic(critic)
    game = gan.GAN(network, critic, latent=_LATENTS, game="wasserstein")
    sides = [
        (game.critic.parameters(), game.critic_loss, 4e-3, (0.0, 0.9)),
        (game.generator.parameters(), game.generator_loss, 2e-3, (0.0, 0.9)),
    ]
    players = [training.Player(*side) for side in sides]
    training.play(players, seen.data, steps=2 * steps, batch_size=125)
    return Maker(game.sample, network, _LATENTS)


def _sliced(seen: Scene, steps: int) -> Maker:
    network = networks.mlp([_LATENTS, 64, 64, seen.data.shape[1]])
    model = SlicedGenerator(network, latent=_LATENTS)
    training.fit(model, seen.data, steps=steps, batch_size=250, lr=1e-2)
    return Maker(_pushed(network, _LATENTS), network, _LATENTS)


def _diffusion(seen: Scene, steps: int) -> Maker:
    d, mean, spread = seen.data.shape[1], seen.data.mean(0), seen.data.std()
    model = Diffusion(networks.TimeMLP(d, hidden=128, depth=2), d=d)
    scaled = (seen.data - mean) / spread
    training.fit(model, scaled, steps=steps, batch_size=250, lr=2e-3)
    return Maker(
        lambda n, g=None: model.sample(n, g, steps=30, churn=1.0) * spread + mean
    )


KINDS: dict[str, Callable[[Scene, int], Maker]] = {
    "VAE": _vae,
    "GAN": _gan,
    "Wasserstein": _sliced,
    "diffusion": _diffusion,
}


def train(kind: str, seen: Scene, *, steps: int = 1000, seed: int = 0) -> Maker:
    """Train a model of one of the ``KINDS`` on a scene.

    A GAN, whose batches are half as large, takes twice as many ``steps``. ``seed`` is
    that of weights and batches; the global random state is left as it was.
    """
    build = KINDS[_validate.choice("kind", kind, KINDS)]
    _validate.instance("seen", seen, Scene)
    steps = _validate.integer("steps", steps, low=1)
    with torch.random.fork_rng():
        torch.manual_seed(_validate.integer("seed", seed, low=0))
        return build(seen, steps)
