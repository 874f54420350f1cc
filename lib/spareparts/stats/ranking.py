"""Several methods on the same data sets: their mean ranks, and which of them differ (Demšar 2006)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scikit_posthocs
from scipy import stats

from .checks import fraction


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Mean ranks of methods over n data sets (1 is best), Friedman's p, Nemenyi's p of every pair."""

    n: int
    ranks: pd.Series
    friedman_p: float
    p: pd.DataFrame
    critical_difference: float  # of two mean ranks, at level alpha


def ranking(scores: pd.DataFrame, *, alpha: float = 0.05) -> Ranking:
    """Friedman's test on scores (rows: data sets, columns: methods, higher is better) and Nemenyi's afterwards.

    The critical difference of k methods on n sets is `q sqrt(k (k + 1) / (6 n))`, q the studentized range over sqrt 2.
    ValueError for fewer than three methods or two data sets, scores that are not finite, an alpha outside (0, 1).
    """
    fraction("alpha", alpha)
    n, methods = scores.shape
    if n < 2 or methods < 3:
        raise ValueError(f"a ranking needs at least 2 data sets and 3 methods, got {n} and {methods}")
    values = scores.to_numpy(float)
    if not np.isfinite(values).all():
        raise ValueError("scores must be finite; leave data sets out that not every method has")
    q = stats.studentized_range.ppf(1 - alpha, methods, np.inf) / np.sqrt(2)
    varies = bool((np.ptp(values, axis=1) > 0).any())
    return Ranking(
        n=n,
        ranks=pd.Series(stats.rankdata(-values, axis=1).mean(0), index=scores.columns),
        friedman_p=float(stats.friedmanchisquare(*values.T).pvalue) if varies else 1.0,
        p=scikit_posthocs.posthoc_nemenyi_friedman(scores.reset_index(drop=True)),
        critical_difference=float(q * np.sqrt(methods * (methods + 1) / (6 * n))),
    )
