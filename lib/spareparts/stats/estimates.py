"""Means with their intervals, and what every test asks of its input before it computes anything."""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

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
