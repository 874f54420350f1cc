"""Two arms run with the same seeds, or on the same samples: is one above the other?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from .checks import finite_pairs, fraction, rounding, same_length
from .estimates import bootstrap_interval

# Up to here all 2^n signs are listed when ranks are tied, and SciPy's exact table serves when they are not.
LARGEST_EXACT_TIED, LARGEST_EXACT_UNTIED = 16, 50


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """A two-sided Wilcoxon signed-rank test of `second - first`, with effect, interval and what n allows."""

    n: int  # pairs, those without a difference included
    p: float
    method: str  # "exact", "exact with ties" or "normal approximation"
    smallest_p: float  # the least that the pairs with a difference can give in an exact two-sided test
    normal_p: float  # what the normal approximation would say, for comparison with printed stars
    mean_difference: float
    interval: tuple[float, float]  # of the mean difference: BCa bootstrap, Student's below eight pairs
    rank_biserial: float  # in [-1, 1]; 1 where every difference is above 0

    @property
    def estimate(self) -> float:
        """The effect that a verdict reports."""
        return self.mean_difference

    @property
    def direction(self) -> float:
        """The number whose sign the p value speaks about."""
        return self.rank_biserial


def paired_wilcoxon(first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95, seed: int = 0) -> PairedTest:
    """Two-sided Wilcoxon signed-rank test of `second - first`, exact where n allows it.

    Pairs without a difference are set aside (Wilcoxon 1945). Ranks without ties use the exact table up to 50 pairs;
    tied ranks the distribution over all sign patterns up to 16; beyond, the normal approximation serves. The effect is
    the matched-pairs rank-biserial correlation (R+ - R-) / (R+ + R-) (Kerby 2014).
    ValueError for fewer than two pairs, unequal lengths, values that are not finite, or a confidence outside (0, 1).
    """
    left, right = finite_pairs(first, second)
    fraction("confidence", confidence)
    signed = _signed_differences(left, right)
    p, method = _exact_or_normal(signed)
    estimate = bootstrap_interval(right - left, confidence=confidence, seed=seed)
    return PairedTest(
        n=len(left),
        p=p,
        method=method,
        smallest_p=min(1.0, 2 / 2 ** len(signed)),
        normal_p=_normal_p(signed),
        mean_difference=estimate.mean,
        interval=estimate.interval,
        rank_biserial=_rank_biserial(signed),
    )


def _signed_differences(first: NDArray, second: NDArray) -> NDArray:
    """The differences that are not 0, by size: 0.3 - 0.2 and 0.2 - 0.1 are a tie, whatever their last bit says."""
    differences, blur = second - first, rounding(first, second)
    order = np.argsort(np.abs(differences))
    order = order[np.abs(differences[order]) > blur[order]]
    sizes, blur = np.abs(differences[order]), blur[order]
    apart = np.diff(sizes, prepend=-np.inf) > np.maximum(blur, np.roll(blur, 1))
    return np.sign(differences[order]) * sizes[apart][np.cumsum(apart) - 1]


def _exact_or_normal(signed: NDArray) -> tuple[float, str]:
    tied = len(np.unique(np.abs(signed))) < len(signed)
    if len(signed) == 0:
        return 1.0, "exact"
    if not tied and len(signed) <= LARGEST_EXACT_UNTIED:
        return float(stats.wilcoxon(signed, method="exact").pvalue), "exact"
    if len(signed) <= LARGEST_EXACT_TIED:
        return _exact_with_ties(signed), "exact with ties"
    return _normal_p(signed), "normal approximation"


def _exact_with_ties(signed: NDArray) -> float:
    """Over all sign patterns; `stats.wilcoxon` would call its statistic for each of them, which takes seconds."""
    found = stats.permutation_test(
        (stats.rankdata(np.abs(signed)) * np.sign(signed),),
        np.sum,
        permutation_type="samples",
        n_resamples=2 ** len(signed),
        vectorized=True,
    )
    return min(1.0, float(found.pvalue))


def _normal_p(signed: NDArray) -> float:
    if len(signed) == 0:
        return 1.0
    return float(stats.wilcoxon(signed, method="asymptotic", correction=False).pvalue)


def _rank_biserial(signed: NDArray) -> float:
    if len(signed) == 0:
        return 0.0
    ranks = stats.rankdata(np.abs(signed))
    return float((ranks * np.sign(signed)).sum() / ranks.sum())


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's adjusted p values: max over j <= i of (m - j + 1) p_(j), at most 1; ValueError for a p outside [0, 1]."""
    for name, p in p_values.items():
        if not (math.isfinite(p) and 0 <= p <= 1):
            raise ValueError(f"p values must lie in [0, 1], got {p} for {name!r}")
    if not p_values:
        return {}
    _, adjusted, _, _ = multipletests(list(p_values.values()), method="holm")
    return dict(zip(p_values, map(float, adjusted), strict=True))


# Two classifiers on the same samples: does one err where the other does not?


@dataclass(frozen=True, kw_only=True)
class McNemarTest:
    """The exact McNemar test on n samples; b where only the first is correct, c where only the second is."""

    n: int
    b: int
    c: int
    p: float


def mcnemar(first_correct: ArrayLike, second_correct: ArrayLike) -> McNemarTest:
    """Two-sided exact McNemar test: the smaller of b and c under a fair coin tossed b + c times (McNemar 1947).

    ValueError for values that are not truth values, unequal lengths, or no sample.
    """
    first, second = _truth("first_correct", first_correct), _truth("second_correct", second_correct)
    same_length(first, second)
    table = [[np.sum(first & second), np.sum(first & ~second)], [np.sum(~first & second), np.sum(~first & ~second)]]
    p = float(statsmodels_mcnemar(table, exact=True).pvalue)
    return McNemarTest(n=len(first), b=int(table[0][1]), c=int(table[1][0]), p=min(1.0, p))


def _truth(name: str, values: ArrayLike) -> NDArray[np.bool_]:
    array = np.asarray(values)
    if array.dtype != np.bool_ or array.ndim != 1 or len(array) == 0:
        raise ValueError(f"{name} must be a vector of truth values, got {array.dtype} of shape {array.shape}")
    return array
