"""A session starts every run of a chapter from the same place."""

from __future__ import annotations

import random

import matplotlib as mpl
import numpy as np
import pytest
import torch

from lecture_code import session

pytestmark = pytest.mark.usefixtures("kept_globals")


def _drawn() -> list[float]:
    return [random.random(), np.random.random(), torch.rand(1).item()]


def test_the_same_seed_gives_the_same_numbers_in_all_three_libraries():
    session.start(seed=5)
    first = _drawn()
    assert _drawn() != first
    session.start(seed=5)
    assert _drawn() == first
    session.start(seed=6)
    assert all(a != b for a, b in zip(_drawn(), first, strict=True))


def test_the_seed_is_zero_unless_another_is_given():
    session.start()
    default = _drawn()
    session.start(seed=0)
    assert _drawn() == default


def test_one_thread_computes():
    torch.set_num_threads(2)
    session.start()
    assert torch.get_num_threads() == 1


def test_the_plot_style_is_set_in_full_each_time():
    session.start()
    style = mpl.rcParams.copy()
    mpl.rcParams.update({"axes.prop_cycle": mpl.cycler(color=["red"]), "font.size": 30})
    session.start()
    assert mpl.rcParams == style


# ------------------------------------------------------------------------ the colours


def _contrast(colour: str, other: str) -> float:
    """Return the contrast ratio as WCAG 2.1 defines it."""
    lights = []
    for name in (colour, other):
        srgb = np.array(mpl.colors.to_rgb(name))
        linear = np.where(
            srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4
        )
        lights.append(linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    return max(lights) / min(lights)


@pytest.mark.parametrize("name", sorted(set(session.PALETTE) - {"paper"}))
def test_a_colour_stands_out_from_the_paper(name):
    assert _contrast(session.PALETTE[name], session.PALETTE["paper"]) >= 3


def test_text_is_readable_on_the_paper():
    session.start()
    for role in ("text.color", "axes.labelcolor", "xtick.color", "ytick.color"):
        assert _contrast(mpl.rcParams[role], mpl.rcParams["figure.facecolor"]) >= 4.5


def test_curves_take_their_colours_from_the_palette():
    session.start()
    used = [entry["color"] for entry in mpl.rcParams["axes.prop_cycle"]]
    assert len(set(used)) == len(used) == 5
    assert set(used) <= set(session.PALETTE.values())
