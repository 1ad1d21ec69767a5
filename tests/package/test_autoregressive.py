"""Autoregressive models are distributions, and samples follow them."""

from __future__ import annotations

import pytest
import torch
from scipy import stats
from seeds import seeded

from lecture_code import autoregressive, networks

ORDER = [4, 0, 8, 2, 6, 1, 3, 5, 7]
EVERY = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 9).double()


def model(order=None, spread=1.0):
    """Return a model in float64 with parameters far from where they start."""
    network = networks.masked_mlp([9, 30, 30, 9])
    made = autoregressive.Autoregressive(network, pixels=9, order=order).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=spread)
    return made


def check_chain(made, images, order, image):
    """Condition the table of all images on one pixel of an image after the other."""
    levels = int(images.max()) + 1
    table = made.log_prob(images).exp().detach()
    assert table.sum().item() == pytest.approx(1, abs=1e-9)
    table = table.reshape([levels] * len(order)).permute(order)
    conditionals = made.conditionals(image[None])[0]
    for pixel in order:
        law = table.reshape(levels, -1).sum(dim=1)
        torch.testing.assert_close(conditionals[pixel], law / law.sum())
        table = table[int(image[pixel])]


@pytest.mark.parametrize("image", [341, 170, 37])
@pytest.mark.parametrize("order", [ORDER, None])
def test_the_chain_of_conditionals_is_the_joint_law(order, image):
    check_chain(model(order), EVERY, order or list(range(9)), EVERY[image])


@pytest.mark.parametrize("kind", ["binary", "grey"])
def test_samples_pass_a_chi_square_test(kind):
    if kind == "binary":
        made, images = model(ORDER, spread=0.4), EVERY
    else:
        made, images = grey([3, 1, 0, 2]), every(3)
    n, levels = 20_000, len(images) ** (1 / images.shape[1])
    places = round(levels) ** torch.arange(images.shape[1] - 1, -1, -1)
    drawn = made.sample(n, seeded(1)).long() @ places
    observed = torch.bincount(drawn, minlength=len(images)).numpy()
    expected = n * made.log_prob(images).exp().detach().numpy()
    rare = expected < 5
    observed = [*observed[~rare], observed[rare].sum()]
    expected = [*expected[~rare], expected[rare].sum()]
    assert stats.chisquare(observed, expected, sum_check=False).pvalue > 1e-4


def test_completion_keeps_what_is_known_and_draws_the_rest():
    made = model(ORDER, spread=0.4)
    x = EVERY[341].repeat(5000, 1)
    drawn = made.complete(x, known=4, generator=seeded(2))
    assert torch.equal(drawn[:, ORDER[:4]], x[:, ORDER[:4]])
    p = made.log_prob(EVERY).exp().detach()
    same = (EVERY[:, ORDER[:4]] == x[0, ORDER[:4]]).all(dim=1)
    for pixel in ORDER[4:]:
        want = p[same & (EVERY[:, pixel] == 1)].sum() / p[same].sum()
        share = drawn[:, pixel].mean()
        assert abs(share - want) < 5 * (want * (1 - want) / 5000).sqrt()


def test_the_loss_is_the_mean_of_the_negative_log_probabilities():
    made = model()
    torch.testing.assert_close(made.loss(EVERY), -made.log_prob(EVERY).mean())


class Conditional(torch.nn.Module):
    """Tells a pixel its own colour if the first is black and the second is white."""

    def forward(self, x):
        return 20 * (x - 0.5) * x[:, :1] * (1 - x[:, 1:2])


@pytest.mark.parametrize(
    "network",
    [networks.mlp([9, 9]), networks.mlp([9, 5, 9]), torch.nn.Identity(), Conditional()],
    ids=["dense", "hidden", "its own answer", "its own answer, at times"],
)
def test_a_network_that_sees_the_answer_is_refused(network):
    with pytest.raises(ValueError, match="network: expected outputs that depend"):
        autoregressive.Autoregressive(network, pixels=9)


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (torch.nn.Linear(9, 4), r"\(2, 4\) for n = 2"),
        (torch.nn.Flatten(0), r"\(18,\) for n = 2"),
        (torch.nn.Linear(5, 9), ".*shapes cannot be multiplied.*"),
    ],
)
def test_a_network_that_does_not_fit_is_told_the_shape_that_does(network, told):
    told = rf"^network: expected a map of \(n, 9\) to \(n, 9\), got {told}$"
    with pytest.raises(ValueError, match=told):
        autoregressive.Autoregressive(network, pixels=9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_log_probabilities_have_the_precision_of_the_network(dtype):
    network = networks.masked_mlp([9, 9]).to(dtype)
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
    told = r"to \(n, 4, 9\), got \(2, 4, 6\) for n = 2$"
    with pytest.raises(ValueError, match=told):
        autoregressive.GreyAutoregressive(network, pixels=4)


def every(levels):
    return torch.cartesian_prod(*[torch.arange(levels)] * 4).double()


@pytest.mark.parametrize("image", [[2, 1, 0, 2], [0, 0, 2, 1]])
def test_the_chain_of_grey_conditionals_is_the_joint_law(image):
    order = [3, 1, 0, 2]
    check_chain(grey(order), every(3), order, torch.tensor(image).double())
