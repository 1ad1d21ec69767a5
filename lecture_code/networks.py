"""Networks: functions with parameters, and masks that fix what each output sees.

A network knows nothing of probability. The model modules decide what its outputs mean.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from numpy.typing import ArrayLike

from lecture_code import _validate

#: What may stand between two linear layers, by name.
ACTIVATIONS = {
    "elu": torch.nn.ELU,
    "gelu": torch.nn.GELU,
    "relu": torch.nn.ReLU,
    "sigmoid": torch.nn.Sigmoid,
    "silu": torch.nn.SiLU,
    "tanh": torch.nn.Tanh,
}


def mlp(
    sizes: Sequence[int], *, activation: str = "relu", dropout: float = 0.0
) -> torch.nn.Sequential:
    r"""Build a fully connected network, linear after the last layer.

    .. math:: h_{l+1} = \sigma(W_l h_l + b_l)

    It maps (n, sizes[0]) to (n, sizes[-1]); torch's global generator initialises it.

    Parameters
    ----------
    sizes : sequence of int
        Width of the input, of each hidden layer and of the output: at least two.
    activation : str
        One of ``ACTIVATIONS``, the nonlinearity between layers.
    dropout : float
        Share of hidden units left out in training, from 0 to 0.95.

    References
    ----------
    Goodfellow, Bengio and Courville (2016), Deep Learning, eq. (6.40).
    """
    layers = [
        torch.nn.Linear(*pair) for pair in itertools.pairwise(_check_sizes(sizes))
    ]
    return _interleave(layers, activation, dropout)


@contextlib.contextmanager
def evaluating(network: object) -> Iterator[None]:
    """Leave dropout out for a while; each part is then as it was before.

    What is no module has no mode and stays as it is.
    """
    parts = list(network.modules()) if isinstance(network, torch.nn.Module) else []
    modes = [(module, module.training) for module in parts]
    for module in parts:
        module.training = False
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def cast(x: torch.Tensor, network: torch.nn.Module) -> torch.Tensor:
    """Return ``x`` in the dtype and on the device of a network's weights, if any."""
    return x.to(next(network.parameters(), x))


@torch.no_grad()
def probe(
    network: torch.nn.Module, *inputs: torch.Tensor
) -> tuple[int, ...] | Exception:
    """Return the shape of a network's output, or the error that the inputs raise.

    Floating inputs are cast to the network's weights, whole numbers only moved to their
    device. The network runs without dropout, so the random state stays as it is.
    """
    like = next(network.parameters(), inputs[0])
    given = [x.to(like if x.is_floating_point() else like.device) for x in inputs]
    try:
        with evaluating(network):
            return tuple(network(*given).shape)
    except (TypeError, ValueError, RuntimeError, IndexError) as error:
        return error


class WithoutLikelihood(torch.nn.Module):
    """A model that lacks an exact likelihood: asked for one, it says who has it.

    A subclass says in ``_REASON`` what is expected, what came and who has it, and in
    ``_ABSENT`` which methods it cannot have.
    """

    _ABSENT: tuple[str, ...] = ("log_prob",)
    _REASON = ""

    def __getattr__(self, name: str) -> Any:
        if name in self._ABSENT:
            raise AttributeError(f"{name}: {self._REASON}")
        return super().__getattr__(name)


