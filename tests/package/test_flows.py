"""Flows: invertible, with the right Jacobian, and densities to the last digit."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lecture_code import flows, networks


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _random(layer: torch.nn.Module, spread: float = 0.4) -> torch.nn.Module:
    """Move the parameters away from where they start."""
    generator = _seeded(5)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(std=spread, generator=generator)
    return layer.double().requires_grad_(False)


def _coupling(mask=(1, 0, 0), spread: float = 0.8) -> torch.nn.Module:
    d = len(mask)
    network = networks.mlp([d, 16, 2 * d], activation="tanh")
    return _random(flows.AffineCoupling(network, mask=list(mask)), spread)


def _counted() -> flows.Marginals:
    x = torch.tensor([[0.0, 3, 2], [1, 3, 0], [1, 1, 3], [0, 3, 2]])
    return flows.Marginals(3, levels=4).count(x, smoothing=0.5)


LAYERS = {
    "coupling": _coupling,
    "triangular": lambda: _random(flows.Triangular(3)),
    "marginals": _counted,
}
each_layer = pytest.mark.parametrize("name", LAYERS)


def _points(name: str) -> torch.Tensor:
    scale = 4 if name == "marginals" else 3
    return scale * torch.rand(40, 3, generator=_seeded(1), dtype=torch.float64)


def plane(depth: int = 4) -> flows.Flow:
    """Return a flow of the plane that bends a good deal."""
    masks = [(1, 0), (0, 1)] * (depth // 2)
    return flows.Flow(
        [_coupling(m, 0.4) for m in masks] + [_random(flows.Triangular(2))], d=2
    )


def _jacobian(encode, v: torch.Tensor) -> torch.Tensor:
    """Differentiate what a point becomes; ``encode`` takes a batch."""
    return torch.autograd.functional.jacobian(lambda u: encode(u[None])[0], v)


@each_layer
def test_the_log_determinant_is_autograds(name):
    layer, x = LAYERS[name](), _points(name)
    jacobians = [_jacobian(lambda u: layer(u)[0], v) for v in x]
    want = torch.stack([torch.linalg.slogdet(each)[1] for each in jacobians])
    torch.testing.assert_close(layer(x)[1], want, atol=1e-8, rtol=0)


def test_the_flow_adds_up_its_layers():
    flow, x = plane(), torch.randn(30, 2, generator=_seeded(2)).double()
    jacobians = [_jacobian(flow.encode, v) for v in x]
    want = torch.stack([torch.linalg.slogdet(each)[1] for each in jacobians])
    torch.testing.assert_close(flow.log_det(x), want)
    torch.testing.assert_close(flow.decode(flow.encode(x)), x, atol=1e-9, rtol=0)
    base = torch.distributions.Normal(0.0, 1.0).log_prob(flow.encode(x)).sum(dim=1)
    torch.testing.assert_close(flow.log_prob(x), base + want)
    torch.testing.assert_close(flow.loss(x), -(base + want).mean())


@each_layer
def test_inverse_after_forward_is_the_identity(name):
    layer, x = LAYERS[name](), _points(name)
    z, _ = layer(x)
    torch.testing.assert_close(layer.inverse(z), x, atol=1e-9, rtol=0)


def test_a_coupling_keeps_what_the_mask_keeps():
    layer, x = _coupling((1, 0, 1)), _points("coupling")
    z, log_det = layer(x)
    assert torch.equal(z[:, [0, 2]], x[:, [0, 2]])
    assert not torch.allclose(z[:, 1], x[:, 1])
    moved = x.clone()
    moved[:, 1] += 1  # the coordinate that moves has no say in how
    torch.testing.assert_close(layer(moved)[1], log_det)


def test_a_new_coupling_does_nothing():
    layer = flows.AffineCoupling(networks.mlp([2, 4]), mask=[0, 1])
    x = torch.randn(5, 2, generator=_seeded())
    z, log_det = layer(x)
    assert torch.equal(z, x)
    assert torch.equal(log_det, torch.zeros(5))


def test_marginals_alone_are_the_table_of_independent_pixels():
    model = flows.Dequantised(flows.Flow([_counted()], d=3), levels=4)
    x = torch.tensor([[0.0, 3, 2], [1, 0, 0]])
    p = _counted().probs
    want = torch.stack([p[range(3), row.long()].log().sum() for row in x])
    for k in (1, 6):
        torch.testing.assert_close(model.dequantised_bound(x, k, _seeded()), want)
    torch.testing.assert_close(p[0], torch.tensor([2.5, 2.5, 0.5, 0.5]).double() / 6)


def test_the_bound_is_below_the_probability_and_rises_with_k():
    marginals = flows.Marginals(2, levels=3)
    flow = flows.Flow([marginals, _random(flows.Triangular(2), spread=0.2)], d=2)
    model = flows.Dequantised(flow, levels=3)
    every = torch.cartesian_prod(torch.arange(3.0), torch.arange(3.0))
    fine = (torch.arange(400).double() + 0.5) / 400
    u = torch.cartesian_prod(fine, fine)
    exact = torch.stack([flow.log_prob(x + u).exp().mean().log() for x in every])
    assert exact.exp().sum().item() == pytest.approx(1, abs=0.01)
    means = [
        model.dequantised_bound(every.repeat(400, 1), k, _seeded(k))
        .reshape(400, 9)
        .mean(dim=0)
        for k in (1, 20)
    ]
    assert (means[0] < means[1] + 0.02).all()
    assert (means[1] < exact + 0.05).all()
    assert means[0].mean() < means[1].mean() < exact.mean()


def test_dequantised_samples_are_the_flows_rounded_down():
    model = flows.Dequantised(flows.Flow([_counted()], d=3), levels=4)
    drawn = model.sample(20_000, _seeded(6))
    shares = torch.stack([(drawn == v).double().mean(dim=0) for v in range(4)], dim=1)
    torch.testing.assert_close(shares, _counted().probs, atol=0.02, rtol=0)


def test_values_at_the_edges_stay_finite():
    layer = _counted()
    corner = torch.tensor([[0.0, 0.0, 0.0], [4.0, 4.0, 4.0]])
    z, log_det = layer(corner)
    assert torch.isfinite(z).all()
    assert torch.isfinite(log_det).all()
    torch.testing.assert_close(layer.inverse(z), corner.double())
    assert torch.isfinite(layer.inverse(torch.tensor([[50.0, -50.0, 0.0]]))).all()


# --------------------------------------------------------- formulas, by hand


class _Constant(torch.nn.Module):
    """A network without weights that answers the same for every input."""

    def __init__(self, *values: float) -> None:
        super().__init__()
        self.values = torch.tensor(values)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.values.expand(len(x), -1)


@pytest.mark.parametrize("log_scale", [-1e3, -2.0, 1e-3, 0.7, 1e3])
def test_log_scales_stay_between_minus_three_and_three(log_scale):
    layer = flows.AffineCoupling(_Constant(9.0, log_scale, 9.0, 5.0), mask=[1, 0])
    layer.gain.data.fill_(1.0)
    z, log_det = layer(torch.tensor([[4.0, 2.0]]))
    expected = 3 * math.tanh(log_scale / 3)
    assert log_det.item() == pytest.approx(expected)
    assert z[0].tolist() == pytest.approx([4, 2 * math.exp(expected) + 5])


@pytest.mark.parametrize("asked", [{}, {"shrink": 0.25}, {"shrink": 1.0}], ids=str)
def test_whitening_draws_the_covariance_to_its_diagonal(asked):
    x = 4 + torch.randn(50, 3, generator=_seeded()).double().cumsum(dim=1)
    layer = flows.Triangular(3).double().whiten(x, **asked)
    shrink = asked.get("shrink", 0.0)
    covariance = np.cov(x.T, bias=True)
    drawn = (1 - shrink) * covariance + shrink * np.diag(np.diag(covariance))
    jacobian = _jacobian(lambda u: layer(u)[0], x[0]).detach().numpy()
    np.testing.assert_allclose(jacobian @ drawn @ jacobian.T, np.eye(3), atol=1e-12)
    assert torch.equal(layer.below, layer.below.tril(-1))
    assert layer(x)[0].mean(dim=0).abs().max() < 1e-12


def test_points_in_a_plane_cannot_be_whitened():
    said = "^x: expected points that span the space, got a singular covariance$"
    with pytest.raises(ValueError, match=said):
        flows.Triangular(2).whiten(torch.ones(5, 2))


def test_one_coordinate_is_enough():
    x = torch.tensor([[0.0], [2.0], [4.0]])
    z, log_det = flows.Triangular(1).whiten(x)(x)
    torch.testing.assert_close(z, (x - 2) / math.sqrt(8 / 3))
    torch.testing.assert_close(log_det, torch.full((3,), -math.log(8 / 3) / 2))
    table = flows.Marginals(1, levels=1)
    assert table(torch.tensor([[0.5]]))[0].item() == pytest.approx(0, abs=1e-12)


def test_three_tenths_are_added_to_every_count():
    probs = flows.Marginals(1, levels=2).count(torch.tensor([[0.0]])).probs
    torch.testing.assert_close(probs, torch.tensor([[1.3, 0.3]]).double() / 1.6)


def test_no_point_leaves_the_table():
    layer = flows.Marginals(1, levels=27)
    assert layer.probs.sum().item() == pytest.approx(1, abs=1e-15)
    ends = layer.inverse(torch.tensor([[-50.0], [50.0]]).double())
    assert ends[0] == 0
    assert 27 - 1e-12 < ends[1] < 27  # at 27 a level would begin that there is not


def test_the_ends_of_the_table_have_finite_scores():
    layer = flows.Marginals(1, levels=2)
    scores, _ = layer(torch.tensor([[0.0], [2.0]]).double())
    assert torch.isfinite(scores).all()


def test_the_way_back_has_the_precision_of_the_layer():
    z = torch.randn(4, 2, generator=_seeded()).double()
    back = flows.Triangular(2).inverse(z)
    torch.testing.assert_close(back, z.float())


def test_the_loss_draws_the_noise_once():
    flow = flows.Flow([flows.Marginals(2, levels=3), flows.Triangular(2)], d=2)
    torch.nn.init.normal_(flow.layers[1].below)
    model, x = flows.Dequantised(flow, levels=3), torch.tensor([[0.0, 2.0], [1.0, 1.0]])
    once = model.dequantised_bound(x, 1, _seeded()).mean()
    assert model.loss(x, _seeded()) == -once


def test_noise_of_single_precision_is_read_in_double():
    layer, z = _counted(), torch.randn(50, 3, generator=_seeded())
    assert torch.equal(layer.inverse(z), layer.inverse(z.double()))
    assert layer.inverse(z).dtype == torch.float64


def test_samples_beyond_the_levels_are_drawn_to_the_last():
    model = flows.Dequantised(flows.Flow([flows.Triangular(1)], d=1), levels=2)
    assert set(model.sample(500, _seeded()).flatten().tolist()) == {0, 1}


# ------------------------------------------------------------------ interface


def test_the_mask_is_no_part_of_what_is_stored():
    layer = flows.AffineCoupling(networks.mlp([2, 4]).double(), mask=[0, 1])
    assert {"mask", "gain"} & set(layer.state_dict()) == {"gain"}


def test_log_determinants_are_added_in_the_precision_of_the_points():
    flow = flows.Flow([flows.Triangular(2)], d=2)
    for dtype in (torch.float32, torch.float64):
        assert flow.log_det(torch.zeros(3, 2, dtype=dtype)).dtype == dtype


def test_seventeen_levels_are_the_default():
    flow = flows.Flow([flows.Triangular(2)], d=2)
    assert repr(flows.Dequantised(flow)) == (
        "Dequantised(Flow(1 layers, d=2, 8 weights), levels=17)"
    )


class Fixed(torch.nn.Module):
    """A layer whose every noise comes from one point."""

    def __init__(self, point: float) -> None:
        super().__init__()
        self.point = point

    def forward(self, x):
        return x, torch.zeros(len(x))

    def inverse(self, z):
        return torch.full_like(z.double(), self.point)


def test_levels_are_taken_before_numbers_are_rounded():
    model = flows.Dequantised(flows.Flow([Fixed(2 - 4e-12)], d=3), levels=4)
    assert torch.equal(model.sample(2), torch.ones(2, 3))  # in float32 it would be 2
