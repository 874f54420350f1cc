"""Which records a table stands on: given settings, the longest protocol that has run, arms paired by seed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..records import matching
from ..stats import Pairs
from .config import ABLATION_SAMPLES, Config

FREE = ("dataset", "arm", "seed", "steps")  # what may differ between the rows of one table


def chosen(rows: pd.DataFrame, settings: Mapping[str, Any], *, free: tuple[str, ...] = FREE) -> pd.DataFrame:
    """Finished runs of these settings, with every other setting but the `free` ones at its default."""
    if rows.empty:
        return rows
    return matching(rows[rows.outcome == "finished"], Config, free=free, settings=settings)


def standard(rows: pd.DataFrame) -> pd.DataFrame:
    """Finished runs of both arms with every setting at its default; of each data set those with the most steps."""
    if rows.empty:
        return rows
    kept = chosen(rows, {})
    kept = kept[kept.arm.isin(["baseline", "snnl"])]
    return kept[kept.steps == kept.groupby("dataset").steps.transform("max")]


def paired(rows: pd.DataFrame, metric: str, dataset: str) -> Pairs:
    """Values of a metric in the baseline and in the SNNL arm, paired by seed, and the protocol of these runs."""
    return compared(standard(rows), metric, dataset, {"arm": "baseline"}, {"arm": "snnl"})


def compared(
    rows: pd.DataFrame, metric: str, dataset: str, first: Mapping[str, Any], second: Mapping[str, Any]
) -> Pairs:
    """Values of a metric under two settings, paired by seed at equal steps and precision, of the most steps that ran.

    Where several precisions ran that long, the one with the most pairs counts.
    """
    nothing = Pairs(np.empty(0), np.empty(0), "reduced")
    if rows.empty or metric not in rows:
        return nothing
    by = ["steps", "precision", "seed"]
    sides = [chosen(rows[rows.dataset == dataset], settings, free=(*FREE, "precision")) for settings in (first, second)]
    both = pd.merge(*(side[[*by, metric, "protocol"]] for side in sides), on=by).dropna(
        subset=[f"{metric}_x", f"{metric}_y"]
    )
    if both.empty:
        return nothing
    longest = both[both.steps == both.steps.max()]
    best = longest[longest.precision == longest.precision.mode()[0]].sort_values("seed")
    protocol = "paper" if (best[["protocol_x", "protocol_y"]] == "paper").all(axis=None) else "reduced"
    return Pairs(best[f"{metric}_x"].to_numpy(float), best[f"{metric}_y"].to_numpy(float), protocol)


def weight_sweep(rows: pd.DataFrame, *, dataset: str = "cifar10") -> pd.DataFrame:
    """The runs of Fig. 7, diverged ones too: one SNNL weight a run, on the paper's number of training images."""
    if rows.empty or "train_samples" not in rows:
        return rows.iloc[:0]
    kept = rows[(rows.dataset == dataset) & (rows.arm == "snnl") & (rows.train_samples == ABLATION_SAMPLES)]
    return kept[kept.steps == kept.steps.max()].sort_values("snnl_weight")
