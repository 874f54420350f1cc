"""Means and rank correlations with their intervals."""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from .checks import finite_pairs, finite_vector, fraction

# Below this many pairs every pairing can be listed (8! = 40,320), so the p value is exact.
LARGEST_EXACT_CORRELATION = 8
FEWEST_RESAMPLED = 8  # values that a bootstrap takes; fewer have Student's interval


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean with its interval, in the unit of the values."""

    mean: float
    interval: tuple[float, float]
    n: int


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """Spearman's rank correlation with its interval, both in [-1, 1]."""

    rho: float
    interval: tuple[float, float]
    p: float
    smallest_p: float
    n: int
    method: str  # "exact" or "t approximation"

    @property
    def estimate(self) -> float:
        """The effect that a verdict reports."""
        return self.rho

    @property
    def direction(self) -> float:
        """The number whose sign the p value speaks about."""
        return self.rho


def bootstrap_interval(values: ArrayLike, *, confidence: float = 0.95, seed: int = 0) -> Estimate:
    """The mean of one sample with its BCa bootstrap interval (Efron 1987), the same at every call.

    Below eight values it is Student's: a bootstrap of three gives little more than their range, which holds the mean of
    normal ones in 72% of samples where 95% is asked.
    ValueError for fewer than two values, values that are not finite, or a confidence outside (0, 1).
    """
    sample = finite_vector("values", values)
    fraction("confidence", confidence)
    mean = float(sample.mean())
    if np.ptp(sample) <= 1e-12 * np.abs(sample).max():
        interval = mean, mean  # nothing varies
    elif len(sample) < FEWEST_RESAMPLED:
        interval = _student(sample, confidence)
    else:
        interval = _bca(sample, confidence, seed)
    return Estimate(mean=mean, interval=interval, n=len(sample))


def _student(sample: NDArray, confidence: float) -> tuple[float, float]:
    """Student's interval of the mean of values that vary."""
    low, high = stats.ttest_1samp(sample, 0).confidence_interval(confidence)
    return float(low), float(high)


def _bca(sample: NDArray, confidence: float, seed: int) -> tuple[float, float]:
    """The BCa interval of the mean of values that vary; percentile where BCa has no value."""
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            resampled = stats.bootstrap((sample,), np.mean, confidence_level=confidence, method=method, rng=seed)
        low, high = map(float, resampled.confidence_interval)
        if math.isfinite(low) and math.isfinite(high):
            break
    return low, high


def spearman(x: ArrayLike, y: ArrayLike, *, confidence: float = 0.95) -> Correlation:
    """Spearman's rho; interval z +- z_c sqrt((1 + rho^2 / 2) / (n - 3)) with z = artanh rho (Bonett and Wright 2000).

    The p value is two-sided; every pairing is counted up to eight points, Student's t serves beyond.
    ValueError for fewer than four points, unequal lengths, values that are not finite, or a constant side.
    """
    first, second = finite_pairs(x, y, at_least=4)
    fraction("confidence", confidence)
    for name, values in (("x", first), ("y", second)):
        if np.ptp(values) == 0:
            raise ValueError(f"{name} must vary, got only {values[0]}")
    n, exact = len(first), len(first) <= LARGEST_EXACT_CORRELATION
    rho, p = map(float, stats.spearmanr(first, second))
    return Correlation(
        rho=rho,
        interval=rank_interval(rho, n, confidence),
        p=_pairing_p(first, second) if exact else p,
        smallest_p=min(1.0, 2 / math.factorial(n)),
        n=n,
        method="exact" if exact else "t approximation",
    )


def rank_interval(rho: float, n: int, confidence: float) -> tuple[float, float]:
    """Bonett and Wright's interval; all of [-1, 1] for three points or fewer."""
    if n <= 3:
        return -1.0, 1.0
    if math.isclose(abs(rho), 1):
        return rho, rho
    half = stats.norm.ppf((1 + confidence) / 2) * math.sqrt((1 + rho**2 / 2) / (n - 3))
    centre = math.atanh(rho)
    return math.tanh(centre - half), math.tanh(centre + half)


def _pairing_p(first: NDArray, second: NDArray) -> float:
    ranks = stats.rankdata(first)

    def agreement(other: NDArray, axis: int) -> NDArray | np.floating:
        return np.sum(np.sort(ranks) * other, axis=axis)

    aligned = stats.rankdata(second)[np.argsort(ranks, kind="stable")]
    test = stats.permutation_test(
        (aligned,), agreement, permutation_type="pairings", n_resamples=np.inf, vectorized=True
    )
    return float(test.pvalue)
