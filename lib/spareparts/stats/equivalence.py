"""Two arms run with the same seeds: how far apart are they, and are they close enough to call equal?"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from .estimates import finite_pairs, rounding, student_interval

ALPHA = 0.05  # of all tests


@dataclass(frozen=True, kw_only=True)
class EquivalenceTest:
    """Two one-sided t tests of `second - first` against a margin, with the power they had."""

    n: int
    margin: float
    p: float
    mean_difference: float
    interval: tuple[float, float]  # Student's 95%; the test says equivalent exactly when the 90% lie inside the margin
    power: float  # the chance of saying equivalent were the true difference 0 and the SD as observed

    @property
    def equivalent(self) -> bool:
        """Whether both one-sided tests reject."""
        return self.p < ALPHA


def mean_difference(first: ArrayLike, second: ArrayLike) -> tuple[float, float, float]:
    """The mean of `second - first` and Student's 95% interval; the mean itself where nothing varies.

    ValueError for fewer than two pairs, pairs that do not match, or values that are not finite.
    """
    left, right = finite_pairs(first, second)
    differences = right - left
    mean = float(differences.mean())
    if (np.abs(differences - mean) <= rounding(left, right)).all():
        return mean, mean, mean
    return mean, *student_interval(differences)


def equivalence(first: ArrayLike, second: ArrayLike, *, margin: float) -> EquivalenceTest:
    """Paired TOST (Schuirmann 1987): p = max(P(T > t_low), P(T < t_high)) for the bounds -margin and margin.

    Differences without any spread leave no t to compute: p is then 0 inside the margin and 1 elsewhere.
    ValueError for a margin that is not positive, or pairs that do not match.
    """
    left, right = finite_pairs(first, second)
    if not (math.isfinite(margin) and margin > 0):
        raise ValueError(f"margin must be positive, got {margin}")
    mean, low, high = mean_difference(left, right)
    if low == high:
        p, sd = float(abs(mean) >= margin), 0.0
    else:
        p, sd = float(ttost_paired(right, left, -margin, margin)[0]), float((right - left).std(ddof=1))
    power = equivalence_power(len(left), sd, margin=margin)
    return EquivalenceTest(n=len(left), margin=margin, p=p, mean_difference=mean, interval=(low, high), power=power)


def equivalence_power(n: int, sd: float, *, margin: float) -> float:
    """The chance in [0, 1] that n pairs with a true difference of 0 pass the TOST, exact for normal differences.

    `P(|mean| < margin - t S / sqrt n)`, where t is Student's 1 - alpha quantile: the mean's normal distribution,
    integrated over S^2 ~ sd^2 chi^2 / (n - 1). ValueError for n < 2 or a negative sd.
    """
    if n < 2 or not (math.isfinite(sd) and sd >= 0):
        raise ValueError(f"power needs at least 2 pairs and an SD of 0 or more, got n = {n} and sd = {sd}")
    if sd == 0:
        return 1.0
    room, t = margin * math.sqrt(n) / sd, stats.t.ppf(1 - ALPHA, n - 1)
    # s is S / sd, and everything is in standard errors; above room / t no mean is close enough to pass.
    ratio = stats.chi(n - 1, scale=1 / math.sqrt(n - 1))
    # s has a deviation below 1 / sqrt(n - 1): without bounds at ten of them quad would miss a narrow peak.
    low, high = (max(0.0, 1 + sign * 10 / math.sqrt(n - 1)) for sign in (-1, 1))
    if room / t <= low:
        return 0.0
    power = ratio.expect(lambda s: 2 * stats.norm.cdf(room - t * s) - 1, lb=low, ub=min(high, room / t), limit=200)
    return min(1.0, max(0.0, float(power)))
