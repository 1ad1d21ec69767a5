"""Chapter 17: ranges in a table, laws along the axis, and a walk in the latents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np

from lecture_code.session import PALETTE
from lecture_code.trained import Table, select

#: What the judge says, and its colour.
VERDICTS = {"3": "blue", "7": "orange", "other": "ink"}
HIGH = 0.12


def spans(table: Table, models: Sequence[str], digits: Mapping[str, int]) -> None:
    """Print the least and the most that the runs of each model have in each column.

    ``digits`` says how many of them follow the point; a column that is not known of a
    model stays empty.
    """
    print(" " * 22, *(f"{name:>11}" for name in digits))
    for model in models:
        rows = select(table, model=model)
        texts = [_span(rows[name], places) for name, places in digits.items()]
        print(f"{model:22}", *(f"{text:>11}" for text in texts))


def _span(values: np.ndarray, places: int) -> str:
    ends = dict.fromkeys(f"{end:.{places}f}" for end in (values.min(), values.max()))
    return "" if np.isnan(values).any() else "-".join(ends)


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


def walk(image, chance, at: int) -> None:
    """Draw the image (side * side,) at one station, and the chance of a 7 at each."""
    side = math.isqrt(len(image))
    widths = {"width_ratios": [1, 1.8]}
    picture, line = plt.subplots(1, 2, figsize=(6.2, 2.6), gridspec_kw=widths)[1]
    picture.imshow(image.reshape(side, side), vmin=0, vmax=1)
    picture.set(xticks=[], yticks=[])
    line.axhspan(0.1, 0.9, color=PALETTE["grey"], alpha=0.2, linewidth=0)
    line.plot(chance, ".-", color=PALETTE["blue"])
    line.plot(at, chance[at], "o", color=PALETTE["orange"], ms=9)
    line.set(xlabel="station of the walk", ylabel="probability of a 7", ylim=(0, 1))
