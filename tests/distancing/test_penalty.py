"""The penalty: its value, its gradient against autograd, what it adds to a step, and where weight decay cancels it."""

import copy
import math

import pytest
import torch
from torch import nn

from spareparts.data import generator
from spareparts.distancing import Directions, Kernel, Push, checkpoint_penalty, penalty
from spareparts.models import resnet

SETTINGS = [{}, {"strength": 10.0, "width": 3.0}, {"reduction": "sum"}, {"halved_exponent": True, "width": 5.0}]


def tensors(seed: int, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    draw = generator(seed)
    return [torch.randn(shape, generator=draw, dtype=dtype) for shape in ((3, 4), (3,), (2, 3, 2, 2))]


def as_written(parameters, checkpoints, *, strength=1.0, width=1000.0, reduction="mean", halved_exponent=False):
    """The formula, a parameter at a time."""
    hills = []
    for checkpoint in checkpoints:
        squared = sum((a - b).square().sum() for a, b in zip(parameters, checkpoint, strict=True))
        hills.append(torch.exp(-squared / (2 * width if halved_exponent else width)))
    return strength * getattr(torch.stack(hills), reduction)()


def gradients(penalty: torch.Tensor, parameters: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat([each.flatten() for each in torch.autograd.grad(penalty, parameters)])


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_value_and_gradient_are_those_of_the_formula_by_autograd(settings, count):
    parameters = [each.requires_grad_() for each in tensors(1)]
    checkpoints = [tensors(seed) for seed in range(2, 2 + count)]
    ours, theirs = (f(parameters, checkpoints, **settings) for f in (checkpoint_penalty, as_written))
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)
    torch.testing.assert_close(gradients(ours, parameters), gradients(theirs, parameters), rtol=1e-10, atol=1e-15)


def test_at_a_checkpoint_the_penalty_is_flat_and_the_force_is_largest_at_half_the_width():
    parameters = [each.requires_grad_() for each in tensors(1, torch.float32)]
    penalty = checkpoint_penalty(parameters, [[each.detach().clone() for each in parameters]], strength=7.0)
    assert penalty.item() == 7.0
    assert not gradients(penalty, parameters).any()

    def force(distance: float, width: float = 8.0) -> float:
        own = torch.tensor([distance], dtype=torch.float64, requires_grad=True)
        return gradients(checkpoint_penalty([own], [[torch.zeros(1, dtype=torch.float64)]], width=width), [own]).item()

    forces = torch.tensor([force(place / 100) for place in range(1, 400)])
    assert (forces.argmin().item() + 1) / 100 == pytest.approx(math.sqrt(8.0 / 2), abs=0.01)
    assert abs(force(40.0)) < 1e-80


def test_autograd_keeps_no_graph_through_the_parameters_and_without_checkpoints_all_is_0():
    parameters = [each.requires_grad_() for each in tensors(1)]
    penalty = checkpoint_penalty(parameters, [tensors(2)] * 8)
    assert {type(function).__name__ for function, _ in penalty.grad_fn.next_functions if function} == {"AccumulateGrad"}
    parameters = [each.requires_grad_() for each in tensors(1)]
    penalty = checkpoint_penalty(parameters, [])
    assert penalty.item() == 0 and not gradients(penalty, parameters).any()


def beside(*checkpoint, **settings):
    return checkpoint_penalty(tensors(1), [tensors(3), *checkpoint], **settings)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: beside(width=0.0), "width must be positive, got 0.0"),
        (lambda: beside(width=math.nan), "width must be positive, got nan"),
        (lambda: beside(strength=math.nan), "strength must be at least 0, got nan"),
        (lambda: beside(strength=-2.0), "strength must be at least 0, got -2.0"),
        (lambda: beside(reduction="max"), "reduction must be one of mean, sum, got 'max'"),
        (lambda: beside(tensors(2)[:2]), "checkpoint 2 must share one architecture, but only one of them has tensor 3"),
        (lambda: beside([torch.zeros(4, 3), *tensors(2)[1:]]), r"got tensor 1 of shape \(3, 4\) and \(4, 3\)"),
        (lambda: beside([each.to("meta") for each in tensors(2)]), "one device, got tensor 1 on cpu and meta"),
        (lambda: checkpoint_penalty([], []), "at least one tensor, got none"),
        (lambda: penalty.mirror(math.nan, Kernel()), "length must be positive, got nan"),
        (lambda: penalty.mirror(1.0, Kernel(), weight_decay=-0.1), "weight_decay must be at least 0, got -0.1"),
        (lambda: penalty.mirror(1.0, Kernel(width=0.0)), "width must be positive, got 0.0"),
    ],
)
def test_settings_and_checkpoints_that_make_no_hill_are_refused(ask, message):
    with pytest.raises(ValueError, match=message):
        ask()


