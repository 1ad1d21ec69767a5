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


class VAE(torch.nn.Module):
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
        The law of an example given these numbers, from the room ``likelihoods``.
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
        self.output = _law(output)
        self.d = _validate.integer("d", d, low=1)
        self.latents = _validate.integer("latents", latents, low=1)
        self.beta = _validate.real("beta", beta, low=0)
        self._try("encoder", encoder, self.d, 2 * self.latents)
        self._try("decoder", decoder, self.latents, self.d * output.numbers)

    def __repr__(self) -> str:
        weights = sum(p.numel() for p in self.parameters())
        widths = f"d={self.d}, latents={self.latents}"
        return f"VAE({self.output}, {widths}, beta={self.beta:g}, {weights} weights)"

    def __getattr__(self, name: str) -> Any:
        if name == "log_prob":
            raise AttributeError(
                "log_prob: expected a model with an exact likelihood, got a VAE, which "
                "bounds it: elbo and importance_bound. Histograms, mixtures, "
                "autoregressive models and flows have log_prob"
            )
        return super().__getattr__(name)

    def posterior(self, x: torch.Tensor) -> Normal:
        r"""Return the encoder's guess :math:`q(z \mid x)`.

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Examples.

        Returns
        -------
        torch.distributions.Normal
            With ``loc`` and ``scale`` of shape (n, latents).
        """
        x = self.output.scaled(_validate.tensor("x", x, shape=("n", self.d)))
        mean, log_scale = self.encoder(networks.cast(x, self.encoder)).chunk(2, dim=1)
        return Normal(mean, log_scale.clamp(-7, 7).exp(), validate_args=False)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        r"""Return the mean :math:`m(x)` of the encoder's guess.

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Examples.

        Returns
        -------
        torch.Tensor, shape (n, latents)
            Codes.
        """
        return self.posterior(x).loc

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        r"""Return the mean of the output law, :math:`\mathbb{E}[x \mid z]`.

        Parameters
        ----------
        z : torch.Tensor, shape (n, latents)
            Codes.

        Returns
        -------
        torch.Tensor, shape (n, d)
            Means, in units of the data.
        """
        return self.output.mean(self._numbers(z))

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw codes, then examples given the codes: output noise included.

        Parameters
        ----------
        n : int
            Number of examples.
        generator : torch.Generator, optional
            Source of randomness; torch's global one by default.

        Returns
        -------
        torch.Tensor, shape (n, d)
            Independent examples, float32.
        """
        n = _validate.integer("n", n, low=1)
        z = _noise((n, self.latents), _validate.generator("generator", generator))
        with torch.no_grad(), networks.evaluating(self):
            return self.output.draw(self._numbers(z), generator)

    def kl(self, x: torch.Tensor) -> torch.Tensor:
        r"""Return the KL divergence of the guess from the prior, latent by latent.

        .. math:: \mathrm{KL}(N(m, s^2) \| N(0, 1))
            = \tfrac12 (m^2 + s^2 - 1) - \log s

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Examples.

        Returns
        -------
        torch.Tensor, shape (n, latents)
            Nats, none negative.
        """
        q = self.posterior(x)
        return (q.loc.square() + q.scale.square() - 1) / 2 - q.scale.log()

    def loss(
        self, x: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        r"""Return the mean negative ELBO, its KL term in closed form.

        .. math:: \frac1n \sum_x \left( -\log p(x \mid z) + \beta \,
            \mathrm{KL}(q(\cdot \mid x) \| N(0, I)) \right), \quad z = m(x) + s(x)
            \varepsilon

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Examples.
        generator : torch.Generator, optional
            Source of the noise :math:`\\varepsilon`; torch's global one by default.

        Returns
        -------
        torch.Tensor
            A scalar, nats per example.
        """
        q = self.posterior(x)
        misfit = -self._fit(x, _draw(q, generator))
        return (misfit + self.beta * self.kl(x).sum(dim=1)).mean()

    def log_weights(
        self, x: torch.Tensor, k: int, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        r"""Return what both bounds are made of.

        .. math:: \log w_i = \log \frac{N(z_i; 0, I) \, p(x \mid z_i)}{q(z_i \mid x)},
            \quad z_i \sim q(\cdot \mid x)

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Examples.
        k : int
            Draws from the guess, for each example.
        generator : torch.Generator, optional
            Source of randomness; torch's global one by default.

        Returns
        -------
        torch.Tensor, shape (k, n)
            Nats. The mean of :math:`w` is :math:`p(x)`, so that by Jensen the mean of
            :math:`\log w` is at most :math:`\log p(x)`.
        """
        k, q = _validate.integer("k", k, low=1), self.posterior(x)
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
        r"""Estimate the evidence lower bound of each example.

        .. math:: \frac1k \sum_{i=1}^k \log w_i

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Examples.
        k : int
            Draws from the guess, for each example.
        generator : torch.Generator, optional
            Source of randomness; torch's global one by default.

        Returns
        -------
        torch.Tensor, shape (n,)
            Nats; at most :math:`\log p(x)` in the mean.
        """
        return self.log_weights(x, k, generator).mean(dim=0)

    def importance_bound(
        self, x: torch.Tensor, k: int, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        r"""Estimate the importance-weighted bound of each example.

        .. math:: \log \frac1k \sum_{i=1}^k w_i

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Examples.
        k : int
            Draws from the guess, for each example; the more, the tighter.
        generator : torch.Generator, optional
            Source of randomness; torch's global one by default.

        Returns
        -------
        torch.Tensor, shape (n,)
            Nats; at most :math:`\log p(x)` in the mean, at least :meth:`elbo` from the
            same draws.

        References
        ----------
        Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders,
        eq. (8).
        """
        return self.log_weights(x, k, generator).logsumexp(dim=0) - math.log(k)

    def _fit(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return self.output.log_prob(x, self.decoder(z))

    def _numbers(self, z: torch.Tensor) -> torch.Tensor:
        z = _validate.tensor("z", z, shape=("n", self.latents))
        return self.decoder(networks.cast(z, self.decoder))

    @torch.no_grad()
    def _try(self, name: str, network: torch.nn.Module, inputs: int, outputs: int):
        try:
            with networks.evaluating(network):
                zeros = networks.cast(torch.zeros(2, inputs), network)
                got = tuple(network(zeros).shape)
        except (TypeError, ValueError, RuntimeError) as error:
            got = error
        if got != (2, outputs):
            raise ValueError(
                f"{name}: expected a map of (n, {inputs}) to (n, {outputs}), "
                f"got {got} for n = 2"
            )


def _noise(shape: tuple[int, ...], generator: torch.Generator | None) -> torch.Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _draw(q: Normal, generator: torch.Generator | None) -> torch.Tensor:
    """Return m + s * noise: a draw through which gradients flow."""
    generator = _validate.generator("generator", generator)
    return q.loc + q.scale * _noise(q.loc.shape, generator).to(q.loc)


def _law(output: Any) -> Any:
    for method in ("scaled", "log_prob", "mean", "draw", "numbers"):
        if not hasattr(output, method) or isinstance(output, type):
            raise ValueError(
                "output: expected a law from the room likelihoods, got "
                f"{_validate.describe(output)}"
            )
    return output
