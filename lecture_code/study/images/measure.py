"""The study on images: models of 3s and 7s, seen along the axis between them.

Each model is seen through its projection on that axis, through a classifier that may
say "neither", and through its Lipschitz constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from lecture_code import (
    _files,
    _validate,
    densities,
    divergences,
    lipschitz,
    pushforward,
    trained,
)
from lecture_code.study.images.models import KINDS, SCENES, Maker, Scene, scene, train

CELLS = 60
SAMPLES = 10_000
SURE = 0.9  # below this probability the classifier says "neither"


def shares(seen: Scene, x: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Count images (n, d) in cells along the axis of a scene.

    Returns the share in each cell, the two outer tails included, (CELLS + 2,), and the
    edges of the cells, (CELLS + 1,).
    """
    _validate.instance("seen", seen, Scene)
    x = _validate.tensor("x", x, shape=("n", len(seen.axis)))
    edges = np.linspace(-1, 1, CELLS + 1) * seen.separation
    counts = np.bincount(np.searchsorted(edges, seen.along(x)), minlength=CELLS + 2)
    return counts / len(x), edges


def judge(seen: Scene) -> Callable[[torch.Tensor], np.ndarray]:
    """Fit a classifier of 3s and 7s: from images (n, d) to probabilities of a 7."""
    from sklearn.linear_model import LogisticRegression

    _validate.instance("seen", seen, Scene)
    model = LogisticRegression(max_iter=500).fit(seen.data.numpy(), seen.labels.numpy())
    return lambda x: model.predict_proba(x.numpy())[:, 1]


def measure(seen: Scene, maker: Maker, judged: Callable) -> dict[str, float]:
    """Look at a model: its law on the axis, its doubtful samples, and its slope.

    ``valley`` is the share in the middle half between the centres; ``neither`` the
    share for which :func:`judge` gives no class a probability of at least ``SURE``;
    ``tv`` and ``w1`` are the distances on the axis; ``sampled`` and ``certified`` a
    lower and an upper bound of the slope; ``floor`` is the least total variation for
    the certified slope. NaN where it does not apply.
    """
    from scipy import stats

    _validate.instance("maker", maker, Maker)
    _validate.function("judged", judged)
    x = maker.sample(SAMPLES, torch.Generator().manual_seed(1))
    counted, edges = shares(seen, x)
    at, real = seen.along(x), seen.along(seen.data)
    slopes = _slopes(maker)
    known = seen.law is not None
    return {
        "valley": float(np.mean(np.abs(at) < seen.separation / 4)),
        "neither": float((np.abs(judged(x) - 0.5) < SURE - 0.5).mean()),
        "tv": _tv(counted, seen.law, edges) if known else math.nan,
        "w1": float(stats.wasserstein_distance(at, real)),
        "sampled": slopes[0],
        "certified": slopes[1],
        "floor": _floor(seen.law, slopes[1]) if known else math.nan,
    }


def _tv(counted: np.ndarray, law: densities.GaussianMixture | None, edges) -> float:
    return divergences.tv(counted, divergences.cell_masses(law, edges))


def _floor(law: densities.GaussianMixture | None, slope: float) -> float:
    if math.isnan(slope):
        return math.nan
    return float(pushforward.tv_star(law, slope).lower)


def _slopes(maker: Maker) -> tuple[float, float]:
    """Bound the slope of the whole push-forward, its output noise included."""
    if maker.network is None:
        return math.nan, math.nan
    z = torch.randn(200, maker.latent, generator=torch.Generator().manual_seed(2))
    sampled = lipschitz.lower_bound(maker.network, z, steps=10)
    certified = lipschitz.upper_bound(maker.network)
    return math.hypot(sampled, maker.noise), math.hypot(certified, maker.noise)


# -------------------------------------------------------------------- the whole study


def table(
    source: str = "digits",
    *,
    runs: int = 2,
    steps: int = 1000,
    folder: str | Path | None = None,
) -> dict[str, np.ndarray]:
    """Train so many ``runs`` of every kind of model on both scenes and look at each.

    ``source`` and ``folder`` are those of ``models.scene``, and each model has
    ``steps`` updates. Columns ``scene``, ``model`` (or "data"), ``run`` and those of
    :func:`measure`, rounded to four digits.
    """
    runs = _validate.integer("runs", runs, low=1)
    steps = _validate.integer("steps", steps, low=1)
    seen = {name: scene(name, source, folder=folder) for name in SCENES}
    judges = {name: judge(each) for name, each in seen.items()}
    jobs = [(s, k, r) for s in SCENES for k in ("data", *KINDS) for r in range(runs)]
    rows = []
    for name, kind, run in tqdm(jobs, delay=2.0):
        if kind == "data" and run > 0:
            continue
        maker = _training_data(seen[name]) if kind == "data" else None
        maker = maker or train(kind, seen[name], steps=steps, seed=run)
        seen_as = measure(seen[name], maker, judges[name])
        rows.append({"scene": name, "model": kind, "run": run, **seen_as})
    return {key: _rounded([row[key] for row in rows]) for key in rows[0]}


def _training_data(seen: Scene) -> Maker:
    """Hand out the data again: what a model without any error would score."""
    return Maker(
        lambda n, g: seen.data[torch.randint(len(seen.data), (n,), generator=g)]
    )


def _rounded(column: list) -> np.ndarray:
    values = np.array(column)
    return np.round(values, 4) if values.dtype == float else values


def study(
    folder: Path,
    source: str = "digits",
    *,
    runs: int = 2,
    steps: int = 1000,
    data_folder: Path | None = None,
    store: bool = False,
) -> list[Path]:
    """Run the whole study into a folder: one table and one figure, which are returned.

    With ``store`` the table of the digits also goes where chapter 17 loads it from.
    """
    if store and source != "digits":
        raise ValueError(f"store: expected the digits, got source {source!r}")
    columns = table(source, runs=runs, steps=steps, folder=data_folder)
    folder.mkdir(parents=True, exist_ok=True)
    if store:
        trained.store_table("images", columns)
    return [
        _files.write_table(folder / f"images-{source}.csv", columns),
        _files.write(folder / f"images-{source}.png", lambda to: _draw(to, columns)),
    ]


def _draw(path: Path, columns: dict[str, np.ndarray]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, name in zip(panels, SCENES, strict=True):
        rows = columns["scene"] == name
        axes.plot(columns["valley"][rows], columns["model"][rows], "o")
        axes.set(title=name, xlabel="share between the modes", xlim=(0, None))
    figure.savefig(path)
