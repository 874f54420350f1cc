"""The engine's step: beside a bare loop over tensors, and beside Lightning with a DataLoader."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int, UInt8
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from spareparts import data, engine, experts
from spareparts.experts.training import objective_of
from spareparts.models import lenet_300_100

from .plain import Images, PlainMixture, lightning_side, plain_objective
from .row import Row, Side, Skipped, timed

WORKERS = (0, 2)  # of the DataLoader; the better one counts
BFLOAT16 = ("amx_bf16", "avx512_bf16", "bf16")  # processors' names for the instructions, the strongest first


def engine_step() -> Row:
    """LeNet-300-100, batch 64: the engine's step against a bare loop over the same tensors."""
    images, labels, origin = mnist()
    inputs, steps = data.to_float(images), 200
    network = lenet_300_100(generator=data.generator(1))
    optimizer = lenet_optimizer(network.parameters(), fused=True)
    permutation = torch.randperm(len(labels), generator=data.generator(1)).split(64)

    def bare() -> None:
        for rows in permutation[:steps]:
            loss = functional.cross_entropy(network(inputs[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return Row(
        ours=lenet_side(inputs, labels, steps=steps),
        other=timed(bare, steps=steps),
        goal=0.95,
        unit="ms/step",
        note=f"LeNet-300-100, batch 64, {origin}: the engine's step against a bare PyTorch loop over the same tensors "
        "with the same optimizer. Near 1 means that the engine costs nothing.",
    )


def engine_loader_lenet() -> Row:
    """LeNet-300-100, batch 64, all on one processor: the engine against Lightning with a DataLoader and ToTensor."""
    return _lenet_row(cores=1, bare=False, note="Lightning as it comes, logging its loss; all on one processor.")


def engine_loader_lenet_bare() -> Row:
    """The same, Lightning without log, checkpoint, progress bar and summary."""
    return _lenet_row(cores=1, bare=True, note="Lightning without its extras; all on one processor.")


def engine_loader_lenet_helped() -> Row:
    """The same, where moreover Lightning's loader workers have a second processor for themselves."""
    note = "Lightning without its extras; ours uses one processor, loader workers have a second one."
    return _lenet_row(cores=2, bare=True, note=note)


def _lenet_row(*, cores: int, bare: bool, note: str) -> Row:
    """LeNet-300-100 by the engine and by Lightning, on so many processors."""
    images, labels, origin = mnist()
    network = lenet_300_100(generator=data.generator(1))
    epoch = len(labels) // 64
    # from amid one epoch to amid the next: as in a long run, each epoch's start counts once
    lengths = {"warm_up": 64, "steps": epoch}
    start = functools.partial(lightning_side, network, cross_entropy, lenet_optimizer, **lengths, bare=bare)
    loaders = loader_choices(images, labels, batch_size=64)
    return Row(
        ours=lenet_side(data.to_float(images), labels, steps=epoch),
        other={label: start(loader) for label, loader in loaders.items()},
        goal=4.0,
        unit="ms/step",
        cores=cores,
        note=f"LeNet-300-100, batch 64, {origin}: the engine against PyTorch Lightning with a DataLoader "
        f"and ToTensor. {note}",
        libraries=("lightning", "torchvision", "pillow"),
    )


def engine_loader_experts() -> Row:
    """The experts' network with SNNL, batch 100, float32: the engine against plain code in Lightning."""
    return _experts_row("float32", goal=1.0, note="both in float32.")


def engine_bf16_experts() -> Row:
    """The experts' network with SNNL, batch 100: the engine in bfloat16 against plain code in float32."""
    cpuinfo = Path("/proc/cpuinfo")
    instruction = bfloat16_instruction(cpuinfo.read_text() if cpuinfo.exists() else "")
    if instruction is None:
        raise Skipped(f"this processor has no bfloat16 instructions ({', '.join(BFLOAT16)})")
    return _experts_row("bfloat16", goal=1.25, note=f"ours in bfloat16 ({instruction}), the other in float32.")


def _experts_row(precision: str, *, goal: float, note: str) -> Row:
    """The experts' network: ours in some precision, plain code in Lightning in float32."""
    images, labels, origin = mnist()
    network = PlainMixture(size=28, classes=10, experts=5, hidden_units=128)
    start = functools.partial(lightning_side, network, plain_objective, experts_optimizer, warm_up=2, steps=10)
    loaders = loader_choices(images, labels, batch_size=100)
    return Row(
        ours=experts_side(data.to_float(images), labels, precision=precision, steps=10),
        other={label: start(loader) for label, loader in loaders.items()},
        goal=goal,
        unit="ms/step",
        note=f"Mixture of 5 experts with SNNL, batch 100, {origin}: the engine against the same network and loss "
        f"written plainly in PyTorch Lightning with a DataLoader and ToTensor, all on one processor; {note}",
        cores=1,
        libraries=("lightning", "torchvision", "pillow"),
    )


def lenet_side(inputs: Tensor, labels: Tensor, *, steps: int) -> Side:
    """The engine training LeNet-300-100."""
    network = lenet_300_100(generator=data.generator(1))
    return engine_side(
        network,
        lambda network, batch, settings: cross_entropy(network, *batch),
        lenet_optimizer(network.parameters(), fused=True),
        data.Batches(inputs, labels, batch_size=64, generator=data.generator(1)),
        steps=steps,
    )


def experts_side(inputs: Tensor, labels: Tensor, *, precision: str, steps: int) -> Side:
    """The engine training the experts' network in the arm with SNNL."""
    config = experts.Config(arm="snnl")
    objective, settings = objective_of(config)
    network = experts.Mixture(channels=1, size=28, classes=10, experts=5, hidden_units=128, generator=data.generator(1))
    return engine_side(
        network,
        objective,
        experts_optimizer(network.parameters(), fused=True),
        data.Batches(inputs, labels, batch_size=config.batch_size, generator=data.generator(1)),
        steps=steps,
        precision=precision,
        settings=settings,
    )


def engine_side(
    network: nn.Module, objective: Callable, optimizer, batches, *, steps: int, precision: str = "float32", **own: Any
) -> Side:
    """The engine training one replica on and on; a run that diverged would be no measurement."""
    replica = engine.Replica(
        name="benchmark", network=network, objective=objective, optimizer=optimizer, batches=batches, **own
    )

    def work() -> None:
        (end,) = engine.fit([replica], steps=steps, every=steps, progress=False, precision=precision)
        assert end.outcome == "finished"

    return timed(work, steps=steps)


def cross_entropy(network: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy of a batch."""
    return functional.cross_entropy(network(images), labels)


def lenet_optimizer(parameters, **settings: bool) -> torch.optim.SGD:
    """SGD as the redundancy chapter trains LeNet."""
    return torch.optim.SGD(parameters, lr=3e-3, momentum=0.9, **settings)


def experts_optimizer(parameters, **settings: bool) -> torch.optim.SGD:
    """SGD as the experts chapter uses it, at a constant small rate: its schedule costs nothing."""
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, weight_decay=1e-4, **settings)


def loader_choices(images: Tensor, labels: Tensor, *, batch_size: int) -> dict[str, Callable[[], DataLoader]]:
    """Makers of a shuffling DataLoader, by what tells them apart."""
    dataset = Images(images, labels)
    return {
        f"{workers} loader workers": functools.partial(
            DataLoader, dataset, batch_size=batch_size, shuffle=True, num_workers=workers
        )
        for workers in WORKERS
    }


def bfloat16_instruction(cpuinfo: str) -> str | None:
    """The strongest bfloat16 instruction that Linux's description of a processor names, or None."""
    words = set(cpuinfo.split())
    return next((name for name in BFLOAT16 if name in words), None)


@functools.cache
def mnist() -> tuple[UInt8[Tensor, "60000 28 28"], Int[Tensor, " 60000"], str]:
    """MNIST's training images and labels, or random ones of its shape, and what to call them."""
    try:
        found = data.load("mnist", "train")
    except data.DataMissing:
        draw = data.generator(0)
        images = torch.randint(256, (60_000, 28, 28), dtype=torch.uint8, generator=draw)
        return images, torch.randint(10, (60_000,), generator=draw), "random images of MNIST's shape"
    return found.images, found.labels, "MNIST"
