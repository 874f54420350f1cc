"""The training loop."""

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from tqdm import tqdm

from .device import autocast, check_precision, lay_out, matmul_precision


@runtime_checkable
class BatchSource(Protocol):
    """Endless batches; its length is the number of steps an epoch has."""

    def __iter__(self) -> Any: ...
    def __len__(self) -> int: ...


@dataclasses.dataclass(kw_only=True)
class Replica:
    """One network in training, with all that is its own: loss, optimizer, schedule, batches.

    `objective(network, batch)` gives the loss that is minimized; `adjust(network)`, where given, may change gradients
    between the backward pass and the optimizer's step; the schedule is stepped once a batch.
    """

    name: str  # what a message calls it, such as "seed 3"
    network: nn.Module
    objective: Callable[[nn.Module, Any], Tensor]
    optimizer: torch.optim.Optimizer
    batches: BatchSource
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None
    adjust: Callable[[nn.Module], None] | None = None

    @property
    def device(self) -> torch.device:
        """Where the network's parameters are."""
        return next(self.network.parameters()).device


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """What a callback is told at the end of a stretch of steps."""

    replica: Replica
    step: int  # steps done so far
    stretch: int  # stretches done so far
    losses: Tensor  # the stretch's losses, one a step


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a replica's training ended."""

    outcome: str  # "finished" or "diverged"
    diverged_step: int | None  # first step, counted from 1, whose loss was not finite
    steps: int
    seconds: float
    losses: list[float]  # mean loss of each stretch


def fit(
    replicas: Sequence[Replica],
    *,
    steps: int,
    every: int | None = None,
    callbacks: Iterable[Callable[[Progress], None]] = (),
    precision: str = "float32",
    progress: bool = True,
) -> list[Outcome]:
    """Train each replica for `steps` steps; one outcome a replica, in order.

    Training goes in stretches of `every` steps (an epoch by default); callbacks run after each, and only there does the
    host read from the device. A replica whose loss or weights stop being finite is stopped at the end of that stretch
    and told as diverged; the others go on. Raises `ValueError` for settings that cannot be trained with, at once.
    """
    _check(replicas, steps=steps, every=every, precision=precision)
    callbacks = tuple(callbacks)
    outcomes = []
    bar = tqdm(total=steps * len(replicas), unit="step", disable=not progress, leave=False, mininterval=1.0)
    with bar, matmul_precision(precision):
        for replica in replicas:
            bar.set_description(replica.name)
            span = every or len(replica.batches)
            outcomes.append(_train(replica, steps=steps, span=span, callbacks=callbacks, precision=precision, bar=bar))
    return outcomes


def _check(replicas: Sequence[Replica], *, steps: int, every: int | None, precision: str) -> None:
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    if every is not None and every < 1:
        raise ValueError(f"every must be at least 1 step, got {every}")
    shapes = [tuple(parameter.shape for parameter in replica.network.parameters()) for replica in replicas]
    for replica, shape in zip(replicas, shapes, strict=True):
        if shape != shapes[0]:
            raise ValueError(f"replicas must share one architecture: {replica.name} differs from {replicas[0].name}")
        check_precision(precision, replica.device)


def _train(replica: Replica, *, steps: int, span: int, callbacks: tuple, precision: str, bar: tqdm) -> Outcome:
    started, done, means = time.perf_counter(), 0, []
    network = lay_out(replica.network).train()
    batches = iter(replica.batches)
    while done < steps:
        losses = _stretch(replica, batches, steps=min(span, steps - done), precision=precision)
        finite = torch.isfinite(losses)  # the only place where the host waits for the device
        if not finite.all() or not _finite(network):
            wrong = int((~finite).int().argmax()) if not finite.all() else len(losses) - 1
            return Outcome(
                outcome="diverged",
                diverged_step=done + wrong + 1,
                steps=done + len(losses),
                seconds=time.perf_counter() - started,
                losses=means,
            )
        done += len(losses)
        means.append(losses.mean().item())
        bar.update(len(losses))
        for callback in callbacks:
            callback(Progress(replica=replica, step=done, stretch=len(means), losses=losses))
        network.train()
    seconds = time.perf_counter() - started
    return Outcome(outcome="finished", diverged_step=None, steps=done, seconds=seconds, losses=means)


def _finite(network: nn.Module) -> bool:
    """Whether all parameters are finite; one read from the device."""
    return bool(torch.stack([parameter.detach().sum() for parameter in network.parameters()]).isfinite().all())


def _stretch(replica: Replica, batches: Any, *, steps: int, precision: str) -> Tensor:
    """Take `steps` steps and give their losses, without a read from the device."""
    network, objective, optimizer = replica.network, replica.objective, replica.optimizer
    schedule, adjust, device = replica.schedule, replica.adjust, replica.device
    losses = torch.empty(steps, device=device)
    for step in range(steps):
        batch = next(batches)
        with autocast(precision, device):
            loss = objective(network, batch)
        optimizer.zero_grad()
        loss.backward()
        if adjust is not None:
            adjust(network)
        optimizer.step()
        if schedule is not None:
            schedule.step()
        losses[step] = loss.detach()
    return losses
