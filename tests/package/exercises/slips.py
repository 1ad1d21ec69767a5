"""Right answers in disguise and usual slips, tried on every exercise of the book.

Both are made from the solutions in the notebooks.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import re
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache, partial
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import torch

from lecture_code import exercises
from tools.chapters import conventions

#: Processor seconds that one try may take.
LIMIT = 10
#: Exercises that ask for a function which leaves its tensors alone.
UNTOUCHED = {"1.1"}
_SUM = "the sum is 1 up to rounding"
_ROUNDING = "a small number allows for rounding; any does"
_STRAIGHT = "one pixel before another cannot bend anything"
#: Slips that give a right answer all the same, and why.
EQUIVALENT: dict[str, dict[str, str]] = {
    "2.3": {
        "return -p[validation].log().sum()": "the same number times its length",
        "return -p[validation].log2().mean()": "the same number in bits",
    },
    "4.2": {
        "def normal_on(x, centre, width=1.1):": "each bell comes with a width",
        "both = (q, p * p.sum()) if reverse else (p / p.sum(), q)": _SUM,
        "both = (q, p / p.sum()) if reverse else (p * p.sum(), q)": _SUM,
    },
    "5.2": {
        "return changes >= 1e-06": _ROUNDING,
        "return changes > 1.1e-06": _ROUNDING,
    },
    "5.4": {
        "a = (p[..., 1] / p[..., 0]).log2()": "0 in bits is 0 in nats",
        "p = p.mean(dim=-1)": "odds are ratios: half of everything is as good",
        "return max((bend.max().item() for bend in bends)) < 1.1e-06": _ROUNDING,
        "return max((bend.max().item() for bend in bends)) <= 1e-06": _ROUNDING,
        "while p.ndim > 1:": _STRAIGHT,
        "while p.ndim >= 2:": _STRAIGHT,
    },
    "7.3": dict.fromkeys(
        (f"way = torch.linspace(0, 1, {n}, dtype=a.dtype)" for n in (399, 401, 410)),
        "another grid, and an error of a hundredth is allowed",
    ),
    "8.1": {
        "return int((kept >= share * S.square().sum() + 1e-12).sum())": _ROUNDING,
        "return int((kept > share * S.square().sum() + 1.1e-12).sum())": (_ROUNDING),
    },
    "9.1": {"if r < 0.5 ** 0.5:": "no case lies on the edge, up to rounding"},
    "9.2": {"minus the answer, part 0": "a turn, and every axis the other way"},
    "11.1": {
        **dict.fromkeys(
            (
                f"weights = torch.linspace({start}, {end}, {n}).tolist()"
                for start, end, n in (
                    (0, 3, 300),
                    (0, 3, 302),
                    (0, 3, 311),
                    (0, 2, 301),
                    (0, 4, 301),
                    (0, 13, 301),
                    (1, 3, 301),
                    (-1, 3, 301),
                )
            ),
            "another grid that holds the best weights",
        ),
    },
    "11.2": {
        **dict.fromkeys(
            (
                "critic = train(real[::12], fake[::2])",
                *(
                    f"taken = [(critic(x[{rows}]) > 0).double().mean() "
                    "for x in (real, fake)]"
                    for rows in ("11::2", "1::12")
                ),
            ),
            "fewer rows, and still others than the critic saw",
        ),
        **dict.fromkeys(
            (
                f"taken = [(critic(x[1::2]) {above}).double().mean() "
                "for x in (real, fake)]"
                for above in ("> -1", "> 1", ">= 0")
            ),
            "whatever the threshold, it is one event",
        ),
    },
    "12.2": {
        **dict.fromkeys(
            ("for t in (0.2, 0.44):", "for t in (0.22, 0.4):"),
            "times nearby read as well",
        ),
        **dict.fromkeys(
            (
                f"rng, errors = (torch.Generator().manual_seed({seed}), {start})"
                for seed, start in ((-1, 0.0), (1, 0.0), (10, 0.0), (0, 1.1))
            ),
            "other noise, or a constant added to all classes",
        ),
    },
    "13.3": {
        "return chances .T @ images.to(p.dtype) / chances.sum()": "a vector is its own "
        "transpose"
    },
    "13.4": {
        "surprise = log_prob(x)": "the distance from the median has no sign",
        "log_prob of the first case": "the model is the same in all cases",
    },
    "15.1": {
        "enough = widths[slopes < L]": "no slope of the grid is the one asked for",
        **dict.fromkeys(
            (
                f"return np.sqrt(enough[{n}] ** 2 - s ** 2) if enough.size else np.inf"
                for n in (1, 10)
            ),
            "a few steps of the grid are less than one in a thousand",
        ),
        **dict.fromkeys(
            (
                f"widths = np.linspace(s, max(s, D {end}), {n})"
                for end, n in (
                    ("/ 2", 1_000_000),
                    ("/ 2", 1_000_002),
                    ("/ 2", 1_000_011),
                    ("/ 1", 1_000_001),
                    ("* 2", 1_000_001),
                )
            ),
            "another grid, or one that goes on where the slope rises again",
        ),
    },
    "15.2": {
        **dict.fromkeys(
            (f"band = np.sqrt(np.log({n}) / (2 * n))" for n in (39, 41, 50)),
            "about as wide a band",
        ),
        **dict.fromkeys(
            (f"before = special.ndtri((share - band).clip(0, {n}))" for n in (2, 11)),
            "a share less the band is never above 1",
        ),
        "grown = special.ndtri((share + band).clip(-1, 1))": "a share is positive",
    },
    "16.1": dict.fromkeys(
        (
            "reached = (z[:-1] <= latents) & (latents < z[1:])",
            "reached = (z[:-1] < latents) & (latents <= z[1:])",
        ),
        "no value is the value of a knot",
    ),
    "16.3": {
        "return tvs <= least - 0.001": "no claim lies on the edge, up to rounding"
    },
    "16.4": dict.fromkeys(
        ("one more, part 0", "one less, part 0"), "one sample of thousands"
    ),
    "17.3": dict.fromkeys(
        (
            "u = e.double() .T @ last",
            "straight = (u .T @ second @ first).norm() + (u @ second).norm() * one",
            "straight = (u @ second @ first).norm() + (u .T @ second).norm() * one",
        ),
        "a vector is its own transpose",
    ),
    "W1.2": {
        "seen[:, j] = (u[:, pixel] <= chance).float()": "no number is a chance itself"
    },
    "W5.2": {
        "minus the answer, part 0": "the law is the same on both sides of 0",
        "while (far := (z.abs() >= bound)).any():": "no number is the bound itself",
    },
    "W5.3": {
        **dict.fromkeys(
            (f"for _ in range({steps}):" for steps in (149, 151, 160)),
            "steps enough, and any are",
        ),
        "adam = torch.optim.Adam([z], lr=0.11)": "a rate nearby finds it as well",
        "error = (generate(z) - target)[:, seen].square().mean()": "steps of Adam do "
        "not depend on the scale of an error",
        "z.grad = torch.autograd.grad(error, z)[-1]": "the first of one is the last",
    },
    "W6.3": {
        "noisy = alpha * known - sigma * torch.randn_like(x)": "noise has no sign",
        "for t, s in times.unfold(-1, 2, 1):": "the only axis is the last one",
    },
    "W4.3": {"x of the first case": "all cases begin at the same points"},
    "W2.1": {
        "clean = model(x - sigma * torch.randn_like(x), sigma)": "noise has no sign",
        "sigma = 0.05 * 99 ** torch.rand(len(x), 1, device=x.device)": (
            "a hundredth less at the upper end, where draws are few"
        ),
    },
    "W2.3": {
        "votes = queries.new_zeros(len(queries), int(labels.max()) + 2)": (
            "a class that nobody has gets no vote"
        ),
        "votes = queries.new_zeros(len(queries), int(labels.max()) + 11)": (
            "classes that nobody has get no votes"
        ),
        "votes.scatter_add_(1, labels[near.indices], 2 / near.values)": (
            "all weights twice as large"
        ),
        "votes.scatter_add_(1, labels[near.indices], 11 / near.values)": (
            "all weights larger by one factor"
        ),
    },
    "W3.2": {
        **dict.fromkeys(
            (
                "beta moved",
                "lr moved",
                "steps moved",
                "(misfit + beta * kl).sum().backward()",
                *(
                    f"batch = x[torch.randint({n}, ({size},))]"
                    for n, size in (
                        ("(len(x) - 1)", 64),
                        ("len(x)", 63),
                        ("len(x)", 65),
                        ("len(x)", 74),
                    )
                ),
            ),
            "trained a little otherwise, and measured as asked",
        ),
    },
    "W3.3": dict.fromkeys(
        (
            "steps moved",
            "steps of the first case",
            "search = torch.optim.Adam([z], 0.11)",
        ),
        "another search that comes to rest at the same place",
    ),
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


@cache
def solutions(chapter: str) -> dict[str, Solution]:
    """Read the solutions of a chapter's notebook, but for the lab's."""
    path = conventions.labelled(chapter)
    cells = list(filter(conventions.is_code, conventions.read(path).cells))
    trees = [(cell, ast.parse(cell.source)) for cell in cells if "%" not in cell.source]
    found, scope = {}, {}
    shown = [tree for cell, tree in trees if not conventions.is_solution(cell)]
    given = {id(line) for tree in shown for line in tree.body if _is_function(line)}
    for line in (line for _, tree in trees for line in tree.body):
        imported = isinstance(line, (ast.Import, ast.ImportFrom))
        if imported or _is_shared(line) or id(line) in given:
            with contextlib.suppress(NameError):  # an assignment that needs others
                exec(ast.unparse(line), scope)
    for cell, tree in trees:
        if conventions.solved(cell) in exercises._module(chapter).CHECKS:
            (call,) = conventions.grade_calls(cell.source)
            identity, name = conventions.graded(call)
            if identity in getattr(exercises._module(chapter), "LABS", {}):
                continue  # what is trained has no slips of this kind
            found[identity] = Solution(_essence(tree, name), name, dict(scope))
            exec(found[identity].source, scope)
    return found


def _is_function(line: ast.stmt) -> bool:
    """Tell what a workshop's solutions take from its lesson: undecorated functions."""
    return isinstance(line, ast.FunctionDef) and not line.decorator_list


