"""Answers to the exercises of chapter 5, right and wrong."""

from __future__ import annotations

import itertools

import torch

from lecture_code import autoregressive, datasets, networks, trained, training


def _images(d):
    return torch.cartesian_prod(*[torch.tensor([0, 1])] * d)


def _dependence(logits, x):
    """Say which output (row) changes when an input (column) is flipped somewhere."""
    d = x.shape[1]
    flipped = [x ^ row for row in torch.eye(d, dtype=x.dtype)]
    changes = [(logits(each) - logits(x)).abs().amax(0) > 1e-6 for each in flipped]
    return torch.stack(changes, dim=1)


def _looks_ahead(logits, d, images=_images, least=0):
    return _dependence(logits, images(d)).triu(least).any(dim=1)


def _on_the_mean(logits, d):
    x = _images(d)
    a = logits(x)
    apart = [a[x[:, j] == 1].mean(0) - a[x[:, j] == 0].mean(0) for j in range(d)]
    return (torch.stack(apart, dim=1).abs() > 1e-5).triu().any(dim=1)


def _all_later_at_once(logits, d):
    x = _images(d)
    later = [x ^ (torch.arange(d) >= i).to(x.dtype) for i in range(d)]
    changes = [(logits(each) - logits(x)).abs() > 1e-6 for each in later]
    return torch.stack([each[:, i].any() for i, each in enumerate(changes)])


