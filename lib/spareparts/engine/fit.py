"""The training loop's door: what is asked for is checked, chosen and begun."""

import multiprocessing
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tqdm import tqdm

from .checkpoint import Checkpoint, Opening
from .device import check_precision, matmul_precision
from .groups import architecture, obstacle
from .loop import Loop
from .replica import Outcome, Progress, Replica, Run

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
    _check(replicas, **same)
    runs = [Run(replica=replica, callbacks=(*replica.callbacks, *callbacks)) for replica in replicas]
    keeper = Checkpoint(checkpoint, runs, seconds=checkpoint_seconds, opening=opening, **same)
    stacked = _choose(replicas, side_by_side)
    keeper.restore()
    with _bar(runs, steps=steps, progress=progress) as bar, matmul_precision(precision):
        Loop(**same, stacked=stacked, keeper=keeper, bar=bar).train(runs)
    keeper.remove()
    return [run.outcome for run in runs]


def _bar(runs: Sequence[Run], *, steps: int, progress: bool) -> tqdm:
    """A bar over the steps of all runs; none in a worker, where those of several would mix."""
    hidden = not progress or multiprocessing.current_process().daemon
    done = sum(run.done for run in runs)
    return tqdm(total=steps * len(runs), initial=done, unit="step", disable=hidden, leave=False, mininterval=1.0)


def _check(replicas: Sequence[Replica], *, steps: int, every: int | None, precision: str) -> None:
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    if every is not None and every < 1:
        raise ValueError(f"every must be at least 1 step, got {every}")
    first = architecture(replicas[0].network) if replicas else None
    for replica in replicas:
        if architecture(replica.network) != first:
            raise ValueError(f"replicas must share one architecture: {replica.name} differs from {replicas[0].name}")
        check_precision(precision, replica.device)


def _choose(replicas: Sequence[Replica], side_by_side: bool | None) -> bool:
    """Whether to train side by side."""
    several_on_cuda = len(replicas) > 1 and replicas[0].device.type == "cuda"
    if not replicas or side_by_side is False or (side_by_side is None and not several_on_cuda):
        return False
    reason = obstacle(replicas)
    if reason and side_by_side:
        raise ValueError(f"replicas cannot train side by side: {reason}")
    if reason:
        warnings.warn(f"replicas train one by one: {reason}", stacklevel=3)
    return reason is None
