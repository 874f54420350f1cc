"""Figures of a penalty that pushes away from a point: its hill, kernel, reach and cost, and what was misprinted."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..style import BLUE, CHANCE, ORANGE, VERMILION, canvas, empty, plain_log
from .marks import NOTHING, SMALL, dotted, legend_below, look

MEANT = {"color": BLUE, "linestyle": "-", "linewidth": 1.8}
PRINTED = {"color": VERMILION, "linestyle": "--", "linewidth": 1.8}
ALONE = 4.6  # inches across


def hill(curves: pd.DataFrame) -> Figure:
    """Figure 2.1: a function with a local minimum, `valley`, and the same `with_hill` on it, against `x`.

    The dot is the minimum, and the dashed line where it was.
    """
    with canvas(1, 1, width=ALONE, height=3.0) as (figure, axes):
        axis = axes[0, 0]
        axis.plot(curves.x, curves.valley, color=VERMILION, linewidth=1.8, label="function")
        axis.plot(curves.x, curves.with_hill, color="black", linewidth=1.8, label="with a hill on its minimum")
        lowest = _inner_minimum(curves)
        axis.plot(curves.x[lowest], curves.valley[lowest], "o", color=VERMILION)
        axis.axvline(curves.x[lowest], zorder=0, **CHANCE)
        axis.set(xlabel="x", ylabel="value")
        axis.legend(fontsize=SMALL)
    return figure


def _inner_minimum(curves: pd.DataFrame) -> int:
    """Place of the lowest value that is lower than its neighbours."""
    values = curves.valley.to_numpy()
    inner = 1 + np.flatnonzero((values[1:-1] < values[:-2]) & (values[1:-1] <= values[2:]))
    return int(inner[values[inner].argmin()])


def kernels(curves: pd.DataFrame) -> Figure:
    """Figure 2.2: the kernel of one coordinate `x` for some deviations; dotted: with twice the variance, as in Eq. 2.3.

    Columns `x`, `deviation`, `figure`, `equation`. Half the height is marked by the dashed line.
    """
    with canvas(1, 1, width=ALONE, height=3.0) as (figure, axes):
        axis = axes[0, 0]
        for place, (deviation, part) in enumerate(curves.groupby("deviation")):
            colour = look(place)["color"]
            axis.plot(part.x, part.figure, color=colour, label=f"$\\sigma$ = {deviation:g}, figure")
            axis.plot(part.x, part.equation, color=colour, linestyle=":", label=f"$\\sigma$ = {deviation:g}, Eq. 2.3")
        axis.axhline(0.5, zorder=0, **CHANCE)
        axis.set(xlabel=r"$\theta - \theta_c$", ylabel="kernel", ylim=(0, 1.02))
        legend_below(figure, axis, columns=len(set(curves.deviation)))
    return figure


def reach(curves: pd.DataFrame, *, marks: Mapping[str, float] | None = None) -> Figure:
    """What is left of the penalty, and how hard it pushes, against the squared distance in widths (`distance`).

    Columns also `penalty` (share of the strength) and `force` (shown in shares of the largest). Markers on the
    penalty are `marks`: squared distances, in widths, at which networks ended, by title.
    """
    with canvas(1, 1, width=5.2, height=3.2 + 0.1 * len(marks or {})) as (figure, axes):
        axis = axes[0, 0]
        axis.plot(curves.distance, curves.penalty, color=BLUE, label="penalty, share of the strength")
        axis.plot(curves.distance, curves.force / curves.force.max(), "--", color=ORANGE, label="force, of the largest")
        _mark(axis, marks or {}, curves.distance, curves.penalty)
        axis.axhline(0, zorder=0, **CHANCE)
        axis.set(xlabel="squared distance / width", ylabel="share", ylim=(-0.02, 1.05))
        legend_below(figure, axis)
    return figure


def _mark(axis: Any, marks: Mapping[str, float], across: pd.Series, values: pd.Series) -> None:
    """Named places on a curve."""
    for place, (title, at) in enumerate(marks.items()):
        style = dotted(place) | {"linestyle": "", "markersize": 7, "markeredgecolor": "white"}
        axis.plot([at], [np.interp(at, across, values)], label=title, **style)


def forces_by_dimension(points: pd.DataFrame, *, marks: Mapping[str, float] | None = None) -> Figure:
    """What the same move of every weight leaves of the kernel (left) and of the force (right), against their number.

    Columns `dimension`, `kernel`, `gradient` and `printed`, Eq. 2.13's with each coordinate's own exponent. Markers
    are `marks`: numbers of weights, by title.
    """
    with canvas(1, 2, height=3.0) as (figure, axes):
        left, right = axes[0]
        left.plot(points.dimension, points.kernel, **MEANT)
        left.axhline(0, zorder=0, **CHANCE)
        _mark(left, marks or {}, points.dimension, points.kernel)
        left.set(xscale="log", xlabel="number of weights", title="kernel that is left", ylim=(-0.02, 1.02))
        for name, style, label in (("gradient", MEANT, "gradient of Eq. 2.3"), ("printed", PRINTED, "Eq. 2.13")):
            right.plot(points.dimension, points[name], label=label, **style)
        lowest = points.printed.min() / 100  # below lies nothing that could be told apart
        right.set(xscale="log", yscale="log", xlabel="number of weights", title="length of the force")
        right.set_ylim(bottom=lowest)
        right.legend(fontsize=SMALL)
        if marks:
            legend_below(figure, left, columns=3)
    return figure


def printed_losses(curves: pd.DataFrame) -> Figure:
    """Cross entropy against the true class's probability: `meant`, and `printed` without its minus (Eq. 2.7-2.9)."""
    with canvas(1, 1, width=ALONE, height=2.6) as (figure, axes):
        axis = axes[0, 0]
        _both(axis, curves, "probability", {"meant": "Eq. 2.5", "printed": "Eq. 2.7-2.9, no minus"})
        axis.axhline(0, zorder=0, **CHANCE)
        axis.set(xlabel="probability of the true class", ylabel="loss, nats")
    return figure


