"""Which replicas can train side by side, and how many at once fit the device's memory."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from .device import autocast
from .replica import Replica, Run, generators

MARGIN = 1.5  # stacked passes keep more than the single one that is measured
SHARE = 0.8  # of the free memory that a group may fill
UNKNOWN = ("dampening", "maximize", "nesterov", "differentiable")  # options of SGD that the stacked step has not


def probe(replica: Replica, *, precision: str) -> tuple[frozenset[str], int]:
    """Names of the parameters that the objective does not depend on, and bytes that a step takes (0 but on CUDA)."""
    network, batches = replica.network.eval(), replica.batches
    kept = batches.state_dict()
    parameters = {name: p for name, p in network.named_parameters() if p.requires_grad}
    on_cuda = replica.device.type == "cuda"
    if on_cuda:
        torch.cuda.reset_peak_memory_stats(replica.device)
    before = torch.cuda.max_memory_allocated(replica.device) if on_cuda else 0
    try:
        with autocast(precision, replica.device):
            loss = replica.objective(network, next(iter(batches)), replica.settings)
        gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    finally:
        network.train()
        batches.load_state_dict(kept)
    unused = (name for name, gradient in zip(parameters, gradients, strict=True) if gradient is None)
    return frozenset(unused), torch.cuda.max_memory_allocated(replica.device) - before if on_cuda else 0


def architecture(network: nn.Module) -> list[Any]:
    """All that makes two networks one architecture: types, shapes and plain attributes of their parts."""
    parts: list[Any] = [(name, tuple(tensor.shape)) for name, tensor in network.state_dict(keep_vars=True).items()]
    for name, module in network.named_modules():
        attributes = {key: value for key, value in vars(module).items() if key != "training" and _plain(value)}
        parts.append((name, type(module), attributes))
    return parts


def _plain(value: Any) -> bool:
    """Whether an attribute is a number, a word or a row of them."""
    return all(isinstance(item, int | float | str) for item in (value if isinstance(value, tuple) else (value,)))


# What replicas side by side must share, in a message's words
ALIKE: dict[str, Callable[[Replica], Any]] = {
    "their device": lambda replica: replica.device,
    "their objective": lambda replica: replica.objective,
    "the names of their settings": lambda replica: list(replica.settings),
    "their optimizers' parameter groups": lambda replica: [len(g["params"]) for g in replica.optimizer.param_groups],
    "the steps of an epoch": lambda replica: len(replica.batches),
    "their batch size": lambda replica: getattr(replica.batches, "batch_size", None),
}


def obstacle(replicas: Sequence[Replica]) -> str | None:
    """Why these replicas of one architecture cannot train side by side, or None."""
    first = replicas[0]
    for replica in replicas:
        if own := _own_obstacle(replica):
            return f"{replica.name} {own}"
        if unlike := next((name for name, of in ALIKE.items() if of(replica) != of(first)), None):
            return f"{replica.name} and {first.name} differ in {unlike}"
    return None


def _own_obstacle(replica: Replica) -> str | None:
    if type(replica.optimizer) is not torch.optim.SGD:
        return f"has the optimizer {type(replica.optimizer).__name__}; known is SGD"
    if used := [name for name in UNKNOWN if any(group.get(name) for group in replica.optimizer.param_groups)]:
        return f"uses {', '.join(used)} of its optimizer"
    if replica.adjust is not None:
        return "adjusts its gradients"
    modules = replica.network.modules()
    if generators(replica.network) or any(isinstance(m, nn.modules.dropout._DropoutNd) and m.p > 0 for m in modules):
        return "draws masks in its forward pass"
    if not (hasattr(replica.batches, "state_dict") and hasattr(replica.batches, "load_state_dict")):
        return "has batches without a state_dict"
    return None


def fitting(count: int, *, each: int, free: int) -> int:
    """How many of `count` replicas of `each` bytes (0: unknown) fit into `free`, in groups of nearly equal size."""
    if each <= 0:
        return count
    most = min(count, max(1, int(SHARE * free / (MARGIN * each))))
    groups = -(-count // most)
    return -(-count // groups)


def group_size(replicas: Sequence[Replica], *, precision: str) -> int:
    """How many of the replicas fit the device at once, by the memory that one step of the first takes."""
    device = replicas[0].device
    if device.type != "cuda":
        return len(replicas)
    _, each = probe(replicas[0], precision=precision)
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(device)
    return fitting(len(replicas), each=each, free=free)


def next_group(runs: Sequence[Run], size: int) -> list[Run]:
    """The runs to train next: those that have come furthest, at most `size` at the same step."""
    pending = sorted((run for run in runs if run.end.outcome is None), key=lambda run: -run.end.steps)
    return [run for run in pending if run.end.steps == pending[0].end.steps][:size]
