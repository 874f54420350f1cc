"""Figures of units that are removed: by which criterion, how many, and after training on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..style import BLUE, CHANCE, GREY, ORANGE, canvas, empty, panel_width
from .marks import dots

# rows of a record's curves, which random orders follow; in the order of the rows
ORDERS = ("norm_smallest", "norm_largest", "frame_potential_smallest", "frame_potential_largest")
LOOKS = {
    "norm_smallest": (BLUE, "-", "smallest norm first"),
    "norm_largest": (BLUE, ":", "largest norm first"),
    "frame_potential_smallest": (ORANGE, "-", "smallest contribution first"),
    "frame_potential_largest": (ORANGE, ":", "largest contribution first"),
    "random": (GREY, "-", "random"),
}

Arrays = Mapping[str, np.ndarray]


def pruning_curves(
    networks: Mapping[str, Sequence[Arrays]], *, images: int, chance: float, name: str = "curves"
) -> Figure:
    """Accuracy (%) against units removed, without retraining, mean over the networks of each title.

    The grey band is the mean over random orders +- their standard deviation, as in Figure 2; `images` is the number on
    which correct ones were counted, `name` that of the array (`train_`: of training images), `chance` an accuracy in %.
    """
    networks = {title: found for title, found in networks.items() if found}
    if not networks:
        return empty("no records yet")
    with canvas(1, len(networks), width=panel_width(len(networks)), height=3.5, sharey=True) as (figure, axes):
        for axis, (title, found) in zip(axes[0], networks.items(), strict=True):
            curves = 100 * np.stack([each[name] for each in found]).astype(float) / images
            _draw_curves(axis, curves)
            axis.axhline(chance, **CHANCE)
            axis.set(title=f"{title}, n = {len(found)}", xlabel="units removed", ylim=(0, 101))
        axes[0, 0].set_ylabel(f"{'training' if name.startswith('train_') else 'test'} accuracy, %")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8)
    return figure


def _draw_curves(axis: Any, curves: np.ndarray) -> None:
    """Curves of networks x orders x removals: those by a criterion as lines, random ones as a line with a band."""
    removed, mean = np.arange(curves.shape[2]), curves.mean(0)
    for order, curve in zip(ORDERS, mean, strict=False):
        colour, line, label = LOOKS[order]
        axis.plot(removed, curve, color=colour, linestyle=line, label=label)
    random = curves[:, len(ORDERS) :]
    middle, spread = random.mean((0, 1)), random.std(1, ddof=1).mean(0)
    axis.fill_between(removed, middle - spread, middle + spread, color=GREY, alpha=0.3, linewidth=0)
    axis.plot(removed, middle, color=GREY, label="random")


def pruning_areas(rows: pd.DataFrame, *, models: Mapping[str, str], metric: str = "area") -> Figure:
    """Area under accuracy against units removed (a mean accuracy, %): one dot a network, mean and 95% interval.

    `models` maps models to titles; `metric` is `area`, or `half_area` for the first half of the units. An order without
    a choice stands at the grey dashed line, the mean of random orders.
    """
    shown = {model: title for model, title in models.items() if len(rows) and model in set(rows.model)}
    if not shown:
        return empty("no records yet")
    with canvas(1, len(shown), width=panel_width(len(shown), alone=5.2), height=2.8, sharey=True) as (figure, axes):
        for axis, (model, title) in zip(axes[0], shown.items(), strict=True):
            part = rows[rows.model == model]
            for place, (order, (colour, _, _)) in enumerate(LOOKS.items()):
                dots(axis, part[f"{metric}_{order}"].dropna(), height=place, color=colour)
            axis.axvline(part[f"{metric}_random"].mean(), **CHANCE)
            axis.set(title=f"{title}, n = {len(part)}", xlabel="mean accuracy, %", ylim=(len(LOOKS) - 0.5, -0.5))
        axes[0, 0].set_yticks(range(len(LOOKS)), [label for _, _, label in LOOKS.values()])
    return figure


def retrained(rows: pd.DataFrame, *, models: Mapping[str, str]) -> Figure:
    """Test accuracy (%) against the share of units removed at once, before (left) and after training on (right).

    A row of panels a model, each with a scale of its own. One colour a criterion, circles and solid lines for smallest
    first, triangles and dotted ones for largest first; means over the networks. The dashed line is the network that was
    trained on without pruning.
    """
    shown = {model: title for model, title in models.items() if len(rows) and model in set(rows.model)}
    if not shown:
        return empty("no records yet")
    times = {"pruned_accuracy": "before", "retrained_accuracy": "after training on"}
    with canvas(len(shown), 2, height=3.0) as (figure, axes):
        for line, (model, title) in zip(axes, shown.items(), strict=True):
            part = rows[rows.model == model]
            for axis, (metric, when) in zip(line, times.items(), strict=True):
                _draw_shares(axis, part, metric)
                axis.set(title=f"{title}, n = {len(part)}, {when}", xlabel="units removed, %")
            line[0].set_ylabel("test accuracy, %")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8)
    return figure


def _draw_shares(axis: Any, part: pd.DataFrame, metric: str) -> None:
    removed = 100 * np.array(part.removed.iloc[0])
    for order, (colour, line, label) in LOOKS.items():
        values = np.array([found[order] for found in part[metric]]).mean(0)
        marker = "^" if order.endswith("largest") else "o"
        axis.plot(removed, values, color=colour, linestyle=line, marker=marker, markersize=4, label=label)
    axis.axhline(part.unpruned_accuracy.mean(), **CHANCE)
    axis.set_xticks(removed)
