"""Stacked updates are torch.optim's, replica by replica, each with its own hyperparameters."""

import pytest
import torch

from spareparts.engine.updates import KINDS, numbers, update

REPLICAS, STEPS = 4, 15
OWN = [1.0, 0.3, 2.0, 0.0]  # scales of what differs between the replicas


def run_both(kind, settings):
    """The parameters after training with torch.optim one by one, and with stacked updates."""
    draw = torch.Generator().manual_seed(3)
    start = torch.randn(REPLICAS, 3, 5, generator=draw, dtype=torch.float64)
    gradients = torch.randn(STEPS, REPLICAS, 3, 5, generator=draw, dtype=torch.float64)
    stacked, alone, optimizers = start.clone(), list(start.clone()), []
    for parameter, own in zip(alone, settings, strict=True):
        optimizers.append(kind([parameter], **own))
    state = {key: torch.zeros_like(stacked) for key in KINDS[kind].state}
    if "step" in state:
        state["step"] = torch.zeros(REPLICAS)
    group = optimizers[0].param_groups[0]
    shared = {name: bool(group.get(name)) for name in KINDS[kind].shared}
    for gradient in gradients:
        rows = [numbers(optimizer.param_groups[0], KINDS[kind]) for optimizer in optimizers]
        values = torch.tensor(rows, dtype=torch.float64).T
        update(kind, stacked, gradient, state, shared=shared, values=values)
        for parameter, own, optimizer in zip(alone, gradient, optimizers, strict=True):
            parameter.grad = own.clone()
            optimizer.step()
    return torch.stack(alone), stacked


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_sgd_is_torchs(nesterov, weight_decay):
    own = [
        {"lr": 0.1 * scale, "momentum": 0.9 / (1 + place), "weight_decay": weight_decay * scale, "nesterov": nesterov}
        for place, scale in enumerate(OWN)
    ]
    alone, stacked = run_both(torch.optim.SGD, own)
    assert (alone - stacked).abs().max() < 1e-12


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adam_is_torchs(kind, weight_decay):
    own = [
        {
            "lr": 0.1 * scale,
            "betas": (0.9 / (1 + place), 0.999 - 0.1 * place),
            "eps": 10.0 ** (-8 + place),
            "weight_decay": weight_decay * scale,
        }
        for place, scale in enumerate(OWN)
    ]
    alone, stacked = run_both(kind, own)
    assert (alone - stacked).abs().max() < 1e-12


def test_adam_with_decoupled_weight_decay_is_adamw():
    own = {"lr": 0.1, "weight_decay": 0.2}
    _, one = run_both(torch.optim.Adam, [own | {"decoupled_weight_decay": True}] * REPLICAS)
    _, other = run_both(torch.optim.AdamW, [own] * REPLICAS)
    assert torch.equal(one, other)


def test_a_rate_of_zero_moves_nothing():
    _, stacked = run_both(torch.optim.SGD, [{"lr": rate} for rate in (0.1, 0.0, 0.1, 0.0)])
    start = torch.randn(REPLICAS, 3, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    assert (stacked == start).flatten(1).all(1).tolist() == [False, True, False, True]
