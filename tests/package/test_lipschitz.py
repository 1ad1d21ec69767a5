"""Slopes of networks: known nets, finite differences, dense matrices, refusals."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn

from lecture_code import lipschitz


def _net(*sizes, activation=None, gain=2.0, seed=0):
    torch.manual_seed(seed)
    layers = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), activation or nn.LeakyReLU(0.2)]
    net = nn.Sequential(*layers[:-1])
    for values in net.parameters():
        values.data *= gain
    return net


@torch.no_grad()
def _quotients(net, low, high, points=40_001):
    net = net.double().eval()
    z = torch.linspace(low, high, points, dtype=torch.float64)[:, None]
    return (net(z).diff(dim=0).norm(dim=1) / z.diff(dim=0)[:, 0]).max().item()


# ------------------------------------------------------------------- exactly, in 1-D


def _tent():
    """max(0, z) - 3 max(0, z - 1) + 2 max(0, z - 2): slopes 0, 1, -2, 0."""
    net = nn.Sequential(nn.Linear(1, 3), nn.ReLU(), nn.Linear(3, 1))
    net[0].weight.data = torch.ones(3, 1)
    net[0].bias.data = torch.tensor([0.0, -1.0, -2.0])
    net[2].weight.data = torch.tensor([[1.0, -3.0, 2.0]])
    net[2].bias.data = torch.zeros(1)
    return net


@pytest.mark.parametrize(
    ("low", "high", "slope"), [(-1, 3, 2), (0.2, 0.9, 1), (-3, -0.5, 0), (0.5, 1.1, 2)]
)
def test_a_tent_has_the_slopes_that_it_was_given(low, high, slope):
    assert lipschitz.exact_1d(_tent(), low, high) == pytest.approx(slope, abs=1e-12)


def test_a_linear_net_is_one_piece():
    layer = nn.Linear(1, 2)
    layer.weight.data = torch.tensor([[3.0], [-4.0]])
    assert lipschitz.exact_1d(layer, -1, 2) == pytest.approx(5)
    points, values = lipschitz.knots_1d(layer, -1, 2)
    assert points.tolist() == [-1, 2]
    torch.testing.assert_close(
        values.diff(dim=0), torch.tensor([[9.0, -12.0]]).double()
    )


@pytest.mark.parametrize("sizes", [(1, 128, 1), (1, 64, 32, 1), (1, 40, 30, 20, 2)])
@pytest.mark.parametrize("activation", [nn.ReLU(), nn.LeakyReLU(0.2)])
def test_a_random_net_agrees_with_its_quotients(sizes, activation):
    net = _net(*sizes, activation=activation)
    exact = lipschitz.exact_1d(net, -5, 5)
    quotient = _quotients(net, -5, 5, 100_001)
    assert quotient <= exact * (1 + 1e-8)
    assert quotient == pytest.approx(exact, rel=1e-6)


def test_between_its_knots_a_net_is_linear():
    net = _net(1, 16, 16, 1)
    points, values = lipschitz.knots_1d(net, -2, 3)
    assert points[0] == -2
    assert points[-1] == 3
    assert (points.diff() > 0).all()
    shares = torch.tensor([0.0, 0.3, 0.9, 1.0], dtype=torch.float64)[:, None]
    between = torch.lerp(points[:-1], points[1:], shares)
    want = torch.lerp(values[:-1, 0], values[1:, 0], shares)
    with torch.no_grad():
        got = net.double()(between.reshape(-1, 1)).reshape(want.shape)
    torch.testing.assert_close(got, want)
    slopes = values.diff(dim=0).abs() / points.diff()[:, None]
    exact = lipschitz.exact_1d(net, -2, 3)
    assert slopes.max().item() == pytest.approx(exact, rel=1e-6)


def test_normalised_layers_are_read_as_in_evaluation():
    plain = _net(1, 16, 1)
    norm = nn.BatchNorm1d(16)
    norm.running_var.fill_(4.0)
    norm.running_mean.fill_(0.3)
    net = nn.Sequential(plain[0], norm, nn.Identity(), nn.Dropout(0.5), *plain[1:])
    exact = lipschitz.exact_1d(net.train(), -5, 5)
    assert exact == pytest.approx(_quotients(net, -5, 5, 100_001), rel=1e-6)


@pytest.mark.parametrize("size", [1, 1e6])
def test_two_neurons_that_turn_at_one_point_leave_no_sliver(size):
    # 7 max(0, 3 z - s) - 3 max(0, 7 z - 7 s/3): both turn at s/3, up to rounding.
    net = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1)).double()
    net[0].weight.data = torch.tensor([[3.0], [7.0]], dtype=torch.float64)
    net[0].bias.data = size * torch.tensor([-1.0, -7 / 3], dtype=torch.float64)
    net[2].weight.data = torch.tensor([[7.0, -3.0]], dtype=torch.float64)
    assert len(lipschitz.knots_1d(net, -size, size)[0]) == 4  # one piece too many
    assert lipschitz.exact_1d(net, -size, size) == pytest.approx(0.0, abs=1e-9)


def test_a_neuron_that_turns_at_an_end_adds_no_point():
    points, values = lipschitz.knots_1d(_tent(), 0, 2)
    assert points.tolist() == [0, 1, 2]
    assert values.squeeze().tolist() == pytest.approx([0, 1, -1])


# --------------------------------------------------------------------------- from above


def test_the_bounds_bracket_the_truth():
    for seed in range(2):
        net = _net(1, 32, 32, 1, seed=seed)
        exact = lipschitz.exact_1d(net, -5, 5)
        latents = torch.randn(200, 1, generator=torch.Generator().manual_seed(seed))
        below = lipschitz.lower_bound(net, latents.clamp(-4, 4))
        assert below <= exact * (1 + 1e-6)
        assert below > 0.5 * exact
        assert exact <= lipschitz.upper_bound(net)


def test_the_product_is_that_of_the_layers():
    net = _net(3, 5, 2, activation=nn.SiLU())
    weights = [layer.weight.detach().double() for layer in (net[0], net[2])]
    norms = [float(torch.linalg.svdvals(weight)[0]) for weight in weights]
    expected = 1.0999 * norms[0] * norms[1]
    assert lipschitz.upper_bound(net) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("layer", "slope"),
    [
        *((nn.ReLU(), 1), (nn.Tanh(), 1), (nn.Sigmoid(), 0.25), (nn.Softplus(), 1)),
        *((nn.LeakyReLU(3.0), 3), (nn.ELU(2.0), 2), (nn.SiLU(), 1.09984)),
        *((nn.GELU(), 1.12890), (nn.GELU("tanh"), 1.12899), (nn.Hardtanh(), 1)),
    ],
    ids=repr,
)
def test_an_activation_is_bounded_by_its_largest_slope(layer, slope):
    z = torch.linspace(-8, 8, 200_001, dtype=torch.float64, requires_grad=True)
    (slopes,) = torch.autograd.grad(layer(z).sum(), z)
    steepest = slopes.abs().max().item()
    assert steepest == pytest.approx(slope, abs=4e-4)
    assert steepest <= lipschitz.upper_bound(layer) <= steepest + 4e-4


@pytest.mark.parametrize("affine", [True, False])
def test_a_normalised_layer_is_as_steep_as_its_steepest_channel(affine):
    layer = nn.BatchNorm1d(2, eps=0.5, affine=affine)
    layer.running_var.copy_(torch.tensor([0.5, 3.5]))
    if affine:
        layer.weight.data = torch.tensor([-2.0, 6.0])
    bound, slope = lipschitz.upper_bound(layer), 3.0 if affine else 1.0
    assert slope < bound < slope * (1 + 1e-11)  # rounded up, never down


@pytest.mark.parametrize("input_shape", [None, (1, 1)])
@pytest.mark.parametrize("layer", [nn.Linear(1, 1), nn.Conv1d(1, 1, 1)], ids=repr)
def test_a_norm_is_rounded_up(layer, input_shape):
    layer.weight.data.fill_(3.0)
    assert 3 < lipschitz.upper_bound(layer, input_shape) < 3 * (1 + 1e-11)


def _convolutions():
    torch.manual_seed(0)
    return [
        nn.Conv2d(2, 3, 3, padding=1),
        nn.Conv2d(2, 3, 3, stride=2, padding=1),
        nn.Conv2d(4, 6, 3, groups=2),
        nn.Conv2d(2, 3, 3, dilation=2, padding=2),
        nn.Conv2d(2, 3, (1, 5), stride=(1, 3), padding=(0, 2)),
        nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"),
        nn.ConvTranspose2d(2, 3, 4, stride=2, padding=1),
        nn.ConvTranspose2d(4, 6, 3, groups=2),
        nn.Conv1d(4, 5, 5, dilation=2),
        nn.ConvTranspose1d(4, 5, 4, stride=2),
    ]


def test_a_softplus_that_jumps_has_no_bound():
    assert lipschitz.upper_bound(nn.Softplus(threshold=0.1)) == math.inf


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "norm"),
    [(3, 2, 1, math.sqrt(6)), (1, 1, 1, math.sqrt(2))],
)
def test_a_seam_that_is_read_twice_is_certified_at_a_known_size_only(
    kernel, stride, padding, norm
):
    # Of three pixels: two rows of three ones; and the identity with two rows more.
    layer = nn.Conv1d(1, 1, kernel, stride, padding, padding_mode="circular")
    layer.weight.data.fill_(1.0)
    assert lipschitz.upper_bound(layer, (1, 3)) == pytest.approx(norm, rel=1e-9)
    with pytest.raises(ValueError, match=r"^net: expected layers .* got Conv1d$"):
        lipschitz.upper_bound(layer)


@pytest.mark.parametrize("layer", _convolutions(), ids=repr)
def test_a_convolution_has_the_norm_of_its_matrix(layer):
    shape = (layer.in_channels, *[9] * (layer.weight.ndim - 2))
    zero = torch.zeros(1, *shape, dtype=torch.float64)
    matrix = torch.autograd.functional.jacobian(layer.double(), zero)
    matrix = matrix.reshape(-1, zero.numel())
    expected = float(torch.linalg.svdvals(matrix.detach())[0])
    assert lipschitz.upper_bound(layer, shape) == pytest.approx(expected, rel=1e-9)
    assert expected <= lipschitz.upper_bound(layer)  # the norm on an endless image


@pytest.mark.parametrize(
    ("settings", "norm", "degrees"),
    [
        ({"kernel_size": 5}, 5, [2]),
        ({"kernel_size": 3, "dilation": 4}, 3, [4]),
        ({"kernel_size": 4, "stride": 3}, math.sqrt(6), [0.5]),
        ({"kernel_size": 5, "stride": 2, "dilation": 2}, 5, [2]),
        ({"kernel_size": (3, 5)}, 15, [1, 2]),
        ({"kernel_size": (4, 1), "stride": (2, 1)}, math.sqrt(8), [0.5, 0]),
    ],
)
def test_a_kernel_of_ones_is_bounded_by_its_peak_over_a_cosine(settings, norm, degrees):
    # The peak lies at frequency 0; the cosine covers what lies between frequencies.
    size = settings["kernel_size"]
    kind = nn.Conv2d if isinstance(size, tuple) else nn.Conv1d
    layer = kind(1, 1, **settings)
    layer.weight.data.fill_(1.0)
    between = math.prod(math.cos(degree * math.pi / 64) for degree in degrees)
    bound = lipschitz.upper_bound(layer)
    assert bound == pytest.approx(norm / between, rel=1e-9)


@pytest.mark.parametrize(("taps", "dilation"), [(33, 1), (64, 1), (100, 1), (3, 40)])
@pytest.mark.parametrize("last_only", [True, False])
def test_a_kernel_longer_than_the_grid_is_bounded_too(taps, dilation, last_only):
    layer = nn.Conv1d(1, 1, taps, dilation=dilation, bias=False)
    layer.weight.data.fill_(1.0)
    if last_only:
        layer.weight.data[..., :-1] = 0.0
    size = dilation * (taps - 1) + 1
    between = math.cos((size - 1) / 2 * math.pi / (2 * size))
    bound = lipschitz.upper_bound(layer)
    assert bound == pytest.approx(layer.weight.sum().item() / between, rel=1e-9)


def test_spectral_normalisation_is_not_taken_at_its_word():
    torch.manual_seed(0)
    layer = nn.utils.parametrizations.spectral_norm(nn.Linear(64, 64))
    bound = lipschitz.upper_bound(nn.Sequential(layer, nn.ReLU()))
    true = float(torch.linalg.svdvals(layer.eval().weight.detach().double())[0])
    assert bound == pytest.approx(true, rel=1e-6)
    assert bound > 1


# --------------------------------------------------------------------------- from below


def test_a_linear_net_is_seen_whole(generator):
    layer = nn.Linear(4, 3)
    norm = float(torch.linalg.svdvals(layer.weight.detach().double())[0])
    latents = torch.randn(5, 4, generator=generator)
    assert lipschitz.lower_bound(layer, latents) == pytest.approx(norm, rel=1e-9)


def test_climbing_finds_a_steep_place_that_no_sample_hit():
    # tanh(6 z) has slope 6 at 0 only; the samples lie beside it.
    net = nn.Sequential(nn.Linear(1, 1), nn.Tanh())
    net[0].weight.data, net[0].bias.data = torch.tensor([[6.0]]), torch.zeros(1)
    latents = torch.tensor([[0.5], [0.7], [-0.9]])
    seen = lipschitz.lower_bound(net, latents, steps=0)
    climbed = lipschitz.lower_bound(net, latents)
    assert seen == pytest.approx(6 / math.cosh(3) ** 2, rel=1e-6)
    assert 5.5 < climbed <= 6


class _Bent(nn.Module):
    """Slope ``left`` below 0 and 1 + ``bend`` z above."""

    def __init__(self, bend, left=1.0):
        super().__init__()
        self.bend, self.left = bend, left

    def forward(self, z):
        return torch.where(z < 0, self.left * z, z + self.bend * z.square() / 2)


@pytest.mark.parametrize("bend", [0.01, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 7, 20])
def test_a_climb_takes_steps_of_shrinking_length(bend, steps):
    # Step k goes 0.3 * 0.8^k uphill, however flat the hill is.
    latents = torch.tensor([[0.1], [0.5], [2.0]])
    reached = 2 + 1.5 * (1 - 0.8 ** (steps - 1))
    climbed = lipschitz.lower_bound(_Bent(bend), latents, steps)
    assert climbed == pytest.approx(1 + bend * reached, rel=1e-6)
    if steps == 20:
        assert lipschitz.lower_bound(_Bent(bend), latents) == climbed


def test_a_climb_starts_where_the_net_is_all_but_flat():
    # Far to the left a sigmoid is exp(z), and so are its slope and the slope's slope.
    climbed = lipschitz.lower_bound(nn.Sigmoid(), torch.tensor([[-60.0]]))
    reached = -60 + 1.5 * (1 - 0.8**19)
    assert climbed == pytest.approx(math.exp(reached), rel=1e-6, abs=0)


def test_the_eight_steepest_points_climb():
    net, hill = _Bent(1.0, left=2.0), torch.tensor([[0.9]])
    for flat, climbed in ((7, True), (8, False)):
        latents = torch.cat([-torch.ones(flat, 1), hill])
        assert (lipschitz.lower_bound(net, latents) > 2) == climbed


# ------------------------------------------------------------------------- interface


def test_the_net_and_its_mode_are_left_alone():
    net = nn.Sequential(
        nn.utils.parametrizations.spectral_norm(nn.Linear(1, 4)), nn.ReLU()
    ).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    lipschitz.exact_1d(net, -1, 1)
    lipschitz.upper_bound(net)
    lipschitz.lower_bound(net, torch.zeros(2, 1))
    assert net.training
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())


class _Masked(nn.Linear):
    pass


def _hooked(kind):
    layer = nn.Linear(2, 2)
    getattr(layer, f"register_{kind}_hook")(lambda *call: None)
    return layer


def _without_number():
    layer = nn.Linear(1, 1)
    layer.weight.data.fill_(math.nan)
    return layer


def _walk(net):
    return lipschitz.exact_1d(net, -1, 1)


_MASKED = nn.Sequential(nn.Linear(1, 1), _Masked(1, 1))
_KNOWN, _LINEAR = "with a known Lipschitz constant", "that are piecewise linear"
_FREE = "without hooks, which may change what they compute, got Linear"


@pytest.mark.parametrize(
    ("ask", "net", "said"),
    [
        (lipschitz.upper_bound, _MASKED, f"{_KNOWN}, got _Masked$"),
        (lipschitz.upper_bound, nn.LayerNorm(1), f"{_KNOWN}, got LayerNorm$"),
        (_walk, _MASKED, f"{_LINEAR}, got _Masked$"),
        (_walk, nn.LayerNorm(1), f"{_LINEAR}, got LayerNorm$"),
        # known layers in an unknown mode
        (lipschitz.upper_bound, nn.BatchNorm1d(3, track_running_stats=False), _KNOWN),
        (
            lipschitz.upper_bound,
            nn.Conv1d(1, 1, 3, 1, 1, padding_mode="reflect"),
            _KNOWN,
        ),
        (lipschitz.upper_bound, _hooked("forward_pre"), _FREE),
        (lipschitz.upper_bound, _hooked("forward"), _FREE),
        (_walk, nn.Linear(2, 1), "that fit"),
        (_walk, _net(3, 4, 1), "that fit"),
        (lipschitz.upper_bound, _without_number(), "finite weights, got NaN or inf"),
        (_walk, _without_number(), "finite weights, got NaN or infinity among them$"),
    ],
)
def test_what_cannot_be_told_is_refused_by_name(ask, net, said):
    with pytest.raises(ValueError, match=f"^net: expected (layers )?{said}"):
        ask(net)
