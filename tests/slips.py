"""Right answers in disguise and usual slips, tried on every exercise of the book.

Both are made from the solutions in the notebooks. ``python tests/slips.py 4`` prints
the table of chapter 4, without a number that of the whole book.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from lecture_code import exercises

sys.path.append(str(Path(__file__).resolve().parent.parent / "tools"))

import conventions

#: Processor seconds that one try may take.
LIMIT = 10
#: Slips that give a right answer all the same, and why.
EQUIVALENT: dict[str, dict[str, str]] = {
    "10.2": {
        "kept, moved = z.chunk(3, dim=1)": "three chunks of four columns are two of two"
    },
    "11.4": {
        "near = torch.cdist(samples, modes) < radius": "no sample lies on the edge: "
        "distances are rounded, in some ways of taking them by more than in others"
    },
    "13.3": {
        "return chances .T @ images.to(p.dtype) / chances.sum()": "a vector is its own "
        "transpose"
    },
    "13.4": {
        "surprise = log_prob(x)": "the distance from the median has no sign",
        "log_prob of the first case": "the model is the same in all cases",
    },
    "14.3": {
        "inside = torch.cdist(made, real) < radius": "no made point lies on the edge "
        "of a ball, up to rounding"
    },
    "16.1": dict.fromkeys(
        (
            f"latents = special.ndtri((np.arange({n}) {middle}) / {of})"
            for n, middle, of in (
                (200_000, "+ 0.55", 200_000),
                (200_000, "- 0.5", 200_000),
                (200_010, "+ 0.5", 200_000),
                (200_001, "+ 0.5", 200_000),
                (199_999, "+ 0.5", 200_000),
                (200_000, "+ 0.5", 200_010),
                (200_000, "+ 0.5", 200_001),
                (200_000, "+ 0.5", 199_999),
            )
        ),
        "another grid, and an error of one in ten thousand is allowed",
    ),
    "16.3": {
        "return tvs <= least - 0.001": "no claim lies on the edge, up to rounding"
    },
}


class Solution(NamedTuple):
    """The book's answer to an exercise: its source, its name, what it may refer to."""

    source: str
    name: str
    scope: dict[str, Any]

    def answer(self, source: str | None = None) -> Any:
        """Run the source, or a changed one, and return the answer."""
        scope = dict(self.scope)
        exec(source or self.source, scope)
        return scope[self.name]


# ------------------------------------------------------------------------- solutions


@cache
def solutions(chapter: int) -> dict[str, Solution]:
    """Read the solutions of a chapter's notebook."""
    path = next(p for p in conventions.chapters() if p.stem[:2] == f"{chapter:02d}")
    cells = list(filter(conventions.is_code, conventions.read(path).cells))
    trees = [(cell, ast.parse(cell.source)) for cell in cells if "%" not in cell.source]
    found, scope = {}, {}
    for _, tree in trees:
        for line in tree.body:
            if isinstance(line, (ast.Import, ast.ImportFrom)):
                exec(ast.unparse(line), scope)
    for cell, tree in trees:
        if conventions.is_solution(cell):
            (call,) = conventions.grade_calls(cell.source)
            identity, name = conventions.graded(call)
            source = _essence(tree, name)
            _fill_in(scope, source, [t for c, t in trees if conventions.is_lesson(c)])
            found[identity] = Solution(source, name, dict(scope))
            exec(source, scope)
    return found


def _essence(tree: ast.Module, name: str) -> str:
    """Keep a solution's functions; where the answer is a value, its assignments too."""
    functions = [line for line in tree.body if isinstance(line, ast.FunctionDef)]
    if name not in {function.name for function in functions}:
        functions = [line for line in tree.body if isinstance(line, ast.Assign)]
    return ast.unparse(ast.Module(functions, []))


def _fill_in(scope: dict, source: str, lessons: list[ast.Module]) -> None:
    """Define what a solution takes from the text: a generator, a law, a function."""
    names = {n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)}
    own = {n.arg for n in ast.walk(ast.parse(source)) if isinstance(n, ast.arg)}
    for line in (line for tree in lessons for line in tree.body):
        made = line.targets[0] if isinstance(line, ast.Assign) else None
        missing = names - own - set(scope) - set(dir(builtins))
        if isinstance(made, ast.Name) and made.id in missing & {"normal", "generator"}:
            exec(ast.unparse(line), scope)


# ------------------------------------------------------------------------- disguises


def _parts(value: Any, change: Callable) -> Any:
    """Change each tensor or number of an answer."""
    if isinstance(value, (tuple, list)):
        return type(value)(_parts(each, change) for each in value)
    return change(torch.as_tensor(value))


