"""The printed Tables 2 and 3; and which run speaks for a network: the largest alpha_mu that converged, the settings
best on validation; arms paired.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..records import arrays, matching
from ..stats import mcnemar
from .config import ARCHITECTURES, CUTOFFS, NETS, PRINTED, RATE_LEARNING_RATES, Config

TABLES = pd.read_csv(PRINTED, index_col="dataset")
NETWORKS = ["selu", "selu_rated", "relu", "relu_rated", "tanh", "tanh_rated"]
# Table 2: %, on one half of the training file; Table 3: % of the hidden neurons, NaN where the paper has a blank
PUBLISHED_ACCURACY, PUBLISHED_SPECIALISED = (
    TABLES[[f"{kind}_{name}" for name in NETWORKS]].set_axis(NETWORKS, axis=1) for kind in ("accuracy", "specialised")
)
LARGEST_CLASS = (TABLES.largest_class / TABLES.test_rows).dropna()  # what always naming that class gets right
KEYS = ["dataset", "activation", "seed", "epochs"]
PUBLISHED_RATE = (0.01,)
TUNED_RATES = (0.01, 0.03, 0.1)  # alpha
LEARNED = 0.98  # share of the labels' entropy that a loss must come below; no loss but Hill-Valley's lies in 0.83-0.98
SMALLEST = 1e-4  # alpha_mu that is still tried: it makes no difference to the rates


def converged(runs: pd.DataFrame) -> pd.Series:
    """Whether each run learned anything: a finite training loss below that of the best constant prediction.

    That is the entropy of the training labels; a loss within 2% of it counts as not below, as dropout and rounding move
    it by that much. The loss is the last one of the recorded curve. Runs whose labels' entropy no run of the same data
    set and seed has recorded count as converged.
    """
    known = runs.assign(**{name: runs.get(name, np.nan) for name in ("label_entropy", "loss_curve")})
    entropy = known.groupby(["dataset", "seed"]).label_entropy.transform("first")
    loss = known.loss_curve.map(lambda curve: curve[-1] if isinstance(curve, list) and curve else np.nan)
    return (runs.outcome == "finished") & ~(loss >= LEARNED * entropy)


def lowered(runs: pd.DataFrame) -> list[Config]:
    """The runs that the paper's rule asks for next: where rates did not converge, the same with a tenth of alpha_mu.

    Not where the network without rates does not converge either: then the rates are not to blame.
    """
    if runs.empty:
        return []
    able = _judged(runs)
    plain = able[(able.arm == "baseline") & ~able.converged & (able.learning_rate == Config.learning_rate)]
    hopeless = set(map(tuple, plain[KEYS].to_numpy()))
    rated = able[able.arm == "class_rates"]
    last = rated.sort_values("used_rate_learning_rate").drop_duplicates("network")
    failed = [row for row in last.itertuples() if not row.converged]
    return [
        Config(**row.settings | {"rate_learning_rate": row.used_rate_learning_rate / 10})
        for row in failed
        if tuple(getattr(row, name) for name in KEYS) not in hopeless and row.used_rate_learning_rate / 10 > SMALLEST
    ]


def _judged(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with whether each converged and what it trains, its alpha_mu apart; baselines alone have none."""
    network = runs.settings.map(lambda settings: repr({**settings, "rate_learning_rate": None}))
    used = runs.get("used_rate_learning_rate", np.nan)
    return runs.assign(converged=converged(runs), network=network, used_rate_learning_rate=used)


def by_rule(runs: pd.DataFrame) -> pd.DataFrame:
    """One run of each network: the largest alpha_mu that converged, else the first that was tried.

    Added: `converged`, and `divisions`, by which power of ten alpha_mu was lowered from the paper's.
    """
    if runs.empty:
        return runs
    ordered = _judged(runs).sort_values(["converged", "used_rate_learning_rate"], ascending=False, kind="stable")
    kept = ordered.drop_duplicates("network").sort_index()
    first = kept.activation.map(RATE_LEARNING_RATES)
    return kept.assign(divisions=np.log10(first / kept.used_rate_learning_rate.astype(float)).round())


def side(runs: pd.DataFrame, *, arm: str = "class_rates", tuned: bool = False, **settings: Any) -> pd.DataFrame:
    """One run for each data set, activation and seed: the best on validation, ties to the smallest setting.

    Of the runs with these settings, all others at their default, the longest of each data set. What has rates chooses
    among the cutoffs, what is `tuned` among three learning rates as well. Only where all of these have run is there a
    choice; one that diverged cannot be chosen.
    """
    rates, cutoffs = TUNED_RATES if tuned else PUBLISHED_RATE, CUTOFFS if arm == "class_rates" else (Config.cutoff,)
    free = {*KEYS, "learning_rate", "cutoff", "rate_learning_rate"}
    kept = by_rule(matching(runs, Config, free=free, arm=arm, **settings))
    if kept.empty:
        return kept
    kept = kept[kept.epochs == kept.groupby("dataset").epochs.transform("max")]
    kept = kept[kept.learning_rate.isin(rates) & kept.cutoff.isin(cutoffs)]
    whole = kept.groupby(KEYS).hash.transform("nunique") == len(rates) * len(cutoffs)
    kept = kept[whole & (kept.outcome == "finished")]
    best = ["validation_accuracy", "learning_rate", "cutoff"]
    ordered = kept.sort_values([*KEYS, *best], ascending=[True] * len(KEYS) + [False, True, True])
    return ordered.drop_duplicates(KEYS)


def paired(
    runs: pd.DataFrame, first: Mapping[str, Any] | None = None, second: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Both sides of each data set of the paper, activation and seed in one line, columns ending in `_first`, `_second`.

    Sides are what `side` takes; None: the baseline and class rates. Added: numbers of `errors` on the test half, the
    `difference` of test accuracy, second minus first, in points, and the name of the activation as `net`.
    """
    sides = [side(runs, **own) for own in ({"arm": "baseline"} if first is None else first, second or {})]
    if any(kept.empty for kept in sides):
        return pd.DataFrame(columns=[*KEYS, "net", "difference"])
    for kept in sides:
        kept["test_samples"] = kept.test_samples.astype(int)
        kept["errors"] = (kept.test_samples * (100 - kept.test_accuracy) / 100).round().astype(int)
    table = sides[0].merge(sides[1], on=KEYS, suffixes=("_first", "_second"))
    table = table[table.dataset.isin(list(ARCHITECTURES))]  # none that a generator drew
    both = (table.protocol_first == "paper") & (table.protocol_second == "paper")
    return table.assign(
        difference=table.test_accuracy_second - table.test_accuracy_first,
        protocol=np.where(both, "paper", "reduced"),
        net=table.activation.map(NETS),
    )


def mcnemar_p(pairs: pd.DataFrame) -> list[float]:
    """McNemar's p of each pair: are test rows that only one network gets right as often the one's as the other's?"""

    def right(hash: str, samples: int) -> np.ndarray:
        return np.unpackbits(arrays("class_rates", hash)["test_correct"])[:samples].astype(bool)

    sides = (pairs[[f"hash_{end}", f"test_samples_{end}"]].to_numpy() for end in ("first", "second"))
    return [mcnemar(right(*first), right(*second)) for first, second in zip(*sides, strict=True)]
