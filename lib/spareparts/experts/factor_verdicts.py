"""What the records say about the claims that need more than the two arms: other settings, other networks, time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import levene

from ..stats import (
    Verdict,
    combine,
    decide_all,
    decide_equivalence,
    decide_sign,
    equivalence,
    holm,
    not_run,
    paired_wilcoxon,
    sign,
    spearman,
)
from .rows import compared, weight_sweep
from .tables import title

SIMILARITIES = {"similarity": "SIM", "matched_similarity": "matched SIM", "alignment": "CKA"}
DATASETS = ("fashion_mnist", "cifar10")  # on which one factor at a time is changed
IDENTICAL = 0.9  # a similarity from which on members would be called almost identical
SLOWDOWN = 5.0  # per cent within which two forward times count as equal
Settings = Mapping[str, Any]
BASELINE: Settings = {"arm": "baseline"}
ENSEMBLE: Settings = {"arm": "ensemble"}
RAW: Settings = {"arm": "raw"}
MINIMUM: Settings = {"arm": "snnl"}
SUM: Settings = {"arm": "snnl", "layers": "sum"}


def similarity_falls_with_the_weight(rows: pd.DataFrame) -> Verdict:
    """experts-5: rank correlation of the SNNL weight with SIM and with its size, over the runs that finished."""
    runs = weight_sweep(rows)
    finished = runs[runs.outcome == "finished"] if len(runs) else runs
    if len(finished) < 5:
        return not_run()
    similarity = finished.similarity.to_numpy(float)
    tests = {
        "SIM": spearman(finished.snnl_weight.to_numpy(float), similarity),
        "size of SIM": spearman(finished.snnl_weight.to_numpy(float), np.abs(similarity)),
    }
    corrected = holm({name: test.p for name, test in tests.items()})
    protocol = "paper" if (finished.protocol == "paper").all() else "reduced"
    return combine(
        {
            name: decide_sign(
                test,
                expected=-1,
                corrected_p=corrected[name],
                comparisons=2,
                protocol=protocol,
                unit="(Spearman's rho)",
                note=caution(runs, finished),
            )
            for name, test in tests.items()
        }
    )


def caution(runs: pd.DataFrame, finished: pd.DataFrame) -> str:
    """How many runs of Fig. 7 diverged, and in how many a single expert lives, where any did."""
    lost = len(runs) - len(finished)
    lonely = int((finished.live_experts == 1).sum()) if "live_experts" in finished else 0
    remarks = {
        f"{lost} of {len(runs)} runs diverged": lost,
        f"in {lonely} of {len(finished)} runs a single expert lives, so that every pair has a dead one": lonely,
    }
    return "; ".join(remark for remark, count in remarks.items() if count)


def inference_costs_nothing(rows: pd.DataFrame) -> Verdict:
    """experts-7: forward times of both arms, measured in turn, equal within 5%, and the same number of parameters."""
    runs = rows[rows.arm == "inference"] if len(rows) else rows
    if runs.empty:
        return not_run()
    parts = {}
    for dataset, part in runs.groupby("dataset"):
        logarithms = [
            100 * np.log(np.concatenate(part[f"{arm}_forward_seconds"].to_list())) for arm in ("baseline", "snnl")
        ]
        protocol = "paper" if (part.protocol == "paper").all() else "reduced"
        parts[title(str(dataset))] = decide_equivalence(
            equivalence(*logarithms, margin=SLOWDOWN), protocol=protocol, unit="% of time"
        )
    if (runs.baseline_parameters != runs.snnl_parameters).any():
        return Verdict("not reproduced", None, None, len(runs), "reduced", note="the arms differ in their parameters")
    return combine(parts)


def minimum_beats_sum(rows: pd.DataFrame) -> Verdict:
    """experts-8: with the minimum a smaller deviation of accuracy over seeds, and a smaller SNNL in the end."""
    parts = {}
    for dataset in DATASETS:
        parts[f"{title(dataset)}, deviation"] = smaller_deviation(rows, dataset)
        summed, least, protocol = compared(with_least_snnl(rows), "least_snnl", dataset, SUM, MINIMUM)
        parts[f"{title(dataset)}, SNNL"] = (
            not_run()
            if len(summed) < 2
            else decide_sign(paired_wilcoxon(summed, least), expected=-1, protocol=protocol, unit="")
        )
    return combine(parts)


def smaller_deviation(rows: pd.DataFrame, dataset: str) -> Verdict:
    """Whether accuracy deviates less over seeds with the minimum than with the sum (Brown and Forsythe's test)."""
    summed, least, protocol = compared(rows, "accuracy", dataset, SUM, MINIMUM)
    if len(summed) < 3:
        return not_run()
    p = float(levene(summed, least, center="median").pvalue)
    change = float(least.std(ddof=1) - summed.std(ddof=1))
    word = "undecided" if p >= 0.05 else "reproduced" if change < 0 else "not reproduced"
    note = f"Brown-Forsythe p = {p:.2g}, n = {len(least)}; no run diverged" if diverged(rows) == 0 else f"p = {p:.2g}"
    return Verdict(word, change, None, len(least), protocol, "points of SD", note)


def diverged(rows: pd.DataFrame) -> int:
    """How many runs with SNNL, on the sets of the ablation, have diverged, the sweep of Fig. 7 apart."""
    apart = rows.train_samples.notna() if "train_samples" in rows else False
    return int(((rows.outcome == "diverged") & (rows.arm == "snnl") & rows.dataset.isin(DATASETS) & ~apart).sum())


def with_least_snnl(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the smaller of the two blocks' SNNL on the test set, which is what the minimum trains."""
    if "block_snnl" not in rows:
        return rows
    return rows.assign(least_snnl=[min(each) if isinstance(each, list) else np.nan for each in rows.block_snnl])


def mixture_differs_more_than_ensemble(rows: pd.DataFrame) -> Verdict:
    """experts-11: the ensemble's members almost identical, the mixture's experts less similar, by three measures."""
    found = {
        f"{title(dataset)}, {name}": compared(rows, metric, dataset, ENSEMBLE, BASELINE)
        for dataset in DATASETS
        for metric, name in SIMILARITIES.items()
    }
    parts = decide_all({name: sign(pairs, -1) for name, pairs in found.items()})
    for name, (ensemble, _, protocol) in found.items():
        if len(ensemble) > 1:
            alike = int((ensemble > IDENTICAL).sum())
            word = "reproduced" if alike == len(ensemble) else "not reproduced" if alike == 0 else "undecided"
            note = f"above {IDENTICAL} in {alike} of {len(ensemble)} ensembles"
            parts[f"{name} of the ensemble"] = Verdict(
                word, float(ensemble.mean()), None, len(ensemble), protocol, note=note
            )
    return combine(parts)


def extractor_helps(rows: pd.DataFrame) -> Verdict:
    """experts-13: with an extractor higher accuracy and more live experts than on the raw pixels."""
    found = {
        f"{title(dataset)}, {metric.replace('_', ' ')}": compared(rows, metric, dataset, RAW, BASELINE)
        for dataset in DATASETS
        for metric in ("accuracy", "live_experts")
    }
    return combine(decide_all({name: sign(pairs, +1) for name, pairs in found.items()}))
