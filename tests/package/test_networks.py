"""Networks: layers by hand, and outputs that see what they may, tried by gradients."""

from __future__ import annotations

import pytest
import torch

from lecture_code import networks

CAUSAL = {
    "logistic": lambda: networks.masked_mlp([16, 16]),
    "one hidden layer": lambda: networks.masked_mlp([16, 40, 16], activation="tanh"),
    "two, one of them narrow": lambda: networks.masked_mlp([16, 5, 40, 16]),
    "convolution": lambda: networks.MaskedConvNet(4, channels=6, depth=2),
    "convolution, no residual": lambda: networks.MaskedConvNet(4, depth=0),
    "recurrent": lambda: networks.CausalGRU(16, hidden=6),
}
each_network = pytest.mark.parametrize("name", CAUSAL)


def test_an_mlp_is_its_formula():
    network = networks.mlp([3, 5, 4, 2], activation="tanh")
    first, second, third = (m for m in network if isinstance(m, torch.nn.Linear))
    x = torch.randn(7, 3)
    h = torch.tanh(x @ first.weight.T + first.bias)
    h = torch.tanh(h @ second.weight.T + second.bias)
    torch.testing.assert_close(network(x), h @ third.weight.T + third.bias)


def test_a_rubbed_out_connection_has_no_effect_and_never_learns():
    layer = networks.MaskedLinear(3, 2, mask=[[1, 0, 0], [1, 1, 0]])
    assert networks.dependence(layer, torch.randn(4, 3)).gt(0).tolist() == [
        [True, False, False],
        [True, True, False],
    ]
    layer(torch.randn(5, 3)).square().sum().backward()
    assert (layer.weight.grad != 0).float().tolist() == layer.mask.tolist()


@each_network
def test_an_output_depends_on_inputs_before_it_only(name):
    network = CAUSAL[name]().double()
    x = torch.randn(8, 16, dtype=torch.float64)
    assert networks.dependence(network, x).triu().count_nonzero() == 0


@pytest.mark.parametrize("name", ["logistic", "one hidden layer", "recurrent"])
def test_an_output_depends_on_every_input_before_it(name):
    network = CAUSAL[name]().double()
    x = torch.randn(64, 16, dtype=torch.float64)
    assert networks.dependence(network, x).count_nonzero() == 16 * 15 // 2


def test_a_masked_convolution_has_a_blind_spot():
    network = networks.MaskedConvNet(8, channels=4, depth=4).double()
    sees = networks.dependence(network, torch.randn(8, 64, dtype=torch.float64)) > 0
    above_left = sees[4 * 8 + 4].reshape(8, 8)
    assert above_left[4, :4].all()
    assert above_left[3, :7].all()
    assert not above_left[3, 7]  # to the right, out of reach of any path


@pytest.mark.parametrize("sizes", [[1, 1], [1, 4, 1]])
def test_a_single_pixel_sees_nothing(sizes):
    network = networks.masked_mlp(sizes)
    assert network(torch.zeros(1, 1)) == network(torch.ones(1, 1))


@pytest.mark.parametrize(("centre", "seen"), [(True, 5), (False, 4)])
def test_a_masked_filter_sees_above_and_left(centre, seen):
    layer = networks.MaskedConv(1, 1, centre=centre)
    x = torch.randn(1, 1, 5, 5, requires_grad=True)
    layer(x)[0, 0, 2, 2].backward()
    used = x.grad[0, 0].ne(0)
    assert used.sum() == seen
    assert not used[3:].any()
    assert not used[2, 3:].any()
    assert used[2, 2].item() is centre


def test_the_dependence_of_a_linear_map_is_its_matrix():
    layer = torch.nn.Linear(3, 2)
    got = networks.dependence(layer, torch.randn(5, 3))
    torch.testing.assert_close(got, layer.weight.detach().abs())
    assert layer.weight.grad is None


def test_probing_tells_the_shape_or_the_error_and_leaves_no_trace():
    net = networks.mlp([3, 4, 2], dropout=0.5).double()
    before = torch.get_rng_state()
    assert networks.probe(net, torch.zeros(5, 3)) == (5, 2)
    assert "cannot be multiplied" in str(networks.probe(net, torch.zeros(5, 4)))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(module.training for module in net.modules())


def test_probing_keeps_whole_numbers_whole():
    net = networks.TimeMLP(2, hidden=4, classes=3).double()
    inputs = torch.zeros(5, 2), torch.zeros(5), torch.full((5,), 3)
    assert networks.probe(net, *inputs) == (5, 2)


# ---------------------------------------------------------- told the time and class


def timed(**settings):
    """Return a network whose weights are far from where they start."""
    made = networks.TimeMLP(4, hidden=6, classes=3, **settings).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=0.5)
    return made


X = torch.randn(5, 4, generator=torch.Generator().manual_seed(3)).double()
T = torch.linspace(0, 1, 5).double()
LABELS = torch.tensor([0, 1, 2, 3, 1])


def test_a_new_network_returns_zeros():
    made = networks.TimeMLP(4, hidden=6, classes=3)
    assert torch.equal(made(X, T, LABELS), torch.zeros(5, 4))


@pytest.mark.parametrize("depth", [0, 2])
def test_output_has_the_shape_of_the_input_and_the_dtype_of_the_weights(depth):
    assert timed(depth=depth)(X.float(), T.float(), LABELS).shape == (5, 4)
    assert timed(depth=depth).float()(X, T, LABELS).dtype is torch.float32


def test_time_and_class_change_the_output():
    made = timed()
    base = made(X, T, LABELS)
    assert (made(X, T / 2 + 0.1, LABELS) - base).abs().min() > 1e-6
    assert (made(X, T, (LABELS + 1) % 4) - base).abs().min() > 1e-6


def test_no_labels_mean_the_label_for_none():
    made = timed()
    assert torch.equal(made(X, T), made(X, T, torch.full((5,), 3)))


def test_a_layer_is_written_out_once():
    made = timed(depth=1)
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
