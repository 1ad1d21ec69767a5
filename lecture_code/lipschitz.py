"""How steep a network is: exactly in one dimension, from above, and from below.

Only an upper bound certifies anything: the push-forward theorem with a slope that was
estimated from samples may claim more than is true. Networks are read as in evaluation
mode, in float64, and never changed.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator

import torch
from torch import nn

from lecture_code import _validate

# What rounding in float64 may have taken from a singular value.
_ROUNDED = 1 + 1e-12
# Pieces shorter than this share of the interval come from rounding, not from the net.
_SLIVER = 1e-13
_FREQUENCIES = 64

#: Activations that are linear on both sides of zero: the slope below it.
_KINKED: dict[type, Callable[[nn.Module], float]] = {
    nn.ReLU: lambda layer: 0.0,
    nn.LeakyReLU: lambda layer: layer.negative_slope,
}
#: Layers that keep or shrink every distance.
_CONTRACTIONS = (
    *(nn.Identity, nn.Flatten, nn.Unflatten, nn.Dropout, nn.ReLU, nn.ReLU6),
    *(nn.Tanh, nn.Hardtanh, nn.Softsign, nn.LogSigmoid),
)
#: The largest slope of every layer of a kind, rounded up.
_SLOPES: dict[type, Callable[[nn.Module], float]] = {
    **dict.fromkeys(_CONTRACTIONS, lambda layer: 1.0),
    nn.LeakyReLU: lambda layer: max(1.0, abs(layer.negative_slope)),
    nn.ELU: lambda layer: max(1.0, abs(layer.alpha)),
    nn.Sigmoid: lambda layer: 0.25,
    # Beyond its threshold it is cut straight, with a jump that is rounding from 20 on.
    nn.Softplus: lambda layer: 1.0 if layer.threshold >= 20 else math.inf,
    nn.SiLU: lambda layer: 1.0999,
    nn.GELU: lambda layer: 1.1291,
}
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d)


def exact_1d(net: nn.Module, low: float, high: float) -> float:
    """Return the Lipschitz constant of a piecewise linear network on an interval.

    It is the largest norm of the slope, exact up to rounding: a walk through the layers
    with a list of the intervals on which the network is linear, each of which is split
    where a neuron passes zero. For a Gaussian latent the interval [-5, 5] leaves out
    6e-7 of the mass.

    Parameters
    ----------
    net : torch.nn.Module
        A ``Sequential`` of linear, ReLU, LeakyReLU, batch-norm (as in evaluation) and
        identity layers, from one input to any number of outputs.
    low, high : float
        The interval.

    References
    ----------
    Hanin and Rolnick (2019), Complexity of linear regions in deep networks, ICML.
    """
    lefts, _, slopes = _find_pieces(net, low, high)
    widths = torch.diff(lefts, append=torch.tensor([float(high)]))
    wide = widths > _SLIVER * max(high - low, abs(low), abs(high))
    return float(slopes[wide].norm(dim=1).max())


def knots_1d(net: nn.Module, low: float, high: float) -> tuple[torch.Tensor, ...]:
    """Return the points (n,) between which a network is linear, and its values there.

    The points increase from ``low`` to ``high``, in float64; the values are (n,
    outputs). The network is one that :func:`exact_1d` takes.
    """
    lefts, values, slopes = _find_pieces(net, low, high)
    end = lefts.new_tensor([float(high)])
    last = values[-1:] + slopes[-1:] * (end - lefts[-1])
    return torch.cat([lefts, end]), torch.cat([values, last])


def upper_bound(net: nn.Module, input_shape: tuple[int, ...] | None = None) -> float:
    r"""Return a certified upper bound: the product of the layers' own constants.

    .. math:: \mathrm{Lip}(g_n \circ \dots \circ g_1) \le \prod_i \mathrm{Lip}(g_i)

    Parameters
    ----------
    net : torch.nn.Module
        A ``Sequential`` of layers with a known constant: linear layers (also under
        spectral normalisation), convolutions, batch norm as in evaluation, the usual
        activations.
    input_shape : tuple of int, optional
        Shape of one input, without the batch. With it, each convolution's matrix is
        written out and its norm is exact; without it, the norm on an endless image is
        taken, which no image of finite size exceeds. A circular convolution with
        strides or wide padding needs it.

    References
    ----------
    Sedghi, Gupta and Long (2019), The singular values of convolutional layers, ICLR.
    """
    value = None
    if input_shape is not None:
        sizes = [
            _validate.integer("input_shape", size, low=1)
            for size in _validate.items("input_shape", input_shape)
        ]
        value = torch.zeros(1, *sizes, dtype=torch.float64)
    bound = 1.0
    with torch.no_grad():
        for layer in _list_layers(net):
            bound *= _constant(layer, value)
            value = None if value is None else _apply(layer, value)
    return bound


def lower_bound(net: nn.Module, latents: torch.Tensor, steps: int = 20) -> float:
    """Return a lower bound: the largest spectral norm of a Jacobian seen on a climb.

    The climb takes ``steps`` uphill from the eight steepest of the ``latents`` (n,
    ...). The bound says how steep the network is at least, so it may not take the place
    of L in a lower bound on a distance.

    References
    ----------
    Virmaux and Scaman (2018), Lipschitz regularity of deep neural networks, NeurIPS.
    """
    net = _freeze(net)
    latents = _validate.tensor("latents", latents).detach().double()
    steps = _validate.integer("steps", steps, low=0)
    if latents.ndim < 2:
        raise ValueError(
            f"latents: expected shape (n, ...), got {_validate.describe(latents)}"
        )
    try:
        norms = torch.cat([_norms(net, part) for part in latents.split(256)])
    except RuntimeError as error:
        raise ValueError(f"latents: expected inputs of the net, got {error}") from None
    points = latents[norms.topk(min(8, len(norms))).indices]
    return max(float(norms.max()), _climb(net, points, steps))


# ------------------------------------------------------------------------- the layers


def _freeze(net: nn.Module) -> nn.Module:
    """Check a network, and copy it in float64 and in evaluation mode."""
    net = _validate.instance("net", net, nn.Module)
    if not all(bool(values.isfinite().all()) for values in net.parameters()):
        raise ValueError("net: expected finite weights, got NaN or infinity among them")
    return copy.deepcopy(net).double().eval().requires_grad_(False)


def _list_layers(net: nn.Module) -> list[nn.Module]:
    """List the layers in the order in which they act."""
    return list(_unpack(_freeze(net)))


def _unpack(module: nn.Module) -> Iterator[nn.Module]:
    """Go through nested sequences of layers."""
    if type(module) is nn.Sequential:
        for child in module:
            yield from _unpack(child)
    else:
        yield module


def _kind(layer: nn.Module) -> type:
    """Return a layer's class, looking through a parametrisation of its weight."""
    parametrised = nn.utils.parametrize.is_parametrized(layer)
    return type(layer).__bases__[0] if parametrised else type(layer)


