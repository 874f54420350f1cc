"""Arms run with the same seeds, or on the same samples or data sets: is one above the other?"""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from .intervals import bootstrap_interval, finite_pairs, rounding, same_length

# Up to here all 2^n signs are listed when ranks are tied, and SciPy's exact table serves when they are not.
LARGEST_EXACT_TIED, LARGEST_EXACT_UNTIED = 16, 50


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """A two-sided Wilcoxon signed-rank test of `second - first`, with effect, interval and what n allows."""

    n: int  #: pairs, those without a difference included
    p: float
    differing: int  #: pairs with a difference
    mean_difference: float
    interval: tuple[float, float]  #: of the mean difference: 95% BCa bootstrap, Student's below eight pairs
    rank_biserial: float  #: in [-1, 1]; 1 where every difference is above 0; the p value speaks about its sign

    @property
    def smallest_p(self) -> float:
        """The least that the pairs with a difference can give in an exact two-sided test."""
        return min(1.0, 2 / 2**self.differing)


def paired_wilcoxon(first: ArrayLike, second: ArrayLike) -> PairedTest:
    """Two-sided Wilcoxon signed-rank test of `second - first`, exact where n allows it.

    Pairs without a difference are set aside (Wilcoxon 1945). Ranks without ties use the exact table up to 50 pairs;
    tied ranks the distribution over all sign patterns up to 16; beyond, the normal approximation serves. The effect is
    the matched-pairs rank-biserial correlation (R+ - R-) / (R+ + R-) (Kerby 2014).
    ValueError for fewer than two pairs, unequal lengths, or values that are not finite.
    """
    left, right = finite_pairs(first, second)
    signed = _signed_differences(left, right)
    ranks = stats.rankdata(np.abs(signed)) * np.sign(signed)
    estimate = bootstrap_interval(right - left)
    return PairedTest(
        n=len(left),
        p=_signed_rank_p(signed, ranks),
        differing=len(signed),
        mean_difference=estimate.mean,
        interval=estimate.interval,
        rank_biserial=float(ranks.sum() / np.abs(ranks).sum()) if len(ranks) else 0.0,
    )


def _signed_differences(first: NDArray, second: NDArray) -> NDArray:
    """The differences that are not 0, by size: 0.3 - 0.2 and 0.2 - 0.1 are a tie, whatever their last bit says."""
    differences, blur = second - first, rounding(first, second)
    order = np.argsort(np.abs(differences))
    order = order[np.abs(differences[order]) > blur[order]]
    sizes, blur = np.abs(differences[order]), blur[order]
    apart = np.diff(sizes, prepend=-np.inf) > np.maximum(blur, np.roll(blur, 1))
    return np.sign(differences[order]) * sizes[apart][np.cumsum(apart) - 1]


def _signed_rank_p(signed: NDArray, ranks: NDArray) -> float:
    tied = len(np.unique(np.abs(signed))) < len(signed)
    if len(signed) == 0:
        return 1.0
    if not tied and len(signed) <= LARGEST_EXACT_UNTIED:
        return float(stats.wilcoxon(signed, method="exact").pvalue)
    if len(signed) > LARGEST_EXACT_TIED:
        return float(stats.wilcoxon(signed, method="asymptotic", correction=False).pvalue)
    # over all sign patterns; `stats.wilcoxon` would call its statistic for each of them, which takes seconds
    options = {"permutation_type": "samples", "n_resamples": 2 ** len(signed), "vectorized": True}
    return min(1.0, float(stats.permutation_test((ranks,), np.sum, **options).pvalue))


def holm(p_values: Mapping[Hashable, float]) -> dict[Hashable, float]:
    """Holm's adjusted p values: max over j <= i of (m - j + 1) p_(j), at most 1; ValueError for a p outside [0, 1]."""
    for name, p in p_values.items():
        if not (math.isfinite(p) and 0 <= p <= 1):
            raise ValueError(f"p values must lie in [0, 1], got {p} for {name!r}")
    order = sorted(p_values, key=p_values.__getitem__)
    # by hand: statsmodels' `multipletests` collects all libraries' garbage first, half a second a call
    steps = [(len(order) - rank) * p_values[name] for rank, name in enumerate(order)]
    adjusted = dict(zip(order, map(float, np.minimum(np.maximum.accumulate(steps), 1)), strict=True))
    return {name: adjusted[name] for name in p_values}


def mcnemar(first_correct: ArrayLike, second_correct: ArrayLike) -> float:
    """P of the two-sided exact McNemar test: does one of two classifiers err where the other does not?

    The smaller of b and c, samples that only one gets right, under a fair coin tossed b + c times (McNemar 1947).
    ValueError for values that are not truth values, unequal lengths, or no sample.
    """
    first, second = _truth("first_correct", first_correct), _truth("second_correct", second_correct)
    same_length(first, second)
    table = [[np.sum(first & second), np.sum(first & ~second)], [np.sum(~first & second), np.sum(~first & ~second)]]
    return min(1.0, float(statsmodels_mcnemar(table, exact=True).pvalue))


def _truth(name: str, values: ArrayLike) -> NDArray[np.bool_]:
    array = np.asarray(values)
    if array.dtype != np.bool_ or array.ndim != 1 or len(array) == 0:
        raise ValueError(f"{name} must be a vector of truth values, got {array.dtype} of shape {array.shape}")
    return array