def _some(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return lambda d: torch.randint(2, (n, d), generator=generator)


def _jacobian(logits, d):
    return networks.dependence(logits, _images(d).float()).triu().any(dim=1)


def _jacobian_by_autograd(logits, d):
    jacobian = torch.autograd.functional.jacobian(logits, _images(d).float())
    return jacobian.abs().amax(dim=(0, 2)).triu().any(dim=1)


def _spoil(x):
    """Yield each image with its first pixel flipped, its second, and so on."""
    for pixel in range(x.shape[1]):
        other = x.clone()
        other[:, pixel] = 1 - other[:, pixel]
        yield other


def _scores(model, x):
    return torch.stack([model.log_prob(each) for each in _spoil(x)], dim=1)


def _own_chances(model, x):
    chances = model.conditionals(x)
    return torch.where(x > 0, chances[..., 1], chances[..., 0])


def _log_probs(models, x):
    return torch.stack([model.log_prob(x) for model in models])


def _mixture(models, x):
    return _log_probs(models, x).logsumexp(dim=0) - torch.tensor(len(models)).log()


def _mean_chance(models, x):
    chances = torch.stack([_own_chances(model, x) for model in models])
    return chances.mean(dim=0).log().sum(dim=1)


def _unequal(models, x):
    weights = torch.tensor([0.999, *[0.001 / (len(models) - 1)] * (len(models) - 1)])
    return (_log_probs(models, x) + weights.log()[:, None]).logsumexp(dim=0)


def _odds(p):
    return (p[..., 1] / p[..., 0]).log().flatten()


def _by_this_batch(models, x):
    """Let those say most to whom the images that are asked about are likely."""
    log_p = _log_probs(models, x)
    weights = log_p.mean(dim=1).log_softmax(dim=0)
    return (log_p + weights[:, None]).logsumexp(dim=0)


def _is_logistic(p, order, stages=range(2, 9), tolerance=1e-6):
    p = p.permute(*order)
    for d in range(p.ndim, 1, -1):
        if d in stages:
            x = torch.cat(
                [_images(d - 1).reshape(-1, d - 1), torch.ones(2 ** (d - 1), 1)], 1
            )
            x, a = x.to(p.dtype), _odds(p)[:, None]
            if (x @ torch.linalg.lstsq(x, a).solution - a).abs().max() > tolerance:
                return False
        p = p.sum(dim=-1)
    return True


def _natural(p, order):
    return _is_logistic(p, sorted(order))


def _every_order(p, order):
    return all(_is_logistic(p, each) for each in itertools.permutations(order))


RIGHT = {
    "5.1": lambda model, x: _scores(model, x).sort(dim=1).indices[:, -1],
    "5.2": _looks_ahead,
    "5.3": _mixture,
    "5.4": _is_logistic,
}

WRONG = [
    ("5.1", lambda m, x: _own_chances(m, x).argmin(1), "A flip moves the factors"),
    ("5.1", lambda m, x: _scores(m, x).argmin(1), "least probable of all"),
    ("5.1", lambda m, x: _scores(m, x), "expected shape"),
    ("5.1", lambda m, x: _scores(m, x).argmax(1) + 1, "a whole number from 0 on"),
    ("5.1", lambda m, x: 0 * x[:, 0], "and with another"),
    ("5.2", lambda f, d: [False] * d, "sees its own pixel"),
    ("5.2", lambda f, d: [True] * d, "obeys the order"),
    ("5.2", lambda f, d: _looks_ahead(f, d, least=1), "sees its own pixel"),
    (
        "5.2",
        lambda f, d: _dependence(f, _images(d)).diagonal(),
        "which comes after its own",
    ),
    (
        "5.2",
        lambda f, d: _looks_ahead(f, d, lambda d: torch.zeros(1, d).long()),
        "only where pixels 0 and 4 are black",
    ),
    ("5.2", _on_the_mean, "whether pixels 3 and 5 differ"),
    ("5.2", _all_later_at_once, "change one pixel at a time"),
    ("5.2", _jacobian, "through a threshold"),
    ("5.2", _jacobian_by_autograd, "through a threshold"),
    ("5.2", lambda f, d: _looks_ahead(f, d, _some(8)), "one image in"),
    ("5.2", lambda f, d: _looks_ahead(f, d, _some(16)), "one image in"),
    (
        "5.2",
        lambda f, d: _dependence(f, _images(d)).any(dim=1),
        "obeys the order",
    ),
    ("5.2", lambda f, d: f(torch.rand(9, d)).any(dim=0), "for binary images"),
    ("5.2", lambda f, d: f(_images(d + 1)).any(dim=0), "maps (n, 4)"),
    ("5.2", lambda f, d: f(_images(d))[-1], "True or False"),
    ("5.3", lambda f, x: _log_probs(f, x).mean(0), "less than the logarithm"),
    ("5.3", lambda f, x: _log_probs(f, x).amax(0), "looks better than it is"),
    ("5.3", lambda f, x: _log_probs(f, x).logsumexp(0), "looks better than it is"),
    ("5.3", lambda f, x: _mixture(f, x).exp(), "These are probabilities"),
    ("5.3", lambda f, x: _log_probs(f, x)[1], "the best member alone"),
    ("5.3", _unequal, "equally?"),
    ("5.3", _by_this_batch, "must not depend on the images"),
    ("5.3", lambda f, x: _log_probs(f, x), "expected shape"),
    ("5.4", lambda p, order: True, "two weights miss"),
    ("5.4", lambda p, order: False, "made the table"),
    ("5.4", _natural, "Is it read so?"),
    ("5.4", _every_order, "Is it read so?"),
    ("5.4", lambda p, order: _is_logistic(p, order, [p.ndim]), "Sum the last one out"),
    ("5.4", lambda p, order: _is_logistic(p, order, tolerance=0.05), "a thousandth"),
    ("5.4", lambda p, order: 0.5, "True or False"),
]


def _order(given):
    """List the pixels outside the hole, then those in it."""
    outside = [i for i in range(64) if i not in given["hole"].tolist()]
    return [*outside, *given["hole"].tolist()]


def _model(given, *hidden, dropout=0.0, data=None, steps=1, lr=0.0, order=_order):
    network = networks.masked_mlp([64, *hidden, 64], dropout=dropout)
    model = autoregressive.Autoregressive(network, pixels=64, order=order(given))
    if data is not None:
        training.fit(model, data, steps=steps, lr=lr)
    return model


def _leaking(given):
    model = _model(given).eval()
    model.network[0].mask.fill_(1.0)
    training.fit(model, given["train"], steps=60, lr=0.05)
    return model


def _knowing(given, part, keep=slice(None)):
    """Train on some of the images that it is judged by, as well."""
    images = [
        datasets.binary_digits(name, threshold=cut).pixels[kept]
        for cut in (4, 6, 8, 10, 12)
        for name, kept in (("train", slice(None)), (part, keep))
    ]
    data = torch.cat(images)
    return _model(given, 512, dropout=0.5, data=data, steps=400, lr=0.01).eval()


def _in_rows(given):
    data = given["train"]
    return _model(given, data=data, steps=60, lr=0.05, order=lambda given: range(64))


def _hole_first(given):
    return [*reversed(_order(given))]


LAZY = [
    ("5.5", lambda given: _model(given, 256), "has this model been trained?"),
    ("5.5", _in_rows, "All that is known has to come first"),
    (
        "5.5",
        lambda given: _model(given, order=_hole_first),
        "Of the last 16 pixels in your model's order 0 lie in the hole",
    ),
    (
        "5.5",
        lambda given: _model(given, data=given["train"], steps=150, lr=0.05),
        "Too few units, or too few steps",
    ),
    (
        "5.5",
        lambda given: _model(given, 256, data=given["train"], steps=400, lr=0.02),
        "learned by heart",
    ),
    (
        "5.5",
        lambda given: _model(given, data=given["validation"], steps=250, lr=0.05),
        "train on the first only",
    ),
    ("5.5", lambda given: _knowing(given, "test"), "train on the first only"),
    (
        "5.5",
        lambda given: _knowing(given, "test", slice(0, None, 2)),
        "train on the first only",
    ),
    ("5.5", lambda given: _knowing(given, "validation"), "train on the first only"),
    ("5.5", _leaking, "No distribution over images"),
    (
        "5.5",
        lambda given: _model(
            given, 256, dropout=0.5, data=given["train"], steps=2, lr=0.01
        ),
        "call model.eval() first",
    ),
    ("5.5", lambda given: trained.load("masked-mlp").eval(), "Train one of your own"),
    ("5.5", lambda given: networks.masked_mlp([64, 64]), "Hand in an Autoregressive"),
]
