"""What took longer to compute than a chapter may: stored tables and weights.

``make models`` writes both, with fixed seeds: tables as CSV, weights as NumPy archives
without pickled objects. They are part of the installed package, so that a notebook
finds them wherever it runs, without a network.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from lecture_code import gan, likelihoods, networks, validate
from lecture_code.autoregressive import Autoregressive, GreyAutoregressive
from lecture_code.conditioned import TimeMLP
from lecture_code.diffusion import Diffusion
from lecture_code.flows import AffineCoupling, Dequantised, Flow, Marginals, Triangular
from lecture_code.vae import VAE

FOLDER = Path(__file__).parent

#: Columns of equal length, by their names.
Table = dict[str, np.ndarray]


def _vae(output: likelihoods.Bernoulli | likelihoods.Logistics) -> VAE:
    kind = {"activation": "silu", "dropout": 0.2}
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
    kind = {"activation": "silu", "dropout": 0.3}
    couplings = [
        AffineCoupling(networks.mlp([64, 128, 128], **kind), mask=mask)
        for mask in masks
    ]
    layers = [Marginals(64, levels=17), *couplings, Triangular(64)]
    return Dequantised(Flow(layers, d=64), levels=17)


#: How to build each stored model before its weights are filled in. Chapters that train
#: a network ahead of time add their line here.
RECIPES: dict[str, Callable[[], torch.nn.Module]] = {
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
}


def load(name: str) -> torch.nn.Module:
    """Build a stored model with its trained weights, ready to be evaluated.

    Parameters
    ----------
    name : str
        The model's name, one of ``RECIPES``.

    Returns
    -------
    torch.nn.Module
        The model in evaluation mode.

    Raises
    ------
    TypeError, ValueError
        If there is no such model; the message lists those that there are.
    """
    model = RECIPES[validate.choice("name", name, RECIPES)]()
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as arrays:
        model.load_state_dict({key: torch.from_numpy(arrays[key]) for key in arrays})
    return model.eval()


def store(name: str, model: torch.nn.Module) -> Path:
    """Write a model's weights, complete or not at all.

    Parameters
    ----------
    name : str
        The model's name.
    model : torch.nn.Module
        The trained model.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    TypeError, ValueError
        If the name is no file name or ``model`` is no module.

    Notes
    -----
    Used by ``make models``.
    """
    path = _file(name, ".npz")
    state = validate.instance("model", model, torch.nn.Module).state_dict()
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez_compressed(file, **{key: t.cpu().numpy() for key, t in state.items()})
    os.replace(partial, path)
    return path


def table(name: str) -> dict[str, np.ndarray]:
    """Read a stored table by columns.

    Parameters
    ----------
    name : str
        The table's name, such as "coverage".

    Returns
    -------
    dict of str to numpy.ndarray
        One array of shape (rows,) for each column: float64 where every entry is a
        number, strings elsewhere.

    Raises
    ------
    TypeError, ValueError
        If no such table is stored; the message lists those that are.

    Notes
    -----
    Used in chapter 2.
    """
    path = FOLDER / f"{validate.choice('name', name, names('.csv'))}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return {key: _column(cells) for key, *cells in zip(header, *rows, strict=True)}


def select(table: Table, **wanted: object) -> Table:
    """Return the rows of a table that have the wanted entries in the named columns."""
    keep = np.ones(len(next(iter(table.values()))), dtype=bool)
    for column, entry in wanted.items():
        keep &= table[validate.choice("column", column, list(table))] == entry
    return {column: values[keep] for column, values in table.items()}


def store_table(name: str, columns: dict[str, np.ndarray]) -> Path:
    """Write a table, complete or not at all.

    Parameters
    ----------
    name : str
        The table's name.
    columns : dict of str to numpy.ndarray
        Columns of equal length (rows,).

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    TypeError, ValueError
        If the name is no file name or the columns are not vectors of one length.

    Notes
    -----
    Used by ``make models``.
    """
    path = _file(name, ".csv")
    for key in validate.items(
        "columns", list(validate.instance("columns", columns, dict))
    ):
        validate.text("columns", key)
        _check_column(key, columns[key])
    validate.same_length(**columns)
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    os.replace(partial, path)
    return path


def names(suffix: str) -> list[str]:
    """List what is stored with the file ending ".csv" (tables) or ".npz" (weights).

    Parameters
    ----------
    suffix : str
        ".csv" or ".npz".

    Returns
    -------
    list of str
        Names in alphabetical order.

    Raises
    ------
    TypeError, ValueError
        If the suffix is neither.
    """
    validate.choice("suffix", suffix, (".csv", ".npz"))
    return sorted(path.stem for path in FOLDER.glob(f"*{suffix}"))


def _file(name: str, suffix: str) -> Path:
    if Path(validate.text("name", name)).name != name:
        raise ValueError(f"name: expected a name without a folder, got {name!r}")
    return FOLDER / f"{name}{suffix}"


def _check_column(key: str, values: np.ndarray) -> None:
    validate.instance(key, values, np.ndarray)
    if values.ndim != 1 or values.size == 0:
        got = validate.describe(values)
        raise ValueError(f"{key}: expected a vector of entries, got {got}")


def _column(cells: list[str]) -> np.ndarray:
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        return np.array(cells)
