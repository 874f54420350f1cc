"""Which runs a table stands on: the published settings, both sides tuned on validation, arms paired by seed."""

import numpy as np
import pandas as pd

from ..records import arrays, matching
from .config import CUTOFFS, VARIANTS, Config
from .table import ARCHITECTURES, ATTAINABLE

KEYS = ["dataset", "activation", "seed", "epochs"]
PUBLISHED_RATE = (0.01,)
TUNED_RATES = (0.01, 0.03, 0.1)  # as many settings as the method has cutoffs
PUBLISHED_SEED = 1  # the paper has one run of each network
LABELS = {"selu": "SELU", "relu": "ReLU", "tanh": "tanh"}


def of_variant(rows: pd.DataFrame, variant: str) -> pd.DataFrame:
    """Runs of a variant, every other setting but what it is tuned by at its default; the longest of each data set."""
    if rows.empty:
        return rows
    settings = {"arm": "class_rates"} | VARIANTS[variant]
    free = {*KEYS, "learning_rate" if settings["arm"] == "baseline" else "cutoff"}
    kept = matching(
        rows, Config, free=free, settings={name: value for name, value in settings.items() if name not in free}
    )
    return kept[kept.epochs == kept.groupby("dataset").epochs.transform("max")]


def side(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """One run for each data set, activation and seed: the best on validation, ties to the smallest setting.

    Variants with rates choose among the cutoffs; `tuned_baseline` among as many learning rates; other baselines have
    the published one. Only where all of these have run is there a choice; one that diverged cannot be chosen.
    """
    tuned = name == "tuned_baseline"
    variant = "baseline" if tuned else name
    kept = of_variant(rows, variant)
    if kept.empty:
        return kept
    rated = VARIANTS[variant].get("arm") != "baseline"
    column, values = ("cutoff", CUTOFFS) if rated else ("learning_rate", TUNED_RATES if tuned else PUBLISHED_RATE)
    kept = kept[kept[column].isin(values)]
    whole = kept.groupby(KEYS)[column].transform("nunique") == len(values)
    kept = kept[whole & (kept.outcome == "finished")]
    ordered = kept.sort_values([*KEYS, "validation_accuracy", column], ascending=[True] * len(KEYS) + [False, True])
    return ordered.drop_duplicates(KEYS)


def paired(rows: pd.DataFrame, first: str = "baseline", second: str = "class_rates") -> pd.DataFrame:
    """Both sides of each data set, activation and seed in one line, columns ending in `_first` and `_second`.

    Added: numbers of `errors` on the test half, and the `difference` of test accuracy, second minus first, in points.
    """
    sides = [side(rows, name) for name in (first, second)]
    if sides[0].empty or sides[1].empty:
        return pd.DataFrame(columns=[*KEYS, "difference"])
    table = sides[0].merge(sides[1], on=KEYS, suffixes=("_first", "_second"))
    for end in ("_first", "_second"):
        table[f"test_samples{end}"] = table[f"test_samples{end}"].astype(int)
        wrong = table[f"test_samples{end}"] * (100 - table[f"test_accuracy{end}"]) / 100
        table[f"errors{end}"] = wrong.round().astype(int)
    table["difference"] = table.test_accuracy_second - table.test_accuracy_first
    return table


def published(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs on data sets of the paper; those drawn from a generator are left out."""
    return pairs[pairs.dataset.isin(list(ARCHITECTURES))] if len(pairs) else pairs


def shown(pairs: pd.DataFrame) -> list[str]:
    """Data sets that have a pair: the paper's in its order, then others."""
    found = set(pairs.dataset)
    return [name for name in ARCHITECTURES if name in found] + sorted(found - set(ARCHITECTURES))


def absent(pairs: pd.DataFrame) -> list[str]:
    """The paper's data sets that can be had and have no pair in every activation."""
    whole = pairs.groupby("dataset").activation.nunique() if len(pairs) else {}
    return [name for name in ATTAINABLE if whole.get(name, 0) < 3]


def seed_counts(pairs: pd.DataFrame) -> str:
    """How many seeds the data sets have: one number, or the smallest and the largest."""
    few, many = (f(pairs.groupby(["dataset", "activation"]).seed.nunique()) for f in (min, max))
    return str(many) if few == many else f"{few} to {many}"


def with_official(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs on sets with an official test file, and their difference there, `official`, in points."""
    if "official_accuracy_first" not in pairs:
        return pairs[:0].assign(official=[])
    found = pairs.dropna(subset=["official_accuracy_first"])
    return found.assign(official=found.official_accuracy_second - found.official_accuracy_first)


def title(dataset: str) -> str:
    """A data set's name as the page writes it: short enough for a phone."""
    short = dataset.removeprefix("generated-").replace("merluccius_", "").replace("cardiotocography", "cardiotoc.")
    return f"{short} (drawn)" if dataset.startswith("generated-") else short


def protocol(pairs: pd.DataFrame) -> str:
    """`paper` where every run behind the pairs is, else `reduced`."""
    both = {*pairs.protocol_first, *pairs.protocol_second} if len(pairs) else {"reduced"}
    return "paper" if both == {"paper"} else "reduced"


def by_set(pairs: pd.DataFrame, column: str = "difference") -> pd.Series:
    """Mean of a column over the seeds (and activations) of each data set."""
    return pairs.groupby("dataset")[column].mean()


def correct(hash: str, samples: int) -> np.ndarray:
    """Which test samples a recorded network classified correctly."""
    return np.unpackbits(arrays("class_rates", hash)["test_correct"])[:samples].astype(bool)
