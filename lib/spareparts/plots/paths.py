"""Figures of paths in the space of parameters, in the plane of their largest spread with the loss around them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from ..style import VERMILION, canvas, empty
from .marks import NOTHING, TITLE, Arrays, legend_below

LEVELS = 12  # of a surface
MOST_PANELS = 2  # side by side on a phone


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
    within = levels[(levels > loss.min()) & (levels < loss.max())]
    if len(within):
        axis.contour(across, up, loss, levels=within, colors="white", linewidths=0.4)
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
