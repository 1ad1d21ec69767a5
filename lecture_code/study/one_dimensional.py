"""The study in one dimension: which models reach two modes, and how steep they are.

The target is N(-m, 1) and N(m, 1) in equal parts. A stack is one setting with all its
runs; it is trained, measured without sampling, and kept in one file.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import time
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from lecture_code import lipschitz, pushforward, validate
from lecture_code.densities import GaussianMixture
from lecture_code.study import denoisers, generators, laws
from lecture_code.study.stacks import Stack, latents

MODELS = ("vae", "gan", "wasserstein", "diffusion")
#: How the level-L experiment keeps the slope down, and on which loss.
LIMITED = ("gan-penalty", "gan-spectral", "wasserstein-spectral")
KINDS = (*MODELS, *LIMITED)
SEPARATIONS = tuple(range(11))
LEVELS = tuple(range(1, 24, 2))
LAYERS = (2, 3, 4, 5, 6)
MIDDLE = 5  # the m of the experiments on level and depth
VARIANCE = 0.1  # of the VAE's output noise
REACH = 6.0  # latents beyond it have a mass of 2e-9
STACK = 5  # networks in a stack, so that more runs are more stacks, not other ones
BATCH = {"diffusion": 256, "wasserstein": 128}
BATCHES = 50
#: Where the densities of the figures are kept: edges of cells, in units of m + 4.
CELLS = np.linspace(-1, 1, 101)


class Unit(NamedTuple):
    """A stack of trainings that differ in nothing but their random numbers.

    Parameters
    ----------
    experiment : {"separation", "level", "depth"}
        What the unit belongs to.
    kind : str
        One of ``KINDS``.
    m : float
        Half of the distance between the modes.
    runs : int
        How many networks.
    first : int
        The number of the first of them.
    layers : int
        Linear layers of the generator.
    level : float
        The slope that a limited generator may have; 0 for the others.
    """

    experiment: str
    kind: str
    m: float
    runs: int
    first: int = 0
    layers: int = 3
    level: float = 0.0

    @property
    def name(self) -> str:
        """The unit's file name."""
        setting = f"m{self.m:g}-layers{self.layers}-level{self.level:g}"
        runs = f"run{self.first}-{self.first + self.runs - 1}"
        return f"{self.experiment}-{self.kind}-{setting}-{runs}"


def units(runs: int) -> list[Unit]:
    """List the stacks of the whole study.

    Parameters
    ----------
    runs : int
        Networks for each setting; the levels have at most three.

    Returns
    -------
    list of Unit
        The main experiment first.

    Raises
    ------
    TypeError, ValueError
        If ``runs`` is no positive integer.

    Notes
    -----
    Used in chapter 16.
    """
    runs = validate.integer("runs", runs, low=1)
    few, pair = min(runs, 3), ("vae", "gan")
    stacks = [(first, min(STACK, runs - first)) for first in range(0, runs, STACK)]
    return [
        *(
            Unit("separation", kind, m, size, first)
            for first, size in stacks
            for m, kind in itertools.product(SEPARATIONS, MODELS)
        ),
        *(
            Unit("level", kind, MIDDLE, few, level=level)
            for level, kind in itertools.product(LEVELS, LIMITED)
        ),
        *(
            Unit("depth", kind, MIDDLE, size, first, layers)
            for first, size in stacks
            for layers, kind in itertools.product(LAYERS, pair)
        ),
    ]


def work(unit: Unit) -> dict:
    """Train a stack and measure each of its networks.

    Parameters
    ----------
    unit : Unit
        The setting.

    Returns
    -------
    dict
        ``rows``, for each run the setting, the ``slope``, the largest ``step_slope``,
        the total variation ``tv``, the least possible with the slope ``tv_star``, the
        bound a priori ``tv_bound``, and the ``valley`` mass between -m/2 and m/2;
        ``density``, the first run's on the cells of the figures; ``seconds`` of CPU
        time for training and for measuring.

    Raises
    ------
    TypeError, ValueError
        If ``unit`` is no ``Unit`` of a known kind.

    Notes
    -----
    Used in chapter 16.
    """
    validate.choice("kind", validate.instance("unit", unit, Unit).kind, KINDS)
    with _one_thread():
        begin = time.process_time()
        maps = train(unit)
        trained = time.process_time()
        rows = [_measured(unit, run, *each) for run, each in enumerate(maps)]
        cells = (unit.m + 4) * CELLS
        density = laws.pushed_masses(*maps[0][:2], cells)[1:-1] / np.diff(cells)
    seconds = [trained - begin, time.process_time() - trained]
    return {"rows": rows, "density": density.round(5).tolist(), "seconds": seconds}


