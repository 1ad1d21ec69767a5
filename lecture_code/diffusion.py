"""Diffusion models: a network that learned to take away noise of every level.

How noise is added, and how a denoiser leads back, is in ``noising``.
"""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import ArrayLike

from lecture_code import _validate, networks, noising

_DROPPED = 0.1  # share of labels withheld in training, so that both laws are learned


class Diffusion(torch.nn.Module):
    r"""A model that learned to take noise away, with or without classes.

    .. math:: D_\theta(x, t) = \alpha_t \, x - \sigma_t F_\theta(x, t)

    The network :math:`F` guesses the *velocity* :math:`\alpha_t \varepsilon -
    \sigma_t x_0`: near t = 0 that is the noise, near t = 1 minus the image, each time
    what ``x`` does not show. Scale the data to a spread of about one.

    Parameters
    ----------
    network : torch.nn.Module
        Maps (n, d), times (n,) and labels (n,) or None to (n, d), such as
        ``networks.TimeMLP``.
    d : int
        Dimension of the data.
    classes : int
        Number of classes, 0 for none; label ``classes`` tells the network "none given".
    level : callable
        The schedule: maps times to noise levels that rise from 0 to 1.

    References
    ----------
    Ho, Jain and Abbeel (2020), Denoising diffusion probabilistic models; Salimans and
    Ho (2022), Progressive distillation for fast sampling of diffusion models,
    appendix D; Karras, Aittala, Aila and Laine (2022), Elucidating the design space of
    diffusion-based generative models, eq. (7).
    """

    def __init__(
        self,
        network: torch.nn.Module,
        *,
        d: int,
        classes: int = 0,
        level: noising.Level = noising.cosine,
    ) -> None:
        super().__init__()
        self.network = _validate.instance("network", network, torch.nn.Module)
        self.d = _validate.integer("d", d, low=1)
        self.classes = _validate.integer("classes", classes, low=0)
        self.level = noising.rising(level)
        self._check_network()

    def __repr__(self) -> str:
        weights = sum(p.numel() for p in self.parameters())
        return f"Diffusion(d={self.d}, classes={self.classes}, {weights} weights)"

    def __getattr__(self, name: str) -> Any:
        if name in ("log_prob", "elbo", "importance_bound"):
            raise AttributeError(
                f"{name}: expected a model that offers it, got a Diffusion, which has "
                "score; histograms, mixtures, autoregressive models and flows have "
                "log_prob, a VAE bounds"
            )
        return super().__getattr__(name)

    def velocity(
        self, x: torch.Tensor, t: ArrayLike, labels: ArrayLike | None = None
    ) -> torch.Tensor:
        r"""Return the network's guess of :math:`\alpha_t \varepsilon - \sigma_t x_0`.

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Noisy points.
        t : float or array_like of shape (n,)
            Times in [0, 1].
        labels : array_like of int, shape (n,), optional
            Classes; ``classes`` or no labels at all stand for "none given".

        Returns
        -------
        torch.Tensor, shape (n, d)
            Velocities, in the dtype and on the device of ``x``.
        """
        x, t, labels = self._given(x, t, labels)
        given = networks.cast(x, self.network)
        return self.network(given, t.to(given), labels.to(given.device)).to(x)

    def denoise(
        self, x: torch.Tensor, t: ArrayLike, labels: ArrayLike | None = None
    ) -> torch.Tensor:
        r"""Return the estimate of the data, :math:`\alpha_t x - \sigma_t F(x, t)`.

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Noisy points.
        t : float or array_like of shape (n,)
            Times in [0, 1].
        labels : array_like of int, shape (n,), optional
            Classes; ``classes`` or no labels at all stand for "none given".

        Returns
        -------
        torch.Tensor, shape (n, d)
            Estimates of the posterior mean of the data given the noisy points.
        """
        velocity = self.velocity(x, t, labels)
        alpha, sigma = self._rates(x, t)
        return alpha * x - sigma * velocity

    def noise(
        self, x: torch.Tensor, t: ArrayLike, labels: ArrayLike | None = None
    ) -> torch.Tensor:
        r"""Return the estimate of the noise, :math:`\sigma_t x + \alpha_t F(x, t)`.

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Noisy points.
        t : float or array_like of shape (n,)
            Times in [0, 1].
        labels : array_like of int, shape (n,), optional
            Classes; ``classes`` or no labels at all stand for "none given".

        Returns
        -------
        torch.Tensor, shape (n, d)
            Estimates of the mean of the noise given the noisy points.
        """
        velocity = self.velocity(x, t, labels)
        alpha, sigma = self._rates(x, t)
        return sigma * x + alpha * velocity

    def score(
        self, x: torch.Tensor, t: ArrayLike, labels: ArrayLike | None = None
    ) -> torch.Tensor:
        r"""Return the estimate of the score, minus the noise over its level.

        .. math:: \nabla \log p_t(x) = -\mathbb{E}[\varepsilon \mid x] / \sigma_t

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Noisy points.
        t : float or array_like of shape (n,)
            Times in [0, 1], not 0, where there is no noise to divide by.
        labels : array_like of int, shape (n,), optional
            Classes; ``classes`` or no labels at all stand for "none given".

        Returns
        -------
        torch.Tensor, shape (n, d)
            Scores.
        """
        _validate.array("t", t, above=0, high=1)
        return -self.noise(x, t, labels) / self._rates(x, t)[1]

    def errors(
        self,
        x: torch.Tensor,
        t: ArrayLike,
        eps: torch.Tensor,
        labels: ArrayLike | None = None,
    ) -> torch.Tensor:
        r"""Return each example's squared error in the velocity, mean over coordinates.

        It is the error in the noise over :math:`\alpha_t^2`, and the error in the data
        over :math:`\sigma_t^2`.

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Data.
        t : float or array_like of shape (n,)
            Times in [0, 1].
        eps : torch.Tensor, shape (n, d)
            Noise.
        labels : array_like of int, shape (n,), optional
            Classes; ``classes`` or no labels at all stand for "none given".

        Returns
        -------
        torch.Tensor, shape (n,)
            Errors.
        """
        x, t, labels = self._given(x, t, labels)
        eps = _validate.tensor("eps", eps, shape=x.shape)
        alpha, sigma = self._rates(x, t)
        guess = self.velocity(alpha * x + sigma * eps, t, labels)
        return (guess - (alpha * eps - sigma * x)).square().mean(dim=1)

    def loss(
        self,
        x: torch.Tensor,
        labels: ArrayLike | None = None,
        generator: torch.Generator | None = None,
    ) -> torch.Tensor:
        """Return the mean error at random times and with random noise.

        The times of a batch are spread evenly over [0, 1]. One label in ten is
        withheld, so that the network learns the law of all classes together too.

        Parameters
        ----------
        x : torch.Tensor, shape (n, d)
            Data.
        labels : array_like of int, shape (n,), optional
            Classes; without them the network learns the law of all together.
        generator : torch.Generator, optional
            Source of times, noise and withheld labels.

        Returns
        -------
        torch.Tensor
            A scalar.
        """
        x, _, labels = self._given(x, 0.0, labels)
        n = len(x)
        _validate.generator("generator", generator)
        t = (torch.arange(n) + torch.rand(1, generator=generator)) / n
        dropped = torch.rand(n, generator=generator) < _DROPPED
        labels = torch.where(dropped.to(x.device), self.classes, labels)
        return self.errors(x, t, noising.like(x, generator), labels).mean()

    @torch.no_grad()
    def sample(
        self,
        n: int,
        generator: torch.Generator | None = None,
        labels: ArrayLike | None = None,
        *,
        steps: int = 20,
        guidance: float = 1.0,
        churn: float = 0.0,
    ) -> torch.Tensor:
        r"""Draw samples: start from noise and take it away in steps, without dropout.

        With guidance :math:`w` the estimate is :math:`D(x, t) + w \, (D(x, t, y) -
        D(x, t))` for class :math:`y`: 0 ignores the class, 1 draws from its law, more
        than 1 exaggerates what sets it apart.

        Parameters
        ----------
        n : int
            Number of samples.
        generator : torch.Generator, optional
            Source of randomness; torch's global one by default.
        labels : array_like of int, shape (n,), optional
            Classes from 0 to ``classes - 1``; drawn evenly where there are none.
        steps : int
            Number of steps.
        guidance : float
            The weight :math:`w`, at least 0.
        churn : float
            Share of fresh noise, from 0 (deterministic) to 1 (ancestral).

        Returns
        -------
        torch.Tensor, shape (n, d)
            Samples, float32.
        """
        n = _validate.integer("n", n, low=1)
        steps = _validate.integer("steps", steps, low=1)
        guidance = _validate.real("guidance", guidance, low=0)
        churn = _validate.real("churn", churn, low=0, high=1)
        _validate.generator("generator", generator)
        labels = self._wished(n, labels, generator)
        x = networks.cast(torch.randn(n, self.d, generator=generator), self)

        def denoise(x: torch.Tensor, t: float) -> torch.Tensor:
            return self._guided(x, t, labels, guidance)

        times = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
        settings = {"level": self.level, "churn": churn, "generator": generator}
        with networks.evaluating(self):
            return noising.reverse(denoise, x, times, **settings)[-1].float()

    def _guided(
        self, x: torch.Tensor, t: float, labels: torch.Tensor, guidance: float
    ) -> torch.Tensor:
        if guidance == 1 or self.classes == 0:
            return self.denoise(x, t, labels)
        free = torch.full_like(labels, self.classes)
        both = self.denoise(torch.cat([x, x]), t, torch.cat([labels, free]))
        told, free = both.chunk(2)
        return free + guidance * (told - free)

    def _wished(
        self, n: int, labels: ArrayLike | None, generator: torch.Generator | None
    ) -> torch.Tensor:
        most = max(self.classes - 1, 0)
        if labels is None:
            return torch.randint(most + 1, (n,), generator=generator)
        return _validate.integers("labels", labels, shape=(n,), low=0, high=most)

    def _given(
        self, x: torch.Tensor, t: ArrayLike, labels: ArrayLike | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Check points, times and labels, and give each point a time and a label."""
        x = _validate.tensor("x", x, shape=("n", self.d))
        t = torch.as_tensor(_validate.array("t", t, low=0, high=1))
        if t.ndim > 0:
            _validate.array("t", t, shape=(len(x),))
        if labels is None:
            labels = torch.full((len(x),), self.classes)
        shape, high = (len(x),), self.classes
        labels = _validate.integers("labels", labels, shape=shape, low=0, high=high)
        return x, t.expand(len(x)), labels.to(x.device)

    def _rates(self, x: torch.Tensor, t: ArrayLike) -> tuple[torch.Tensor, ...]:
        return tuple(rate.to(x)[..., None] for rate in noising.rates(t, self.level))

    @torch.no_grad()
    def _check_network(self) -> None:
        x = torch.zeros(2, self.d)
        try:
            with networks.evaluating(self):
                shape = self.velocity(x, 0.5).shape
        except (TypeError, ValueError, RuntimeError, IndexError) as error:
            raise ValueError(f"network: expected one that fits, got {error}") from None
        if shape != x.shape:
            raise ValueError(f"network: expected (2, {self.d}), got {tuple(shape)}")
