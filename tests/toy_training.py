"""A small network, its data and its replica, for tests of the training loop."""

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from spareparts.data import Batches, generator
from spareparts.engine import Replica, cross_entropy, fit

STEPS = 12


def network(seed: int = 0, *, convolutional: bool = False, width: int = 8) -> nn.Module:
    first = nn.Conv2d(1, width, 3, padding=1) if convolutional else nn.Linear(16, width)
    norm = nn.BatchNorm2d(width) if convolutional else nn.BatchNorm1d(width)
    last = nn.Linear(width * 16 if convolutional else width, 3)
    made = nn.Sequential(first, norm, nn.ReLU(), nn.Flatten(), last)
    draw = generator(seed)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=draw) / 4)
    return made


def replica(seed: int = 0, *, net: nn.Module | None = None, convolutional: bool = False, **settings) -> Replica:
    net = net or network(seed, convolutional=convolutional)
    draw = generator(100)
    images = torch.randn(40, 1, 4, 4, generator=draw)
    labels = torch.randint(3, (40,), generator=draw)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-2)
    return Replica(
        name=f"seed {seed}",
        network=net,
        optimizer=optimizer,
        schedule=torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=STEPS, cycle_momentum=False),
        batches=Batches(
            images if convolutional else images.flatten(1), labels, batch_size=8, generator=generator(seed)
        ),
        **{"objective": cross_entropy} | settings,
    )


def state(mine: Replica) -> torch.Tensor:
    return torch.cat([value.double().flatten() for value in mine.network.state_dict().values()])


def quiet(replicas, **settings):
    return fit(replicas, **{"steps": STEPS, "progress": False} | settings)


class Reads(TorchDispatchMode):
    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += function is torch.ops.aten._local_scalar_dense.default
        return function(*args, **kwargs or {})


def host_reads(work) -> int:
    """How often the host reads a number from the device while something is done."""
    with Reads() as reads:
        work()
    return reads.count
