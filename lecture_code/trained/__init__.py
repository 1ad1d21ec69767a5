"""What took longer to compute than a chapter may: tables, weights and samples.

Tables are CSV, the others NumPy archives without pickled objects. They are part of the
installed package, so that a notebook finds them wherever it runs, without a network.
How each was made stands in ``recipes``, and in ``study`` for its own tables.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lecture_code import _files, _validate, gan, likelihoods, networks
from lecture_code.autoregressive import Autoregressive, GreyAutoregressive
from lecture_code.diffusion import Diffusion
from lecture_code.flows import AffineCoupling, Dequantised, Flow, Marginals, Triangular
from lecture_code.networks import TimeMLP
from lecture_code.vae import VAE

FOLDER = Path(__file__).parent

#: Columns of equal length, by their names.
Table = dict[str, np.ndarray]


def _vae(output: likelihoods.Bernoulli | likelihoods.Logistics) -> VAE:
    kind: dict[str, Any] = {"activation": "silu", "dropout": 0.2}
    return VAE(
        networks.mlp([64, 300, 40], **kind),
        decoder=networks.mlp([20, 300, 64 * output.numbers], **kind),
        output=output,
        d=64,
        latents=20,
    )


def _digit_flow() -> Dequantised:
    """Build histograms, four couplings on chessboards and stripes, a linear layer."""
    row, column = torch.arange(64) // 8, torch.arange(64) % 8
    masks = [(row + column) % 2, (row + column + 1) % 2, row % 2, (row + 1) % 2]
    kind: dict[str, Any] = {"activation": "silu", "dropout": 0.3}
    couplings = [
        AffineCoupling(networks.mlp([64, 128, 128], **kind), mask=mask)
        for mask in masks
    ]
    layers = [Marginals(64, levels=17), *couplings, Triangular(64)]
    return Dequantised(Flow(layers, d=64), levels=17)


def _judge() -> torch.nn.Sequential:
    """Build a classifier of images (n, 784); all layers but the last give features."""
    layers: list[torch.nn.Module] = [torch.nn.Unflatten(1, (1, 28, 28))]
    for before, after in ((1, 32), (32, 64)):
        layers += [
            torch.nn.Conv2d(before, after, 3, padding=1),
            torch.nn.BatchNorm2d(after),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
        ]
    return torch.nn.Sequential(
        *layers,
        torch.nn.Flatten(),
        torch.nn.Linear(64 * 49, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 10),
    )


#: How to build each stored model before its weights are filled in.
BUILDERS: dict[str, Callable[[], torch.nn.Module]] = {
    "logistic": lambda: Autoregressive(networks.masked_mlp([64, 64]), pixels=64),
    "masked-mlp": lambda: Autoregressive(
        networks.masked_mlp([64, 1024, 64], dropout=0.5), pixels=64
    ),
    "masked-convolution": lambda: Autoregressive(
        networks.MaskedConvNet(8, channels=16, depth=4, dropout=0.1), pixels=64
    ),
    "recurrent": lambda: Autoregressive(networks.CausalGRU(64, hidden=64), pixels=64),
    "autoregressive-grey": lambda: GreyAutoregressive(
        networks.MaskedConvNet(8, depth=4, dropout=0.2, outputs=9), pixels=64
    ),
    "vae-binary": lambda: _vae(likelihoods.Bernoulli()),
    "vae-grey": lambda: _vae(likelihoods.Logistics(17, components=3)),
    "flow-digits": _digit_flow,
    "gan-digits": lambda: gan.GAN(
        torch.nn.Sequential(networks.mlp([16, 128, 128, 64]), torch.nn.Tanh()),
        gan.spectral_critic([64, 256, 128, 1]),
        latent=16,
    ),
    "diffusion-clouds": lambda: Diffusion(TimeMLP(2, hidden=64), d=2),
    "diffusion-digits": lambda: Diffusion(TimeMLP(64, classes=10), d=64, classes=10),
    "judge": _judge,
}

#: How the chapters draw digits from a model that leaves a choice.
SAMPLING: dict[str, dict[str, Any]] = {
    "diffusion-digits": {"guidance": 1.1, "steps": 32}
}


def load(name: str) -> torch.nn.Module:
    """Build a stored model with its trained weights, in evaluation mode.

    Parameters
    ----------
    name : str
        One of ``BUILDERS``; ValueError lists them.

    Returns
    -------
    torch.nn.Module
        The model.
    """
    return fill(BUILDERS[_validate.choice("name", name, BUILDERS)](), name)


def fill(model: torch.nn.Module, name: str) -> torch.nn.Module:
    """Put stored weights into a model of the same shape; return it, to be evaluated.

    ``name`` is that of the weights; ValueError if they belong to another network.
    """
    _validate.instance("model", model, torch.nn.Module)
    state = {key: torch.from_numpy(values) for key, values in arrays(name).items()}
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ValueError(
            f"model: expected the network of the weights {name!r}, got another one: "
            f"{reason}"
        ) from None
    return model.eval()


def arrays(name: str) -> dict[str, np.ndarray]:
    """Read stored arrays by their names, such as the samples "images-samples".

    ``name`` is that of weights or of an archive; ValueError lists them.
    """
    path = FOLDER / f"{_validate.choice('name', name, names('.npz'))}.npz"
    return _files.read_arrays(path)


def table(name: str) -> dict[str, np.ndarray]:
    """Read a stored table by columns.

    Parameters
    ----------
    name : str
        The table's name, such as "coverage"; ValueError lists those that are stored.

    Returns
    -------
    dict of str to numpy.ndarray
        One array of shape (rows,) for each column: float64 where every entry is a
        number, strings elsewhere.
    """
    path = FOLDER / f"{_validate.choice('name', name, names('.csv'))}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return {key: _column(cells) for key, *cells in zip(header, *rows, strict=True)}


def select(table: Table, **wanted: object) -> Table:
    """Return the rows of a table that have the wanted entries in the named columns."""
    keep = np.ones(len(next(iter(table.values()))), dtype=bool)
    for column, entry in wanted.items():
        keep &= table[_validate.choice("column", column, list(table))] == entry
    return {column: values[keep] for column, values in table.items()}


def store(name: str, model: torch.nn.Module) -> Path:
    """Write a model's weights for :func:`load`; return the file."""
    state = {key: t.cpu().numpy() for key, t in model.state_dict().items()}
    return store_arrays(name, state)


def store_arrays(name: str, values: dict[str, np.ndarray]) -> Path:
    """Write arrays for :func:`arrays`; return the file."""
    return _files.write_arrays(FOLDER / f"{name}.npz", values)


def store_table(name: str, columns: dict[str, np.ndarray]) -> Path:
    """Write columns of one length for :func:`table`; return the file."""
    return _files.write_table(FOLDER / f"{name}.csv", columns)


def names(suffix: str) -> list[str]:
    """List in order what is stored as ".csv" (tables) or ".npz" (arrays)."""
    return sorted(path.stem for path in FOLDER.glob(f"*{suffix}"))


def _column(cells: list[str]) -> np.ndarray:
    """Turn text into numbers where all of it can be."""
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        return np.array(cells)
