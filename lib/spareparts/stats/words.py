"""How numbers, differences and counts are written in the tables and sentences of a chapter."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from .decisions import Pairs
from .equivalence import equivalence
from .verdicts import VERDICTS

BLANK = "–"  # for what there is not
NOTHING = "No run of these settings has a record yet."


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


def equality_words(pairs: Pairs, *, margin: float, unit: str = "points", what: str = "them") -> str:
    """Whether two one-sided tests call both (in words: `what`) equal within a margin, with their p, n and power."""
    if len(pairs.first) < 2:
        return f"With n = {len(pairs.first)} equality cannot be tested."
    test = equivalence(*pairs[:2], margin=margin)
    verb = "call" if test.equivalent else "do not call"
    return (
        f"Two one-sided tests {verb} {what} equal within {margin:g} {unit} (p = {test.p:.2g}, n = {test.n}); were "
        f"they equal, such tests would say so with probability {test.power:.2f}."
    )


def verdict_counts(ledger: pd.DataFrame) -> str:
    """How many claims have which verdict, from a ledger's column verdict: `2 reproduced, 1 not run`."""
    counts = [(word, int((ledger.verdict == word).sum())) for word in VERDICTS]
    return ", ".join(f"{number} {word}" for word, number in counts if number)


def not_yet(what: str) -> str:
    """What is said in place of a result that has no record."""
    return f"*Not run yet: {what}.*"


def said(*texts: str) -> str:
    """Paragraphs of those texts that say something."""
    return "\n\n".join(text for text in texts if text.strip())


def capitalised(text: str) -> str:
    """The same with a capital first letter; the others stay as they are, unlike those of `str.capitalize`."""
    return text[:1].upper() + text[1:]
