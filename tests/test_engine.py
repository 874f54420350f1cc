"""The training loop against a bare PyTorch loop, when it calls back, where training ends early, what it refuses."""

import dataclasses
import itertools
import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from toy_training import STEPS, host_reads, quiet, replica, state

from spareparts import engine
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


def test_fit_is_the_bare_loop_to_the_last_bit_and_leaves_the_global_random_state_alone():
    ours, theirs, before = replica(), replica(), torch.random.get_rng_state()
    ours.network.eval()  # it is put into training mode, however it comes
    (end,) = quiet([ours], every=1)
    assert end.losses == bare_loop(theirs)
    assert torch.equal(state(ours), state(theirs))
    assert (end.outcome, end.diverged_step, end.steps) == ("finished", None, STEPS)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_memory_layout_changes_a_convolution_only_within_float_tolerance():
    ours, theirs = replica(convolutional=True), replica(convolutional=True)
    quiet([ours])
    assert ours.network[0].weight.is_contiguous(memory_format=torch.channels_last)
    bare_loop(theirs)
    assert state(ours).numpy() == pytest.approx(state(theirs).numpy(), abs=1e-4)


@pytest.mark.parametrize("every", [None, 1, 5, 100])
def test_neither_how_often_it_calls_back_nor_a_callback_that_evaluates_changes_the_weights(every):
    one, other = replica(), replica()
    quiet([one], every=every, callbacks=[lambda progress: progress.replica.network.eval()])
    quiet([other], every=3)
    assert torch.equal(state(one), state(other))


def test_within_a_stretch_the_host_never_waits():
    few, many = (host_reads(lambda steps=steps: quiet([replica()], steps=steps, every=STEPS)) for steps in (2, STEPS))
    assert few == many > 0


def test_callbacks_come_after_each_stretch_an_epoch_by_default_and_after_the_last_step():
    seen, order = [], []
    mine = replica()
    (end,) = quiet([mine], steps=10, every=4, callbacks=[seen.append, lambda progress: order.append(len(seen))])
    told = [(progress.step, progress.stretch, len(progress.losses)) for progress in seen]
    assert told == [(4, 1, 4), (8, 2, 4), (10, 3, 2)]
    assert all(progress.replica is mine for progress in seen)
    assert order == [1, 2, 3]
    assert end.losses == pytest.approx([progress.losses.mean().item() for progress in seen])
    steps = []
    quiet([replica()], callbacks=[lambda progress: steps.append(progress.step)])
    assert steps == [5, 10, STEPS]  # 40 samples in batches of 8


def test_adjust_sees_and_may_change_the_gradients_before_the_step():
    first, seen = replica().network, []

    def clear(network: nn.Module) -> None:
        seen.append(network[0].weight.grad.clone())
        for parameter in network.parameters():
            parameter.grad.zero_()

    mine = replica(adjust=clear)
    mine.optimizer.param_groups[0]["weight_decay"] = 0.0
    before = [parameter.detach().clone() for parameter in mine.network.parameters()]
    batch = next(replica().batches)
    cross_entropy(first.train()(batch.inputs), batch.labels).backward()
    quiet([mine], steps=2)
    assert len(seen) == 2
    assert torch.equal(seen[0], first[0].weight.grad)
    assert all(torch.equal(old, new) for old, new in zip(before, mine.network.parameters(), strict=True))


def bad_at(step: int, value: float):
    """An objective whose loss is not finite at one step, counted from 1."""
    count = itertools.count(1)
    return lambda *given: engine.cross_entropy(*given) * (value if next(count) == step else 1.0)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("step", [1, 4, 5, 12])
def test_divergence_is_told_at_its_step_and_stops_at_the_end_of_the_stretch(step, value):
    called = []
    mine = replica(objective=bad_at(step, value))
    (end,) = quiet([mine], every=4, callbacks=[lambda progress: called.append(progress.step)])
    whole = (step - 1) // 4
    assert (end.outcome, end.diverged_step, end.steps) == ("diverged", step, 4 * (whole + 1))
    assert called == [4, 8, 12][:whole]
    assert len(end.losses) == whole
    assert all(map(math.isfinite, end.losses))


def test_weights_that_are_not_finite_are_divergence_even_where_the_loss_is():
    count = itertools.count(1)

    def explode(network: nn.Module) -> None:
        if next(count) == STEPS:
            network[0].weight.grad.fill_(math.inf)

    (end,) = quiet([replica(adjust=explode)], every=4)
    assert (end.outcome, end.diverged_step, len(end.losses)) == ("diverged", STEPS, 2)


def test_bfloat16_stays_near_float32_and_sees_the_new_weights_at_every_step():
    full, half = replica(), replica()
    (full_end,), (half_end,) = quiet([full], every=1), quiet([half], every=1, precision="bfloat16")
    assert all(parameter.dtype == torch.float32 for parameter in half.network.parameters())
    assert half_end.losses == pytest.approx(full_end.losses, rel=0.05)
    assert half_end.losses != full_end.losses
    mine = replica()
    mine = dataclasses.replace(mine, batches=[next(mine.batches)] * 6, schedule=None)
    (end,) = quiet([mine], steps=6, every=1, precision="bfloat16")
    assert all(later < earlier for earlier, later in itertools.pairwise(end.losses))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"every": 0}, "every must be at least 1, got 0"),
        ({"precision": "float64"}, "precision must be one of float32, bfloat16, tf32, got 'float64'"),
        ({"precision": "tf32"}, "precision 'tf32' needs a CUDA device, got 'cpu'"),
    ],
)
def test_settings_that_cannot_be_trained_with_are_refused_before_the_first_step(settings, message):
    mine = replica(objective=bad_at(1, math.nan))
    before = state(mine)
    with pytest.raises(ValueError, match=message):
        quiet([mine], **settings)
    assert torch.equal(state(mine), before)
