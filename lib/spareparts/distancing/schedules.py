"""Learning rates over a cycle of epochs: constant, step decay, and cosine, the latter two with warm restarts."""

import math

import torch
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, LambdaLR, LRScheduler

from .. import checks

STEP_FACTOR = 0.1


def step_rate(epoch: int, *, period: int) -> float:
    """Share of the first learning rate in an epoch (from 0): a tenth of it after each third of a cycle."""
    return STEP_FACTOR ** (epoch % period // (period // 3))


def cosine_rate(epoch: int, *, period: int) -> float:
    """Share of the first learning rate in an epoch (from 0): `(1 + cos(pi T_cur / T_0)) / 2` (Eq. 1.10, minimum 0)."""
    return (1 + math.cos(math.pi * (epoch % period) / period)) / 2


def schedule_of(
    optimizer: torch.optim.Optimizer, name: str, *, period: int, steps: int, per_batch: bool = False
) -> LRScheduler | None:
    """A schedule that is stepped once a batch, with cycles of `period` epochs of `steps` steps; None where it stays.

    `constant`, `step` or `cosine`; the rate changes with the epoch, the cosine's also `per_batch`.
    Raises `ValueError` for another name, and for a step decay whose period has no whole thirds.
    """
    checks.one_of(("constant", "step", "cosine"), schedule=name)
    checks.whole(1, period=period, steps=steps)
    if name == "step" and period % 3:
        raise ValueError(f"period must be a multiple of 3 epochs, got {period}")
    if name == "constant":
        return None
    if per_batch and name == "cosine":
        return CosineAnnealingWarmRestarts(optimizer, T_0=period * steps)
    rate = step_rate if name == "step" else cosine_rate
    return LambdaLR(optimizer, lambda done: rate(done // steps, period=period))
