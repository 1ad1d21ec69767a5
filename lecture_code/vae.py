"""Variational autoencoders: a latent variable model that learns to guess its causes.

The model: draw z from a standard normal, send it through the decoder, draw x from the
output law. The encoder guesses, for a given x, which z it came from.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.distributions import Normal

from lecture_code import _validate, networks


class VAE(networks.WithoutLikelihood):
    r"""A latent variable model with a bound on its likelihood.

    .. math:: p(x) = \int N(z; 0, I) \, p(x \mid z) \, dz \;\ge\; \exp
        \mathbb{E}_{q(z \mid x)} \left[ \log \frac{N(z; 0, I) \, p(x \mid z)}
        {q(z \mid x)} \right], \qquad q(z \mid x) = N(z; m(x), \mathrm{diag}(s(x)^2))

    Parameters
    ----------
    encoder : torch.nn.Module
        Maps examples (n, d), as ``output.scaled`` returns them, to (n, 2 latents): the
        means :math:`m`, then the logarithms of the scales :math:`s`, which are kept
        between -7 and 7.
    decoder : torch.nn.Module
        Maps (n, latents) to the numbers that ``output`` wants, (n, d * numbers).
    output : object
        The law of an example given these numbers, from the module ``likelihoods``.
    d : int
        Numbers in an example.
    latents : int
        Dimension of :math:`z`.
    beta : float
        Weight of the KL term in the loss; 1 is the bound.

    References
    ----------
    Kingma and Welling (2014), Auto-encoding variational Bayes, eqs. (3) and (10);
    Higgins et al. (2017), beta-VAE, eq. (4).
    """

    _REASON = (
        "expected a model with an exact likelihood, got a VAE, which bounds it: elbo "
        "and importance_bound. Histograms, mixtures, autoregressive models and flows "
        "have log_prob"
    )

    def __init__(
        self,
        encoder: torch.nn.Module,
        *,
        decoder: torch.nn.Module,
        output: Any,
        d: int,
        latents: int,
        beta: float = 1.0,
    ) -> None:
        super().__init__()
        self.encoder = _validate.instance("encoder", encoder, torch.nn.Module)
        self.decoder = _validate.instance("decoder", decoder, torch.nn.Module)
        self.output = _check_law(output)
        self.d = _validate.integer("d", d, low=1)
        self.latents = _validate.integer("latents", latents, low=1)
        self.beta = _validate.real("beta", beta, low=0)
        _check_map("encoder", encoder, self.d, 2 * self.latents)
        _check_map("decoder", decoder, self.latents, self.d * output.numbers)

    def __repr__(self) -> str:
        weights = sum(p.numel() for p in self.parameters())
        widths = f"d={self.d}, latents={self.latents}"
        return f"VAE({self.output}, {widths}, beta={self.beta:g}, {weights} weights)"

    def posterior(self, x: torch.Tensor) -> Normal:
        r"""Return the encoder's guess :math:`q(z \mid x)`, of shape (n, latents)."""
        return self._guess(self._read(x))

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        r"""Return the mean :math:`m(x)` of the guess: codes (n, latents)."""
        return self.posterior(x).loc

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        r"""Return the mean of the output law, :math:`\mathbb{E}[x \mid z]`, (n, d)."""
        z = _validate.tensor("z", z, shape=("n", self.latents))
        return self.output.mean(self._decode(z))

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw codes, then examples (n, d), float32: output noise included."""
        n = _validate.integer("n", n, low=1)
        z = _draw_noise((n, self.latents), _validate.generator("generator", generator))
        with torch.no_grad(), networks.evaluating(self):
            return self.output.draw(self._decode(z), generator)

    def kl(self, x: torch.Tensor) -> torch.Tensor:
        r"""Return the KL divergence from the guess to the prior, (n, latents) in nats.

        .. math:: \mathrm{KL}(N(m, s^2) \| N(0, 1))
            = \tfrac12 (m^2 + s^2 - 1) - \log s
        """
        return _compute_kl(self.posterior(x))

    def loss(
        self, x: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        r"""Return the mean negative ELBO, its KL term in closed form, in nats.

        .. math:: \frac1n \sum_x \left( -\log p(x \mid z) + \beta \,
            \mathrm{KL}(q(\cdot \mid x) \| N(0, I)) \right), \quad z = m(x) + s(x)
            \varepsilon
        """
        seen = self._read(x)
        generator = _validate.generator("generator", generator)
        misfit = -self._fit(x, _draw(self._guess(seen), generator))
        kl = _compute_kl(self._guess(seen))  # guessed anew: dropout leaves out others
        return (misfit + self.beta * kl.sum(dim=1)).mean()

    def log_weights(
        self, x: torch.Tensor, k: int, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        r"""Return what both bounds are made of, (k, n) in nats.

        .. math:: \log w_i = \log \frac{N(z_i; 0, I) \, p(x \mid z_i)}{q(z_i \mid x)},
            \quad z_i \sim q(\cdot \mid x)

        The mean of :math:`w` is :math:`p(x)`: by Jensen that of :math:`\log w` is at
        most :math:`\log p(x)`.
        """
        k, q = _validate.integer("k", k, low=1), self.posterior(x)
        generator = _validate.generator("generator", generator)
        zeros, ones = torch.zeros_like(q.loc), torch.ones_like(q.loc)
        prior = Normal(zeros, ones, validate_args=False)
        rows = []
        for _ in range(k):  # one at a time: k copies of all examples would be large
            z = _draw(q, generator)
            surplus = (prior.log_prob(z) - q.log_prob(z)).sum(dim=1)
            rows.append(self._fit(x, z) + surplus)
        return torch.stack(rows)

    def elbo(
        self, x: torch.Tensor, k: int = 1, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        r"""Estimate each example's evidence lower bound, (n,) in nats.

        .. math:: \frac1k \sum_{i=1}^k \log w_i
        """
        return self.log_weights(x, k, generator).mean(dim=0)

    def importance_bound(
        self, x: torch.Tensor, k: int, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        r"""Estimate each example's importance-weighted bound, (n,) in nats.

        .. math:: \log \frac1k \sum_{i=1}^k w_i

        It is at least :meth:`elbo` from the same draws, and the tighter the larger k.
        Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders,
        eq. (8).
        """
        return self.log_weights(x, k, generator).logsumexp(dim=0) - math.log(k)

    def _read(self, x: torch.Tensor) -> torch.Tensor:
        """Check examples and put them on the scale that the encoder reads."""
        return self.output.scaled(_validate.tensor("x", x, shape=("n", self.d)))

    def _guess(self, seen: torch.Tensor) -> Normal:
        seen = networks.cast(seen, self.encoder)
        mean, log_scale = self.encoder(seen).chunk(2, dim=1)
        return Normal(mean, log_scale.clamp(-7, 7).exp(), validate_args=False)

    def _decode(self, z: torch.Tensor) -> torch.Tensor:
        return self.decoder(networks.cast(z, self.decoder))

    def _fit(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return self.output.log_prob(x, self.decoder(z))


def _compute_kl(q: Normal) -> torch.Tensor:
    return (q.loc.square() + q.scale.square() - 1) / 2 - q.scale.log()


def _draw(q: Normal, generator: torch.Generator | None) -> torch.Tensor:
    """Return m + s * noise: a draw through which gradients flow."""
    return q.loc + q.scale * _draw_noise(q.loc.shape, generator).to(q.loc)


def _draw_noise(
    shape: tuple[int, ...], generator: torch.Generator | None
) -> torch.Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _check_map(name: str, network: torch.nn.Module, inputs: int, outputs: int) -> None:
    got = networks.probe(network, torch.zeros(2, inputs))
    if got != (2, outputs):
        raise ValueError(
            f"{name}: expected a map of (n, {inputs}) to (n, {outputs}), "
            f"got {got} for n = 2"
        )


def _check_law(output: Any) -> Any:
    wanted = ("scaled", "log_prob", "mean", "draw", "numbers")
    if isinstance(output, type) or not all(hasattr(output, name) for name in wanted):
        raise ValueError(
            "output: expected a law from the module likelihoods, got "
            f"{_validate.describe(output)}"
        )
    return output
