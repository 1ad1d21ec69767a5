"""Who looks at the images: classifiers that may say "other", and what they learned.

A network of ten classes judges the study's images; it was trained with noise of every
strength on the real ones. The chapter's own part asks a logistic regression of two.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from lecture_code import _validate, training
from lecture_code.study.images import networks
from lecture_code.study.images.scenes import Scene, read

SURE = 0.9  # below this probability the small digits' classifier says "neither"
STEPS, BATCH, LR = 3000, 64, 1e-3
NOISE = 0.5  # the strongest in training
VERDICTS = ("3", "7", "other")


def judge(seen: Scene) -> Callable[[torch.Tensor], np.ndarray]:
    """Fit a classifier of 3s and 7s: from images (n, d) to probabilities of a 7."""
    from sklearn.linear_model import LogisticRegression

    _validate.instance("seen", seen, Scene)
    model = LogisticRegression(max_iter=500).fit(seen.data.numpy(), seen.labels.numpy())
    return lambda x: model.predict_proba(x.numpy())[:, 1]


class Judge(torch.nn.Module):
    """A classifier of ten digits that was trained under noise.

    ``network`` maps images (n, d) on the scale from 0 to 1 to ten logits; ``accuracy``
    is its share of right answers on the test images.
    """

    def __init__(self, d: int) -> None:
        super().__init__()
        self.d = d
        self.network = networks.classifier(d, 10)
        self.register_buffer("accuracy", torch.tensor(0.0))

    def loss(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the cross-entropy of a batch (n, d + 1): pixels, then the label."""
        x, labels = batch[:, :-1], batch[:, -1].long()
        noisy = x + NOISE * torch.rand(len(x), 1) * torch.randn(x.shape)
        return torch.nn.functional.cross_entropy(self.network(noisy), labels)

    @torch.no_grad()
    def verdicts(self, x: torch.Tensor) -> np.ndarray:
        """Return for images (n, d) an index into ``VERDICTS`` each, (n,)."""
        labels = self.network(x).argmax(dim=1)
        return torch.where(labels == 3, 0, torch.where(labels == 7, 1, 2)).numpy()

    @torch.no_grad()
    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the last hidden layer makes of images (n, d): (n, 64)."""
        return self.network[:-1](x)


def train(
    source: str, folder: str | Path | None = None, *, steps: int = STEPS
) -> Judge:
    """Train the judge on all digits of a source, the same for the same arguments."""
    x, labels = read(source, "train", folder)
    data = torch.cat([x, labels[:, None]], dim=1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Judge(x.shape[1])
        for share, lr in ((0.7, LR), (0.3, LR / 5)):
            some = max(1, round(share * steps))
            player = training.Player(model.parameters(), model.loss, lr)
            training.play([player], data, steps=some, batch_size=BATCH)
    x, labels = read(source, "test", folder)
    with torch.no_grad():
        right = model.network(x).argmax(dim=1) == labels
    model.accuracy.fill_(right.float().mean())
    return model.eval()


def kept(judge: Judge) -> dict:
    """Return a judge's weights as lists, which a file of text can hold."""
    state = {key: values.tolist() for key, values in judge.state_dict().items()}
    return {"d": judge.d, "state": state}


def restored(weights: dict) -> Judge:
    """Build the judge whose weights :func:`kept` returned."""
    state = {key: torch.tensor(values) for key, values in weights["state"].items()}
    judge = Judge(weights["d"])
    judge.load_state_dict(state)
    return judge.eval()
