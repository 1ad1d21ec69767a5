"""The training loop: it finds known optima, repeats itself, and says what is wrong."""

from __future__ import annotations

import copy
import itertools

import pytest
import torch
from seeds import seeded

from lecture_code import training
from lecture_code.training import Player


class Mean(torch.nn.Module):
    """A model whose optimum is known: half the mean squared distance to one point."""

    def __init__(self, start: float = 0.0) -> None:
        super().__init__()
        self.point = torch.nn.Parameter(torch.tensor(start))

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        return 0.5 * ((x - self.point) ** 2).mean()


def test_fit_reaches_the_known_optimum():
    data = torch.randn(400, generator=seeded()) + 3
    model = Mean()
    losses = training.fit(model, data, steps=800, batch_size=400, lr=0.05)
    assert model.point.item() == pytest.approx(data.mean().item(), abs=1e-3)
    assert len(losses) == 800
    assert losses[-1] == pytest.approx(0.5 * data.var(correction=0).item(), rel=1e-3)


def test_one_call_for_all_tensors_changes_no_bit():
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)
    )
    twin = copy.deepcopy(net)
    data = torch.randn(64, 3)

    def loss(model):
        return lambda x: model(x).square().mean()

    player = Player(net.parameters(), loss(net), 1e-2)
    training.play([player], data, steps=30, batch_size=8, generator=seeded(1))
    plain = torch.optim.Adam(twin.parameters(), 1e-2, foreach=False)
    dealt = training.batches(data, batch_size=8, generator=seeded(1))
    for batch in itertools.islice(dealt, 30):
        plain.zero_grad()
        loss(twin)(batch).backward()
        plain.step()
    pairs = zip(net.parameters(), twin.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_same_generator_same_run_and_global_state_untouched():
    data = torch.randn(64, generator=seeded())
    state = torch.get_rng_state()
    runs = [
        training.fit(Mean(), data, steps=10, batch_size=8, generator=seeded(2))
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert torch.equal(state, torch.get_rng_state())


def test_turns_count_the_updates_of_a_round():
    calls = {"critic": 0, "generator": 0}
    critic, maker = Mean(), Mean()

    def counted(name, model):
        def loss(x):
            calls[name] += 1
            return model.loss(x)

        return loss

    players = [
        Player(critic.parameters(), counted("critic", critic), turns=3),
        Player(maker.parameters(), counted("generator", maker)),
    ]
    losses = training.play(players, torch.ones(8), steps=5)
    assert calls == {"critic": 15, "generator": 5}
    assert [len(history) for history in losses] == [5, 5]


def test_batches_deal_every_example_once_in_a_pass():
    data = torch.arange(12.0)
    batch = training.batches(data, batch_size=4, generator=seeded())
    passes = [torch.cat([next(batch) for _ in range(3)]) for _ in range(2)]
    for dealt in passes:
        assert torch.equal(dealt.sort().values, data)
    assert not torch.equal(*passes)


def test_batches_have_one_size():
    batch = training.batches(torch.arange(10.0), batch_size=4)
    assert {len(b) for b in itertools.islice(batch, 7)} == {4}
    assert len(next(training.batches(torch.arange(3.0), batch_size=4))) == 3


def test_a_diverging_loss_is_named():
    class Broken(Mean):
        def loss(self, x):
            return self.point * float("nan")

    with pytest.raises(ValueError, match=r"loss: expected a finite number, got nan"):
        training.fit(Broken(), torch.ones(4), steps=1)


@pytest.mark.parametrize(
    "wrong",
    [lambda x: x, lambda x: x.mean(), lambda x: 0.5, lambda x: None],
    ids=["no scalar", "no gradient", "a float", "nothing"],
)
def test_a_loss_that_cannot_be_minimised_is_refused(wrong):
    player = Player(list(Mean().parameters()), wrong)
    with pytest.raises((TypeError, ValueError), match=r"^loss: expected .+, got "):
        training.play([player], torch.ones(4), steps=1)