class MaskedLinear(torch.nn.Linear):
    r"""A linear layer whose mask rubs out connections for good.

    .. math:: y = (M \odot W) \, x + b

    Parameters
    ----------
    inputs, outputs : int
        Widths of the layer.
    mask : array_like, shape (outputs, inputs)
        1 where output (row) may see input (column), 0 where it may not.

    References
    ----------
    Germain, Gregor, Murray and Larochelle (2015), MADE: Masked autoencoder for
    distribution estimation, eq. (8).
    """

    def __init__(self, inputs: int, outputs: int, *, mask: ArrayLike) -> None:
        inputs = _validate.integer("inputs", inputs, low=1)
        outputs = _validate.integer("outputs", outputs, low=1)
        seen = _validate.array("mask", mask, shape=(outputs, inputs))
        _validate.binary("mask", seen)
        super().__init__(inputs, outputs)
        fixed = torch.from_numpy(seen).to(self.weight.dtype)
        self.register_buffer("mask", fixed, persistent=False)  # fixed, so not stored

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (n, inputs) to (n, outputs), in the dtype of the weights."""
        weight = self.weight * self.mask
        return torch.nn.functional.linear(x.to(weight.dtype), weight, self.bias)


def order_masks(sizes: Sequence[int]) -> list[torch.Tensor]:
    r"""Build masks that let output ``i`` of a network see only inputs ``j < i``.

    Each hidden unit gets a degree :math:`m`, dealt out in turn, and sees the inputs
    from 0 to :math:`m`; a deeper unit sees the units of its own degree or less, and
    output :math:`i` the units of degree :math:`m < i`. A hidden layer narrower than
    :math:`d - 1` lacks some degrees, and with them dependences that were allowed.

    Parameters
    ----------
    sizes : sequence of int
        Widths of the layers; the first and the last are the same.

    Returns
    -------
    list of torch.Tensor
        For each pair of layers a mask of zeros and ones, shape (outputs, inputs).

    References
    ----------
    Germain, Gregor, Murray and Larochelle (2015), MADE: Masked autoencoder for
    distribution estimation, eqs. (12) and (13).
    """
    widths = _check_sizes(sizes)
    d = widths[0]
    if widths[-1] != d:
        raise ValueError(
            f"sizes: expected the first and the last to agree, got {d} and {widths[-1]}"
        )
    hidden = [torch.arange(width) % max(d - 1, 1) for width in widths[1:-1]]
    degrees = [torch.arange(d), *hidden]
    masks = [b[:, None] >= a for a, b in itertools.pairwise(degrees)]
    masks.append(torch.arange(d)[:, None] > degrees[-1])
    return [mask.float() for mask in masks]


def masked_mlp(
    sizes: Sequence[int], *, activation: str = "relu", dropout: float = 0.0
) -> torch.nn.Sequential:
    """Build an :func:`mlp` whose output ``i`` sees only inputs before ``i``.

    Without a hidden layer each output is a logistic regression on the inputs before.
    The first and the last of the ``sizes`` are the same.

    References
    ----------
    Germain, Gregor, Murray and Larochelle (2015), MADE: Masked autoencoder for
    distribution estimation, section 4.
    """
    masks = order_masks(sizes)
    layers = [MaskedLinear(*mask.T.shape, mask=mask) for mask in masks]
    return _interleave(layers, activation, dropout)


class MaskedConv(torch.nn.Conv2d):
    """A convolution that sees only pixels above, and to the left in the same row.

    Parameters
    ----------
    inputs, outputs : int
        Numbers of channels.
    size : int
        Side of the filter, odd.
    centre : bool
        Whether the pixel itself is seen too: not in a network's first layer, where
        it would be the answer, but in those after it.

    References
    ----------
    van den Oord, Kalchbrenner and Kavukcuoglu (2016), Pixel recurrent neural networks,
    section 3.4.
    """

    def __init__(
        self, inputs: int, outputs: int, *, size: int = 3, centre: bool = True
    ) -> None:
        inputs = _validate.integer("inputs", inputs, low=1)
        outputs = _validate.integer("outputs", outputs, low=1)
        size = _validate.integer("size", size, low=1)
        if size % 2 == 0:
            raise ValueError(f"size: expected an odd number, got {size}")
        super().__init__(inputs, outputs, size, padding=size // 2)
        place = torch.arange(size * size).reshape(size, size)
        middle = size * size // 2
        seen = place <= middle if centre else place < middle
        fixed = seen.to(self.weight.dtype)
        self.register_buffer("mask", fixed, persistent=False)  # fixed, so not stored

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (n, inputs, height, width) to (n, outputs, height, width), 0 outside."""
        weight = self.weight * self.mask
        return self._conv_forward(x.to(weight.dtype), weight, self.bias)


