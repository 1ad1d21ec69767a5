"""The models of the study on images, each trained on a scene.

All generators of noisy images add the same noise to their output as the data carry, so
that they have to learn no more than the two images.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from lecture_code import _validate, gan, likelihoods, training, vae
from lecture_code.diffusion import Diffusion
from lecture_code.study.images import networks
from lecture_code.study.images.scenes import Scene

SPREAD = 0.3  # of the VAE's output where the images carry no noise
SAMPLER_STEPS = 32
#: Rounds of training: shares of the steps, and of the learning rate.
ROUNDS = ((0.7, 1.0), (0.3, 0.2))


class Setting(NamedTuple):
    """How a kind of model is trained: on two images, or with ``more`` steps on many."""

    latents: int
    steps: int
    batch_size: int
    lr: float
    more: int | None = None


#: For images of 8 x 8 and of 28 x 28 pixels.
SETTINGS = {
    64: {
        "VAE": Setting(2, 1000, 250, 5e-3),
        "GAN": Setting(8, 2000, 125, 2e-3),
        "Wasserstein": Setting(8, 1000, 250, 5e-3),
        "diffusion": Setting(0, 1000, 250, 2e-3),
    },
    784: {
        "VAE": Setting(20, 1200, 64, 2e-3),
        "GAN": Setting(20, 1500, 64, 5e-4),
        "Wasserstein": Setting(20, 600, 256, 2e-3),
        "diffusion": Setting(0, 1600, 64, 2e-3, more=5000),
    },
}
KINDS = ("VAE", "GAN", "Wasserstein", "diffusion")


class Maker(NamedTuple):
    """A trained model: how it draws, and the map that it pushes a Gaussian through.

    ``sample`` maps a number n and a generator to samples (n, d), and so does ``fresh``,
    with fresh noise in every step, if the model takes many. ``network`` is the
    push-forward map of a latent with ``latent`` dimensions, None for such a model;
    ``noise`` is the standard deviation of what is added to its output.
    """

    sample: Callable[..., torch.Tensor]
    network: torch.nn.Module | None = None
    latent: int = 0
    noise: float = 0.0
    fresh: Callable[..., torch.Tensor] | None = None


class TransportGenerator(torch.nn.Module):
    r"""A generator that learns the transport distance between batches, no critic.

    .. math:: \min_\pi \frac1n \sum_i \lVert g(z_i) - x_{\pi(i)} \rVert^2

    The best pairing of as many samples as there are data is found exactly. The network
    maps (n, latent) to (n, d).

    References
    ----------
    Fatras, Zine, Flamary, Gribonval and Courty (2020), Learning with minibatch
    Wasserstein: asymptotic and gradient properties, AISTATS.
    """

    def __init__(self, network: torch.nn.Module, *, latent: int) -> None:
        super().__init__()
        self.network = _validate.instance("network", network, torch.nn.Module)
        self.latent = _validate.integer("latent", latent, low=1)

    def loss(
        self, x: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Return the distance between a batch (n, d) and as many samples."""
        from scipy import optimize

        x = _validate.tensor("x", x, shape=("n", "d")).float()
        _validate.generator("generator", generator)
        made = self.network(torch.randn(len(x), self.latent, generator=generator).to(x))
        costs = torch.cdist(made.detach(), x).square().cpu().numpy()
        _, partner = optimize.linear_sum_assignment(costs)
        return (made - x[partner]).square().sum(dim=1).mean()


def train(
    kind: str,
    seen: Scene,
    *,
    steps: int | None = None,
    seed: int = 0,
    device: str | torch.device = "cpu",
) -> Maker:
    """Train a model of one of the ``KINDS`` on a scene.

    It takes so many ``steps``, or as many as the ``SETTINGS`` say. ``seed`` is that of
    weights and batches; the global random state is left as it was. Samples come on the
    CPU wherever the model was trained.
    """
    _validate.choice("kind", kind, KINDS)
    _validate.instance("seen", seen, Scene)
    setting = SETTINGS[seen.data.shape[1]][kind]
    if steps is None and seen.noise == 0:
        steps = setting.more
    if steps is not None:
        setting = setting._replace(steps=_validate.integer("steps", steps, low=1))
    with torch.random.fork_rng():
        torch.manual_seed(_validate.integer("seed", seed, low=0))
        return _TRAINERS[kind](seen, setting, torch.device(device))


