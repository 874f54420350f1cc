"""Figures of pairs of networks: what lies between them, how differently they behave, and how flat their places are."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ..style import BLUE, CHANCE, GREEN, GREY, ORANGE, canvas, empty
from .marks import NOTHING, SMALL, TITLE, dots, dotted, legend_below, look

WAYS = {  # between two networks
    "line": (BLUE, "-", "o", "straight line"),
    "matched": (GREEN, ":", "^", "line, units matched"),
    "curve": (ORANGE, "--", "s", "fitted curve"),
}
MEASURES = {"errors": "test error, %", "losses": "training loss, nats"}
SQUARED = {  # squared distances of a pair, and what they are of
    "squared_distance": (BLUE, "o", "as they are"),
    "matched_squared_distance": (GREEN, "^", "units matched"),
    "rematched_squared_distance": (ORANGE, "s", "shuffled, then matched"),
    "shuffled_squared_distance": (GREY, "D", "shuffled: chance"),
}
NORMALIZED = {
    "normalized_distance": (BLUE, "o", "as they are"),
    "matched_normalized_distance": (GREEN, "^", "units matched"),
}
Frames = Mapping[str, pd.DataFrame]


def barriers(groups: Frames, *, chance: float, measure: str = "errors") -> Figure:
    """Mean test error (%), or training loss (nats), on the ways from the first network (0) to the second (1).

    A panel a kind of pair (two columns), with the records of its pairs: `line_errors`, `matched_errors` and
    `curve_errors` (or losses), lists over equal steps of the way. Thin lines: pairs; `chance` is what guessing has.
    """
    groups = {title: rows for title, rows in groups.items() if len(rows)}
    if not groups:
        return empty(NOTHING)
    columns = min(2, len(groups))
    lines = -(-len(groups) // columns)
    width = 3.3 if columns > 1 else 4.6
    with canvas(lines, columns, width=width, height=2.5, sharex=True, sharey=True) as (figure, axes):
        for axis, (title, rows) in zip(axes.flat, groups.items(), strict=False):
            for way in WAYS:
                _along(axis, rows, way, measure)
            axis.axhline(chance, zorder=0, label=f"chance, {chance:.3g}", **CHANCE)
            axis.set_title(f"{title}, n = {len(rows)}", fontsize=TITLE)
        for axis in axes.flat[len(groups) :]:
            axis.set_axis_off()
        for axis in axes[:, 0]:
            axis.set_ylabel(MEASURES[measure])
        for axis in axes[-1]:
            axis.set_xlabel("share of the way")
        axes[0, 0].set_ylim(*_limits(groups, chance, measure))
        legend_below(figure, axes[0, 0])
    return figure


def _profiles(rows: pd.DataFrame, name: str) -> np.ndarray:
    """Pairs x places of one way's measure; no pairs where it has not been measured."""
    found = [values for values in rows.get(name, []) if isinstance(values, list | np.ndarray)]
    return np.array(found, dtype=float) if found else np.empty((0, 2))


def _along(axis: Any, rows: pd.DataFrame, way: str, measure: str) -> None:
    colour, line, marker, label = WAYS[way]
    values = _profiles(rows, f"{way}_{measure}")
    if not len(values):
        return
    places = np.linspace(0, 1, values.shape[1])
    axis.plot(places, values.T, color=colour, linewidth=0.5, alpha=0.3)
    axis.plot(places, values.mean(0), color=colour, linestyle=line, marker=marker, markersize=3.5, label=label)


def _limits(groups: Frames, chance: float, measure: str) -> tuple[float, float]:
    """From 0 to a little more than the highest value; chance is shown where that is not far below it."""
    found = [_profiles(rows, f"{way}_{measure}").ravel() for rows in groups.values() for way in WAYS]
    highest = np.nanmax(np.concatenate(found))
    return 0.0, 1.06 * max(highest, chance if highest > chance / 2 else 0.0)


