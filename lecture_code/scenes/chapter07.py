"""Chapter 7: arrows from noisy points to data, and points that walk along them."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch

from lecture_code import plotting
from lecture_code.densities import IsotropicMixture
from lecture_code.session import PALETTE


def walks(paths, *, samples, titles) -> None:
    """Draw sets of paths, each (steps, n, 2), a panel a set, over a cloud (m, 2)."""
    samples = np.asarray(samples)
    size = (3.1 * len(paths), 3.4)
    _, grid = plt.subplots(1, len(paths), squeeze=False, figsize=size)
    for axes, path, title in zip(grid[0], map(np.asarray, paths), titles, strict=True):
        axes.scatter(*samples.T, s=3, color=PALETTE["grey"], alpha=0.5, linewidths=0)
        axes.plot(*path.transpose(2, 0, 1), color=PALETTE["blue"], lw=0.6, alpha=0.7)
        axes.plot(*path[-1].T, "o", color=PALETTE["orange"], ms=4)
        axes.set(title=title, aspect="equal", xlim=(-6, 6), ylim=(-6, 6))


def arrows_at(mixture: IsotropicMixture, points: torch.Tensor) -> Callable:
    """Return a figure with two settings, for clean points (n, 2) of a mixture.

    At a noise level it draws the noisy points and, on a grid, the moves of the best
    denoiser, or the score: the moves over the variance of the noise, at a tenth.
    """
    grid = torch.cartesian_prod(*[torch.linspace(-3, 3, 13)] * 2)
    noise = torch.randn(points.shape, generator=torch.Generator().manual_seed(5))

    def draw(noise_level: float, arrows: str) -> str:
        moves = mixture.posterior_mean(grid, noise_level) - grid
        shown = moves if arrows == "moves" else 0.1 * moves / noise_level**2
        noisy = points + noise_level * noise
        plotting.arrows(grid, shown.clamp(-3, 3), samples=noisy)
        return (
            f"Noise {noise_level}: {arrows} on a grid, "
            f"mean move {moves.norm(dim=1).mean():.2f} long."
        )

    return draw


def answers(denoise: Callable, sigmas: tuple[float, ...]) -> None:
    """Draw what a denoiser of numbers answers, a curve for each noise level."""
    y = torch.linspace(-3, 3, 241)
    curves = {f"noise {sigma}": denoise(y, sigma) for sigma in sigmas}
    plotting.curves(y, curves, xlabel="noisy number y", ylabel="best guess of x")


def beside_nearest(images: torch.Tensor, train: torch.Tensor) -> None:
    """Draw images (n, d) above the training images that are nearest to them."""
    nearest = train[torch.cdist(images, train).argmin(dim=1)]
    plotting.image_rows({"walked": images, "nearest": nearest}, high=1)
