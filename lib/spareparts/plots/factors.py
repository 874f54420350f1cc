"""Figures of one factor at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .style import ARMS, BLUE, CHANCE, GREEN, GREY, LABELS, MARKERS, ORANGE, PALETTE, VERMILION, canvas, empty

OTHER = {"color": GREEN, "marker": "D"}  # arms that are neither the baseline nor the SNNL's
PLACES = {"baseline": -0.16, "snnl": 0.16}


def sensitivity(
    runs: pd.DataFrame, *, order: Sequence[tuple[str, str]], metrics: Mapping[str, tuple[str, float, int]], title: str
) -> Figure:
    """Every run of one data set, one row a level, one column a metric; dotted lines: means of the standard runs.

    `order` lists factor and level, the standard first; `metrics` maps a label to metric, factor to its unit, digits.
    """
    if runs.empty:
        return empty("no records yet")
    order = [pair for pair in order if pair in set(zip(runs.factor, runs.level, strict=True))]
    width, height = 5.8 / len(metrics), 1.2 + 0.26 * len(order)
    with canvas(1, len(metrics), width=width, height=height, sharey=True) as (figure, axes):
        for axis, (label, (metric, factor, _)) in zip(axes[0], metrics.items(), strict=True):
            for place, (name, level) in enumerate(order):
                part = runs[(runs.factor == name) & (runs.level == level)]
                _level(axis, place, part, factor * part[metric].astype(float))
            if metric == "live_similarity" and "null_live_mean" in runs:
                _chance(axis, runs, order, factor)
            _standard_means(axis, runs, metric, factor)
            axis.set_xlabel(label)
        _separate(list(axes[0]), order)
        axes[0, 0].set(yticks=range(len(order)), ylim=(len(order) - 0.4, -0.6))
        axes[0, 0].set_yticklabels([level for _, level in order])
        figure.legend(handles=_arm_keys(axes[0, 0]), loc="outside upper center", ncols=3, fontsize=8, title=title)
    return figure


def _level(axis: Any, place: int, part: pd.DataFrame, values: pd.Series) -> None:
    for arm in dict.fromkeys(part.arm):
        own = values[part.arm == arm]
        look = {"color": ARMS[arm], "marker": MARKERS[arm]} if arm in ARMS else OTHER
        height = np.full(len(own), place + PLACES.get(arm, 0.0))
        axis.plot(own, height, linestyle="", markersize=4, alpha=0.8, **look)


def _chance(axis: Any, runs: pd.DataFrame, order: Sequence[tuple[str, str]], factor: float) -> None:
    """Two standard deviations: of dead experts as a band, of each run's live experts with shuffled rows as bars."""
    band = 2 * factor * runs[runs.factor == "standard"].null_dead_deviation.max()
    if np.isfinite(band):
        axis.axvspan(-band, band, color=GREY, alpha=0.2, linewidth=0, zorder=0)
    for place, (name, level) in enumerate(order):
        part = runs[(runs.factor == name) & (runs.level == level)]
        mean, deviation = (factor * part[f"null_live_{word}"].astype(float) for word in ("mean", "deviation"))
        look = {"fmt": "none", "ecolor": GREY, "elinewidth": 5, "alpha": 0.35, "zorder": 0}
        axis.errorbar(mean, np.full(len(part), place), xerr=2 * deviation, **look)


def _standard_means(axis: Any, runs: pd.DataFrame, metric: str, factor: float) -> None:
    for arm in ARMS:
        values = runs[(runs.factor == "standard") & (runs.arm == arm)][metric].dropna()
        if len(values):
            axis.axvline(factor * values.mean(), color=ARMS[arm], linestyle=":", linewidth=1.2)


def _separate(axes: Sequence[Any], order: Sequence[tuple[str, str]]) -> None:
    """Thin lines between factors."""
    for place in range(1, len(order)):
        if order[place][0] != order[place - 1][0]:
            for axis in axes:
                axis.axhline(place - 0.5, color=GREY, linewidth=0.4)


def _arm_keys(axis: Any) -> list[Any]:
    looks = {LABELS[arm]: {"color": ARMS[arm], "marker": MARKERS[arm]} for arm in ARMS} | {"other": OTHER}
    return [axis.plot([], [], linestyle="", markersize=5, label=name, **look)[0] for name, look in looks.items()]


def weight_sweep(points: pd.DataFrame) -> Figure:
    """SIM, |SIM|, accuracy and live experts against the SNNL weight (Fig. 7), with straight trends and 95% bands.

    `points` has the columns weight, SIM, |SIM|, accuracy, live, finished, deviation (of SIM if dead, x100), experts.
    Grey: two standard deviations of dead experts. Crosses at the lower edge: runs that diverged.
    """
    if points.empty:
        return empty("no records yet")
    finished, lost = points[points.finished], points[~points.finished]
    panels = {"SIM": "SIM x 100", "|SIM|": "|SIM| x 100", "accuracy": "test accuracy, %", "live": "live experts"}
    with canvas(2, 2, width=3.3, height=2.5, sharex=True) as (figure, axes):
        for axis, (column, label) in zip(axes.flat, panels.items(), strict=True):
            if column in ("SIM", "|SIM|"):
                _trend(axis, finished, column)
            alone = finished.live == 1
            for part, fill in ((finished[~alone], "full"), (finished[alone], "none")):
                axis.plot(part.weight, part[column], "o", color=BLUE, markersize=4, fillstyle=fill)
            _crosses(axis, lost.weight)
            axis.set(ylabel=label, xlabel="SNNL weight α" if column in ("accuracy", "live") else "")
        if len(finished):
            axes[1, 1].axhline(finished.experts.max(), **CHANCE)
        axes[1, 1].yaxis.set_major_locator(MaxNLocator(integer=True))
        figure.suptitle(f"n = {len(finished)} finished, {len(lost)} diverged", fontsize=10)
    return figure