def network_with_gradients(layout: torch.memory_format = torch.contiguous_format) -> nn.Module:
    network = resnet(8, generator=generator(1), classes=4).double().to(memory_format=layout)
    for place, parameter in enumerate(network.parameters()):
        parameter.grad = torch.full_like(parameter, 1e-3 * (place + 1))
    return network


def pushed(network: nn.Module, *, checkpoints: int = 2, **settings) -> Push:
    push = Push(Kernel(**settings))
    for seed in range(checkpoints):
        push.leave(network)
        for value in push.checkpoints[-1].values():
            value += 0.01 * torch.randn(value.shape, generator=generator(seed), dtype=value.dtype)
    return push


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_hook_adds_to_each_gradient_what_autograd_would(layout):
    network = network_with_gradients(layout)
    before = [parameter.grad.clone() for parameter in network.parameters()]
    push = pushed(network, strength=30.0, width=20.0)
    push(network)
    others = [list(point.values()) for point in push.checkpoints]
    expected = torch.autograd.grad(
        as_written(list(network.parameters()), others, strength=30.0, width=20.0), network.parameters()
    )
    for parameter, old, added in zip(network.parameters(), before, expected, strict=True):
        torch.testing.assert_close(parameter.grad, old + added, rtol=1e-10, atol=1e-14)


def test_the_hook_leaves_gradients_alone_that_are_none_or_that_no_checkpoint_or_strength_pushes():
    for push in (Push(Kernel()), pushed(network_with_gradients(), strength=0.0)):
        network = network_with_gradients()
        push(network)
        assert all((parameter.grad == 1e-3 * (place + 1)).all() for place, parameter in enumerate(network.parameters()))
    network = network_with_gradients()
    network.classifier.weight.grad = None
    push = pushed(network, checkpoints=1)
    before = copy.deepcopy(push.checkpoints[0])
    push(network)
    assert network.classifier.weight.grad is None and network.classifier.bias.grad is not None
    with torch.no_grad():
        network.classifier.weight += 1
    assert torch.equal(push.checkpoints[0]["classifier.weight"], before["classifier.weight"])


def test_near_a_checkpoint_each_step_of_momentum_sgd_multiplies_the_distance_as_the_protocol_says():
    """By `1 + lr/(1 - m) 2 s/sigma^2` in the long run."""
    own = nn.Parameter(torch.full((5,), 1e-3, dtype=torch.float64))
    holder = nn.ParameterList([own])
    push = Push(Kernel(strength=10.0))
    push.checkpoints.append({"0": torch.zeros(5, dtype=torch.float64)})
    optimizer, lengths = torch.optim.SGD([own], lr=0.01, momentum=0.9), []
    for _ in range(150):
        own.grad = torch.zeros_like(own)
        push(holder)
        optimizer.step()
        lengths.append(own.detach().norm().item())
    assert lengths[-1] / lengths[-2] == pytest.approx(1 + 0.01 / 0.1 * 2 * 10 / 1000, abs=5e-5)


