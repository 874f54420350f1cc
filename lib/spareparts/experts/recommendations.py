"""The paper's recommendations for further work (Sec. 5), each tried against what it must be compared with."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from .factors import STANDARD, ablation, sets
from .tables import table

Side = tuple[str, str]  # level and arm
SNNL, BASELINE = (STANDARD, "snnl"), (STANDARD, "baseline")
TRIED: dict[str, dict[str, tuple[Side, Side]]] = {  # recommendation -> what against what -> first, second
    "schedules": {
        f"{level} against constant": (SNNL, (level, "snnl"))
        for level in ("α rising", "α falling", "t annealed", "t learned")
    },
    "contrastive losses": {
        "SNNL against none": (BASELINE, SNNL),
        "SupCon against none": (BASELINE, ("SupCon", "supcon")),
        "SupCon against SNNL": (SNNL, ("SupCon", "supcon")),
        "SimCLR against none, both augmented": (("augmented", "baseline"), ("SimCLR", "simclr")),
    },
    "transformer": {
        "SNNL against none": (("transformer", "baseline"), ("transformer", "snnl")),
        "SNNL against none, rate 0.01": (("transformer, rate 0.01", "baseline"), ("transformer, rate 0.01", "snnl")),
        "against convolutions, baseline": (BASELINE, ("transformer", "baseline")),
        "against convolutions, baseline, rate 0.01": (
            ("rate 0.01", "baseline"),
            ("transformer, rate 0.01", "baseline"),
        ),
    },
    "width": {
        f"SNNL against none, {width} filters": ((f"{width} filters", "baseline"), (f"{width} filters", "snnl"))
        for width in (8, 16, 64)
    },
    "balanced gate": {
        "against the baseline": (BASELINE, ("balanced gate", "balanced")),
        "against SNNL": (SNNL, ("balanced gate", "balanced")),
        "weight 1 and unit features, against the baseline": (
            BASELINE,
            ("balanced gate, weight 1, unit features", "balanced"),
        ),
    },
}


def pairs(runs: pd.DataFrame, first: Side, second: Side) -> pd.DataFrame:
    """Accuracy and live experts under two settings, paired by data set and seed; empty without pairs."""
    if runs.empty:
        return runs
    columns = ["dataset", "seed", "accuracy", "live_experts"]
    finished = runs[runs.outcome == "finished"]
    sides = [finished[(finished.level == level) & (finished.arm == arm)][columns] for level, arm in (first, second)]
    return sides[0].merge(sides[1], on=["dataset", "seed"], suffixes=("_first", "_second"))


def comparisons(rows: pd.DataFrame) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    """Recommendation, what is compared, data set and pairs of every comparison that has run."""
    runs = ablation(rows)
    for recommendation, tried in TRIED.items():
        for name, (first, second) in tried.items():
            found = pairs(runs, first, second)
            for dataset, part in found.groupby("dataset") if len(found) else ():
                yield recommendation, name, str(dataset), part


def compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Change of accuracy, mean (smallest to largest) over seeds, and live experts before and after."""
    titles, lines = sets(ablation(rows)), {}
    for recommendation, name, dataset, part in comparisons(rows):
        change = part.accuracy_second - part.accuracy_first
        lines[recommendation, name, titles[dataset]] = {
            "accuracy, points": f"{change.mean():+.2f} ({change.min():+.2f} to {change.max():+.2f})",
            "live experts": f"{part.live_experts_first.mean():.1f} → {part.live_experts_second.mean():.1f}",
            "n": len(part),
        }
    return table(lines, "recommendation", "comparison", "data set")


def answers(rows: pd.DataFrame) -> str:
    """What the runs say about each recommendation, as a list in Markdown with every number computed."""
    titles, found = sets(ablation(rows)), {}
    for recommendation, name, dataset, part in comparisons(rows):
        change = (part.accuracy_second - part.accuracy_first).to_numpy(float)
        word = "higher" if (change > 0).all() else "lower" if (change < 0).all() else "mixed"
        effects = found.setdefault(recommendation, {}).setdefault(word, {})
        effects.setdefault(name, []).append(f"{titles[dataset]} {np.mean(change):+.1f}, n = {len(change)}")
    heads = {
        "higher": "Accuracy higher in every seed: ",
        "lower": "Accuracy lower in every seed: ",
        "mixed": "Of either sign, by seed: ",
    }
    diverged, lines = losses(rows), []
    for recommendation in TRIED:
        words = found.get(recommendation, {})
        parts = [
            heads[word] + "; ".join(f"{name} ({'; '.join(effects)})" for name, effects in words[word].items())
            for word in heads
            if word in words
        ]
        parts += diverged.get(recommendation, [])
        lines += [f"- **{recommendation.capitalize()}.** {'. '.join(parts)}."] if parts else []
    return "\n".join(lines) or "None of these runs has a record yet."


def losses(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Which settings diverged, by the recommendation that tried them."""
    runs = ablation(rows)
    if runs.empty:
        return {}
    found: dict[str, list[str]] = {}
    for recommendation, tried in TRIED.items():
        levels = dict.fromkeys(level for sides in tried.values() for level, _ in sides if level != STANDARD)
        for level in levels:
            own = runs[runs.level == level]
            lost = int((own.outcome == "diverged").sum())
            if lost:
                found.setdefault(recommendation, []).append(f"Diverged: {lost} of {len(own)} runs of {level}")
    return found


def limit(rows: pd.DataFrame) -> str:
    """What so few seeds allow, in a sentence."""
    counts = [len(part) for *_, part in comparisons(rows)]
    if not counts:
        return ""
    return (
        f"With {max(counts)} seeds at most these are observations, no tests: no exact two-sided p value of so many "
        f"pairs is below {2 / 2 ** max(counts):.2g} before any correction, and there are {len(counts)} comparisons."
    )


def inference(rows: pd.DataFrame) -> pd.DataFrame:
    """Parameters, and the time of a forward pass of a batch in both arms with their ratio, median over rounds."""
    runs, lines = rows[rows.arm == "inference"] if len(rows) else rows, {}
    for run in runs.itertuples():
        first, second = np.array(run.baseline_forward_seconds), np.array(run.snnl_forward_seconds)
        low, middle, high = np.quantile(second / first, [0.25, 0.5, 0.75])
        lines[f"{sets(runs)[run.dataset]}, {run.steps:,} steps", run.device] = {
            "parameters, baseline": f"{run.baseline_parameters:,.0f}",
            "parameters, SNNL": f"{run.snnl_parameters:,.0f}",
            "baseline, ms": f"{1e3 * np.median(first):.2f}",
            "SNNL, ms": f"{1e3 * np.median(second):.2f}",
            "ratio, median (quartiles)": f"{middle:.3f} ({low:.3f} to {high:.3f})",
            "rounds": len(first),
        }
    return table(lines, "data set", "device")
