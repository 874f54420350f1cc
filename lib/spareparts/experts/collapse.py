"""When the gate collapses and what prevents it: curves, levels and sentences from the recorded runs."""

import itertools

import pandas as pd

from ..stats import spread
from .factors import STANDARD, ablation, sets
from .rows import standard
from .tables import table

CONDITIONS = {  # name in figures -> factor, level, arm
    "baseline": (STANDARD, STANDARD, "baseline"),
    "with SNNL": (STANDARD, STANDARD, "snnl"),
    "baseline, rate 0.01": ("learning_rate", "rate 0.01", "baseline"),
    "balanced gate": ("gate", "balanced gate", "balanced"),
    "balanced, weight 1": ("gate", "balanced gate, weight 1", "balanced"),
    "the same, unit features": ("gate", "balanced gate, weight 1, unit features", "balanced"),
}
NUMBERS = {"experts": "experts", "learning_rate": "peak_learning_rate"}  # factor -> setting on the axis


def pick(runs: pd.DataFrame, condition: str) -> pd.DataFrame:
    """Finished runs of one of the conditions."""
    if runs.empty:
        return runs
    factor, level, arm = CONDITIONS[condition]
    return runs[(runs.factor == factor) & (runs.level == level) & (runs.arm == arm) & (runs.outcome == "finished")]


def curves(rows: pd.DataFrame) -> pd.DataFrame:
    """The gate along training under each condition, one line a reading: live experts and entropy of the load."""
    runs, found = ablation(rows), []
    for condition in CONDITIONS:
        for run in pick(runs, condition).itertuples():
            readings = {"step": run.curve_steps, "live": run.curve_live, "load_entropy": run.curve_load_entropy}
            found.append(pd.DataFrame(readings).assign(dataset=run.dataset, condition=condition, seed=run.seed))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def levels(rows: pd.DataFrame, factor: str) -> pd.DataFrame:
    """Live experts of both arms against a factor with numbers: one line a run, the standard ones too."""
    runs = ablation(rows)
    if runs.empty:
        return runs
    kept = runs[runs.factor.isin([factor, STANDARD]) & runs.arm.isin(["baseline", "snnl"])]
    kept = kept[kept.outcome == "finished"]
    return kept.assign(value=kept[NUMBERS[factor]])[["dataset", "arm", "seed", "value", "experts", "live_experts"]]


def over_training(rows: pd.DataFrame) -> str:
    """How soon the gate of the main runs has decided, in a sentence."""
    runs = standard(rows)
    if runs.empty:
        return ""
    first, last = runs.curve_live.str[0], runs.curve_live.str[-1]
    back = int(runs.curve_live.map(rises).sum())
    steps = " or ".join(f"{step:,}" for step in sorted(set(runs.curve_steps.str[0])))
    return (
        f"In the runs of Table 1 the gate is first read at step {steps}. By then **{int((first < runs.experts).sum())} "
        f"of {len(runs)}** runs had lost an expert, and {int((first <= last).sum())} had come down to the "
        f"number with which they ended; in {back} an expert that had been dead lived again at a later reading."
    )


def rises(live: list[int]) -> bool:
    """Whether the number of live experts ever grows from one reading to the next."""
    return any(later > before for before, later in itertools.pairwise(live))


def over_experts(rows: pd.DataFrame) -> str:
    """How the number of live experts follows the number of experts, in a sentence."""
    return _by_value(levels(rows, "experts"), "number of experts", "{mean:.1f} of {value:g}")


def over_rates(rows: pd.DataFrame) -> str:
    """How the number of live experts follows the peak learning rate, in a sentence."""
    return _by_value(levels(rows, "learning_rate"), "peak learning rate", "{mean:.1f} at {value:g}")


def _by_value(found: pd.DataFrame, name: str, text: str) -> str:
    if found.empty or found.value.nunique() < 2:
        return f"No run with another {name} has a record yet."
    means = found.groupby(["arm", "value"]).live_experts.mean()
    parts = [
        f"{'baseline' if arm == 'baseline' else 'with SNNL'} "
        + ", ".join(text.format(mean=mean, value=value) for value, mean in means[arm].items())
        for arm in means.index.unique("arm")
    ]
    return f"Live experts by {name}, means over data sets and seeds: {'; '.join(parts)}."


def prevention(rows: pd.DataFrame) -> pd.DataFrame:
    """Live experts, largest load and accuracy under each condition: mean (SD) over seeds."""
    runs, lines = ablation(rows), {}
    for dataset, name in sets(runs).items():
        for condition in CONDITIONS:
            part = pick(runs[runs.dataset == dataset], condition)
            if len(part):
                largest = 100 * part.load.map(max)
                lines[name, condition] = {
                    "all experts live": f"{int((part.live_experts == part.experts).sum())} of {len(part)}",
                    "live experts": spread(part.live_experts, digits=1),
                    "largest load, %": spread(largest, digits=1),
                    "accuracy, %": spread(part.accuracy, digits=2),
                }
    return table(lines, "data set", "condition")


def prevented(rows: pd.DataFrame) -> str:
    """Under which conditions every expert lived, in a sentence."""
    runs = ablation(rows)
    found = {condition: pick(runs, condition) for condition in CONDITIONS}
    parts = [
        f"{condition}: {int((part.live_experts == part.experts).sum())} of {len(part)}"
        for condition, part in found.items()
        if len(part)
    ]
    return f"Runs in which every expert lives – {'; '.join(parts)}." if parts else ""
