"""Normalizing flows: a push-forward that can be run backwards.

A layer takes data towards noise (``forward``, with the logarithm of how much it
stretches volume) and noise towards data (``inverse``). A flow is a list of layers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from numpy.typing import ArrayLike

from lecture_code import _validate, networks


class AffineCoupling(torch.nn.Module):
    r"""Keep some coordinates and let them say how the others are scaled and shifted.

    .. math:: z_j = x_j \text{ where the mask is 1}, \qquad
        z_j = x_j e^{s_j(x_{\text{kept}})} + t_j(x_{\text{kept}}) \text{ where it is 0}

    Parameters
    ----------
    network : torch.nn.Module
        Maps (n, d) to (n, 2 d): log-scales, then shifts. It sees zeros where the mask
        is 0. A learned gain, at first 0, multiplies its outputs, so that a new layer
        does nothing; log-scales stay between -3 and 3.
    mask : array_like of int, shape (d,)
        1 for a coordinate that is kept, 0 for one that moves: both must occur.

    References
    ----------
    Dinh, Sohl-Dickstein and Bengio (2017), Density estimation using Real NVP, eq. (9).
    """

    def __init__(self, network: torch.nn.Module, *, mask: ArrayLike) -> None:
        super().__init__()
        self.network = _validate.instance("network", network, torch.nn.Module)
        mask = _validate.integers("mask", mask, shape=("d",), low=0, high=1)
        if mask.min() == mask.max():
            raise ValueError("mask: expected zeros and ones, got one of them only")
        d = len(mask)
        got = networks.probe(network, torch.zeros(2, d))
        if got != (2, 2 * d):
            raise ValueError(
                f"network: expected a map of (n, {d}) to (n, {2 * d}), got {got}"
            )
        self.register_buffer("mask", mask.float(), persistent=False)
        self.gain = torch.nn.Parameter(torch.zeros(2 * d))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Take data towards noise: images (n, d) and log-determinants (n,)."""
        x = x.to(self.gain)
        log_scale, shift = self._move(x)
        return x * log_scale.exp() + shift, log_scale.sum(dim=1)

    def inverse(self, z: torch.Tensor) -> torch.Tensor:
        """Take noise towards data: the points (n, d) that have these images."""
        z = z.to(self.gain)
        log_scale, shift = self._move(z)  # the kept coordinates are the same
        return (z - shift) * (-log_scale).exp()

    def _move(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute log-scales and shifts (n, d), zero where the mask keeps."""
        log_scale, shift = (self.gain * self.network(x * self.mask)).chunk(2, dim=1)
        moving = 1 - self.mask
        return moving * 3 * (log_scale / 3).tanh(), moving * shift


class Triangular(torch.nn.Module):
    r"""A linear layer whose matrix is lower triangular.

    .. math:: z = L (x - m), \qquad \log \lvert \det L \rvert = \sum_j \log L_{jj}

    Parameters
    ----------
    d : int
        Numbers in a point. The layer starts as the identity.

    References
    ----------
    Papamakarios, Nalisnick, Rezende, Mohamed and Lakshminarayanan (2021), Normalizing
    flows for probabilistic modeling and inference, section 3.1.
    """

    def __init__(self, d: int) -> None:
        super().__init__()
        d = _validate.integer("d", d, low=1)
        self.centre = torch.nn.Parameter(torch.zeros(d))
        self.below = torch.nn.Parameter(torch.zeros(d, d))
        self.log_diagonal = torch.nn.Parameter(torch.zeros(d))

    def whiten(self, x: torch.Tensor, *, shrink: float = 0.0) -> Triangular:
        r"""Set the layer so that points (n, d) come out with covariance I; return it.

        .. math:: L^\top L = C^{-1}, \quad
            C = (1 - \lambda) \, \mathrm{Cov}(x) + \lambda \,
            \mathrm{diag}(\mathrm{Cov}(x)), \quad \lambda = \text{shrink} \in [0, 1]
        """
        x = _validate.tensor("x", x, shape=("n", len(self.centre))).double()
        shrink = _validate.real("shrink", shrink, low=0, high=1)
        covariance = torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])
        variance = covariance.diagonal().diag()
        root, failed = torch.linalg.cholesky_ex(covariance.lerp(variance, shrink))
        if failed:
            raise ValueError(
                "x: expected points that span the space, got a singular covariance"
            )
        matrix = torch.linalg.inv(root)
        with torch.no_grad():
            self.centre.copy_(x.mean(dim=0))
            self.below.copy_(matrix.tril(-1))
            self.log_diagonal.copy_(matrix.diagonal().log())
        return self

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Take data towards noise: images (n, d) and log-determinants (n,)."""
        z = (x.to(self.centre) - self.centre) @ self._build_matrix().T
        return z, self.log_diagonal.sum().expand(len(x))

    def inverse(self, z: torch.Tensor) -> torch.Tensor:
        """Take noise (n, d) towards data, by substitution from the first coordinate."""
        z, solve = z.to(self.centre), torch.linalg.solve_triangular
        return solve(self._build_matrix(), z.T, upper=False).T + self.centre

    def _build_matrix(self) -> torch.Tensor:
        return self.below.tril(-1) + self.log_diagonal.exp().diag()


class Marginals(torch.nn.Module):
    r"""Send each coordinate through its histogram's CDF, then to a standard normal.

    .. math:: z_j = \Phi^{-1}(F_j(x_j)), \qquad
        F_j(v + u) = p_{j0} + \dots + p_{j,v-1} + u \, p_{jv}, \quad 0 \le u < 1

    With nothing after it, this layer is the table of independent pixels.

    Parameters
    ----------
    d : int
        Numbers in a point.
    levels : int
        Bins of each coordinate, [0, 1), [1, 2) and so on, at first equally likely.

    References
    ----------
    Chen and Gopinath (2000), Gaussianization, section 3; Laparra, Camps-Valls and Malo
    (2011), Iterative Gaussianization, section II.
    """

    def __init__(self, d: int, *, levels: int) -> None:
        super().__init__()
        d = _validate.integer("d", d, low=1)
        self.levels = _validate.integer("levels", levels, low=1)
        probs = torch.full((d, levels), 1 / levels, dtype=torch.float64)
        self.register_buffer("probs", probs)

    def count(self, x: torch.Tensor, *, smoothing: float = 0.3) -> Marginals:
        """Set each histogram by counting levels (n, d), and return the layer.

        ``smoothing``, a positive number, is added to every count.
        """
        x = _check_levels(x, len(self.probs), self.levels)
        smoothing = _validate.real("smoothing", smoothing, above=0)
        bins = torch.arange(self.levels, device=x.device)
        counts = (x[..., None] == bins).sum(dim=0) + smoothing
        self.probs.copy_(counts / counts.sum(dim=1, keepdim=True))
        return self

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Take data towards noise: images (n, d) and log-determinants (n,), float64.

        Coordinates run from 0 to ``levels``: beyond them the layer means nothing.
        """
        x = x.to(self.probs)
        level = x.detach().floor().clamp(max=self.levels - 1)
        below, p = self._look_up(level)
        # Phi^-1 of 0 and 1 is infinite: stay as far off as the arithmetic can tell
        u = (below + (x - level) * p).clamp(1e-300, 1 - 1e-16)
        z = torch.special.ndtri(u)
        return z, (p.log() - _log_normal(z)).sum(dim=1)

    def inverse(self, z: torch.Tensor) -> torch.Tensor:
        """Take noise towards data: the points (n, d) that have these images."""
        u = torch.special.ndtr(z.to(self.probs))
        edges = self.probs.cumsum(dim=1)[:, :-1]
        level = (u[..., None] >= edges).sum(dim=2)
        below, p = self._look_up(level)
        x = level + ((u - below) / p).clamp(min=0)
        # rounding must not lead to where the next level begins
        return torch.minimum(x, torch.nextafter((level + 1).to(x), level.to(x)))

    def _look_up(self, level: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mass below each level and its own, in the shape of ``level``."""
        place = (torch.arange(len(self.probs), device=level.device), level.long())
        before = self.probs.cumsum(dim=1) - self.probs
        return before[place], self.probs[place]


class Flow(torch.nn.Module):
    r"""A density made of invertible layers in front of a standard normal.

    .. math:: \log p(x) = \log N(z; 0, I) + \log \lvert \det J \rvert, \qquad
        z = f(x), \quad J = \partial f / \partial x

    Parameters
    ----------
    layers : sequence of torch.nn.Module
        Each with ``forward(x)``, which returns images and log-determinants, and
        ``inverse(z)``; the first one meets the data.
    d : int
        Numbers in a point.

    References
    ----------
    Dinh, Sohl-Dickstein and Bengio (2017), Density estimation using Real NVP, eq. (2).
    """

    def __init__(self, layers: Sequence[torch.nn.Module], *, d: int) -> None:
        super().__init__()
        for layer in _validate.items("layers", layers):
            _validate.instance("layers", layer, torch.nn.Module)
            _validate.function("layers", getattr(layer, "inverse", None))
        self.layers = torch.nn.ModuleList(layers)
        self.d = _validate.integer("d", d, low=1)

    def __repr__(self) -> str:
        weights = sum(p.numel() for p in self.parameters())
        return f"Flow({len(self.layers)} layers, d={self.d}, {weights} weights)"

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Take data to noise: images (n, d)."""
        return self._run_layers(self._check_points(x))[0]

    def log_det(self, x: torch.Tensor) -> torch.Tensor:
        r"""Return the log-determinant of :math:`\partial z / \partial x`, (n,).

        It says how much volume is stretched on the way to noise.
        """
        return self._run_layers(self._check_points(x))[1]

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Take noise to data, the push-forward: the points (n, d) with these images."""
        return self._run_back(_validate.tensor("z", z, shape=("n", self.d)))

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return the exact log-density of each point, (n,) in nats."""
        z, log_det = self._run_layers(self._check_points(x))
        return _log_normal(z).sum(dim=1) + log_det

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean negative log-density, in nats."""
        return -self.log_prob(x).mean()

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw noise and take it to data (n, d), float32, without dropout."""
        n = _validate.integer("n", n, low=1)
        generator = _validate.generator("generator", generator)
        return self._draw(n, generator).float()

    def _check_points(self, x: torch.Tensor) -> torch.Tensor:
        return _validate.tensor("x", x, shape=("n", self.d))

    def _run_layers(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run all layers and add up their log-determinants."""
        total = x.new_zeros(len(x))
        for layer in self.layers:
            x, log_det = layer(x)
            total = total.to(log_det.device) + log_det
        return x, total

    def _run_back(self, z: torch.Tensor) -> torch.Tensor:
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z

    @torch.no_grad()
    def _draw(self, n: int, generator: torch.Generator | None) -> torch.Tensor:
        """Draw samples as the layers compute them, to be rounded by the caller."""
        with networks.evaluating(self):
            return self._run_back(torch.randn(n, self.d, generator=generator))


class Dequantised(networks.WithoutLikelihood):
    r"""A flow as a model of whole numbers: noise fills the gaps between them.

    .. math:: P(x) = \int_{[0,1)^d} p(x + u) \, du \;\ge\; \exp \mathbb{E}_u
        [\log p(x + u)]

    Parameters
    ----------
    flow : Flow
        A density of points with coordinates from 0 to ``levels``.
    levels : int
        Whole numbers from 0 to ``levels - 1`` are modelled.

    References
    ----------
    Theis, van den Oord and Bethge (2016), A note on the evaluation of generative
    models, section 3.1; Ho, Chen, Srinivas, Duan and Abbeel (2019), Flow++,
    section 3.1.
    """

    _REASON = (
        "expected a model with an exact likelihood of whole numbers, got a dequantised "
        "flow, which bounds it: dequantised_bound. Its flow, histograms, mixtures and "
        "autoregressive models have log_prob"
    )

    def __init__(self, flow: Flow, *, levels: int = 17) -> None:
        super().__init__()
        self.flow = _validate.instance("flow", flow, Flow)
        self.levels = _validate.integer("levels", levels, low=2)

    def __repr__(self) -> str:
        return f"Dequantised({self.flow}, levels={self.levels})"

    def dequantised_bound(
        self, x: torch.Tensor, k: int, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        r"""Estimate a lower bound on each example's log-probability, (n,) in nats.

        .. math:: \log \frac1k \sum_{i=1}^k p(x + u_i), \quad u_i \sim U[0, 1)^d

        It is at most :math:`\log P(x)` in the mean, and the tighter the larger k.
        """
        x = _check_levels(x, self.flow.d, self.levels).double()
        k = _validate.integer("k", k, low=1)
        generator = _validate.generator("generator", generator)
        noise = (torch.rand(x.shape, generator=generator).to(x) for _ in range(k))
        bounds = torch.stack([self.flow.log_prob(x + u) for u in noise])
        return bounds.logsumexp(dim=0) - math.log(k)

    def loss(
        self, x: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Return the mean negative bound with one draw of noise, in nats."""
        return -self.dequantised_bound(x, 1, generator).mean()

    def sample(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw points from the flow and round them down to levels (n, d), float32."""
        n = _validate.integer("n", n, low=1)
        generator = _validate.generator("generator", generator)
        points = self.flow._draw(n, generator)  # floats round up, so they come last
        return points.floor().clamp(0, self.levels - 1).float()


def _log_normal(z: torch.Tensor) -> torch.Tensor:
    return -(z.square() + math.log(math.tau)) / 2


def _check_levels(x: torch.Tensor, d: int, levels: int) -> torch.Tensor:
    x = _validate.tensor("x", x, shape=("n", d), low=0, high=levels - 1)
    return _validate.whole("x", x)
