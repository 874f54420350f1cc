"""Figures of ensembles: by size, by the way that members are combined, how well they know, and what pairs predict."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from ..style import BLUE, CHANCE, GREY, ORANGE, canvas, empty, plain_log
from .marks import NOTHING, SMALL, TITLE, dots, dotted, legend_below, look

WAYS = {  # to combine members: colour, marker, filling and label
    "single": (GREY, "D", "full", "single members"),
    "probabilities": (BLUE, "o", "full", "probabilities"),
    "weighted_probabilities": (BLUE, "o", "none", "probabilities, weighted"),
    "logits": (ORANGE, "s", "full", "logits"),
    "weighted_logits": (ORANGE, "s", "none", "logits, weighted"),
}
APART = 0.15  # of a line, between two ways
TWO_SIDED = 1.96  # deviations of a 95% interval


def ensemble_sizes(groups: Mapping[str, ArrayLike], *, chance: float) -> Figure:
    """Test accuracy (%) against the number of members, mean over choices of them and over runs; dots are runs.

    Each title has an array of runs x sizes. Dashed: the mean single member of the first title; `chance` is in %.
    """
    groups = {title: np.asarray(values, dtype=float) for title, values in groups.items() if len(values)}
    if not groups:
        return empty(NOTHING)
    with canvas(1, 1, width=4.8, height=3.4) as (figure, axes):
        axis = axes[0, 0]
        for place, (title, values) in enumerate(groups.items()):
            sizes = np.arange(1, values.shape[1] + 1)
            style = look(place) | dotted(place) | {"markersize": 4}
            axis.plot(sizes, values.T, ".", color=style["color"], alpha=0.4, markersize=4)
            axis.plot(sizes, values.mean(0), label=f"{title}, n = {len(values)}", **style)
        axis.axhline(next(iter(groups.values()))[:, 0].mean(), zorder=0, **CHANCE)
        axis.set(xlabel="members", ylabel=f"test accuracy, % (chance {chance:g})")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        legend_below(figure, axis)
    return figure


def combination_accuracies(rows: pd.DataFrame) -> Figure:
    """Test accuracy (%) of single members and of the ways to combine them: a line a title, means with 95% intervals.

    One row an ensemble and way: `title`, `way` (a key of `WAYS`), `accuracy`. Dashed: the best way of the first title.
    """
    if rows.empty:
        return empty(NOTHING)
    with canvas(1, 1, width=5.8, height=_height(rows)) as (figure, axes):
        axis = axes[0, 0]
        _by_way(axis, rows, "accuracy")
        first = rows[rows.title == rows.title.iloc[0]].astype({"accuracy": float})
        axis.axvline(first.groupby("way").accuracy.mean().max(), zorder=0, **CHANCE)
        axis.set_xlabel("test accuracy, %")
        legend_below(figure, axis, columns=3)
    return figure


def calibrations(rows: pd.DataFrame) -> Figure:
    """Expected calibration error (%) of single members and of the ways to combine them, beside its level by chance.

    One row an ensemble and way: `title`, `way` (a key of `WAYS`), `error`, `chance` (upright ticks: means).
    """
    if rows.empty:
        return empty(NOTHING)
    with canvas(1, 1, width=5.8, height=_height(rows)) as (figure, axes):
        axis = axes[0, 0]
        _by_way(axis, rows, "error", chance="chance")
        axis.axvline(0, zorder=0, **CHANCE)
        axis.plot([], [], "|", color="black", label="chance", markersize=8)
        axis.set_xlabel("calibration error, %")
        legend_below(figure, axis, columns=3)
    return figure


def _height(rows: pd.DataFrame) -> float:
    """Inches for a line a title and way."""
    return 1.3 + 0.17 * rows.way.nunique() * rows.title.nunique()


def _by_way(axis: Any, rows: pd.DataFrame, name: str, *, chance: str | None = None) -> None:
    """Means of each title and way, with the ways' labels and the titles' n."""
    groups = dict(list(rows.groupby("title", sort=False)))
    used = [way for way in WAYS if way in set(rows.way)]
    for step, way in enumerate(used):
        colour, marker, face, label = WAYS[way]
        style = {"color": colour, "marker": marker, "fillstyle": face}
        axis.plot([], [], linestyle="", label=label, markersize=5, **style)
        for place, part in enumerate(groups.values()):
            own = part[part.way == way]
            height = place + APART * (step - (len(used) - 1) / 2)
            dots(axis, own[name], height=height, apart=0, **style)
            if chance and len(own):
                axis.plot([own[chance].astype(float).mean()], [height], "|", color="black", markersize=8)
    for place in range(1, len(groups)):
        axis.axhline(place - 0.5, color=GREY, linewidth=0.4)
    labels = [f"{title}, n = {_most(part, 'way')}" for title, part in groups.items()]
    axis.set_yticks(range(len(groups)), labels, fontsize=SMALL)
    axis.set_ylim(len(groups) - 0.5, -0.5)


def predicted_errors(rows: pd.DataFrame, *, margin: float = 10.0) -> Figure:
    """Eq. 1.14: squared error of ensembles as pairs of members predict it, and as it is on other images.

    One row an ensemble and size: `title`, `size`, `predicted`, `measured`, `deviation` (of their difference). Left:
    both; right: measured in % of predicted, by size, with 95% intervals. Dashed: as predicted; dotted: `margin` %.
    """
    if rows.empty:
        return empty(NOTHING)
    rows = rows.astype({name: float for name in ("predicted", "measured", "deviation")})
    groups = dict(list(rows.groupby("title", sort=False)))
    with canvas(1, 2, width=3.3, height=3.4) as (figure, axes):
        left, right = axes[0]
        for place, (title, part) in enumerate(groups.items()):
            style = dotted(place) | {"linestyle": "", "markersize": 4}
            left.plot(part.predicted, part.measured, label=f"{title}, n = {_most(part, 'size')}", **style)
            across = part["size"] + (place + _spread(part) - len(groups) / 2) * 0.8 / len(groups)
            share, bars = 100 * part[["measured", "deviation"]].to_numpy().T / part.predicted.to_numpy()
            right.errorbar(across, share, TWO_SIDED * bars, **style)
        ends = [rows[["predicted", "measured"]].min().min(), rows[["predicted", "measured"]].max().max()]
        left.plot(ends, ends, zorder=0, **CHANCE)
        right.axhline(100, zorder=0, **CHANCE)
        for level in (100 - margin, 100 + margin):
            right.axhline(level, color=GREY, linestyle=":", linewidth=1)
        left.set(xlabel="predicted squared error", ylabel="measured")
        right.set_xlabel("members")
        right.set_title("measured, % of predicted", fontsize=TITLE)
        right.set_xticks(sorted(set(rows["size"])))
        legend_below(figure, left)
    return figure


def _most(part: pd.DataFrame, across: str) -> int:
    """The largest number of rows that share a value of a column."""
    return int(part.groupby(across).size().max())


def _spread(part: pd.DataFrame) -> pd.Series:
    """Places between 0 and 1 for rows of the same size side by side."""
    groups = part.groupby("size")["size"]
    return (groups.cumcount() + 0.5) / groups.transform("size")


def distance_and_gain(rows: pd.DataFrame) -> Figure:
    """Correlation of members' errors (left) and accuracy of their ensemble (right) against the distance between them.

    One row an ensemble: `title` (what was changed), `seed`, `squared_distance`, `error_correlation`, `accuracy` (%).
    Lines join the ensembles of a seed. Dashed: errors that are independent; the mean accuracy of the first title.
    """
    if rows.empty:
        return empty(NOTHING)
    panels = {"error_correlation": "correlation of errors", "accuracy": "ensemble's accuracy, %"}
    titles = list(dict.fromkeys(rows.title))
    with canvas(1, 2, width=3.3, height=3.2) as (figure, axes):
        for axis, (name, label) in zip(axes[0], panels.items(), strict=True):
            for _, part in rows.groupby("seed"):
                part = part.sort_values("squared_distance")
                axis.plot(part.squared_distance, part[name].astype(float), color=GREY, linewidth=0.8, zorder=1)
            for place, title in enumerate(titles):
                part = rows[rows.title == title]
                values, shown = part[name].astype(float), f"{title}, n = {len(part)}"
                axis.plot(part.squared_distance, values, linestyle="", markersize=5, label=shown, **dotted(place))
            axis.set(xscale="log", xlabel="squared distance")
            axis.set_title(label, fontsize=TITLE)
            plain_log(axis.xaxis)
        axes[0, 0].axhline(0, zorder=0, **CHANCE)
        axes[0, 1].axhline(rows[rows.title == titles[0]].accuracy.astype(float).mean(), zorder=0, **CHANCE)
        legend_below(figure, axes[0, 0])
    return figure


def agreement_shares(groups: Mapping[str, ArrayLike]) -> Figure:
    """Share of test images (%) by the size of the largest group of members that agree: bars of means over runs.

    Each title has an array of runs x members of counts of images, from one member to all; the darkest is all.
    """
    groups = {title: np.atleast_2d(values).astype(float) for title, values in groups.items() if len(values)}
    if not groups:
        return empty(NOTHING)
    most = max(values.shape[1] for values in groups.values())
    with canvas(1, 1, width=5.8, height=1.3 + 0.34 * len(groups)) as (figure, axes):
        axis = axes[0, 0]
        for place, values in enumerate(groups.values()):
            shares = (100 * values / values.sum(1, keepdims=True)).mean(0)[::-1]
            for lacking, (share, begin) in enumerate(zip(shares, np.cumsum(shares) - shares, strict=True)):
                label = "all agree" if lacking == 0 else f"all but {lacking}"
                style = {"color": BLUE, "alpha": 1 - 0.85 * lacking / max(most - 1, 1)}
                axis.barh(place, share, left=begin, height=0.7, label=label, edgecolor="white", **style)
        titles = [f"{title}, n = {len(values)}" for title, values in groups.items()]
        axis.set_yticks(range(len(groups)), titles, fontsize=SMALL)
        axis.set(xlabel="test images, %", xlim=(0, 100), ylim=(len(groups) - 0.5, -0.5))
        legend_below(figure, axis, columns=4)
    return figure
