"""Sentences on the removal of units, whose every number is computed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..stats import NOTHING, bootstrap_interval, capitalised, not_yet, said, verdict_counts
from .config import EXPERIMENTS, Config
from .pruning import GREEDY, RANDOM_ORDERS
from .pruning_verdicts import retrained_accuracy
from .retrain import REMOVED
from .rows import TITLES, Measure, arrays, chosen, networks, protocol, steps, values
from .setup import FIGURE_1

LENET = "lenet_300_100"
HALF = 0.5
SIDES = ("norm_smallest", "norm_largest")


def headline(rows: pd.DataFrame, *, model: str = LENET) -> str:
    """The first thing to know: what is left of the accuracy once half of the units are gone, by each order."""
    runs = networks(rows, model)
    if runs.empty:
        return NOTHING
    left = mean_left(runs)
    return (
        f"Take half of the units out of the first layer of {TITLES[model]}, one by one and without any further "
        f"training. If the smallest norms go first, **{left.norm_smallest:.1f}%** of the test images are still "
        f"classified correctly, of the {runs.accuracy.mean():.1f}% before; if the smallest contributions to the frame "
        f"potential go first, **{left.frame_potential_smallest:.1f}%**; at random, **{left.random:.1f}%**. If the "
        f"largest norms go first, it is {left.norm_largest:.1f}%, and {left.frame_potential_largest:.1f}% with the "
        f"largest contributions. Means over n = {len(runs)} networks, at random over {RANDOM_ORDERS} orders each; "
        f"chance is 10%; **{protocol(runs)} protocol**."
    )


def mean_left(runs: pd.DataFrame) -> pd.Series:
    """Mean accuracy (%) over networks with half of the studied layer's units gone, by order."""
    return pd.DataFrame([left_after(arrays(row.hash), row.accuracy) for _, row in runs.iterrows()]).mean()


def left_after(found: Mapping[str, np.ndarray], accuracy: float, *, share: float = HALF) -> dict[str, float]:
    """Accuracy (%) of a network with a share of its studied layer's units gone, by each order."""
    counts = found["curves"].astype(float)
    place = round(share * (counts.shape[1] - 1))
    left = accuracy * counts[:, place] / counts[:, 0]  # the first count is that of the whole network
    return dict(zip(GREEDY, left, strict=False)) | {"random": left[len(GREEDY) :].mean()}


def counted(ledger: pd.DataFrame) -> str:
    """How many of the report's claims have which verdict, from a ledger's column verdict."""
    found = verdict_counts(ledger)
    return f"Of the {len(ledger)} claims that we took from the report and from what it cites: **{found}**."


def span(counts: pd.Series) -> str:
    """The number where all are equal, else from the smallest to the largest."""
    low, high = int(counts.min()), int(counts.max())
    return f"{low}" if low == high else f"{low} to {high}"


def apart(runs: pd.DataFrame, first: Measure, second: Measure, *, digits: int = 1) -> str:
    """Second less first, paired by network: mean with a 95% bootstrap interval as far as there is one."""
    return interval(pd.Series(values(runs, second) - values(runs, first)), sign="+", digits=digits)


def interval(found: pd.Series, *, sign: str = "", digits: int = 1) -> str:
    """A mean with its 95% bootstrap interval, as far as there is one."""
    form = f"{sign}.{digits}f"
    if len(found) < 2:
        return f"{found.mean():{form}}"
    low, high = bootstrap_interval(found.to_numpy(float)).interval
    return f"{found.mean():{form}} ({low:{form}} to {high:{form}})"


def orders_found(rows: pd.DataFrame) -> str:
    """How the criteria differ, over all units and over the first half, network by network."""
    sentences = []
    for model in (LENET, "conv_2"):
        runs = networks(rows, model)
        if runs.empty:
            sentences.append(not_yet(f"{TITLES[model]} as in Figure 2"))
            continue
        parts = [
            f"{words}: norm against random {apart(runs, f'{area}_random', f'{area}_norm_smallest')}, frame potential "
            f"against random {apart(runs, f'{area}_random', f'{area}_frame_potential_smallest')}, frame potential "
            f"against norm {apart(runs, f'{area}_norm_smallest', f'{area}_frame_potential_smallest')}"
            for words, area in (("over all units", "area"), ("over the first half", "half_area"))
        ]
        sentences.append(
            f"**{TITLES[model]}**, differences of mean accuracy in points with 95% intervals (n = {len(runs)}), "
            f"smallest first. {capitalised(parts[0])}; {parts[1]}. {dead_units(runs)}"
        )
    return said(*sentences)


