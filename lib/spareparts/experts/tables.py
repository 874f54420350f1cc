"""Table 1, the paper's beside ours, with what the paper left out: tests, intervals, and what few seeds allow."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ..stats import holm, paired_wilcoxon
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
    found = set(standard(rows).dataset) if len(rows) else set()
    return [name for name in DATASETS if name in found] + sorted(found - set(DATASETS))


def table_one(rows: pd.DataFrame, published: Mapping[str, Any]) -> pd.DataFrame:
    """Mean (SD) of each metric in both arms, the paper's and ours; `published` maps claim id to its numbers."""
    lines = []
    for dataset in shown(rows):
        for metric, (claim, column, factor, digits) in METRICS.items():
            first, second, _ = paired(rows, column, dataset)
            theirs = published.get(claim, {}).get(dataset)
            lines.append(
                {
                    "data set": heading(rows, dataset),
                    "metric": metric,
                    "paper: baseline": spread(*theirs[0], digits=digits) if theirs else "–",
                    "paper: SNNL": spread(*theirs[1], digits=digits) if theirs else "–",
                    "ours: baseline": summary(factor * first, digits=digits),
                    "ours: SNNL": summary(factor * second, digits=digits),
                    "n": len(first),
                }
            )
    return pd.DataFrame(lines).set_index(["data set", "metric"]) if lines else pd.DataFrame()


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


def summary(values: Any, *, digits: int) -> str:
    """Mean (SD) of a sample."""
    return spread(values.mean(), values.std(ddof=1), digits=digits) if len(values) > 1 else "–"


def spread(mean: float, deviation: float, *, digits: int) -> str:
    """A mean with its SD as the paper prints them."""
    return f"{mean:.{digits}f} ({deviation:.{digits}f})"


def arms(rows: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Data set, arm and runs behind each line of a table."""
    chosen = standard(rows)
    for dataset in shown(rows):
        for arm, part in chosen[chosen.dataset == dataset].groupby("arm"):
            yield dataset, str(arm), part


def table(lines: Mapping[Any, Mapping[str, Any]], *names: str) -> pd.DataFrame:
    """A table from its lines, empty where there are none."""
    return pd.DataFrame(lines).T.rename_axis(list(names)) if lines else pd.DataFrame()
