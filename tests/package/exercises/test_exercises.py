"""Exercises: right answers pass, plausible wrong ones are met with the right hint."""

from __future__ import annotations

import importlib
import math
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from scipy.special import log1p
from torch.nn import functional

from lecture_code import exercises
from tools.chapters import conventions


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


def over_seen(train, validation, k, a):
    counts = torch.bincount(train, minlength=k)
    p = (counts + a) / (len(train) + a * (counts > 0).sum())
    return -p[validation].log().mean()


def best(loss):
    return lambda train, validation, k, candidates: min(
        candidates, key=lambda a: loss(train, validation, k, a)
    )


def on_train(train, validation, k, a):
    return held_out(train, train, k, a)


def swapped(train, validation, k, a):
    return held_out(validation, train, k, a)


def distinct(outcomes):
    return outcomes.unique(return_counts=True)[1]


def patterns(d, low=0.0):
    listed = torch.cartesian_prod(*[torch.tensor([low, 1.0])] * d)
    return listed.reshape(-1, d).double()


def energies(W, low=0.0):
    return torch.stack([x @ W @ x for x in patterns(len(W), low)])


def flat_for_one_pixel(W):
    x = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * len(W)).to(W.dtype)
    return ((x @ W) * x).sum(dim=1).logsumexp(dim=0)


def normal_log(x, m, s):
    return torch.distributions.Normal(m, s).log_prob(x.log())


def bell(m, s):
    return torch.softmax(-(((torch.arange(21.0) - m) / s) ** 2) / 2, 0)


def by_autograd(f, value):
    leaf = torch.tensor(float(value), requires_grad=True)
    return torch.autograd.grad(f(leaf), leaf)[0]


def tied_halves(x, W, b, c):
    z = torch.sigmoid(W @ x + b)
    error = torch.sigmoid(z @ W + c) - x
    return ((W @ error) * z * (1 - z))[:, None] * x, z[:, None] * error


def without_the_slope(x, W, b, c):
    z = torch.sigmoid(W @ x + b)
    read, written = tied_halves(x, W, b, c)
    return read / (z * (1 - z))[:, None] + written


def masked_pair(p, nu):
    return torch.stack([p[0], nu * p[1]]) * torch.tensor([1, nu])


def plain_kl(p, q):
    return (p * (p / q).log()).sum()


def listed_kl(p, q):
    pairs = zip(p.tolist(), q.tolist(), strict=True)
    return sum(a * math.log(a / b) for a, b in pairs)


def bell_score(p, x, pair):
    q = torch.exp(-(((x - pair[0]) / pair[1]) ** 2) / 2)
    return plain_kl(p, q / q.sum()), plain_kl(q / q.sum(), p)


def eigenvalues(A):
    return torch.linalg.eigvalsh(A)


def polar(V):
    U, _, Wt = torch.linalg.svd(V, full_matrices=False)
    return U @ Wt


