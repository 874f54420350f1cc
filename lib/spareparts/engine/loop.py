"""The training loop: what is asked for is checked, begun, and trained until each replica has finished or diverged."""

import contextlib
import dataclasses
import multiprocessing
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from jaxtyping import Bool
from torch import Tensor
from tqdm import tqdm

from .. import checks
from .checkpoint import Checkpoint, Opening, restore, state_of
from .device import check_precision, matmul_precision
from .groups import architecture, group_size, next_group, obstacle
from .replica import Outcome, Progress, Replica, Run
from .trainers import Alone, SideBySide

CHECKPOINT_SECONDS = 120.0


def fit(
    replicas: Sequence[Replica],
    *,
    steps: int,
    every: int | None = None,
    callbacks: Iterable[Callable[[Progress], None]] = (),
    precision: str = "float32",
    progress: bool = True,
    side_by_side: bool | None = None,
    checkpoint: Path | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    opening: Opening | None = None,
) -> list[Outcome]:
    """Train each replica for `steps` steps; one outcome a replica, in order.

    Callbacks run after each stretch of `every` steps (an epoch by default), a replica's own first; only there does the
    host read from the device, and what is not finite ends as diverged. `side_by_side` trains replicas in groups that
    fit the memory; None: where several are on CUDA. From a `checkpoint`, written every so many seconds, training goes
    on after a cut-off; an `opening` is made once for all that share it. Raises `ValueError` for wrong settings at once.
    """
    same = {"steps": steps, "every": every, "precision": precision}
    _check(replicas, opening=opening, **same)
    runs = [Run(replica=replica, callbacks=(*replica.callbacks, *callbacks)) for replica in replicas]
    keeper = Checkpoint(checkpoint, runs, seconds=checkpoint_seconds, opening=opening, **same)
    stacked = _choose(replicas, side_by_side)
    keeper.restore()
    with _bar(runs, steps=steps, progress=progress) as bar, matmul_precision(precision):
        Loop(**same, stacked=stacked, keeper=keeper, bar=bar).train(runs)
    keeper.remove()
    return [run.end for run in runs]


def _bar(runs: Sequence[Run], *, steps: int, progress: bool) -> tqdm:
    """A bar over the steps of all runs; none in a worker, where those of several would mix."""
    hidden = not progress or multiprocessing.current_process().daemon
    done = sum(run.end.steps for run in runs)
    return tqdm(total=steps * len(runs), initial=done, unit="step", disable=hidden, leave=False, mininterval=1.0)


def _check(
    replicas: Sequence[Replica], *, steps: int, every: int | None, precision: str, opening: Opening | None
) -> None:
    checks.whole(1, steps=steps, every=1 if every is None else every)
    if opening is not None and (opening.steps >= steps or every is None or opening.steps % every):
        raise ValueError(f"an opening must be of whole stretches of {every}, below {steps} steps, got {opening.steps}")
    first = architecture(replicas[0].network) if replicas else None
    for replica in replicas:
        if architecture(replica.network) != first:
            raise ValueError(f"replicas must share one architecture: {replica.name} differs from {replicas[0].name}")
        check_precision(precision, replica.device)


def _choose(replicas: Sequence[Replica], side_by_side: bool | None) -> bool:
    """Whether to train side by side."""
    several_on_cuda = len(replicas) > 1 and replicas[0].device.type == "cuda"
    if not replicas or not (several_on_cuda if side_by_side is None else side_by_side):
        return False
    reason = obstacle(replicas)
    if reason and side_by_side:
        raise ValueError(f"replicas cannot train side by side: {reason}")
    if reason:
        warnings.warn(f"replicas train one by one: {reason}", stacklevel=3)
    return reason is None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Loop:
    """What all groups of one call of `fit` share."""

    steps: int
    every: int | None
    precision: str
    stacked: bool
    keeper: Checkpoint
    bar: tqdm

    def train(self, runs: Sequence[Run]) -> None:
        """Train all runs to their end, in groups that fit the memory."""
        size = group_size([run.replica for run in runs], precision=self.precision) if self.stacked else 1
        while any(run.end.outcome is None for run in runs):
            group = next_group(runs, size)
            before = [state_of(run) for run in group] if len(group) > 1 else []
            try:
                self.train_group(group)
                continue
            except torch.OutOfMemoryError:
                if len(group) == 1:
                    raise
            # only here, where the error with its traceback holds nothing on the device any more
            torch.cuda.empty_cache()
            size = (len(group) + 1) // 2
            warnings.warn(f"out of memory with {len(group)} replicas side by side: on with {size}", stacklevel=3)
            for run, state in zip(group, before, strict=True):
                self.bar.update(state["end"]["steps"] - run.end.steps)
                restore(run, state)

    def train_group(self, group: list[Run]) -> None:
        """Train runs that stand at the same step to their end."""
        more = f" and {len(group) - 1} more" if len(group) > 1 else ""
        self.bar.set_description(f"{group[0].replica.name}{more}")
        trainer = (SideBySide if self.stacked else Alone)(group, precision=self.precision)
        with contextlib.closing(trainer):
            while group:
                self.stretch(trainer, group)
                going = [run for run in group if run.end.outcome is None]
                if 0 < len(going) < len(group):
                    trainer.keep(going)
                group = going
                self.keeper.tick()

    def stretch(self, trainer: Alone | SideBySide, group: Sequence[Run]) -> None:
        """Train the group for one stretch, and note what came of it."""
        started, done = time.perf_counter(), group[0].end.steps
        span = self.every or len(group[0].replica.batches)
        losses = trainer.stretch(min(span, self.steps - done))
        # the only place where the host waits for the device
        wrong = wrong_steps(losses.isfinite().cpu(), trainer.finite().cpu())
        for run, own, step in zip(group, losses, wrong, strict=True):
            if step is None:
                run.report(own)
                self.bar.update(len(own))
        share = (time.perf_counter() - started) / len(group)
        for run, own, step in zip(group, losses, wrong, strict=True):
            run.end.seconds += share
            run.end.steps = done + len(own)
            if step is not None:
                run.end.outcome, run.end.diverged_step = "diverged", done + step
            elif run.end.steps == self.steps:
                run.end.outcome = "finished"


def wrong_steps(losses: Bool[Tensor, "replicas steps"], weights: Bool[Tensor, " replicas"]) -> list[int | None]:
    """Of each replica the first step, from 1, whose loss is not finite; the last where only its weights are not."""
    steps = torch.where(losses.all(1), losses.shape[1], losses.int().argmin(1) + 1).tolist()
    good = (losses.all(1) & weights).tolist()
    return [None if fine else step for fine, step in zip(good, steps, strict=True)]
