"""Table 1, the paper's beside ours, with what the paper left out: tests, intervals, and what few seeds allow."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..stats import BLANK, holm, paired_wilcoxon, spread, with_deviation
from .config import DATASETS
from .rows import paired, standard

TITLES = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}
METRICS = {  # column -> (claim with the paper's numbers, our metric, factor to the paper's unit, digits)
    "accuracy, %": ("experts-1", "accuracy", 1, 2),
    "SIM, x100": ("experts-2", "similarity", 100, 2),
    "ENT, nats x100": ("experts-3", "entropy", 100, 2),
}


def title(dataset: str) -> str:
    """A data set's name as the paper writes it."""
    return TITLES.get(dataset, dataset)


def heading(rows: pd.DataFrame, dataset: str) -> str:
    """A data set's name over its numbers, which says where they follow the reduced protocol."""
    chosen = standard(rows)
    reduced = len(chosen) and (chosen[chosen.dataset == dataset].protocol == "reduced").any()
    return title(dataset) + (" (reduced)" if reduced else "")


def shown(rows: pd.DataFrame) -> list[str]:
    """Data sets that have records of both arms: the paper's in its order, then others."""
    return shown_first(set(standard(rows).dataset) if len(rows) else set())


def shown_first(found: set[str]) -> list[str]:
    """The paper's data sets in its order, then others by name."""
    return [name for name in DATASETS if name in found] + sorted(found - set(DATASETS))


def table_one(rows: pd.DataFrame, published: Mapping[str, Any]) -> pd.DataFrame:
    """Mean (SD) of each metric in both arms, the paper's and ours, and the best accuracy, which the paper leaves out.

    `published` maps claim id to its numbers.
    """
    lines = {}
    for dataset in shown(rows):
        for metric, (claim, column, factor, digits) in METRICS.items():
            first, second, _ = paired(rows, column, dataset)
            theirs = published.get(claim, {}).get(dataset)
            lines[heading(rows, dataset), metric] = {
                "paper: baseline": with_deviation(*theirs[0], digits=digits) if theirs else BLANK,
                "paper: SNNL": with_deviation(*theirs[1], digits=digits) if theirs else BLANK,
                "ours: baseline": spread(factor * first, digits=digits),
                "ours: SNNL": spread(factor * second, digits=digits),
                "n": len(first),
            }
            if column == "accuracy":
                lines[heading(rows, dataset), "best accuracy, %"] = best(first, second)
    return table(lines, "data set", "metric")


def best(first: np.ndarray, second: np.ndarray) -> dict[str, Any]:
    """The line of Table 1 with the best accuracy of each arm, which the paper promises and does not print."""
    ours = [f"{values.max():.2f}" if len(values) else BLANK for values in (first, second)]
    theirs = {"paper: baseline": "not given", "paper: SNNL": "not given"}
    return theirs | {"ours: baseline": ours[0], "ours: SNNL": ours[1], "n": len(first)}


def tests(rows: pd.DataFrame, column: str, *, factor: float = 1, digits: int = 2) -> pd.DataFrame:
    """Paired difference SNNL - baseline with interval, effect, p, the smallest p that n allows, and Holm's p."""
    found = {}
    for dataset in shown(rows):
        first, second, _ = paired(rows, column, dataset)
        if len(first) > 1:
            found[heading(rows, dataset)] = paired_wilcoxon(factor * first, factor * second)
    corrected = holm({name: test.p for name, test in found.items()})
    return pd.DataFrame(
        {
            name: {
                "difference": f"{test.mean_difference:+.{digits}f}",
                "95% interval": f"{test.interval[0]:+.{digits}f} to {test.interval[1]:+.{digits}f}",
                "rank-biserial": f"{test.rank_biserial:+.2f}",
                "n": test.n,
                "Wilcoxon p": f"{test.p:.3g}",
                "smallest p": f"{test.smallest_p:.3g}",
                "Holm p": f"{corrected[name]:.3g}",
            }
            for name, test in found.items()
        }
    ).T.rename_axis("data set")


def stars(rows: pd.DataFrame) -> pd.DataFrame:
    """The paper's stars derived again from our first five seeds: exact Wilcoxon p beside the normal approximation's."""
    lines = {}
    for dataset in shown(rows):
        first, second, _ = paired(rows[rows.seed <= 5], "accuracy", dataset)
        if len(first) > 1:
            test = paired_wilcoxon(first, second)
            lines[heading(rows, dataset)] = {
                "n": test.n,
                "exact p": f"{test.p:.4g}",
                "smallest exact p": f"{test.smallest_p:.4g}",
                "normal approximation": f"{test.normal_p:.4g}",
            }
    return pd.DataFrame(lines).T.rename_axis("data set")


def arms(rows: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Data set, arm and runs behind each line of a table."""
    chosen = standard(rows)
    for dataset in shown(rows):
        for arm, part in chosen[chosen.dataset == dataset].groupby("arm"):
            yield dataset, str(arm), part


def table(lines: Mapping[Any, Mapping[str, Any]], *names: str) -> pd.DataFrame:
    """A table from its lines, empty where there are none."""
    return pd.DataFrame(lines).T.rename_axis(list(names)) if lines else pd.DataFrame()
