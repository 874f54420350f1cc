"""One factor at a time: which runs changed what, and how they differ from the runs that changed nothing."""

import dataclasses
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from .config import Config
from .plan import FACTORS
from .tables import shown_first, table, title

STEPS, PRECISION = 500, "bfloat16"  # of these runs
STANDARD = "standard"  # the level of the runs that change nothing
SEPARATE = ("inference", "figure_7")  # shown in places of their own
FREE = ("dataset", "arm", "seed", "steps", "precision")
ARM_LEVELS = {
    "supcon": "SupCon",
    "simclr": "SimCLR",
    "balanced": "balanced gate",
    "ensemble": "ensemble",
    "raw": "raw pixels",
}
NUMBER_LEVELS = {
    "experts": "K = {}",
    "snnl_weight": "α = {:g}",
    "temperature": "t = {:g}",
    "peak_learning_rate": "rate {:g}",
    "filters": "{} filters",
}
WORD_LEVELS = {
    "temperature_schedule": "t {}",
    "weight_schedule": "α {}",
    "distance": "{}",
    "layers": "{} of layers",
    "extractor": "{}",
    "augment": "augmented",
    "normalised_gate": "unit features",
    "centred_gate": "centred gate",
}
METRICS = {  # column -> (metric, factor to its unit, digits)
    "accuracy, %": ("accuracy", 1, 1),
    "live experts": ("live_experts", 1, 1),
    "SIM, live, x100": ("live_similarity", 100, 2),
}

CONTRASTS = {"baseline": "mixture", "ensemble": "ensemble", "raw": "mixture on raw pixels"}
CONTRASTED = {  # columns beside the mixture: metric, factor to its unit, digits
    "accuracy, %": ("accuracy", 1, 1),
    "live experts": ("live_experts", 1, 1),
    "ENT, nats": ("entropy", 1, 3),
    "SIM, x100": ("similarity", 100, 2),
    "SIM, rows matched, x100": ("matched_similarity", 100, 1),
    "CKA": ("alignment", 1, 2),
}


def level(choice: Mapping[str, Any]) -> str:
    """What a choice of settings is called: by its arm where it has one of its own, else by what it changes."""
    if choice.get("arm") in ARM_LEVELS:
        names = {"balance_weight": "weight {:g}", "normalised_gate": "unit features"}
        return ", ".join(
            [ARM_LEVELS[choice["arm"]], *(text.format(choice[name]) for name, text in names.items() if name in choice)]
        )
    changed = [(name, value) for name, value in choice.items() if name != "arm"]
    words = [(NUMBER_LEVELS | WORD_LEVELS)[name].format(value) for name, value in changed]
    return ", ".join(words).replace("_", " ") or STANDARD


def known() -> dict[Hashable, tuple[str, str]]:
    """Factor and level of every choice of settings that the factors try, and of the standard ones."""
    tried = {
        identity(choice): (factor, level(choice))
        for factor, choices in FACTORS.items()
        if factor not in SEPARATE
        for choice in choices
    }
    return {identity({"arm": arm}): (STANDARD, STANDARD) for arm in ("baseline", "snnl")} | tried


def identity(settings: Mapping[str, Any]) -> Hashable:
    """The arm of some settings and what they change about the defaults; a setting without a value has its default."""
    changed = []
    for field in dataclasses.fields(Config):
        value = settings.get(field.name, field.default)
        missing = value is None or (isinstance(value, float) and np.isnan(value))
        if field.name not in FREE and not missing and value != field.default:
            changed.append((field.name, value))
    return settings["arm"], frozenset(changed)


def ablation(rows: pd.DataFrame, *, steps: int = STEPS, precision: str = PRECISION) -> pd.DataFrame:
    """Runs of the ablation with columns `factor` and `level`, diverged ones too; the standard runs are one level."""
    if rows.empty or "precision" not in rows:
        return pd.DataFrame()
    kept = rows[(rows.steps == steps) & (rows.precision == precision)]
    names, found = known(), []
    for position, settings in enumerate(kept.to_dict("records")):
        factor, name = names.get(identity(settings), (None, None))
        if factor is not None:
            found.append((position, factor, name))
    if not found:
        return pd.DataFrame()
    positions, factors, levels = zip(*found, strict=True)
    return kept.iloc[list(positions)].assign(factor=factors, level=levels)


def measured(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that finished, with every metric of the figures, missing where no run has it."""
    finished = runs[runs.outcome == "finished"] if len(runs) else runs
    lacking = {name: np.nan for name, _, _ in METRICS.values() if name not in finished}
    return finished.assign(**lacking)


def order(runs: pd.DataFrame) -> list[tuple[str, str]]:
    """Factors and levels that have runs, in the order of the plan, the standard first."""
    present = set(zip(runs.factor, runs.level, strict=True)) if len(runs) else set()
    return [pair for pair in dict.fromkeys(known().values()) if pair in present]


def sets(runs: pd.DataFrame) -> dict[str, str]:
    """Data sets of some runs with their titles, the paper's in its order."""
    return {name: title(name) for name in shown_first(set(runs.dataset))} if len(runs) else {}


def level_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Accuracy, live experts and SIM among live experts of every level: mean (smallest to largest) over seeds."""
    runs = ablation(rows)
    lines = {}
    for factor, name in order(runs):
        part = runs[(runs.factor == factor) & (runs.level == name)]
        for (dataset, arm), each in part.groupby(["dataset", "arm"]):
            finished = measured(each)
            about = {
                column: ranged(factor_ * finished[metric], digits=digits)
                for column, (metric, factor_, digits) in METRICS.items()
            }
            lost = {"n": len(finished), "diverged": len(each) - len(finished)}
            lines[factor.replace("_", " "), name, title(str(dataset)), str(arm)] = about | lost
    return table(lines, "factor", "level", "data set", "arm")


def contrasts(rows: pd.DataFrame) -> pd.DataFrame:
    """The mixture beside an ensemble of uniform gates and beside one on raw pixels: mean over seeds."""
    runs, lines = ablation(rows), {}
    kept = runs[runs.level.isin([STANDARD, "ensemble", "raw pixels"]) & (runs.arm != "snnl")] if len(runs) else runs
    for dataset, name in sets(kept).items():
        for arm in ("baseline", "ensemble", "raw"):
            part = measured(kept[(kept.dataset == dataset) & (kept.arm == arm)])
            if len(part):
                lines[name, CONTRASTS[arm]] = {
                    column: ranged(factor * part[metric], digits=digits) if metric in part else "–"
                    for column, (metric, factor, digits) in CONTRASTED.items()
                } | {"n": len(part)}
    return table(lines, "data set", "network")


def ranged(values: pd.Series, *, digits: int) -> str:
    """Mean (smallest to largest) of a sample, a dash without one."""
    known_values = values.dropna().astype(float)
    if known_values.empty:
        return "–"
    low, high = known_values.min(), known_values.max()
    return f"{known_values.mean():.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def note(rows: pd.DataFrame) -> str:
    """What these runs are, in a sentence that calls them reduced."""
    runs = ablation(rows)
    if runs.empty:
        return f"No run of one factor at a time ({STEPS} steps, {PRECISION}) has a record yet."
    lost = int((runs.outcome == "diverged").sum())
    counts = runs.groupby(["dataset", "arm", "factor", "level"]).seed.nunique()
    seeds = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    return (
        f"**Reduced: {STEPS} steps, {PRECISION}.** {len(runs)} runs on {' and '.join(sets(runs).values())}, "
        f"{seeds} seeds a setting; {lost or 'none'} diverged. So few seeds allow no test: the figures show every run."
    )
