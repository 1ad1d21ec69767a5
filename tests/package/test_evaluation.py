"""What samples, codes, fills in or tries a network leaves dropout out.

Each model here has dropout and a batch normalisation and is in training mode, so that
one pass that was not in evaluation mode shows in the numbers, in the running statistics
or in the global random state.
"""

from __future__ import annotations

import global_state
import pytest
import torch
from seeds import seeded

from lecture_code import (
    autoregressive,
    compression,
    diffusion,
    flows,
    gan,
    inpainting,
    likelihoods,
    networks,
    vae,
)

D = 4


def noisy(inputs: int, outputs: int) -> torch.nn.Sequential:
    """Return a network that answers otherwise in each pass of training."""
    net = networks.mlp([inputs, 16, outputs], dropout=0.5)
    return torch.nn.Sequential(torch.nn.BatchNorm1d(inputs), *net)


class Timed(torch.nn.Module):
    """A noisy network that is told time and class and does not listen."""

    def __init__(self) -> None:
        super().__init__()
        self.net = noisy(D, D)

    def forward(self, x, t, labels):
        return self.net(x)


def _coupling() -> flows.AffineCoupling:
    layer = flows.AffineCoupling(noisy(D, 2 * D), mask=[1, 0] * (D // 2))
    torch.nn.init.ones_(layer.gain)
    return layer


BUILT = {
    "Autoregressive": lambda: autoregressive.Autoregressive(
        networks.masked_mlp([D, 32, D], dropout=0.5), pixels=D
    ),
    "VAE": lambda: vae.VAE(
        noisy(D, 4), decoder=noisy(2, D), output=likelihoods.Bernoulli(), d=D, latents=2
    ),
    "Flow": lambda: flows.Flow([_coupling()], d=D),
    "GAN": lambda: gan.GAN(noisy(2, D), noisy(D, 1), latent=2),
    "Diffusion": lambda: diffusion.Diffusion(Timed(), d=D),
}
IMAGES = torch.tensor([[0.0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 1]])
KNOWN = [True, False, True, False]


def _filled(fill):
    return lambda model: fill(model, IMAGES, KNOWN, generator=seeded())


RUNS = {
    **{
        f"{name}.sample": (name, lambda model: model.sample(3, seeded()))
        for name in BUILT
    },
    "one sample": ("Diffusion", lambda model: model.sample(1, seeded())),
    "complete": (
        "Autoregressive",
        lambda model: model.complete(IMAGES, known=1, generator=seeded()),
    ),
    "by_particles": (
        "Autoregressive",
        lambda model: _filled(inpainting.by_particles)(model).log_evidence,
    ),
    "by_codes": ("VAE", _filled(inpainting.by_codes)),
    "by_replacement": ("Diffusion", _filled(inpainting.by_replacement)),
    "compress": (
        "Autoregressive",
        lambda model: torch.tensor(compression.compress(IMAGES, model)[0]),
    ),
    "decompress": (
        "Autoregressive",
        lambda model: compression.decompress(
            compression.compress(IMAGES, model), model
        ),
    ),
    "dependence": (
        "Autoregressive",
        lambda model: networks.dependence(model.network, IMAGES),
    ),
}


def built(name: str) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return BUILT[name]()


@pytest.mark.parametrize("run", RUNS)
def test_it_runs_in_evaluation_mode_and_puts_everything_back(run):
    name, asked = RUNS[run]
    model = built(name)
    want = asked(built(name).eval())
    modes = [part.training for part in model.modules()]
    weights = {key: value.clone() for key, value in model.state_dict().items()}
    before = global_state.snapshot()
    got = asked(model)
    assert global_state.changed(before, global_state.snapshot()) == []
    torch.testing.assert_close(got, want, rtol=0, atol=0)
    assert [part.training for part in model.modules()] == modes
    torch.testing.assert_close(dict(model.state_dict()), weights, rtol=0, atol=0)


def test_a_critic_learns_from_a_generator_in_training():
    """Only sampling is evaluation: in a loss the generator's own mode counts."""
    model = built("GAN")
    model.critic_loss(IMAGES, seeded())
    assert model.generator[0].num_batches_tracked == 1


def test_what_is_no_module_has_no_mode():
    with networks.evaluating(object()):
        pass
