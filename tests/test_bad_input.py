"""Every public function refuses wrong arguments by name and changes nothing else.

Listed from the package itself: a new function without an entry in ``calls.py`` fails.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

import calls
import global_state
import numpy as np
import pytest
import torch
from arguments import Domain
from calls import CALLS, EXEMPT, Call
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lecture_code import histograms

REFUSAL = re.compile(r"(?P<named>[^:]+): expected .+, got .+", re.DOTALL)

each_call = pytest.mark.parametrize("name", CALLS)


def each_argument(form: type) -> pytest.MarkDecorator:
    """Run a test for each argument, with those of its bad values that have a form."""
    cases = [
        pytest.param(name, argument, chosen, id=f"{name}-{argument}")
        for name, call in CALLS.items()
        for argument, domain in call.arguments.items()
        if (chosen := {k: v for k, v in domain.bad.items() if isinstance(v, form)})
    ]
    return pytest.mark.parametrize(("name", "argument", "bad"), cases)


# ----------------------------------------------------------------- nothing is forgotten


def test_every_public_callable_has_an_entry():
    found = set(calls.public_callables())
    assert found - set(CALLS) - set(EXEMPT) == set(), "describe them in calls.py"
    assert (set(CALLS) | set(EXEMPT)) - found == set(), "these are gone"


@each_call
def test_an_entry_describes_every_argument(name):
    parameters = inspect.signature(CALLS[name].make()).parameters.values()
    named = {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}
    described = set(CALLS[name].arguments)
    assert named <= described
    if len(named) == len(list(parameters)):
        assert described == named


@each_call
def test_an_argument_that_is_not_checked_has_a_reason(name):
    for argument, domain in CALLS[name].arguments.items():
        assert bool(domain.bad) != bool(domain.reason), argument


@each_call
def test_bad_values_are_listed_or_drawn(name):
    for argument, domain in CALLS[name].arguments.items():
        for kind, values in domain.bad.items():
            assert isinstance(values, (list, st.SearchStrategy)), f"{argument}: {kind}"
            assert values != [], f"{argument}: {kind}"


# ---------------------------------------------------------------- right and wrong calls


@each_call
def test_valid_values_are_taken_and_left_alone(name):
    call = CALLS[name]
    _check_valid_call(call, _valid(call))
    for argument, domain in call.arguments.items():
        for make in domain.also:
            _check_valid_call(call, {**_valid(call), argument: make()})


@each_argument(list)
def test_a_bad_value_is_refused_by_name(name, argument, bad):
    for kind, values in bad.items():
        for value in values:
            _check_refusal(CALLS[name], argument, value, kind)


@each_argument(st.SearchStrategy)
@settings(max_examples=6, phases=[Phase.generate])
@given(data=st.data())
def test_a_drawn_bad_value_is_refused_by_name(name, argument, bad, data):
    for kind, values in bad.items():
        value = data.draw(values, label=kind)
        _check_refusal(CALLS[name], argument, value, kind)


def _check_valid_call(call: Call, given_values: dict[str, Any]) -> None:
    function = call.make()
    watched = {"self": getattr(function, "__self__", None), **given_values}
    before = {argument: contents(value) for argument, value in watched.items()}
    with call.within():
        state = global_state.snapshot()
        _apply(function, given_values)
        changed = global_state.changed(state, global_state.snapshot())
    drew = given_values.get("generator", ...) is None
    states = {"torch's random state"} if drew else set()
    assert set(changed) <= set(call.changes_globals) | states
    for argument in set(watched) - set(call.changes) - {"generator"}:
        assert contents(watched[argument]) == before[argument], f"{argument} changed"


def _check_refusal(call: Call, argument: str, bad: Any, kind: str) -> None:
    function = call.make()
    values = {**_valid(call), argument: bad}
    watched = {"self": getattr(function, "__self__", None), **values}
    before = {name: contents(value) for name, value in watched.items()}
    with call.within():
        state = global_state.snapshot()
        message = _message(function, values)
        changed = global_state.changed(state, global_state.snapshot())
    faults = _faults(message, {argument, *call.arguments[argument].named})
    faults += [f"{part} changed" for part in changed]
    faults += [f"{k} changed" for k, v in watched.items() if contents(v) != before[k]]
    assert faults == [], f"{argument} ({kind}): {bad!r:.200}"


def _faults(message: str | None, names: set[str]) -> list[str]:
    """List what is wrong with a refusal that should name one of the names."""
    if message is None:
        return ["was taken"]
    match = REFUSAL.fullmatch(message)
    if not match:
        return [f"{message!r} does not say what was expected"]
    named = set(re.findall(r"\w+", match["named"]))
    return [] if named & names else [f"{message!r} does not name it"]


def _message(function: Any, values: dict[str, Any]) -> str | None:
    try:
        _apply(function, values)
    except (TypeError, ValueError) as error:
        return str(error)
    return None


def _valid(call: Call) -> dict[str, Any]:
    return {argument: domain.valid() for argument, domain in call.arguments.items()}


def _apply(function: Any, values: dict[str, Any]) -> Any:
    """Call with each value in the way that the signature asks for."""
    positional, values = [], dict(values)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(values.pop(parameter.name))
        if parameter.kind is parameter.VAR_POSITIONAL:
            # what stands before the starred argument goes by position as well
            positional = [*[*values.values()][:-1], *values[parameter.name]]
            values = {}
    return function(*positional, **values)


def contents(value: Any) -> Any:
    """Return all that a value holds in a form that can be compared later."""
    if isinstance(value, torch.Tensor):
        plain = value.detach()
        plain = plain.to_dense() if value.layout is not torch.strided else plain
        held = None if value.is_meta else plain.numpy().tobytes()
        return (str(value.dtype), tuple(value.shape), value.requires_grad, held)
    if isinstance(value, np.ndarray):
        held = value.tolist() if value.dtype.kind == "O" else value.tobytes()
        return (value.dtype.str, value.shape, value.flags.writeable, held)
    if isinstance(value, torch.Generator):
        return value.get_state().numpy().tobytes()
    if isinstance(value, torch.nn.Module):
        return (value.training, contents(value.state_dict()))
    if isinstance(value, dict):
        return {key: contents(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return (type(value), [contents(each) for each in value])
    if type(value).__module__.startswith("lecture_code."):
        return contents(vars(value))
    return value if callable(value) else repr(value)


# ------------------------------------------------------ wrong moments, not wrong values

#: A method called too early has no wrong argument to name, so it says what to do.
TOO_EARLY = {
    "Histogram.probs": lambda: histograms.Histogram(3).probs,
    "Histogram.cdf": lambda: histograms.Histogram(3).cdf,
    "Histogram.prob": lambda: histograms.Histogram(3).prob([0]),
    "Histogram.log_prob": lambda: histograms.Histogram(3).log_prob([0]),
    "Histogram.ppf": lambda: histograms.Histogram(3).ppf(0.5),
    "Histogram.sample": lambda: histograms.Histogram(3).sample(1),
    "PatternTable.seen": lambda: histograms.PatternTable(2).seen,
    "PatternTable.prob": lambda: histograms.PatternTable(2).prob([[0, 1]]),
    "PatternTable.log_prob": lambda: histograms.PatternTable(2).log_prob([[0, 1]]),
    "PatternTable.sample": lambda: histograms.PatternTable(2).sample(1),
}


@pytest.mark.parametrize("name", TOO_EARLY)
def test_a_method_called_too_early_says_so(name):
    state = global_state.snapshot()
    with pytest.raises(ValueError, match="call fit first"):
        TOO_EARLY[name]()
    assert global_state.changed(state, global_state.snapshot()) == []


# ------------------------------------------------------- the checks themselves can fail


def _wrong(**domains: Domain) -> Call:
    return Call(lambda: _careless, domains)


def _careless(x: Any) -> Any:
    if isinstance(x, str):
        raise ValueError("cannot convert")  # names nothing
    if isinstance(x, int):
        raise ValueError("y: expected a float, got an int")  # names another
    if isinstance(x, float):
        raise KeyError("x: expected a list, got a float")  # an error from the depth
    if isinstance(x, torch.Tensor):
        x.mul_(2)
        raise ValueError("x: expected a list, got a tensor")
    if isinstance(x, np.ndarray):
        np.random.random()
        raise ValueError("x: expected a list, got an array")
    return x  # takes everything else


@pytest.mark.parametrize("bad", ["text", 3, torch.ones(2), np.ones(2), None])
def test_a_careless_function_is_found(bad, kept_globals):
    with pytest.raises(AssertionError):
        _check_refusal(_wrong(x=Domain(lambda: [])), "x", bad, "bad")


def test_an_error_from_the_depth_is_found():
    with pytest.raises(KeyError):
        _check_refusal(_wrong(x=Domain(lambda: [])), "x", 0.5, "bad")


@pytest.mark.parametrize("change", [lambda x: x.add_(1), lambda x: torch.rand(1)])
def test_a_careless_valid_call_is_found(change, kept_globals):
    call = Call(lambda: lambda x: change(x), {"x": Domain(lambda: torch.ones(2))})
    with pytest.raises(AssertionError):
        _check_valid_call(call, {"x": torch.ones(2)})
