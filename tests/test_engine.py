"""The training loop against a bare PyTorch loop, and when it calls back."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils._python_dispatch import TorchDispatchMode
from toy_training import STEPS, quiet, replica, state

from spareparts.engine import Replica


def bare_loop(mine: Replica, *, steps: int = STEPS) -> list[float]:
    """What one would write without the engine."""
    losses = []
    mine.network.train()
    for inputs, labels in itertools.islice(mine.batches, steps):
        loss = cross_entropy(mine.network(inputs), labels)
        mine.optimizer.zero_grad()
        loss.backward()
        mine.optimizer.step()
        mine.schedule.step()
        losses.append(loss.item())
    return losses


# Against a bare loop


def test_fit_is_the_bare_loop_to_the_last_bit():
    ours, theirs = replica(), replica()
    ours.network.eval()  # it is put into training mode, however it comes
    (end,) = quiet([ours], every=1)
    assert end.losses == bare_loop(theirs)
    assert torch.equal(state(ours), state(theirs))
    assert (end.outcome, end.diverged_step, end.steps) == ("finished", None, STEPS)


def test_the_memory_layout_changes_a_convolution_only_within_float_tolerance():
    ours, theirs = replica(convolutional=True), replica(convolutional=True)
    quiet([ours])
    assert ours.network[0].weight.is_contiguous(memory_format=torch.channels_last)
    bare_loop(theirs)
    assert state(ours).numpy() == pytest.approx(state(theirs).numpy(), abs=1e-4)


@pytest.mark.parametrize("every", [None, 1, 5, STEPS, 100])
def test_how_often_it_calls_back_does_not_change_the_weights(every):
    one, other = replica(), replica()
    quiet([one], every=every)
    quiet([other], every=3)
    assert torch.equal(state(one), state(other))


def test_side_by_side_a_replica_gives_what_it_gives_alone():
    together, alone = [replica(seed) for seed in (1, 2, 3)], [replica(seed) for seed in (1, 2, 3)]
    ends = quiet(together)
    for mine, end, lonely in zip(together, ends, alone, strict=True):
        (lonely_end,) = quiet([lonely])
        assert end.losses == lonely_end.losses
        assert torch.equal(state(mine), state(lonely))


def test_the_global_random_state_is_neither_used_nor_changed():
    mine = replica()
    before = torch.random.get_rng_state()
    quiet([mine])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_within_a_stretch_the_host_never_waits():
    class Reads(TorchDispatchMode):
        count = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            self.count += function is torch.ops.aten._local_scalar_dense.default
            return function(*args, **kwargs or {})

    counts = []
    for steps in (2, STEPS):
        with Reads() as reads:
            quiet([replica()], steps=steps, every=STEPS)
        counts.append(reads.count)
    assert counts[0] == counts[1] > 0


# Callbacks and gradients


def test_callbacks_come_after_each_stretch_and_after_the_last_step():
    seen, order = [], []
    mine = replica()
    (end,) = quiet([mine], steps=10, every=4, callbacks=[seen.append, lambda progress: order.append(len(seen))])
    assert [(progress.step, progress.stretch, len(progress.losses)) for progress in seen] == [
        (4, 1, 4),
        (8, 2, 4),
        (10, 3, 2),
    ]
    assert all(progress.replica is mine for progress in seen)
    assert order == [1, 2, 3]
    assert end.losses == pytest.approx([progress.losses.mean().item() for progress in seen])


def test_a_stretch_is_an_epoch_by_default():
    steps = []
    quiet([replica()], callbacks=[lambda progress: steps.append(progress.step)])
    assert steps == [5, 10, STEPS]  # 40 samples in batches of 8


def test_training_goes_on_in_training_mode_after_a_callback_that_evaluates():
    one, other = replica(), replica()
    quiet([one], every=3, callbacks=[lambda progress: progress.replica.network.eval()])
    quiet([other], every=3)
    assert torch.equal(state(one), state(other))


def test_adjust_sees_the_gradients_before_the_step():
    first, seen = replica().network, []
    mine = replica(adjust=lambda network: seen.append(network[0].weight.grad.clone()))
    cross_entropy(first.train()(next(replica().batches).inputs), next(replica().batches).labels).backward()
    quiet([mine], steps=2)
    assert len(seen) == 2
    assert torch.equal(seen[0], first[0].weight.grad)


def test_gradients_that_adjust_clears_move_nothing():
    def clear(network: nn.Module) -> None:
        for parameter in network.parameters():
            parameter.grad.zero_()

    mine = replica(adjust=clear)
    mine.optimizer.param_groups[0]["weight_decay"] = 0.0
    before = [parameter.detach().clone() for parameter in mine.network.parameters()]
    quiet([mine])
    assert all(torch.equal(old, new) for old, new in zip(before, mine.network.parameters(), strict=True))