def disagreements(groups: Frames) -> Figure:
    """Share of test images that two networks classify differently (left), and the correlation of their errors (right).

    One line a kind of pair, with the records of its pairs. Grey diamonds: disagreement if both drew their classes from
    their own probabilities, independently; dashed: errors that are independent.
    """
    groups = {title: rows for title, rows in groups.items() if len(rows)}
    if not groups:
        return empty(NOTHING)
    with canvas(1, 2, width=3.3, height=1.3 + 0.42 * len(groups), sharey=True) as (figure, axes):
        left, right = axes[0]
        for place, rows in enumerate(groups.values()):
            dots(left, 100 * _known(rows, "disagreement"), height=place, color=BLUE)
            chance = 100 * _known(rows, "independent_disagreement")
            left.plot([chance.mean()], [place - 0.2], "D", color=GREY, fillstyle="none", markersize=5)
            dots(right, _known(rows, "error_correlation"), height=place, color=BLUE)
        right.axvline(0, zorder=0, **CHANCE)
        left.set(xlabel="disagreement, %", xlim=(0, None), ylim=(len(groups) - 0.5, -0.5))
        right.set(xlabel="correlation of errors", xlim=(min(-0.05, right.get_xlim()[0]), None))
        _titles(left, groups)
        left.plot([], [], "o", color=BLUE, label="pairs, mean", markersize=5)
        left.plot([], [], "D", color=GREY, fillstyle="none", label="chance, by their own probabilities", markersize=5)
        legend_below(figure, left)
    return figure


def _known(rows: pd.DataFrame, name: str) -> np.ndarray:
    return rows[name].astype(float).dropna().to_numpy() if name in rows else np.empty(0)


def _titles(axis: Any, groups: Frames) -> None:
    labels = [f"{title}\nn = {len(rows)}" for title, rows in groups.items()]
    axis.set_yticks(range(len(groups)), labels, fontsize=SMALL)


def pair_distances(groups: Frames) -> Figure:
    """Squared (left) and normalized distance of pairs: as they are, and after matching units by permutation.

    One line a kind of pair, with the records of its pairs: means, 95% intervals and pairs. Units in random order,
    shuffled, show how far apart the same two networks can be written down.
    """
    groups = {title: rows for title, rows in groups.items() if len(rows)}
    if not groups:
        return empty(NOTHING)
    with canvas(1, 2, width=3.3, height=1.3 + 0.62 * len(groups), sharey=True) as (figure, axes):
        for axis, looks in zip(axes[0], (SQUARED, NORMALIZED), strict=True):
            for place, rows in enumerate(groups.values()):
                for step, (name, (colour, marker, _)) in enumerate(looks.items()):
                    height = place + 0.2 * (step - (len(looks) - 1) / 2)
                    dots(axis, _known(rows, name), height=height, apart=0, color=colour, marker=marker)
        for colour, marker, label in SQUARED.values():
            axes[0, 0].plot([], [], marker, color=colour, label=label, markersize=5)
        axes[0, 0].set(xlabel="squared distance", xlim=(0, None), ylim=(len(groups) - 0.5, -0.5))
        axes[0, 1].set(xlabel="normalized distance", xlim=(0, None))
        _titles(axes[0, 0], groups)
        legend_below(figure, axes[0, 0])
    return figure


def loss_rises(groups: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> Figure:
    """How much the training loss rises under random steps, by their length relative to the weights: runs and means.

    Each title has the step sizes and the rises in nats, runs x sizes. Dashed: no rise.
    """
    groups = {title: tuple(map(np.asarray, found)) for title, found in groups.items()}
    groups = {title: found for title, found in groups.items() if len(found[1])}
    if not groups:
        return empty(NOTHING)
    with canvas(1, 1, width=4.6, height=3.2) as (figure, axes):
        axis = axes[0, 0]
        for place, (title, (sizes, rises)) in enumerate(groups.items()):
            style = look(place) | dotted(place) | {"markersize": 5}
            axis.plot(sizes, rises.T, ".", color=style["color"], alpha=0.4, markersize=4)
            axis.plot(sizes, rises.mean(0), label=f"{title}, n = {len(rises)}", **style)
        axis.axhline(0, zorder=0, **CHANCE)
        ticks = sorted({float(size) for sizes, _ in groups.values() for size in sizes})
        axis.set(xscale="log", xlabel="length of the step / of the weights", ylabel="rise of the loss, nats")
        axis.set_yscale("symlog", linthresh=1e-3)
        if all((rises > 0).all() for _, rises in groups.values()):
            axis.set_ylim(bottom=0)
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.xaxis.minorticks_off()
        legend_below(figure, axis)
    return figure
