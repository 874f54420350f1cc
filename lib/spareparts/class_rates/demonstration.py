"""A run whose rates are followed step by step, for the reader to change; nothing of it is recorded."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from .. import engine
from .config import Config
from .instruments import predictions
from .optimizer import ClassRateSGD
from .run import MOST_REDUCTIONS, replica


@dataclasses.dataclass(frozen=True, kw_only=True)
class Followed:
    """What one followed run showed."""

    config: Config
    rate_lr: float  # the alpha_mu of this attempt
    outcome: str  # finished or diverged
    test_accuracy: float  # %; NaN where training diverged
    curves: pd.DataFrame  # step, group, and the median, 99th percentile and largest rate over all weights
    resets: list[int]  # steps after which all rates were 1 again


def follow(config: Config) -> Followed:
    """Train one network, reading its rates after every step; alpha_mu is divided by 10 until training stays finite."""
    rate_lr = config.first_rate_learning_rate
    for _ in range(MOST_REDUCTIONS + 1):
        found = _attempt(config, rate_lr=rate_lr)
        if found.outcome == "finished" or config.arm == "baseline":
            break
        rate_lr /= 10
    return found


def _attempt(config: Config, *, rate_lr: float) -> Followed:
    trained, ready = replica(config, rate_lr=rate_lr)
    epoch, readings = len(trained.batches), []
    kind = "class" if config.groups == "classes" else "group"

    def read(progress: engine.Progress) -> None:
        readings.extend(rates_now(progress.replica.optimizer, step=progress.step, kind=kind))

    with engine.one_thread():
        (end,) = engine.fit([trained], steps=config.epochs * epoch, every=1, callbacks=[read], progress=False)
    finished = end.outcome == "finished"
    right = predictions(ready.network, ready.parts.test) == ready.parts.test.labels.numpy() if finished else np.nan
    half = math.ceil(epoch / 2)
    return Followed(
        config=config,
        rate_lr=rate_lr,
        outcome=end.outcome,
        test_accuracy=100 * float(np.mean(right)),
        curves=pd.DataFrame(readings),
        resets=list(range(half, epoch * min(config.cutoff, config.epochs) + 1, half)),
    )


def rates_now(optimizer: object, *, step: int, kind: str = "group") -> list[dict[str, float | str]]:
    """One line for each group of samples: how large its rates are; none for a baseline or past the cutoff."""
    if not isinstance(optimizer, ClassRateSGD) or not optimizer.rated:
        return []
    lines = []
    for group in range(optimizer.num_groups):
        own = [rate if optimizer.per_layer else rate[group] for row in optimizer.rates.values() for rate in row]
        rates = np.concatenate([rate.ravel().numpy() for rate in own])
        median, high, largest = np.quantile(rates, [0.5, 0.99, 1.0])
        lines.append({"step": step, "group": f"{kind} {group}", "median": median, "high": high, "largest": largest})
    return lines


def compared(runs: Sequence[Followed]) -> pd.DataFrame:
    """Test accuracy and largest rate of followed runs; one run a line decides nothing."""
    lines = [
        {
            "seed": run.config.seed,
            "trained with": "plain SGD" if run.config.arm == "baseline" else f"rates, groups: {run.config.groups}",
            "test accuracy, %": f"{run.test_accuracy:.2f}",
            "α_μ": f"{run.rate_lr:g}" if len(run.curves) else "–",
            "largest rate": f"{run.curves.largest.max():,.0f}" if len(run.curves) else "–",
            "outcome": run.outcome,
        }
        for run in runs
    ]
    return pd.DataFrame(lines).set_index(["seed", "trained with"])
