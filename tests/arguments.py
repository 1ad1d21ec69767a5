"""What an argument may be: valid values, and every kind of bad one.

A :class:`Domain` describes one argument. The functions below build the usual ones, so
that an entry of ``calls.py`` reads like a table. Valid values are made anew each time,
for a call may hold on to what it is given.
"""

from __future__ import annotations

import math
import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

Make = Callable[[], Any]
#: A list is tried as a whole, a strategy by examples.
Bad = Mapping[str, "list[Any] | st.SearchStrategy"]


@dataclass(frozen=True)
class Domain:
    """A valid value, others that are valid too, and the kinds of bad ones.

    ``named`` lists what a message may name instead of the argument itself, such as
    the part of it that is wrong. ``reason`` says why nothing is refused.
    """

    valid: Make
    bad: Bad = field(default_factory=dict)
    also: Sequence[Make] = ()
    named: tuple[str, ...] = ()
    reason: str = ""


# ------------------------------------------------------------------------------ scalars


def count(valid: int = 3, *, low: int | None = 1, high: int | None = None) -> Domain:
    """Describe a whole number between bounds."""
    types = [None, str(valid), float(valid), True, [valid], 1j, b"1", np.True_]
    bad: dict[str, Any] = {
        "wrong type": types,
        "not a number": [math.nan, math.inf],
        "a tensor": [torch.tensor([valid, valid])],
    }
    if low is not None:
        bad["too small"] = st.integers(max_value=low - 1)
    if high is not None:
        bad["too large"] = st.integers(min_value=high + 1)
    return Domain(lambda: valid, bad, [lambda: np.int64(valid)])


def real(
    valid: float = 0.5,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
) -> Domain:
    """Describe a finite number between bounds; ``above`` is strict."""
    bad: dict[str, Any] = {
        "wrong type": [None, str(valid), True, [valid], 1j, {}, torch.ones(2)],
        "not finite": [math.nan, math.inf, -math.inf, 10**400, np.float64("nan")],
    }
    if low is not None:
        bad["too small"] = _floats(max_value=low, exclude_max=True)
    if above is not None:
        bad["too small"] = _floats(max_value=above)
    if high is not None:
        bad["too large"] = _floats(min_value=high, exclude_min=True)
    return Domain(lambda: valid, bad, [lambda: np.float32(valid)])


def unit(valid: float = 0.5) -> Domain:
    """Describe a number in [0, 1]."""
    return real(valid, low=0.0, high=1.0)


def flag(valid: bool = True) -> Domain:
    """Describe True or False."""
    return Domain(lambda: valid, {"wrong type": [None, 1, 0.0, "yes", [], np.True_]})


def choice(valid: str, *others: str) -> Domain:
    """Describe one of a few names."""
    known = (valid, *others)
    bad = {
        "wrong type": [None, 3, valid.encode(), [valid], True],
        "unknown name": st.text(max_size=8).filter(lambda name: name not in known),
        "nearly right": [valid.upper(), f" {valid}", f"{valid}\n", f"{valid}-"],
    }
    return Domain(lambda: valid, bad, [lambda name=name: name for name in others])


def text(valid: str = "a sentence") -> Domain:
    """Describe a string with more than blanks in it."""
    return Domain(
        lambda: valid,
        {"wrong type": _NO_TEXT, "blank": st.text(alphabet=" \t\n", max_size=3)},
    )


def label(valid: str = "x") -> Domain:
    """Describe a string that may be empty."""
    return Domain(lambda: valid, {"wrong type": _NO_TEXT}, [lambda: ""])


_NO_TEXT = [None, 3, 1.5, b"bytes", ["a"], True]


def _floats(**bounds: Any) -> st.SearchStrategy:
    return st.floats(allow_nan=False, allow_infinity=False, **bounds)


# ------------------------------------------------------------------- tensors and arrays


def tensor(
    make: Make,
    *,
    rank: bool = True,
    fixed: Sequence[int] = (),
    low: float | None = None,
    high: float | None = None,
) -> Domain:
    """Describe a floating tensor: ``rank`` is due, the ``fixed`` axes have one size."""
    bad: dict[str, Any] = {
        "wrong type": [None, 0.5, "x", {}, make().tolist(), make().numpy()],
        "wrong dtype": [make().long(), make() > 0, make().to(torch.complex64)],
        "no numbers inside": [make().to("meta"), make().to_sparse()],
        **_misshapen(make, rank, fixed),
        **_misfilled(make, low, high),
    }
    also = [lambda: make().double(), lambda: make().requires_grad_()]
    return Domain(make, bad, [*also, lambda: _strided(make())])


def array(
    make: Make,
    *,
    rank: bool = True,
    fixed: Sequence[int] = (),
    low: float | None = None,
    high: float | None = None,
) -> Domain:
    """Describe array_like numbers, made as a float64 tensor."""
    bad: dict[str, Any] = {
        "wrong type": [None, "abc", {}, {1.0, 2.0}, object(), b"1"],
        "wrong dtype": [[True, False], [1j, 2j], ["1", "2"], [None, 1.0]],
        "ragged": [[[1.0, 2.0], [3.0]]],
        "no numbers inside": [make().to("meta"), make().to_sparse()],
        "masked": [np.ma.masked_array(make().numpy(), mask=True)],
        **_misshapen(make, rank, fixed),
        **_misfilled(make, low, high),
    }
    also = [lambda: make().tolist(), lambda: make().numpy()]
    also += [lambda: make().requires_grad_(), lambda: _strided(make())]
    return Domain(make, bad, also)


