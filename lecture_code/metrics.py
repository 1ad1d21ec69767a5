"""How far apart two samples are: all that can be said without a density.

Rows are examples. Everything is computed in float64, and each function says what it is
blind to, for no single number tells a good sample from a bad one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike

from lecture_code import _validate

_LARGEST = 1e30  # squared and summed it is still far from infinity


def mmd(x: ArrayLike, y: ArrayLike, *, bandwidth: float | None = None) -> float:
    r"""Estimate the squared maximum mean discrepancy without bias.

    .. math:: E\,k(x, x') + E\,k(y, y') - 2\,E\,k(x, y), \quad
        k(x, y) = e^{-\|x - y\|^2 / (2 h^2)}

    Parameters
    ----------
    x : array_like, shape (n, d)
        One sample, at least two rows.
    y : array_like, shape (m, d)
        The other, at least two rows.
    bandwidth : float, optional
        Width :math:`h` of the kernel; by default the median distance between two
        different points of both samples together.

    Returns
    -------
    float
        The estimate; 0 on average where the laws agree, so that it can be negative.

    References
    ----------
    Gretton, Borgwardt, Rasch, Scholkopf and Smola (2012), A kernel two-sample test,
    eq. (3).
    """
    x, y = _pair(x, y, least=2)
    first = np.arange(len(x) + len(y)) < len(x)
    return float(_discrepancy(_kernel(np.concatenate([x, y]), bandwidth), first))


def two_sample_test(
    x: ArrayLike,
    y: ArrayLike,
    *,
    permutations: int = 199,
    bandwidth: float | None = None,
    generator: torch.Generator | None = None,
) -> float:
    r"""Return the p-value of the hypothesis that two samples have one law.

    The statistic :func:`mmd` is compared with its values after the rows of both samples
    are dealt out anew. Under the hypothesis each deal is as likely as the one seen:

    .. math:: p = \frac{1 + \#\{b : T_b \ge T\}}{1 + B},
        \quad P(p \le \alpha) \le \alpha

    Parameters
    ----------
    x : array_like, shape (n, d)
        One sample, at least two rows.
    y : array_like, shape (m, d)
        The other, at least two rows.
    permutations : int
        The number :math:`B` of deals.
    bandwidth : float, optional
        Width of the kernel, as in :func:`mmd`.
    generator : torch.Generator, optional
        Source of the deals.

    Returns
    -------
    float
        The p-value, from 1 / (1 + B) to 1. A small one speaks against a common law; a
        large one says only that these samples did not show a difference.

    References
    ----------
    Gretton, Borgwardt, Rasch, Scholkopf and Smola (2012), A kernel two-sample test,
    section 5.
    """
    x, y = _pair(x, y, least=2)
    permutations = _validate.integer("permutations", permutations, low=1)
    generator = _validate.generator("generator", generator)
    kernel = _kernel(np.concatenate([x, y]), bandwidth)
    first = torch.arange(len(kernel)) < len(x)
    deals = [
        torch.randperm(len(first), generator=generator) for _ in range(permutations)
    ]
    values = _discrepancy(kernel, np.stack([first, *(first[d] for d in deals)]).T)
    return float(np.mean(values >= values[0] - 1e-12))  # the first is the one seen


@np.errstate(under="ignore")
def sliced_wasserstein(
    x: ArrayLike,
    y: ArrayLike,
    *,
    directions: int = 200,
    generator: torch.Generator | None = None,
) -> float:
    r"""Return the sliced 2-Wasserstein distance, by shadows on random lines.

    .. math:: SW_2^2 = E_u \int_0^1 (F_{u^\top x}^{-1}(q) - F_{u^\top y}^{-1}(q))^2 dq

    Parameters
    ----------
    x : array_like, shape (n, d)
        One sample.
    y : array_like, shape (m, d)
        The other.
    directions : int
        How many directions :math:`u`, uniform on the sphere, are averaged over.
    generator : torch.Generator, optional
        Source of the directions.

    Returns
    -------
    float
        The distance, at least 0, in the unit of the data.

    References
    ----------
    Bonneel, Rabin, Peyre and Pfister (2015), Sliced and Radon Wasserstein barycenters
    of measures, eq. (8).
    """
    x, y = _pair(x, y)
    directions = _validate.integer("directions", directions, low=1)
    generator = _validate.generator("generator", generator)
    size = (x.shape[1], directions)
    u = torch.randn(size, generator=generator, dtype=torch.float64).numpy()
    u /= np.linalg.norm(u, axis=0)
    rows, columns, weights = _staircase(len(x), len(y))
    gaps = np.sort(x @ u, axis=0)[rows] - np.sort(y @ u, axis=0)[columns]
    return float(np.sqrt((weights @ gaps**2).mean()))


class PrecisionRecall(NamedTuple):
    """Quality and variety of a sample.

    Parameters
    ----------
    precision : float
        Share of the generated points that lie where real ones do.
    recall : float
        Share of the real points that lie where generated ones do.
    """

    precision: float
    recall: float


def precision_recall(
    real: ArrayLike, generated: ArrayLike, *, k: int = 3
) -> PrecisionRecall:
    r"""Say how much of each sample lies within the region that the other covers.

    The region of a sample is the union of balls around its points, each as wide as the
    distance to the point's :math:`k`-th nearest neighbour in the same sample.

    Parameters
    ----------
    real : array_like, shape (n, d)
        Real examples, more than ``k``.
    generated : array_like, shape (m, d)
        A model's samples, more than ``k``.
    k : int
        Which neighbour sets the radius.

    Returns
    -------
    PrecisionRecall
        ``precision`` and ``recall``, both in [0, 1]. A copy of ``real`` scores 1 and 1:
        neither number notices a memoriser.

    References
    ----------
    Kynkaanniemi, Karras, Laine, Lehtinen and Aila (2019), Improved precision and recall
    metric for assessing generative models, eqs. (1) and (2).
    """
    k = _validate.integer("k", k, low=1)
    real, generated = _pair(real, generated, names=("real", "generated"), least=k + 1)
    across = _distances(real, generated)
    inside = across <= _radii(real, k)[:, None]
    covered = across <= _radii(generated, k)
    precision, recall = inside.any(axis=0).mean(), covered.any(axis=1).mean()
    return PrecisionRecall(float(precision), float(recall))


@np.errstate(under="ignore")
def frechet(x: ArrayLike, y: ArrayLike) -> float:
    r"""Return the Frechet distance of the Gaussians that fit two samples.

    .. math:: \|\mu_x - \mu_y\|^2 + \mathrm{tr}\left(\Sigma_x + \Sigma_y
        - 2\,(\Sigma_x^{1/2} \Sigma_y \Sigma_x^{1/2})^{1/2}\right)

    This is the *squared* 2-Wasserstein distance of two Gaussians, under the name that
    it has for images. The book uses pixels in [0, 1], where others use the features of
    a network that was trained on photographs.

    Parameters
    ----------
    x : array_like, shape (n, d)
        One sample, at least two rows.
    y : array_like, shape (m, d)
        The other, at least two rows.

    Returns
    -------
    float
        The distance, at least 0, in squared units of the data. It sees means and
        covariances and nothing else.

    References
    ----------
    Dowson and Landau (1982), The Frechet distance between multivariate normal
    distributions, eq. (4); Heusel, Ramsauer, Unterthiner, Nessler and Hochreiter
    (2017), GANs trained by a two time-scale update rule, eq. (6).
    """
    x, y = _pair(x, y, least=2)
    shift = x.mean(axis=0) - y.mean(axis=0)
    first, second = np.atleast_2d(np.cov(x.T)), np.atleast_2d(np.cov(y.T))
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    product = root @ second @ root
    overlap = np.sqrt(np.linalg.eigvalsh((product + product.T) / 2).clip(0)).sum()
    total = shift @ shift + np.trace(first) + np.trace(second) - 2 * overlap
    return max(0.0, float(total))  # rounding can dip below 0


def nearest_distance(x: ArrayLike, reference: ArrayLike) -> np.ndarray:
    r"""Return the distance of each point to the nearest of a reference sample.

    .. math:: d_i = \min_j \|x_i - r_j\|

    Parameters
    ----------
    x : array_like, shape (n, d)
        Points.
    reference : array_like, shape (m, d)
        What they are compared with, such as the training images.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Distances in the unit of the data; 0 for a copy.
    """
    return _distances(*_pair(x, reference, names=("x", "reference"))).min(axis=1)


def copying(generated: ArrayLike, train: ArrayLike, held_out: ArrayLike) -> float:
    r"""Return how often a sample is nearer to the training set than a held-out example.

    .. math:: P(d(g) < d(h)) + \tfrac12 P(d(g) = d(h)), \quad d(x) = \min_j \|x - t_j\|

    Parameters
    ----------
    generated : array_like, shape (n, d)
        A model's samples.
    train : array_like, shape (m, d)
        What it was trained on.
    held_out : array_like, shape (l, d)
        Examples of the same kind that it was not trained on.

    Returns
    -------
    float
        From 0 to 1: one half where samples keep the distance that fresh data keep, 1
        for a model that copies, near 0 for one that misses the data.

    References
    ----------
    Meehan, Chaudhuri and Dasgupta (2020), A non-parametric test to detect data-copying
    in generative models, section 3.1.
    """
    generated, train = _pair(generated, train, names=("generated", "train"))
    held_out = _sample("held_out", held_out, columns=train.shape[1], least=1)
    near = _distances(generated, train).min(axis=1)
    usual = np.sort(_distances(held_out, train).min(axis=1))
    below, until = (np.searchsorted(usual, near, side) for side in ("left", "right"))
    return float(1 - (below + until).mean() / (2 * len(usual)))


def confidence(classifier: Any, x: ArrayLike) -> np.ndarray:
    r"""Return how sure a classifier is of its answer on each image.

    .. math:: c_i = \max_k p(k \mid x_i)

    Parameters
    ----------
    classifier : object
        Already fitted; its ``predict_proba`` maps (n, d) to probabilities (n, classes).
    x : array_like, shape (n, d)
        Images on the scale that the classifier was fitted on.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Top-class probabilities, from 1 / classes to 1. A classifier is sure of much
        that it has never seen, of noise too, so the mean is never to be quoted alone.

    References
    ----------
    Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen (2016), Improved techniques
    for training GANs, section 4.
    """
    return _judged(classifier, x).max(axis=1)


def class_shares(classifier: Any, x: ArrayLike) -> np.ndarray:
    """Return the share of images that a classifier puts in each class.

    Parameters
    ----------
    classifier : object
        As in :func:`confidence`.
    x : array_like, shape (n, d)
        Images on the scale that the classifier was fitted on.

    Returns
    -------
    numpy.ndarray, shape (classes,)
        Shares that sum to 1.
    """
    judged = _judged(classifier, x)
    counts = np.bincount(judged.argmax(axis=1), minlength=judged.shape[1])
    return counts / len(judged)


def _sample(name: str, value: ArrayLike, *, columns: int | str, least: int):
    shape = ("n", columns)
    sample = _validate.array(name, value, shape=shape, low=-_LARGEST, high=_LARGEST)
    if len(sample) < least:
        raise ValueError(f"{name}: expected at least {least} rows, got {len(sample)}")
    return sample


def _pair(x, y, *, names=("x", "y"), least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    x = _sample(names[0], x, columns="d", least=least)
    return x, _sample(names[1], y, columns=x.shape[1], least=least)


def _distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    from scipy.spatial import distance

    return distance.cdist(x, y)


def _radii(x: np.ndarray, k: int) -> np.ndarray:
    """Return each point's distance to its k-th nearest neighbour, itself left out."""
    return np.partition(_distances(x, x), k, axis=1)[:, k]


@np.errstate(under="ignore")
def _kernel(points: np.ndarray, bandwidth: float | None) -> np.ndarray:
    """Return the kernel between all points, with 0 between a point and itself."""
    distances = _distances(points, points)
    if bandwidth is None:
        apart = distances[distances > 0]
        bandwidth = float(np.median(apart)) if apart.size else 1.0
    width = _validate.real("bandwidth", bandwidth, above=0)
    kernel = np.exp(-((distances / width) ** 2) / 2)
    np.fill_diagonal(kernel, 0.0)
    return kernel


@np.errstate(under="ignore")
def _discrepancy(kernel: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the unbiased estimate for each column that says who is in the first."""
    z = first.astype(np.float64)
    n, total, ends = z.sum(axis=0), kernel.sum(), kernel.sum(axis=0) @ z
    m = len(kernel) - n
    within = (z * (kernel @ z)).sum(axis=0)
    others, across = total - 2 * ends + within, ends - within
    return within / (n * (n - 1)) + others / (m * (m - 1)) - 2 * across / (n * m)


def _staircase(n: int, m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where two empirical quantile functions step, and how long each step is."""
    ends = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)
    starts = np.append(0, ends[:-1])
    return starts // m, starts // n, (ends - starts) / (n * m)


def _judged(classifier: Any, x: ArrayLike) -> np.ndarray:
    judge = getattr(classifier, "predict_proba", None)
    if not callable(judge):
        got = _validate.describe(classifier)
        raise TypeError(f"classifier: expected a predict_proba method, got {got}")
    judged = np.asarray(judge(_sample("x", x, columns="d", least=1)))
    return _validate.array("classifier", judged, shape=("n", "classes"), low=0, high=1)
