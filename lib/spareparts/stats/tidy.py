"""From tidy rows of runs to what a table or a test takes: pairs by seed, a mean with its SD."""

from collections.abc import Collection
from typing import Any

import pandas as pd

from .decisions import Pairs
from .words import spread, with_deviation


def paired(
    runs: pd.DataFrame, metric: str, *, by: str = "seed", beside: Collection[str] = (), **sides: tuple[Any, Any]
) -> Pairs:
    """A metric of two kinds of runs, paired by seed: `paired(runs, "accuracy", arm=("baseline", "snnl"))`.

    `sides` names the column that tells the kinds apart and its two values, `beside` settings that go with it; every
    other setting (the column `settings` of `records.frame`) must be the same in all runs of both kinds. The protocol is
    the paper's where all runs follow it. Seeds with one side, or without a finite value, are left out.
    Raises `ValueError` that names the column where settings differ or a seed has two runs, and for unknown names.
    """
    if len(sides) != 1:
        raise ValueError(f"name one column with its two values, got {', '.join(sides) or 'none'}")
    ((column, values),) = sides.items()
    for name in (column, metric, by, "settings", "protocol"):
        if name not in runs:
            raise ValueError(f"the runs have no column {name!r}; they have {', '.join(map(str, runs.columns))}")
    both = runs[runs[column].isin(values)]
    _same_settings(both, {column, by, *beside})
    if (repeated := both[both.duplicated([by, column])]).size:
        raise ValueError(f"{by} {repeated[by].iloc[0]} has two runs with {column} = {repeated[column].iloc[0]!r}")
    wide = both.pivot(index=by, columns=column, values=metric).reindex(columns=list(values)).astype(float).dropna()
    used = both[both[by].isin(wide.index)]
    protocol = "paper" if len(used) and (used.protocol == "paper").all() else "reduced"
    return Pairs(*wide.to_numpy(float).T, protocol)


def _same_settings(runs: pd.DataFrame, free: Collection[str]) -> None:
    """ValueError that names a setting which varies among the runs and is not free to."""
    settings = pd.DataFrame(list(runs.settings))
    for name in settings.columns.difference(list(free)):
        if len(found := settings[name].map(repr).unique()) > 1:
            raise ValueError(f"the runs to be paired differ in {name}: {', '.join(sorted(found))}")


def mean_sd(values: pd.Series | float, sd: float | None = None, *, digits: int = 2) -> str:
    """`70.91 (1.09)`, of values or of a mean and an SD; a dash for what a single value, or none, has not."""
    return spread(values, digits=digits) if isinstance(values, pd.Series) else with_deviation(values, sd, digits=digits)
