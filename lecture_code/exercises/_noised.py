"""What checks of losses share that show a network noised images at random times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from lecture_code.exercises import Mistake


class Recorder(torch.nn.Module):
    """A network that notes what it is asked, and answers by a simple rule."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(1.7))
        self.asked: list[tuple[torch.Tensor, ...]] = []

    def forward(self, x, t, labels):
        if (shape := tuple(getattr(t, "shape", ()))) != (len(x), 1):
            raise Mistake(
                f"The model expects a time for each image, shape {(len(x), 1)}, and "
                f"got {shape}. One time for all makes each step see one noise level."
            )
        self.asked.append(tuple(each.detach().clone() for each in (x, t, labels)))
        return self.scale * (x.roll(1, dims=1) * (1 - t) + labels[:, None] / 10)


def batches(
    seeds: Sequence[int], labels: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield two batches of images (n, d) with their labels (n,), of so many kinds."""
    for (n, d), seed in zip(((4000, 6), (3000, 9)), seeds, strict=False):
        draw = torch.Generator().manual_seed(seed)
        x = 0.8 * torch.randn(n, d, generator=draw) - 0.5
        yield x, torch.randint(labels, (n,), generator=draw)


def check_asked(asked: list, x: torch.Tensor, labels: torch.Tensor) -> None:
    """Check calls, shapes, labels and times that reached a recorder."""
    check_once(asked)
    seen, t, told = asked[0]
    check_shape(seen, x)
    if not torch.equal(told, labels):
        raise Mistake("The labels go to the model as they are.")
    t = t.double()
    if t.std() < 1e-6:
        raise Mistake("All images of the batch got the same time: draw one for each.")
    off = abs(t.mean() - 0.5), abs(t.std() - 12**-0.5)
    if t.min() < 0 or t.max() > 1 or max(off) > 0.03:
        raise Mistake(
            f"Times should lie evenly in [0, 1]; yours have mean {t.mean():.2f} and "
            f"go from {t.min():.2f} to {t.max():.2f}. torch.rand draws them."
        )


def check_once(asked: list) -> None:
    """Check that a recorder was asked once."""
    if len(asked) != 1:
        raise Mistake(
            f"Ask the model once for the whole batch; {len(asked)} calls came."
        )


def check_shape(seen: torch.Tensor, x: torch.Tensor) -> None:
    """Check that images kept their shape on the way to a recorder."""
    if seen.shape != x.shape:
        raise Mistake(f"The model expects images {tuple(x.shape)}, got {seen.shape}.")


def is_normal(eps: torch.Tensor) -> bool:
    """Tell whether noise (n, d) is standard normal, and refuse shared noise."""
    if eps.std(dim=1).mean() < 0.1 or eps.std(dim=0).mean() < 0.1:
        raise Mistake("Each pixel of each image needs noise of its own.")
    return looks_normal(eps)


def looks_normal(eps: torch.Tensor) -> bool:
    """Tell whether numbers have mean 0 and spread 1, as far as a batch can tell."""
    return bool(abs(eps.mean()) < 0.05 and abs(eps.std() - 1) < 0.05)


def check_unequal(seen: torch.Tensor, x: torch.Tensor) -> None:
    """Refuse a loss that shows clean images."""
    if torch.allclose(seen, x):
        raise Mistake("The model sees the clean images: there is nothing to learn.")


def refuse_noise(eps: torch.Tensor, said: str) -> None:
    """Say what noise came where a standard normal law was wanted."""
    raise Mistake(
        f"What the model sees is not {said}: taken back, its noise has mean "
        f"{eps.mean():.2f} and spread {eps.std():.2f}, where a standard normal has 0 "
        "and 1."
    )


def check_gradient(value: object) -> None:
    """Refuse a loss that cannot train, where a tensor was handed in."""
    if isinstance(value, torch.Tensor) and not value.requires_grad:
        raise Mistake(
            "The number is right, but no gradient reaches the network: is there a "
            ".detach() or a torch.no_grad() on the way?"
        )