def _refusal(layer: nn.Module, wanted: str) -> ValueError:
    """Return the error for a layer that is not as wanted."""
    return ValueError(f"net: expected layers {wanted}, got {_kind(layer).__name__}")


# ------------------------------------------------------------- exactly, piece by piece


def _find_pieces(net: nn.Module, low: float, high: float) -> tuple:
    """Walk through the layers: left ends of the pieces, values there, slopes."""
    low = _validate.real("low", low)
    high = _validate.real("high", high)
    if low >= high:
        raise ValueError(f"low and high: expected low < high, got {low:g} and {high:g}")
    start = torch.tensor([low], dtype=torch.float64)
    pieces = start, start[:, None], torch.ones(1, 1, dtype=torch.float64)
    for layer in _list_layers(net):
        pieces = _map_pieces(layer, pieces, high)
    return pieces


def _map_pieces(layer: nn.Module, pieces: tuple, high: float) -> tuple:
    """Send pieces (left ends, values there, slopes) through one layer."""
    lefts, values, slopes = pieces
    kind = _kind(layer)
    if kind in (nn.Identity, nn.Dropout, nn.Flatten):
        return pieces
    if kind in _KINKED:
        return _bend(_split(pieces, high), _KINKED[kind](layer), high)
    if kind not in (nn.Linear, nn.BatchNorm1d):
        raise _refusal(layer, "that are piecewise linear")
    try:
        value = layer(values)
        origin = layer(torch.zeros_like(slopes[:1]))
        return lefts, value, layer(slopes) - origin
    except RuntimeError:
        raise ValueError(
            f"net: expected layers that fit together after one input, got {layer}"
        ) from None


def _split(pieces: tuple, high: float) -> tuple:
    """Cut each piece where a neuron passes zero inside of it."""
    lefts, values, slopes = pieces
    rights = torch.cat([lefts[1:], lefts.new_tensor([high])])
    zeros = lefts[:, None] - values / slopes
    inside = (zeros > lefts[:, None]) & (zeros < rights[:, None])
    every = torch.cat([lefts, zeros[inside]]).unique()
    piece = torch.searchsorted(lefts, every, right=True) - 1
    moved = values[piece] + slopes[piece] * (every - lefts[piece])[:, None]
    return every, moved, slopes[piece]


def _bend(pieces: tuple, below: float, high: float) -> tuple:
    """Apply a kink to pieces on which no neuron changes sign."""
    lefts, values, slopes = pieces
    rights = torch.cat([lefts[1:], lefts.new_tensor([high])])
    middle = values + slopes * (rights - lefts)[:, None] / 2
    factor = torch.where(middle > 0, 1.0, below)
    return lefts, values * factor, slopes * factor


# --------------------------------------------------------------------- from above


