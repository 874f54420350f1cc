"""Figures of journeys away from checkpoints: curves over epochs, directions of steps, and paths in the loss."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from .marks import NOTHING, SMALL, TITLE, Arrays, checkpoints, legend_below, look, mean_and_range
from .style import CHANCE, VERMILION, canvas, empty, plain_log

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
LEVELS = 12  # of a surface
MOST_PANELS = 2  # side by side on a phone
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


def _draw_grid(axes: Sequence[Any], grid: Groups, *, mark: int) -> None:
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


def path_planes(paths: Mapping[str, Arrays], *, marks: Sequence[int]) -> Figure:
    """Paths of single journeys (n = 1) in the planes of their largest spread, with the training loss around.

    Circle: start, squares: checkpoints at the epochs `marks`, star: end. Colours are loss on a logarithmic scale that
    all panels share; axis labels say how much of the path's spread lies along each. Raises `ValueError` for more than
    two journeys.
    """
    if len(paths) > MOST_PANELS:
        raise ValueError(f"paths must be at most {MOST_PANELS}, got {len(paths)}")
    if not paths:
        return empty(NOTHING)
    losses = np.concatenate([np.ravel(each["surface_loss"]).astype(float) for each in paths.values()])
    levels = _levels(losses[np.isfinite(losses)])
    with canvas(1, len(paths), width=3.3 if len(paths) > 1 else 4.8, height=3.6) as (figure, axes):
        for axis, (title, found) in zip(axes[0], paths.items(), strict=True):
            filled = _draw_surface(axis, found, levels)
            _draw_path(axis, found, marks)
            axis.set_title(f"{title}, n = 1", fontsize=TITLE)
        bar = figure.colorbar(filled, ax=list(axes[0]), location="bottom", label="training loss, nats", shrink=0.8)
        bar.set_ticks(levels[:: max(1, len(levels) // 5)])
        bar.ax.xaxis.set_major_formatter("{x:.2g}")
        bar.ax.minorticks_off()
        legend_below(figure, axes[0, 0], columns=4)
    return figure


def _levels(losses: np.ndarray) -> np.ndarray:
    lowest, highest = max(losses.min(), 1e-6), losses.max()
    return np.geomspace(lowest * 0.999, max(highest, 1.01 * lowest) * 1.001, LEVELS)


def _draw_surface(axis: Any, found: Arrays, levels: np.ndarray) -> Any:
    loss = np.asarray(found["surface_loss"], dtype=float)
    loss = np.where(np.isfinite(loss), loss, levels[-1]).clip(levels[0], levels[-1])
    norm = LogNorm(levels[0], levels[-1])
    across, up = (np.asarray(found[f"surface_{name}"], dtype=float) for name in ("across", "up"))
    axis.contour(across, up, loss, levels=levels, colors="white", linewidths=0.4)
    return axis.contourf(across, up, loss, levels=levels, norm=norm, cmap="cividis", zorder=0)


def _draw_path(axis: Any, found: Arrays, marks: Sequence[int]) -> None:
    path, epochs = np.asarray(found["path"], dtype=float), np.asarray(found["path_epoch"])
    outline = [withStroke(linewidth=2.4, foreground="black")]
    axis.plot(*path.T, ".-", color="white", markersize=4, linewidth=1.2, path_effects=outline)
    chosen = {"start": ("o", [0]), "checkpoint": ("s", np.flatnonzero(np.isin(epochs, marks))), "end": ("*", [-1])}
    for name, (marker, places) in chosen.items():
        size = 12 if marker == "*" else 7
        style = {"color": VERMILION, "markeredgecolor": "white", "markersize": size, "linestyle": ""}
        axis.plot(*path[places].T, marker, label=name, **style)
    for set_label, share in zip((axis.set_xlabel, axis.set_ylabel), found["path_explained"], strict=True):
        if math.isfinite(share):
            set_label(f"{100 * share:.3g}% of the spread")