def _vae(seen: Scene, setting: Setting, device: torch.device) -> Maker:
    d, latents = seen.data.shape[1], setting.latents
    model = vae.VAE(
        networks.encoder(d, latents),
        decoder=networks.generator(d, latents),
        output=likelihoods.Gaussian(seen.noise or SPREAD),
        d=d,
        latents=latents,
    ).to(device)
    _play([model.parameters()], [model.loss], seen.data, setting, device)
    return _pushed(model.decoder, seen, latents)


def _gan(seen: Scene, setting: Setting, device: torch.device) -> Maker:
    d, latents = seen.data.shape[1], setting.latents
    network = networks.generator(d, latents)
    noisy, latent = _with_noise(network, seen, latents)
    game = gan.GAN(noisy, networks.critic(d), latent=latent, game="hinge").to(device)
    sides = [game.critic.parameters(), game.generator.parameters()]
    losses = [game.critic_loss, game.generator_loss]
    _play(sides, losses, seen.data, setting, device, rates=(2, 1), betas=(0.0, 0.9))
    return _pushed(network, seen, latents)


def _wasserstein(seen: Scene, setting: Setting, device: torch.device) -> Maker:
    network = networks.generator(seen.data.shape[1], setting.latents)
    noisy, latent = _with_noise(network, seen, setting.latents)
    model = TransportGenerator(noisy, latent=latent).to(device)
    _play([model.parameters()], [model.loss], seen.data, setting, device)
    return _pushed(network, seen, setting.latents)


def _diffusion(seen: Scene, setting: Setting, device: torch.device) -> Maker:
    d, mean, spread = seen.data.shape[1], seen.data.mean(0), seen.data.std()
    model = Diffusion(networks.denoiser(d), d=d).to(device)
    scaled = (seen.data - mean) / spread
    _play([model.parameters()], [model.loss], scaled, setting, device)

    def sampler(churn: float) -> Callable[..., torch.Tensor]:
        def sample(n: int, generator: torch.Generator | None = None) -> torch.Tensor:
            drawn = model.sample(n, generator, steps=SAMPLER_STEPS, churn=churn)
            return drawn.cpu() * spread + mean

        return sample

    return Maker(sampler(0.0), fresh=sampler(1.0))


_TRAINERS: dict[str, Callable[[Scene, Setting, torch.device], Maker]] = dict(
    zip(KINDS, (_vae, _gan, _wasserstein, _diffusion), strict=True)
)


def _play(
    sides: list,
    losses: list,
    data: torch.Tensor,
    setting: Setting,
    device: torch.device,
    rates: tuple[float, ...] = (1.0,),
    betas: tuple[float, float] = (0.9, 0.999),
) -> None:
    """Let one player or two take turns, at a rate that falls in the last round."""
    parameters = [list(side) for side in sides]
    for share, slower in ROUNDS:
        players = [
            training.Player(side, loss, rate * slower * setting.lr, betas)
            for side, loss, rate in zip(parameters, losses, rates, strict=True)
        ]
        steps = max(1, round(share * setting.steps))
        size: Any = {"steps": steps, "batch_size": setting.batch_size}
        training.play(players, data.to(device), **size)


def _with_noise(
    network: torch.nn.Module, seen: Scene, latents: int
) -> tuple[torch.nn.Module, int]:
    """Add the noise of a scene to a generator; return it with its latents."""
    if seen.noise == 0:
        return network, latents
    noisy = networks.NoisyOutput(network, latents=latents, noise=seen.noise)
    return noisy, latents + len(seen.axis)


def _pushed(network: torch.nn.Module, seen: Scene, latents: int) -> Maker:
    """Push one Gaussian through a network, and add the noise of the scene."""
    network = network.eval().cpu()

    @torch.no_grad()
    def sample(n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        made = network(torch.randn(n, latents, generator=generator))
        return made + seen.noise * torch.randn(made.shape, generator=generator)

    return Maker(sample, network, latents, seen.noise)
