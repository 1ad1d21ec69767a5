"""All models of the grey digits, and four controls, before the same judges."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from lecture_code import _validate, datasets, flows, metrics, trained

Draw = Callable[[int, torch.Generator], torch.Tensor]
Nats = Callable[[torch.Tensor], torch.Tensor]
#: A model, a judge, the score and its error.
Row = tuple[str, str, float, float]

#: The time of so many samples is taken.
TIMED = 1000
#: The judges look at so many images, drawn so many times.
DRAWN, REPEATS = 350, 10
#: The two-sample test is repeated on so many pairs of small samples of so many images.
TESTS, SIZE, LEVEL = 200, 50, 0.05
JUDGES = ("sure", "precision", "recall", "frechet", "copying", "rejected")
#: What stands in the place of samples in the row of a perfect model.
NEW = "new digits"


class Entry(NamedTuple):
    """A model as the judges see it.

    Parameters
    ----------
    draw : callable
        Maps a number and a generator to images of grey levels.
    nats : callable or None
        Maps images to their surprise, or to a bound from above, in nats.
    kind : str
        "exact", "bound" or "none": what ``nats`` is.
    train_seconds : float
        Processor time of the training.
    parameters : int
        How many numbers the training chose.
    """

    draw: Draw
    nats: Nats | None
    kind: str
    train_seconds: float
    parameters: int


def entries() -> dict[str, Entry]:
    """Gather the stored models and fit the controls.

    Returns
    -------
    dict of str to Entry
        By name, the controls first.
    """
    return {**_controls(), **_models()}


def table() -> dict[str, np.ndarray]:
    """Say of each model what it knows and what it costs.

    Returns
    -------
    dict of str to numpy.ndarray
        Columns ``model``; ``bits`` per pixel, the mean over the test images, with its
        standard error ``bits_error`` and its ``kind``; ``train_seconds``,
        ``sample_seconds`` for 1000 samples (processor time on one thread), and
        ``parameters``.
    """
    found = entries()
    rows = [_costs_and_bits(entry) for entry in found.values()]
    columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    return {"model": np.array(list(found)), **columns}


def judgements() -> dict[str, np.ndarray]:
    """Let each judge look at each model, and at new digits in the place of samples.

    A model is drawn from ten times, 350 images each; the new digits are the 350
    validation images. All are held against the test images, pixels in [0, 1].

    Returns
    -------
    dict of str to numpy.ndarray
        Columns ``model``, ``judge``, ``score`` and its standard ``error``. Judges are
        ``sure``, the classifier's mean confidence; ``precision``, ``recall``,
        ``frechet`` and ``copying`` (see ``metrics``); and ``rejected``, the share of
        200 two-sample tests with 50 images on each side that reject at the level 0.05.
        The error is that of drawing: of the mean over the ten draws, or of the one set
        of new digits by the spread of its random halves. That of ``rejected`` is the
        error of 200 yes-or-no tests from one pool of images. It holds the trained model
        and the test images fixed.
    """
    judge, rows = _classifier(), list[Row]()
    for name, entry in tqdm(entries().items(), delay=2.0, leave=False):
        draws = _repeat(entry.draw, DRAWN)
        scores = np.array([_judge(judge, x) for x in draws])
        error = scores.std(axis=0, ddof=1) / math.sqrt(REPEATS)
        rows += _rows(name, scores.mean(axis=0), error, torch.cat(draws))
    fresh = datasets.digits("validation").pixels
    halves = _repeat(
        lambda n, g: fresh[torch.randperm(len(fresh), generator=g)[:n]],
        len(fresh) // 2,
    )
    spread = np.std([_judge(judge, x) for x in halves], axis=0, ddof=1)
    rows += _rows(NEW, _judge(judge, fresh), spread, fresh)
    names, columns = ("model", "judge", "score", "error"), zip(*rows, strict=True)
    return dict(zip(names, map(np.array, columns), strict=True))


def rejections(x: torch.Tensor, y: torch.Tensor, *, repeats: int = TESTS) -> float:
    """Return how often the two-sample test tells small samples of both apart.

    Parameters
    ----------
    x, y : torch.Tensor, shapes (n, d) and (m, d)
        Images, at least 50 of each; in each repetition 50 are drawn of each without
        replacement.
    repeats : int
        Number of tests.

    Returns
    -------
    float
        The share of p-values that are 0.05 or less.
    """
    x = _validate.tensor("x", x, shape=("n", "d"))
    y = _validate.tensor("y", y, shape=("m", x.shape[1]))
    if min(len(x), len(y)) < SIZE:
        got = f"{len(x)} and {len(y)}"
        raise ValueError(f"x, y: expected at least {SIZE} images of each, got {got}")
    repeats = _validate.integer("repeats", repeats, low=1)
    generator = torch.Generator().manual_seed(0)
    chosen = [
        [s[torch.randperm(len(s), generator=generator)[:SIZE]] for s in (x, y)]
        for _ in range(repeats)
    ]
    p = [
        metrics.two_sample_test(*pair, permutations=99, generator=generator)
        for pair in chosen
    ]
    return float(np.mean(np.array(p) <= LEVEL + 1e-9))


def _costs_and_bits(entry: Entry) -> dict[str, Any]:
    bits, error = _bits(entry, datasets.digits("test").pixels)
    start = time.process_time()
    entry.draw(TIMED, torch.Generator().manual_seed(0))
    spent = time.process_time() - start
    return {
        "bits": round(bits, 3),
        "bits_error": round(error, 3),
        "kind": entry.kind,
        "train_seconds": round(entry.train_seconds, 1),
        "sample_seconds": round(spent, 3),
        "parameters": entry.parameters,
    }


def _repeat(draw: Draw, n: int) -> list[torch.Tensor]:
    """Draw n images again and again, each time from a seed of its own."""
    return [draw(n, torch.Generator().manual_seed(seed)) for seed in range(REPEATS)]


def _judge(classifier: Any, drawn: torch.Tensor) -> list[float]:
    """Return the scores of one set of images, in the order of ``JUDGES``."""
    train, test = (datasets.digits(part).pixels for part in ("train", "test"))
    near = metrics.precision_recall(test, drawn)
    return [
        metrics.confidence(classifier, drawn / 16).mean(),
        near.precision,
        near.recall,
        metrics.frechet(drawn / 16, test / 16),
        metrics.copying(drawn, train, test),
    ]


def _rows(
    name: str, scores: Iterable[float], errors: Iterable[float], drawn: torch.Tensor
) -> list[Row]:
    """Return the rows of one model: its scores, and what the two-sample test says."""
    share = rejections(drawn / 16, datasets.digits("test").pixels / 16)
    error = math.sqrt(share * (1 - share) / TESTS)
    both = zip(JUDGES, [*scores, share], [*errors, error], strict=True)
    return [(name, judge, round(s, 4), round(e, 4)) for judge, s, e in both]


def _bits(entry: Entry, x: torch.Tensor) -> tuple[float, float]:
    """Return bits per pixel with their standard error; NaN for what has none."""
    if entry.nats is None:
        return math.nan, math.nan
    with torch.no_grad():
        bits = entry.nats(x) / (x.shape[1] * math.log(2))
    error = bits.std() / math.sqrt(len(bits))
    return bits.mean().item(), error.item()


def _classifier() -> Any:
    from sklearn.neural_network import MLPClassifier

    pixels, labels = datasets.digits("train")
    judge = MLPClassifier((128,), max_iter=300, random_state=0)
    return judge.fit(pixels.numpy() / 16, labels.numpy())


def _controls() -> dict[str, Entry]:
    train, held_out = (datasets.digits(p).pixels for p in ("train", "validation"))
    tables = [_table(train, smoothing) for smoothing in (0.1, 0.2, 0.3, 0.5, 1.0)]
    pixels = min(tables, key=lambda each: _dequantised(each)(held_out).mean())
    start = time.process_time()
    gaussian = _gaussian(train)
    spent = time.process_time() - start
    return {
        "uniform noise": Entry(_noise, _plain, "exact", 0.0, 0),
        "copier": Entry(_copy, _impossible, "exact", 0.0, 64_000),
        "independent pixels": Entry(
            pixels.sample, _dequantised(pixels), "exact", 0.0, 64 * 16
        ),
        "Gaussian": Entry(
            gaussian.sample, _dequantised(gaussian), "bound", spent, 2144
        ),
    }


def _models() -> dict[str, Entry]:
    load = trained.load
    chain, vae, flow = map(load, ("autoregressive-grey", "vae-grey", "flow-digits"))
    gan, diffusion = load("gan-digits"), load("diffusion-digits")
    costs = _costs()
    return {
        "autoregressive": Entry(
            chain.sample,
            lambda x: -chain.log_prob(x),
            "exact",
            *costs["autoregressive-grey"],
        ),
        "VAE": Entry(
            vae.sample,
            lambda x: -vae.importance_bound(x, 500, torch.Generator().manual_seed(0)),
            "bound",
            *costs["vae-grey"],
        ),
        "flow": Entry(flow.sample, _dequantised(flow), "bound", *costs["flow-digits"]),
        "GAN": Entry(_in_levels(gan), None, "none", *costs["gan-digits"]),
        "diffusion": Entry(
            _in_levels(diffusion, **trained.SAMPLING["diffusion-digits"]),
            None,
            "none",
            *costs["diffusion-digits"],
        ),
    }


def _in_levels(model: Any, **options: Any) -> Callable[..., torch.Tensor]:
    """Give a sampler that rounds to the grey levels of the digits."""
    return lambda n, generator: datasets.grey_levels(
        model.sample(n, generator, **options)
    )


def _costs() -> dict[str, tuple[float, int]]:
    """Return seconds of training and number of parameters by the stored name."""
    found = {}
    for name in ("grey-costs", "latent-costs", "implicit-costs"):
        stored = trained.table(name)
        spent: Any = stored.get("train_seconds", stored.get("training"))
        rows = zip(stored["model"], spent, stored["parameters"], strict=True)
        found.update({model: (seconds, int(size)) for model, seconds, size in rows})
    return found


def _table(x: torch.Tensor, smoothing: float) -> flows.Dequantised:
    """Count grey levels, pixel by pixel: within a level the density does not change."""
    layer = flows.Marginals(64, levels=17).count(x, smoothing=smoothing)
    return flows.Dequantised(flows.Flow([layer], d=64), levels=17)


def _gaussian(x: torch.Tensor) -> flows.Dequantised:
    """Fit mean and covariance of the images with uniform noise on top."""
    layer = flows.Triangular(64)
    noisy = x.repeat(20, 1).double()
    noise = torch.rand(noisy.shape, generator=torch.Generator().manual_seed(1))
    layer.whiten(noisy + noise)
    return flows.Dequantised(flows.Flow([layer], d=64), levels=17)


def _dequantised(model: flows.Dequantised) -> Nats:
    return lambda x: (
        -model.dequantised_bound(x, 100, generator=torch.Generator().manual_seed(0))
    )


def _noise(n: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randint(17, (n, 64), generator=generator).float()


def _plain(x: torch.Tensor) -> torch.Tensor:
    return torch.full((len(x),), x.shape[1] * math.log(17))


def _copy(n: int, generator: torch.Generator) -> torch.Tensor:
    train = datasets.digits("train").pixels
    return train[torch.randint(len(train), (n,), generator=generator)]


def _impossible(x: torch.Tensor) -> torch.Tensor:
    """Surprise of images under a model that knows the training images only."""
    seen = metrics.nearest_distance(x, datasets.digits("train").pixels) == 0
    surprise = math.log(len(datasets.digits("train").pixels))
    return torch.where(torch.tensor(seen), surprise, math.inf)
