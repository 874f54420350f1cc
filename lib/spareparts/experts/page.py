"""Sentences and small tables of the chapter whose every number is computed."""

from collections.abc import Sequence

import pandas as pd

from ..records import Result
from ..stats import paired_wilcoxon
from .config import DATASETS, PUBLISHED_STEPS, Config
from .rows import paired, standard
from .tables import shown, title


def headline(rows: pd.DataFrame) -> str:
    """The first thing to know about these runs, in one paragraph of Markdown with every number computed."""
    chosen = standard(rows)
    if chosen.empty:
        return "No run of these settings has a record yet."
    few = int((chosen.live_experts <= 2).sum())
    idle = int((chosen.live_experts < chosen.experts).sum())
    kinds = " and ".join(sorted(set(chosen.protocol)))
    return (
        f"In **{idle} of {len(chosen)}** runs at least one of the {chosen.experts.iloc[0]} experts is dead, that is, "
        f"it receives under 1% of the test set; in {few} at most two experts live. Mean number of live experts: "
        f"{chosen[chosen.arm == 'baseline'].live_experts.mean():.1f} in the baseline, "
        f"{chosen[chosen.arm == 'snnl'].live_experts.mean():.1f} with SNNL. These runs follow the **{kinds} protocol** "
        f"({', '.join(f'{steps:,}' for steps in sorted(set(chosen.steps)))} steps)."
    )


def accuracy_found(rows: pd.DataFrame) -> str:
    """What SNNL did to the accuracy, data set by data set, as a sentence with effect, interval and n."""
    found = []
    for dataset in shown(rows):
        first, second, _ = paired(rows, "accuracy", dataset)
        if len(first) > 1:
            test = paired_wilcoxon(first, second)
            low, high = test.interval
            found.append(f"{title(dataset)} {test.mean_difference:+.2f} ({low:+.2f} to {high:+.2f}, n = {test.n})")
    if not found:
        return ""
    return f"Accuracy with SNNL minus without, in points, with a 95% interval: {'; '.join(found)}."


def protocol_note(rows: pd.DataFrame) -> str:
    """A sentence that calls a reduced protocol reduced, and one that names the data sets without a run."""
    chosen = standard(rows)
    reduced = [title(name) for name in shown(rows) if (chosen[chosen.dataset == name].protocol == "reduced").all()]
    absent = [title(name) for name in DATASETS if name not in shown(rows)]
    sentences = []
    if reduced:
        steps = ", ".join(f"{number:,}" for number in sorted(set(chosen[chosen.protocol == "reduced"].steps)))
        sentences.append(
            f"**Reduced protocol** on {', '.join(reduced)}: {steps} steps instead of {PUBLISHED_STEPS:,}, the "
            "one-cycle schedule shortened with them; everything else as published."
        )
    if absent:
        sentences.append(f"Not run yet: {', '.join(absent)}.")
    return " ".join(sentences) or "All runs follow the published protocol."


def demo_curves(demo: Sequence[tuple[Config, Result]]) -> pd.DataFrame:
    """The gate along training in runs that were not recorded: one line a reading."""
    return pd.concat(
        pd.DataFrame(
            {
                "step": result.metrics["curve_steps"],
                "live": result.metrics["curve_live"],
                "load_entropy": result.metrics["curve_load_entropy"],
                "learning rate": str(config.peak_learning_rate),
                "arm": config.arm,
            }
        )
        for config, result in demo
    )


def demo_table(demo: Sequence[tuple[Config, Result]]) -> pd.DataFrame:
    """The chapter's measures for runs that were not recorded; one run a line decides nothing."""
    names = {"accuracy": "accuracy, %", "similarity": "SIM", "entropy": "ENT, nats", "live_experts": "live experts"}
    lines = {
        (config.peak_learning_rate, config.arm): {name: result.metrics.get(key) for key, name in names.items()}
        for config, result in demo
    }
    table = pd.DataFrame(lines).T.rename_axis(["learning rate", "arm"])
    return table.astype({"live experts": int}).round({"accuracy, %": 1, "SIM": 4, "ENT, nats": 3})
