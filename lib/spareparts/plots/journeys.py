"""Figures of journeys away from checkpoints: curves over epochs, and what the push does to the steps."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..style import CHANCE, canvas, empty, plain_log
from .marks import NOTHING, SMALL, TITLE, Arrays, checkpoints, legend_below, look, mean_and_range

Groups = Mapping[str, Sequence[Arrays]]
CURVES = {
    "train_loss": "training loss, nats",
    "accuracy": "test accuracy, %",
    "squared_distance": "squared distance",
    "normalized_distance": "normalized distance",
}
DIRECTIONS = {  # with what they are where nothing pushes; a penalty is then not shown
    "cosine": ("cosine: loss's and full gradient", 1.0),
    "norm_ratio": ("length: full / loss's gradient", 1.0),
    "alignment": ("cosine: loss's gradient and push", 0.0),
    "penalty": ("penalty", None),
}
LEAST_PENALTY = 1e-3  # of the largest one, below which nothing is shown


def journey_curves(groups: Groups, *, marks: Sequence[int], chance: float) -> Figure:
    """Loss, accuracy and distance to the first checkpoint over epochs: means over each title's runs, least to most.

    Each run has the arrays of a journey's record. Dashed: checkpoints at the epochs `marks`; `chance` is the accuracy
    of guessing in %. Accuracies are shown from the least on that comes after half of the way to the first checkpoint.
    """
    groups = {title: runs for title, runs in groups.items() if runs}
    if not groups:
        return empty(NOTHING)
    with canvas(2, 2, width=3.3, height=2.6, sharex=True) as (figure, axes):
        for axis, (name, label) in zip(axes.flat, CURVES.items(), strict=True):
            _draw(axis, groups, name)
            checkpoints(axis, marks)
            axis.set_title(label, fontsize=TITLE)
        axes[0, 0].set_yscale("log")
        plain_log(axes[0, 0].yaxis)
        _from_half_way(axes[0, 1], groups, marks[0])
        axes[0, 1].set_title(f"{CURVES['accuracy']} (chance {chance:g})", fontsize=TITLE)
        for axis in axes[1]:
            axis.set(xlabel="epoch", ylim=(0, None))
            axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        legend_below(figure, axes[0, 0])
    return figure


def demonstrated_journeys(table: pd.DataFrame, *, mark: int, chance: float) -> Figure:
    """Test accuracy (%) and squared distance to the checkpoint over epochs, a line a strength (n = 1 each).

    One row a reading: `strength`, `epoch`, `accuracy`, `squared_distance`. Dashed: the checkpoint after epoch `mark`,
    and the accuracy there; `chance` is that of guessing, in %.
    """
    if table.empty:
        return empty("no journey has been made")
    with canvas(1, 2, width=3.3, height=3.0) as (figure, axes):
        for place, (strength, part) in enumerate(table.groupby("strength")):
            for axis, name in zip(axes[0], ("accuracy", "squared_distance"), strict=True):
                axis.plot(part.epoch, part[name], label=f"s = {strength:g}, n = 1", **look(place))
        for axis, name in zip(axes[0], ("accuracy", "squared_distance"), strict=True):
            checkpoints(axis, [mark])
            axis.set(xlabel="epoch", title=CURVES[name])
            axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes[0, 0].set_title(f"{CURVES['accuracy']} (chance {chance:g})", fontsize=TITLE)
        axes[0, 0].axhline(table[table.epoch == mark].accuracy.mean(), zorder=0, **CHANCE)
        legend_below(figure, axes[0, 0], columns=3)
    return figure


def _draw(axis: Any, groups: Groups, name: str) -> None:
    """Curves of one name; of what has a value for each checkpoint the first one's."""
    for place, (title, runs) in enumerate(groups.items()):
        values = np.stack([_first(each[name]) for each in runs])
        label = f"{title}, n = {len(runs)}"
        mean_and_range(axis, np.asarray(runs[0]["epoch"]), values, label=label, **look(place))


