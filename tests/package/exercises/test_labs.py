"""Labs: the book's answer passes on other seeds, and lazy ones meet the right hint."""

from __future__ import annotations

import ast
import importlib
import os
import re
import time
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from lecture_code import exercises, networks, session, trained
from lecture_code.exercises import labs
from tools.chapters import conventions

#: Notebooks run seed 0. `make labs` tries ten others, `make unit` one of them.
SEEDS = range(1, 11) if "ALL_SEEDS" in os.environ else (1,)
SECONDS = 10
SEED = "seed = 0\n"
STEMS = [path.stem for path in conventions.chapters()]
CHAPTERS = [conventions.label(s) for s in STEMS if not conventions.is_workshop(s)]


class Lab(NamedTuple):
    """A lab of the book: what it starts from, its solution, the name of the answer."""

    given: str
    solution: str
    name: str


@cache
def lab(identity: str) -> Lab:
    """Read a lab. It stands on the chapter's imports and what its own cells say."""
    path = conventions.labelled(exercises._chapter(identity))
    cells = list(filter(conventions.is_code, conventions.read(path).cells))
    sources = [cell.source for cell in cells if "%" not in cell.source]
    lines = [line for source in sources for line in ast.parse(source).body]
    kinds = (ast.Import, ast.ImportFrom)
    given = [ast.unparse(line) for line in lines if isinstance(line, kinds)]
    place = next(i for i, c in enumerate(cells) if conventions.solved(c) == identity)
    first = place
    while conventions.is_given(cells[first - 1]):
        first -= 1
    given += [cell.source for cell in cells[first:place]]
    tree = ast.parse(cells[place].source)
    (call,) = conventions.grade_calls(cells[place].source)
    kept = [n for n in tree.body if "exercises.grade" not in ast.unparse(n)]
    solution = ast.unparse(ast.Module(kept, []))
    return Lab("\n".join(given) + "\n", solution, conventions.graded(call)[1])


def started(identity: str, seed: int) -> dict[str, Any]:
    """Run what a lab starts from, under another seed."""
    given = lab(identity).given
    assert given.count(SEED) == 1
    session.start(seed=seed)
    scope: dict[str, Any] = {}
    exec(given.replace(SEED, f"seed = {seed}\n"), scope)
    return scope


def judged(identity: str, answer: Any) -> exercises.Result:
    return exercises._judge(exercises._find(identity), answer)


def all_labs() -> list[str]:
    return [key for n in CHAPTERS for key in exercises._module(n).LABS]


def lazy() -> list[tuple]:
    """List what a student may hand in who has not done the work, and the reply."""
    stems = sorted(path.stem for path in Path(__file__).parent.glob("answers_*.py"))
    modules = map(importlib.import_module, stems)
    return [each for module in modules for each in getattr(module, "LAZY", [])]


def test_every_chapter_has_a_lab_and_three_lazy_answers_to_it():
    assert [exercises._chapter(key) for key in all_labs()] == CHAPTERS
    known = [identity for identity, *_ in lazy()]
    assert all(known.count(identity) >= 3 for identity in all_labs())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("identity", all_labs())
def test_the_solution_passes_on_other_seeds_in_time(identity, seed):
    scope = started(identity, seed)
    begin = time.process_time()
    exec(lab(identity).solution, scope)
    result = judged(identity, scope[lab(identity).name])
    assert result.passed, result.message
    assert time.process_time() - begin < SECONDS


@pytest.mark.parametrize(
    ("identity", "make", "hint"), lazy(), ids=[f"{i}-{h}" for i, _, h in lazy()]
)
def test_a_lazy_answer_gets_the_hint_for_it(identity, make, hint):
    result = judged(identity, make(started(identity, 0)))
    assert not result.passed
    assert hint in result.message


@pytest.mark.parametrize("slope", [1.97, 4.07])
def test_a_slope_is_met_about_as_well_as_training_meets_it(slope):
    best = importlib.import_module("answers_15").best
    assert judged("15.5", best(started("15.5", 0), slope)).passed


# ---------------------------------------------------- models that cannot be judged


def spoiled() -> torch.nn.Module:
    model = networks.mlp([2, 3, 1])
    with torch.no_grad():
        model[0].weight[0, 0] = float("nan")
    return model


BAD = {
    "expected": (lambda: 3, "Hand in the trained model"),
    "device": (lambda: torch.nn.Linear(2, 2, device="meta"), "hand in model.cpu()"),
    "NaN": (spoiled, "its training blew up"),
    "mode": (lambda: networks.mlp([2, 3, 1], dropout=0.5), "call model.eval() first"),
    "stored": (lambda: trained.load("logistic"), "the book's stored model"),
}


@pytest.mark.parametrize(("make", "sentence"), BAD.values(), ids=BAD)
def test_a_model_that_cannot_be_judged_is_met_by_a_sentence(make, sentence):
    with pytest.raises(exercises.Mistake, match=re.escape(sentence)):
        labs.model(make(), stored=["logistic"])


def test_a_model_of_ones_own_is_taken_as_it_is():
    model = networks.mlp([2, 3, 1])
    assert labs.model(model, stored=["logistic"]) is model
