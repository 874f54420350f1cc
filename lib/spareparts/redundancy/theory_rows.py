"""Tidy tables of the theories' records: one row a replica trained side by side, one row a ticket."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

Arrays = Callable[[str], Mapping[str, np.ndarray]]  # of a record, by its hash
ARMS = ("rewound", "late", "resampled")


def finished(rows: pd.DataFrame, experiment: str) -> pd.DataFrame:
    """Records of an experiment that did not diverge."""
    if rows.empty:
        return rows
    return rows[(rows.experiment == experiment) & (rows.outcome == "finished")].dropna(axis=1, how="all")


def xord_layers(rows: pd.DataFrame, *, arrays: Arrays) -> pd.DataFrame:
    """One row a layer on XORD; `fitted` ones make no training error. Equal `seed` and `replica`: one training set."""
    layers = _replicas(
        finished(rows, "xord"),
        columns=("seed", "units", "train_samples"),
        values=("train_error", "test_error", "loss", "found", "explored", "angle", "untrained_angle"),
        arrays=arrays,
    )
    return layers if layers.empty else layers.assign(fitted=layers.train_error == 0)


def students(rows: pd.DataFrame, *, arrays: Arrays) -> pd.DataFrame:
    """One row a student; those of equal `seed` and `replica` have one teacher."""
    return _replicas(
        finished(rows, "teacher_student"),
        columns=("seed", "units", "layers", "noise"),
        values=("error", "averaging"),
        arrays=arrays,
    )


def _replicas(rows: pd.DataFrame, *, columns: Sequence[str], values: Sequence[str], arrays: Arrays) -> pd.DataFrame:
    parts = []
    for _, record in rows.iterrows():
        own = arrays(record.hash)
        table = pd.DataFrame({name: own[name].astype(float) for name in values}).rename_axis("replica").reset_index()
        parts.append(table.assign(**{name: record[name] for name in columns}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def ticket_rows(rows: pd.DataFrame, *, experiment: str, group: str = "optimizer") -> pd.DataFrame:
    """One row a ticket of `tickets` or `unit_tickets`: what was kept, how it began, its accuracy, and the whole's."""
    found: list[dict[str, Any]] = []
    for _, record in finished(rows, experiment).iterrows():
        common = {"group": record.get(group), "seed": record.seed, "unpruned": record.accuracy}
        for arm in ARMS:
            reached = record.get(arm)
            if isinstance(reached, list):
                found += [
                    common | {"arm": arm, "kept": kept, "accuracy": value}
                    for kept, value in zip(record.kept, reached, strict=True)
                ]
    return pd.DataFrame(found)