def _from_half_way(axis: Any, groups: Groups, mark: int) -> None:
    """Leave room for a dip after the checkpoint, which the first epochs' rise would hide."""
    late = [
        np.asarray(each["accuracy"])[np.asarray(each["epoch"]) >= mark / 2] for runs in groups.values() for each in runs
    ]
    lowest, highest = min(each.min() for each in late), max(each.max() for each in late)
    room = 0.06 * max(highest - lowest, 0.1)
    axis.set_ylim(lowest - room, highest + room)


def _first(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    return values if values.ndim == 1 else values[:, 0]


def distance_grids(grids: Mapping[str, Mapping[str, Sequence[Arrays]]], *, mark: int, chance: float) -> Figure:
    """Squared distance from the first checkpoint (above, logarithmic) and test accuracy (below) over epochs since it.

    A column a grid, such as strength and width, whose values have a colour each, dark to light; means over runs. `mark`
    is the epoch of the checkpoint, `chance` an accuracy in %. Dashed: the accuracy at the checkpoint.
    """
    grids = {name: {value: runs for value, runs in grid.items() if runs} for name, grid in grids.items()}
    grids = {name: grid for name, grid in grids.items() if grid}
    if not grids:
        return empty(NOTHING)
    with canvas(2, len(grids), width=3.3, height=2.7, sharex=True, sharey="row") as (figure, axes):
        for column, (name, grid) in zip(axes.T, grids.items(), strict=True):
            _draw_grid(column, grid, mark=mark)
            count = sorted({len(runs) for runs in grid.values()})
            column[0].set_title(f"{name}, n = {'-'.join(map(str, count))}", fontsize=TITLE)
            column[0].legend(fontsize=SMALL, title=name, title_fontsize=SMALL, ncols=2)
            column[1].set(xlabel="epochs since the checkpoint")
            column[1].xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes[0, 0].set(yscale="log", ylabel="squared distance")
        plain_log(axes[0, 0].yaxis)
        axes[1, 0].set_ylabel(f"test accuracy, % (chance {chance:g})")
    return figure


def _draw_grid(axes: np.ndarray, grid: Groups, *, mark: int) -> None:
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(grid)))
    before = []
    for colour, (value, runs) in zip(colours, grid.items(), strict=True):
        epochs = np.asarray(runs[0]["epoch"], dtype=float) - mark
        for axis, name in zip(axes, ("squared_distance", "accuracy"), strict=True):
            values = np.stack([_first(each[name]) for each in runs])
            since = epochs > 0 if name == "squared_distance" else epochs >= 0
            axis.plot(epochs[since], values[:, since].mean(0), color=colour, label=value, linewidth=1.5)
        before.append(values[:, epochs == 0].mean())
    axes[1].axhline(np.mean(before), zorder=0, **CHANCE)


def directions(groups: Groups, *, marks: Sequence[int]) -> Figure:
    """What the push does to the gradient of the loss over epochs: means over each title's runs, from least to most.

    Cosine and ratio of length of the loss's gradient and the full one, cosine of it and the push, and the penalty.
    Dashed: checkpoints, and what would be seen without a push.
    """
    groups = {title: runs for title, runs in groups.items() if runs}
    if not groups:
        return empty(NOTHING)
    with canvas(2, 2, width=3.3, height=2.6, sharex=True) as (figure, axes):
        for axis, (name, (label, none)) in zip(axes.flat, DIRECTIONS.items(), strict=True):
            _draw(axis, groups, name)
            checkpoints(axis, marks)
            if none is not None:
                axis.axhline(none, zorder=0, **CHANCE)
            axis.set_title(label, fontsize=TITLE)
        _logarithmic(axes[1, 1])
        for axis in axes[1]:
            axis.set_xlabel("epoch")
            axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        legend_below(figure, axes[0, 0])
    return figure


def _logarithmic(axis: Any) -> None:
    """A scale on which penalties of all strengths can be seen, where there are any."""
    highest = max(line.get_ydata().max(initial=0) for line in axis.lines if len(line.get_ydata()) > 2)
    if highest > 0:
        axis.set(yscale="log", ylim=(LEAST_PENALTY * highest, 2 * highest))
