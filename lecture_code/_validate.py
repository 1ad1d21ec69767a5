"""Refuse a wrong argument: say which one, what was expected and what came.

Every check takes the argument's name first and returns the value in the form that
the caller computes with. A wrong kind of thing is a ``TypeError``, a wrong value of
the right kind a ``ValueError``; both messages read "name: expected ..., got ...".

Bounds: ``low`` and ``high`` still pass, ``above`` does not (``above=0`` asks for a
positive number). A ``shape`` lists the sizes that must be met; a string names an axis
of any size, as in ``("n", 2)``, and without it every shape is accepted.
"""

from __future__ import annotations

import functools
import math
import numbers
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch

Shape = Sequence["int | str"]

_BOUNDS = {
    "above": (">", operator.gt),
    "low": (">=", operator.ge),
    "high": ("<=", operator.le),
}


def describe(value: Any) -> str:
    """Say in at most 60 characters what a value is, a tensor by shape and dtype."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        kind = str(value.dtype).removeprefix("torch.")
        return f"{type(value).__name__.lower()} of shape {tuple(value.shape)}, {kind}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def integer(name: str, value: Any, **bounds: int) -> int:
    """Return a whole number as an ``int``; bool and float are refused."""
    expected = _describe_interval("an integer", **bounds)
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise _wrong_type(name, expected, value)
    if not _is_within(value, **bounds):
        raise _wrong_value(name, expected, describe(value))
    return int(value)


def real(name: str, value: Any, **bounds: float) -> float:
    """Return a finite number as a ``float``; bool is refused."""
    expected = _describe_interval("a finite number", **bounds)
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise _wrong_type(name, expected, value)
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond the floats
        number = math.inf
    if not math.isfinite(number) or not _is_within(number, **bounds):
        raise _wrong_value(name, expected, describe(value))
    return number


def choice(name: str, value: Any, options: Iterable[str]) -> str:
    """Return ``value`` if it is one of the ``options``; the message lists them."""
    listed = sorted(options)
    expected = "one of " + ", ".join(repr(option) for option in listed)
    if not isinstance(value, str):
        raise _wrong_type(name, expected, value)
    if value not in listed:
        raise _wrong_value(name, expected, describe(value))
    return value


def text(name: str, value: Any) -> str:
    """Return ``value`` if it is a string that holds more than blanks."""
    if not isinstance(value, str):
        raise _wrong_type(name, "a string", value)
    if not value.strip():
        raise _wrong_value(name, "a string with some text", describe(value))
    return value


def function(name: str, value: Any) -> Callable:
    """Return ``value`` if it can be called."""
    if not callable(value):
        raise _wrong_type(name, "a function", value)
    return value


def instance(name: str, value: Any, kind: type | tuple[type, ...]) -> Any:
    """Return ``value`` if it is an instance of ``kind``."""
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = " or ".join(each.__name__ for each in kinds)
        raise _wrong_type(name, expected, value)
    return value


def items(name: str, value: Any) -> list:
    """Return the entries of a list or tuple that is not empty."""
    if not isinstance(value, (list, tuple)):
        raise _wrong_type(name, "a list", value)
    if not value:
        raise _wrong_value(name, "at least one entry", "none")
    return list(value)


def generator(name: str, value: Any) -> torch.Generator | None:
    """Return ``value`` if it is a ``torch.Generator`` or None.

    All randomness is drawn on the CPU and then moved, so that a seed gives the same
    numbers on every device.
    """
    if value is not None and not isinstance(value, torch.Generator):
        raise _wrong_type(name, "a torch.Generator or None", value)
    if value is not None and value.device.type != "cpu":
        raise _wrong_value(name, "a torch.Generator on the CPU", str(value.device))
    return value


def array(
    name: str, value: Any, *, shape: Shape | None = None, **bounds: float
) -> np.ndarray:
    """Return real numbers as a new float64 array: not empty, finite, within bounds."""
    raw = _read_array(name, "real numbers in a regular array", value)
    if raw.dtype.kind not in "iuf" and raw.size:
        raise _wrong_type(name, "real numbers", value)
    _check_shape(name, raw.shape, shape, value)
    with np.errstate(over="ignore"):  # too large for float64: infinite, so refused
        result = raw.astype(np.float64)
    _check_finite(name, np.isfinite(result))
    _check_bounds(name, result, **bounds)
    return result


def tensor(
    name: str, value: Any, *, shape: Shape | None = None, **bounds: float
) -> torch.Tensor:
    """Return a floating tensor itself: not empty, finite, within bounds."""
    if not (isinstance(value, torch.Tensor) and value.is_floating_point()):
        raise _wrong_type(name, "a tensor of floating-point numbers", value)
    _check_dense(name, value)
    _check_shape(name, tuple(value.shape), shape, value)
    plain = value.detach()
    _check_finite(name, torch.isfinite(plain))
    _check_bounds(name, plain, **bounds)
    return value


def integers(
    name: str, value: Any, *, shape: Shape | None = None, **bounds: int
) -> torch.Tensor:
    """Return whole numbers as a new int64 tensor: not empty, within bounds.

    Bool is refused, and so are floats, even those that happen to be whole.
    """
    raw = _read_array(name, "integers in a regular array", value)
    if raw.dtype.kind not in "iu" and raw.size:
        raise _wrong_type(name, "integers", value)
    _check_shape(name, raw.shape, shape, value)
    if raw.dtype.kind == "u":  # the one integer type that int64 does not hold
        bounds.setdefault("high", 2**63 - 1)
    _check_bounds(name, raw, **bounds)
    device = value.device if isinstance(value, torch.Tensor) else None
    return torch.as_tensor(raw.astype(np.int64), device=device)


def probabilities(name: str, value: Any) -> np.ndarray:
    """Return ``value`` as a float64 vector (k,) that is >= 0 and sums to 1."""
    result = array(name, value, shape=("k",), low=0.0)
    total = float(result.sum())
    if abs(total - 1.0) > 1e-6:
        raise _wrong_value(name, "probabilities that sum to 1", f"a sum of {total:.9g}")
    return result


def binary(name: str, value: Any, expected: str = "zeros and ones") -> Any:
    """Return an array or a tensor if all of its entries are 0 or 1."""
    _check_entries(name, value, (value == 0) | (value == 1), expected)
    return value


def whole(name: str, value: Any, expected: str = "whole numbers") -> Any:
    """Return an array or a tensor if none of its entries is a fraction."""
    _check_entries(name, value, value == value.round(), expected)
    return value


def same_length(**values: Any) -> int:
    """Return the common length of the named values."""
    lengths = {name: len(value) for name, value in values.items()}
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{name} of length {size}" for name, size in lengths.items())
        raise ValueError(f"{' and '.join(lengths)}: expected equal lengths, got {got}")
    return next(iter(lengths.values()))


def _wrong_type(name: str, expected: str, value: Any) -> TypeError:
    kind = type(value).__name__
    return TypeError(f"{name}: expected {expected}, got {kind}: {describe(value)}")


def _wrong_value(name: str, expected: str, got: str) -> ValueError:
    return ValueError(f"{name}: expected {expected}, got {got}")


def _format_number(number: float) -> str:
    is_whole = isinstance(number, numbers.Integral) and abs(number) < 1e15
    return str(int(number)) if is_whole else f"{number:.9g}"


def _describe_interval(noun: str, **bounds: float) -> str:
    limits = [
        f"{sign} {_format_number(bounds[name])}"
        for name, (sign, _) in _BOUNDS.items()
        if name in bounds
    ]
    return f"{noun} {' and '.join(limits)}".strip()


def _is_within(value: Any, **bounds: float) -> Any:
    """Say whether a number, or each entry, meets the bounds; True without any."""
    kept = [_BOUNDS[name][1](value, bound) for name, bound in bounds.items()]
    return functools.reduce(operator.and_, kept, True)


def _read_array(name: str, expected: str, value: Any) -> np.ndarray:
    if isinstance(value, np.ma.MaskedArray):  # its mask would be lost without a word
        raise _wrong_type(name, f"{expected}, without a mask", value)
    if isinstance(value, torch.Tensor):
        _check_dense(name, value)
        value = value.detach().cpu()
        value = value.float() if value.dtype is torch.bfloat16 else value
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError):  # ragged, or it holds no numbers
        raise _wrong_type(name, expected, value) from None


def _check_dense(name: str, value: torch.Tensor) -> None:
    if value.layout is not torch.strided or value.is_meta:
        raise _wrong_type(name, "a dense tensor that holds numbers", value)


def _check_shape(
    name: str, got: tuple[int, ...], shape: Shape | None, value: Any
) -> None:
    if 0 in got:
        raise _wrong_value(name, "at least one entry", f"none ({describe(value)})")
    if shape is None:
        return
    fits = len(got) == len(shape) and all(
        isinstance(size, str) or size == n for size, n in zip(shape, got, strict=True)
    )
    if not fits:
        sizes = ", ".join(str(size) for size in shape)
        expected = f"shape ({sizes}{',' if len(shape) == 1 else ''})"
        raise _wrong_value(name, expected, describe(value))


def _check_finite(name: str, finite: Any) -> None:
    if not bool(finite.all()):
        raise _wrong_value(name, "finite numbers", "NaN or infinity among them")


def _check_bounds(name: str, value: Any, **bounds: float) -> None:
    if bounds:
        expected = _describe_interval("entries", **bounds)
        _check_entries(name, value, _is_within(value, **bounds), expected)


def _check_entries(name: str, value: Any, right: Any, expected: str) -> None:
    """Refuse a value with an entry that is not right, and name the first of them."""
    if not bool(right.all()):
        wrong = value[~right].reshape(-1)[0].item()
        raise _wrong_value(name, expected, _format_number(wrong))
