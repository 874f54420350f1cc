"""Wins, losses and ties as the paper counts them, the sign test on them, and McNemar's test for every data set."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from ..stats import holm, mcnemar
from .rows import PUBLISHED_SEED, correct
from .table import LARGEST_CLASS, PUBLISHED_ACCURACY

ALPHA = 0.05


class Count(NamedTuple):
    """Data sets on which class rates make fewer errors, more errors, and as many errors as the baseline."""

    wins: int
    losses: int
    ties: int

    @property
    def total(self) -> int:
        """All data sets."""
        return sum(self)

    @property
    def sign_p(self) -> float:
        """One-sided sign test: the chance of as many wins or more, were wins and losses equally likely."""
        decided = self.wins + self.losses
        return float(binomtest(self.wins, decided, alternative="greater").pvalue) if decided else 1.0

    @property
    def share(self) -> tuple[float, tuple[float, float]] | None:
        """Share of wins among wins and losses in [0, 1], with its exact 95% interval; None where all are ties."""
        decided = self.wins + self.losses
        if not decided:
            return None
        low, high = binomtest(self.wins, decided).proportion_ci(0.95, method="exact")
        return self.wins / decided, (float(low), float(high))

    def __str__(self) -> str:
        return f"wins {self.wins}, losses {self.losses}, ties {self.ties}"


def count(differences: Iterable[float]) -> Count:
    """Count the signs of differences in which class rates are better where it is above 0."""
    signs = np.sign(list(differences))
    return Count(int((signs > 0).sum()), int((signs < 0).sum()), int((signs == 0).sum()))


def published_differences(activation: str, *, among: Iterable[str] = tuple(PUBLISHED_ACCURACY)) -> list[float]:
    """Differences in the paper's own Table 2, in points, on all its data sets or some."""
    lines = (PUBLISHED_ACCURACY[name] for name in among)
    return [round(line[f"{activation}_rated"] - line[activation], 2) for line in lines]


def published_count(activation: str) -> Count:
    """The count on the paper's own Table 2, recomputed."""
    return count(published_differences(activation))


def published_mean(activation: str) -> float:
    """Mean difference of the paper's own Table 2, in points."""
    return float(np.mean(published_differences(activation)))


def first_seed(pairs: pd.DataFrame, activation: str) -> pd.DataFrame:
    """What a table like the paper's shows of one activation: one run of each network."""
    return pairs[(pairs.activation == activation) & (pairs.seed == PUBLISHED_SEED)]


def counted(pairs: pd.DataFrame) -> Count:
    """Count by numbers of errors."""
    return count(pairs.errors_first - pairs.errors_second) if len(pairs) else Count(0, 0, 0)


def chance(dataset: str) -> float:
    """The share of a data set's largest class in its test half; NaN for a set that is not the paper's."""
    return float(LARGEST_CLASS.get(dataset, "nan"))


def no_better_than_chance(pairs: pd.DataFrame, end: str) -> pd.Series:
    """Whether each network of that side gets no more test rows right than always naming the largest class would."""
    right = pairs[f"test_samples_{end}"] - pairs[f"errors_{end}"]
    return right <= (pairs[f"test_samples_{end}"] * pairs.dataset.map(chance)).round()


def with_mcnemar(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs with McNemar's p; Holm's over the data sets of one activation and seed, `holm`, too."""
    if pairs.empty:
        return pairs.assign(p=[], holm=[])
    tests = [
        mcnemar(correct(row.hash_first, row.test_samples_first), correct(row.hash_second, row.test_samples_second)).p
        for row in pairs.itertuples()
    ]
    table = pairs.assign(p=tests)
    return table.assign(holm=table.groupby(["activation", "seed"]).p.transform(_holm))


def _holm(p_values: pd.Series) -> pd.Series:
    corrected = holm({str(place): p for place, p in enumerate(p_values)})
    return pd.Series(corrected.values(), index=p_values.index)


class Significant(NamedTuple):
    """Data sets on which McNemar's p is below 0.05, for class rates and against them."""

    favour: int
    against: int

    def __str__(self) -> str:
        return f"{self.favour} for, {self.against} against"


PUBLISHED_SIGNIFICANT = {"selu": Significant(13, 6)}  # the text's; none is given for the others


def significant(tests: pd.DataFrame, column: str = "p") -> Significant:
    """Count significant data sets by the sign of the difference."""
    low = tests[tests[column] < ALPHA]
    return Significant(int((low.difference > 0).sum()), int((low.difference < 0).sum()))


def median_over_seeds(tests: pd.DataFrame) -> pd.DataFrame:
    """One line a data set and activation: mean difference and median p over seeds, Holm on these medians."""
    table = tests.groupby(["activation", "dataset"], as_index=False)[["difference", "p"]].agg(
        {"difference": "mean", "p": "median"}
    )
    return table.assign(holm=table.groupby("activation").p.transform(_holm)) if len(table) else table.assign(holm=[])
