"""How numbers, differences and counts are written in the tables and sentences of a chapter."""

from collections.abc import Iterable

import numpy as np

from .decisions import Pairs
from .equivalence import equivalence

BLANK = "–"  # for what there is not


def spread(found: Iterable[float | None], *, digits: int = 2) -> str:
    """Mean (SD) of finite values; a dash for what they are too few to have."""
    known = np.array([np.nan if each is None else each for each in found], dtype=float)
    known = known[np.isfinite(known)]
    if len(known) == 0:
        return BLANK
    return with_deviation(known.mean(), known.std(ddof=1) if len(known) > 1 else None, digits=digits)


def with_deviation(mean: float, deviation: float | None, *, digits: int = 2) -> str:
    """A mean with its SD, as `1.20 (0.30)`; a dash for an SD that there is not."""
    middle = f"{round(float(mean), digits) + 0.0:,.{digits}f}"  # no -0.00
    return f"{middle} ({BLANK if deviation is None else f'{deviation:,.{digits}f}'})"


def difference(pairs: Pairs) -> tuple[float, float, float]:
    """Mean of second less first with Student's 95% interval, which is the mean itself where one pair gives none."""
    apart = pairs.second - pairs.first
    if len(apart) < 2:
        return (float(apart.mean()),) * 3 if len(apart) else (float("nan"),) * 3
    test = equivalence(*pairs[:2], margin=1.0)  # whose interval does not depend on the margin
    return test.mean_difference, *test.outer_interval


def difference_words(pairs: Pairs, *, digits: int = 2) -> str:
    """The same in words, with n: `+1.20 (+0.90 to +1.50, n = 10)`; a dash without pairs."""
    if not len(pairs.first):
        return BLANK
    mean, low, high = (round(value, digits) + 0.0 for value in difference(pairs))
    form = f"+,.{digits}f"
    if len(pairs.first) < 2:
        return f"{mean:{form}} (n = {len(pairs.first)})"
    return f"{mean:{form}} ({low:{form}} to {high:{form}}, n = {len(pairs.first)})"
