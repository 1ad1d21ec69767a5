"""Exercises: right answers pass, plausible wrong ones are met with the right hint."""

from __future__ import annotations

import json
import math
import pkgutil
from pathlib import Path

import pytest
import torch

from lecture_code import exercises

BOOK = Path(__file__).resolve().parent.parent / "book"


def one_hot(p, outcome):
    return torch.eye(len(p), dtype=p.dtype)[outcome]


def in_place(p, n, outcome):
    p *= n
    p[outcome] += 1
    p /= n + 1
    return p


def strict_sample(probs, u):
    return (u[:, None] >= probs.cumsum(0)[:-1]).sum(dim=1)


def held_out(train, validation, k, a):
    p = (torch.bincount(train, minlength=k) + a) / (len(train) + a * k)
    return -p[validation].log().mean()


def unnormalised(train, validation, k, a):
    p = (torch.bincount(train, minlength=k) + a) / len(train)
    return -p[validation].log().mean()


def distinct(outcomes):
    return outcomes.unique(return_counts=True)[1]


RIGHT = {
    "1.1": lambda p, n, i: (p + (one_hot(p, i) - p) / (n + 1)).tolist(),
    "1.2": lambda p, u: torch.searchsorted(p.cumsum(0), u),
    "1.3": lambda p: torch.special.entr(p).sum(),
    "1.4": 2.0**-24,
    "2.1": lambda levels, pixels: math.log(levels) / math.log(10) * pixels,
    "2.2": lambda k, s: next(n for n in range(10**6) if (1 - 1 / k) ** n <= s),
    "2.3": lambda t, v, k, cs: cs[
        int(torch.stack([held_out(t, v, k, c) for c in cs]).argmin())
    ],
    "2.4": lambda x: int((torch.bincount(x) == 1).sum()) / len(x),
}