class MaskedConvNet(torch.nn.Module):
    r"""A convolutional network whose outputs at ``i`` see only pixels before ``i``.

    Residual layers :math:`h \leftarrow h + C(\mathrm{relu}(h))` of 3 x 3 masked
    filters follow one of 5 x 5 that leaves out its centre. Each pixel has its own
    bias. Beyond the border all is 0, which tells the network where it is, too.

    Parameters
    ----------
    side : int
        Side of the square images.
    channels : int
        Number of maps in each layer.
    depth : int
        Number of residual layers, at least 0.
    dropout : float
        Share of maps left out in training, from 0 to 0.95.
    outputs : int
        How many numbers are computed for each pixel.

    References
    ----------
    van den Oord, Kalchbrenner and Kavukcuoglu (2016), Pixel recurrent neural networks,
    table 1.
    """

    def __init__(
        self,
        side: int,
        *,
        channels: int = 32,
        depth: int = 3,
        dropout: float = 0.0,
        outputs: int = 1,
    ) -> None:
        super().__init__()
        self.side = _validate.integer("side", side, low=1)
        channels = _validate.integer("channels", channels, low=1)
        depth = _validate.integer("depth", depth, low=0)
        dropout = _validate.real("dropout", dropout, low=0, high=0.95)
        outputs = _validate.integer("outputs", outputs, low=1)
        self.first = MaskedConv(1, channels, size=5, centre=False)
        self.layers = torch.nn.ModuleList(
            [MaskedConv(channels, channels) for _ in range(depth)]
        )
        self.dropout = torch.nn.Dropout2d(dropout)
        self.last = torch.nn.Conv2d(channels, outputs, 1)
        own = (self.side**2,) if outputs == 1 else (self.side**2, outputs)
        self.bias = torch.nn.Parameter(torch.zeros(own))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images (n, side * side), row by row, to (n, side * side, outputs).

        A single output for each pixel has no axis of its own.
        """
        h = self.first(x.reshape(len(x), 1, self.side, self.side))
        for layer in self.layers:
            h = h + self.dropout(layer(h.relu()))
        y = self.last(h.relu()).flatten(2).transpose(1, 2)
        return y.reshape(len(x), *self.bias.shape) + self.bias


class CausalGRU(torch.nn.Module):
    r"""A recurrent network that reads the inputs in order and guesses the next.

    .. math:: h_i = \mathrm{GRU}(h_{i-1}, (x_{i-1}, e_i)), \quad y_i = w^\top h_i + b_i

    Here :math:`e_i` is a learned vector that says which input is next.

    Parameters
    ----------
    d : int
        Number of inputs and outputs.
    hidden : int
        Width of the state that is carried along.
    embedding : int
        Length of the vectors :math:`e_i`.

    References
    ----------
    Cho et al. (2014), Learning phrase representations using RNN encoder-decoder for
    statistical machine translation, section 2.3.
    """

    def __init__(self, d: int, *, hidden: int = 64, embedding: int = 8) -> None:
        super().__init__()
        self.d = _validate.integer("d", d, low=1)
        hidden = _validate.integer("hidden", hidden, low=1)
        embedding = _validate.integer("embedding", embedding, low=1)
        self.places = torch.nn.Parameter(torch.randn(self.d, embedding))
        self.cell = torch.nn.GRU(1 + embedding, hidden, batch_first=True)
        self.last = torch.nn.Linear(hidden, 1)
        self.bias = torch.nn.Parameter(torch.zeros(self.d))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (n, d) to (n, d), each output from the inputs before it."""
        before = torch.nn.functional.pad(x[:, :-1].to(self.bias), (1, 0))[..., None]
        places = self.places.expand(len(x), -1, -1)
        states, _ = self.cell(torch.cat([before, places], dim=2))
        return self.last(states)[..., 0] + self.bias


