"""From tidy rows of runs to what a test takes, pairs by seed, and to what a table shows, a mean with its SD."""

import math
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from .intervals import mean_difference
from .verdicts import Pairs

BLANK = "–"  # for what there is not


def mean_sd(values: pd.Series | float, sd: float = math.nan, *, digits: int = 2) -> str:
    """`70.91 (1.09)`, of finite values or of a mean and an SD; a dash for what a single value, or none, has not."""
    mean = values
    if isinstance(values, pd.Series):
        known = values.to_numpy(float)
        known = known[np.isfinite(known)]
        if len(known) == 0:
            return BLANK
        mean, sd = known.mean(), known.std(ddof=1) if len(known) > 1 else math.nan
    middle = f"{round(float(mean), digits) + 0.0:,.{digits}f}"  # no -0.00
    return f"{middle} ({BLANK if math.isnan(sd) else f'{sd:,.{digits}f}'})"


def difference(pairs: Pairs) -> tuple[float, float, float]:
    """Mean of second less first with Student's 95% interval, which is the mean itself where one pair gives none."""
    if len(pairs.first) > 1:
        return mean_difference(*pairs[:2])
    return (float((pairs.second - pairs.first).mean()) if len(pairs.first) else math.nan,) * 3


def difference_words(pairs: Pairs, *, digits: int = 2) -> str:
    """The same in words, with n: `+1.20 (+0.90 to +1.50, n = 10)`; a dash without pairs."""
    if not len(pairs.first):
        return BLANK
    mean, low, high = (f"{round(value, digits) + 0.0:+,.{digits}f}" for value in difference(pairs))
    interval = f"{low} to {high}, " if len(pairs.first) > 1 else ""
    return f"{mean} ({interval}n = {len(pairs.first)})"


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
