"""Sentences and small tables of the chapter whose every number is computed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..records import Result
from ..stats import NOTHING, paired_wilcoxon, spearman, verdict_counts
from ..stats import said as joined
from .config import DATASETS, PUBLISHED_STEPS, Config
from .factors import ablation
from .rows import paired, standard, weight_sweep
from .tables import METRICS, shown, title


def headline(rows: pd.DataFrame) -> str:
    """The first thing to know about these runs, in one paragraph of Markdown with every number computed."""
    chosen = standard(rows)
    if chosen.empty:
        return NOTHING
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


def held_up(ledger: pd.DataFrame) -> str:
    """Which of the paper's claims held up and which did not, from a ledger's columns verdict, claim and where."""
    lines = [f"Of the paper's {len(ledger)} claims that can be tested: {verdict_counts(ledger)}."]
    for word, head in (("reproduced", "Held up"), ("not reproduced", "Did not")):
        part = ledger[ledger.verdict == word]
        claims = [f"{claim} ({where})" for claim, where in zip(part.claim, part["where"], strict=True)]
        lines += [f"**{head}:** {'; '.join(claims)}."] if claims else []
    return joined(*lines)


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


def published_similarity(rows: pd.DataFrame, published: Mapping[str, Any]) -> str:
    """Which of the paper's own means of SIM lie within two standard deviations of dead experts, in a sentence."""
    runs, inside, outside = standard(rows), [], []
    claim, _, factor, _ = METRICS["SIM, x100"]
    for dataset, arms in published.get(claim, {}).items() if len(runs) else ():
        deviation = runs[runs.dataset == dataset].null_dead_deviation.mean()
        for (mean, _), arm in zip(arms, ("baseline", "SNNL"), strict=True):
            if np.isfinite(deviation):
                side = inside if abs(mean) <= 2 * factor * deviation else outside
                side.append(f"{title(dataset)} {arm} {mean:.2f}")
    if not inside + outside:
        return ""
    return (
        "The paper's own means, beside the grey band of our five experts (it does not say how many it had): within it "
        f"{', '.join(inside) or 'none'}; outside {', '.join(outside) or 'none'}."
    )


def sweep_found(rows: pd.DataFrame) -> str:
    """The runs of Fig. 7 in a sentence: protocol, rank correlations with interval, and how many experts live."""
    runs = weight_sweep(rows)
    if runs.empty:
        return "No run of Figure 7 has a record yet."
    finished = runs[runs.outcome == "finished"]
    about = (
        f"{len(runs)} weights from {runs.snnl_weight.min():g} to {runs.snnl_weight.max():g}, one run each, "
        f"{runs.steps.iloc[0]:,} steps, {', '.join(sorted(set(runs.precision)))}, {len(runs) - len(finished)} diverged."
    )
    if len(finished) < 5:
        return about
    found = []
    for name, values in (("SIM", finished.similarity), ("|SIM|", finished.similarity.abs())):
        test = spearman(finished.snnl_weight.to_numpy(float), values.to_numpy(float))
        low, high = test.interval
        found.append(f"{name} {test.rho:+.2f} ({low:+.2f} to {high:+.2f}, p = {test.p:.2g})")
    alone = int((finished.live_experts == 1).sum())
    return (
        f"{about} Spearman's correlation with the weight, 95% interval: {'; '.join(found)}. In {alone} of "
        f"{len(finished)} runs a single expert lives, so that every pair in SIM has a dead expert in it."
    )


def sources(rows: pd.DataFrame) -> pd.DataFrame:
    """The runs behind the figures beyond Table 1, with a column `part` that says which."""
    if rows.empty:
        return rows
    parts = {
        "one factor at a time": ablation(rows),
        "Figure 7": weight_sweep(rows),
        "inference": rows[rows.arm == "inference"],
    }
    found = [part.assign(part=name) for name, part in parts.items() if len(part)]
    return pd.concat(found) if found else rows.iloc[:0]


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


def said(*texts: str) -> str:
    """Paragraphs of those texts that say something, or a sentence that there is nothing to say yet."""
    return joined(*texts) or "*No run for this has a record yet.*"
