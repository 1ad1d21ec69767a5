"""Autoregressive models are distributions, and samples follow them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from lecture_code import autoregressive, datasets, networks, training

NETWORKS = {
    "logistic": lambda: networks.masked_mlp([9, 9]),
    "masked MLP": lambda: networks.masked_mlp([9, 30, 30, 9]),
    "convolution": lambda: networks.MaskedConvNet(3, channels=4, depth=2),
    "recurrent": lambda: networks.CausalGRU(9, hidden=5),
}
ORDER = [4, 0, 8, 2, 6, 1, 3, 5, 7]
EVERY = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 9).double()

each_network = pytest.mark.parametrize("name", NETWORKS)
each_order = pytest.mark.parametrize("order", [None, ORDER])


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(5)
        yield


def model(name, order=None, spread=1.0):
    """Return a model in float64 with parameters far from where they start."""
    made = autoregressive.Autoregressive(NETWORKS[name](), pixels=9, order=order)
    made = made.double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=spread)
    return made


@each_network
@each_order
def test_probabilities_of_all_images_sum_to_one(name, order):
    total = model(name, order).log_prob(EVERY).exp().sum().item()
    assert total == pytest.approx(1, abs=1e-6)


@each_network
@each_order
def test_a_logit_sees_the_pixels_before_it_in_the_order(name, order):
    logits = model(name, order).logits(EVERY).detach()
    for place, pixel in enumerate(order or range(9)):
        before = (order or list(range(9)))[:place]
        keys = EVERY[:, before] @ 2.0 ** torch.arange(place).double()
        for key in keys.unique():
            same = logits[keys == key, pixel]
            torch.testing.assert_close(same, same[:1].expand_as(same))


@each_network
def test_a_logit_is_the_log_odds_of_its_pixel(name):
    made = model(name)
    p = made.log_prob(EVERY).exp().detach()
    for pixel in range(9):
        prefix = EVERY[37, :pixel]
        same = (EVERY[:, :pixel] == prefix).all(dim=1)
        black = p[same & (EVERY[:, pixel] == 1)].sum()
        white = p[same & (EVERY[:, pixel] == 0)].sum()
        logit = made.logits(EVERY[37:38])[0, pixel]
        torch.testing.assert_close(logit, (black / white).log())


@each_order
def test_samples_pass_a_chi_square_test(order):
    made = model("masked MLP", order, spread=0.4)
    n = 20_000
    drawn = made.sample(n, torch.Generator().manual_seed(1)).double()
    index = (drawn @ 2.0 ** torch.arange(8, -1, -1).double()).long()
    observed = torch.bincount(index, minlength=512).numpy()
    expected = n * made.log_prob(EVERY).exp().detach().numpy()
    rare = expected < 5
    observed = [*observed[~rare], observed[rare].sum()]
    expected = [*expected[~rare], expected[rare].sum()]
    assert stats.chisquare(observed, expected, sum_check=False).pvalue > 1e-4


def test_completion_keeps_what_is_known_and_draws_the_rest():
    made = model("masked MLP", ORDER, spread=0.4)
    x = EVERY[341].repeat(5000, 1)
    drawn = made.complete(x, known=4, generator=torch.Generator().manual_seed(2))
    assert torch.equal(drawn[:, ORDER[:4]], x[:, ORDER[:4]])
    p = made.log_prob(EVERY).exp().detach()
    same = (EVERY[:, ORDER[:4]] == x[0, ORDER[:4]]).all(dim=1)
    for pixel in ORDER[4:]:
        want = p[same & (EVERY[:, pixel] == 1)].sum() / p[same].sum()
        share = drawn[:, pixel].mean()
        assert abs(share - want) < 5 * (want * (1 - want) / 5000).sqrt()


def test_completing_a_whole_image_changes_nothing():
    made = model("logistic")
    assert torch.equal(made.complete(EVERY, known=9), EVERY)


def test_training_finds_the_law_of_two_pixels():
    law = torch.tensor([0.4, 0.1, 0.2, 0.3])
    pairs = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    data = pairs.repeat_interleave((100 * law).long(), dim=0)
    made = autoregressive.Autoregressive(networks.masked_mlp([2, 2]), pixels=2)
    training.fit(made, data, steps=600, lr=0.05, batch_size=100)
    torch.testing.assert_close(made.log_prob(pairs).exp(), law, atol=2e-3, rtol=0)


def test_the_loss_is_the_mean_of_the_negative_log_probabilities():
    made = model("recurrent")
    torch.testing.assert_close(made.loss(EVERY), -made.log_prob(EVERY).mean())


class Conditional(torch.nn.Module):
    """Tells a pixel its own colour if the first is black and the second is white."""

    def forward(self, x):
        return 20 * (x - 0.5) * x[:, :1] * (1 - x[:, 1:2])


@pytest.mark.parametrize(
    "network",
    [
        networks.mlp([9, 9]),
        networks.mlp([9, 5, 9]),
        torch.nn.Identity(),
        Conditional(),
    ],
    ids=["dense", "hidden", "its own answer", "its own answer, at times"],
)
def test_a_network_that_sees_the_answer_is_refused(network):
    with pytest.raises(ValueError, match="network: expected outputs that depend"):
        autoregressive.Autoregressive(network, pixels=9)


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (torch.nn.Linear(9, 4), r"shape \(80, 4\)"),
        (torch.nn.Flatten(0), r"shape \(720,\)"),
        (torch.nn.Linear(5, 9), ".*shapes cannot be multiplied.*"),
    ],
)
def test_a_network_that_does_not_fit_is_told_the_shape_that_does(network, told):
    told = rf"^network: expected a map of \(n, 9\) to \(n, 9\), got {told}$"
    with pytest.raises(ValueError, match=told):
        autoregressive.Autoregressive(network, pixels=9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_log_probabilities_have_the_precision_of_the_network(dtype):
    network = NETWORKS["logistic"]().to(dtype)
    made = autoregressive.Autoregressive(network, pixels=9)
    for x in (EVERY[:3], EVERY[:3].float()):
        assert made.log_prob(x).dtype is dtype


def test_a_network_that_does_not_convert_is_given_its_own_precision():
    network = torch.nn.Linear(4, 4).double()
    torch.nn.init.zeros_(network.weight)  # sees nothing, so it sees no answer
    made = autoregressive.Autoregressive(network, pixels=4)
    assert made.log_prob(torch.ones(3, 4)).dtype is torch.float64


def test_one_pixel_is_a_coin():
    made = autoregressive.Autoregressive(networks.masked_mlp([1, 1]), pixels=1)
    p = made.network[0].bias.sigmoid()
    torch.testing.assert_close(made.log_prob(torch.ones(1, 1)).exp(), p)
    assert made.sample(1).shape == (1, 1)


def test_its_name_tells_the_network_the_pixels_and_the_parameters():
    made = autoregressive.Autoregressive(NETWORKS["logistic"](), pixels=9)
    assert repr(made) == "Autoregressive(Sequential, pixels=9, 90 parameters)"


def test_trying_the_network_leaves_it_as_it_was():
    network = networks.masked_mlp([9, 30, 9], dropout=0.5)
    state = torch.get_rng_state()
    made = autoregressive.Autoregressive(network, pixels=9)
    assert network.training
    assert made.training
    assert torch.equal(state, torch.get_rng_state())


def test_samples_leave_dropout_out_and_training_as_it_was():
    network = networks.masked_mlp([9, 30, 9], dropout=0.5)
    made = autoregressive.Autoregressive(network, pixels=9)
    network[1].eval()
    first = made.sample(200, torch.Generator().manual_seed(1))
    assert [module.training for module in network] == [True, False, True, True]
    again = made.eval().sample(200, torch.Generator().manual_seed(1))
    assert torch.equal(first, again)


def test_samples_are_digits_sized_and_reproducible():
    network = networks.masked_mlp([64, 64])
    made = autoregressive.Autoregressive(network, pixels=64)
    first, again = (made.sample(3, torch.Generator().manual_seed(1)) for _ in "ab")
    assert torch.equal(first, again)
    assert first.dtype == torch.float32
    assert first.unique().tolist() == [0, 1]
    assert not first.requires_grad
    assert made.log_prob(datasets.binary_digits("test").pixels).shape == (447,)


# -------------------------------------------------------------------------- grey levels


def grey(order=None, levels=3, **kind):
    """Return a small grey model in float64, far from where its parameters start."""
    network = networks.MaskedConvNet(2, channels=5, depth=1, outputs=6)
    made = autoregressive.GreyAutoregressive(
        network, pixels=4, levels=levels, components=2, order=order, **kind
    ).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_()
    return made


def test_without_more_words_it_has_the_levels_of_the_digits():
    network = networks.MaskedConvNet(2, outputs=9)
    made = autoregressive.GreyAutoregressive(network, pixels=4)
    assert made.numbers == 9
    assert made.conditionals(torch.zeros(1, 4)).shape == (1, 4, 17)


def test_a_network_of_other_numbers_is_told_the_right_ones():
    network = networks.MaskedConvNet(2, outputs=6)
    told = r"to \(n, 4, 9\), got shape \(40, 4, 6\)$"
    with pytest.raises(ValueError, match=told):
        autoregressive.GreyAutoregressive(network, pixels=4)


def every(levels):
    return torch.cartesian_prod(*[torch.arange(levels)] * 4).double()


@pytest.mark.parametrize("order", [None, [3, 1, 0, 2]])
@pytest.mark.parametrize("levels", [2, 3, 5])
def test_probabilities_of_all_grey_images_sum_to_one(order, levels):
    made = grey(order, levels)
    total = made.log_prob(every(levels)).exp().sum().item()
    assert total == pytest.approx(1, abs=1e-9)


def test_the_chain_of_conditionals_is_the_joint_law():
    made = grey([3, 1, 0, 2])
    p = made.log_prob(every(3)).exp().detach().reshape(3, 3, 3, 3)
    image = torch.tensor([2, 1, 0, 2])
    chain = made.conditionals(image[None].double())[0]
    table = p.permute(3, 1, 0, 2)  # pixel 3 first, then 1, 0 and 2
    for pixel in [3, 1, 0, 2]:
        law = table.reshape(3, -1).sum(dim=1)
        torch.testing.assert_close(chain[pixel], law / law.sum())
        table = table[image[pixel]]


def test_the_mass_of_a_level_is_that_of_a_rounded_logistic():
    """One logistic, every weight 0 but the biases: scipy's CDF between the middles."""
    network = networks.MaskedConvNet(1, channels=1, depth=0, outputs=3)
    made = autoregressive.GreyAutoregressive(network, pixels=1, components=1).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
        network.bias.copy_(torch.tensor([[0.0, 0.3, 1.2]]))
    edges = np.concatenate([[-np.inf], (np.arange(16) + 0.5) / 8 - 1, [np.inf]])
    want = np.diff(stats.logistic.cdf(edges, loc=0.3, scale=math.exp(-1.2)))
    got = made.conditionals(torch.zeros(1, 1))[0, 0]  # biases were float32
    np.testing.assert_allclose(got, (1 - 1e-4) * want + 1e-4 / 17, rtol=1e-6)


