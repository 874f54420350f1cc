"""What must be known of a replica before it is stacked: found by one pass that changes nothing."""

import dataclasses
from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from .device import autocast
from .replica import Replica


@runtime_checkable
class DrawsMask(Protocol):
    """A module that draws a random mask for its inputs, unless one was put into its buffer `mask` before."""

    mask: Tensor | None

    def draw(self, shape: torch.Size, *, device: torch.device) -> Tensor:
        """A mask of that shape from the module's own generator."""


@dataclasses.dataclass(frozen=True)
class Probe:
    """Which parameters the objective does not depend on, which masks it needs, and how much memory a step takes."""

    unused: frozenset[str]
    masks: dict[str, torch.Size]  # module name: shape of its inputs; the first axis is the batch
    bytes: int  # on a CUDA device; 0 elsewhere


def probe(replica: Replica, *, precision: str) -> Probe:
    """Pass the next batch through a replica in evaluation mode and back; nothing of it changes.

    Raises `ValueError` for a module that would need two masks a step.
    """
    network, shapes, handles = replica.network, {}, []
    for name, module in masked(network):
        handles.append(module.register_forward_pre_hook(_note_shape(name, shapes)))
    parameters = {name: p for name, p in network.named_parameters() if p.requires_grad}
    before = _memory(replica.device, reset=True)
    try:
        with autocast(precision, replica.device):
            loss = replica.objective(network.eval(), peek(replica.batches), replica.settings)
        gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    finally:
        network.train()
        for handle in handles:
            handle.remove()
    unused = (name for name, gradient in zip(parameters, gradients, strict=True) if gradient is None)
    return Probe(frozenset(unused), shapes, _memory(replica.device) - before)


def masked(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules that draw masks, with their names."""
    return ((name, module) for name, module in network.named_modules() if isinstance(module, DrawsMask))


def peek(batches: Any) -> Any:
    """The next batch, which stays the next."""
    state = batches.state_dict()
    try:
        return next(iter(batches))
    finally:
        batches.load_state_dict(state)


def _note_shape(name: str, shapes: dict[str, torch.Size]) -> Any:
    def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if name in shapes:
            raise ValueError(f"side by side, {name} would need two masks a step: give each use a module of its own")
        shapes[name] = inputs[0].shape

    return hook


def _memory(device: torch.device, *, reset: bool = False) -> int:
    """Bytes allocated on a CUDA device: now, where the peak is started anew, else at the peak."""
    if device.type != "cuda":
        return 0
    if reset:
        torch.cuda.reset_peak_memory_stats(device)
    return torch.cuda.max_memory_allocated(device)