class TimeMLP(torch.nn.Module):
    r"""A residual network whose layers are scaled and shifted by time and class.

    .. math:: h_{l+1} = h_l + B_l \, \mathrm{silu}\big(
        (1 + g_l(c)) \odot A_l \bar h_l + b_l(c)\big)

    Here :math:`\bar h` is :math:`h` with mean 0 and variance 1 over its units, and
    :math:`c` holds the time, as cosines and sines of several frequencies, and the
    class, as a learned vector. The last layer starts at zero.

    Parameters
    ----------
    d : int
        Numbers in an input and in an output.
    hidden : int
        Width of the layers, at least 2.
    depth : int
        Number of residual layers, at least 0.
    classes : int
        Number of classes; label ``classes`` stands for "no class given".
    frequencies : int
        How many frequencies encode the time.

    References
    ----------
    Perez, Strub, de Vries, Dumoulin and Courville (2018), FiLM: visual reasoning with
    a general conditioning layer, eq. (1); Ho, Jain and Abbeel (2020), Denoising
    diffusion probabilistic models, appendix B.
    """

    def __init__(
        self,
        d: int,
        *,
        hidden: int = 128,
        depth: int = 2,
        classes: int = 0,
        frequencies: int = 8,
    ) -> None:
        super().__init__()
        self.d = _validate.integer("d", d, low=1)
        hidden = _validate.integer("hidden", hidden, low=2)
        depth = _validate.integer("depth", depth, low=0)
        self.classes = _validate.integer("classes", classes, low=0)
        self.frequencies = _validate.integer("frequencies", frequencies, low=1)
        self.first = torch.nn.Linear(self.d, hidden)
        self.time = torch.nn.Linear(2 * self.frequencies, hidden)
        self.label = torch.nn.Embedding(self.classes + 1, hidden)
        layers = [_ModulatedLayer(hidden) for _ in range(depth)]
        self.layers = torch.nn.ModuleList(layers)
        self.last = _fill_with_zeros(torch.nn.Linear(hidden, self.d))

    def forward(
        self, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Map (n, d) to (n, d), given times (n,) in [0, 1] and labels (n,).

        Labels go from 0 to ``classes``; without any all are ``classes``, "none given".
        """
        weight = self.first.weight
        if labels is None:
            labels = torch.full((len(x),), self.classes)
        label = self.label(labels.to(weight.device))
        condition = self.time(encode_time(t.to(weight), self.frequencies)) + label
        condition, h = torch.nn.functional.silu(condition), self.first(x.to(weight))
        for layer in self.layers:
            h = layer(h, condition)
        return self.last(torch.nn.functional.silu(h))


def encode_time(t: torch.Tensor, frequencies: int) -> torch.Tensor:
    r"""Encode times (n,) as cosines and sines, (n, 2 frequencies).

    .. math:: \cos(\pi k t), \; \sin(\pi k t), \qquad k = 1, 2, \dots
    """
    turns = torch.arange(1, frequencies + 1, device=t.device)
    angles = math.pi * t[:, None] * turns
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class _ModulatedLayer(torch.nn.Module):
    """One residual layer, scaled and shifted (FiLM) by a vector of time and class."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.film = torch.nn.Linear(hidden, 2 * hidden)
        self.norm = torch.nn.LayerNorm(hidden, elementwise_affine=False)
        self.inner = torch.nn.Linear(hidden, hidden)
        self.outer = _fill_with_zeros(torch.nn.Linear(hidden, hidden))

    def forward(self, h: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        scale, shift = self.film(condition).chunk(2, dim=1)
        inner = self.inner(self.norm(h)) * (1 + scale) + shift
        return h + self.outer(torch.nn.functional.silu(inner))


def dependence(network: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    r"""Measure which inputs each output depends on.

    .. math:: D_{ij} = \frac1n \sum_{t=1}^{n} \left|
        \frac{\partial y_i}{\partial x_j}(x^{(t)}) \right|

    Parameters
    ----------
    network : torch.nn.Module
        Maps (n, d) to (n, outputs), each row by itself.
    x : torch.Tensor, shape (n, d)
        Where the derivatives are taken, without dropout.

    Returns
    -------
    torch.Tensor, shape (outputs, d)
        Mean absolute derivatives; exactly 0 where nothing connects the two.
    """
    _validate.instance("network", network, torch.nn.Module)
    x = _validate.tensor("x", x, shape=("n", "d")).detach().clone().requires_grad_()
    with evaluating(network):
        columns = network(cast(x, network)).sum(dim=0)
    rows = [torch.autograd.grad(y, x, retain_graph=True)[0] for y in columns]
    return torch.stack(rows).abs().mean(dim=1)


def _check_sizes(sizes: Sequence[int]) -> list[int]:
    listed = _validate.items("sizes", sizes)
    if len(listed) < 2:
        raise ValueError(f"sizes: expected at least 2 sizes, got {len(listed)}")
    return [_validate.integer("sizes", size, low=1) for size in listed]


def _interleave(
    layers: Sequence[torch.nn.Module], activation: str, dropout: float
) -> torch.nn.Sequential:
    """Put an activation, and dropout where wanted, between layers."""
    between = ACTIVATIONS[_validate.choice("activation", activation, ACTIVATIONS)]
    dropout = _validate.real("dropout", dropout, low=0, high=0.95)
    first, *others = layers
    parts = [first]
    for layer in others:
        parts += [between(), *([torch.nn.Dropout(dropout)] if dropout else []), layer]
    return torch.nn.Sequential(*parts)


def _fill_with_zeros(layer: torch.nn.Linear) -> torch.nn.Linear:
    """Let a layer start at zero: what it is added to is then passed on unchanged."""
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    return layer