def _is_shared(line: ast.stmt) -> bool:
    """Tell what solutions take from the text: a random generator, the normal law."""
    names = [ast.unparse(name) for name in getattr(line, "targets", ())]
    return names in (["normal"], ["generator"])


def _needed(functions: list[ast.FunctionDef], name: str) -> list[ast.FunctionDef]:
    """Keep a function and those that it calls, and that these call."""
    kept, names = [], {name}
    while found := [f for f in functions if f.name in names and f not in kept]:
        kept += found
        names |= {n.id for f in found for n in ast.walk(f) if isinstance(n, ast.Name)}
    return [function for function in functions if function in kept]


def _essence(tree: ast.Module, name: str) -> str:
    """Keep the functions that make an answer; if it is a value, its assignments too.

    What docstrings say is no part of the answer.
    """
    functions = [line for line in tree.body if isinstance(line, ast.FunctionDef)]
    if name in {function.name for function in functions}:
        functions = _needed(functions, name)
    for function in functions:
        if ast.get_docstring(function):
            del function.body[0]
    if name not in {function.name for function in functions}:
        kinds = (ast.FunctionDef, ast.Assign)
        functions = [line for line in tree.body if isinstance(line, kinds)]
    return ast.unparse(ast.Module(functions, []))


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
    free = x.is_floating_point() and not x.requires_grad
    return x.detach().clone().requires_grad_() if free else x


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
            value[...] = value == 0
        for each in value if isinstance(value, (list, tuple)) else ():
            spoil(each)
        if isinstance(value, list):
            value.clear()

    def spoiling(*given: Any) -> Any:
        value = answer(*given)
        try:
            value = copy.deepcopy(value)
        except RuntimeError:  # it has a graph, which needs the arguments as they were
            return value
        spoil(given)
        return value

    return spoiling


