"""A claim prints one stable line or stops the notebook, and is found there again."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from lecture_code import claims
from lecture_code.claims import Claim, ClaimError

TRUE = [True, np.bool_(True), np.array(True), torch.tensor(True)]
FALSE = [False, np.bool_(False), np.array(False), torch.tensor(False)]


@pytest.mark.parametrize("condition", TRUE, ids=type)
def test_a_claim_that_holds_prints_one_line(condition, capsys):
    assert claims.claim("two is even", condition) is None
    assert capsys.readouterr().out == "Claim holds: two is even\n"


@pytest.mark.parametrize("condition", FALSE, ids=type)
def test_a_claim_that_fails_stops_and_prints_nothing(condition, capsys):
    with pytest.raises(ClaimError, match=r"^Claim fails: two is odd$"):
        claims.claim("two is odd", condition)
    assert capsys.readouterr().out == ""


def test_a_failed_claim_is_an_assertion_that_no_check_of_arguments_hides():
    assert issubclass(ClaimError, AssertionError)
    assert not issubclass(ClaimError, (TypeError, ValueError))


@pytest.mark.parametrize(
    "condition",
    [1, 1.0, None, "yes", [True], np.array([True]), torch.ones(1) > 0, torch.ones(())],
)
def test_what_is_true_by_accident_is_refused(condition, capsys):
    with pytest.raises(TypeError, match="condition: expected a single truth value"):
        claims.claim("two is even", condition)
    assert capsys.readouterr().out == ""


# ------------------------------------------------------------------------ read back


def _stream(text: str | list[str], name: str = "stdout") -> dict:
    return {"output_type": "stream", "name": name, "text": text}


def _write(path, *outputs: list[dict], title: str = "# 3. Title") -> None:
    cells = [{"cell_type": "code", "outputs": list(each)} for each in outputs]
    cells.insert(0, {"cell_type": "markdown", "source": f"{title}\n\nClaim holds: no"})
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")


def test_claims_are_numbered_by_chapter_and_order(tmp_path):
    path = tmp_path / "03-valid-densities.ipynb"
    _write(
        path,
        [_stream(["Claim holds: a\n", "0.5\n", "Claim holds: b = 1\n"])],
        [_stream("a Claim holds: no\n"), _stream("Claim holds: no\n", name="stderr")],
        [{"output_type": "execute_result", "data": {"text/plain": "Claim holds: no"}}],
        [_stream("Claim holds: c\n")],
    )
    want = [Claim("3.1", "a"), Claim("3.2", "b = 1"), Claim("3.3", "c")]
    assert claims.read(path) == claims.read(str(path)) == want


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"cells": 3}', '"text"', "\udcff"]
)
def test_what_is_no_notebook_is_refused(content, tmp_path):
    path = tmp_path / "01-no-notebook.ipynb"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(
        ValueError, match="notebook: expected a notebook file, got '01-"
    ):
        claims.read(path)


def test_a_title_without_a_number_belongs_to_no_chapter(tmp_path):
    path = tmp_path / "intro.ipynb"
    _write(path, [], title="# Introduction")
    with pytest.raises(ValueError, match="begins with the chapter's number"):
        claims.read(path)


def test_a_workshop_has_a_number_of_its_own(tmp_path):
    path = tmp_path / "workshop-vae.ipynb"
    _write(path, [_stream("Claim holds: a\n")], title="# W3. Title")
    assert claims.read(path) == [Claim("W3.1", "a")]
