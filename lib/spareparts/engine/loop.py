"""Groups of replicas, trained in stretches of steps until each has finished or diverged."""

import contextlib
import dataclasses
import time
from collections.abc import Sequence

import torch
from jaxtyping import Bool
from torch import Tensor
from tqdm import tqdm

from .alone import Alone
from .checkpoint import Checkpoint, restore, state_of
from .groups import group_size, halved, next_group
from .replica import Run
from .side_by_side import SideBySide


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
        while any(run.outcome is None for run in runs):
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
            size = halved(group)
            for run, state in zip(group, before, strict=True):
                self.bar.update(state["done"] - run.done)
                restore(run, state)

    def train_group(self, group: list[Run]) -> None:
        """Train runs that stand at the same step to their end."""
        more = f" and {len(group) - 1} more" if len(group) > 1 else ""
        self.bar.set_description(f"{group[0].replica.name}{more}")
        trainer = (SideBySide if self.stacked else Alone)(group, precision=self.precision)
        with contextlib.closing(trainer):
            while group:
                self.stretch(trainer, group)
                group = self.sort_out(trainer, group)
                self.keeper.tick()

    def stretch(self, trainer: Alone | SideBySide, group: Sequence[Run]) -> None:
        """Train the group for one stretch, and note what came of it."""
        started, done = time.perf_counter(), group[0].done
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
            run.seconds += share
            if step is not None:
                run.end("diverged", steps=done + len(own), diverged_step=done + step)
            elif run.done == self.steps:
                run.end("finished", steps=run.done)

    @staticmethod
    def sort_out(trainer: Alone | SideBySide, group: Sequence[Run]) -> list[Run]:
        """The runs that go on; the trainer lets go of those that diverged."""
        going = [run for run in group if run.outcome is None]
        if 0 < len(going) < len(group):
            trainer.keep(going)
        return going


def wrong_steps(losses: Bool[Tensor, "replicas steps"], weights: Bool[Tensor, " replicas"]) -> list[int | None]:
    """Of each replica the first step, from 1, whose loss is not finite; the last where only its weights are not."""
    steps = torch.where(losses.all(1), losses.shape[1], losses.int().argmin(1) + 1).tolist()
    good = (losses.all(1) & weights).tolist()
    return [None if fine else step for fine, step in zip(good, steps, strict=True)]