def test_with_two_levels_it_is_a_binary_model():
    """A logistic around the middle of two levels: its odds are exp(2 m s)."""
    made = grey(levels=2)
    x = every(2)
    outputs = made._outputs(x)
    weights, means, log_slopes = outputs.chunk(3, dim=2)
    black = (
        weights.softmax(2) * torch.sigmoid(means * log_slopes.clamp(-7, 7).exp())
    ).sum(2)
    torch.testing.assert_close(
        made.conditionals(x)[..., 1], ((1 - 1e-4) * black + 1e-4 / 2).detach()
    )


def test_extreme_outputs_keep_gradients_finite():
    made = grey(levels=17)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(1e4)
    loss = made.loss(torch.tensor([[0.0, 16.0, 8.0, 0.0]]))
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in made.parameters())


@pytest.mark.parametrize("order", [None, [3, 1, 0, 2]])
def test_grey_samples_pass_a_chi_square_test(order):
    made, n = grey(order), 20_000
    drawn = made.sample(n, torch.Generator().manual_seed(1)).double()
    index = (drawn @ 3.0 ** torch.arange(3, -1, -1).double()).long()
    observed = torch.bincount(index, minlength=81).numpy()
    expected = n * made.log_prob(every(3)).exp().detach().numpy()
    rare = expected < 5
    observed = np.append(observed[~rare], observed[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    assert stats.chisquare(observed, expected / expected.sum() * n).pvalue > 1e-6


def test_binary_conditionals_are_the_logits_as_probabilities():
    made = model("masked MLP", ORDER)
    p = made.conditionals(EVERY[:50])
    torch.testing.assert_close(p.sum(dim=2), torch.ones(50, 9).double())
    torch.testing.assert_close((p[..., 1] / p[..., 0]).log(), made.logits(EVERY[:50]))
