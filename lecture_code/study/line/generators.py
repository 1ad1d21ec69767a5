"""Three ways to train a stack of generators of the line: as VAE, as GAN, on W1.

The data are in units of their standard deviation, and they come in n prepared batches,
(n, S, batch, 1), each an even sample in increasing order.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import torch
from torch.nn.functional import softplus
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lecture_code import _validate, training
from lecture_code.study.line.stacks import Stack, latents

ENCODER, CRITIC = (64, 64), (64, 64)
WAVES = (0.125, 0.25, 0.5, 1.0, 2.0)  # that a critic sees: radians per mode's width
DAMPING = 0.2  # the penalty on a critic's slope
MEMORY = 0.99  # of the average over a generator's steps
PENALTY = 10.0  # on a generator's slope where it is too steep
RATIO = 4  # of the step sizes of critic and generator
TURNS = 3  # of the critic for each of the generator
BETAS = (0.0, 0.9)  # of Adam, for both
Loss = Callable[[torch.Tensor], torch.Tensor]


# How long to train: (steps, learning rate) of rounds, in each of which Adam starts
# afresh.
Rounds = Sequence[tuple[int, float]]


def vae(
    decoder: Stack,
    data: torch.Tensor,
    variances: torch.Tensor,
    rounds: Rounds,
    generator: torch.Generator,
) -> None:
    r"""Train the decoders, each with an encoder of its own, on the negative ELBO.

    .. math:: E\,\frac{(x - g(z))^2}{2 \sigma^2} + \mathrm{KL}(q(z \mid x)\,\|\,N(0, 1))

    ``variances`` (R, S, 1, 1) are those of each model's output noise in each round, in
    the units of its data.

    References
    ----------
    Kingma and Welling (2014), Auto-encoding variational Bayes, ICLR.
    """
    count, batch, data = checked(decoder, data)
    size = (len(rounds), count, 1, 1)
    _validate.tensor("variances", variances, shape=size, above=0)
    encoder = Stack(count, [1, *ENCODER, 2], generator=generator)

    def loss(batches: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
        x = batches[0]
        mean, log_var = encoder(x).chunk(2, dim=2)
        noise = shuffled(latents(count, batch, generator), generator)
        z = mean + (log_var / 2).exp() * noise
        kl = (mean**2 + log_var.exp() - 1 - log_var) / 2
        return total((decoder(z) - x) ** 2 / (2 * variance) + kl)

    both = [*encoder.parameters(), *decoder.parameters()]
    for (steps, lr), variance in zip(rounds, variances, strict=True):
        noisy = functools.partial(loss, variance=variance)
        player = training.Player(both, noisy, lr, (0.9, 0.99))
        play([player], data, steps, generator)


def gan(
    maker: Stack,
    data: torch.Tensor,
    spreads: torch.Tensor,
    noises: Sequence[float],
    rounds: Rounds,
    generator: torch.Generator,
    penalised_above: torch.Tensor | None = None,
) -> None:
    r"""Train the generators against critics that pay for their slope.

    .. math:: -E \log D(g(z)) \quad \text{against} \quad
              -E \log D(x) - E \log(1 - D(g(z)))
              + \tfrac{\gamma}{2} E|l'(x)|^2 + \tfrac{\gamma}{2} E|l'(g(z))|^2

    Here l is the logit of D. A critic also gets sines and cosines of a point, without
    which it hardly sees where inside a mode the point is. Its waves and slopes are
    over a mode's width, of which the data's unit has ``spreads`` (S, 1, 1). The points
    of both sides are blurred by each round's ``noises``, lest a mode be lost at the
    start, and what is kept is a running average of the generators' weights. A generator
    whose slope is above ``penalised_above`` (S, 1, 1) pays for the square of what is
    too much.

    References
    ----------
    Goodfellow et al. (2014), Generative adversarial nets, NeurIPS.
    Sonderby et al. (2017), Amortised MAP inference for image super-resolution, ICLR.
    Mescheder, Geiger and Nowozin (2018), Which training methods for GANs do actually
    converge?, ICML.
    Tancik et al. (2020), Fourier features let networks learn high frequency functions
    in low dimensional domains, NeurIPS.
    Yazici et al. (2019), The unusual effectiveness of averaging in GAN training, ICLR.
    """
    count, batch, data = checked(maker, data)
    size = (count, 1, 1)
    if penalised_above is not None:
        _validate.tensor("penalised_above", penalised_above, shape=size, above=0)
    _validate.tensor("spreads", spreads, shape=size, above=0)
    waves = spreads * torch.tensor(WAVES)
    critic = Stack(count, [1 + 2 * len(WAVES), *CRITIC, 1], generator=generator)
    average = AveragedModel(maker, multi_avg_fn=get_ema_multi_avg_fn(MEMORY))

    def judged(x: torch.Tensor, noise: float) -> torch.Tensor:
        x = x + noise * torch.randn(x.shape, generator=generator)
        # The point itself tells one period of the waves from the next.
        return critic(torch.cat([x / 4, (waves * x).sin(), (waves * x).cos()], dim=2))

    def critic_loss(batches: torch.Tensor, noise: float) -> torch.Tensor:
        with torch.no_grad():
            made = maker(latents(count, batch, generator))
        both = torch.cat([made, batches[0]], dim=1).requires_grad_()
        logits = judged(both, noise)
        (slopes,) = torch.autograd.grad(logits.sum(), both, create_graph=True)
        fake, real = logits.chunk(2, dim=1)
        # A mean over both kinds of points is half of the sum of their means.
        paid = DAMPING * total((slopes / spreads) ** 2)
        return total(softplus(-real) + softplus(fake)) + paid

    def maker_loss(batches: torch.Tensor, noise: float) -> torch.Tensor:
        average.update_parameters(maker)
        z = latents(count, batch, generator)
        made = maker(z)
        paid = PENALTY * _excess(z, made, penalised_above)
        return total(softplus(-judged(made, noise))) + paid

    for (steps, lr), noise in zip(rounds, noises, strict=True):
        fast = RATIO * lr
        make, judge = (
            functools.partial(loss, noise=noise) for loss in (maker_loss, critic_loss)
        )
        player = training.Player(maker.parameters(), make, lr, BETAS)
        other = training.Player(critic.parameters(), judge, fast, BETAS, TURNS)
        play([other, player], data, steps, generator)
    maker.load_state_dict(average.module.state_dict())


def wasserstein(
    maker: Stack, data: torch.Tensor, rounds: Rounds, generator: torch.Generator
) -> None:
    r"""Train the generators on the Wasserstein distance of sorted batches, no critic.

    .. math:: W_1 = \frac{1}{n} \sum_i |g(z)_{(i)} - x_{(i)}|

    References
    ----------
    Villani (2003), Topics in Optimal Transportation, section 2.2.
    """
    count, batch, data = checked(maker, data)

    def loss(batches: torch.Tensor) -> torch.Tensor:
        made = maker(latents(count, batch, generator)).sort(dim=1).values
        return total((made - batches[0]).abs())

    for steps, lr in rounds:
        play([training.Player(maker.parameters(), loss, lr)], data, steps, generator)


def shuffled(values: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Put each network's batch, in (S, batch, 1), into a random order."""
    _validate.tensor("values", values)
    _validate.generator("generator", generator)
    order = torch.rand(values.shape, generator=generator).argsort(dim=1)
    return values.gather(1, order)


