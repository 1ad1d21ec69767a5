"""A network that is given the time and the class uses both, and starts at zero."""

from __future__ import annotations

import pytest
import torch

from lecture_code import networks


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


def net(**settings):
    """Return a network whose weights are far from where they start."""
    made = networks.TimeMLP(4, hidden=6, classes=3, **settings).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=0.5)
    return made


X, T = torch.randn(5, 4, dtype=torch.float64), torch.linspace(0, 1, 5).double()
LABELS = torch.tensor([0, 1, 2, 3, 1])


def test_a_new_network_returns_zeros():
    made = networks.TimeMLP(4, hidden=6, classes=3)
    assert torch.equal(made(X, T, LABELS), torch.zeros(5, 4))


@pytest.mark.parametrize("depth", [0, 2])
def test_output_has_the_shape_of_the_input_and_the_dtype_of_the_weights(depth):
    assert net(depth=depth)(X.float(), T.float(), LABELS).shape == (5, 4)
    assert net(depth=depth).float()(X, T, LABELS).dtype is torch.float32


def test_time_and_class_change_the_output():
    made = net()
    base = made(X, T, LABELS)
    assert (made(X, T / 2 + 0.1, LABELS) - base).abs().min() > 1e-6
    assert (made(X, T, (LABELS + 1) % 4) - base).abs().min() > 1e-6


def test_times_zero_and_one_differ():
    made = net()
    first, last = made(X, torch.zeros(5)), made(X, torch.ones(5))
    assert (first - last).abs().max() > 1e-2


def test_no_labels_mean_the_label_for_none():
    made = net()
    assert torch.equal(made(X, T), made(X, T, torch.full((5,), 3)))


def test_each_row_is_for_itself():
    made, labels = net(), torch.tensor([0, 1, 2, 3, 0])
    alone = torch.cat(
        [made(X[i : i + 1], T[i : i + 1], labels[i : i + 1]) for i in range(5)]
    )
    torch.testing.assert_close(made(X, T, labels), alone)


def test_a_layer_is_written_out_once():
    made = net(depth=1)
    (layer,) = made.layers
    condition = torch.randn(5, 6, dtype=torch.float64)
    h = torch.randn(5, 6, dtype=torch.float64)
    level = (h - h.mean(1, keepdim=True)) / (
        h.var(1, unbiased=False, keepdim=True) + 1e-5
    ).sqrt()
    scale, shift = (condition @ layer.film.weight.T + layer.film.bias).chunk(2, dim=1)
    inner = (level @ layer.inner.weight.T + layer.inner.bias) * (1 + scale) + shift
    want = h + (inner * inner.sigmoid()) @ layer.outer.weight.T + layer.outer.bias
    torch.testing.assert_close(layer(h, condition), want)
