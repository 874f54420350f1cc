"""Figures of mixtures of experts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .marks import NOTHING
from .style import ARMS, BLUE, CHANCE, GREY, LABELS, MARKERS, PALETTE, VERMILION, canvas, empty


def expert_loads(rows: pd.DataFrame, *, datasets: Mapping[str, str]) -> Figure:
    """Load of every expert in every run, largest first: one bar a run, data sets in rows, arms in columns.

    `datasets` maps names to titles. Even routing would give every expert the share marked by the dashed lines.
    """
    if rows.empty:
        return empty(NOTHING)
    arms = [arm for arm in ARMS if arm in set(rows.arm)]
    with canvas(len(datasets), len(arms), width=3.3, height=1.7, sharey=True) as (figure, axes):
        for row, (name, title) in enumerate(datasets.items()):
            for column, arm in enumerate(arms):
                part = rows[(rows.dataset == name) & (rows.arm == arm)].sort_values("seed")
                _stack_loads(axes[row, column], part)
                axes[row, column].set_title(f"{title}, {LABELS[arm]}, n = {len(part)}", fontsize=9)
        for axis in axes[-1]:
            axis.set_xlabel("seed")
        figure.supylabel("share of the test set", fontsize=10)
    return figure


def _stack_loads(axis: Any, part: pd.DataFrame) -> None:
    loads = np.array([sorted(load, reverse=True) for load in part.load])
    bottom = np.zeros(len(part))
    for expert in range(loads.shape[1] if len(part) else 0):
        axis.bar(part.seed.astype(str), loads[:, expert], bottom=bottom, color=PALETTE[expert % 6], width=0.8)
        axis.axhline((expert + 1) / loads.shape[1], **CHANCE)
        bottom += loads[:, expert]


def arm_boxes(
    rows: pd.DataFrame,
    *,
    datasets: Mapping[str, str],
    metrics: Mapping[str, str],
    largest: Mapping[str, str] | None = None,
) -> Figure:
    """Box plots of metrics in both arms, every seed a point, lines joining the arms of a seed; own scales.

    Data sets stand in rows, `metrics` (with their labels) in columns; boxes are quartiles, whiskers reach to the ends.
    `largest` names the column with the largest value that a metric can have: its axis then ends there, dashed.
    """
    if rows.empty:
        return empty(NOTHING)
    with canvas(len(datasets), len(metrics), width=3.3, height=2.2) as (figure, axes):
        for row, (name, title) in enumerate(datasets.items()):
            for column, (metric, label) in enumerate(metrics.items()):
                axis, part = axes[row, column], rows[rows.dataset == name]
                table = part.pivot(index="seed", columns="arm", values=metric).reindex(columns=list(ARMS)).dropna()
                _boxes(axis, table)
                if metric in (largest or {}):
                    most = part[largest[metric]].max()
                    axis.axhline(most, **CHANCE)
                    axis.set_ylim(-0.03 * most, 1.06 * most)
                axis.set_title(f"{title}, n = {len(table)}", fontsize=9)
                axis.set(ylabel=label, xlim=(-0.5, 1.5), xticks=[0, 1])
                axis.set_xticklabels([LABELS[arm] for arm in ARMS])
    return figure


def _boxes(axis: Any, table: pd.DataFrame) -> None:
    axis.plot([0, 1], table.to_numpy(float).T, color=GREY, linewidth=0.6, alpha=0.7)
    for place, arm in enumerate(ARMS if len(table) else ()):
        line = {"color": ARMS[arm], "linewidth": 1.6}
        looks = {f"{part}props": line for part in ("box", "whisker", "cap", "median")}
        axis.boxplot(table[arm], positions=[place], widths=0.5, whis=(0, 100), showfliers=False, **looks)
        axis.plot([place] * len(table), table[arm], MARKERS[arm], color=ARMS[arm], markersize=4)


def similarity_levels(rows: pd.DataFrame, *, datasets: Mapping[str, str]) -> Figure:
    """SIM of every run among all and among live experts, with both chance levels (x100).

    The grey band is +-2 SD of dead or untrained experts; the thin bars are mean +- 2 SD of each run's live experts with
    their rows shuffled.
    """
    if rows.empty:
        return empty(NOTHING)
    lines = (len(datasets) + 1) // 2
    with canvas(lines, min(2, len(datasets)), width=3.3, height=2.6, sharey=True) as (figure, axes):
        for spare in axes.flat[len(datasets) :]:
            spare.set_axis_off()
        for axis, (name, title) in zip(axes.flat, datasets.items(), strict=False):
            part = rows[rows.dataset == name]
            band = 200 * part.null_dead_deviation.iloc[0]
            axis.axhspan(-band, band, color=GREY, alpha=0.25, linewidth=0)
            for place, arm in enumerate(ARMS):
                _similarities(axis, part[part.arm == arm].sort_values("seed"), 3.0 * place, arm)
            axis.axhline(0, **CHANCE)
            counts = "/".join(str((part.arm == arm).sum()) for arm in ARMS)
            axis.set(xticks=[0, 1, 3, 4], xlim=(-0.7, 4.7))
            axis.set_title(f"{title}, n = {counts}", fontsize=9)
            axis.set_xticklabels(["all\n", "live\nbaseline", "all\n", "live\nSNNL"])
        figure.supylabel("SIM x 100", fontsize=10)
    return figure


def _similarities(axis: Any, part: pd.DataFrame, left: float, arm: str) -> None:
    spread = np.linspace(-0.25, 0.25, max(len(part), 2))[: len(part)]
    axis.plot(left + spread, 100 * part.similarity, MARKERS[arm], color=ARMS[arm])
    if "live_similarity" in part:
        axis.plot(left + 1 + spread, 100 * part.live_similarity, MARKERS[arm], color=ARMS[arm], fillstyle="none")
        axis.errorbar(
            left + 1 + spread,
            100 * part.null_live_mean,
            yerr=200 * part.null_live_deviation,
            fmt="_",
            color=GREY,
            linewidth=1,
        )


def expert_similarities(squares: Mapping[str, Any]) -> Figure:
    """Similarity of every two experts (x100) as heat maps, and below each its pairs beside chance.

    `squares` maps a title to what has `similarity` (experts x experts), `live`, `dead_deviation` and `live_null` of one
    pair. Bold with a frame: outside two standard deviations of dead matrices. A dagger marks dead experts.
    """
    if not squares:
        return empty(NOTHING)
    with canvas(2, len(squares), width=3.3, height=2.7) as (figure, axes):
        for column, (title, square) in enumerate(squares.items()):
            _heat_map(axes[0, column], square)
            _pairs(axes[1, column], square)
            axes[0, column].set_title(title, fontsize=9)
        lowest = min(axis.get_ylim()[0] for axis in axes[1])
        highest = max(axis.get_ylim()[1] for axis in axes[1])
        for axis in axes[1]:
            axis.set_ylim(lowest, highest)
        axes[1, 0].set_ylabel("similarity x 100")
        keys = {
            name: handle for axis in axes[1] for handle, name in zip(*axis.get_legend_handles_labels(), strict=True)
        }
        figure.legend(keys.values(), keys, loc="outside lower center", ncols=3, fontsize=8)
    return figure


def _heat_map(axis: Any, square: Any) -> None:
    size, band = len(square.live), 4 * square.dead_deviation
    shown = np.where(np.eye(size, dtype=bool), np.nan, square.similarity)
    axis.imshow(shown, cmap="RdBu_r", vmin=-2 * band, vmax=2 * band)
    for row, column in zip(*np.nonzero(~np.isnan(shown)), strict=True):
        far = abs(shown[row, column]) > band / 2
        look = {"weight": "bold" if far else "normal", "color": "white" if abs(shown[row, column]) > band else "black"}
        axis.text(column, row, f"{100 * shown[row, column]:.2f}", ha="center", va="center", fontsize=8, **look)
        if far:
            axis.add_patch(
                Rectangle((column - 0.47, row - 0.47), 0.94, 0.94, fill=False, edgecolor="black", linewidth=1.2)
            )
    names = [f"{expert + 1}" + ("" if live else "†") for expert, live in enumerate(square.live)]
    axis.set(xticks=range(size), yticks=range(size), xticklabels=names, yticklabels=names)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def _pairs(axis: Any, square: Any) -> None:
    first, second = np.triu_indices(len(square.live), 1)
    values, both = 100 * square.similarity[first, second], square.live[first] & square.live[second]
    places, order = np.empty(len(values)), np.argsort(values)
    places[order] = np.arange(len(values))
    band = 200 * square.dead_deviation
    axis.axhspan(-band, band, color=GREY, alpha=0.25, linewidth=0)
    axis.axhline(0, **CHANCE)
    kinds = {"a dead expert in it": (~both, BLUE, "none"), "both live": (both, VERMILION, "full")}
    for name, (which, colour, fill) in kinds.items():
        if which.any():
            axis.plot(places[which], values[which], "o", color=colour, fillstyle=fill, label=name)
    mean, deviation = (100 * value for value in square.live_null)
    if np.isfinite(mean):
        axis.errorbar([len(values)], [mean], yerr=[2 * deviation], fmt="_", color="black", label="live, rows shuffled")
    axis.set(xticks=[], xlabel=f"{len(values)} pairs, by size")


def feature_maps(points: Mapping[str, np.ndarray], labels: np.ndarray, classes: Mapping[int, str]) -> Figure:
    """UMAP of the features of some test images, one panel a name; `classes` (at most ten) are coloured, others grey."""
    if not points:
        return empty(NOTHING)
    colours = dict(zip(classes, [*PALETTE, "#F0E442", "#000000", "#999933", "#882255"], strict=False))
    with canvas(1, len(points), width=3.3, height=3.6) as (figure, axes):
        for axis, (name, places) in zip(axes[0], points.items(), strict=True):
            others = places[~np.isin(labels, list(classes))]
            axis.plot(*others.T, ".", markersize=2, color="#DDDDDD")
            for label, title in classes.items():
                chosen = places[labels == label]
                axis.plot(*chosen.T, ".", markersize=3, color=colours[label], label=title)
            axis.set(xticks=[], yticks=[], xlabel="UMAP 1", ylabel="UMAP 2")
            axis.set_title(name, fontsize=8)
        handles, names = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=5, markerscale=4, fontsize=8)
    return figure


def gate_curves(curves: pd.DataFrame, *, experts: int) -> Figure:
    """Live experts and entropy of the load (nats) along training, by learning rate (colour) and arm (line).

    `curves` has the columns step, live, load_entropy, learning rate, arm; dashed grey: what even loads would show.
    """
    look = {"data": curves, "x": "step", "hue": "learning rate", "style": "arm", "errorbar": None}
    look["palette"] = list(PALETTE[: curves["learning rate"].nunique()])
    with canvas(1, 2, width=3.3) as (figure, axes):
        sns.lineplot(y="live", ax=axes[0, 0], drawstyle="steps-post", legend=False, **look)
        sns.lineplot(y="load_entropy", ax=axes[0, 1], **look)
        axes[0, 0].axhline(experts, **CHANCE)
        axes[0, 1].axhline(np.log(experts), **CHANCE)
        axes[0, 0].set(ylabel="live experts", ylim=(0, experts + 0.3))
        axes[0, 1].set(ylabel="entropy of the load, nats", ylim=(0, None))
    return figure
