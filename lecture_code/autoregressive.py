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
        self.network = _validate.instance("network", network, torch.nn.Module)
        self.pixels = _validate.integer("pixels", pixels, low=1)
        self.register_buffer("order", self._order(order))
        self._check_causal()

    def __repr__(self) -> str:
        weights = sum(p.numel() for p in self.parameters())
        kind = type(self.network).__name__
        return (
            f"{type(self).__name__}({kind}, pixels={self.pixels}, {weights} parameters)"
        )

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        r"""Return the log-odds of each pixel, given those before it.

        Parameters
        ----------
        x : torch.Tensor, shape (n, pixels)
            Images of zeros and ones.

        Returns
        -------
        torch.Tensor, shape (n, pixels)
            :math:`\log p(x_i = 1 \mid x_{<i}) - \log p(x_i = 0 \mid x_{<i})`.
        """
        return self._outputs(self._checked(x))[..., 0]

    @torch.no_grad()
    def conditionals(self, x: torch.Tensor) -> torch.Tensor:
        r"""Return the probability of every value of a pixel, given those before it.

        Parameters
        ----------
        x : torch.Tensor, shape (n, pixels)
            Images of zeros and ones.

        Returns
        -------
        torch.Tensor, shape (n, pixels, 2)
            :math:`p(x_i = v \mid x_{<i})` for :math:`v = 0, 1`; each row sums to 1.
        """
        a = self.logits(x)
        return torch.stack([(-a).sigmoid(), a.sigmoid()], dim=2)

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return the exact log-probability of each image, in nats.

        Parameters
        ----------
        x : torch.Tensor, shape (n, pixels)
            Images of zeros and ones.

        Returns
        -------
        torch.Tensor, shape (n,)
            Log-probabilities.
        """
        a = self.logits(x)
        nats = torch.nn.functional.binary_cross_entropy_with_logits
        return -nats(a, x.to(a), reduction="none").sum(dim=1)

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean negative log-likelihood, in nats per image.

        Parameters
        ----------
        x : torch.Tensor, shape (n, pixels)
            Images of zeros and ones.

        Returns
        -------
        torch.Tensor
            A scalar.
        """
        return -self.log_prob(x).mean()

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw images, one pixel after the other, without dropout.

        Parameters
        ----------
        n : int
            Number of images.
        generator : torch.Generator, optional
            Source of randomness; torch's global one by default.

        Returns
        -------
        torch.Tensor, shape (n, pixels)
            Independent images of zeros and ones, float32.
        """
        n = _validate.integer("n", n, low=1)
        blank = torch.zeros(n, self.pixels, device=self.order.device)
        return self.complete(blank, known=0, generator=generator)

    @torch.no_grad()
    def complete(
        self, x: torch.Tensor, *, known: int, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Keep the first pixels and draw the others given them, without dropout.

        Parameters
        ----------
        x : torch.Tensor, shape (n, pixels)
            Images of zeros and ones.
        known : int
            How many pixels, counted in the model's order, are kept.
        generator : torch.Generator, optional
            Source of randomness; torch's global one by default.

        Returns
        -------
        torch.Tensor, shape (n, pixels)
            New images of zeros and ones, in the dtype of ``x``.
        """
        drawn = self._checked(x).clone()
        known = _validate.integer("known", known, low=0, high=self.pixels)
        generator = _validate.generator("generator", generator)
        with networks.evaluating(self):
            for pixel in self.order[known:].tolist():
                p = self.conditionals(drawn)[:, pixel]
                u = torch.rand(len(p), 1, generator=generator, dtype=torch.float64)
                # inverse CDF, from the largest value down
                above = p.double().flip(1).cumsum(dim=1)[:, :-1]
                drawn[:, pixel] = (u.to(p.device) < above).sum(dim=1).to(drawn)
        return drawn

    def _order(self, order: ArrayLike | None) -> torch.Tensor:
        if order is None:
            return torch.arange(self.pixels)
        order = _validate.integers("order", order, shape=(self.pixels,))
        if order.sort().values.tolist() != list(range(self.pixels)):
            raise ValueError(f"order: expected each pixel once, got {order.tolist()}")
        return order

    def _checked(self, x: torch.Tensor) -> torch.Tensor:
        x = _validate.tensor("x", x, shape=("n", self.pixels))
        if not ((x == 0) | (x == 1)).all():
            raise ValueError("x: expected zeros and ones, got other numbers too")
        return x

    def _inputs(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the network reads."""
        return x

    def _outputs(self, x: torch.Tensor) -> torch.Tensor:
        """Return the network's numbers for each pixel, shape (n, pixels, numbers)."""
        given = self._inputs(networks.cast(x, self))[:, self.order]
        outputs = self.network(given)[:, self.order.argsort()]
        return outputs.reshape(len(x), self.pixels, self.numbers)

    @torch.no_grad()
    def _check_causal(self) -> None:
        """Pair images that agree before pixel ``j``: outputs up to ``j`` must agree."""
        place = torch.arange(self.pixels)
        generator = torch.Generator().manual_seed(0)
        first, second = torch.rand(2, 8, self.pixels, generator=generator).round()
        mixed = torch.where(place < place[:, None, None], first, second)
        outputs = self._tried(torch.cat([first[None], mixed]).flatten(0, 1))
        whole, *moved = outputs.reshape(-1, 8, self.pixels, self.numbers)
        change = (torch.stack(moved) - whole).abs().amax(dim=(1, 3)).tril().max()
        if change > 1e-4 * (1 + whole.abs().max()):
            raise ValueError(
                "network: expected outputs that depend on the inputs before them only, "
                f"got a change of {change:.2g} from an input at or after one"
            )

    def _tried(self, x: torch.Tensor) -> torch.Tensor:
        """Return the network's outputs for some images, without dropout."""
        given = networks.cast(x, self)
        own = (self.pixels,) if self.numbers == 1 else (self.pixels, self.numbers)
        try:
            with networks.evaluating(self):
                outputs = self.network(given)
            if outputs.shape != (len(x), *own):
                raise ValueError(f"shape {tuple(outputs.shape)}")
        except (TypeError, ValueError, RuntimeError) as error:
            sizes = ", ".join(map(str, own))
            raise ValueError(
                f"network: expected a map of (n, {self.pixels}) to (n, {sizes}), "
                f"got {error}"
            ) from None
        return outputs


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

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        r"""Return the log-probability of every level of a pixel, given those before it.

        Parameters
        ----------
        x : torch.Tensor, shape (n, pixels)
            Images of whole numbers from 0 to ``levels - 1``.

        Returns
        -------
        torch.Tensor, shape (n, pixels, levels)
            :math:`\log p(x_i = v \mid x_{<i})`, so that their exponentials sum to 1.
        """
        outputs = self._outputs(self._checked(x))
        return self.output.probabilities(outputs.flatten(1)).log()

    @torch.no_grad()
    def conditionals(self, x: torch.Tensor) -> torch.Tensor:
        r"""Return the probability of every level of a pixel, given those before it.

        Parameters
        ----------
        x : torch.Tensor, shape (n, pixels)
            Images of whole numbers from 0 to ``levels - 1``.

        Returns
        -------
        torch.Tensor, shape (n, pixels, levels)
            :math:`p(x_i = v \mid x_{<i})`; each row sums to 1.
        """
        return self.logits(x).exp()

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return the exact log-probability of each image, in nats.

        Parameters
        ----------
        x : torch.Tensor, shape (n, pixels)
            Images of whole numbers from 0 to ``levels - 1``.

        Returns
        -------
        torch.Tensor, shape (n,)
            Log-probabilities.
        """
        x = self._checked(x)
        return self.output.log_prob(x, self._outputs(x).flatten(1))

    def _checked(self, x: torch.Tensor) -> torch.Tensor:
        x = _validate.tensor("x", x, shape=("n", self.pixels))
        self.output.scaled(x)  # refuses what is no level
        return x

    def _inputs(self, x: torch.Tensor) -> torch.Tensor:
        return self.output.scaled(x)
