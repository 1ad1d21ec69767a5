"""Autoregressive models: the chain rule, with one network for all its factors.

The network is any that obeys the order (``networks.masked_mlp``, ``MaskedConvNet``,
``CausalGRU``): its output ``i`` may depend on inputs before ``i`` only.
"""

from __future__ import annotations

import torch
from numpy.typing import ArrayLike

from lecture_code import _validate, likelihoods, networks


class Autoregressive(torch.nn.Module):
    r"""A distribution of binary vectors, one factor for each pixel given those before.

    .. math:: p_\theta(x) = \prod_{i=0}^{d-1} p_\theta(x_i \mid x_0, \dots, x_{i-1}),
        \quad p_\theta(x_i = 1 \mid x_{<i}) = \frac{1}{1 + e^{-a_i}}

    Parameters
    ----------
    network : torch.nn.Module
        Maps (n, d) to the logits :math:`a`, (n, d); output ``i`` depends on inputs
        before ``i`` only. That is tried on construction: a trial, not a proof, since
        a connection whose weight is zero now cannot be seen.
    pixels : int
        The number :math:`d` of pixels.
    order : array_like of int, shape (pixels,), optional
        Which pixel comes first, second, and so on; by default as they are numbered.

    References
    ----------
    Frey, Hinton and Dayan (1995), Does the wake-sleep algorithm produce good density
    estimators?, eq. (6); Uria, Cote, Gregor, Murray and Larochelle (2016), Neural
    autoregressive distribution estimation, eq. (1).
    """

    #: How many numbers the network computes for each pixel.
    numbers = 1

    def __init__(
        self, network: torch.nn.Module, *, pixels: int, order: ArrayLike | None = None
    ) -> None:
        super().__init__()
        self.network = network
        self.pixels = _validate.integer("pixels", pixels, low=1)
        self.register_buffer("order", self._read_order(order))
        self._check_shape()
        self._check_causal()

    def __repr__(self) -> str:
        weights = sum(p.numel() for p in self.parameters())
        kind = type(self.network).__name__
        return (
            f"{type(self).__name__}({kind}, pixels={self.pixels}, {weights} parameters)"
        )

    @torch.no_grad()
    def conditionals(self, x: torch.Tensor) -> torch.Tensor:
        r"""Return :math:`p(x_i = v \mid x_{<i})`, shape (n, pixels, values)."""
        return self._conditionals(self._check_images(x))

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return the exact log-probability of each image, nats (n,)."""
        return self._log_prob(self._check_images(x))

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean negative log-likelihood, in nats per image."""
        return -self.log_prob(x).mean()

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw images (n, pixels), one pixel after the other, without dropout."""
        n = _validate.integer("n", n, low=1)
        generator = _validate.generator("generator", generator)
        blank = torch.zeros(n, self.pixels, device=self.order.device)
        return self._fill(blank, 0, generator)

    def complete(
        self, x: torch.Tensor, *, known: int, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Keep the first ``known`` pixels, in the model's order, and draw the others.

        Images (n, pixels) give new ones in their dtype; dropout is left out.
        """
        x = self._check_images(x)
        known = _validate.integer("known", known, low=0, high=self.pixels)
        generator = _validate.generator("generator", generator)
        return self._fill(x.clone(), known, generator)

    @torch.no_grad()
    def _fill(
        self, x: torch.Tensor, known: int, generator: torch.Generator | None
    ) -> torch.Tensor:
        """Draw all pixels but the first ``known`` in place, by the inverse CDF."""
        with networks.evaluating(self):
            for pixel in self.order[known:].tolist():
                p = self._conditionals(x)[:, pixel]
                u = torch.rand(len(p), 1, generator=generator, dtype=torch.float64)
                # from the largest value down
                above = p.double().flip(1).cumsum(dim=1)[:, :-1]
                x[:, pixel] = (u.to(p.device) < above).sum(dim=1).to(x)
        return x

    def _check_images(self, x: torch.Tensor) -> torch.Tensor:
        x = _validate.tensor("x", x, shape=("n", self.pixels))
        return _validate.binary("x", x)

    def _conditionals(self, x: torch.Tensor) -> torch.Tensor:
        a = self._compute_numbers(x)[..., 0]
        return torch.stack([(-a).sigmoid(), a.sigmoid()], dim=2)

    def _log_prob(self, x: torch.Tensor) -> torch.Tensor:
        a = self._compute_numbers(x)[..., 0]
        nats = torch.nn.functional.binary_cross_entropy_with_logits
        return -nats(a, x.to(a), reduction="none").sum(dim=1)

    def _scale(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the network reads."""
        return x

    def _compute_numbers(self, x: torch.Tensor) -> torch.Tensor:
        """Return the network's numbers for each pixel, shape (n, pixels, numbers)."""
        given = self._scale(networks.cast(x, self))[:, self.order]
        outputs = self.network(given)[:, self.order.argsort()]
        return outputs.reshape(len(x), self.pixels, self.numbers)

    def _read_order(self, order: ArrayLike | None) -> torch.Tensor:
        if order is None:
            return torch.arange(self.pixels)
        order = _validate.integers("order", order, shape=(self.pixels,))
        if order.sort().values.tolist() != list(range(self.pixels)):
            raise ValueError(f"order: expected each pixel once, got {order.tolist()}")
        return order

    def _check_shape(self) -> None:
        d, numbers = self.pixels, self.numbers
        each = (d,) if numbers == 1 else (d, numbers)
        got = networks.probe(self.network, torch.zeros(2, d))
        if got != (2, *each):
            sizes = ", ".join(map(str, ("n", *each)))
            raise ValueError(
                f"network: expected a map of (n, {d}) to ({sizes}), got {got} for n = 2"
            )

    @torch.no_grad()
    def _check_causal(self) -> None:
        """Pair images that agree before pixel ``j``: outputs up to ``j`` must agree."""
        place = torch.arange(self.pixels)
        generator = torch.Generator().manual_seed(0)
        first, second = torch.rand(2, 8, self.pixels, generator=generator).round()
        mixed = torch.where(place < place[:, None, None], first, second)
        images = torch.cat([first[None], mixed]).flatten(0, 1)
        with networks.evaluating(self):
            outputs = self.network(networks.cast(images, self))
        whole, *moved = outputs.reshape(-1, 8, self.pixels, self.numbers)
        change = (torch.stack(moved) - whole).abs().amax(dim=(1, 3)).tril().max()
        if change > 1e-4 * (1 + whole.abs().max()):
            raise ValueError(
                "network: expected outputs that depend on the inputs before them only, "
                f"got a change of {change:.2g} from an input at or after one"
            )


class GreyAutoregressive(Autoregressive):
    r"""A distribution of grey images, each factor a mixture of discretised logistics.

    .. math:: p_\theta(x) = \prod_{i=0}^{d-1} p_\theta(x_i \mid x_0, \dots, x_{i-1}),
        \quad p_\theta(x_i = v \mid x_{<i}) \text{ as in }
        \texttt{likelihoods.Logistics}

    Parameters
    ----------
    network : torch.nn.Module
        Maps (n, d) on the scale from -1 to 1 to (n, d, 3 components), for each pixel
        the numbers of its mixture. Those at ``i`` depend on inputs before ``i`` only,
        which is tried as in :class:`Autoregressive`.
    pixels : int
        The number :math:`d` of pixels.
    levels : int
        The number of grey levels.
    components : int
        The number of logistics in each mixture.
    order : array_like of int, shape (pixels,), optional
        Which pixel comes first, second, and so on; by default as they are numbered.

    References
    ----------
    Salimans, Karpathy, Chen and Kingma (2017), PixelCNN++, eq. (2).
    """

    def __init__(
        self,
        network: torch.nn.Module,
        *,
        pixels: int,
        levels: int = 17,
        components: int = 3,
        order: ArrayLike | None = None,
    ) -> None:
        self.output = likelihoods.Logistics(levels, components=components)
        self.numbers = self.output.numbers
        super().__init__(network, pixels=pixels, order=order)

    def _check_images(self, x: torch.Tensor) -> torch.Tensor:
        x = _validate.tensor("x", x, shape=("n", self.pixels))
        self.output.scaled(x)  # refuses what is no level
        return x

    def _conditionals(self, x: torch.Tensor) -> torch.Tensor:
        return self.output.probabilities(self._compute_numbers(x).flatten(1))

    def _log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return self.output.log_prob(x, self._compute_numbers(x).flatten(1))

    def _scale(self, x: torch.Tensor) -> torch.Tensor:
        return self.output._scale(x)