def _if_same(x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return other if torch.equal(x.double(), other.double()) else x


def _listed(x: torch.Tensor) -> Any:
    return [*x] if x.ndim else x


def _with_gradient(x: torch.Tensor) -> torch.Tensor:
    return x.detach().clone().requires_grad_() if x.is_floating_point() else x


def _fraction(x: torch.Tensor) -> Any:
    plain = x.is_floating_point() and x.shape == () and bool(x.isfinite())
    return Fraction(x.item()) if plain else x


DISGUISES: dict[str, Callable] = {
    "float32": lambda x: x.float() if x.is_floating_point() else x,
    "list": lambda x: x.tolist(),
    "list of True and False": lambda x: _if_same(x, x.bool()).tolist(),
    "list of tensors": _listed,
    "NumPy": lambda x: x.detach().numpy()[()],
    "True and False": lambda x: _if_same(x, x.bool()),
    "whole numbers": lambda x: _if_same(x, x.long()),
    "fraction": _fraction,
    "with gradient": _with_gradient,
    "list with gradients": lambda x: _listed(_with_gradient(x)),
    "not contiguous": lambda x: torch.stack([x, x], -1)[..., 0],
}
SHAPES: dict[str, Callable] = {
    "(1,)": lambda x: x[None],
    "(n, 1)": lambda x: x[..., None],
}


def _then(answer: Any, change: Callable) -> Any:
    """Change what an answer returns, or the answer itself if it is a value."""
    if not callable(answer):
        return change(answer)
    return lambda *given: change(answer(*given))


def _in_place(answer: Callable) -> Callable:
    """Overwrite the arguments once the result is there."""

    def spoil(value: Any) -> None:
        if isinstance(value, (torch.Tensor, np.ndarray)):
            value[...] = 1 - value
        for each in value if isinstance(value, (list, tuple)) else ():
            spoil(each)
        if isinstance(value, list):
            value.clear()

    def spoiling(*given: Any) -> Any:
        value = copy.deepcopy(answer(*given))
        spoil(given)
        return value

    return spoiling


def disguises(solution: Solution) -> Iterator[tuple[str, Any]]:
    """The right answer in other forms, all of them right."""
    answer = solution.answer()
    for name, change in DISGUISES.items():
        yield name, _then(answer, lambda value, c=change: _parts(value, c))
    yield "tuple", _then(answer, lambda v: tuple(v) if isinstance(v, list) else v)
    yield "pair as list", _then(answer, lambda v: [*v] if isinstance(v, tuple) else v)
    if callable(answer):
        yield "in place", _in_place(answer)


def misshapen(solution: Solution) -> Iterator[tuple[str, Any]]:
    """The right numbers with an axis too many."""
    for name, change in SHAPES.items():
        yield name, _then(solution.answer(), lambda v, c=change: _parts(v, c))


# ----------------------------------------------------------------------------- slips


def _scaled(factor: float) -> Callable[[re.Match], str]:
    return lambda found: repr((float(found[0]) or 1.0) * factor)


def _shifted(by: int) -> Callable[[re.Match], str]:
    return lambda found: str(int(found[0]) + by)


INTEGER = r"(?<![\w.=])(?<!e-)\d+(?![\w.])"
REAL = r"(?<![\w.])(\d+\.\d*(e-?\d+)?|\d+e-?\d+)"
#: Slips made in the source: kind, what is looked for, what is put in its place.
REWRITES: tuple[tuple[str, str, Any], ...] = (
    ("ties", r"(?<= [<>])= ", " "),
    ("ties", r"(?<= [<>]) (?!=)", "= "),
    ("n - 1", r"\blen\(\w+\)(?! -)", r"(\g<0> - 1)"),
    ("p(1-p)", r"\b(\w+) \* \(1 - \1\)", r"\1"),
    ("axis", r"dim=[01]", lambda found: f"dim={1 - int(found[0][-1])}"),
    ("axis", r"\.T\b", ""),
    ("axis", r" @ (?=\w)", " .T @ "),
    ("mean", r"\.sum\(", ".mean("),
    ("sum", r"\.mean\(", ".sum("),
    ("min, max", r"(?<![a-z])(arg)?min(?=\()", r"\1max"),
    ("min, max", r"(?<![a-z])(arg)?max(?=\()", r"\1min"),
    ("log", r"\.log\(", ".log2("),
    ("log", r"\.log(2|10)\(", ".log("),
    ("ceil", r"\.ceil\(", ".floor("),
    ("ceil", r"math\.ceil\(|np\.ceil\(", "round("),
    ("any, all", r"\.any\(", ".all("),
    ("any, all", r"\.all\(", ".any("),
    ("value", REAL, _scaled(1.1)),
    ("value", INTEGER, _shifted(10)),
    ("+-1", INTEGER, _shifted(1)),
    ("+-1", INTEGER, _shifted(-1)),
    ("power", r"\.square\(\)|\.sqrt\(\)", ""),
    ("sign", r" \+ ", " - "),
    ("sign", r" - ", " + "),
    ("sign", r"(?<=[(\[ ])-(?=[\w(])", ""),
    ("*, /", r" / ", " * "),
    ("*, /", r" \* ", " / "),
)
#: Slips in what is returned, one part of it at a time.
RESULTS: tuple[tuple[str, str, Callable], ...] = (
    ("2", "twice the answer", lambda v: 2 * v),
    ("2", "half the answer", lambda v: v / 2),
    ("sign", "minus the answer", lambda v: -v),
    ("+-1", "one more", lambda v: v + 1),
    ("+-1", "one less", lambda v: v - 1),
    ("NaN", "NaN", lambda v: v * np.nan),
)


def slips(solution: Solution) -> Iterator[tuple[str, str, Any]]:
    """Wrong answers: the kind of slip, what was done, and the answer."""
    answer = solution.answer()
    for kind, label, change in RESULTS:
        for place in range(_width(solution)):
            slip = partial(_one, change=change, place=place)
            yield kind, f"{label}, part {place}", _then(answer, slip)
    if not callable(answer):
        return
    yield from _rewritten(solution)
    yield "constant", "the first answer again", _frozen(answer, None)
    names = answer.__code__.co_varnames[: answer.__code__.co_argcount]
    for place, name in enumerate(names):
        yield "argument", f"{name} of the first case", _frozen(answer, place)
        yield "input", f"{name} unchanged", lambda *given, p=place: given[p]


def _rewritten(solution: Solution) -> Iterator[tuple[str, str, Any]]:
    seen = {solution.source}
    for kind, pattern, new in REWRITES:
        for found in re.finditer(pattern, solution.source):
            put = new(found) if callable(new) else found.expand(new)
            before = solution.source[: found.start()] + put
            source = before + solution.source[found.end() :]
            if source not in seen:
                seen.add(source)
                line = source.splitlines()[before.count("\n")]
                with contextlib.suppress(Exception):  # a change that leaves no program
                    yield kind, line.strip(), solution.answer(source)


def _width(solution: Solution) -> int:
    """Count what an answer returns side by side."""
    if isinstance(solution.answer(), tuple):
        return len(solution.answer())
    nodes = ast.walk(ast.parse(solution.source))
    values = [node.value for node in nodes if isinstance(node, ast.Return)]
    return max(len(v.elts) if isinstance(v, ast.Tuple) else 1 for v in values)


def _one(value: Any, change: Callable, place: int) -> Any:
    """Change one part of several, or a whole answer."""
    if not isinstance(value, tuple):
        return _parts(value, lambda x: change(1 * x))
    parts = list(value)
    parts[place] = _parts(parts[place], lambda x: change(1 * x))
    return tuple(parts)


def _frozen(answer: Callable, place: int | None) -> Callable:
    """Use one argument, or all, as they were in the first call."""
    kept: list[Any] = []

    def using(*given: Any) -> Any:
        kept.extend(copy.deepcopy(given) if not kept else ())
        mine = list(given) if place is not None else kept
        if place is not None:
            mine[place] = kept[place]
        return answer(*copy.deepcopy(mine))

    return using


# ---------------------------------------------------------------------------- verdict


def judge(identity: str, answer: Any) -> exercises.Result:
    """Grade without printing, within a limit of processor time."""

    def stop(*_: Any) -> None:
        raise TimeoutError(f"more than {LIMIT} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
    try:
        return exercises._judge(exercises._find(identity), answer)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


class Report(NamedTuple):
    """What became of an exercise's disguises and slips."""

    refused: Counter[str]
    passed: dict[str, str]
    flaws: list[str]


def report(identity: str) -> Report:
    """Try everything on one exercise."""
    solution = solutions(int(identity.split(".")[0]))[identity]
    refused, passed, flaws = Counter(), {}, []
    for name, answer in disguises(solution):
        result = judge(identity, answer)
        if not result.passed:
            flaws.append(f"right, refused: {name}: {result.message}")
    for name, answer in misshapen(solution):
        result = judge(identity, answer)
        if result.passed or "shape" not in result.message:
            flaws.append(f"shape {name}: {result.message}")
    for kind, label, answer in slips(solution):
        if judge(identity, answer).passed:
            passed[label] = kind
        else:
            refused[kind] += 1
    return Report(refused, passed, flaws)


def main(chapters: list[int]) -> None:
    """Print the table: for each kind of slip how many were refused, and how many not.

    ``3=1`` says three were refused and one is a right answer, ``3!1`` that one wrong
    answer passed.
    """
    kinds = dict.fromkeys([kind for kind, *_ in (*REWRITES, *RESULTS)])
    kinds = [*kinds, "constant", "argument", "input"]
    print("     ", *(f"{kind:>8}" for kind in kinds))
    for identity in (each for n in chapters for each in solutions(n)):
        found = report(identity)
        equal = EQUIVALENT.get(identity, {})
        marks = Counter(kind for label, kind in found.passed.items() if label in equal)
        slipped = Counter(found.passed.values()) - marks
        cells = [
            f"{found.refused[kind] or '.'}"
            + (f"={marks[kind]}" if marks[kind] else "")
            + (f"!{slipped[kind]}" if slipped[kind] else "")
            for kind in kinds
        ]
        print(f"{identity:5}", *(f"{cell:>8}" for cell in cells), flush=True)
        wrong = [f"passes: {each}" for each in found.passed if each not in equal]
        for line in found.flaws + wrong:
            print(f"      {line}", flush=True)


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or list(range(1, 19)))