def _trend(axis: Any, finished: pd.DataFrame, column: str) -> None:
    if len(finished) > 2:
        sns.regplot(
            x=finished.weight,
            y=finished[column],
            ax=axis,
            scatter=False,
            ci=95,
            n_boot=500,
            seed=0,
            color=ORANGE,
            line_kws={"linewidth": 1.5},
        )
    if finished.deviation.notna().any():
        band = 2 * finished.deviation.max()
        axis.axhspan(-band if column == "SIM" else 0, band, color=GREY, alpha=0.25, linewidth=0)


def _crosses(axis: Any, weights: pd.Series) -> None:
    """Diverged runs at the lower edge, which have nothing to show but their weight."""
    if len(weights):  # an unclipped line without points would upset the layout
        blend = axis.get_xaxis_transform()
        axis.plot(weights, np.full(len(weights), 0.03), "x", color=VERMILION, transform=blend, clip_on=False)


def live_by_level(panels: Mapping[str, pd.DataFrame], *, datasets: Mapping[str, str]) -> Figure:
    """Live experts against a number in both arms, every run a point and lines through the means.

    `panels` maps an axis label to runs (columns dataset, arm, value, experts, live_experts); dashed is where all would
    live. Rows are panels, columns data sets.
    """
    if not datasets or all(runs.empty for runs in panels.values()):
        return empty("no records yet")
    with canvas(len(panels), len(datasets), width=3.3, height=2.3, sharey=True) as (figure, axes):
        for row, (label, runs) in enumerate(panels.items()):
            for column, (dataset, title) in enumerate(datasets.items()):
                axis, part = axes[row, column], runs[runs.dataset == dataset]
                every = part.groupby("value").experts.first()
                values = list(every.index)
                axis.plot(range(len(values)), every, **CHANCE)
                for arm in ARMS:
                    _means_and_runs(axis, part[part.arm == arm], values, arm)
                axis.set(xticks=range(len(values)), xlabel=label)
                axis.set_xticklabels([f"{value:g}" for value in values])
                axis.set_title(f"{title}, {len(part)} runs", fontsize=9)
        axes[0, 0].set_ylim(0, None)
        axes[0, 0].yaxis.set_major_locator(MaxNLocator(integer=True))
        figure.supylabel("live experts", fontsize=10)
        handles, names = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=2, fontsize=8)
    return figure


def _means_and_runs(axis: Any, part: pd.DataFrame, values: Sequence[float], arm: str) -> None:
    places = part.value.map({value: place for place, value in enumerate(values)}) + PLACES[arm] / 2
    axis.plot(places, part.live_experts, MARKERS[arm], color=ARMS[arm], markersize=4, alpha=0.6)
    means = part.groupby("value").live_experts.mean().reindex(values)
    axis.plot(np.arange(len(values)) + PLACES[arm] / 2, means, "-", color=ARMS[arm], label=LABELS[arm])


def condition_curves(curves: pd.DataFrame, *, datasets: Mapping[str, str], experts: int) -> Figure:
    """Live experts and entropy of the load (nats) along training, one line a condition, a band over its seeds.

    `curves` has the columns dataset, condition, seed, step, live, load_entropy; dashed: what even loads would show.
    """
    if curves.empty:
        return empty("no records yet")
    conditions = list(dict.fromkeys(curves.condition))
    look = {"x": "step", "hue": "condition", "style": "condition", "hue_order": conditions, "style_order": conditions}
    look |= {"palette": list(PALETTE[: len(conditions)]), "estimator": "mean", "errorbar": ("pi", 100)}
    panels = {"live": ("live experts", experts), "load_entropy": ("entropy of the load, nats", np.log(experts))}
    with canvas(len(datasets), 2, width=3.3, height=2.4, sharex=True) as (figure, axes):
        for row, (dataset, title) in enumerate(datasets.items()):
            for axis, (column, (label, even)) in zip(axes[row], panels.items(), strict=True):
                sns.lineplot(curves[curves.dataset == dataset], y=column, ax=axis, legend=axis is axes[0, 0], **look)
                axis.axhline(even, **CHANCE)
                axis.set(ylabel=label, ylim=(0, 1.06 * even))
                axis.yaxis.set_major_locator(MaxNLocator(5, integer=column == "live"))
                axis.set_title(title, fontsize=9)
        handles, names = axes[0, 0].get_legend_handles_labels()
        axes[0, 0].legend_.remove()
        figure.legend(handles, names, loc="outside upper center", ncols=3, fontsize=8)
    return figure
