"""Self-grading exercises: ``grade("1.2", answer)`` tries an answer on hidden cases.

Each chapter and each workshop has a module here. Its ``CHECKS`` maps an exercise's
identity to a function that tries the answer and raises :class:`Mistake`: what kind of
mistake it looks like and how to see it. What the function returns is the sentence that
follows "correct.".
``LABS`` does the same for the chapter's lab, whose answer was trained or measured, and
``HINTS`` holds what ``grade(..., hint=True)`` gives away, from a nudge to the idea. An
answer is judged by what it does on data and seeds that the notebook does not show,
never by how it is written.
"""

from __future__ import annotations

import contextlib
import importlib
import random
import re
import signal
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import ModuleType
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


#: Seconds of processor time that grading may take before the answer is stopped.
LIMIT = 60

Check = Callable[[Any], str | None]

#: What was graded in this session, in order: whether it has ever passed.
_graded: dict[str, bool] = {}
#: How many hints were asked for.
_hinted: dict[str, int] = {}


def grade(identity: str, answer: Any, *, hint: bool = False) -> Result:
    """Try an answer to an exercise, print one line and return the result.

    A wrong answer never raises: the line says what to look at.

    Parameters
    ----------
    identity : str
        Chapter and number, such as "1.2", or "W3.1" in a workshop.
    answer : object
        A function, a value or a model, as the exercise asks for.
    hint : bool
        Whether to print the exercise's next hint as well, if the answer is not right.

    Returns
    -------
    Result
        Whether it passed, and the line that was printed.
    """
    check = _find(identity)
    result = _judge(check, answer)
    print(f"Exercise {identity}: {result.message}")
    _graded[identity] = result.passed or _graded.get(identity, False)
    if hint and not result.passed:
        print(_next_hint(identity))
    return result


def progress() -> None:
    """Print what was solved in this session and what comes next, chapter by chapter."""
    if not _graded:
        print("Nothing graded yet: answer an exercise and run its cell.")
    for chapter in sorted({_chapter(identity) for identity in _graded}, key=_place):
        posed = _checks(chapter)
        solved = [identity for identity in posed if _graded.get(identity)]
        kind = "Workshop" if chapter.startswith("W") else "Chapter"
        line = f"{kind} {chapter}: {len(solved)} of {len(posed)} solved"
        line += f" ({', '.join(solved)})" if solved else ""
        left = [identity for identity in posed if identity not in solved]
        print(f"{line}. " + (f"Next: {left[0]}." if left else "That is all of it."))


def _judge(check: Check, answer: Any) -> Result:
    if answer is ...:
        return Result(False, "not answered yet.")
    try:
        with _same_randomness(), _limited():
            said = check(answer)
    except Mistake as mistake:
        return Result(False, f"not yet. {mistake}")
    except Exception as error:  # whatever the student's own code raises
        kind = type(error).__name__
        return Result(False, f"your code raised {kind} on a hidden case: {error}")
    return Result(True, f"correct. {said}" if said else "correct.")


def _next_hint(identity: str) -> str:
    hints = getattr(_module(_chapter(identity)), "HINTS", {}).get(identity, ())
    given = _hinted[identity] = min(_hinted.get(identity, 0) + 1, len(hints))
    return f"Hint {given} of {len(hints)}: {hints[given - 1]}" if hints else "No hints."


@contextlib.contextmanager
def _same_randomness() -> Iterator[None]:
    """Leave every global source of random numbers as it was."""
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        torch.set_rng_state(before[0])
        np.random.set_state(before[1])
        random.setstate(before[2])


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Stop an answer that takes too long, where the system can."""

    def stop(*_: Any) -> None:
        raise Mistake(
            f"Stopped after {LIMIT} seconds of computing; the book's own answer takes "
            "a few. Where does yours do the same work again and again?"
        )

    main = threading.current_thread() is threading.main_thread()
    if not (main and hasattr(signal, "setitimer")):  # another thread, or Windows
        yield
        return
    handler = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, handler)


def _find(identity: str) -> Check:
    _validate.text("identity", identity)
    posed = re.fullmatch(r"W?\d+\.\d+", identity)
    checks = _checks(_chapter(identity)) if posed else {}
    if identity not in checks:
        known = f" (chapter has {', '.join(checks)})" if checks else ""
        raise ValueError(
            f"identity: expected an exercise of the book such as '1.2'{known}, "
            f"got {identity!r}"
        )
    return checks[identity]


def _chapter(identity: str) -> str:
    return identity.split(".")[0]


def _place(chapter: str) -> tuple[bool, int]:
    """Where a chapter stands in the book: "5" before "10", and "W3" behind both."""
    return chapter.startswith("W"), int(chapter.removeprefix("W"))


def _checks(chapter: str) -> dict[str, Check]:
    module = _module(chapter)
    return getattr(module, "CHECKS", {}) | getattr(module, "LABS", {})


def _module(chapter: str) -> ModuleType | None:
    late, number = _place(chapter)
    name = f"workshop{number}" if late else f"chapter{number:02d}"
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError:
        return None


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
        Whether the exercise asks for a function that leaves its tensors and the global
        random numbers alone.

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
    state = torch.get_rng_state()
    value = answer(*given)
    if value is None or value is ...:
        raise Mistake("Your function returned nothing: is the return still missing?")
    if untouched and not torch.equal(state, torch.get_rng_state()):
        raise Mistake(
            "Your function draws from torch's global random numbers, so that nobody "
            "can repeat it: hand a generator on to each call that draws."
        )
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