def target(m: float) -> GaussianMixture:
    """Return the target with modes at -m and m.

    Parameters
    ----------
    m : float
        At least 0.

    Returns
    -------
    GaussianMixture
        Two Gaussians of standard deviation 1, equally likely.

    Raises
    ------
    TypeError, ValueError
        If ``m`` is no number of at least 0.

    Notes
    -----
    Used in chapter 16.
    """
    m = validate.real("m", m, low=0)
    return GaussianMixture([-m, m], 1.0)


def train(unit: Unit) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Train a stack; return each network's map, and its steepest single step.

    Parameters
    ----------
    unit : Unit
        The setting.

    Returns
    -------
    list of (numpy.ndarray, numpy.ndarray, float)
        The latents between which the map is linear, its values there, and the largest
        slope of a map that the network itself computes: of the whole generator, or of
        one step of the diffusion model.

    Raises
    ------
    TypeError, ValueError
        If ``unit`` is no ``Unit`` of a known kind.

    Notes
    -----
    Used in chapter 16.
    """
    kind = validate.choice("kind", validate.instance("unit", unit, Unit).kind, KINDS)
    # The same seed wherever and in whatever order the unit is computed.
    generator = torch.Generator().manual_seed(zlib.crc32(unit.name.encode()))
    spread = math.hypot(1, unit.m)
    data = _prepared(unit, generator) / spread
    if kind == "diffusion":
        stack = Stack(unit.runs, denoisers.SIZES, generator=generator)
        denoisers.fit(stack, data, generator)
        return [(f.z, spread * f.x, f.step_slope) for f in denoisers.flows(stack)]
    stack = _fitted(unit, data, spread, generator)
    return [_mapped(net, spread) for net in stack.members()]


def _measured(
    unit: Unit, run: int, z: np.ndarray, x: np.ndarray, step_slope: float
) -> dict:
    """Hold one trained map against the target and against the theorem."""
    law = target(unit.m)
    tv = laws.total_variation(z, x, law)
    slope = float(np.abs(np.diff(x) / np.diff(z)).max())
    half = max(unit.m / 2, 1e-9)
    return {
        **unit._asdict(),
        "run": unit.first + run,
        "slope": slope,
        "step_slope": step_slope,
        "tv": tv,
        "tv_star": float(pushforward.tv_star(law, slope).lower),
        "tv_bound": float(pushforward.tv_lower_bound(law, slope)),
        "valley": float(laws.pushed_masses(z, x, [-half, half])[1]),
    }


def _prepared(unit: Unit, generator: torch.Generator) -> torch.Tensor:
    """Draw batches with half of the points from each mode, in increasing order."""
    half, count = BATCH.get(unit.kind, 64) // 2, BATCHES * unit.runs
    left, right = (latents(count, half, generator) for _ in range(2))
    batches = torch.cat([left - unit.m, right + unit.m], dim=1).sort(dim=1).values
    return batches.reshape(BATCHES, unit.runs, 2 * half, 1)


def _fitted(
    unit: Unit, data: torch.Tensor, spread: float, generator: torch.Generator
) -> Stack:
    # 1-128-256-1 as in the paper; deeper and shallower nets repeat its last width.
    sizes = [1, 128, *[256] * (unit.layers - 2), 1]
    loss, _, limit = unit.kind.partition("-")
    level = unit.level / spread
    spectral = level if limit == "spectral" else None
    stack = Stack(unit.runs, sizes, level=spectral, generator=generator)
    if loss == "vae":
        generators.vae(stack, data, VARIANCE / spread**2, generator)
    elif loss == "gan":
        above = level if limit == "penalty" else None
        generators.gan(stack, data, generator, penalised_above=above)
    else:
        generators.wasserstein(stack, data, generator)
    return stack


def _mapped(
    net: torch.nn.Sequential, spread: float
) -> tuple[np.ndarray, np.ndarray, float]:
    points, values = lipschitz.knots_1d(net, -REACH, REACH)
    slope = spread * lipschitz.exact_1d(net, -REACH, REACH)
    return points.numpy(), spread * values[:, 0].numpy(), slope


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Compute as everywhere else, however many threads this process may have."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
