"""What is trained: a network with all that is its own, and what is told about its training."""

import copy
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

# loss = objective(network, batch, settings); side by side `network` is only callable like the module, and each setting
# a tensor without axes
Objective = Callable[[Callable[..., Any], Any, Mapping[str, Any]], Tensor]


def cross_entropy(network: Callable[..., Tensor], batch: Any, settings: Mapping[str, Any]) -> Tensor:
    """Objective: mean cross entropy of a batch of inputs and labels, in nats."""
    return functional.cross_entropy(network(batch.inputs), batch.labels)


@dataclasses.dataclass(kw_only=True)
class Replica:
    """One network in training, with all that is its own: settings, optimizer, schedule, batches, callbacks.

    `objective(network, batch, settings)` gives the loss that is minimized, from nothing but these three. Where given,
    `adjust(network)` may change gradients between the backward pass and the optimizer's step; the schedule is stepped
    once a batch. A callback that has a `state_dict` and a `load_state_dict` is kept in checkpoints.
    """

    name: str  #: what a message calls it, such as "seed 3"
    network: nn.Module
    objective: Objective
    optimizer: torch.optim.Optimizer
    batches: Iterable  #: endless; its length is the number of steps an epoch has
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None
    adjust: Callable[[nn.Module], None] | None = None
    settings: Mapping[str, float] = dataclasses.field(default_factory=dict)  #: scalars of the objective
    callbacks: tuple[Callable[["Progress"], None], ...] = ()

    @property
    def device(self) -> torch.device:
        """Where the network's parameters are."""
        return next(self.network.parameters()).device


def generators(network: nn.Module) -> list[torch.Generator]:
    """The generators that a network's masks come from."""
    found = (getattr(module, "generator", None) for module in network.modules())
    return [draw for draw in found if isinstance(draw, torch.Generator)]


class Kept:
    """A callback of which checkpoints keep the attributes that `KEPT` names."""

    KEPT: ClassVar[tuple[str, ...]]

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {name: copy.copy(getattr(self, name)) for name in self.KEPT}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with what a checkpoint kept."""
        for name in self.KEPT:
            setattr(self, name, copy.copy(state[name]))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """What a callback is told at the end of a stretch of steps."""

    replica: Replica
    step: int  #: steps done so far
    stretch: int  #: stretches done so far
    losses: Tensor  #: the stretch's losses, one a step


@dataclasses.dataclass(kw_only=True)
class Outcome:
    """How far a replica's training has come, and how it ended."""

    outcome: str | None = None  #: "finished" or "diverged"; None while it goes on
    diverged_step: int | None = None  #: first step, counted from 1, whose loss was not finite
    steps: int = 0
    seconds: float = 0.0  #: wall time; of replicas side by side, an even share of it
    losses: list[float] = dataclasses.field(default_factory=list)  #: mean loss of each stretch


@dataclasses.dataclass(kw_only=True)
class Run:
    """A replica in training."""

    replica: Replica
    callbacks: tuple[Callable[[Progress], None], ...]
    end: Outcome = dataclasses.field(default_factory=Outcome)

    def __post_init__(self) -> None:
        self.batches = iter(self.replica.batches)

    def report(self, losses: Tensor) -> None:
        """Count a stretch's steps and call back."""
        self.end.steps += len(losses)
        self.end.losses.append(losses.mean().item())
        told = Progress(replica=self.replica, step=self.end.steps, stretch=len(self.end.losses), losses=losses)
        for callback in self.callbacks:
            callback(told)
