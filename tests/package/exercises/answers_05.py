"""Answers to exercises 5.2 to 5.4 and to the lab of chapter 5, right and wrong."""

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


def _full_matrix(W, b, n, generator):
    x = torch.zeros(n, len(b), dtype=W.dtype)
    for i in range(len(b)):
        p = torch.sigmoid(x @ W[i] + b[i])  # what is not drawn yet is 0
        x[:, i] = torch.bernoulli(p, generator=generator)
    return x


def _odds(p):
    return (p[..., 1] / p[..., 0]).log().flatten()


def _is_logistic(p, order, stages=range(2, 9)):
    p = p.permute(*order)
    for d in range(p.ndim, 1, -1):
        if d in stages:
            x = torch.cat(
                [_images(d - 1).reshape(-1, d - 1), torch.ones(2 ** (d - 1), 1)], 1
            )
            x, a = x.to(p.dtype), _odds(p)[:, None]
            if (x @ torch.linalg.lstsq(x, a).solution - a).abs().max() > 1e-6:
                return False
        p = p.sum(dim=-1)
    return True


def _natural(p, order):
    return _is_logistic(p, sorted(order))


def _every_order(p, order):
    return all(_is_logistic(p, each) for each in itertools.permutations(order))


RIGHT = {
    "5.2": _looks_ahead,
    "5.4": _is_logistic,
}

WRONG = [
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
    ("5.3", _full_matrix, "0 times NaN is no 0"),
    ("5.4", lambda p, order: True, "two weights miss"),
    ("5.4", lambda p, order: False, "made the table"),
    ("5.4", _natural, "Is it read so?"),
    ("5.4", _every_order, "Is it read so?"),
    ("5.4", lambda p, order: _is_logistic(p, order, [p.ndim]), "Sum the last one out"),
    ("5.4", lambda p, order: 0.5, "True or False"),
]


def _model(*hidden, dropout=0.0, data=None, steps=1, lr=0.0):
    network = networks.masked_mlp([64, *hidden, 64], dropout=dropout)
    model = autoregressive.Autoregressive(network, pixels=64)
    if data is not None:
        training.fit(model, data, steps=steps, lr=lr)
    return model


def _leaking(given):
    model = _model().eval()
    model.network[0].mask.fill_(1.0)
    training.fit(model, given["train"], steps=60, lr=0.05)
    return model


def _knowing_the_test(given):
    images = torch.cat([given["train"], datasets.binary_digits("test").pixels])
    return _model(512, dropout=0.5, data=images, steps=300, lr=0.01).eval()


LAZY = [
    ("5.5", lambda given: _model(256), "has this model been trained?"),
    (
        "5.5",
        lambda given: _model(data=given["train"], steps=150, lr=0.05),
        "Too few units, or too few steps",
    ),
    (
        "5.5",
        lambda given: _model(256, data=given["train"], steps=300, lr=0.02),
        "learned by heart",
    ),
    (
        "5.5",
        lambda given: _model(data=given["validation"], steps=250, lr=0.05),
        "train on the first only",
    ),
    ("5.5", _knowing_the_test, "as if it had seen them"),
    ("5.5", _leaking, "No distribution over images"),
    (
        "5.5",
        lambda given: _model(256, dropout=0.5, data=given["train"], steps=2, lr=0.01),
        "call model.eval() first",
    ),
    ("5.5", lambda given: trained.load("masked-mlp").eval(), "Train one of your own"),
    ("5.5", lambda given: networks.masked_mlp([64, 64]), "Hand in an Autoregressive"),
]
