"""From tidy rows of runs to what a test takes, pairs by seed, and to what a table shows, a mean with its SD."""

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd

from .equivalence import equivalence
from .verdicts import Pairs

# As they are written

BLANK = "–"  # for what there is not


def spread(found: Iterable[float | None], *, digits: int = 2) -> str:
    """Mean (SD) of finite values; a dash for what they are too few to have."""
    known = np.array([np.nan if each is None else each for each in found], dtype=float)
    known = known[np.isfinite(known)]
    if len(known) == 0:
        return BLANK
    return with_deviation(known.mean(), known.std(ddof=1) if len(known) > 1 else None, digits=digits)


def with_deviation(mean: float, deviation: float | None, *, digits: int = 2) -> str:
    """A mean with its SD, as `1.20 (0.30)`; a dash for an SD that there is not."""
    middle = f"{round(float(mean), digits) + 0.0:,.{digits}f}"  # no -0.00
    return f"{middle} ({BLANK if deviation is None else f'{deviation:,.{digits}f}'})"


def difference(pairs: Pairs) -> tuple[float, float, float]:
    """Mean of second less first with Student's 95% interval, which is the mean itself where one pair gives none."""
    apart = pairs.second - pairs.first
    if len(apart) < 2:
        return (float(apart.mean()),) * 3 if len(apart) else (float("nan"),) * 3
    test = equivalence(*pairs[:2], margin=1.0)  # whose interval does not depend on the margin
    return test.mean_difference, *test.outer_interval


def difference_words(pairs: Pairs, *, digits: int = 2) -> str:
    """The same in words, with n: `+1.20 (+0.90 to +1.50, n = 10)`; a dash without pairs."""
    if not len(pairs.first):
        return BLANK
    mean, low, high = (round(value, digits) + 0.0 for value in difference(pairs))
    form = f"+,.{digits}f"
    if len(pairs.first) < 2:
        return f"{mean:{form}} (n = {len(pairs.first)})"
    return f"{mean:{form}} ({low:{form}} to {high:{form}}, n = {len(pairs.first)})"


# Pairs


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
