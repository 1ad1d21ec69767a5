"""Chapter 17: the runs of a table, laws along the axis, and a walk in the latents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import ArrayLike

from lecture_code.session import PALETTE
from lecture_code.trained import Table, select

#: What the judge says, and its colour.
VERDICTS = {"3": "green", "7": "orange", "other": "ink"}
MODELS = {"VAE": "blue", "diffusion": "purple"}
HIGH = 0.12
#: Digits after the point; of all other columns two.
PLACES = dict.fromkeys(["valley", "forced (certified)", "forced (found)", "floor"], 3)
PLACES |= dict.fromkeys(["proved", "found", "certified"], 0)


def runs(table: Table, models: Sequence[str], *columns: str) -> None:
    """Print columns of a table "images", with a number for each run of a model.

    One stands for all where they agree, none where a column is not known. Each scene
    and noise gets a block of its own.
    """
    for scene, noise in dict.fromkeys(zip(table["scene"], table["noise"], strict=True)):
        print(f"the pair, noise {noise:g}" if noise else "the classes")
        block = [["", *columns]]
        for model in models:
            rows = select(table, scene=scene, noise=noise, model=model)
            name = model.replace("diffusion, ", "  ")
            block.append([name, *(_numbers(rows, column) for column in columns)])
        widths = [max(map(len, texts)) for texts in zip(*block, strict=True)]
        for name, *texts in block:
            cells = [f"{text:>{n}}" for text, n in zip(texts, widths[1:], strict=True)]
            print(f"{name:{widths[0]}}", *cells, sep="   ")


def _numbers(rows: Table, column: str) -> str:
    texts = [f"{value:.{PLACES.get(column, 2)}f}" for value in rows[column]]
    if "nan" in texts:
        return ""
    return texts[0] if len(set(texts)) == 1 else " ".join(texts)


def laws(edges: np.ndarray, shares: Mapping[str, np.ndarray]) -> None:
    """Draw shares in the cells between edges (n + 1,): the target's, and of models."""
    axes = plt.subplots(figsize=(5, 3))[1]
    grey = {"color": PALETTE["grey"], "alpha": 0.35}
    axes.stairs(shares["target"], edges, fill=True, label="target", **grey)
    for name, colour in MODELS.items():
        middles = (edges[1:] + edges[:-1]) / 2
        axes.plot(middles, shares[name], color=PALETTE[colour], label=name)
    axes.set(xlabel="position on the axis from 3 to 7", ylabel="share of the samples")
    axes.legend()


def axis(table: Table) -> None:
    """Draw the laws along the axis, for each model of a table "images-axis".

    A column for each scene and noise, a row for each model; the bars are coloured by
    what the judge says, and cut at a share of ``HIGH``.
    """
    scenes = list(dict.fromkeys(zip(table["scene"], table["noise"], strict=True)))
    models = list(dict.fromkeys(table["model"]))
    size = (1.8 * len(scenes) + 1.1, 0.75 * len(models) + 0.6)
    panels = plt.subplots(len(models), len(scenes), figsize=size, squeeze=False)[1]
    for row, model in zip(panels, models, strict=True):
        for axes, (scene, noise) in zip(row, scenes, strict=True):
            _stack(axes, select(table, scene=scene, noise=noise, model=model))
        row[0].set_ylabel(
            model.replace(", ", "\n"), rotation=0, ha="right", va="center"
        )
    for axes, (scene, noise) in zip(panels[0], scenes, strict=True):
        axes.set_title(f"{scene}, noise {noise:g}" if noise else scene)
    for axes in panels[:, -1]:
        axes.set(yticks=[0.1], yticklabels=["10 %"])
        axes.yaxis.tick_right()
    for axes in panels[-1]:
        axes.set(xticks=[-0.5, 0, 0.5], xticklabels=["3", "", "7"])


def _stack(axes, counts: Table) -> None:
    """Stack the counts of each verdict, as shares of all."""
    bottom, at = np.zeros(len(counts["at"])), counts["at"]
    total = sum(counts[verdict].sum() for verdict in VERDICTS)
    for verdict, colour in VERDICTS.items():
        share = counts[verdict] / total
        axes.bar(at, share, at[1] - at[0], bottom, color=PALETTE[colour])
        bottom += share
    axes.axvspan(-0.25, 0.25, color=PALETTE["grey"], alpha=0.15, lw=0, zorder=0)
    axes.set(xlim=(-1, 1), ylim=(0, HIGH), xticks=[], yticks=[])


def walk(images: ArrayLike, chances: ArrayLike) -> None:
    """Draw the images (n, side * side) of a walk, and the chance of a 7 at each."""
    images, chances = np.asarray(images), np.asarray(chances)
    side = math.isqrt(images.shape[1])
    grid = plt.figure(figsize=(5, 3.2)).add_gridspec(
        2, len(images), height_ratios=[1, 4]
    )
    figure = grid.figure
    for station, image in enumerate(images):
        picture = figure.add_subplot(grid[0, station])
        picture.imshow(image.reshape(side, side), vmin=0, vmax=1)
        picture.set_axis_off()
    line = figure.add_subplot(grid[1, :])
    line.axhspan(0.1, 0.9, color=PALETTE["grey"], alpha=0.2, linewidth=0)
    line.plot(chances, "o-", color=PALETTE["blue"])
    line.set(xlabel="station of the walk", xticks=range(len(images)))
    line.set(ylabel="probability of a 7", ylim=(-0.05, 1.05))
    line.set_xlim(-0.5, len(images) - 0.5)
