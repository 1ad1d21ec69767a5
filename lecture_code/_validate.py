"""Refuse a wrong argument: say which one, what was expected and what came.

Every check takes the argument's name first and returns the value in the form that
the caller computes with. A wrong kind of thing is a ``TypeError``, a wrong value of
the right kind a ``ValueError``; both messages read "name: expected ..., got ...".
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch

Shape = Sequence["int | str"]


def describe(value: Any) -> str:
    """Say in a few words what a value is, without printing all of it.

    Parameters
    ----------
    value : object
        Anything; a tensor or an array is told by its shape and dtype.

    Returns
    -------
    str
        At most 60 characters of its repr otherwise.
    """
    if isinstance(value, (torch.Tensor, np.ndarray)):
        kind = str(value.dtype).removeprefix("torch.")
        return f"{type(value).__name__.lower()} of shape {tuple(value.shape)}, {kind}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _wrong_type(name: str, expected: str, value: Any) -> TypeError:
    kind = type(value).__name__
    return TypeError(f"{name}: expected {expected}, got {kind}: {describe(value)}")


def _wrong_value(name: str, expected: str, got: str) -> ValueError:
    return ValueError(f"{name}: expected {expected}, got {got}")


def _plain(number: float) -> str:
    whole = isinstance(number, numbers.Integral) and abs(number) < 1e15
    return str(int(number)) if whole else f"{number:.9g}"


def _interval(
    noun: str, low: float | None, high: float | None, above: float | None
) -> str:
    bounds = [(">", above), (">=", low), ("<=", high)]
    limits = [f"{sign} {_plain(bound)}" for sign, bound in bounds if bound is not None]
    return f"{noun} {' and '.join(limits)}".strip()


def _outside(value: Any, low: float | None, high: float | None, above: float | None):
    wrong = False
    if low is not None:
        wrong = wrong | (value < low)
    if high is not None:
        wrong = wrong | (value > high)
    if above is not None:
        wrong = wrong | (value <= above)
    return wrong


def integer(
    name: str, value: Any, *, low: int | None = None, high: int | None = None
) -> int:
    """Return ``value`` as an ``int`` in ``[low, high]``; bool and float are refused.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.
    low, high : int, optional
        Bounds that still pass.

    Returns
    -------
    int
        The value.
    """
    expected = _interval("an integer", low, high, None)
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise _wrong_type(name, expected, value)
    if _outside(value, low, high, None):
        raise _wrong_value(name, expected, describe(value))
    return int(value)


def real(
    name: str,
    value: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
) -> float:
    """Return ``value`` as a finite ``float`` with ``low <= value <= high``.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.
    low, high : float, optional
        Bounds that still pass.
    above : float, optional
        A strict lower bound: ``above=0`` asks for a positive number.

    Returns
    -------
    float
        The value.
    """
    expected = _interval("a finite number", low, high, above)
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise _wrong_type(name, expected, value)
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond the floats
        number = math.inf
    if not math.isfinite(number) or _outside(number, low, high, above):
        raise _wrong_value(name, expected, describe(value))
    return number


def flag(name: str, value: Any) -> bool:
    """Return ``value`` if it is a bool.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.

    Returns
    -------
    bool
        The value.
    """
    if not isinstance(value, bool):
        raise _wrong_type(name, "True or False", value)
    return value


def choice(name: str, value: Any, options: Iterable[str]) -> str:
    """Return ``value`` if it is one of the ``options``, all of them strings.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.
    options : iterable of str
        What passes; the message lists it.

    Returns
    -------
    str
        The value.
    """
    listed = sorted(options)
    expected = "one of " + ", ".join(repr(option) for option in listed)
    if not isinstance(value, str):
        raise _wrong_type(name, expected, value)
    if value not in listed:
        raise _wrong_value(name, expected, describe(value))
    return value


def text(name: str, value: Any) -> str:
    """Return ``value`` if it is a string that holds more than blanks.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.

    Returns
    -------
    str
        The value.
    """
    if not isinstance(value, str):
        raise _wrong_type(name, "a string", value)
    if not value.strip():
        raise _wrong_value(name, "a string with some text", describe(value))
    return value


def function(name: str, value: Any) -> Callable:
    """Return ``value`` if it can be called.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.

    Returns
    -------
    callable
        The value.
    """
    if not callable(value):
        raise _wrong_type(name, "a function", value)
    return value


def instance(name: str, value: Any, kind: type | tuple[type, ...]) -> Any:
    """Return ``value`` if it is an instance of ``kind``.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.
    kind : type or tuple of type
        What passes.

    Returns
    -------
    object
        The value.
    """
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = " or ".join(each.__name__ for each in kinds)
        raise _wrong_type(name, expected, value)
    return value


def items(name: str, value: Any) -> list:
    """Return the entries of a list or tuple that is not empty.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.

    Returns
    -------
    list
        The entries.
    """
    if not isinstance(value, (list, tuple)):
        raise _wrong_type(name, "a list", value)
    if not value:
        raise _wrong_value(name, "at least one entry", "none")
    return list(value)


def generator(name: str, value: Any) -> torch.Generator | None:
    """Return ``value`` if it is a ``torch.Generator`` or None.

    All randomness is drawn on the CPU and then moved, so that a seed gives the same
    numbers on every device.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.

    Returns
    -------
    torch.Generator or None
        The value.
    """
    if value is None:
        return None
    if not isinstance(value, torch.Generator):
        raise _wrong_type(name, "a torch.Generator or None", value)
    if value.device.type != "cpu":
        raise _wrong_value(name, "a torch.Generator on the CPU", str(value.device))
    return value


def array(
    name: str,
    value: Any,
    *,
    shape: Shape | None = None,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
) -> np.ndarray:
    """Return numbers as a float64 array: not empty, finite, within the bounds.

    Parameters
    ----------
    name : str
        The argument's name.
    value : array_like
        A number, a nested sequence, an array or a tensor of real numbers.
    shape : sequence of int or str, optional
        Sizes that must be met; a string names an axis of any size, as in
        ``("n", 2)``. Without it, every shape is accepted, a single number too.
    low, high, above : float, optional
        Bounds of every entry; ``above`` is strict.

    Returns
    -------
    numpy.ndarray
        A float64 array; the input is never changed.
    """
    raw = _as_numpy(name, "real numbers in a regular array", value)
    if raw.dtype.kind not in "iuf" and raw.size:
        raise _wrong_type(name, "real numbers", value)
    _check_shape(name, raw.shape, shape, value)
    with np.errstate(over="ignore"):  # too large for float64: infinite, so refused
        result = raw.astype(np.float64)
    _check_entries(name, result, np.isfinite(result), low, high, above)
    return result


def tensor(
    name: str,
    value: Any,
    *,
    shape: Shape | None = None,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
) -> torch.Tensor:
    """Return ``value`` if it is a floating tensor: not empty, finite, within bounds.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.
    shape : sequence of int or str, optional
        Sizes that must be met, as in :func:`array`.
    low, high, above : float, optional
        Bounds of every entry; ``above`` is strict.

    Returns
    -------
    torch.Tensor
        The tensor itself, so that gradients flow and dtype and device stay.
    """
    if not (isinstance(value, torch.Tensor) and value.is_floating_point()):
        raise _wrong_type(name, "a tensor of floating-point numbers", value)
    _check_dense(name, value)
    _check_shape(name, tuple(value.shape), shape, value)
    plain = value.detach()
    _check_entries(name, plain, torch.isfinite(plain), low, high, above)
    return value


def integers(
    name: str,
    value: Any,
    *,
    shape: Shape | None = None,
    low: int | None = None,
    high: int | None = None,
) -> torch.Tensor:
    """Return whole numbers as an int64 tensor: not empty and within the bounds.

    Accepts a tensor, an array or a sequence of an integer dtype; bool is refused,
    and so are floats, even those that happen to be whole.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.
    shape : sequence of int or str, optional
        Sizes that must be met, as in :func:`array`.
    low, high : int, optional
        Bounds of every entry.

    Returns
    -------
    torch.Tensor
        An int64 tensor on the device of the input, which is never changed.
    """
    raw = _as_numpy(name, "integers in a regular array", value)
    if raw.dtype.kind not in "iu" and raw.size:
        raise _wrong_type(name, "integers", value)
    _check_shape(name, raw.shape, shape, value)
    if raw.dtype.kind == "u":  # the one integer type that int64 does not hold
        high = 2**63 - 1 if high is None else high
    _check_entries(name, raw, np.ones(raw.shape, dtype=bool), low, high, None)
    device = value.device if isinstance(value, torch.Tensor) else None
    return torch.as_tensor(raw.astype(np.int64), device=device)


def probabilities(name: str, value: Any) -> np.ndarray:
    """Return ``value`` as a float64 vector of shape (k,) that is >= 0 and sums to 1.

    Parameters
    ----------
    name : str
        The argument's name.
    value : object
        What came.

    Returns
    -------
    numpy.ndarray
        A float64 array of shape (k,).
    """
    result = array(name, value, shape=("k",), low=0.0)
    total = float(result.sum())
    if abs(total - 1.0) > 1e-6:
        raise _wrong_value(name, "probabilities that sum to 1", f"a sum of {total:.9g}")
    return result


def same_length(**values: Any) -> int:
    """Return the common length of the named values.

    Parameters
    ----------
    **values : sized
        The arguments under their names.

    Returns
    -------
    int
        The length.
    """
    lengths = {name: len(value) for name, value in values.items()}
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{name} of length {size}" for name, size in lengths.items())
        raise ValueError(f"{' and '.join(lengths)}: expected equal lengths, got {got}")
    return next(iter(lengths.values()))


def _as_numpy(name: str, expected: str, value: Any) -> np.ndarray:
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


def _check_entries(name: str, value, finite, low, high, above) -> None:
    if not bool(finite.all()):
        raise _wrong_value(name, "finite numbers", "NaN or infinity among them")
    wrong = _outside(value, low, high, above)
    if wrong is not False and bool(wrong.any()):
        worst = value[wrong].reshape(-1)[0].item()
        raise _wrong_value(name, _interval("entries", low, high, above), _plain(worst))
