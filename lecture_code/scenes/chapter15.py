"""Chapter 15: the best model of a slope, and the map that makes it."""

from __future__ import annotations

import matplotlib.pyplot as plt

from lecture_code.session import PALETTE


def generator(x, *, target, model, z, exact, best) -> None:
    """Draw two densities at x (n,), beside the maps of latents z (m,) behind them."""
    _, (laws, maps) = plt.subplots(1, 2, figsize=(6.8, 3.0))
    laws.fill_between(x, target, color=PALETTE["grey"], alpha=0.35, label="target")
    laws.plot(x, model, color=PALETTE["orange"], label="best model")
    laws.set(xlabel="x", ylabel="density", xlim=(x[0], x[-1]))
    laws.set_ylim(0, 1.4 * max(*target, *model))
    laws.legend(fontsize=9, loc="upper center")
    maps.plot(z, exact, color=PALETTE["grey"], label="exact map")
    maps.plot(z, best, color=PALETTE["orange"], label="best map")
    maps.set(xlabel="latent z", ylabel="g(z)", ylim=(x[0], x[-1]))
    maps.legend(fontsize=9, loc="upper left")
