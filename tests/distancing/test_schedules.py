"""Learning rates over the cycles of a journey, beside PyTorch's own."""

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, StepLR

from spareparts.distancing.training import cosine_rate, schedule_of, step_rate


def rates(name: str, *, epochs: int, steps: int = 2, **settings) -> list[float]:
    """Learning rates of every step."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule, found = schedule_of(optimizer, name, steps=steps, **settings), []
    for _ in range(epochs * steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_step_decay_divides_by_ten_twice_and_starts_anew():
    found = rates("step", epochs=14, period=6)
    once = [0.1] * 4 + [0.01] * 4 + [0.001] * 4
    assert found == pytest.approx(once + once + [0.1] * 4)
    theirs = StepLR(torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0), step_size=50, gamma=0.1)
    for epoch in range(150):  # PyTorch's within a cycle
        assert step_rate(epoch, period=150) == pytest.approx(theirs.get_last_lr()[0])
        theirs.optimizer.step()
        theirs.step()


def test_cosine_restarts_are_pytorchs_by_epoch_and_by_batch():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = CosineAnnealingWarmRestarts(optimizer, T_0=7)
    for epoch in range(20):
        assert cosine_rate(epoch, period=7) == pytest.approx(theirs.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        theirs.step()
    assert rates("cosine", epochs=14, period=7) == pytest.approx(
        [0.1 * cosine_rate(e // 2, period=7) for e in range(28)]
    )
    by_batch = rates("cosine", epochs=14, period=7, per_batch=True)
    assert by_batch == pytest.approx([0.1 * cosine_rate(step, period=14) for step in range(28)])


def test_a_constant_rate_has_no_schedule():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    assert schedule_of(optimizer, "constant", period=6, steps=5) is None
