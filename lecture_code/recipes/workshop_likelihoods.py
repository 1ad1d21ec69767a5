"""What unseen digits cost by the workshops' models, beside published figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch

from lecture_code import trained
from lecture_code.recipes.workshop_scores import defined

#: A model, the kind of its pixels, nats, their standard error, where they are from.
Row = tuple[str, str, float, float, str]
COLUMNS = ("model", "pixels", "nats", "error", "source")
OWN, FIXED = "own coins", "the fixed set"
GERMAIN = "[Germain and others](https://doi.org/10.48550/arXiv.1502.03509)"
OORD = "[van den Oord and others](https://doi.org/10.48550/arXiv.1601.06759)"
BURDA = "[Burda and others](https://doi.org/10.48550/arXiv.1509.00519)"
#: The published figures, without errors; those of VAEs are upper bounds.
PUBLISHED: tuple[Row, ...] = (
    ("VAE, fully connected, at most", FIXED, 88.71, math.nan, BURDA),
    ("MADE, one hidden layer, one mask", FIXED, 88.40, math.nan, GERMAIN),
    ("VAE trained with 50 draws (IWAE), at most", FIXED, 87.10, math.nan, BURDA),
    ("MADE, two hidden layers, 32 masks", FIXED, 86.64, math.nan, GERMAIN),
    ("PixelCNN", FIXED, 81.30, math.nan, OORD),
    ("PixelRNN, seven layers", FIXED, 79.20, math.nan, OORD),
)


def likelihoods() -> trained.Table:
    """Put what binary test digits cost by each model beside published figures.

    Columns: model, kind of pixels, nats of a digit, their standard error ("nan" where
    it is not known) and where the figure is from; the dearest first.
    """
    rows = sorted((*own(), *PUBLISHED), key=lambda row: -row[2])
    columns = zip(*rows, strict=True)
    return {name: np.array(v) for name, v in zip(COLUMNS, columns, strict=True)}


def own() -> Iterator[Row]:
    """Price the test digits of workshops 1 and 3, which toss the same coins."""
    chains, vae = defined("workshop-autoregressive-cnn"), defined("workshop-vae")
    x, test = chains["draw"]("train", 0).cpu(), chains["draw"]("test", 2).cpu()
    share = (x.sum(dim=0) + 0.5) / (len(x) + 1)
    costs = {
        "a histogram of whole digits": histogram(x, test),
        "independent pixels": torch.nn.functional.binary_cross_entropy(
            share.expand_as(test), test, reduction="none"
        ).sum(dim=1),
        "masked MLP": chains["cost"]["mlp"].cpu(),
        "masked convolution": chains["cost"]["cnn"].cpu(),
    }
    for name, cost in costs.items():
        mean, error = float(cost.mean()), float(cost.std()) / len(cost) ** 0.5
        yield name, OWN, round(mean, 2), round(error, 2), "here"
    bound, error = float(vae["cost"]), float(vae["error"])
    yield "convolutional VAE, at most", OWN, round(bound, 2), round(error, 2), "here"


def histogram(train: torch.Tensor, test: torch.Tensor) -> torch.Tensor:
    """Price images (n, d) by how often each was seen: nats (n,), infinite if never."""
    seen: dict[bytes, int] = {}
    for image in train.byte().numpy():
        seen[image.tobytes()] = seen.get(image.tobytes(), 0) + 1
    counts = [seen.get(image.tobytes(), 0) for image in test.byte().numpy()]
    return math.log(len(train)) - torch.tensor(counts, dtype=torch.double).log()


TABLES: dict[str, Callable[[], trained.Table]] = {"workshop-likelihoods": likelihoods}