def _constant(layer: nn.Module, value: torch.Tensor | None) -> float:
    """Return a bound on one layer's Lipschitz constant."""
    kind = _kind(layer)
    if layer._forward_pre_hooks or layer._forward_hooks:
        raise _refusal(layer, "without hooks, which may change what they compute")
    if kind in _SLOPES:
        return _SLOPES[kind](layer)
    if kind is nn.Linear:
        return _ROUNDED * float(torch.linalg.matrix_norm(layer.weight, 2))
    if kind in _NORMS and layer.running_var is not None:
        gain = 1.0 if layer.weight is None else layer.weight.abs()
        return _ROUNDED * float((gain / (layer.running_var + layer.eps).sqrt()).max())
    if kind in _CONVOLUTIONS + _TRANSPOSED and _has_norm(layer, value is not None):
        norm = (
            _norm_when_endless(layer) if value is None else _norm_at_size(layer, value)
        )
        return _ROUNDED * norm
    raise _refusal(layer, "with a known Lipschitz constant")


def _has_norm(layer: nn.Module, sized: bool) -> bool:
    """Say whether a convolution's norm is known with its padding, at a size or at all.

    A circular one with strides, or with more padding than its kernel needs, reads the
    seam twice, and is steeper than on an endless image.
    """
    pads = layer._reversed_padding_repeated_twice[-2::-2]
    kernel = zip(layer.dilation, layer.kernel_size, pads, strict=True)
    narrow = all(2 * pad <= hole * (size - 1) for hole, size, pad in kernel)
    once = sized or (narrow and set(layer.stride) == {1})
    return layer.padding_mode in (["zeros", "circular"] if once else ["zeros"])


def _apply(layer: nn.Module, value: torch.Tensor) -> torch.Tensor:
    """Send an input through a layer that has to fit it."""
    try:
        return layer(value)
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"input_shape: expected one that fits, got {error}") from None


def _norm_at_size(layer: nn.Module, value: torch.Tensor) -> float:
    """Return the norm of a convolution's matrix at the size of an input."""
    origin = _apply(layer, torch.zeros_like(value))
    basis = torch.eye(value.numel(), dtype=value.dtype).reshape(-1, *value.shape[1:])
    columns = (layer(basis) - origin).flatten(1)
    return float(torch.linalg.matrix_norm(columns, 2))


def _norm_when_endless(layer: nn.Module) -> float:
    """Return the norm of a convolution on an endless image, rounded up.

    It is the largest norm of the kernel's Fourier transform. Between frequencies of a
    grid, a trigonometric polynomial falls from its peak no faster than a cosine. A
    transposed convolution is the adjoint of the plain one, and has the same norm.
    """
    kernels = layer.weight.split(len(layer.weight) // layer.groups)
    return max(_transform_norm(_remove_strides(layer, kernel)) for kernel in kernels)


def _remove_strides(layer: nn.Module, kernel: torch.Tensor) -> torch.Tensor:
    """Write a kernel with holes and strides as a plain one with more channels.

    A stride of s reads blocks of s pixels, so each pixel of a block becomes a channel.
    """
    for axis, (hole, stride) in enumerate(
        zip(layer.dilation, layer.stride, strict=True), start=2
    ):
        size = hole * (kernel.shape[axis] - 1) + 1
        wide = kernel.new_zeros(
            *kernel.shape[:axis], -(-size // stride) * stride, *kernel.shape[axis + 1 :]
        )
        places = hole * torch.arange(kernel.shape[axis])
        wide.index_copy_(axis, places, kernel)
        blocks = wide.unflatten(axis, (-1, stride)).movedim(axis + 1, 2)
        kernel = blocks.flatten(1, 2)
    return kernel


def _transform_norm(kernel: torch.Tensor) -> float:
    # With twice the frequencies that a kernel has pixels, no peak is missed by much.
    """Return the largest norm of a kernel's Fourier transform, rounded up."""
    counts = [max(_FREQUENCIES, 2 * size) for size in kernel.shape[2:]]
    transform = torch.fft.fftn(kernel, s=counts)
    matrices = transform.flatten(2).permute(2, 0, 1)
    peak = float(torch.linalg.matrix_norm(matrices, 2).max())
    for size, count in zip(kernel.shape[2:], counts, strict=True):
        peak /= math.cos((size - 1) / 2 * math.pi / count)
    return peak


# --------------------------------------------------------------------- from below


def _norms(net: nn.Module, points: torch.Tensor) -> torch.Tensor:
    """Return the spectral norm of the Jacobian at each point."""

    def one(point: torch.Tensor) -> torch.Tensor:
        return net(point[None])[0].flatten()

    jacobians = torch.func.vmap(torch.func.jacrev(one))(points)
    return torch.linalg.matrix_norm(jacobians.flatten(2), 2)


def _climb(net: nn.Module, points: torch.Tensor, steps: int) -> float:
    """Follow the gradient of the norm, with steps that shrink."""
    best = 0.0
    for step in range(steps):
        points = points.detach().requires_grad_()
        norms = _norms(net, points)
        best = max(best, float(norms.detach().max()))
        if not norms.requires_grad:  # a linear network has no steeper place
            break
        (ascent,) = torch.autograd.grad(norms.sum(), points)
        uphill = nn.functional.normalize(ascent.flatten(1), eps=1e-30)
        points = points + 0.3 * 0.8**step * uphill.reshape(points.shape)
    return best