def checked(stack: Stack, data: torch.Tensor) -> tuple[int, int, torch.Tensor]:
    """Hold batches (n, S, batch, 1) against the stack that is to be trained on them.

    Returns S, the size of a batch, and the batches in the type of the weights.
    """
    count = len(_validate.instance("stack", stack, Stack).weights[0])
    _validate.tensor("data", data, shape=("n", count, "batch", 1))
    return count, data.shape[2], data.to(stack.weights[0].dtype)


def total(losses: torch.Tensor) -> torch.Tensor:
    """Sum over the networks the mean over each one's batch, from (S, batch, 1).

    The gradient is that of each network's mean loss.
    """
    return losses.mean(dim=(1, 2)).sum()


def play(
    players: Sequence[training.Player],
    data: torch.Tensor,
    steps: int,
    generator: torch.Generator,
) -> None:
    """Let players take steps in turn, each on one of the prepared batches."""
    training.play(players, data, steps=steps, batch_size=1, generator=generator)


def _excess(
    z: torch.Tensor, made: torch.Tensor, slope: torch.Tensor | None
) -> torch.Tensor | float:
    """Average the square of what is too steep between neighbouring latents."""
    if slope is None:
        return 0.0
    slopes = made.diff(dim=1).abs() / z.diff(dim=1)
    return total((slopes - slope).relu() ** 2)