def printed_steps(curves: pd.DataFrame) -> Figure:
    """A function after each `step` of SGD with momentum: with Algorithm 2 as `meant`, and as it has been `printed`."""
    with canvas(1, 1, width=ALONE, height=2.6) as (figure, axes):
        axis = axes[0, 0]
        _both(axis, curves, "step", {"meant": r"$\theta + v$", "printed": r"$\theta - v$, Algorithm 2"})
        start, lowest = curves.meant.iloc[0], curves.meant.min()
        axis.axhline(start, zorder=0, **CHANCE)
        axis.set_ylim(lowest - 0.2 * (start - lowest), start + 3 * (start - lowest))  # what climbs leaves it soon
        axis.set(xlabel="step", ylabel="value of the function")
        axis.xaxis.get_major_locator().set_params(integer=True)
    return figure


def _both(axis: Any, curves: pd.DataFrame, across: str, labels: Mapping[str, str]) -> None:
    for (name, label), style in zip(labels.items(), (MEANT, PRINTED), strict=True):
        axis.plot(curves[across], curves[name], label=label, **style)
    axis.legend(fontsize=SMALL)


def checkpoint_costs(rows: pd.DataFrame, *, most: float = 2.0) -> Figure:
    """Time of the penalty in % of a training step's against the number of checkpoints; both logarithmic.

    One row a run and number: `title`, `checkpoints` (1 and more), `percent`. Dashed: `most` percent for each.
    """
    if rows.empty:
        return empty(NOTHING)
    with canvas(1, 1, width=ALONE, height=3.4) as (figure, axes):
        axis = axes[0, 0]
        for place, (title, part) in enumerate(rows.groupby("title", sort=False)):
            groups = part.astype({"percent": float}).groupby("checkpoints").percent
            count = int(groups.size().max())
            axis.plot(groups.mean(), marker="o", markersize=4, label=f"{title}, n = {count}", **look(place))
            axis.plot(part.checkpoints, part.percent, ".", color=look(place)["color"], alpha=0.5, markersize=4)
        counts = sorted(rows.checkpoints.unique())
        axis.plot(counts, [most * count for count in counts], label=f"{most:g}% for each", **CHANCE)
        axis.set(xscale="log", yscale="log", xlabel="checkpoints", ylabel="% of a training step")
        axis.set_xticks(counts, [f"{count:g}" for count in counts])
        axis.xaxis.minorticks_off()
        plain_log(axis.yaxis)
        legend_below(figure, axis)
    return figure