RIGHT = {
    "1.1": lambda p, n, i: (p + (one_hot(p, i) - p) / (n + 1)).tolist(),
    "1.2": lambda p, u: torch.searchsorted(p.cumsum(0)[:-1], u),
    "1.3": lambda p: torch.special.entr(p).sum(),
    "1.4": Fraction(1, 2**24),
    "2.2": lambda k, s: math.ceil(math.log(s, math.e) / log1p(-1 / k)),
    "2.3": best(held_out),
    "2.4": lambda x: int((torch.bincount(x) == 1).sum()) / len(x),
    "3.1": lambda x, m, s: torch.distributions.LogNormal(m, s).log_prob(x),
    "3.2": lambda W: torch.logsumexp(energies(W), 0).item(),
    "4.1": lambda p, q: functional.kl_div(q.log(), p, reduction="none").nansum(),
    "4.2": lambda p, x, bells, r: min(bells, key=lambda b: bell_score(p, x, b)[r]),
    "4.3": lambda A: 2 / torch.linalg.matrix_norm(A, 2),
    "3.3": lambda i, m, s: by_autograd(lambda c: bell(c, s).log()[i], m),
    "6.1": lambda a, x: torch.expm1(a) + 1 - x,
    "6.2": lambda d: (2 * torch.eye(d), [3.0] * d, torch.eye(d) / 2, [-1.5] * d),
    "6.3": lambda x: max(1, int((torch.linalg.svdvals(x - x[0]) > 1e-8).sum())),
    "6.4": lambda x, W, b, c: sum(tied_halves(x, W, b, c)),
    "7.2": lambda y, s: 2 * torch.sigmoid(2 * y / s**2) - 1,
    "7.4": lambda p, nu: masked_pair(p, nu) / masked_pair(p, nu).sum(),
    "8.1": lambda S, share: next(
        K
        for K in range(len(S) + 1)
        if (S[K:] ** 2).sum() <= share * (S**2).sum() + 1e-9
    ),
    "8.2": lambda W, V: (polar(V).T @ V @ W, polar(V)),
}

