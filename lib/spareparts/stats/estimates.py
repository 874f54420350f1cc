"""Means and rank correlations with their intervals."""

import functools
import itertools
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


# Rank correlation within blocks: runs of one seed share what it decides, and are compared with each other only

LARGEST_EXACT = 100_000  # orders within all blocks together, up to which each of them is counted
DRAWS = 20_000  # of orders, beyond that


def block_correlation(x: ArrayLike, y: ArrayLike, blocks: ArrayLike, *, confidence: float = 0.95) -> Correlation:
    """Spearman's rho of ranks taken within each block: `sum a b / sqrt(sum a^2 sum b^2)`, a and b less their means.

    The p value is two-sided: the share of all orders of y within the blocks whose `|rho|` is as large, each counted up
    to 100,000 of them, else of 20,000 drawn ones (always the same). A block of one value says nothing. The interval is
    that of `spearman` for n less the blocks, plus one. ValueError for fewer than four values, unequal lengths, values
    that are not finite, or a side that varies in no block.
    """
    first, second = finite_pairs(x, y, at_least=4)
    fraction("confidence", confidence)
    labels = np.asarray(blocks)
    if (labels != labels).any():
        raise ValueError(f"blocks must name one of each value's, got nan in {labels.tolist()}")
    if labels.shape != first.shape:
        raise ValueError(f"blocks must name one of each value's, {len(first)}, got shape {labels.shape}")
    places = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    ranks = [_ranks_within(name, side, places) for name, side in (("x", first), ("y", second))]
    orders = math.prod(math.factorial(len(place)) for place in places)
    exact = orders <= LARGEST_EXACT
    length = math.sqrt(math.prod(sum(float(part @ part) for part in side) for side in ranks))
    rho = sum(float(a @ b) for a, b in zip(*ranks, strict=True)) / length
    sums = _all_sums(*ranks) if exact else _drawn_sums(*ranks)
    return Correlation(
        rho=rho,
        interval=rank_interval(rho, len(first) - len(places) + 1, confidence),
        p=float((np.abs(sums) >= abs(rho) * length - 1e-9).mean()),
        smallest_p=min(1.0, max(2 / orders, 0 if exact else 1 / len(sums))),
        n=len(first),
        method="exact" if exact else f"{DRAWS:,} drawn orders",
    )


def _ranks_within(name: str, values: NDArray, places: list[NDArray]) -> list[NDArray]:
    """Ranks of each block's values less their mean; ValueError for values that vary in no block."""
    ranks = [stats.rankdata(values[place]) - (len(place) + 1) / 2 for place in places]
    if not any(block.any() for block in ranks):
        raise ValueError(f"{name} must vary within a block, got {values.tolist()}")
    return ranks


def _all_sums(first: list[NDArray], second: list[NDArray]) -> NDArray:
    """Sum of products over all blocks, for every order of the second side within each."""
    by_block = [np.array(list(itertools.permutations(b))) @ a for a, b in zip(first, second, strict=True)]
    return functools.reduce(np.add.outer, by_block).ravel()


def _drawn_sums(first: list[NDArray], second: list[NDArray]) -> NDArray:
    """The same for drawn orders; the observed one counts among them, so that no p value is 0."""
    draw = np.random.default_rng(0)
    orders = [np.vstack([b, draw.permuted(np.tile(b, (DRAWS, 1)), axis=1)]) for b in second]
    return np.sum([each @ a for a, each in zip(first, orders, strict=True)], axis=0)
