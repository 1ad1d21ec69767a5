"""What the graders of the labs share: a trained model is taken in here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from lecture_code import trained
from lecture_code.exercises import Mistake


def model(answer: Any, *, stored: Iterable[str] = ()) -> torch.nn.Module:
    """Take in a trained model, or say in one sentence why it cannot be graded.

    Parameters
    ----------
    answer : object
        What the student handed in.
    stored : iterable of str
        Stored models of the book that are no answer to this lab.

    Returns
    -------
    torch.nn.Module
        The answer, on the CPU, with finite weights, and calm where it has dropout.

    Raises
    ------
    Mistake
        If it is no model, cannot be used as it is, or is the book's own.
    """
    if not isinstance(answer, torch.nn.Module):
        kind = type(answer).__name__
        raise Mistake(f"Hand in the trained model, a torch.nn.Module; got {kind}.")
    weights = list(_weights(answer))
    devices = sorted({str(each.device) for each in weights} - {"cpu"})
    if devices:
        raise Mistake(f"Your model is on {devices[0]}: hand in model.cpu().")
    if not all(each.isfinite().all() for each in weights):
        raise Mistake(
            "Your model's weights hold NaN or infinity: its training blew up. Look at "
            "the loss step by step; a smaller rate is the first thing to try."
        )
    if any(each.training and _is_restless(each) for each in answer.modules()):
        raise Mistake(
            "Your model is still in training mode, where dropout or batch "
            "normalisation changes what it says: call model.eval() first."
        )
    for name in stored:
        if _same(weights, list(_weights(trained.load(name)))):
            raise Mistake("This is the book's stored model. Train one of your own.")
    return answer


def _weights(answer: torch.nn.Module) -> Iterator[torch.Tensor]:
    return (each for each in answer.state_dict().values() if each.is_floating_point())


def _is_restless(part: torch.nn.Module) -> bool:
    """Tell whether a layer does something else in training than afterwards."""
    kinds = (torch.nn.modules.dropout._DropoutNd, torch.nn.modules.batchnorm._NormBase)
    return isinstance(part, kinds)


def _same(weights: list[torch.Tensor], others: list[torch.Tensor]) -> bool:
    pairs = zip(weights, others, strict=False)
    return len(weights) == len(others) and all(torch.equal(*pair) for pair in pairs)
