"""How far apart two samples are: all that can be said without a density.

Samples are arrays, tensors or lists of shape (n, d) and (m, d), a row for each example.
Everything is computed in float64, and each function says what it is blind to, for no
single number tells a good sample from a bad one.
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

    The estimate is 0 on average where the laws agree, so that it can be negative. Each
    sample needs two rows.

    Parameters
    ----------
    bandwidth : float, optional
        Width :math:`h` of the kernel; by default the median distance between two
        different points of both samples together.

    References
    ----------
    Gretton, Borgwardt, Rasch, Scholkopf and Smola (2012), A kernel two-sample test,
    eq. (3).
    """
    x, y = _check_pair(x, y, least=2)
    bandwidth = _check_bandwidth(bandwidth)
    first = np.arange(len(x) + len(y)) < len(x)
    kernel = _compute_kernel(np.concatenate([x, y]), bandwidth)
    return float(_estimate_discrepancy(kernel, first))


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
    are dealt out anew. Under the hypothesis each of the :math:`B` deals is as likely as
    the one seen:

    .. math:: p = \frac{1 + \#\{b : T_b \ge T\}}{1 + B},
        \quad P(p \le \alpha) \le \alpha

    A small p-value speaks against a common law; a large one says only that these
    samples did not show a difference.

    References
    ----------
    Gretton, Borgwardt, Rasch, Scholkopf and Smola (2012), A kernel two-sample test,
    section 5.
    """
    x, y = _check_pair(x, y, least=2)
    permutations = _validate.integer("permutations", permutations, low=1)
    generator = _validate.generator("generator", generator)
    bandwidth = _check_bandwidth(bandwidth)
    kernel = _compute_kernel(np.concatenate([x, y]), bandwidth)
    first = torch.arange(len(kernel)) < len(x)
    deals = [
        torch.randperm(len(first), generator=generator) for _ in range(permutations)
    ]
    dealt = np.stack([first, *(first[deal] for deal in deals)]).T
    values = _estimate_discrepancy(kernel, dealt)
    return float(np.mean(values >= values[0] - 1e-12))  # the first is the one seen


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

    The region of a sample, of more than :math:`k` rows, is the union of balls around
    its points, each as wide as the distance to the point's :math:`k`-th nearest
    neighbour in the same sample. A copy of ``real`` scores 1 and 1: neither number
    notices a memoriser.

    References
    ----------
    Kynkaanniemi, Karras, Laine, Lehtinen and Aila (2019), Improved precision and recall
    metric for assessing generative models, eqs. (1) and (2).
    """
    k = _validate.integer("k", k, low=1)
    names = ("real", "generated")
    real, generated = _check_pair(real, generated, names=names, least=k + 1)
    across = _measure_distances(real, generated)
    inside = across <= _measure_radii(real, k)[:, None]
    covered = across <= _measure_radii(generated, k)
    precision, recall = inside.any(axis=0).mean(), covered.any(axis=1).mean()
    return PrecisionRecall(float(precision), float(recall))


@np.errstate(under="ignore")
def frechet(x: ArrayLike, y: ArrayLike) -> float:
    r"""Return the Frechet distance of the Gaussians that fit two samples.

    .. math:: \|\mu_x - \mu_y\|^2 + \mathrm{tr}\left(\Sigma_x + \Sigma_y
        - 2\,(\Sigma_x^{1/2} \Sigma_y \Sigma_x^{1/2})^{1/2}\right)

    This is the *squared* 2-Wasserstein distance of two Gaussians, under the name that
    it has for images, in squared units of the data. It sees means and covariances and
    nothing else. The book uses pixels in [0, 1], where others use the features of a
    network that was trained on photographs. Each sample needs two rows.

    References
    ----------
    Dowson and Landau (1982), The Frechet distance between multivariate normal
    distributions, eq. (4); Heusel, Ramsauer, Unterthiner, Nessler and Hochreiter
    (2017), GANs trained by a two time-scale update rule, eq. (6).
    """
    x, y = _check_pair(x, y, least=2)
    shift = x.mean(axis=0) - y.mean(axis=0)
    first, second = np.atleast_2d(np.cov(x.T)), np.atleast_2d(np.cov(y.T))
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    product = root @ second @ root
    overlap = np.sqrt(np.linalg.eigvalsh((product + product.T) / 2).clip(0)).sum()
    total = shift @ shift + np.trace(first) + np.trace(second) - 2 * overlap
    return max(0.0, float(total))  # rounding can dip below 0


def nearest_distance(x: ArrayLike, reference: ArrayLike) -> np.ndarray:
    r"""Return the distance of each point to the nearest of a reference sample, (n,).

    .. math:: d_i = \min_j \|x_i - r_j\|

    It is in the unit of the data, and 0 for a copy.
    """
    x, reference = _check_pair(x, reference, names=("x", "reference"))
    return _measure_distances(x, reference).min(axis=1)


def copying(generated: ArrayLike, train: ArrayLike, held_out: ArrayLike) -> float:
    r"""Return how often a sample is nearer to the training set than a held-out example.

    .. math:: P(d(g) < d(h)) + \tfrac12 P(d(g) = d(h)), \quad d(x) = \min_j \|x - t_j\|

    It is one half where samples keep the distance that ``held_out`` keeps, 1 for a
    model that copies, and near 0 for one that misses the data. Where ``held_out`` has
    another law than ``train``, the score of a perfect model is that of training
    examples, each left out in turn, which need not be one half.

    References
    ----------
    Meehan, Chaudhuri and Dasgupta (2020), A non-parametric test to detect data-copying
    in generative models, section 3.1.
    """
    generated, train = _check_pair(generated, train, names=("generated", "train"))
    held_out = _check_sample("held_out", held_out, columns=train.shape[1], least=1)
    near = _measure_distances(generated, train).min(axis=1)
    usual = np.sort(_measure_distances(held_out, train).min(axis=1))
    below, until = (np.searchsorted(usual, near, side) for side in ("left", "right"))
    return float(1 - (below + until).mean() / (2 * len(usual)))


def confidence(classifier: Any, x: ArrayLike) -> np.ndarray:
    r"""Return how sure a classifier is of its answer on each image, shape (n,).

    .. math:: c_i = \max_k p(k \mid x_i)

    A classifier is sure of much that it has never seen, of noise too, so the mean is
    never to be quoted alone.

    Parameters
    ----------
    classifier : object
        Already fitted; its ``predict_proba`` maps (n, d) to probabilities (n, classes).
    x : array_like, shape (n, d)
        Images on the scale that the classifier was fitted on.

    References
    ----------
    Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen (2016), Improved techniques
    for training GANs, section 4.
    """
    return _check_answers(classifier, x).max(axis=1)


def _check_sample(
    name: str, value: ArrayLike, *, columns: int | str, least: int
) -> np.ndarray:
    """Return a sample in float64, or refuse one of other columns or too few rows."""
    shape = ("n", columns)
    sample = _validate.array(name, value, shape=shape, low=-_LARGEST, high=_LARGEST)
    if len(sample) < least:
        raise ValueError(f"{name}: expected at least {least} rows, got {len(sample)}")
    return sample


def _check_pair(
    x: ArrayLike,
    y: ArrayLike,
    *,
    names: tuple[str, str] = ("x", "y"),
    least: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Return two samples with the same number of columns."""
    x = _check_sample(names[0], x, columns="d", least=least)
    return x, _check_sample(names[1], y, columns=x.shape[1], least=least)


def _check_bandwidth(value: float | None) -> float | None:
    """Return the width of a kernel, which is left open by None."""
    return None if value is None else _validate.real("bandwidth", value, above=0)


def _check_answers(classifier: Any, x: ArrayLike) -> np.ndarray:
    """Return a classifier's probabilities (n, classes), or refuse it."""
    ask = getattr(classifier, "predict_proba", None)
    if not callable(ask):
        got = _validate.describe(classifier)
        raise TypeError(f"classifier: expected a predict_proba method, got {got}")
    probs = np.asarray(ask(_check_sample("x", x, columns="d", least=1)))
    return _validate.array("classifier", probs, shape=("n", "classes"), low=0, high=1)


def _measure_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the distance (n, m) from every point to every other."""
    from scipy.spatial import distance

    return distance.cdist(x, y)


def _measure_radii(x: np.ndarray, k: int) -> np.ndarray:
    """Return each point's distance to its k-th nearest neighbour, itself left out."""
    return np.partition(_measure_distances(x, x), k, axis=1)[:, k]


@np.errstate(under="ignore")
def _compute_kernel(points: np.ndarray, bandwidth: float | None) -> np.ndarray:
    """Return the kernel between all points, with 0 between a point and itself."""
    distances = _measure_distances(points, points)
    if bandwidth is None:
        apart = distances[distances > 0]
        bandwidth = float(np.median(apart)) if apart.size else 1.0
    kernel = np.exp(-((distances / bandwidth) ** 2) / 2)
    np.fill_diagonal(kernel, 0.0)
    return kernel


@np.errstate(under="ignore")
def _estimate_discrepancy(kernel: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the unbiased estimate for each column that says who is in the first."""
    z = first.astype(np.float64)
    n, total, ends = z.sum(axis=0), kernel.sum(), kernel.sum(axis=0) @ z
    m = len(kernel) - n
    within = (z * (kernel @ z)).sum(axis=0)
    others, across = total - 2 * ends + within, ends - within
    return within / (n * (n - 1)) + others / (m * (m - 1)) - 2 * across / (n * m)
