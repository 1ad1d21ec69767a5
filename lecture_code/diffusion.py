"""Diffusion models: a network that learned to take away noise of every level.

How noise is added, and how a denoiser leads back, is in ``noising``.
"""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import ArrayLike

from lecture_code import _validate, networks, noising

_DROPPED = 0.1  # share of labels withheld in training, so that both laws are learned


class Diffusion(networks.WithoutLikelihood):
    r"""A model that learned to take noise away, with or without classes.

    .. math:: D_\theta(x, t) = \alpha_t \, x - \sigma_t F_\theta(x, t)

    The network :math:`F` guesses the *velocity* :math:`\alpha_t \varepsilon -
    \sigma_t x_0`: near t = 0 that is the noise, near t = 1 minus the image, each time
    what ``x`` does not show. Scale the data to a spread of about one.

    All methods take points ``x`` (n, d), times ``t`` in [0, 1], one for all or (n,),
    and perhaps ``labels`` (n,): classes from 0, where ``classes`` or no labels at all
    stand for "none given". They answer in the dtype and on the device of ``x``.

    Parameters
    ----------
    network : torch.nn.Module
        Maps (n, d), times (n,) and labels (n,) to (n, d), such as
        ``networks.TimeMLP``.
    d : int
        Dimension of the data.
    classes : int
        Number of classes, 0 for none.
    level : callable
        The schedule: maps times to noise levels that rise from 0 to 1.

    References
    ----------
    Ho, Jain and Abbeel (2020), Denoising diffusion probabilistic models; Salimans and
    Ho (2022), Progressive distillation for fast sampling of diffusion models,
    appendix D; Karras, Aittala, Aila and Laine (2022), Elucidating the design space of
    diffusion-based generative models, eq. (7).
    """

    _ABSENT = ("log_prob", "elbo", "importance_bound")
    _REASON = (
        "expected a model that offers it, got a Diffusion, which has score; "
        "histograms, mixtures, autoregressive models and flows have log_prob, a VAE "
        "bounds"
    )

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
        inputs = torch.zeros(2, d), torch.full((2,), 0.5), torch.full((2,), classes)
        got = networks.probe(network, *inputs)
        if isinstance(got, Exception):
            raise ValueError(f"network: expected one that fits, got {got}")
        if got != (2, d):
            raise ValueError(f"network: expected (2, {d}), got {got}")

    def __repr__(self) -> str:
        weights = sum(p.numel() for p in self.parameters())
        return f"Diffusion(d={self.d}, classes={self.classes}, {weights} weights)"

    def velocity(
        self, x: torch.Tensor, t: ArrayLike, labels: ArrayLike | None = None
    ) -> torch.Tensor:
        """Return the network's guess :math:`F` of the velocity, (n, d)."""
        return self._guess(*self._check_inputs(x, t, labels))

    def denoise(
        self, x: torch.Tensor, t: ArrayLike, labels: ArrayLike | None = None
    ) -> torch.Tensor:
        r"""Return the estimate of the data, :math:`\alpha_t x - \sigma_t F(x, t)`."""
        return self._denoise(*self._check_inputs(x, t, labels))

    def noise(
        self, x: torch.Tensor, t: ArrayLike, labels: ArrayLike | None = None
    ) -> torch.Tensor:
        r"""Return the estimate of the noise, :math:`\sigma_t x + \alpha_t F(x, t)`."""
        return self._find_noise(*self._check_inputs(x, t, labels))

    def score(
        self, x: torch.Tensor, t: ArrayLike, labels: ArrayLike | None = None
    ) -> torch.Tensor:
        r"""Return the estimate of the score, minus the noise over its level.

        .. math:: \nabla \log p_t(x) = -\mathbb{E}[\varepsilon \mid x] / \sigma_t

        Time 0 is refused: there is no noise to divide by.
        """
        x, t, labels = self._check_inputs(x, t, labels, above=0, high=1)
        return -self._find_noise(x, t, labels) / self._compute_rates(t, x)[1]

    def errors(
        self,
        x: torch.Tensor,
        t: ArrayLike,
        eps: torch.Tensor,
        labels: ArrayLike | None = None,
    ) -> torch.Tensor:
        r"""Return each example's squared error in the velocity, mean over coordinates.

        It is the error in the noise ``eps`` (n, d) over :math:`\alpha_t^2`, and the
        error in the data over :math:`\sigma_t^2`. Here ``x`` are data without noise.
        """
        x, t, labels = self._check_inputs(x, t, labels)
        eps = _validate.tensor("eps", eps, shape=x.shape)
        return self._compute_errors(x, t, eps, labels)

    def loss(
        self,
        x: torch.Tensor,
        labels: ArrayLike | None = None,
        generator: torch.Generator | None = None,
    ) -> torch.Tensor:
        """Return the mean error at random times and with random noise.

        The times of a batch are spread evenly over [0, 1]. One label in ten is
        withheld, so that the network learns the law of all classes together too.
        """
        x, labels = self._check_points(x, labels)
        generator, n = _validate.generator("generator", generator), len(x)
        t = (torch.arange(n) + torch.rand(1, generator=generator)) / n
        dropped = torch.rand(n, generator=generator) < _DROPPED
        labels = torch.where(dropped.to(x.device), self.classes, labels)
        eps = torch.randn(x.shape, generator=generator).to(x)
        return self._compute_errors(x, t.double(), eps, labels).mean()

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
        r"""Draw samples (n, d), float32: take noise away in steps, without dropout.

        With guidance :math:`w \ge 0` the estimate is :math:`D(x, t) + w \, (D(x, t, y)
        - D(x, t))` for class :math:`y`: 0 ignores the class, 1 draws from its law, more
        than 1 exaggerates what sets it apart. Classes that are not wished for by
        ``labels`` are drawn evenly. ``churn`` is the share of fresh noise, from 0
        (deterministic) to 1 (ancestral), see ``noising.reverse``.
        """
        n = _validate.integer("n", n, low=1)
        steps = _validate.integer("steps", steps, low=1)
        guidance = _validate.real("guidance", guidance, low=0)
        churn = _validate.real("churn", churn, low=0, high=1)
        _validate.generator("generator", generator)
        most = max(self.classes - 1, 0)
        if labels is None:
            labels = torch.randint(most + 1, (n,), generator=generator)
        else:
            labels = _validate.integers("labels", labels, shape=(n,), low=0, high=most)
        x = networks.cast(torch.randn(n, self.d, generator=generator), self)
        labels = labels.to(x.device)

        def denoise(x: torch.Tensor, t: float) -> torch.Tensor:
            return self._guide(x, t, labels, guidance)

        times = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
        sigmas = self.level(times)
        with networks.evaluating(self):
            path = noising._walk_back(denoise, x, times, sigmas, churn, generator)
        return path[-1].float()

    def _check_points(
        self, x: torch.Tensor, labels: ArrayLike | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Check points and labels, and give each point a label."""
        x = _validate.tensor("x", x, shape=("n", self.d))
        n, most = len(x), self.classes
        if labels is None:
            labels = torch.full((n,), most)
        else:
            labels = _validate.integers("labels", labels, shape=(n,), low=0, high=most)
        return x, labels.to(x.device)

    def _check_inputs(
        self, x: torch.Tensor, t: ArrayLike, labels: ArrayLike | None, **bounds: Any
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Check points, labels and times: one for all, shape (), or (n,)."""
        x, labels = self._check_points(x, labels)
        bounds = bounds or {"low": 0, "high": 1}
        t = torch.as_tensor(_validate.array("t", t, **bounds))
        if t.ndim > 0 and t.shape != (len(x),):
            got = _validate.describe(t)
            raise ValueError(f"t: expected shape ({len(x)},), got {got}")
        return x, t, labels

    def _compute_rates(
        self, t: torch.Tensor, x: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """Compute the rates of data and noise, to be multiplied with the points."""
        rates = noising._split_variance(self.level(t))
        return tuple(rate.to(x)[..., None] for rate in rates)

    def _guess(
        self, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        given = networks.cast(x, self.network)
        t = t.to(given).expand(len(x))
        return self.network(given, t, labels.to(given.device)).to(x)

    def _denoise(
        self, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        alpha, sigma = self._compute_rates(t, x)
        return alpha * x - sigma * self._guess(x, t, labels)

    def _find_noise(
        self, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        alpha, sigma = self._compute_rates(t, x)
        return sigma * x + alpha * self._guess(x, t, labels)

    def _compute_errors(
        self, x: torch.Tensor, t: torch.Tensor, eps: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        alpha, sigma = self._compute_rates(t, x)
        guess = self._guess(alpha * x + sigma * eps, t, labels)
        return (guess - (alpha * eps - sigma * x)).square().mean(dim=1)

    def _guide(
        self, x: torch.Tensor, t: float, labels: torch.Tensor, guidance: float
    ) -> torch.Tensor:
        """Denoise towards classes, with the weight ``guidance`` against none."""
        time = torch.tensor(t, dtype=torch.float64)
        if guidance == 1 or self.classes == 0:
            return self._denoise(x, time, labels)
        free = torch.full_like(labels, self.classes)
        both = self._denoise(torch.cat([x, x]), time, torch.cat([labels, free]))
        told, free = both.chunk(2)
        return free + guidance * (told - free)