WRONG = [
    ("1.1", in_place, "has changed the tensor"),
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
    ("1.2", lambda p, u: (u[:, None] > p.cumsum(0)).sum(1), "the last bin"),
    ("1.2", lambda p, u: RIGHT["1.2"](p, u)[:, None], "shape (3,), not (3, 1)"),
    ("1.2", lambda p, u: p.cumsum(0)[9], "IndexError"),
    ("1.3", lambda p: (p * p.log()).sum(), "The sign"),
    ("1.3", lambda p: -(p * p.log()).sum(), "No number when a probability is 0"),
    ("1.3", lambda p: torch.special.entr(p), "sum them"),
    ("1.3", lambda p: RIGHT["1.3"](p)[None], "one number, of shape (), got shape (1,)"),
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
    ("2.2", lambda k, s: k, "n = k examples"),
    ("2.2", lambda k, s: math.log(s) / math.log(1 - 1 / k), "whole number"),
    ("2.2", lambda k, s: int(math.log(s) / math.log(1 - 1 / k)), "Off by one"),
    ("2.2", lambda k, s: math.ceil(-k * math.log(s)), "limit for large k"),
    ("2.2", lambda k, s: 10 * k, "leaves a probability"),
    ("2.2", lambda k, s: math.ceil(math.log(s) / math.log(1 - 1 / k)), "math.log1p"),
    ("2.3", best(on_train), "always"),
    ("2.3", best(swapped), "Count train"),
    ("2.3", lambda t, v, k, c: max(c, key=lambda a: held_out(t, v, k, a)), "worst"),
    ("2.3", best(unnormalised), "denominator"),
    ("2.3", lambda t, v, k, c: min(held_out(t, v, k, a) for a in c), "not the score"),
    ("2.3", lambda t, v, k, c: c[4], "lower held-out NLL"),
    ("2.3", lambda t, v, k, c: c.index(RIGHT["2.3"](t, v, k, c)), "not its place"),
    ("2.3", best(over_seen), "seen only"),
    ("2.4", lambda x: (distinct(x) == 1).sum(), "divide your count"),
    ("2.4", lambda x: (distinct(x) == 1).double().mean(), "number of examples"),
    ("2.4", lambda x: len(x.unique()) / len(x), "different outcomes"),
    ("2.4", lambda x: 0.0, "when is it new"),
    ("2.4", lambda x: (distinct(x) == 1).sum() / (len(x) - 1), "2/5 is the estimate"),
    ("2.4", lambda x: 1 - torch.isin(*x.chunk(2)[::-1]).double().mean(), "when is it"),
    ("4.1", plain_kl, "an error where p is 0"),
    ("4.1", lambda p, q: torch.special.xlogy(p, p / q).sum(), "where p and q are both"),
    ("4.1", lambda p, q: plain_kl(q, p), "The other way round"),
    ("4.1", lambda p, q: -plain_kl(p, q), "The sign"),
    ("4.1", lambda p, q: plain_kl(p, q) / math.log(2), "in bits"),
    ("4.1", lambda p, q: plain_kl(p, q) / len(p), "a mean over outcomes"),
    ("4.1", lambda p, q: (p - q).abs().sum(), "KL(p || p) must be 0"),
    ("4.1", lambda p, q: plain_kl(p + 1e-12, q + 1e-12), "divergence is infinite"),
    ("4.1", listed_kl, "an error where p is 0: such"),
    ("4.1", lambda p, q: listed_kl(p[p > 0], q[p > 0]), "or your code raises an error"),
    ("4.2", lambda p, x, bells, r: RIGHT["4.2"](p, x, bells, not r), "other direction"),
    ("4.2", lambda p, x, bells, reverse: bells[0], "Another bell"),
    ("4.2", lambda p, x, bells, reverse: (0.1, 1.0), "one of the pairs"),
    ("4.3", lambda A: 1 / eigenvalues(A).max(), "may overshoot"),
    ("4.3", lambda A: 2 / eigenvalues(A).min(), "explodes"),
    ("4.3", lambda A: 2 / A.trace(), "too careful"),
    ("4.3", lambda A: 2 / (eigenvalues(A).max() + eigenvalues(A).min()), "fastest"),
    ("4.3", lambda A: 0.01, "between -1 and 1"),
    ("3.1", lambda x, m, s: normal_log(x, m, s) + math.log(s), "f'(x) is still"),
    ("3.1", lambda x, m, s: normal_log(x, m, s), "has 1/x"),
    ("3.1", lambda x, m, s: normal_log(x, m, s) + math.log(s) - x.log(), "did s go"),
    ("3.1", lambda x, m, s: RIGHT["3.1"](x, m, s).exp(), "asks for its logarithm"),
    ("3.1", lambda x, m, s: RIGHT["3.1"](x, m, s) + 2 * (s * x).log(), "by the slope"),
    ("3.1", lambda x, m, s: -x, "is the area 1"),
    ("3.2", lambda W: energies(W).exp().sum().log(), "exp overflows"),
    ("3.2", lambda W: math.log(sum(map(math.exp, energies(W)))), "exp overflows"),
    ("3.2", flat_for_one_pixel, "shape (2, 1)"),
    ("3.2", lambda W: energies(W, -1.0).logsumexp(0), "-1 and 1"),
    ("3.2", lambda W: energies(W).logsumexp(0).exp(), "asks for log Z"),
    ("3.2", lambda W: -energies(W).logsumexp(0), "The sign"),
    ("3.2", lambda W: energies(W).max(), "= 1.313"),
    ("3.3", lambda i, m, s: (i - m) / s**2, "logit of i only"),
    ("3.3", lambda i, m, s: -RIGHT["3.3"](i, m, s), "above the model's mean"),
    ("3.3", lambda i, m, s: -1.001 * RIGHT["3.3"](i, m, s), "above the model's mean"),
    ("3.3", lambda i, m, s: RIGHT["3.3"](i, m, s) * s**2, "A factor is missing"),
    ("3.3", lambda i, m, s: 0.0, "for a small h"),
    ("6.1", lambda a, x: x - a.exp(), "The sign"),
    ("6.1", lambda a, x: 1 - x / a.exp(), "One more link"),
    ("6.1", lambda a, x: a - x, "x_hat is exp(a)"),
    ("6.1", lambda a, x: torch.sigmoid(a) - x, "sigmoid's answer"),
    ("6.1", lambda a, x: a.exp() * (a.exp() - x), "difference quotient"),
    ("6.2", lambda d: (torch.eye(d), [0] * d, torch.eye(d), [0] * d), "cut them off"),
    ("6.2", lambda d: (torch.eye(d), [1] * d, torch.eye(d), [0] * d), "too high"),
    ("6.2", lambda d: (torch.eye(d), [0.5] * d, torch.eye(d), [-0.5] * d), "x = -1"),
    ("6.2", lambda d: torch.eye(d), "four things"),
    ("6.2", lambda d: (torch.eye(d), [1] * d, 2 * torch.eye(d), [-2] * d), "inverse"),
    ("6.3", lambda x: x.shape[1], "fewer may"),
    ("6.3", torch.linalg.matrix_rank, "offsets come free"),
    ("6.3", lambda x: 1, "two rows need"),
    ("6.3", lambda x: torch.linalg.matrix_rank(x) - 1, "the mean 0 already"),
    ("6.3", lambda x: torch.linalg.matrix_rank(x - x[0]), "All rows alike"),
    ("6.3", lambda x: torch.linalg.matrix_rank(x.T - x.mean(1)), "each row's own mean"),
    ("6.4", lambda *given: tied_halves(*given)[0], "encoder's half is right"),
    ("6.4", lambda *given: tied_halves(*given)[1], "decoder's half is right"),
    ("6.4", lambda *given: sum(tied_halves(*given)) / 2, "do not average"),
    ("6.4", lambda *given: -sum(tied_halves(*given)), "The sign"),
    ("6.4", lambda x, W, b, c: W, "Not the gradient"),
    ("6.4", without_the_slope, "z (1 - z) is missing"),
    ("7.2", lambda y, s: y.sign(), "at y = 0.1 you are not sure"),
    ("7.2", lambda y, s: torch.sigmoid(2 * y / s**2), "probability of +1"),
    ("7.2", lambda y, s: y / (1 + s**2), "right for a Gaussian"),
    ("7.2", lambda y, s: torch.tanh(y / s), "Wrong at sigma"),
    ("7.4", masked_pair, "up to a factor"),
    ("7.4", lambda p, nu: p, "before you looked"),
    ("7.4", lambda p, nu: [[1, 0], [0, 0]], "not the only way"),
    ("7.4", lambda p, nu: p.flip(0), "the two masks are independent"),
    ("8.1", lambda S, share: int((S.flip(0).cumsum(0) > share * S.sum()).sum()), "add"),
    ("8.1", lambda S, share: RIGHT["8.1"](S, 1 - share), "it is what may be lost"),
    ("8.1", lambda S, share: 5, "K = 0"),
    ("8.1", lambda S, share: RIGHT["8.1"](S, share**2), "compare norms"),
    ("8.1", lambda S, share: RIGHT["8.1"](S, share / S.norm() ** 2), "a part of the"),
    ("8.2", lambda W, V: (W, torch.linalg.qr(V).Q), "must move along"),
    ("8.2", lambda W, V: (W, V), "not orthonormal"),
    ("8.2", lambda W, V: (2 * W, torch.linalg.qr(V).Q), "who takes the R"),
    ("8.2", lambda W, V: V, "two matrices"),
]