def integers(
    make: Make, *, low: int | None = None, high: int | None = None, rank: bool = True
) -> Domain:
    """Describe array_like whole numbers of an integer type."""
    bad: dict[str, Any] = {
        "wrong type": [None, "abc", {}, object()],
        "wrong dtype": [make().double(), make() > 0, [*make().tolist(), 0.5]],
        "ragged": [[[1, 2], [3]]],
        "beyond int64": [np.full(make().shape, 2**63, dtype=np.uint64), [2**70]],
        **_misshapen(make, rank, ()),
    }
    if low is not None:
        bad["too small"] = _planted(make, st.integers(-(2**40), low - 1))
    if high is not None:
        bad["too large"] = _planted(make, st.integers(high + 1, 2**40))
    also = [lambda: make().tolist(), lambda: make().numpy(), lambda: make().int()]
    return Domain(make, bad, also)


def bits(make: Make, *, fixed: Sequence[int] = (1,)) -> Domain:
    """Describe rows of zeros and ones."""
    domain = array(make, fixed=fixed)
    others = _floats(width=32).filter(lambda number: number not in (0, 1))
    return replace(domain, bad={**domain.bad, "no bit": _planted(make, others)})


def probabilities(make: Make) -> Domain:
    """Describe numbers that are not negative and sum to 1."""
    domain = array(make, low=0.0)
    bad = {
        **domain.bad,
        "another sum": st.floats(0, 2)
        .filter(lambda total: abs(total - 1) > 1e-5)
        .map(lambda total: make() * total),
        "sum 1 and negative": [[1.5, *[0.0] * (len(make()) - 2), -0.5]],
    }
    return replace(domain, bad=bad)


def _misshapen(make: Make, rank: bool, fixed: Sequence[int]) -> dict[str, list]:
    value = make()
    bad = {"empty": [value[:0], torch.empty((0, *value.shape), dtype=value.dtype)]}
    if rank:
        bad["wrong rank"] = [value[None], value[..., None], value[0]]
    if fixed:
        longer = [torch.cat([value, value], dim=axis) for axis in fixed]
        bad["mismatched size"] = [*longer, *(value.narrow(a, 0, 1) for a in fixed)]
    return bad


def _misfilled(make: Make, low: float | None, high: float | None) -> dict[str, Any]:
    bad: dict[str, Any] = {"NaN": _planted(make, st.just(math.nan))}
    bad["infinite"] = _planted(make, st.sampled_from([math.inf, -math.inf]))
    if low is not None:
        bad["too small"] = _planted(make, _steps().map(lambda s: low - _size(low) * s))
    if high is not None:
        bad["too large"] = _planted(
            make, _steps().map(lambda s: high + _size(high) * s)
        )
    return bad


def _steps() -> st.SearchStrategy:
    """Draw steps out of bounds: small ones, but none that float32 would lose."""
    return st.floats(1e-6, 8.0)


def _size(bound: float) -> float:
    return max(1.0, abs(bound))


def _planted(make: Make, numbers: st.SearchStrategy) -> st.SearchStrategy:
    """Put one wrong number anywhere into a valid value."""
    places = st.integers(0, make().numel() - 1)

    def plant(number: float, place: int) -> torch.Tensor:
        value = make()
        value.reshape(-1)[place] = number
        return value

    return st.builds(plant, numbers, places)


def _strided(value: torch.Tensor) -> torch.Tensor:
    """Return the same numbers with gaps between them in memory."""
    return value.repeat_interleave(2, dim=-1)[..., ::2]


# ------------------------------------------------------------------------ other things


def function(valid: Callable) -> Domain:
    """Describe something that can be called."""
    return Domain(lambda: valid, {"wrong type": [None, 3, "f", [valid], 0.5]})


def generator() -> Domain:
    """Describe a source of random numbers; the global one is tested elsewhere."""
    return Domain(
        lambda: torch.Generator().manual_seed(1),
        {"wrong type": [0, "seed", np.random.default_rng(1), 1.5, torch.Generator]},
    )


def instance(make: Make, *wrong: Any) -> Domain:
    """Describe an object of a certain class."""
    return Domain(make, {"wrong type": [None, 3, "name", [], object(), *wrong]})


def path(make: Make, *bad: str) -> Domain:
    """Describe a file that is there."""
    missing = [
        "",
        "nowhere/01-none.ipynb",
        str(pathlib.Path.home()),
        "01-\0.ipynb",
        *bad,
    ]
    wrong_types = [None, 3, b"01.ipynb", ["01.ipynb"]]
    return Domain(make, {"wrong type": wrong_types, "no such file": missing})


def collection(
    make: Make, bad: Iterable[Any], *, named: tuple[str, ...] = ()
) -> Domain:
    """Describe a sequence or mapping by the wrong ones listed."""
    return Domain(
        make, {"wrong type": [None, 3], "wrong content": list(bad)}, (), named
    )


def anything(*values: Any) -> Domain:
    """Describe an argument of which every value is a right one."""
    makes = [lambda value=value: value for value in values]
    return Domain(makes[0], {}, makes[1:], reason="every value is a right one")


def trusted(value: Any, reason: str) -> Domain:
    """Describe an argument that is not checked, and say why."""
    return Domain(lambda: value, reason=reason)


def optional(domain: Domain) -> Domain:
    """Let None stand for what the function does by default."""
    bad = {
        kind: [v for v in values if v is not None]
        if isinstance(values, list)
        else values
        for kind, values in domain.bad.items()
    }
    return replace(domain, bad=bad, also=[*domain.also, lambda: None])
