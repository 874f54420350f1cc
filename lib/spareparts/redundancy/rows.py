"""Which records a table or a verdict stands on: given settings, the longest protocol, networks paired by seed."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from .. import records
from ..stats import Pairs
from .config import DATASETS, Config
from .plan import GRIDS

FREE = ("seed", "iterations", "precision")  # what may differ between the runs of one line of a table
TITLES = {
    "lenet_300_100": "LeNet",
    "conv_2": "Conv-2",
    "conv_4": "Conv-4",
    "conv_6": "Conv-6",
    "vgg_19": "VGG-19",
    "vgg_19_bn": "VGG-19 with BatchNorm",
}
TICKETS = {  # the two settings whose tickets are disputed
    "SGD at 0.03": {"optimizer": "sgd", "learning_rate": 0.03},
    "Adam at 0.0012": {"optimizer": "adam", "learning_rate": 0.0012},
}
Measure = str | Callable[[pd.Series], float]  # a metric of a record, or what is computed from several
arrays = partial(records.arrays, Config.word)


def chosen(rows: pd.DataFrame, *, free: Sequence[str] = (), **settings: Any) -> pd.DataFrame:
    """Finished runs of these settings, all others but the free ones at their default; the longest of each free value.

    None for `iterations` is what Figure 1 or the experiment states, and longer than any number. Where several
    precisions ran that long, the one of most runs counts.
    """
    if rows.empty:
        return rows
    kept = records.matching(rows[rows.outcome == "finished"], Config, free=(*FREE, *free), settings=settings)
    if kept.empty:
        return kept
    groups = [kept[name].astype(object).where(kept[name].notna(), "all") for name in free]
    most = steps(kept).groupby(groups).transform("max") if groups else steps(kept).max()
    kept = kept[steps(kept) == most]
    if "precision" in kept:
        precision = kept.precision.fillna(Config.precision)  # records from before the field
        kept = kept[precision == precision.mode()[0]]
    return kept.sort_values("seed").dropna(axis=1, how="all")


def steps(rows: pd.DataFrame) -> pd.Series:
    """Iterations of runs; infinite for those that were left to what is stated."""
    return rows.iterations.astype(float).fillna(np.inf) if "iterations" in rows else pd.Series(np.inf, rows.index)


def protocol(rows: pd.DataFrame) -> str:
    """`paper` where all of the runs follow the published protocol."""
    return "paper" if len(rows) and (rows.protocol == "paper").all() else "reduced"


def values(rows: pd.DataFrame, measure: Measure) -> np.ndarray:
    """One number a run, in the order of the rows; NaN for a metric that a record does not have."""
    found = [row.get(measure, np.nan) if isinstance(measure, str) else measure(row) for _, row in rows.iterrows()]
    return np.array(found, dtype=float)


def paired(rows: pd.DataFrame, first: Measure | float, second: Measure) -> Pairs:
    """Two measures of the same networks; a number in place of the first stands for each of them."""
    one = np.full(len(rows), float(first)) if isinstance(first, int | float) else values(rows, first)
    other = values(rows, second)
    whole = np.isfinite(one) & np.isfinite(other)
    return Pairs(one[whole], other[whole], protocol(rows))


def networks(rows: pd.DataFrame, model: str) -> pd.DataFrame:
    """Measured networks of a model, on its own data set."""
    return chosen(rows, experiment="network", model=model, dataset=DATASETS[model])


def by_classes(rows: pd.DataFrame) -> pd.DataFrame:
    """LeNets on the first so many classes of CIFAR-100, by their column `classes`; of several lengths that of most."""
    parts = [part for _, part in rows.groupby(steps(rows))] if len(rows) else [rows]
    found = max((chosen(part, free=("classes",), experiment="network", dataset="cifar100") for part in parts), key=len)
    return found.dropna(subset="classes").sort_values(["classes", "seed"]) if "classes" in found else found.iloc[:0]


def by_labels(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """LeNets that learned true labels, and shuffled ones: the same seeds, images and iterations, as many as have run.

    Of several numbers of images the largest at which both ran, then the longest training.
    """
    kept = rows[(rows.outcome == "finished") & (rows.experiment == "network")] if len(rows) else rows
    if kept.empty or kept.train_samples.isna().all():
        return kept.iloc[:0], kept.iloc[:0]
    found = []
    for (samples, number), part in kept.groupby(["train_samples", steps(kept)]):
        length = None if np.isinf(number) else int(number)
        sides = [
            chosen(part, experiment="network", train_samples=samples, iterations=length, shuffled_labels=shuffled)
            for shuffled in (False, True)
        ]
        shared = set(sides[0].seed) & set(sides[1].seed)
        found += [tuple(side[side.seed.isin(shared)] for side in sides)] if shared else []
    return found[-1] if found else (kept.iloc[:0], kept.iloc[:0])


def by_width(rows: pd.DataFrame) -> pd.DataFrame:
    """LeNets by `width`, trained until they fit, on as many images as any."""
    rate = GRIDS["width"]["learning_rate"][0]
    found = chosen(rows, free=("width", "train_samples"), experiment="width", learning_rate=rate)
    if found.empty:
        return found
    most = found.train_samples.astype(float).fillna(np.inf) if "train_samples" in found else pd.Series(0, found.index)
    return found[most == most.max()].sort_values(["width", "seed"])


def xord_runs(rows: pd.DataFrame) -> pd.DataFrame:
    """Layers on XORD, of all sizes and training sets."""
    return chosen(rows, free=("units", "train_samples"), experiment="xord")


def student_runs(rows: pd.DataFrame) -> pd.DataFrame:
    """Students of all widths, one or both layers of which are trained."""
    noise = GRIDS["teacher_student"]["noise"][0]
    return chosen(rows, free=("units", "layers"), experiment="teacher_student", noise=noise)


def ticket_runs(rows: pd.DataFrame, experiment: str, group: str) -> pd.DataFrame:
    """Tickets of weights or of units, with one of the two settings of `TICKETS`."""
    return chosen(rows, experiment=experiment, **TICKETS[group])
