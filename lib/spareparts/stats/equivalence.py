"""Two arms run with the same seeds: are they close enough to call equal?"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import integrate, stats
from statsmodels.stats.weightstats import ttost_paired

from .checks import finite_pairs, fraction, rounding


@dataclass(frozen=True, kw_only=True)
class EquivalenceTest:
    """Two one-sided t tests of `second - first` against a margin, with the power they had."""

    n: int
    margin: float
    alpha: float
    p: float
    mean_difference: float
    sd: float  # of the differences
    interval: tuple[float, float]  # confidence 1 - 2 alpha: inside the margin exactly when the test says equivalent
    outer_interval: tuple[float, float]  # confidence 1 - alpha
    power: float  # the chance of saying equivalent were the true difference 0 and the SD as observed

    @property
    def equivalent(self) -> bool:
        """Whether both one-sided tests reject at alpha."""
        return self.p < self.alpha


def equivalence(first: ArrayLike, second: ArrayLike, *, margin: float, alpha: float = 0.05) -> EquivalenceTest:
    """Paired TOST (Schuirmann 1987): p = max(P(T > t_low), P(T < t_high)) for the bounds -margin and margin.

    Differences without any spread leave no t to compute: p is then 0 inside the margin and 1 elsewhere.
    ValueError for a margin that is not positive, an alpha outside (0, 0.5), or pairs that do not match.
    """
    left, right = finite_pairs(first, second)
    _check_settings(margin, alpha)
    differences = right - left
    mean, sd = float(differences.mean()), float(differences.std(ddof=1))
    if (np.abs(differences - mean) <= rounding(left, right)).all():
        p, inner, outer, sd = float(abs(mean) >= margin), (mean, mean), (mean, mean), 0.0
    else:
        p = float(ttost_paired(right, left, -margin, margin)[0])
        student = stats.ttest_1samp(differences, 0)
        inner, outer = (tuple(map(float, student.confidence_interval(1 - a))) for a in (2 * alpha, alpha))
    return EquivalenceTest(
        n=len(left),
        margin=margin,
        alpha=alpha,
        p=p,
        mean_difference=mean,
        sd=sd,
        interval=inner,
        outer_interval=outer,
        power=equivalence_power(len(left), sd, margin=margin, alpha=alpha),
    )


def equivalence_power(n: int, sd: float, *, margin: float, alpha: float = 0.05) -> float:
    """The chance in [0, 1] that n pairs with a true difference of 0 pass the TOST, exact for normal differences.

    `P(|mean| < margin - t S / sqrt n)`, where t is Student's 1 - alpha quantile: the mean's normal distribution,
    integrated over S^2 ~ sd^2 chi^2 / (n - 1). ValueError for n < 2, a negative sd, a margin or alpha out of range.
    """
    _check_settings(margin, alpha)
    if n < 2 or not (math.isfinite(sd) and sd >= 0):
        raise ValueError(f"power needs at least 2 pairs and an SD of 0 or more, got n = {n} and sd = {sd}")
    if sd == 0:
        return 1.0
    room, t = margin * math.sqrt(n) / sd, stats.t.ppf(1 - alpha, n - 1)

    # s is S / sd, and everything is in standard errors; above room / t no mean is close enough to pass.
    def passes(s: float) -> float:
        density = stats.chi.pdf(s * math.sqrt(n - 1), n - 1) * math.sqrt(n - 1)
        return (2 * stats.norm.cdf(room - t * s) - 1) * density

    # s has a deviation below 1 / sqrt(n - 1): without bounds at ten of them quad would miss a narrow peak.
    low, high = (max(0.0, 1 + sign * 10 / math.sqrt(n - 1)) for sign in (-1, 1))
    if room / t <= low:
        return 0.0
    power, _ = integrate.quad(passes, low, min(high, room / t), limit=200)
    return min(1.0, max(0.0, power))


def _check_settings(margin: float, alpha: float) -> None:
    if not (math.isfinite(margin) and margin > 0):
        raise ValueError(f"margin must be positive, got {margin}")
    fraction("alpha", alpha)
    if alpha >= 0.5:
        raise ValueError(f"alpha must be below 0.5, got {alpha}")
