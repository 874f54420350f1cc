"""Means with their intervals; two arms run with the same seeds, and whether they are close enough to call equal.

And what every test asks of its input before it computes anything.
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

ALPHA = 0.05  # of all tests
CONFIDENCE = 0.95  # of all intervals
FEWEST_RESAMPLED = 8  # values that a bootstrap takes; fewer have Student's interval


def finite_vector(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """The values as a float vector; ValueError unless it is one-dimensional, of two values or more, and finite."""
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {vector.shape}")
    if len(vector) < 2:
        raise ValueError(f"{name} must hold at least 2 values, got {vector.tolist()}")
    if not np.isfinite(vector).all():
        position = int(np.flatnonzero(~np.isfinite(vector))[0])
        raise ValueError(f"{name} must be finite, got {vector[position]} at position {position}")
    return vector


def same_length(first: NDArray, second: NDArray) -> None:
    """ValueError unless the two vectors pair up."""
    if len(first) != len(second):
        raise ValueError(f"paired values must have equal lengths, got {len(first)} and {len(second)}")


def finite_pairs(first: ArrayLike, second: ArrayLike) -> tuple[NDArray, NDArray]:
    """Both sides of a paired comparison as float vectors of one length; ValueError otherwise."""
    left, right = finite_vector("first", first), finite_vector("second", second)
    same_length(left, right)
    return left, right


def rounding(first: NDArray, second: NDArray) -> NDArray:
    """What the last bits of each pair's values may make of its difference: a share of that pair's values alone."""
    return 1e-12 * np.maximum(np.abs(first), np.abs(second))


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean with its interval, in the unit of the values."""

    mean: float
    interval: tuple[float, float]
    n: int


def bootstrap_interval(values: ArrayLike) -> Estimate:
    """The mean of one sample with its 95% BCa bootstrap interval (Efron 1987), the same at every call.

    Below eight values it is Student's: a bootstrap of three gives little more than their range, which holds the mean of
    normal ones in 72% of samples where 95% is asked. ValueError for fewer than two values, or values that are not
    finite.
    """
    sample = finite_vector("values", values)
    mean = float(sample.mean())
    if np.ptp(sample) <= 1e-12 * np.abs(sample).max():
        interval = mean, mean  # nothing varies
    elif len(sample) < FEWEST_RESAMPLED:
        interval = student_interval(sample)
    else:
        interval = _bca(sample)
    return Estimate(mean=mean, interval=interval, n=len(sample))


def student_interval(sample: NDArray) -> tuple[float, float]:
    """Student's interval of the mean of values that vary."""
    low, high = stats.ttest_1samp(sample, 0).confidence_interval(CONFIDENCE)
    return float(low), float(high)


def _bca(sample: NDArray) -> tuple[float, float]:
    """The BCa interval of the mean of values that vary; percentile where BCa has no value."""
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            resampled = stats.bootstrap((sample,), np.mean, confidence_level=CONFIDENCE, method=method, rng=0)
        low, high = map(float, resampled.confidence_interval)
        if math.isfinite(low) and math.isfinite(high):
            break
    return low, high


@dataclass(frozen=True, kw_only=True)
class EquivalenceTest:
    """Two one-sided t tests of `second - first` against a margin, with the power they had."""

    n: int
    margin: float
    p: float
    mean_difference: float
    interval: tuple[float, float]  #: Student's 95%; the test says equivalent exactly when the 90% lie inside the margin
    power: float  #: the chance of saying equivalent were the true difference 0 and the SD as observed

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
    integrated over S^2 ~ sd^2 chi^2 / (n - 1). ValueError for n < 2, a negative sd or a margin that is not positive.
    """
    if not (n >= 2 and 0 <= sd < math.inf and 0 < margin < math.inf):
        raise ValueError(f"power needs n of 2, an sd of 0 and a margin above 0 at least, got {n}, {sd} and {margin}")
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
