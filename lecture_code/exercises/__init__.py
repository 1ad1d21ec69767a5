"""Self-grading exercises: ``grade("1.2", answer)`` tries an answer on hidden cases.

Each chapter has a module here whose ``CHECKS`` maps an exercise's identity to a
function that tries the answer and raises :class:`Mistake` with a hint: what kind of
mistake it looks like and how to see it. A function is judged by what it does on seeds
that the notebook does not show, never by how it is written.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import torch

from lecture_code import _validate


class Mistake(Exception):
    """A wrong answer; its message is the hint that the student reads."""


class Result(NamedTuple):
    """The outcome of grading an answer.

    Parameters
    ----------
    passed : bool
        Whether the answer is right.
    message : str
        The line printed: praise or a hint.
    """

    passed: bool
    message: str

    def _ipython_display_(self) -> None:
        """Show nothing in a notebook: the line has been printed already."""


def grade(identity: str, answer: Any) -> Result:
    """Try an answer to an exercise, print one line and return the result.

    A wrong answer never raises: the line says what to look at.

    Parameters
    ----------
    identity : str
        Chapter and number, such as "1.2".
    answer : object
        A function or a value, as the exercise asks for.

    Returns
    -------
    Result
        Whether it passed, and the line that was printed.
    """
    result = _judge(_find(identity), answer)
    print(f"Exercise {identity}: {result.message}")
    return result


def _judge(check: Callable[[Any], None], answer: Any) -> Result:
    if answer is ...:
        return Result(False, "not answered yet.")
    try:
        check(answer)
    except Mistake as hint:
        return Result(False, f"not yet. {hint}")
    except Exception as error:  # whatever the student's own code raises
        kind = type(error).__name__
        return Result(False, f"your code raised {kind} on a hidden case: {error}")
    return Result(True, "correct.")


def _find(identity: str) -> Callable[[Any], None]:
    _validate.text("identity", identity)
    match = re.fullmatch(r"(\d+)\.\d+", identity)
    checks = _checks(int(match.group(1))) if match else {}
    if identity not in checks:
        known = f" (chapter has {', '.join(checks)})" if checks else ""
        raise ValueError(
            f"identity: expected an exercise of the book such as '1.2'{known}, "
            f"got {identity!r}"
        )
    return checks[identity]


def _checks(chapter: int) -> dict[str, Callable[[Any], None]]:
    try:
        name = f"{__name__}.chapter{chapter:02d}"
        return importlib.import_module(name).CHECKS
    except ModuleNotFoundError:
        return {}


def call(answer: Any, *arguments: Any, untouched: bool = False) -> Any:
    """Call a student's function on copies and refuse the usual slips.

    Parameters
    ----------
    answer : callable
        What the student handed in.
    *arguments
        What it is called with; tensors, arrays and lists are copied first, so that
        a function that works in place spoils nothing.
    untouched : bool
        Whether the exercise asks for a function that leaves its tensors alone.

    Returns
    -------
    object
        Whatever the function returned.

    Raises
    ------
    Mistake
        If the answer is no function, returned nothing, or changed what it must not.
    """
    if not callable(answer):
        kind = type(answer).__name__
        raise Mistake(f"Hand in the function itself, not its result (got {kind}).")
    given = [_copy(argument) for argument in arguments]
    value = answer(*given)
    if value is None or value is ...:
        raise Mistake("Your function returned nothing: is the return still missing?")
    if untouched and any(map(_changed, arguments, given)):
        raise Mistake(
            "Your result may be right, but your function has changed the tensor that "
            "it was given: work on a copy."
        )
    return value


def _copy(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_copy(each) for each in value)
    if isinstance(value, torch.Tensor):
        return value.clone()
    return value.copy() if isinstance(value, np.ndarray) else value


def _changed(before: Any, after: Any) -> bool:
    return isinstance(before, torch.Tensor) and not torch.equal(before, after)


def numbers(
    value: Any, *, shape: tuple[int, ...] | None = (), finite: bool = True
) -> np.ndarray:
    """Read what a student handed in as numbers of the expected shape.

    Parameters
    ----------
    value : array_like
        A number, a truth value, or a list, array or tensor of them.
    shape : tuple of int or None
        The expected shape; ``()`` for one number, None for any.
    finite : bool
        Whether NaN and infinity are refused.

    Returns
    -------
    numpy.ndarray
        Float64 array of that shape.

    Raises
    ------
    Mistake
        If it is not numeric, is empty, has another shape, or is not finite.
    """
    try:
        result = np.asarray(_plain(value))
    except (
        TypeError,
        ValueError,
        RuntimeError,
        OverflowError,
    ):  # ragged, or it holds no numbers
        result = np.array(None)
    if result.dtype.kind not in "biuf":
        kind, shown = type(value).__name__, _validate.describe(value)
        raise Mistake(f"Your answer: expected real numbers, got {kind}: {shown}.")
    if shape is not None and result.shape != shape:
        wanted = f"shape {shape}" if shape else "one number, of shape ()"
        raise Mistake(f"Your answer: expected {wanted}, got shape {result.shape}.")
    if not result.size:
        raise Mistake("Your answer: expected at least one number, got none.")
    if finite and not np.isfinite(result).all():
        raise Mistake("Your answer: expected finite numbers, NaN or infinity came.")
    return result.astype(np.float64)


def close(got: Any, want: Any) -> bool:
    """Tell whether two answers agree as far as single precision can tell."""
    return bool(np.allclose(got, want, rtol=1e-5, atol=1e-5))


def _plain(value: Any) -> Any:
    """Turn tensors, fractions and long integers into what NumPy reads as numbers."""
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return value.numpy() if value.dtype is not torch.bfloat16 else value.float()
    return float(value) if isinstance(value, (int, Fraction)) else value
