"""A claim: a sentence of the book together with the check that it is true.

Each claim prints one stable line, so that the stored notebook shows it and a strict
re-run compares it; where the condition fails, the notebook stops. A claim's identity
is its chapter and its order in the notebook (3.2 is the second claim of chapter 3);
it is read off the notebook, so that running cells twice cannot change it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from lecture_code import _validate

PREFIX = "Claim holds: "


class ClaimError(AssertionError):
    """A sentence of the book that the code beside it has just refuted."""


class Claim(NamedTuple):
    """One claim of a stored notebook.

    Parameters
    ----------
    identity : str
        Chapter and order in the notebook, such as "3.2".
    sentence : str
        What was claimed.
    """

    identity: str
    sentence: str


def claim(sentence: str, condition: bool) -> None:
    """Print that the sentence holds, or raise ClaimError if the condition is false.

    Parameters
    ----------
    sentence : str
        What is claimed, as the text would say it, on one line: no number in it that
        could change.
    condition : bool
        The check: a bool, or a numpy or torch value that holds exactly one. A number
        or a whole array is refused, for it passes for true too easily.
    """
    sentence = _validate.text("sentence", sentence)
    if sentence.splitlines() != [sentence]:  # ``read`` would lose what follows
        got = _validate.describe(sentence)
        raise ValueError(f"sentence: expected a single line, got {got}")
    if not _check_truth(condition):
        raise ClaimError(f"Claim fails: {sentence}")
    print(f"{PREFIX}{sentence}")


def read(notebook: str | os.PathLike) -> list[Claim]:
    """List the claims that a stored notebook printed, in order.

    Its title begins with the chapter's number, such as "# 3. ..." or "# W3. ...".
    """
    path = Path(notebook)
    content = _load(path)
    title = "".join(content["cells"][0]["source"]) if content["cells"] else ""
    number = re.match(r"# (W?\d+)\. ", title)
    if number is None:
        raise ValueError(
            "notebook: expected a title that begins with the chapter's number, got "
            f"{title[:40]!r} in {path.name!r}"
        )
    sentences = _find_sentences(content)
    return [Claim(f"{number[1]}.{i}", s) for i, s in enumerate(sentences, start=1)]


def _load(path: Path) -> dict:
    """Return the content of a notebook, or refuse another file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise ValueError(f"notebook: expected a notebook file, got {path.name!r}")
    return content


def _find_sentences(content: dict) -> Iterator[str]:
    """Yield what the cells printed behind the prefix."""
    for cell in content["cells"]:
        for output in cell.get("outputs", []):
            if output.get("name") == "stdout":
                for line in "".join(output["text"]).splitlines():
                    if line.startswith(PREFIX):
                        yield line.removeprefix(PREFIX)


def _check_truth(value: Any) -> bool:
    """Return a single truth value as a bool, or refuse all else."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    single = isinstance(value, (torch.Tensor, np.ndarray)) and value.shape == ()
    if single and value.dtype in (torch.bool, np.dtype(bool)):
        return bool(value)
    got = _validate.describe(value)
    raise TypeError(f"condition: expected a single truth value, got {got}")
