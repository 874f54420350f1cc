"""Figures of mixtures of experts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from .style import ARMS, CHANCE, GREY, LABELS, MARKERS, PALETTE, canvas, empty


def expert_loads(rows: pd.DataFrame, *, datasets: Mapping[str, str]) -> Figure:
    """Load of every expert in every run, largest first: one bar a run, data sets in columns, arms in rows.

    `datasets` maps names to titles. Even routing would give every expert the share marked by the dashed lines.
    """
    if rows.empty:
        return empty("no records yet")
    arms = [arm for arm in ARMS if arm in set(rows.arm)]
    with canvas(len(arms), len(datasets), width=2.9, height=2.2, sharex=True, sharey=True) as (figure, axes):
        for row, arm in enumerate(arms):
            for column, (name, title) in enumerate(datasets.items()):
                part = rows[(rows.dataset == name) & (rows.arm == arm)].sort_values("seed")
                _stack_loads(axes[row, column], part)
                axes[row, column].set_title(f"{title}, {LABELS[arm]}", fontsize=9)
        for axis in axes[-1]:
            axis.set_xlabel("seed")
        for axis in axes[:, 0]:
            axis.set_ylabel("share of test set")
    return figure


def _stack_loads(axis: Any, part: pd.DataFrame) -> None:
    loads = np.array([sorted(load, reverse=True) for load in part.load])
    bottom = np.zeros(len(part))
    for expert in range(loads.shape[1] if len(part) else 0):
        axis.bar(part.seed.astype(str), loads[:, expert], bottom=bottom, color=PALETTE[expert % 6], width=0.8)
        axis.axhline((expert + 1) / loads.shape[1], **CHANCE)
        bottom += loads[:, expert]


def paired_metric(
    rows: pd.DataFrame,
    metric: str,
    *,
    datasets: Mapping[str, str],
    label: str,
    factor: float = 1,
    chance: float | None = None,
) -> Figure:
    """A metric of both arms, one line a seed, beside its chance level where one is given; own scales."""
    if rows.empty:
        return empty("no records yet")
    with canvas(1, len(datasets), width=2.6) as (figure, axes):
        for axis, (name, title) in zip(axes[0], datasets.items(), strict=True):
            table = rows[rows.dataset == name].pivot(index="seed", columns="arm", values=metric)
            table = factor * table.reindex(columns=list(ARMS)).dropna()
            axis.plot([0, 1], table.to_numpy().T, color=GREY, linewidth=0.8)
            for place, arm in enumerate(ARMS):
                axis.plot([place] * len(table), table[arm], MARKERS[arm], color=ARMS[arm])
                axis.plot([place - 0.15, place + 0.15], [table[arm].mean()] * 2, color=ARMS[arm], linewidth=3)
            if chance is not None:
                axis.axhline(factor * chance, **CHANCE)
            axis.set(xlim=(-0.4, 1.4), title=f"{title}, n = {len(table)}", xticks=[0, 1])
            axis.set_xticklabels([LABELS[arm] for arm in ARMS])
        axes[0, 0].set_ylabel(label)
    return figure


def similarity_levels(rows: pd.DataFrame, *, datasets: Mapping[str, str]) -> Figure:
    """SIM of every run among all and among live experts, with both chance levels (x100).

    The grey band is +-2 SD of dead or untrained experts; the thin bars are mean +- 2 SD of each run's live experts with
    their rows shuffled.
    """
    if rows.empty:
        return empty("no records yet")
    with canvas(1, len(datasets), width=3.3, sharey=True) as (figure, axes):
        for axis, (name, title) in zip(axes[0], datasets.items(), strict=True):
            part = rows[rows.dataset == name]
            band = 200 * part.null_dead_deviation.iloc[0]
            axis.axhspan(-band, band, color=GREY, alpha=0.25, linewidth=0)
            for place, arm in enumerate(ARMS):
                _similarities(axis, part[part.arm == arm].sort_values("seed"), 3.0 * place, arm)
            axis.axhline(0, **CHANCE)
            axis.set(title=title, xticks=[0, 1, 3, 4])
            axis.set_xticklabels(["all\n", "live\nbaseline", "all\n", "live\nSNNL"])
        axes[0, 0].set_ylabel("SIM x 100")
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


def feature_maps(points: Mapping[str, np.ndarray], labels: np.ndarray, classes: Sequence[str]) -> Figure:
    """UMAP of the features of some test images, one panel a name, coloured by class (at most ten classes)."""
    if not points:
        return empty("no records yet")
    colours = [*PALETTE, "#F0E442", "#000000", GREY, "#882255"]
    with canvas(1, len(points), width=4, height=3.6) as (figure, axes):
        for axis, (name, places) in zip(axes[0], points.items(), strict=True):
            for label, title in enumerate(classes[: len(colours)]):
                chosen = places[labels == label]
                axis.plot(*chosen.T, ".", markersize=3, color=colours[label], label=title)
            axis.set(title=name, xticks=[], yticks=[], xlabel="UMAP 1", ylabel="UMAP 2")
        handles, names = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=5, markerscale=4, fontsize=8)
    return figure


def gate_curves(curves: pd.DataFrame, *, experts: int) -> Figure:
    """Live experts and entropy of the load (nats) along training, by learning rate (colour) and arm (line).

    `curves` has the columns step, live, load_entropy, learning rate, arm; dashed grey: what even loads would show.
    """
    look = {"data": curves, "x": "step", "hue": "learning rate", "style": "arm", "errorbar": None}
    look["palette"] = list(PALETTE[: curves["learning rate"].nunique()])
    with canvas(1, 2, width=4) as (figure, axes):
        sns.lineplot(y="live", ax=axes[0, 0], drawstyle="steps-post", legend=False, **look)
        sns.lineplot(y="load_entropy", ax=axes[0, 1], **look)
        axes[0, 0].axhline(experts, **CHANCE)
        axes[0, 1].axhline(np.log(experts), **CHANCE)
        axes[0, 0].set(ylabel="live experts", ylim=(0, experts + 0.3))
        axes[0, 1].set(ylabel="entropy of the load, nats", ylim=(0, None))
    return figure
