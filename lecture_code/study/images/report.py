"""The study on images from the command line: train, look, write tables and samples."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from lecture_code import _files, _validate, trained
from lecture_code.scenes import chapter17 as drawing
from lecture_code.study import runner
from lecture_code.study.images import judges, measure
from lecture_code.study.images.models import KINDS, Maker, train
from lecture_code.study.images.scenes import NOISE, SCENES, Scene, scene
from lecture_code.trained import Table

SAMPLES = 2000
SHOWN = 60  # samples that are kept of each model's first run
NOISES = (0.15, NOISE)  # the paper's, and one that leaves the digits just readable
REAL = "real"  # the unit that looks at the data themselves


class Unit(NamedTuple):
    """One training: which model on which scene, and which repetition it is.

    Without ``steps`` it takes as many as its settings say.
    """

    scene: str
    noise: float
    kind: str
    run: int = 0
    source: str = "mnist"
    steps: int | None = None
    folder: str | None = None
    device: str = "cpu"

    @property
    def name(self) -> str:
        """What its file is called."""
        return f"{self.source}-{self.scene}-{self.noise:g}-{self.kind}-{self.run}"


class JudgeUnit(NamedTuple):
    """The training of the judge, as a unit of its own."""

    source: str
    folder: str | None = None
    name: str = "judge"


def study(
    folder: Path,
    source: str = "digits",
    *,
    scenes: Sequence[str] = SCENES,
    runs: int = 3,
    steps: int | None = None,
    data_folder: Path | None = None,
    device: str = "cpu",
    store: bool = False,
    **where: Any,
) -> list[Path]:
    """Train and measure everything, then write tables, samples and a figure.

    ``units/`` in the folder gets a file for each training, ``judge/`` one for the
    judge; ``where`` says as in ``runner.run`` where they are computed. Returned are the
    paths of what was written. With ``store`` it also goes where chapter 17 loads it
    from, which has to be the whole study on MNIST.
    """
    runs = _validate.integer("runs", runs, low=1)
    whole = source == "mnist" and set(scenes) == set(SCENES) and steps is None
    if store and not whole:
        raise ValueError(
            "store: expected the whole study on mnist, got source "
            f"{source!r}, scenes {list(scenes)}, steps {steps}"
        )
    files = None if data_folder is None else str(data_folder)
    judged = runner.run(
        _train_judge, [JudgeUnit(source, files)], folder / "judge", **where
    )["judge"]
    units = [
        unit._replace(source=source, steps=steps, folder=files, device=device)
        for unit in _units(scenes, runs)
    ]
    look = functools.partial(work, judged=judged)
    results = runner.run(look, units, folder / "units", **where)
    seen = {name: scene(name, source, folder=files).separation for name in scenes}
    made = tables(units, results, seen)
    shown = samples(units, results)
    written = []
    for name, columns in made.items():
        written.append(_files.write_table(folder / f"{name}.csv", columns))
        if store:
            trained.store_table(name, columns)
    written.append(_files.write_arrays(folder / "images-samples.npz", shown))
    if store:
        trained.store_arrays("images-samples", shown)
    draw = functools.partial(_draw, columns=made["images-axis"])
    return [*written, _files.write(folder / "images-axis.png", draw)]


def work(unit: Unit, judged: dict) -> dict:
    """Train the model of one unit, and look at its samples.

    ``judged`` is the judge as :func:`study` keeps it. Returned are ``rows`` of the
    table, for each of these the counts along the axis and the first samples, and the
    CPU's seconds.
    """
    seen = scene(unit.scene, unit.source, noise=unit.noise or NOISE, folder=unit.folder)
    judge, start = judges.restored(judged), time.process_time()
    rows, counts, images = [], [], []
    for name, draw, facts in _makers(unit, seen):
        x = draw(SAMPLES, torch.Generator().manual_seed(1))
        of = {"scene": unit.scene, "noise": unit.noise, "model": name, "run": unit.run}
        rows.append({**of, **measure.look(seen, x, judge), **facts})
        counts.append(measure.bars(seen, x, judge))
        kept = x[:SHOWN] if unit.run == 0 else x[:0]
        images.append((255 * kept.clamp(0, 1)).round().int().tolist())
    seconds = time.process_time() - start
    return {"rows": rows, "counts": counts, "images": images, "seconds": seconds}


def tables(
    units: Sequence[Unit],
    results: Mapping[str, dict],
    separations: Mapping[str, float],
) -> dict[str, Table]:
    """Gather what :func:`work` returned into tables.

    ``images`` has a row for each model and run, and for the data and the unseen images,
    with the distance of the classes and the slope that its shares prove;
    ``images-axis`` the counts in the cells along the axis, for the first runs.
    """
    rows = [row for unit in units for row in results[unit.name]["rows"]]
    for row in rows:
        row["separation"] = separations[row["scene"]]
        width = row["separation"] / 2  # of the valley
        slope = measure.proved(row["left"], row["valley"], SAMPLES, width)
        row["proved"] = float(slope)
    main = {key: np.array([_rounded(row[key]) for row in rows]) for key in rows[0]}
    axis = []
    for row, counts in _first(units, results, "counts"):
        of = {key: row[key] for key in ("scene", "noise", "model")}
        middles = (measure.BARS[1:] + measure.BARS[:-1]) / 2
        for at, *numbers in zip(middles.round(4), *counts, strict=True):
            named = dict(zip(judges.VERDICTS, numbers, strict=True))
            axis.append({**of, "at": at, **named})
    columns = {key: np.array([row[key] for row in axis]) for key in axis[0]}
    return {"images": main, "images-axis": columns}


def samples(
    units: Sequence[Unit], results: Mapping[str, dict]
) -> dict[str, np.ndarray]:
    """Return the kept samples, (60, d) in grey levels from 0 to 255, by their names."""
    return {
        f"{row['scene']} {row['noise']:g} {row['model']}": np.array(images, np.uint8)
        for row, images in _first(units, results, "images")
    }


def _units(scenes: Sequence[str], runs: int) -> list[Unit]:
    noises = {"pair": NOISES, "classes": (0.0,)}
    return [
        Unit(name, noise, kind, run)
        for name in scenes
        for noise in noises[_validate.choice("scenes", name, SCENES)]
        for kind in (REAL, *KINDS)
        for run in range(1 if kind == REAL else runs)
    ]


def _makers(unit: Unit, seen: Scene) -> Iterator[tuple[str, Callable, dict]]:
    """Yield names, samplers and further columns of what belongs to one unit."""
    if unit.kind == REAL:
        for name, images in (("data", seen.data), ("unseen", seen.unseen)):
            yield name, _again(images), measure.slopes(seen, Maker(_again(images)))
        return
    maker = train(unit.kind, seen, steps=unit.steps, seed=unit.run, device=unit.device)
    facts = measure.slopes(seen, maker)
    yield unit.kind, maker.sample, facts
    if maker.fresh is not None:
        yield f"{unit.kind}, fresh noise", maker.fresh, facts


def _again(images: torch.Tensor) -> Callable[..., torch.Tensor]:
    """Hand out images again: what a model without any error would score."""
    return lambda n, g: images[torch.randint(len(images), (n,), generator=g)]


def _train_judge(unit: JudgeUnit) -> dict:
    return judges.kept(judges.train(unit.source, unit.folder))


def _first(
    units: Sequence[Unit], results: Mapping[str, dict], what: str
) -> Iterator[tuple[dict, Any]]:
    """Go through the rows of the first runs, each with what belongs to it."""
    for unit in units:
        if unit.run == 0:
            found = results[unit.name]
            yield from zip(found["rows"], found[what], strict=True)


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


def _draw(path: Path, columns: Table) -> None:
    import matplotlib.pyplot as plt

    with plt.rc_context({"figure.constrained_layout.use": True}):
        drawing.axis(columns)
        plt.savefig(path)
        plt.close()
