"""Two classifiers on the same samples: does one err where the other does not?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from .checks import same_length


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