def disguises(solution: Solution) -> Iterator[tuple[str, Any]]:
    """The right answer in other forms, all right but those with an axis too many."""
    answer = solution.answer()
    for name, change in (DISGUISES | SHAPES).items():
        yield name, _then(answer, partial(_parts, change=change))
    yield "tuple", _then(answer, lambda v: tuple(v) if isinstance(v, list) else v)
    yield "pair as list", _then(answer, lambda v: [*v] if isinstance(v, tuple) else v)
    if callable(answer):
        yield "in place", _in_place(answer)


def _scaled(factor: float) -> Callable[[re.Match], str]:
    return lambda found: f"{(float(found[0]) or 1.0) * factor:.9g}"


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
        yield "argument", f"{name} moved", _moved(answer, place)
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
    return max((len(v.elts) for v in values if isinstance(v, ast.Tuple)), default=1)


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


def _moved(answer: Callable, place: int) -> Callable:
    """Use a number among the arguments as if it were larger by a tenth, or by one."""

    def using(*given: Any) -> Any:
        value = given[place]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise NotApplicableError
        more = value * 1.1 if isinstance(value, float) else value + 1
        return answer(*given[:place], more, *given[place + 1 :])

    return using


def judge(identity: str, answer: Any) -> exercises.Result:
    """Grade without printing, within a limit of processor time."""
    with (
        mock.patch.object(exercises, "LIMIT", LIMIT),
        warnings.catch_warnings(action="ignore"),  # as a student runs it
    ):
        return exercises._judge(exercises._find(identity), answer)


class NotApplicableError(BaseException):
    """Raised through a grader by a slip that the exercise has no room for."""


class Report(NamedTuple):
    """Kinds of slips that were refused, slips that passed, flaws of disguises."""

    refused: set[str]
    passed: set[str]
    flaws: list[str]


def report(identity: str) -> Report:
    """Try everything on one exercise."""
    solution = solutions(identity.split(".")[0])[identity]
    found = Report(set(), set(), [])
    for name, answer in disguises(solution):
        result = judge(identity, answer)
        if name in SHAPES:
            well = not result.passed and "shape" in result.message
        elif name == "in place" and identity in UNTOUCHED:
            well = "work on a copy" in result.message
        else:
            well = result.passed
        if not well:
            found.flaws.append(f"{name}: {result.message}")
    for kind, label, answer in slips(solution):
        with contextlib.suppress(NotApplicableError):
            if judge(identity, answer).passed:
                found.passed.add(label)
            else:
                found.refused.add(kind)
    return found
