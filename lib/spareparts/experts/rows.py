"""Which records a table stands on: published settings, the longest protocol that has run, arms paired by seed."""

import dataclasses

import numpy as np
import pandas as pd

from .config import Config

FREE = ("dataset", "arm", "seed", "steps")  # what may differ between the rows of one table


def standard(rows: pd.DataFrame) -> pd.DataFrame:
    """Finished runs of both arms with every setting at its default; of each data set those with the most steps."""
    if rows.empty:
        return rows
    kept = rows[(rows.outcome == "finished") & rows.arm.isin(["baseline", "snnl"])]
    for field in dataclasses.fields(Config):
        if field.name not in FREE and field.name in kept:
            column = kept[field.name]
            kept = kept[column.isna() if field.default is None else column.fillna(field.default) == field.default]
    return kept[kept.steps == kept.groupby("dataset").steps.transform("max")]


def paired(rows: pd.DataFrame, metric: str, dataset: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Values of a metric in the baseline and in the SNNL arm, paired by seed, and the protocol of these runs."""
    chosen = standard(rows)
    if chosen.empty or metric not in chosen:
        return np.empty(0), np.empty(0), "reduced"
    chosen = chosen[chosen.dataset == dataset]
    table = chosen.pivot(index="seed", columns="arm", values=metric).reindex(columns=["baseline", "snnl"]).dropna()
    protocol = "paper" if len(chosen) and (chosen.protocol == "paper").all() else "reduced"
    return table.baseline.to_numpy(float), table.snnl.to_numpy(float), protocol
