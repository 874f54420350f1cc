"""Where training ends early, where numbers get coarse, and what the training loop refuses."""

import dataclasses
import itertools
import math

import pytest
import torch
from torch import nn
from toy_training import STEPS, network, objective, quiet, replica, state

# Divergence


def bad_at(step: int, value: float):
    """An objective whose loss is not finite at one step, counted from 1."""
    count = itertools.count(1)
    return lambda *given: objective(*given) * (value if next(count) == step else 1.0)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("step", [1, 3, 4, 5, 8, 11, 12])
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


def test_a_diverged_replica_leaves_the_others_alone():
    replicas = [replica(1), replica(2, objective=bad_at(2, math.nan)), replica(3)]
    alone = [replica(1), replica(3)]
    ends = quiet(replicas, every=4)
    assert [end.outcome for end in ends] == ["finished", "diverged", "finished"]
    assert [ends[0].losses, ends[2].losses] == [end.losses for end in quiet(alone, every=4)]
    assert torch.equal(state(replicas[2]), state(alone[1]))


# Precision


def test_bfloat16_stays_near_float32_and_leaves_the_weights_in_float32():
    full, half = replica(), replica()
    (full_end,), (half_end,) = quiet([full], every=1), quiet([half], every=1, precision="bfloat16")
    assert all(parameter.dtype == torch.float32 for parameter in half.network.parameters())
    assert half_end.losses == pytest.approx(full_end.losses, rel=0.05)
    assert half_end.losses != full_end.losses


def test_bfloat16_sees_the_new_weights_at_every_step():
    mine = replica()
    mine = dataclasses.replace(mine, batches=[next(mine.batches)] * 6, schedule=None)
    (end,) = quiet([mine], steps=6, every=1, precision="bfloat16")
    assert all(later < earlier for earlier, later in itertools.pairwise(end.losses))


# Bad input


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"steps": -3}, "steps must be at least 1, got -3"),
        ({"every": 0}, "every must be at least 1 step, got 0"),
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


def test_replicas_of_another_architecture_are_refused_by_name():
    with pytest.raises(ValueError, match="replicas must share one architecture: seed 2 differs from seed 1"):
        quiet([replica(1), replica(2, net=network(width=9))])
