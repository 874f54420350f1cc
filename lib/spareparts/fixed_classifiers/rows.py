"""Which records a table or a verdict stands on: given settings, the longest training, heads paired by seed."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from .. import records
from ..stats import Pairs
from .config import NETWORKS, Config

LEARNED, FIXED = {"head": "learned"}, {"head": "orthonormal"}  # the two heads that most claims compare
HADAMARD = {"head": "hadamard"}
# How a network is trained: the same on both sides of a comparison.
HOW = (
    "network",
    "shortcut",
    "epochs",
    "train_samples",
    "learning_rate",
    "batch_size",
    "augment",
    "precision",
)
TRAINED = ("epochs", "learning_rate", "batch_size", "units")  # the same of a language model
FEWEST_SEEDS = 3  # a longer training with fewer seeds gives way to a shorter one with more
ALL_CLASSES = 100  # of CIFAR-100
Measure = str | Callable[[pd.Series], float]  # a metric of a record, or what is computed from several
arrays = partial(records.arrays, Config.word)


def runs(rows: pd.DataFrame, *, free: Sequence[str] = (), how: Sequence[str] = HOW, **settings: Any) -> pd.DataFrame:
    """Finished runs of these settings, all others but the free ones and those of `how` at their default.

    Two columns are added: `how` each was trained, and `what` values the free settings have, None where left open.
    """
    if rows.empty:
        return rows
    kept = records.matching(rows[rows.outcome == "finished"], Config, free=("seed", *how, *free), settings=settings)
    return kept.assign(how=_tuples(kept, how), what=_tuples(kept, free)).sort_values("seed")


def _tuples(rows: pd.DataFrame, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Each run's values of these settings; None for what is missing."""
    columns = [[None if pd.isna(value) else value for value in rows.get(name, [None] * len(rows))] for name in names]
    return list(zip(*columns, strict=True)) if columns else [()] * len(rows)


def longest(found: pd.DataFrame, *, how: Sequence[str] = HOW) -> pd.DataFrame:
    """Of each value of the free settings, the runs of the longest training that has seeds enough."""
    if found.empty:
        return found
    kept = []
    for what in dict.fromkeys(found.what):
        part = found[[own == what for own in found.what]]
        groups = [part[[own == trained for own in part.how]] for trained in dict.fromkeys(part.how)]
        kept.append(max(groups, key=lambda own: _rank(own, how)))
    return pd.concat(kept)


def _rank(group: pd.DataFrame, how: Sequence[str]) -> tuple[float, ...]:
    """How much runs that were trained alike say: enough seeds, more images, more epochs, a larger network."""
    set_to = dict(zip(how, group.how.iloc[0], strict=True))
    amounts = [math.inf if set_to.get(name) is None else set_to[name] for name in ("train_samples", "epochs", "units")]
    depth = NETWORKS.index(set_to["network"]) if "network" in set_to else 0
    return (group.seed.nunique() >= FEWEST_SEEDS, *amounts, depth, group.seed.nunique())


def compared(
    rows: pd.DataFrame,
    first: Mapping[str, Any],
    second: Mapping[str, Any],
    *,
    free: Sequence[str] = (),
    how: Sequence[str] = HOW,
    **settings: Any,
) -> pd.DataFrame:
    """Two kinds of runs with the same seed, training and free settings, one pair a row, of the longest training."""
    sides = [runs(rows, free=free, how=how, **settings, **own) for own in (first, second)]
    if any(side.empty for side in sides):
        return pd.DataFrame()
    return longest(sides[0].merge(sides[1], on=["seed", "how", "what"], suffixes=("_first", "_second")), how=how)


def measured(pairs: pd.DataFrame, metric: str) -> Pairs:
    """A metric of both sides of `compared`."""
    if pairs.empty:
        return Pairs(np.empty(0), np.empty(0), "reduced")
    whole = pairs.dropna(subset=[f"{metric}_first", f"{metric}_second"])
    both = [whole[f"{metric}_{end}"].to_numpy(float) for end in ("first", "second")]
    return Pairs(*both, protocol(pairs))


def against(rows: pd.DataFrame, number: float, measure: Measure) -> Pairs:
    """A measure of each run beside a number."""
    found = [row.get(measure, np.nan) if isinstance(measure, str) else measure(row) for _, row in rows.iterrows()]
    values = np.array(found, dtype=float)
    values = values[np.isfinite(values)]
    return Pairs(np.full(len(values), float(number)), values, protocol(rows))


def protocol(rows: pd.DataFrame) -> str:
    """`paper` where all of the runs, on both sides of pairs, follow the published protocol."""
    columns = [name for name in rows.columns if name in ("protocol", "protocol_first", "protocol_second")]
    return "paper" if len(rows) and (rows[columns] == "paper").all(axis=None) else "reduced"


def prices(rows: pd.DataFrame, *, free: Sequence[str] = (), **settings: Any) -> pd.DataFrame:
    """What fixing costs, in points of test accuracy: learned less orthonormal heads, one pair a row.

    Both accuracies stand beside it. The free settings have columns of their own; `classes` is then the number that was
    trained on.
    """
    pairs = compared(rows, LEARNED, FIXED, free=free, **settings)
    if pairs.empty:
        return pairs
    lines = pairs[["seed", "how", "what", "protocol_first", "protocol_second"]].copy()
    lines["learned"], lines["fixed"] = pairs.accuracy_first, pairs.accuracy_second
    lines["price"] = lines.learned - lines.fixed
    for place, name in enumerate(free):
        lines[name] = [what[place] for what in lines.what]
    if "classes" in free:
        lines["classes"] = lines.classes.astype(object).fillna(ALL_CLASSES).astype(int)
    return lines.sort_values([*free, "seed"])
