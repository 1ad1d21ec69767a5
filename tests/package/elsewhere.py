"""A pretended second device: its tensors refuse to mix with others, as cuda's do.

Numbers are kept and computed on the CPU, so what comes out can be compared.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch.utils import _pytree as trees
from torch.utils._python_dispatch import TorchDispatchMode

DEVICE = torch.device("meta")  # a name that torch knows; nothing runs on it
_MOVES = ("aten::_to_copy", "aten::copy_")  # these go from one device to another


class Elsewhere(torch.Tensor):
    """A tensor that says that it is on the other device."""

    plain: torch.Tensor
    is_meta = False  # as torch says of tensors without numbers, and these have some

    @staticmethod
    def __new__(cls, plain: torch.Tensor) -> Elsewhere:
        """Wrap a tensor of the CPU, whose memory stays in use."""
        made = torch.Tensor._make_wrapper_subclass(
            *(cls, plain.shape, plain.stride(), plain.storage_offset()),
            dtype=plain.dtype,
            device=DEVICE,
        )
        made.plain = plain
        return made

    def tolist(self) -> Any:
        """List the numbers, which torch does for its own tensors only."""
        return self.plain.tolist()

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None) -> Any:
        return _computed(func, args, kwargs or {})


class Device(TorchDispatchMode):
    """Where this is active, tensors can be made on the other device and moved to it."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None) -> Any:
        return _computed(func, args, kwargs or {})


def moved(value: Any) -> Any:
    """Return a copy of a tensor or module on the other device."""
    if isinstance(value, torch.Tensor):
        return Elsewhere(value.detach().clone())
    value = copy.deepcopy(value)
    for part in value.modules() if isinstance(value, torch.nn.Module) else ():
        for name, each in part.named_parameters(recurse=False):
            part._parameters[name] = torch.nn.Parameter(Elsewhere(each.detach()))
        for name, each in part.named_buffers(recurse=False):
            part._buffers[name] = Elsewhere(each)
    return value


def _computed(func: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    given = [
        t for t in trees.tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)
    ]
    far = [isinstance(t, Elsewhere) for t in given]
    name = func._schema.name
    if any(far) and name not in _MOVES:
        near = [t for t in given if not isinstance(t, Elsewhere) and t.ndim > 0]
        if near:
            raise RuntimeError(f"{name}: expected all tensors on the same device")
    args, kwargs = trees.tree_map(_plain, (args, kwargs))
    device = kwargs.get("device")
    if device is not None:
        kwargs["device"] = torch.device("cpu")
    if name == "aten::view":  # strides may differ from those of the device we play
        func = torch.ops.aten.reshape.default
    result = func(*args, **kwargs)
    if name.endswith("_"):
        return given[0]
    if any(far) if device is None else device == DEVICE:
        return trees.tree_map_only(torch.Tensor, Elsewhere, result)
    return result


def _plain(value: Any) -> Any:
    return value.plain if isinstance(value, Elsewhere) else value
