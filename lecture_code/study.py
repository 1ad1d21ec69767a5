"""What is computed ahead of the chapters: ``python -m lecture_code.study models``.

Each entry of ``WEIGHTS`` trains one stored model and each of ``TABLES`` computes one
stored table, with fixed seeds. An entry whose file is there already is skipped, so an
interrupted run is taken up where it stopped.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from tqdm import tqdm

from lecture_code import datasets, histograms, trained, training, validate

THRESHOLDS = (6, 7, 8, 9, 10)
PATCH_SIZES = (1, 2, 3, 4, 5, 6, 7, 8)
TRAIN_SIZES = (15, 31, 62, 125, 250, 500, 1000)


def coverage(
    patch_size: int, images: int, *, generator: torch.Generator | None = None
) -> float:
    """Share of test patches that a table fitted to some training images never saw.

    Parameters
    ----------
    patch_size : int
        Side of the square patches, 1 to 8.
    images : int
        How many of the 1000 training images, drawn without replacement, are counted.
    generator : torch.Generator, optional
        Source of the draw.

    Returns
    -------
    float
        A share in [0, 1].

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Notes
    -----
    Used in chapter 2.
    """
    patch_size = validate.integer("patch_size", patch_size, low=1, high=8)
    train, test = (datasets.binary_digits(part).pixels for part in ("train", "test"))
    images = validate.integer("images", images, low=1, high=len(train))
    chosen = torch.randperm(
        len(train), generator=validate.generator("generator", generator)
    )[:images]
    table = histograms.PatternTable(patch_size**2)
    table.fit(datasets.patches(train[chosen], patch_size))
    unseen = table.prob(datasets.patches(test, patch_size)) == 0
    return unseen.double().mean().item()


def coverage_table(*, repeats: int = 50) -> dict[str, np.ndarray]:
    """Mean and spread of :func:`coverage` over repeated draws of training images.

    Parameters
    ----------
    repeats : int
        Draws for each pair of patch size and number of images, at least 2.

    Returns
    -------
    dict of str to numpy.ndarray
        Columns ``patch_size``, ``images``, ``unseen``, ``spread`` (the standard
        deviation of one draw), one row for each pair.

    Raises
    ------
    TypeError, ValueError
        If ``repeats`` is no integer of at least 2.

    Notes
    -----
    Used in chapter 2.
    """
    repeats = validate.integer("repeats", repeats, low=2)
    generator = torch.Generator().manual_seed(0)
    pairs = [(size, images) for size in PATCH_SIZES for images in TRAIN_SIZES]
    draws = [
        [coverage(size, images, generator=generator) for _ in range(repeats)]
        for size, images in tqdm(pairs, delay=2.0, leave=False)
    ]
    return {
        "patch_size": np.array([size for size, _ in pairs]),
        "images": np.array([images for _, images in pairs]),
        "unseen": np.round(np.mean(draws, axis=1), 5),
        "spread": np.round(np.std(draws, axis=1, ddof=1), 5),
    }


def digit_model(
    name: str, *, lr: float, rounds: int, steps: int = 200
) -> torch.nn.Module:
    """Train a stored autoregressive model of the black and white digits.

    It sees the training images with five thresholds between paper and ink, since a
    pixel of grey level 7 might as well have been black. After each round the
    validation images are scored, and the weights that suit them best are kept.

    Parameters
    ----------
    name : str
        One of ``trained.RECIPES``.
    lr : float
        Learning rate of Adam, which starts afresh in each round.
    rounds : int
        How many rounds.
    steps : int
        Updates in a round.

    Returns
    -------
    torch.nn.Module
        The trained model in evaluation mode.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Notes
    -----
    Used in chapter 5.
    """
    validate.choice("name", name, trained.RECIPES)
    rounds = validate.integer("rounds", rounds, low=1)
    shades = [datasets.binary_digits("train", threshold=t).pixels for t in THRESHOLDS]
    held_out = datasets.binary_digits("validation").pixels
    scored: list[tuple[float, dict]] = []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = trained.RECIPES[name]()
        for _ in tqdm(range(rounds), delay=2.0, leave=False):
            training.fit(model.train(), torch.cat(shades), steps=steps, lr=lr)
            nll = model.eval().loss(held_out).item()
            scored.append((nll, copy.deepcopy(model.state_dict())))
    model.load_state_dict(min(scored, key=lambda pair: pair[0])[1])
    return model


WEIGHTS: dict[str, Callable[[], torch.nn.Module]] = {
    "logistic": lambda: digit_model("logistic", lr=5e-3, rounds=10),
    "masked-mlp": lambda: digit_model("masked-mlp", lr=2e-3, rounds=15),
    "masked-convolution": lambda: digit_model("masked-convolution", lr=3e-3, rounds=10),
    "recurrent": lambda: digit_model("recurrent", lr=5e-3, rounds=10),
}
TABLES: dict[str, Callable[[], dict[str, np.ndarray]]] = {"coverage": coverage_table}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command of the study.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command-line arguments; by default those of the process.

    Raises
    ------
    SystemExit
        If the arguments are not understood.
    """
    parser = argparse.ArgumentParser(prog="lecture_code.study", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    models = commands.add_parser("models", help="compute what the chapters load")
    models.add_argument("--force", action="store_true", help="compute anew")
    _models(force=parser.parse_args(arguments).force)


def _models(*, force: bool) -> None:
    for compute, ending, write in (
        (WEIGHTS, ".npz", trained.store),
        (TABLES, ".csv", trained.store_table),
    ):
        there = [] if force else trained.names(ending)
        for name, make in compute.items():
            if name in there:
                print(f"{name}{ending} is there already (--force computes it anew)")
            else:
                print(f"{write(name, make()).name} written", flush=True)


if __name__ == "__main__":
    main()
