"""Sentences of the chapter whose every number is computed."""

import pandas as pd

from ..stats import bootstrap_interval
from .config import EXPERIMENTS
from .pruning import RANDOM_ORDERS
from .rows import TITLES, networks, steps
from .setup import FIGURE_1


def headline(rows: pd.DataFrame, *, model: str = "lenet_300_100") -> str:
    """The first thing to know: mean accuracy under the curve of each criterion, in one paragraph of Markdown."""
    runs = networks(rows, model)
    if runs.empty:
        return "No run of these settings has a record yet."
    columns = {
        "by norm": "area_norm_smallest",
        "by frame potential": "area_frame_potential_smallest",
        "at random": "area_random",
        "by norm, largest first": "area_norm_largest",
    }
    found = "; ".join(f"{name} **{interval(runs[column])}**" for name, column in columns.items())
    kinds = " and ".join(sorted(set(runs.protocol)))
    return (
        f"Units of {TITLES[model]}'s first layer are removed one after the other, smallest first where nothing else is "
        f"said. Mean test accuracy along the way, in %: {found}; n = {len(runs)} networks, for each the mean of "
        f"{RANDOM_ORDERS} random orders. Chance is 10%, the whole network has {runs.accuracy.mean():.2f}%. These runs "
        f"follow the **{kinds} protocol**."
    )


def interval(values: pd.Series) -> str:
    """A mean with its 95% bootstrap interval, as far as there is one."""
    if len(values) < 2:
        return f"{values.mean():.1f}"
    low, high = bootstrap_interval(values.to_numpy(float)).interval
    return f"{values.mean():.1f} ({low:.1f} to {high:.1f})"


def protocol_note(rows: pd.DataFrame) -> str:
    """Sentences that call a reduced protocol reduced, and name the networks without a run."""
    sentences, absent = [], []
    for model, title in TITLES.items():
        runs = networks(rows, model)
        absent += [] if len(runs) else [title]
        if len(runs) and (runs.protocol == "reduced").any():
            number = steps(runs).max()
            sentences.append(
                f"**Reduced protocol** of {title}: {number:,.0f} iterations instead of {FIGURE_1[model].iterations:,}."
            )
    if absent:
        sentences.append(f"Not run yet: {', '.join(absent)}.")
    return " ".join(sentences) or "All networks follow the published protocol."


def sources(rows: pd.DataFrame) -> pd.DataFrame:
    """All runs with a column `part`, the experiment and where there are several its network, in the chapter's order."""
    if rows.empty:
        return rows
    several = rows.experiment.isin(["network", "retrain", "resample"])
    names = rows.experiment.str.replace("_", " ")
    parts = names.where(~several, names + ", " + rows.model.map(TITLES) + " on " + rows.dataset)
    order = rows.experiment.map({name: place for place, name in enumerate(EXPERIMENTS)})
    return rows.assign(part=parts, order=order).sort_values(["order", "part", "seed"]).drop(columns="order")
