"""Autoencoders: squeeze an example through a code and be scored on what comes back."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from lecture_code import _validate, networks

#: What the output layer is taken for: the law of a pixel given the code.
LIKELIHOODS = ("bernoulli", "gaussian")
#: The nonlinearity of the code, by name; "linear" is none.
ACTIVATIONS = ("linear", *networks.ACTIVATIONS)


class Autoencoder(torch.nn.Module):
    r"""An encoder and a decoder that are trained to return their input.

    .. math:: z = f(x), \qquad \hat a = g(z), \qquad
        \hat x = \text{output unit of } \hat a

    The loss of an example is the negative log-likelihood of :math:`x` under the
    output: for binary pixels :math:`\hat x` is the probability of ink and the loss is
    the cross-entropy; for real ones :math:`\hat x = \hat a` is the mean of a unit
    Gaussian and the loss is half the squared error, without the constant
    :math:`\frac{d}{2} \log 2 \pi`.

    Parameters
    ----------
    d : int
        Numbers in an example.
    k : int
        Numbers in a code.
    hidden : sequence of int
        Widths between input and code; the decoder has them in reverse.
    activation : str
        One of ``ACTIVATIONS``, applied to each hidden layer and to the code.
    likelihood : {"bernoulli", "gaussian"}
        What the output is taken for.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, sections 6.2.2 and 14.1.
    """

    def __init__(
        self,
        d: int,
        k: int,
        *,
        hidden: Sequence[int] = (),
        activation: str = "sigmoid",
        likelihood: str = "bernoulli",
    ) -> None:
        super().__init__()
        self.d = _validate.integer("d", d, low=1)
        self.k = _validate.integer("k", k, low=1)
        self.activation = _validate.choice("activation", activation, ACTIVATIONS)
        self.likelihood = _validate.choice("likelihood", likelihood, LIKELIHOODS)
        self._build(_check_hidden(hidden, activation))

    def _build(self, hidden: list[int]) -> None:
        """Make the layers: linear maps with the activation after all but the last."""
        name = "relu" if self.activation == "linear" else self.activation  # no layers
        inwards = networks.mlp([self.d, *hidden, self.k], activation=name)
        last = _make_activation(self.activation)
        self.encoder = torch.nn.Sequential(*inwards, last)
        outwards = [self.k, *reversed(hidden), self.d]
        self.decoder = networks.mlp(outwards, activation=name)

    def __repr__(self) -> str:
        widths = f"{self.d} -> {self.k} -> {self.d}"
        kind = f"{self.activation}, {self.likelihood}"
        return f"{type(self).__name__}({widths}, {kind}{self._describe_noise()})"

    def _describe_noise(self) -> str:
        return ""

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return the codes (n, k) of examples (n, d), in the dtype of the model."""
        x = _validate.tensor("x", x, shape=("n", self.d))
        return self._read(networks.cast(x, self))

    def pre_activation(self, z: torch.Tensor) -> torch.Tensor:
        r"""Return :math:`\hat a` of codes (n, k): log-odds of ink or means, (n, d)."""
        z = _validate.tensor("z", z, shape=("n", self.k))
        return self._write(networks.cast(z, self))

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        r"""Return :math:`\hat x` of codes (n, k): probabilities or means, (n, d)."""
        return self._apply_output_unit(self.pre_activation(z))

    def reconstruct(self, x: torch.Tensor) -> torch.Tensor:
        """Send examples (n, d) through the code and back, (n, d)."""
        return self._apply_output_unit(self._write(self.encode(x)))

    def errors(
        self, x: torch.Tensor, given: torch.Tensor | None = None
    ) -> torch.Tensor:
        r"""Return the loss of each example (n,), the sum over its pixels.

        .. math:: -\sum_j \bigl(x_j \log \hat x_j + (1 - x_j) \log(1 - \hat x_j)\bigr)
            \quad \text{or} \quad \tfrac{1}{2} \sum_j (x_j - \hat x_j)^2

        Here ``x`` is what should come out, zeros and ones for "bernoulli" (the loss is
        then in nats), and ``given`` what the encoder sees, by default ``x`` itself.
        """
        x = self._check_targets(x)
        if given is None:
            return self._errors(x, x)
        return self._errors(x, _validate.tensor("given", given, shape=tuple(x.shape)))

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean of :meth:`errors`, what training makes small."""
        return self.errors(x).mean()

    def _errors(self, x: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
        x, given = networks.cast(x, self), networks.cast(given, self)
        output = self._write(self._read(given))
        if self.likelihood == "gaussian":
            return (x - output).square().sum(dim=1) / 2
        # From the pre-activation: the logarithm of a rounded probability is infinite.
        score = functional.binary_cross_entropy_with_logits
        return score(output, x, reduction="none").sum(dim=1)

    def _read(self, x: torch.Tensor) -> torch.Tensor:
        return self.encoder(x)

    def _write(self, z: torch.Tensor) -> torch.Tensor:
        return self.decoder(z)

    def _apply_output_unit(self, output: torch.Tensor) -> torch.Tensor:
        return output.sigmoid() if self.likelihood == "bernoulli" else output

    def _check_targets(self, x: torch.Tensor) -> torch.Tensor:
        x = _validate.tensor("x", x, shape=("n", self.d))
        if self.likelihood == "bernoulli":
            _validate.binary("x", x, "zeros and ones for likelihood 'bernoulli'")
        return x


class TiedAutoencoder(Autoencoder):
    r"""One matrix used twice: to read the input and, transposed, to write the output.

    .. math:: z = h(W x + b), \qquad \hat a = W^\top z + c

    The parameters are those of an :class:`Autoencoder` without hidden layers.

    Attributes
    ----------
    W, b, c : torch.nn.Parameter
        The matrix, shape (k, d), and the offsets of code (k,) and output (d,).

    References
    ----------
    Vincent et al. (2010), Stacked denoising autoencoders, JMLR 11, section 2.2.
    """

    def __init__(
        self,
        d: int,
        k: int,
        *,
        activation: str = "sigmoid",
        likelihood: str = "bernoulli",
    ) -> None:
        super().__init__(d, k, activation=activation, likelihood=likelihood)

    def _build(self, hidden: list[int]) -> None:
        reader = torch.nn.Linear(self.d, self.k)
        self.W, self.b = reader.weight, reader.bias
        self.c = torch.nn.Parameter(torch.zeros(self.d))

    def _read(self, x: torch.Tensor) -> torch.Tensor:
        return _make_activation(self.activation)(functional.linear(x, self.W, self.b))

    def _write(self, z: torch.Tensor) -> torch.Tensor:
        return functional.linear(z, self.W.T, self.c)


class DenoisingAutoencoder(Autoencoder):
    r"""An autoencoder that sees a corrupted input and is scored on the clean one.

    .. math:: L = \mathbb{E}_{\tilde x \mid x} \,
        \bigl[ -\log p\bigl(x \mid g(f(\tilde x))\bigr) \bigr]

    With ``nu=0`` and ``sigma=0`` it is an :class:`Autoencoder`, whose other
    parameters it has.

    Parameters
    ----------
    nu : float
        Probability that an input is set to 0.
    sigma : float
        Standard deviation of Gaussian noise, in units of the data, at most 1e6.

    References
    ----------
    Vincent, Larochelle, Bengio and Manzagol (2008), Extracting and composing robust
    features with denoising autoencoders, ICML, section 2.3.
    """

    def __init__(
        self,
        d: int,
        k: int,
        *,
        nu: float = 0.0,
        sigma: float = 0.0,
        hidden: Sequence[int] = (),
        activation: str = "sigmoid",
        likelihood: str = "bernoulli",
    ) -> None:
        nu = _validate.real("nu", nu, low=0, high=1)
        sigma = _validate.real("sigma", sigma, low=0, high=_LOUDEST)
        super().__init__(
            d, k, hidden=hidden, activation=activation, likelihood=likelihood
        )
        self.nu, self.sigma = nu, sigma

    def _describe_noise(self) -> str:
        return f", nu={self.nu:g}, sigma={self.sigma:g}"

    def corrupt(
        self, x: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Return a corrupted copy (n, d): Gaussian noise first, then the mask."""
        x = _validate.tensor("x", x, shape=("n", self.d))
        return self._corrupt(x, _validate.generator("generator", generator))

    def loss(
        self, x: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Return the mean error against the clean input (n, d), for fresh noise."""
        x = self._check_targets(x)
        generator = _validate.generator("generator", generator)
        return self._errors(x, self._corrupt(x, generator)).mean()

    def _corrupt(
        self, x: torch.Tensor, generator: torch.Generator | None
    ) -> torch.Tensor:
        return _mask(_add_noise(x, self.sigma, generator), self.nu, generator)


def mask(
    x: torch.Tensor, nu: float, generator: torch.Generator | None = None
) -> torch.Tensor:
    r"""Set each entry to 0 with probability :math:`\nu`, independently.

    Clean values may have any shape; those that are kept are not rescaled.
    """
    x = _validate.tensor("x", x)
    nu = _validate.real("nu", nu, low=0, high=1)
    return _mask(x, nu, _validate.generator("generator", generator))


def add_noise(
    x: torch.Tensor, sigma: float, generator: torch.Generator | None = None
) -> torch.Tensor:
    r"""Add Gaussian noise: :math:`\tilde x = x + \sigma \varepsilon`, for any shape.

    The standard deviation is in units of ``x``, from 0 to 1e6.
    """
    x = _validate.tensor("x", x)
    sigma = _validate.real("sigma", sigma, low=0, high=_LOUDEST)
    return _add_noise(x, sigma, _validate.generator("generator", generator))


def best_of_rank(matrix: torch.Tensor, rank: int) -> torch.Tensor:
    r"""Return the matrix of rank at most ``rank`` nearest in the Frobenius norm.

    .. math:: B^* = U_{\cdot, \le K} \, \Sigma_{\le K, \le K} \, V_{\cdot, \le K}^\top

    Here K is the ``rank``, at most the smaller of n and d. Where singular values tie,
    it is one of the nearest.

    References
    ----------
    Eckart and Young (1936), The approximation of one matrix by another of lower rank,
    Psychometrika 1, 211-218.
    """
    matrix = _check_matrix("matrix", matrix)
    rank = _validate.integer("rank", rank, low=1, high=min(matrix.shape))
    U, S, Vt = torch.linalg.svd(matrix, full_matrices=False)
    return (U[:, :rank] * S[:rank]) @ Vt[:rank]


def principal_components(x: torch.Tensor, rank: int) -> Autoencoder:
    r"""Build the best linear autoencoder from the singular value decomposition.

    With the mean :math:`m` of the examples and the first :math:`K` right singular
    vectors :math:`V` of the centred ones,

    .. math:: z = V^\top (x - m), \qquad \hat x = V z + m

    Examples are rows, (n, d), and the ``rank`` K is at most the smaller of n and d. The
    model is linear and Gaussian, in dtype and device as ``x``; no other linear one of
    this code size has a lower loss on ``x``.

    References
    ----------
    Baldi and Hornik (1989), Neural networks and principal component analysis, Neural
    Networks 2, 53-58.
    """
    x = _check_matrix("x", x).detach()
    rank = _validate.integer("rank", rank, low=1, high=min(x.shape))
    mean = x.mean(dim=0)
    V = torch.linalg.svd(x - mean, full_matrices=False).Vh[:rank].T
    model = Autoencoder(len(V), rank, activation="linear", likelihood="gaussian")
    weights = {"encoder.0.weight": V.T, "encoder.0.bias": -mean @ V}
    weights |= {"decoder.0.weight": V, "decoder.0.bias": mean}
    model.to(x).load_state_dict(weights)
    return model


#: More noise than this is no experiment; sums of squares stay finite in float32.
_LOUDEST = 1e6


def _mask(
    x: torch.Tensor, nu: float, generator: torch.Generator | None
) -> torch.Tensor:
    kept = torch.rand(x.shape, generator=generator) >= nu  # rand is never 1
    return x * kept.to(x.device)


def _add_noise(
    x: torch.Tensor, sigma: float, generator: torch.Generator | None
) -> torch.Tensor:
    noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    return x + sigma * noise.to(x.device)


def _check_matrix(name: str, matrix: torch.Tensor) -> torch.Tensor:
    """Refuse half precision here: torch's decompositions would, deep inside."""
    matrix = _validate.tensor(name, matrix, shape=("n", "d"))
    if matrix.dtype not in (torch.float32, torch.float64):
        got = _validate.describe(matrix)
        raise TypeError(f"{name}: expected float32 or float64 numbers, got {got}")
    return matrix


def _check_hidden(hidden: Sequence[int], activation: str) -> list[int]:
    hidden = _validate.instance("hidden", hidden, (list, tuple))
    if hidden and activation == "linear":
        raise ValueError(
            "hidden: expected no layers between linear maps, whose product is one "
            f"linear map, got {_validate.describe(hidden)}"
        )
    return [_validate.integer("hidden", width, low=1) for width in hidden]


def _make_activation(name: str) -> torch.nn.Module:
    return torch.nn.Identity() if name == "linear" else networks.ACTIVATIONS[name]()
