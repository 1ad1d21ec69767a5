"""The state of the process that no function of the package may change."""

from __future__ import annotations

import os
import random
import sys
import warnings
from typing import Any

import matplotlib as mpl
import numpy as np
import torch

State = dict[str, Any]


def snapshot() -> State:
    """Read everything that a careless function could change for its callers."""
    return {
        "default dtype": torch.get_default_dtype(),
        "thread count": torch.get_num_threads(),
        "gradient mode": torch.is_grad_enabled(),
        "deterministic mode": torch.are_deterministic_algorithms_enabled(),
        "plot style": dict(dict.items(mpl.rcParams)),  # past its slow iterator
        "open figures": _figures(),
        "numpy's error handling": np.geterr(),
        "numpy's print options": np.get_printoptions(),
        "warning filters": list(warnings.filters),
        "working folder": os.getcwd(),
        "environment": dict(os.environ),
        "standard streams": (sys.stdout, sys.stderr),
        "random state": random.getstate(),
        "numpy's random state": _comparable(np.random.get_state()),
        "torch's random state": torch.get_rng_state().numpy().tobytes(),
    }


def changed(before: State, after: State) -> list[str]:
    """Name the parts in which two snapshots differ."""
    return [part for part in before if before[part] != after[part]]


def restore(state: State) -> None:
    """Put back what ``session.start`` is allowed to change."""
    random.setstate(state["random state"])
    kind, keys, *rest = state["numpy's random state"]
    np.random.set_state((kind, np.frombuffer(keys, dtype=np.uint32), *rest))
    rng = np.frombuffer(state["torch's random state"], dtype=np.uint8)
    torch.set_rng_state(torch.from_numpy(rng.copy()))
    torch.set_num_threads(state["thread count"])
    dict.update(mpl.rcParams, state["plot style"])


def _figures() -> list[int]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return pyplot.get_fignums() if pyplot else []


def _comparable(state: tuple) -> tuple:
    kind, keys, *rest = state
    return (kind, keys.tobytes(), *rest)
