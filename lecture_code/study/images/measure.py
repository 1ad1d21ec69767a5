"""What the study on images sees of a model.

Each is seen through its projections on two axes between the classes, through a judge
who may say "other", through its nearest real images, and through its slope.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from lecture_code import _validate, densities, divergences, lipschitz, pushforward
from lecture_code.study.images.judges import VERDICTS, Judge
from lecture_code.study.images.models import Maker
from lecture_code.study.images.scenes import Scene

CELLS = 60
#: Cells of the stored histograms, in units of the separation.
BARS = np.linspace(-1, 1, 41)
NEAR = 500  # samples whose nearest real images are looked for


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


def look(seen: Scene, x: torch.Tensor, judge: Judge) -> dict[str, float]:
    """Look at images (n, d): their law on two axes, and what they show.

    ``left`` and ``right`` are the shares beyond the quarter points between the two
    centres, ``valley`` the rest, in the middle half; ``embedded`` is the same rest on
    the axis between the classes' means in the judge's last hidden layer. ``3``, ``7``
    and ``other`` are the judge's verdicts; ``tv`` and ``w1`` the distances from the
    target on the first axis, ``trained`` and ``unseen`` the mean distances of some of
    the images to the nearest of as many images for training as there are others, and
    to the nearest of the others. NaN where it does not apply.
    """
    from scipy import stats

    at = seen.along(x)
    far = seen.separation / 4
    row = {
        "left": float(np.mean(at <= -far)),
        "right": float(np.mean(at >= far)),
        "valley": float(np.mean(np.abs(at) < far)),
        "embedded": _embedded(seen, x, judge),
        **_verdicts(judge.verdicts(x)),
        "tv": _tv(seen, x),
        "w1": float(stats.wasserstein_distance(at, seen.along(seen.data))),
    }
    return {**row, **_nearest(seen, x)}


def bars(seen: Scene, x: torch.Tensor, judge: Judge) -> list[list[int]]:
    """Count images in the cells ``BARS`` along the axis, for each verdict of a judge.

    Images beyond the outer cells are counted in these.
    """
    at = (seen.along(x) / seen.separation).clip(BARS[0], BARS[-1])
    said = judge.verdicts(x)
    return [
        np.histogram(at[said == verdict], BARS)[0].tolist()
        for verdict in range(len(VERDICTS))
    ]


def proved(
    left: ArrayLike, valley: ArrayLike, draws: int, width: float, *, risk: float = 0.05
) -> np.ndarray:
    r"""Return the slope that the shares of so many draws prove, but for a ``risk``.

    .. math:: L \ge \frac{w}{\Phi^{-1}(a + v) - \Phi^{-1}(a)}

    The share ``left`` a lies on one side of a valley of so much ``width`` w, the share
    ``valley`` v in it. By isoperimetry no set of latents of mass a gains less than a
    half-space when everything within w / L of it is added. Both shares stand at their
    exact binomial limits (Clopper and Pearson, 1934), each with half of the risk. So
    the valley has to be chosen before the draws are seen.
    """
    from scipy import special

    left, valley = _validate.array("left", left), _validate.array("valley", valley)
    draws = _validate.integer("draws", draws, low=1)
    width = _validate.real("width", width, above=0)
    risk = _validate.real("risk", risk, above=0, high=1)
    most = _most(valley, draws, risk / 2)
    ends = 1 - _most(1 - left, draws, risk / 4), _most(left, draws, risk / 4)
    ends = np.minimum(ends, 1 - most)
    return width / (special.ndtri(ends + most) - special.ndtri(ends)).max(axis=0)


def slopes(seen: Scene, maker: Maker) -> dict[str, float]:
    """Bound the slope of a push-forward along the axis, its output noise included.

    ``sampled`` is a lower and ``certified`` an upper bound; ``floor`` is the least
    total variation for the certified slope, ``least`` the least share in the valley for
    it if half of the mass is on either side. NaN for a model of many steps.
    """
    from scipy import special

    _validate.instance("seen", seen, Scene)
    if _validate.instance("maker", maker, Maker).network is None:
        return dict.fromkeys(("sampled", "certified", "floor", "least"), math.nan)
    z = torch.randn(200, maker.latent, generator=torch.Generator().manual_seed(2))
    onto = torch.nn.Linear(len(seen.axis), 1, bias=False)
    onto.weight.data = seen.axis[None].float()
    whole = torch.nn.Sequential(maker.network, onto)
    sampled = math.hypot(lipschitz.lower_bound(whole, z, steps=10), maker.noise)
    certified = math.hypot(lipschitz.upper_bound(maker.network), maker.noise)
    known = seen.law is not None
    floor = pushforward.tv_star(seen.law, certified).lower if known else math.nan
    return {
        "sampled": sampled,
        "certified": certified,
        "floor": float(floor),
        "least": float(2 * special.ndtr(seen.separation / (4 * certified)) - 1),
    }


def _most(share: np.ndarray, draws: int, risk: float) -> np.ndarray:
    """Return the largest chance of what came in this share of the draws."""
    from scipy import stats

    count = np.rint(draws * share)
    most = stats.beta.ppf(1 - risk, count + 1, np.maximum(draws - count, 1))
    return np.where(count == draws, 1.0, most)


def _embedded(seen: Scene, x: torch.Tensor, judge: Judge) -> float:
    first, second = (
        judge.embed(seen.data[seen.labels == label]).mean(0) for label in (0, 1)
    )
    way = second - first
    at = (judge.embed(x) - first) @ way / way.square().sum()  # 0 at the 3s, 1 at the 7s
    return float(((at - 0.5).abs() < 0.25).double().mean())


def _verdicts(said: np.ndarray) -> dict[str, float]:
    return {name: float(np.mean(said == i)) for i, name in enumerate(VERDICTS)}


def _tv(seen: Scene, x: torch.Tensor) -> float:
    law: densities.GaussianMixture | None = seen.law
    if law is None:
        return math.nan
    counted, edges = shares(seen, x)
    return divergences.tv(counted, divergences.cell_masses(law, edges))


def _nearest(seen: Scene, x: torch.Tensor) -> dict[str, float]:
    if seen.noise:  # images under fresh noise are all equally far from each other
        return {"trained": math.nan, "unseen": math.nan}
    some = torch.randperm(len(seen.data), generator=torch.Generator().manual_seed(0))
    real: dict[str, Any] = {
        "trained": seen.data[some[: len(seen.unseen)]],
        "unseen": seen.unseen,
    }
    x = x[:NEAR]
    return {
        name: float(torch.cdist(x, images).amin(dim=1).mean())
        for name, images in real.items()
    }
