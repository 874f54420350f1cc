"""Totals over data sets: wins, losses and ties, mean differences, and what McNemar's test decides."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..records import lined
from ..stats import BLANK, bootstrap_interval
from .config import ACTIVATIONS
from .counting import (
    ALPHA,
    PUBLISHED_SIGNIFICANT,
    count,
    first_seed,
    median_over_seeds,
    published_differences,
    significant,
    with_mcnemar,
)
from .rows import LABELS, by_set, seed_counts
from .table import ARCHITECTURES, ATTAINABLE
from .tables import signed, spread


def counts(pairs: pd.DataFrame) -> pd.DataFrame:
    """Wins, losses, ties, the sign test and the mean difference: the paper's recounted, and ours for each seed.

    The paper's are counted again on the sets that ours have, too.
    """
    lines = {}
    for activation in ACTIVATIONS:
        part = pairs[pairs.activation == activation]
        among = sorted(set(part.dataset) & set(ARCHITECTURES))
        lines[LABELS[activation], "paper"] = _counted(published_differences(activation), of=len(ARCHITECTURES))
        lines[LABELS[activation], "paper, same"] = _counted(published_differences(activation, among=among))
        for seed in sorted(set(part.seed)) if len(part) else ():
            own = part[part.seed == seed]
            errors = (own.errors_first - own.errors_second).tolist()
            lines[LABELS[activation], f"seed {seed}"] = _counted(errors, mean=own.difference.mean())
    return pd.DataFrame(lines).T.rename_axis(["activation", "whose"])


def _counted(differences: Sequence[float], *, of: int = len(ATTAINABLE), mean: float | None = None) -> dict[str, Any]:
    found = count(differences)
    mean = np.mean(differences) if mean is None and len(differences) else mean
    return {
        "wins": found.wins,
        "losses": found.losses,
        "ties": found.ties,
        "sets": f"{found.total} of {of}",
        "sign test p": f"{found.sign_p:.3f}" if found.total else BLANK,
        "mean difference": BLANK if mean is None else signed(mean),
    }


def mean_differences(pairs: pd.DataFrame) -> pd.DataFrame:
    """Mean difference over sets, each set the mean of its seeds, with interval. Activations are the columns."""
    lines = {}
    for activation in ACTIVATIONS:
        means = by_set(pairs[pairs.activation == activation])
        if len(means) > 1:
            estimate = bootstrap_interval(means)
            lines[LABELS[activation]] = {
                "mean difference": signed(estimate.mean),
                "95% interval": spread(estimate.interval),
                "median": signed(means.median()),
                "sets": len(means),
                "pairs": int((pairs.activation == activation).sum()),
            }
    return lined(lines).T


def mcnemar_counts(pairs: pd.DataFrame) -> pd.DataFrame:
    """On how many sets McNemar's test decides for class rates and against them, in one seed and by the median p.

    Activations are the columns.
    """
    tests, lines = with_mcnemar(pairs), {}
    for activation in ACTIVATIONS:
        first = first_seed(tests, activation)
        medians = median_over_seeds(tests[tests.activation == activation])
        if len(medians):
            lines[LABELS[activation]] = {
                "paper, one run": str(PUBLISHED_SIGNIFICANT.get(activation, BLANK)),
                "ours, seed 1": str(significant(first)),
                "seed 1, after Holm": str(significant(first, "holm")),
                "median p of seeds": str(significant(medians)),
                "median p, after Holm": str(significant(medians, "holm")),
                "sets, seeds": f"{len(medians)}, {seed_counts(pairs[pairs.activation == activation])}",
                "by chance, at most": f"{ALPHA * len(medians):.1f} in all",
            }
    return lined(lines).T