#: Chapters written later keep their answers in a file of their own, ``answers_NN.py``.
for _path in sorted(Path(__file__).parent.glob("answers_*.py")):
    RIGHT |= importlib.import_module(_path.stem).RIGHT
    WRONG += importlib.import_module(_path.stem).WRONG


def all_identities() -> list[str]:
    chapters = [conventions.label(path.stem) for path in conventions.chapters()]
    return [key for chapter in chapters for key in exercises._module(chapter).CHECKS]


def test_every_exercise_has_at_least_two_wrong_answers():
    known = Counter(identity for identity, *_ in WRONG)
    assert min(known[identity] for identity in all_identities()) >= 2


@pytest.mark.parametrize("identity", all_identities())
def test_a_right_answer_written_another_way_passes(identity, capsys):
    result = exercises.grade(identity, RIGHT[identity])
    assert result.passed, result.message
    assert capsys.readouterr().out.startswith(f"Exercise {identity}: correct. ")


@pytest.mark.parametrize(
    ("identity", "answer", "hint"), WRONG, ids=[f"{i}-{h}" for i, _, h in WRONG]
)
def test_a_wrong_answer_gets_the_hint_for_its_mistake(identity, answer, hint, capsys):
    result = exercises.grade(identity, answer)
    assert not result.passed
    assert hint in result.message
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize(
    ("value", "shape", "hint"),
    [
        ([True, None], None, "expected real numbers, got list: [True, None]."),
        ("NaN", (), "expected real numbers, got str: 'NaN'."),
        (1j, (), "expected real numbers, got complex"),
        ([[1], [2, 3]], None, "expected real numbers, got list"),
        ([], None, "expected at least one number"),
        ([0.5], (), "expected one number, of shape (), got shape (1,)."),
        ([[1], [2]], (2,), "expected shape (2,), got shape (2, 1)."),
        (math.nan, (), "expected finite numbers"),
    ],
)
def test_what_holds_no_such_numbers_is_named(value, shape, hint):
    with pytest.raises(exercises.Mistake, match=re.escape(f"Your answer: {hint}")):
        exercises.numbers(value, shape=shape)


