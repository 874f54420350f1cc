"""The penalty with its gradient in closed form beside autograd through a loop over checkpoints and parameters."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from spareparts import data, engine
from spareparts.distancing.penalty import Kernel, Push
from spareparts.models import mobilenet_v2, resnet

from .row import Row, timed

COUNTS = (0, 1, 2, 4, 8)  # checkpoints
BATCH, PIXELS, CLASSES = 128, 32, 10
STRENGTH, WIDTH = 1.0, 1000.0
REPEATS = 3  # readings behind each number in the note
MOVED = 1e-3  # deviation of a checkpoint's weights from the network's


def penalty_resnet32() -> Row:
    """The penalty's gradient for ResNet-32, in closed form against autograd through a loop."""
    return row_of("ResNet-32", resnet(32, generator=data.generator(1)))


def penalty_mobilenetv2() -> Row:
    """The penalty's gradient for MobileNetV2, in closed form against autograd through a loop."""
    return row_of("MobileNetV2", mobilenet_v2(generator=data.generator(1)))


def row_of(name: str, network: nn.Module) -> Row:
    """Both sides add the gradients for all of `COUNTS`, and are reported for each checkpoint; the note has the rest."""
    device = engine.choose_device()
    network = network.to(device, memory_format=torch.channels_last)
    pushes = [prepared(network, count) for count in COUNTS]
    check(network, pushes[2])
    times = [quickest(pushing(network, [push]), device=device) for push in pushes]
    step, total = quickest(training(network), device=device), sum(COUNTS)
    each = ", ".join(f"{count}: {took:.3g}" for count, took in zip(COUNTS, times, strict=True))
    share = 100 * (times[-1] - times[1]) / (COUNTS[-1] - COUNTS[1]) / step
    parameters = sum(value.numel() for value in network.parameters())
    return Row(
        ours=timed(pushing(network, pushes), steps=total, device=device),
        other=timed(looping(network, pushes), steps=total, device=device),
        goal=2.0,
        unit="ms/checkpoint",
        device=device,
        note=f"The penalty's gradient for {name} ({parameters:,} parameters) away from 0, 1, 2, 4 and 8 checkpoints in "
        f"turn: in closed form over all parameters at once, against autograd through a loop over them. Milliseconds "
        f"by number of checkpoints, quickest of {REPEATS}: {each}. Each checkpoint adds {share:.2g}% to a training "
        f"step of {BATCH} images, which takes {step:.3g} ms.",
    )


def prepared(network: nn.Module, count: int) -> Push:
    """A push away from so many checkpoints near the network."""
    push, draw = Push(Kernel(STRENGTH, WIDTH)), data.generator(count)
    for _ in range(count):
        push.leave(network)
        for value in push.checkpoints[-1].values():
            value += MOVED * torch.randn(value.shape, generator=draw).to(value.device)
    return push


def pushing(network: nn.Module, pushes: Sequence[Push]) -> Callable[[], None]:
    """Ours: each push once, on gradients that a loss has left."""
    for value in network.parameters():
        value.grad = torch.zeros_like(value)

    def work() -> None:
        for push in pushes:
            push(network)

    return work


def looping(network: nn.Module, pushes: Sequence[Push]) -> Callable[[], None]:
    """The other side: autograd through the penalty as its formula reads, a parameter at a time."""

    def work() -> None:
        for push in pushes:
            if push.checkpoints:
                as_written(network, [list(point.values()) for point in push.checkpoints]).backward()

    return work


def as_written(network: nn.Module, checkpoints: Sequence[Sequence[Tensor]]) -> Tensor:
    """The mean over checkpoints of `exp(-||theta - theta_c||^2 / sigma^2)`, times the strength."""
    hills = []
    for checkpoint in checkpoints:
        distance = 0
        for value, left in zip(network.parameters(), checkpoint, strict=True):
            distance = distance + (value - left).square().sum()
        hills.append(torch.exp(-distance / WIDTH))
    return STRENGTH * torch.stack(hills).mean()


def training(network: nn.Module) -> Callable[[], None]:
    """Forward, backward and update of one batch; the learning rate is 0, so that the weights stay."""
    device = next(network.parameters()).device
    optimizer = torch.optim.SGD(network.parameters(), lr=0.0, momentum=0.9, fused=True)
    images = torch.rand(BATCH, 3, PIXELS, PIXELS, generator=data.generator(2)).to(device)
    labels = torch.randint(CLASSES, (BATCH,), generator=data.generator(3)).to(device)

    def work() -> None:
        functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
        optimizer.zero_grad()

    return work


def quickest(work: Callable[[], None], *, device: str) -> float:
    """Milliseconds, the least of a few readings after one that warms up."""
    side = timed(work, device=device)
    return min([side() for _ in range(REPEATS + 1)][1:])


def check(network: nn.Module, push: Push) -> None:
    """Raise `ValueError` where closed form and autograd disagree."""
    gradients = []
    for work in (pushing(network, [push]), looping(network, [push])):
        for value in network.parameters():
            value.grad = torch.zeros_like(value)
        work()
        gradients.append(torch.cat([value.grad.flatten() for value in network.parameters()]))
    apart = float((gradients[0] - gradients[1]).norm() / gradients[1].norm())
    if apart > 1e-4:
        raise ValueError(f"gradients differ by {apart:.2g} of their length")
