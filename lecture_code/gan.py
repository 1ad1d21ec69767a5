"""Generative adversarial networks: a generator that learns from a critic alone.

Neither player computes a likelihood. The critic looks at data and at what the
generator made and gives each a number; the generator moves where the numbers rise.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn.functional import softplus

from lecture_code import _validate, networks

#: What the generator minimises, given the critic's numbers for what it made.
GENERATOR_LOSSES = {
    "saturating": lambda a: -softplus(a).mean(),
    "non-saturating": lambda a: softplus(-a).mean(),
    "wasserstein": lambda a: -a.mean(),
    "hinge": lambda a: -a.mean(),
}
#: What the critic minimises, given its numbers for data and for what was made.
CRITIC_LOSSES = {
    "saturating": lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
    "non-saturating": lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
    "wasserstein": lambda real, fake: fake.mean() - real.mean(),
    "hinge": lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean(),
}


class GAN(networks.WithoutLikelihood):
    r"""Two players: a generator pushes noise forward, a critic tells it from data.

    .. math:: x = G(z), \; z \sim N(0, I); \qquad
        V(D, G) = \mathbb{E}_{x}[\log D(x)] + \mathbb{E}_{z}[\log(1 - D(G(z)))]

    The critic network returns the logit :math:`a` of :math:`D = 1 / (1 + e^{-a})`, or,
    in the Wasserstein game, the value itself.

    Parameters
    ----------
    generator : torch.nn.Module
        Maps (n, latent) to samples, (n, d).
    critic : torch.nn.Module
        Maps (n, d) to one number each, (n, 1).
    latent : int
        Dimension of the noise :math:`z`.
    game : {"non-saturating", "saturating", "wasserstein", "hinge"}
        What is played. The last two need a critic of bounded slope, see
        :func:`spectral_critic`.

    References
    ----------
    Goodfellow et al. (2014), Generative adversarial nets, eq. (1); Arjovsky, Chintala
    and Bottou (2017), Wasserstein generative adversarial networks, eq. (3); Lim and Ye
    (2017), Geometric GAN, for the hinge.
    """

    _ABSENT = ("log_prob", "elbo", "importance_bound")
    _REASON = (
        "expected a model with a likelihood, got a GAN; histograms, mixtures, "
        "autoregressive models and flows have log_prob, a VAE bounds"
    )

    def __init__(
        self,
        generator: torch.nn.Module,
        critic: torch.nn.Module,
        *,
        latent: int,
        game: str = "non-saturating",
    ) -> None:
        super().__init__()
        self.generator = _validate.instance("generator", generator, torch.nn.Module)
        self.critic = _validate.instance("critic", critic, torch.nn.Module)
        self.latent = _validate.integer("latent", latent, low=1)
        self.game = _validate.choice("game", game, GENERATOR_LOSSES)
        z = torch.zeros(2, self.latent)
        self._d = _check_rows("generator", networks.probe(generator, z))
        judged = networks.probe(torch.nn.Sequential(generator, critic), z)
        _check_rows("critic", judged, width=1)

    def __repr__(self) -> str:
        weights = sum(p.numel() for p in self.parameters())
        return f"GAN({self.game}, latent={self.latent}, d={self._d}, {weights} weights)"

    def generate(self, z: torch.Tensor) -> torch.Tensor:
        """Push noise (n, latent) forward: what the generator makes of it, (n, d)."""
        return self._generate(_validate.tensor("z", z, shape=("n", self.latent)))

    def critic_loss(
        self, x: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        r"""Return what the critic minimises, on as many samples as there are data.

        .. math:: -\tfrac1n \sum_i \log D(x_i) - \tfrac1n \sum_i \log(1 - D(G(z_i)))

        In the Wasserstein game it is :math:`\tfrac1n \sum_i a(G(z_i)) - \tfrac1n
        \sum_i a(x_i)`, in the hinge game :math:`\tfrac1n \sum_i (1 + a(G(z_i)))_+ +
        \tfrac1n \sum_i (1 - a(x_i))_+`. No gradient flows to the generator.
        """
        with torch.no_grad():
            fake = self._draw(self._check_batch(x, generator), generator)
        return CRITIC_LOSSES[self.game](self.critic(x.to(fake)), self.critic(fake))

    def generator_loss(
        self, x: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        r"""Return what the generator minimises; of the data only the number counts.

        It is :math:`-\tfrac1n \sum_i \log D(G(z_i))` in the non-saturating game,
        :math:`\tfrac1n \sum_i \log(1 - D(G(z_i)))` in the saturating one and
        :math:`-\tfrac1n \sum_i a(G(z_i))` in the Wasserstein and the hinge game.
        """
        fake = self._draw(self._check_batch(x, generator), generator)
        return GENERATOR_LOSSES[self.game](self.critic(fake))

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Push fresh noise through the generator, without dropout: samples (n, d)."""
        n = _validate.integer("n", n, low=1)
        generator = _validate.generator("generator", generator)
        with networks.evaluating(self):
            return self._draw(n, generator)

    def _check_batch(self, x: torch.Tensor, generator: torch.Generator | None) -> int:
        """Check data and generator, and return the size of the batch."""
        _validate.generator("generator", generator)
        return len(_validate.tensor("x", x, shape=("n", self._d)))

    def _generate(self, z: torch.Tensor) -> torch.Tensor:
        return self.generator(networks.cast(z, self.generator))

    def _draw(self, n: int, generator: torch.Generator | None) -> torch.Tensor:
        return self._generate(torch.randn(n, self.latent, generator=generator))


def _check_rows(
    name: str, got: tuple[int, ...] | Exception, width: int | None = None
) -> int:
    """Refuse a network that makes no rows of two rows, and return how long they are."""
    if isinstance(got, Exception):
        raise ValueError(f"{name}: expected one that fits, got {got}")
    if len(got) != 2 or got[0] != 2 or width not in (None, got[1]):
        raise ValueError(f"{name}: expected rows for 2 rows, got shape {got}")
    return got[1]


def spectral_critic(
    sizes: Sequence[int], *, activation: str = "relu"
) -> torch.nn.Sequential:
    r"""Build a critic whose weight matrices are divided by their estimated norms.

    .. math:: W \mapsto W / \hat\sigma(W), \quad \hat\sigma(W) = u^\top W v

    The vectors :math:`u, v` come from power iteration, one step for each pass in
    training. Since :math:`\hat\sigma(W) \le \lVert W \rVert`, the slope of a layer
    comes out near 1 and never below it: this keeps the slope in check, and is no
    certificate. ``lipschitz.upper_bound`` is one.

    ``sizes`` and ``activation`` are those of ``networks.mlp``; the result maps
    (n, sizes[0]) to (n, sizes[-1]), and torch's global generator initialises it.

    References
    ----------
    Miyato, Kataoka, Koyama and Yoshida (2018), Spectral normalization for generative
    adversarial networks, eq. (9).
    """
    net = networks.mlp(sizes, activation=activation)
    for layer in net:
        if isinstance(layer, torch.nn.Linear):
            torch.nn.utils.parametrizations.spectral_norm(layer)
    return net