def dead_units(runs: pd.DataFrame) -> str:
    """How many networks have units without any weight, which every criterion removes first."""
    with_dead = int((runs.dead_units > 0).sum())
    if not with_dead:
        return "No unit is dead, that is, none has weights of zero only."
    return f"{with_dead} of the networks have dead units, {runs.dead_units.mean():.1f} on average."


def bias_found(rows: pd.DataFrame) -> str:
    """What keeping the bias of removed units does."""
    runs = networks(rows, LENET)
    if runs.empty:
        return not_yet("pruning with biases kept")
    changes = "; ".join(
        f"{words} {apart(runs, f'area_{order}', f'unmasked_area_{order}')}"
        for order, words in (("norm_smallest", "smallest norm first"), ("norm_largest", "largest norm first"))
    )
    return f"In {TITLES[LENET]} keeping the bias changes the mean accuracy, in points (n = {len(runs)}), by: {changes}."


def retrained_found(rows: pd.DataFrame, *, model: str = LENET) -> str:
    """What training on restores, at every share removed."""
    runs = chosen(rows, experiment="retrain", model=model)
    if runs.empty:
        return not_yet("networks that were pruned at once and trained on")
    lines = []
    for place, share in enumerate(REMOVED):
        after = {name: np.array([retrained_accuracy(row, name, place) for _, row in runs.iterrows()]) for name in SIDES}
        lost = runs.unpruned_accuracy.to_numpy(float) - after["norm_smallest"]
        gained = pd.Series(after["norm_largest"] - after["norm_smallest"])
        lines.append(
            f"with {share:.0%} gone {lost.mean():.2f} points are missing, and largest norms first differs from "
            f"smallest first by {interval(gained, sign='+', digits=2)}"
        )
    return (
        f"After training on, measured against the unpruned network trained on as long "
        f"({runs.unpruned_accuracy.mean():.2f}%, n = {len(runs)}), smallest norms first: {'; '.join(lines)} (points"
        f"{', 95% intervals' if len(runs) > 1 else ''})."
    )


def compact_found(benchmarks: Sequence[Mapping[str, Any]]) -> str:
    """What `make bench` measured of a smaller network, for each device."""
    found = [row for row in benchmarks if row["name"] == "compact_network"]
    if not found:
        return not_yet("the row `compact_network` of `make bench`")
    return " ".join(
        f"On {row['device']}: {row['ours']:.3g} {row['unit']} instead of {row['other']:.3g}, "
        f"**{row['ratio']:.2f} times as fast**. {row['note']}"
        for row in found
    )


def protocol_note(rows: pd.DataFrame) -> str:
    """Sentences that call a reduced protocol reduced, and name the networks without a run."""
    sentences, absent = [], []
    for model, title in TITLES.items():
        runs = networks(rows, model)
        absent += [] if len(runs) else [title]
        if len(runs) and (runs.protocol == "reduced").any():
            sentences.append(f"**Reduced protocol** of {title}: {_shorter(runs, FIGURE_1[model].iterations)}.")
    if absent:
        sentences.append(f"Not run yet: {', '.join(absent)}.")
    return " ".join(sentences) or "All networks follow the published protocol."


def _shorter(runs: pd.DataFrame, published: int) -> str:
    """In what a network's runs are less than published."""
    number = steps(runs).max()
    words = [f"{number:,.0f} iterations instead of {published:,}"] if number < published else []
    used = set(runs.precision.dropna()) - {Config.precision} if "precision" in runs else set()
    return ", ".join([*words, *(f"trained in {name}" for name in sorted(used))])


def sources(rows: pd.DataFrame) -> pd.DataFrame:
    """All runs with a column `part`, the experiment and where there are several its network, in the chapter's order."""
    if rows.empty:
        return rows
    several = rows.experiment.isin(["network", "retrain", "resample"])
    names = rows.experiment.str.replace("_", " ")
    parts = names.where(~several, names + ", " + rows.model.map(TITLES) + " on " + rows.dataset)
    order = rows.experiment.map({name: place for place, name in enumerate(EXPERIMENTS)})
    return rows.assign(part=parts, order=order).sort_values(["order", "part", "seed"]).drop(columns="order")
