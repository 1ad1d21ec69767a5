"""The study in one dimension: which models reach two modes, and how steep they are.

The target is N(-m, 1) and N(m, 1) in equal parts. A stack is one setting with all its
runs; it is trained, measured without sampling, and kept in one file.
"""

from __future__ import annotations

import itertools
import math
import time
import zlib
from typing import NamedTuple

import numpy as np
import torch

from lecture_code import _validate, laws, lipschitz, pushforward
from lecture_code.densities import GaussianMixture
from lecture_code.study.line import denoisers, generators
from lecture_code.study.line.stacks import Stack, latents

MODELS = ("vae", "gan", "wasserstein", "diffusion")
#: How the level-L experiment keeps the slope down, and on which loss.
LIMITED = ("gan-penalty", "gan-spectral", "wasserstein-spectral")
KINDS = (*MODELS, *LIMITED)
SEPARATIONS = tuple(range(11))
LEVELS = tuple(range(1, 24, 2))
LAYERS = (2, 3, 4, 5, 6)
MIDDLE = 5  # the m of the experiments on level and depth
#: Steps and learning rates of Adam, which starts afresh in each round.
ROUNDS = {
    "vae": ((8000, 4e-3), (5000, 1.2e-3), (1200, 1e-4)),
    "depth-vae": ((1500, 4e-3), (500, 8e-4), (200, 1e-4)),  # a question of slope only
    "gan": ((150, 1e-3), (350, 1e-3), (400, 3e-4), (150, 6e-5)),
    "wasserstein": ((500, 3e-3), (400, 6e-4), (200, 1e-4)),
    "diffusion": ((1000, 5e-3), (1000, 1.5e-3), (800, 3e-4), (400, 6e-5)),
}
VARIANCES = (0.1, 0.04, 0.04)  # of the VAE's output noise, round by round
NOISES = (0.5, 0.0, 0.0, 0.0)  # on the GAN's points, in units of the data's spread
REACH = 6.0  # latents beyond it have a mass of 2e-9
STACK = 5  # runs in a stack of the depth experiment
LEVEL_RUNS = 3
BATCH = {"diffusion": 256, "wasserstein": 128}
BATCHES = 50
#: Where the densities of the figures are kept: edges of cells, in units of m + 4.
CELLS = np.linspace(-1, 1, 101)


class Setting(NamedTuple):
    """What one network of a stack is trained for.

    Half of the distance between the modes, the slope that a limited generator may have
    (0 for the others), and which repetition it is.
    """

    m: float
    level: float = 0.0
    run: int = 0


class Map(NamedTuple):
    """A trained model as a map from one normal latent to the line.

    It has values ``x`` (n,) at the latents ``z`` (n,), between which it is linear.
    ``step_slope`` is the largest slope of a map that the network itself computes: of
    the whole generator, or of one step of the diffusion model.
    """

    z: np.ndarray
    x: np.ndarray
    step_slope: float


class Unit(NamedTuple):
    """A stack of trainings of one kind, one of ``KINDS``, one network for each setting.

    It belongs to the ``experiment`` "separation", "level" or "depth"; ``layers`` counts
    the linear layers of the generators, ``effort`` is the share of the full number of
    steps.
    """

    experiment: str
    kind: str
    settings: tuple[Setting, ...]
    layers: int = 3
    effort: float = 1.0

    @property
    def name(self) -> str:
        """The unit's file name."""
        ends = dict.fromkeys((self.settings[0].run, self.settings[-1].run))
        runs = "-".join(str(run) for run in ends)
        cut = "" if self.effort == 1 else f"-effort{self.effort:g}"
        return f"{self.experiment}-{self.kind}-layers{self.layers}-run{runs}{cut}"


def units(runs: int) -> list[Unit]:
    """List the stacks of the whole study, the main experiment first.

    A stack of the main experiment is one run at all separations, one of the level
    experiment one run of at most three at all levels, and one of the depth experiment
    holds up to five runs. So a study with more runs has the stacks of one with fewer,
    and more.
    """
    runs = _validate.integer("runs", runs, low=1)
    found = []
    for run, kind in itertools.product(range(runs), MODELS):
        settings = tuple(Setting(m, run=run) for m in SEPARATIONS)
        found.append(Unit("separation", kind, settings))
    for run, kind in itertools.product(range(min(runs, LEVEL_RUNS)), LIMITED):
        settings = tuple(Setting(MIDDLE, level, run) for level in LEVELS)
        found.append(Unit("level", kind, settings))
    for first, layers in itertools.product(range(0, runs, STACK), LAYERS):
        last = min(first + STACK, runs)
        settings = tuple(Setting(MIDDLE, run=run) for run in range(first, last))
        found += [Unit("depth", kind, settings, layers) for kind in ("vae", "gan")]
    return found


