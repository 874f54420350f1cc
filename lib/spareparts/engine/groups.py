"""Which replicas can train side by side, and how many at once fit the device's memory."""

import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from .device import autocast
from .replica import Replica, Run
from .updates import KINDS, UNKNOWN

# What must be known of a replica before it is stacked: found by one pass that changes nothing


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


# Groups

MARGIN = 1.5  # stacked passes keep more than the single one that is measured
SHARE = 0.8  # of the free memory that a group may fill


def architecture(network: nn.Module) -> list[Any]:
    """All that makes two networks one architecture: types, shapes and plain attributes of their parts."""
    parts: list[Any] = [(name, tuple(tensor.shape)) for name, tensor in network.state_dict(keep_vars=True).items()]
    for name, module in network.named_modules():
        parts.append((name, type(module), {key: value for key, value in vars(module).items() if _plain(key, value)}))
    return parts


def _plain(name: str, value: Any) -> bool:
    """Whether an attribute is a number, a word or a row of them, and no mere mode."""
    if isinstance(value, tuple):
        return all(isinstance(item, int | float | str) for item in value)
    return isinstance(value, int | float | str) and name != "training"


def obstacle(replicas: Sequence[Replica]) -> str | None:
    """Why these replicas of one architecture cannot train side by side, or None."""
    first = replicas[0]
    for replica in replicas:
        unlike = next((name for name, of in ALIKE.items() if of(replica) != of(first)), None)
        if unlike:
            return f"{replica.name} and {first.name} differ in {unlike}"
        if (own := _own_obstacle(replica)) is not None:
            return f"{replica.name} {own}"
    return None


def _own_obstacle(replica: Replica) -> str | None:
    if type(replica.optimizer) not in KINDS:
        return f"has the optimizer {type(replica.optimizer).__name__}; known are {', '.join(k.__name__ for k in KINDS)}"
    for group in replica.optimizer.param_groups:
        if used := [name for name in UNKNOWN if group.get(name)]:
            return f"uses {', '.join(used)} of its optimizer"
    for name, module in replica.network.named_modules():
        if isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0:
            return f"draws the masks of {name} from the global random state; models.Dropout takes a generator"
    if not (hasattr(replica.batches, "state_dict") and hasattr(replica.batches, "load_state_dict")):
        return "has batches without a state_dict"
    return None


# What replicas side by side must share, in a message's words.
ALIKE: dict[str, Callable[[Replica], Any]] = {
    "their device": lambda replica: replica.device,
    "their objective": lambda replica: replica.objective,
    "the names of their settings": lambda replica: list(replica.settings),
    "their kind of optimizer": lambda replica: type(replica.optimizer),
    "their optimizers' parameter groups": lambda replica: [len(g["params"]) for g in replica.optimizer.param_groups],
    "their optimizers' options": lambda replica: [
        [bool(group.get(name)) for name in ("nesterov", "decoupled_weight_decay")]
        for group in replica.optimizer.param_groups
    ],
    "the steps of an epoch": lambda replica: len(replica.batches),
    "their batch size": lambda replica: getattr(replica.batches, "batch_size", None),
}


def fitting(count: int, *, each: int, free: int) -> int:
    """How many of `count` replicas fit at once, in groups of nearly equal size, at least one a group.

    `each` is what one takes and `free` what there is, in bytes; where nothing was measured all are one group.
    """
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
    each = probe(replicas[0], precision=precision).bytes
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(device)
    return fitting(len(replicas), each=each, free=free)


def halved(group: Sequence[Run]) -> int:
    """Half of a group that found too little memory, which is told."""
    size = (len(group) + 1) // 2
    warnings.warn(f"out of memory with {len(group)} replicas side by side: on with {size}", stacklevel=2)
    return size


def next_group(runs: Sequence[Run], size: int) -> list[Run]:
    """The runs to train next: those that have come furthest, at most `size` at the same step."""
    pending = sorted((run for run in runs if run.outcome is None), key=lambda run: -run.done)
    return [run for run in pending if run.done == pending[0].done][:size]
