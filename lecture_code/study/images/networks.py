"""The networks of the study on images, for images in rows: 8 x 8 or 28 x 28.

Small images get perceptrons, large ones convolutions. All take and give rows of pixels,
(n, side * side).
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import silu
from torch.nn.utils.parametrizations import spectral_norm

from lecture_code import gan, networks

SIDE = 28
D = SIDE * SIDE
CHANNELS = 32
FEWER = 24  # of the U-Net, which runs many times a sample


def encoder(d: int, latents: int) -> nn.Sequential:
    """Build a VAE's encoder: images (n, d) to (n, 2 latents)."""
    if d < D:
        return networks.mlp([d, 64, 2 * latents])
    return nn.Sequential(*_downwards(), nn.Linear(2 * CHANNELS * 49, 2 * latents))


def generator(d: int, latents: int) -> nn.Sequential:
    """Build a generator or a VAE's decoder: (n, latents) to images (n, d)."""
    if d < D:
        return networks.mlp([latents, 64, 64, d])
    return nn.Sequential(
        nn.Linear(latents, 2 * CHANNELS * 49),
        nn.Unflatten(1, (2 * CHANNELS, 7, 7)),
        nn.BatchNorm2d(2 * CHANNELS),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * CHANNELS, CHANNELS, 4, stride=2, padding=1),
        nn.BatchNorm2d(CHANNELS),
        nn.ReLU(),
        nn.ConvTranspose2d(CHANNELS, 1, 4, stride=2, padding=1),
        nn.Sigmoid(),
        nn.Flatten(),
    )


def critic(d: int) -> nn.Sequential:
    """Build a critic under spectral normalisation: images (n, d) to (n, 1).

    References
    ----------
    Miyato, Kataoka, Koyama and Yoshida (2018), Spectral normalization for generative
    adversarial networks.
    """
    if d < D:
        return gan.spectral_critic([d, 64, 64, 1])
    net = nn.Sequential(*_downwards(), nn.Linear(2 * CHANNELS * 49, 1))
    for layer in net:
        if hasattr(layer, "weight"):
            spectral_norm(layer)
    return net


def denoiser(d: int) -> nn.Module:
    """Build a diffusion model's network: images (n, d) and times (n,) to (n, d)."""
    if d < D:
        return networks.TimeMLP(d, hidden=128, depth=2)
    return UNet()


def classifier(d: int, outputs: int) -> nn.Sequential:
    """Build a classifier of images (n, d); the layer before the last has 64 units."""
    if d < D:
        return networks.mlp([d, 64, outputs])
    return nn.Sequential(
        *_downwards(),
        nn.Linear(2 * CHANNELS * 49, 64),
        nn.ReLU(),
        nn.Linear(64, outputs),
    )


class UNet(nn.Module):
    r"""A network that sees an image coarsely and in detail, and knows the time.

    Convolutions halve the side twice, 28 to 14 to 7, and double it again; what was seen
    at side 14 on the way down is handed over on the way up. Every residual block adds
    a learned function of the time to its channels.

    References
    ----------
    Ronneberger, Fischer and Brox (2015), U-Net: convolutional networks for biomedical
    image segmentation; Ho, Jain and Abbeel (2020), Denoising diffusion probabilistic
    models, appendix B.
    """

    def __init__(self, channels: int = FEWER) -> None:
        super().__init__()
        wide = 2 * channels
        self.time = nn.Sequential(nn.Linear(16, wide), nn.SiLU())
        self.first = nn.Conv2d(1, channels, 4, stride=2, padding=1)
        self.before = _Block(channels, wide)
        self.down = nn.Conv2d(channels, wide, 4, stride=2, padding=1)
        self.bottom = nn.ModuleList([_Block(wide, wide) for _ in range(2)])
        self.up = nn.ConvTranspose2d(wide, channels, 4, stride=2, padding=1)
        self.join = nn.Conv2d(wide, channels, 3, padding=1)
        self.after = _Block(channels, wide)
        self.last = nn.ConvTranspose2d(channels, 1, 4, stride=2, padding=1)

    def forward(
        self, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Map (n, 784) to (n, 784), given times (n,); it knows no labels."""
        time = self.time(networks.encode_time(t.to(x), 8))
        fine = self.before(self.first(x.unflatten(1, (1, SIDE, SIDE))), time)
        coarse = self.down(fine)
        for block in self.bottom:
            coarse = block(coarse, time)
        joined = self.join(torch.cat([self.up(coarse), fine], dim=1))
        return self.last(self.after(joined, time)).flatten(1)


class _Block(nn.Module):
    """Two convolutions beside a straight way, shifted by the time."""

    def __init__(self, channels: int, times: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.GroupNorm(8, channels) for _ in range(2)])
        self.convolutions = nn.ModuleList(
            [nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2)]
        )
        self.shift = nn.Linear(times, channels)

    def forward(self, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        h = self.convolutions[0](silu(self.norms[0](x)))
        h = h + self.shift(time)[:, :, None, None]
        return x + self.convolutions[1](silu(self.norms[1](h)))


class NoisyOutput(nn.Module):
    r"""A generator and the noise on its output, as one map of one long latent.

    .. math:: (z, \varepsilon) \mapsto g(z) + \sigma \varepsilon

    A step along z is perpendicular to a step along the noise, so that a network of
    slope L makes a map of slope :math:`\sqrt{L^2 + \sigma^2}`. It maps (n, latents + d)
    to (n, d).
    """

    def __init__(self, network: nn.Module, *, latents: int, noise: float) -> None:
        super().__init__()
        self.network, self.latents, self.noise = network, latents, noise

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Map latents (n, latents + d), the noise last, to (n, d)."""
        z, noise = z[:, : self.latents], z[:, self.latents :]
        return self.network(z) + self.noise * noise


def _downwards() -> list[nn.Module]:
    """Halve the side twice; the result is (n, 2 CHANNELS * 49)."""
    return [
        nn.Unflatten(1, (1, SIDE, SIDE)),
        nn.Conv2d(1, CHANNELS, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(CHANNELS, 2 * CHANNELS, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
    ]