WRONG = [
    ("1.1", in_place, "has changed the table"),
    ("1.1", lambda p, n, i: n * p + one_hot(p, i), "new counts"),
    ("1.1", lambda p, n, i: p + one_hot(p, i) / n, "n + 1 outcomes now"),
    ("1.1", lambda p, n, i: (p + one_hot(p, i)) / 2, "as much weight"),
    ("1.1", lambda p, n, i: p, "not the shares"),
    ("1.1", lambda p, n, i: None, "returned nothing"),
    ("1.1", [0.2, 0.8], "the function itself"),
    ("1.2", strict_sample, "strictly below u"),
    ("1.2", lambda p, u: torch.searchsorted(p.cumsum(0), u) + 1, "count from 1"),
    ("1.2", lambda p, u: torch.searchsorted(p.cumsum(0), u) - 1, "too early"),
    ("1.2", lambda p, u: torch.searchsorted(p.sort().values, u), "wrong bin"),
    ("1.2", lambda p, u: (u[:, None] < p.cumsum(0)).sum(1), "steps above u"),
    ("1.2", lambda p, u: (u > p.cumsum(0)[0]).sum(), "one bin for each"),
    ("1.2", lambda p, u: p.cumsum(0)[9], "IndexError"),
    ("1.3", lambda p: (p * p.log()).sum(), "The sign"),
    ("1.3", lambda p: -(p * p.log()).sum(), "No number when a probability is 0"),
    ("1.3", lambda p: -sum(v * math.log(v) for v in p.tolist()), "log 0 at its word"),
    ("1.3", lambda p: torch.special.entr(p), "sum them"),
    ("1.3", lambda p: -(p * (p + 1e-3).log()).sum(), "must not be shifted"),
    ("1.3", lambda p: torch.special.entr(p).sum() / math.log(2), "in bits"),
    ("1.3", lambda p: -p.log().mean(), "weight each bin"),
    ("1.3", lambda p: p.max(), "fair coin"),
    ("1.4", 0, "finitely many floats"),
    ("1.4", 2.0**-32, "the grid is not"),
    ("1.4", 1e-3, "multiples of one small number"),
    ("1.4", 5.2e-8, "multiples of one small number"),
    ("1.4", 2**24, "one over the number"),
    ("1.4", ..., "not answered"),
    ("2.1", lambda levels, pixels: math.log10(levels**pixels), "range of floats"),
    ("2.1", lambda levels, pixels: pixels * math.log2(levels), "base 2"),
    ("2.1", lambda levels, pixels: pixels * math.log(levels), "natural logarithm"),
    ("2.1", lambda levels, pixels: levels * math.log10(pixels), "You raised pixels"),
    ("2.1", lambda levels, pixels: levels * pixels, "nine things"),
    ("2.2", lambda k, s: k, "n = k examples"),
    ("2.2", lambda k, s: math.ceil((1 - s) * k), "fell twice"),
    ("2.2", lambda k, s: math.log(s) / math.log(1 - 1 / k), "whole number"),
    ("2.2", lambda k, s: int(math.log(s) / math.log(1 - 1 / k)), "Off by one"),
    ("2.2", lambda k, s: math.ceil(-k * math.log(s)), "limit for large k"),
    ("2.2", lambda k, s: 10 * k, "leaves a probability"),
    ("2.3", lambda t, v, k, c: min(c, key=lambda a: held_out(t, t, k, a)), "always"),
    (
        "2.3",
        lambda t, v, k, c: min(c, key=lambda a: held_out(v, t, k, a)),
        "Count train",
    ),
    ("2.3", lambda t, v, k, c: max(c, key=lambda a: held_out(t, v, k, a)), "worst"),
    (
        "2.3",
        lambda t, v, k, c: min(c, key=lambda a: unnormalised(t, v, k, a)),
        "denominator",
    ),
    ("2.3", lambda t, v, k, c: min(held_out(t, v, k, a) for a in c), "not the score"),
    ("2.3", lambda t, v, k, c: 10.0, "lower held-out NLL"),
    ("2.4", lambda x: (distinct(x) == 1).sum(), "divide your count"),
    ("2.4", lambda x: (distinct(x) == 1).double().mean(), "number of examples"),
    ("2.4", lambda x: len(x.unique()) / len(x), "different outcomes"),
    ("2.4", lambda x: 0.0, "when is it new"),
    (
        "2.4",
        lambda x: (~torch.isin(x[len(x) // 2 :], x[: len(x) // 2])).double().mean(),
        "when is it new",
    ),
]


def all_identities() -> list[str]:
    names = [m.name for m in pkgutil.iter_modules(exercises.__path__)]
    chapters = [int(n.removeprefix("chapter")) for n in names]
    return [key for chapter in chapters for key in exercises._checks(chapter)]


@pytest.mark.parametrize("identity", all_identities())
def test_a_right_answer_written_another_way_passes(identity, capsys):
    result = exercises.grade(identity, RIGHT[identity])
    assert result.passed, result.message
    assert capsys.readouterr().out == f"Exercise {identity}: correct.\n"


@pytest.mark.parametrize(
    ("identity", "answer", "hint"), WRONG, ids=[f"{i}-{h}" for i, _, h in WRONG]
)
def test_a_wrong_answer_gets_the_hint_for_its_mistake(identity, answer, hint, capsys):
    result = exercises.grade(identity, answer)
    assert not result.passed
    assert hint in result.message
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("identity", all_identities())
def test_each_exercise_rejects_at_least_two_wrong_answers(identity):
    assert sum(i == identity for i, _, _ in WRONG) >= 2


def test_every_exercise_is_asked_and_solved_in_its_chapter():
    printed = []
    for path in sorted(BOOK.glob("[0-9]*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                printed += "".join(output.get("text", "")).splitlines()
    for identity in all_identities():
        assert f"Exercise {identity}: correct." in printed


def test_grading_leaves_the_random_state_alone():
    state = torch.get_rng_state()
    exercises.grade("2.3", RIGHT["2.3"])
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("identity", ["1.9", "99.1", "one", ""])
def test_an_exercise_that_does_not_exist_is_named(identity):
    with pytest.raises(ValueError, match="identity: expected"):
        exercises.grade(identity, 1)


def test_the_result_is_silent_in_a_notebook(capsys):
    result = exercises.grade("1.4", 2.0**-24)
    capsys.readouterr()
    assert result._ipython_display_() is None
    assert capsys.readouterr().out == ""
