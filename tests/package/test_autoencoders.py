"""Autoencoders: losses as likelihoods, gradients, noise, and the best linear code."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, stats
from seeds import seeded
from sklearn.decomposition import PCA

from lecture_code import autoencoders
from lecture_code.autoencoders import Autoencoder, DenoisingAutoencoder, TiedAutoencoder

KINDS = [Autoencoder, TiedAutoencoder, DenoisingAutoencoder]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
likelihoods = pytest.mark.parametrize("likelihood", autoencoders.LIKELIHOODS)


def binary(n: int = 9, d: int = 6, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 2, (n, d))).double()


def real(n: int = 40, d: int = 6, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.normal(size=(n, d)) @ np.diag(range(1, d + 1)) + 2)


# ------------------------------------------------------------------- losses, gradients


@kinds
def test_errors_are_negative_log_likelihoods(kind):
    x, given_ = binary(), real(9)
    coins = kind(6, 3).double()
    probs = coins.reconstruct(given_).detach().numpy()
    expected = -stats.bernoulli(probs).logpmf(x.numpy().astype(int)).sum(axis=1)
    np.testing.assert_allclose(coins.errors(x, given_).detach(), expected)
    bell = kind(6, 3, likelihood="gaussian").double()
    means = bell.reconstruct(x).detach().numpy()
    expected = -stats.norm(means).logpdf(given_.numpy()).sum(axis=1)
    constant = 3 * math.log(2 * math.pi)
    np.testing.assert_allclose(
        bell.errors(given_, x).detach() + constant, expected, rtol=1e-10
    )


def test_a_sure_and_wrong_output_has_a_finite_error():
    model = TiedAutoencoder(2, 1)
    with torch.no_grad():
        model.c.copy_(torch.tensor([900.0, -900.0]))
    error = model.errors(torch.tensor([[0.0, 1.0]]))
    assert error.item() == pytest.approx(1800, abs=5)


@kinds
@pytest.mark.parametrize("activation", autoencoders.ACTIVATIONS)
def test_every_activation_makes_codes_of_the_right_shape(kind, activation):
    model = kind(6, 2, activation=activation)
    z = model.encode(binary())
    assert z.shape == (9, 2)
    x_hat = model.decode(z)
    assert x_hat.shape == (9, 6)
    assert 0 <= x_hat.min() <= x_hat.max() <= 1
    torch.testing.assert_close(model.reconstruct(binary()), x_hat)


@pytest.mark.parametrize("kind", [Autoencoder, DenoisingAutoencoder])
def test_hidden_layers_are_mirrored_and_bent_alike(kind):
    model = kind(6, 2, hidden=[5, 4], activation="tanh")
    sizes = [tuple(p.shape) for p in model.parameters() if p.ndim == 2]
    assert sizes == [(5, 6), (4, 5), (2, 4), (4, 2), (5, 4), (6, 5)]
    for half, count in ((model.encoder, 3), (model.decoder, 2)):
        kinds = [type(m) for m in half.modules()]
        assert (kinds.count(torch.nn.Tanh), kinds.count(torch.nn.ReLU)) == (count, 0)


# ------------------------------------------------------------------------------- noise


def test_without_noise_a_denoiser_is_an_autoencoder():
    plain, noisy = Autoencoder(6, 3), DenoisingAutoencoder(6, 3, nu=0, sigma=0)
    noisy.load_state_dict(plain.state_dict())
    x = binary().float()
    assert torch.equal(noisy.corrupt(x), x)
    assert noisy.loss(x) == plain.loss(x)


@pytest.mark.parametrize("nu", [0.0, 0.1, 0.5, 1.0])
def test_the_masked_share_is_nu_and_the_rest_stays(nu, generator):
    x = torch.randn(100, 200, generator=generator)
    masked = autoencoders.mask(x, nu, generator)
    kept = masked == x
    assert ((masked == 0) | kept).all()
    share = (~kept).double().mean().item()
    assert abs(share - nu) <= 5 * math.sqrt(nu * (1 - nu) / x.numel())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_noise_has_the_precision_of_what_it_is_added_to(dtype, generator):
    noisy = autoencoders.add_noise(torch.zeros(50, dtype=dtype), 1.0, generator)
    assert noisy.dtype == dtype
    assert (noisy != noisy.float()).any() == (dtype == torch.float64)


def test_noise_and_mask_are_what_the_generator_draws():
    x = torch.arange(1.0, 7.0)
    drawn = torch.randn(6, generator=seeded(4))
    noisy = autoencoders.add_noise(x, 0.7, seeded(4))
    assert torch.equal(noisy, x + 0.7 * drawn)
    drawn = torch.rand(6, generator=seeded(4))
    nu = drawn[2].item()  # a draw of nu itself is not below nu, and is kept
    masked = autoencoders.mask(x, nu, seeded(4))
    assert torch.equal(masked != 0, drawn >= nu)


def test_the_mask_comes_after_the_noise(generator):
    model = DenoisingAutoencoder(6, 3, nu=1.0, sigma=1.0)
    assert not model.corrupt(real().float(), generator).any()


def test_the_loss_compares_with_the_clean_input():
    model = DenoisingAutoencoder(6, 3, nu=0.5, sigma=0.1, likelihood="gaussian")
    x = real().float()
    seed = 5
    noisy = model.corrupt(x, seeded(seed))
    expected = (model.reconstruct(noisy) - x).square().sum(dim=1).mean() / 2
    loss = model.loss(x, seeded(seed))
    torch.testing.assert_close(loss, expected)
    assert not torch.equal(noisy, x)


# ------------------------------------------------------------------------- linear codes


@given(st.integers(1, 7), st.integers(1, 7), st.data())
def test_the_error_of_the_best_matrix_is_what_was_discarded(n, d, data):
    rank = data.draw(st.integers(1, min(n, d)))
    a = np.random.default_rng(n * 10 + d).normal(size=(n, d))
    best = autoencoders.best_of_rank(torch.tensor(a), rank).numpy()
    assert np.linalg.matrix_rank(best) <= rank
    discarded = linalg.svdvals(a)[rank:]
    assert np.sum((a - best) ** 2) == pytest.approx(np.sum(discarded**2), abs=1e-10)


@pytest.mark.parametrize("rank", [1, 3, 6])
def test_principal_components_agree_with_scikit_learn(rank):
    x = real()
    model = autoencoders.principal_components(x, rank)
    theirs = PCA(rank).fit(x.numpy())
    back = theirs.inverse_transform(theirs.transform(x.numpy()))
    np.testing.assert_allclose(model.reconstruct(x).detach(), back, atol=1e-9)
    discarded = linalg.svdvals(x.numpy() - x.numpy().mean(0))[rank:]
    lost = 2 * model.loss(x).item()
    assert lost == pytest.approx(np.sum(discarded**2) / len(x), abs=1e-9)


# -------------------------------------------------------------------- interface, errors


@kinds
def test_a_grey_pixel_is_no_coin(kind):
    said = r"^x: expected zeros and ones for likelihood 'bernoulli', got 0\.5$"
    with pytest.raises(ValueError, match=said):
        kind(4, 1).loss(torch.tensor([[0.0, 1.0, 0.5, 0.25]]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    ("name", "argument"), [("best_of_rank", "matrix"), ("principal_components", "x")]
)
def test_half_precision_cannot_be_decomposed_and_is_named(name, argument, dtype):
    kind = str(dtype).removeprefix("torch.")
    said = rf"float32 or float64 numbers, got tensor of shape \(3, 3\), {kind}"
    with pytest.raises(TypeError, match=f"^{argument}: expected {said}$"):
        getattr(autoencoders, name)(torch.eye(3, dtype=dtype), 2)


def test_layers_between_linear_maps_are_refused():
    said = (
        r"^hidden: expected no layers between linear maps, whose product is one "
        r"linear map, got \[4\]$"
    )
    with pytest.raises(ValueError, match=said):
        Autoencoder(6, 3, hidden=[4], activation="linear")
