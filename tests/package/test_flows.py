"""Flows: invertible, with the right Jacobian, and densities to the last digit."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from scipy import stats

from lecture_code import datasets, flows, networks, trained, training


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


@each_layer
def test_inverse_after_forward_is_the_identity(name):
    layer, x = LAYERS[name](), _points(name)
    z, _ = layer(x)
    torch.testing.assert_close(layer.inverse(z), x, atol=1e-9, rtol=0)


@each_layer
def test_the_log_determinant_is_autograds(name):
    layer, x = LAYERS[name](), _points(name)
    want = torch.stack([torch.linalg.slogdet(_jacobian(layer, v))[1] for v in x])
    torch.testing.assert_close(layer(x)[1], want, atol=1e-8, rtol=0)


def _one(layer, v):
    return layer(v[None])[0][0]


def _jacobian(layer, v: torch.Tensor) -> torch.Tensor:
    return torch.autograd.functional.jacobian(lambda u: _one(layer, u), v)


def test_the_flow_adds_up_its_layers():
    flow, x = plane(), torch.randn(30, 2, generator=_seeded(2)).double()
    want = torch.stack([torch.linalg.slogdet(_whole_jacobian(flow, v))[1] for v in x])
    torch.testing.assert_close(flow.log_det(x), want)
    torch.testing.assert_close(flow.decode(flow.encode(x)), x, atol=1e-9, rtol=0)
    base = torch.distributions.Normal(0.0, 1.0).log_prob(flow.encode(x)).sum(dim=1)
    torch.testing.assert_close(flow.log_prob(x), base + want)


def _whole_jacobian(flow, v):
    encode = lambda u: flow.encode(u[None])[0]  # noqa: E731
    return torch.autograd.functional.jacobian(encode, v)


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


def test_the_density_integrates_to_one_in_the_plane():
    flow = plane()
    ticks = torch.linspace(-25, 25, 801, dtype=torch.float64)
    cell = (ticks[1] - ticks[0]) ** 2
    total = flow.log_prob(torch.cartesian_prod(ticks, ticks)).exp().sum() * cell
    assert total.item() == pytest.approx(1, abs=1e-4)


def test_samples_come_from_the_density():
    flow = plane()
    drawn = flow.sample(20_000, _seeded(3)).double()
    z = flow.encode(drawn).flatten().numpy()
    assert stats.kstest(z, "norm").pvalue > 1e-4


def test_whitening_gives_the_gaussian_of_maximum_likelihood():
    generator = _seeded(4)
    x = torch.randn(500, 3, generator=generator) @ torch.tensor(
        [[1.0, 2.0, 0.0], [0.0, 1.0, -1.0], [0.5, 0.0, 2.0]]
    )
    layer = flows.Triangular(3).whiten(x)
    z, _ = layer(x)
    torch.testing.assert_close(
        torch.cov(z.T, correction=0), torch.eye(3), atol=1e-4, rtol=0
    )
    want = stats.multivariate_normal(x.mean(dim=0), np.cov(x.T, bias=True))
    got = flows.Flow([layer], d=3).log_prob(x)
    assert np.allclose(got.detach(), want.logpdf(x), atol=1e-3)
    apart = flows.Triangular(3).whiten(x, shrink=1.0)
    assert apart.below.tril(-1).abs().max() < 1e-6


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


def test_the_loss_is_the_mean_bound_with_one_draw():
    model = flows.Dequantised(
        flows.Flow([_counted(), flows.Triangular(3)], d=3), levels=4
    )
    x = torch.tensor([[0.0, 3, 2], [1, 0, 0]])
    want = -model.dequantised_bound(x, 1, _seeded()).mean()
    torch.testing.assert_close(model.loss(x, _seeded()), want)


def test_training_finds_a_bent_density():
    law = datasets.toy("banana")
    x = law.sample(2000, _seeded(7))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        masks = [[1, 0], [0, 1], [1, 0], [0, 1]]
        nets = [networks.mlp([2, 32, 4], activation="tanh") for _ in masks]
        couplings = map(lambda net, m: flows.AffineCoupling(net, mask=m), nets, masks)
        flow = flows.Flow([*couplings, flows.Triangular(2)], d=2)
        training.fit(flow, x, steps=500, lr=5e-3)
    fresh = law.sample(4000, _seeded(8))
    gap = (law.log_prob(fresh) - flow.log_prob(fresh)).mean().item()
    assert gap < 0.1


def test_a_dequantised_flow_has_no_exact_likelihood():
    model = flows.Dequantised(flows.Flow([_counted()], d=3), levels=4)
    said = (
        "^log_prob: expected a model with an exact likelihood of whole numbers, got a "
        "dequantised flow, which bounds it: dequantised_bound. Its flow, histograms, "
        "mixtures and autoregressive models have log_prob$"
    )
    with pytest.raises(AttributeError, match=said):
        model.log_prob(torch.zeros(1, 3))
    assert model.flow.log_prob(torch.zeros(1, 3)).shape == (1,)


def test_values_at_the_edges_stay_finite():
    layer = _counted()
    corner = torch.tensor([[0.0, 0.0, 0.0], [4.0, 4.0, 4.0]])
    z, log_det = layer(corner)
    assert torch.isfinite(z).all()
    assert torch.isfinite(log_det).all()
    torch.testing.assert_close(layer.inverse(z), corner.double())
    assert torch.isfinite(layer.inverse(torch.tensor([[50.0, -50.0, 0.0]]))).all()


def test_the_stored_flow_beats_the_table_of_independent_pixels():
    model = trained.load("flow-digits")
    x = datasets.digits("test").pixels
    alone = flows.Dequantised(flows.Flow([model.flow.layers[0]], d=64), levels=17)
    with torch.no_grad():
        bound = -model.dequantised_bound(x, 20, _seeded()).mean().item()
        table = -alone.dequantised_bound(x, 1, _seeded()).mean().item()
        hard = torch.stack([torch.zeros(64), torch.full((64,), 16.0)])
        extreme = model.dequantised_bound(hard, 3, _seeded())
    assert bound / 64 / math.log(2) < 2.40
    assert bound < table - 10
    assert torch.isfinite(extreme).all()
    assert model.dequantised_bound(x[:1], 1, _seeded()).shape == (1,)


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


def test_whitening_draws_the_covariance_to_its_diagonal():
    x = torch.randn(50, 3, generator=_seeded()).double().cumsum(dim=1)
    layer = flows.Triangular(3).double().whiten(x, shrink=0.25)
    covariance = np.cov(x.T, bias=True)
    drawn = 0.75 * covariance + 0.25 * np.diag(np.diag(covariance))
    jacobian = _jacobian(layer, x[0]).detach().numpy()
    np.testing.assert_allclose(jacobian @ drawn @ jacobian.T, np.eye(3), atol=1e-12)
    assert torch.equal(layer.below, layer.below.tril(-1))


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


def test_a_layer_without_an_inverse_is_refused():
    with pytest.raises(TypeError, match=r"^layers: expected a function, got NoneType"):
        flows.Flow([torch.nn.Linear(2, 2)], d=2)


def _table_of(levels: int) -> flows.Dequantised:
    flow = flows.Flow([flows.Marginals(2, levels=levels)], d=2)
    return flows.Dequantised(flow, levels=levels)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: flows.AffineCoupling(networks.mlp([2, 4]), mask=[1, 1]),
            "mask: expected zeros and ones, got one of them only",
        ),
        (
            lambda: flows.AffineCoupling(networks.mlp([2, 4]), mask=[0, 2]),
            "mask: expected entries >= 0 and <= 1, got 2",
        ),
        (
            lambda: flows.AffineCoupling(networks.mlp([2, 4]), mask=[-1, 1]),
            "mask: expected entries >= 0 and <= 1, got -1",
        ),
        (
            lambda: flows.AffineCoupling(networks.mlp([2, 4]), mask=[[0, 1]]),
            "mask: expected shape (d,), got [[0, 1]]",
        ),
        (
            lambda: flows.Triangular(2).whiten(torch.ones(5, 2)),
            "x: expected points that span the space, got a singular covariance",
        ),
        (
            lambda: flows.Triangular(2).whiten(torch.ones(5, 2), shrink=1.5),
            "shrink: expected a finite number >= 0 and <= 1, got 1.5",
        ),
        (
            lambda: flows.Marginals(2, levels=3).count(torch.full((1, 2), 3.0)),
            "x: expected entries >= 0 and <= 2, got 3",
        ),
        (
            lambda: _table_of(3).loss(torch.full((1, 2), 0.5)),
            "x: expected whole numbers, got 0.5",
        ),
        (lambda: _table_of(1), "levels: expected an integer >= 2, got 1"),
    ],
)
def test_what_is_wrong_is_said(call, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        call()


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda x: flows.Triangular(2).whiten(x), "x"),
        (lambda x: plane().decode(x), "z"),
        (lambda x: plane().encode(x), "x"),
        (lambda x: plane().log_det(x), "x"),
        (lambda x: plane().loss(x), "x"),
        (lambda x: _table_of(2).loss(x), "x"),
    ],
)
def test_the_shape_that_is_expected_is_said(call, argument):
    said = rf"^{argument}: expected shape \(n, 2\), got tensor of shape \(1, 3\)"
    with pytest.raises(ValueError, match=said):
        call(torch.zeros(1, 3))


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
