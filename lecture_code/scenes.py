"""Scenes: several panels that tell one thing together, each made for one chapter.

The figures that serve many chapters are in ``plotting``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lecture_code import validate
from lecture_code.session import PALETTE


def machines(x: Any, densities: Any, *, titles: Sequence[str]) -> None:
    """Draw several densities over one axis, each in a panel with its own scale.

    Parameters
    ----------
    x : array_like
        Shape (n,).
    densities : array_like
        One row for each panel, shape (panels, n), not negative.
    titles : sequence of str
        One title for each panel.

    Raises
    ------
    TypeError, ValueError
        If the arrays do not have these shapes or the number of titles differs.

    Notes
    -----
    Used in chapter 3.
    """
    import matplotlib.pyplot as plt

    x = validate.array("x", x, shape=("n",))
    rows = validate.array("densities", densities, shape=("panels", "n"), low=0)
    validate.same_length(x=x, densities=rows[0])
    titles = [validate.text("titles", t) for t in validate.items("titles", titles)]
    validate.same_length(densities=rows, titles=titles)
    _, grid = plt.subplots(1, len(rows), figsize=(1.9 * len(rows), 2.1), squeeze=False)
    for axes, y, title in zip(grid[0], rows, titles, strict=True):
        axes.fill_between(x, y, color=PALETTE["blue"], alpha=0.35, linewidth=0)
        axes.plot(x, y, color=PALETTE["blue"], lw=1)
        axes.set_title(title, fontsize=8)
        axes.set(yticks=[], ylim=(0, None))
        axes.tick_params(labelsize=7)


def search(
    observed: Any, model: Any, x: Any, *, nll: Any, kl: Any, mark: float
) -> None:
    """Draw a model over what was observed, beside its losses over one parameter.

    Parameters
    ----------
    observed, model : array_like
        Shares of the outcomes and what the model says, shape (k,).
    x : array_like
        Values of the parameter, shape (n,).
    nll, kl : array_like
        The two losses at these values, in nats, shape (n,).
    mark : float
        The parameter's present value.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not vectors of matching lengths.

    Notes
    -----
    Used in chapter 4.
    """
    import matplotlib.pyplot as plt

    observed = validate.array("observed", observed, shape=("k",))
    model = validate.array("model", model, shape=("k",))
    validate.same_length(observed=observed, model=model)
    x = validate.array("x", x, shape=("n",))
    nll = validate.array("nll", nll, shape=("n",))
    kl = validate.array("kl", kl, shape=("n",))
    validate.same_length(x=x, nll=nll, kl=kl)
    mark = validate.real("mark", mark)
    data, valley = plt.subplots(1, 2)[1]
    data.bar(range(len(observed)), observed, color=PALETTE["blue"], label="data")
    data.plot(model, "o", color=PALETTE["orange"], ms=3.5, label="model")
    data.set(xlabel="outcome", ylabel="share")
    valley.plot(x, nll, label="NLL")
    valley.plot(x, kl, label="KL")
    valley.axvline(mark, color=PALETTE["orange"], ls="--", lw=1.2)
    valley.set(xlabel="parameter", ylabel="nats")
    for axes in (data, valley):
        axes.legend()
