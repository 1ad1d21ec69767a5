"""What a code of sixteen numbers keeps of digits and of strangers, from ten starts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from lecture_code import datasets, training
from lecture_code.autoencoders import Autoencoder

SEEDS = range(10)
_SHUFFLE = torch.randperm(64, generator=torch.Generator().manual_seed(1))


def make_pages(part: str) -> dict[str, torch.Tensor]:
    """Return binary digits (n, 64), turned by a quarter, and with shuffled pixels."""
    x = datasets.binary_digits(part).pixels
    turned = x.reshape(-1, 8, 8).rot90(1, dims=(1, 2)).flatten(1)
    return {"digits": x, "turned": turned, "scrambled": x[:, _SHUFFLE]}


def train_code(seed: int) -> Autoencoder:
    """Train the autoencoder of chapter 6 with sixteen numbers, from one start."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Autoencoder(64, 16)
        training.fit(model, datasets.binary_digits().pixels, steps=500, lr=0.02)
    return model


def start_code(seed: int) -> Autoencoder:
    """Build what :func:`train_code` begins with."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Autoencoder(64, 16)


def read_class(codes: torch.Tensor, unseen: torch.Tensor) -> float:
    """Share of test digits whose class a linear classifier of standardised codes finds.

    Training codes (1000, k) teach it, test codes (447, k) are classified.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labels, truth = (datasets.binary_digits(p).labels for p in ("train", "test"))
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return float(probe.fit(codes, labels).score(unseen, truth))


def tell_apart(
    codes: torch.Tensor,
    pages: torch.Tensor,
    unseen: torch.Tensor,
    wanted: torch.Tensor,
) -> float:
    """Share of images that the best linear decoder draws closest to themselves.

    Codes (n, k) and pages (n, d) make the decoder, codes (m, k) of the wanted pages
    (m, d) are drawn.
    """
    known, new = (torch.cat([z, torch.ones(len(z), 1)], dim=1) for z in (codes, unseen))
    drawn = new @ torch.linalg.lstsq(known, pages).solution
    nearest = torch.cdist(drawn, wanted).argmin(dim=1)
    return (nearest == torch.arange(len(wanted))).double().mean().item()


def table() -> dict[str, np.ndarray]:
    """Measure each code, trained and untrained, on the three kinds of pages.

    Columns ``seed``, ``trained`` (1 or 0), ``kind`` of pages, ``nats`` (the loss of a
    test page), ``label`` (share of classes read off), ``told`` (share told apart by a
    linear decoder) and ``undone`` (the same with the sigmoid undone).
    """
    rows = [
        {"seed": seed, "trained": int(make is train_code), **row}
        for make in (train_code, start_code)
        for seed in SEEDS
        for row in _measure(make(seed))
    ]
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


@torch.no_grad()
def _measure(model: Autoencoder) -> Iterator[dict]:
    train, test = make_pages("train"), make_pages("test")
    for kind, wanted in test.items():
        pages = train[kind]
        codes, unseen = model.encode(pages), model.encode(wanted)
        undone, new = codes.logit(eps=1e-6), unseen.logit(eps=1e-6)
        yield {
            "kind": kind,
            "nats": round(model.loss(wanted).item(), 3),
            "label": round(read_class(codes, unseen), 4),
            "told": round(tell_apart(codes, pages, unseen, wanted), 4),
            "undone": round(tell_apart(undone, pages, new, wanted), 4),
        }


TABLES = {"codes": table}