def work(unit: Unit) -> dict:
    """Train a stack and measure each of its networks.

    ``rows``: for each network the setting, the ``slope``, the ``step_slope``, the total
    variation ``tv``, the least possible with this slope ``tv_star``, the bound a priori
    ``tv_bound``, and the ``valley`` mass between -m/2 and m/2; ``densities`` on the
    cells of the figures; ``seconds`` of CPU time for training and for measuring them
    all.
    """
    _validate.choice("kind", _validate.instance("unit", unit, Unit).kind, KINDS)
    begin = time.process_time()
    maps = train(unit)
    trained = time.process_time()
    measured = [measure(*pair) for pair in zip(unit.settings, maps, strict=True)]
    of = {"experiment": unit.experiment, "kind": unit.kind, "layers": unit.layers}
    return {
        "rows": [{**of, **row} for row in measured],
        "densities": [
            _density(*pair).tolist() for pair in zip(unit.settings, maps, strict=True)
        ],
        "seconds": [trained - begin, time.process_time() - trained],
    }


def target(m: float) -> GaussianMixture:
    """Return the target: modes at -m and m of standard deviation 1, equally likely."""
    m = _validate.real("m", m, low=0)
    return GaussianMixture([-m, m], 1.0)


def train(unit: Unit) -> list[Map]:
    """Train a stack; return what each of its networks makes of the latents."""
    kind = _validate.choice("kind", _validate.instance("unit", unit, Unit).kind, KINDS)
    # The same seed wherever and in whatever order the unit is computed.
    generator = torch.Generator().manual_seed(zlib.crc32(unit.name.encode()))
    spreads = torch.tensor([math.hypot(1, s.m) for s in unit.settings])[:, None, None]
    data = _prepared(unit, generator) / spreads
    if kind == "diffusion":
        stack = Stack(len(spreads), denoisers.SIZES, generator=generator)
        denoisers.fit(stack, data, _rounds(unit), generator)
        found = [(flow.z, flow.x, flow.step_slope) for flow in denoisers.flows(stack)]
    else:
        stack = _fitted(unit, data, spreads, generator)
        found = [mapped(net) for net in stack.members()]
    return [
        Map(z, spread * x, slope if kind == "diffusion" else spread * slope)
        for (z, x, slope), spread in zip(found, spreads.flatten().tolist(), strict=True)
    ]


def measure(setting: Setting, made: Map) -> dict:
    """Hold one trained map against the target and against the theorem, as in a row."""
    law = target(setting.m)
    slope = float(np.abs(np.diff(made.x) / np.diff(made.z)).max())
    half = max(setting.m / 2, 1e-9)
    return {
        **setting._asdict(),
        "slope": slope,
        "step_slope": made.step_slope,
        "tv": laws.total_variation(made.z, made.x, law),
        "tv_star": float(pushforward.tv_star(law, slope).lower),
        "tv_bound": float(pushforward.tv_lower_bound(law, slope)),
        "valley": float(laws.pushed_masses(made.z, made.x, [-half, half])[1]),
    }


def mapped(net: torch.nn.Sequential) -> Map:
    """Take a generator for the broken line that it is."""
    points, values = lipschitz.knots_1d(net, -REACH, REACH)
    slope = lipschitz.exact_1d(net, -REACH, REACH)
    return Map(points.numpy(), values[:, 0].detach().numpy(), slope)


def _density(setting: Setting, made: Map) -> np.ndarray:
    cells = (setting.m + 4) * CELLS
    return laws.pushed_masses(made.z, made.x, cells)[1:-1] / np.diff(cells)


def _rounds(unit: Unit) -> list[tuple[int, float]]:
    loss = unit.kind.partition("-")[0]
    full = ROUNDS.get(f"{unit.experiment}-{loss}", ROUNDS[loss])
    return [(math.ceil(unit.effort * steps), lr) for steps, lr in full]


def _prepared(unit: Unit, generator: torch.Generator) -> torch.Tensor:
    """Draw batches with half of the points from each mode, in increasing order."""
    size, count = BATCH.get(unit.kind, 64), len(unit.settings)
    m = torch.tensor([float(setting.m) for setting in unit.settings])[:, None, None]
    drawn = [latents(BATCHES * count, size // 2, generator) for _ in range(2)]
    left, right = (each.reshape(BATCHES, count, -1, 1) for each in drawn)
    return torch.cat([left - m, right + m], dim=2).sort(dim=2).values


def _fitted(
    unit: Unit, data: torch.Tensor, spreads: torch.Tensor, generator: torch.Generator
) -> Stack:
    # 1-128-256-1 as in the paper; deeper and shallower nets repeat its last width.
    sizes = [1, 128, *[256] * (unit.layers - 2), 1]
    loss, _, limit = unit.kind.partition("-")
    levels = torch.tensor([s.level for s in unit.settings])[:, None, None] / spreads
    rounds = _rounds(unit)
    spectral = levels.flatten() if limit == "spectral" else None
    stack = Stack(len(spreads), sizes, levels=spectral, generator=generator)
    if loss == "vae":
        variances = torch.tensor(VARIANCES)[:, None, None, None] / spreads**2
        generators.vae(stack, data, variances, rounds, generator)
    elif loss == "gan":
        above = levels if limit == "penalty" else None
        generators.gan(stack, data, spreads, NOISES, rounds, generator, above)
    else:
        generators.wasserstein(stack, data, rounds, generator)
    return stack
