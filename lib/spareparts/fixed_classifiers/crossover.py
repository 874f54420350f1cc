"""From which size on one way is cheaper than another."""

from collections.abc import Sequence

import numpy as np


def crossover(sizes: Sequence[float], first: Sequence[float], second: Sequence[float]) -> float | None:
    """Smallest size from which `second` costs less than `first` up to the largest one; None where there is none.

    Between two sizes the logarithm of the costs' ratio is taken for a line in the logarithm of the size; if `second` is
    cheaper at every size it is the smallest of them. Raises `ValueError` for sizes that do not grow, lists of different
    lengths, and costs that are not positive.
    """
    x, ratio = np.log(np.asarray(sizes, float)), _log_ratio(first, second, count=len(sizes))
    if len(sizes) == 0 or not np.all(np.diff(x) > 0):
        raise ValueError(f"sizes must be at least one and grow, got {list(sizes)}")
    dearer = np.flatnonzero(ratio >= 0)
    if len(dearer) == 0:
        return float(sizes[0])
    last = dearer[-1]
    if last == len(sizes) - 1:
        return None
    share = ratio[last] / (ratio[last] - ratio[last + 1])
    return float(np.exp(x[last] + share * (x[last + 1] - x[last])))


def _log_ratio(first: Sequence[float], second: Sequence[float], *, count: int) -> np.ndarray:
    """Logarithm of the second costs over the first: below 0 where the second are lower."""
    costs = np.array([first, second], float) if len(first) == len(second) == count else None
    if costs is None or not (costs > 0).all():
        raise ValueError(f"costs must be {count} positive numbers each, got {list(first)} and {list(second)}")
    return np.log(costs[1] / costs[0])