def test_grading_leaves_the_random_state_alone():
    state = torch.get_rng_state()
    exercises.grade("1.1", lambda p, n, i: torch.rand(3))
    assert torch.equal(state, torch.get_rng_state())


def test_an_answer_that_takes_too_long_is_stopped(monkeypatch):
    def forever(*given):
        while True:
            pass

    monkeypatch.setattr(exercises, "LIMIT", 0.2)
    said = exercises.grade("1.1", forever).message
    assert said.startswith("not yet. Stopped after 0.2 seconds of computing")


def test_a_function_that_draws_in_secret_is_met_by_a_sentence():
    with pytest.raises(exercises.Mistake, match="torch's global random numbers"):
        exercises.call(torch.rand, 3, untouched=True)


@pytest.fixture
def fresh(monkeypatch):
    """Begin a session in which nothing was graded."""
    monkeypatch.setattr(exercises, "_graded", {})
    monkeypatch.setattr(exercises, "_hinted", {})


def test_progress_says_what_was_solved_and_what_is_next(fresh, capsys):
    exercises.progress()
    assert capsys.readouterr().out.startswith("Nothing graded yet")
    exercises.grade("1.1", RIGHT["1.1"])
    exercises.grade("1.1", ...)  # what was solved stays solved
    exercises.grade("1.2", ...)
    exercises.grade("2.1", ...)
    capsys.readouterr()
    exercises.progress()
    first, second = capsys.readouterr().out.splitlines()
    total = len(exercises._checks("1"))
    assert first == f"Chapter 1: 1 of {total} solved (1.1). Next: 1.2."
    assert second.startswith("Chapter 2: 0 of ")


def test_hints_come_one_at_a_time_until_the_answer_is_right(fresh, capsys):
    hints = exercises._module("1").HINTS["1.1"]
    for _ in hints:
        exercises.grade("1.1", ..., hint=True)
    exercises.grade("1.1", ..., hint=True)  # the last one again
    exercises.grade("1.1", RIGHT["1.1"], hint=True)
    said = [line for line in capsys.readouterr().out.splitlines() if "Hint" in line]
    told = [f"Hint {n} of {len(hints)}: {h}" for n, h in enumerate(hints, start=1)]
    assert said == [*told, told[-1]]


def test_every_exercise_has_hints_that_lead_from_a_nudge_to_the_idea():
    for path in conventions.chapters():
        module = exercises._module(conventions.label(path.stem))
        posed = [*module.CHECKS, *getattr(module, "LABS", {})]
        assert list(module.HINTS) == posed
        assert all(len(hints) >= 2 for hints in module.HINTS.values())


def test_the_result_is_silent_in_a_notebook(capsys):
    result = exercises.grade("1.4", 2.0**-24)
    capsys.readouterr()
    assert result._ipython_display_() is None
    assert capsys.readouterr().out == ""