def test_directions_compare_the_gradient_of_the_loss_with_the_push():
    network = network_with_gradients()
    push = pushed(network, checkpoints=1, strength=50.0, width=20.0)
    before = torch.cat([parameter.grad.flatten() for parameter in network.parameters()])
    directions = Directions(push, every=1)
    directions(network)
    added = torch.cat([parameter.grad.flatten() for parameter in network.parameters()]) - before
    alignment = float(torch.nn.functional.cosine_similarity(before, added, dim=0))
    expected = {"alignment": alignment, "loss_gradient_norm": float(before.norm()), "push_norm": float(added.norm())}
    assert directions.read() == pytest.approx(expected, rel=1e-6)
    assert all(math.isnan(value) for value in directions.read().values())


def test_directions_look_at_every_so_many_steps_and_without_a_push_it_has_none():
    network, alone = network_with_gradients(), network_with_gradients()
    push = pushed(network)
    directions = Directions(push, every=3)
    for _ in range(7):
        directions(network)
        push(alone)
    assert len(directions.seen) == 2
    for one, other in zip(network.parameters(), alone.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)
    directions = Directions(Push(Kernel()), every=1)
    directions(network_with_gradients())
    found = directions.read()
    assert (found["alignment"], found["push_norm"]) == (0, 0)


DECAY = 1e-3


@pytest.mark.parametrize(("strength", "width"), [(1.0, 1000.0), (10.0, 1000.0), (1.0, 100.0), (0.1, 1000.0)])
def test_at_the_mirror_image_push_and_weight_decay_cancel(strength, width):
    checkpoint = torch.tensor([3.0, -4.0, 12.0], dtype=torch.float64)  # of length 13
    distance = penalty.mirror(13.0, Kernel(strength, width), weight_decay=DECAY)
    times = distance**0.5 / 13
    theta = ((1 - times) * checkpoint).requires_grad_()
    checkpoint_penalty([theta], [[checkpoint]], strength=strength, width=width).backward()
    assert times > 1 and theta.grad is not None
    assert torch.allclose(theta.grad + DECAY * theta.detach(), torch.zeros(3, dtype=torch.float64), atol=1e-9)


def test_at_the_shell_they_cancel_for_what_has_moved_and_without_weight_decay_nothing_stops():
    moved = torch.zeros(4, dtype=torch.float64)
    moved[0] = penalty.shell(Kernel(), weight_decay=DECAY) ** 0.5
    theta = moved.clone().requires_grad_()
    checkpoint_penalty([theta], [[torch.zeros_like(moved)]]).backward()
    assert torch.allclose(theta.grad, -DECAY * moved, atol=1e-12)
    assert penalty.shell(Kernel(), weight_decay=DECAY) == pytest.approx(1000 * math.log(2))
    assert penalty.shell(Kernel(halved_exponent=True), weight_decay=DECAY) == 0  # as strong as weight decay at most
    assert penalty.shell(Kernel(strength=0.1), weight_decay=DECAY) == 0
    assert penalty.mirror(13.0, Kernel(), weight_decay=0) == penalty.shell(Kernel(), weight_decay=0) == math.inf
    assert penalty.mirror(13.0, Kernel(strength=0.0)) == 169


def test_descent_on_a_flat_loss_passes_the_shell_and_comes_to_rest_at_the_mirror_image():
    checkpoint = torch.full((16,), 13 / 4, dtype=torch.float64)
    theta = checkpoint + 1e-3 * torch.randn(16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for _ in range(800):
        theta.requires_grad_()
        (push,) = torch.autograd.grad(checkpoint_penalty([theta], [[checkpoint]]), theta)
        theta = (theta - 50.0 * (push + DECAY * theta)).detach()
    cosine = torch.nn.functional.cosine_similarity(theta, checkpoint, dim=0)
    assert float(cosine) == pytest.approx(-1)
    assert float((theta - checkpoint).square().sum()) == pytest.approx(penalty.mirror(13.0, Kernel()), rel=1e-6)
