"""Figures of the theories of overparameterization: XORD, filters, tickets, width, teacher and student."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import hypergeom

from ..style import BLUE, CHANCE, GREEN, GREY, ORANGE, PALETTE, VERMILION, canvas, empty
from .marks import NOTHING

ARMS = {"rewound": (BLUE, "o"), "late": (GREEN, "^"), "resampled": (ORANGE, "s")}
ARM_LABELS = {"rewound": "own weights", "late": "own weights, later", "resampled": "new weights"}
LAYERS = {"first": (ORANGE, "s", "first layer"), "both": (BLUE, "o", "both layers")}
STATES = {"trained": (BLUE, "-"), "untrained": (GREY, "--")}
SMALL = 8  # points, of legends
SHOWN = {"removable": (0, 1, 3), "repeated": (4, 2, 0)}  # of the thresholds that are measured


def xord_errors(rows: pd.DataFrame) -> Figure:
    """Layers that fit, their test error, patterns found and angles, against k: a line for each training set size.

    One row a layer: `units`, `train_samples`, `fitted`, `test_error` (%), `found` (0 to 4), `angle` (degrees to the
    nearest pattern). All but the first are means over the layers that fit; bars are two standard errors.
    """
    if rows.empty:
        return empty(NOTHING)
    panels = {
        "fitted": "share of layers that fit",
        "test_error": "test error (%)",
        "found": "patterns found, of 4",
        "angle": "angle to a pattern (degrees)",
    }
    with canvas(2, 2, width=3.3, height=2.6) as (figure, axes):
        for (samples, part), colour in zip(rows.groupby("train_samples"), PALETTE, strict=False):
            for axis, name in zip(axes.flat, panels, strict=True):
                used = part if name == "fitted" else part[part.fitted]
                _means_by_units(axis, used, name, color=colour, label=f"{samples:g}")
        for axis, label in zip(axes.flat, panels.values(), strict=True):
            axis.set(xscale="log", xlabel="filters of each sign, k", ylabel=label)
            _whole_ticks(axis, rows.units)
        axes[0, 1].axhline(50, **CHANCE)
        axes[1, 1].axhline(22.5, **CHANCE)
        each = int(rows.groupby(["units", "train_samples"]).size().max())
        axes[0, 0].set_title(f"n = {each} layers a point", fontsize=9)
        axes[0, 1].set_title("of layers that fit; dashed: chance", fontsize=9)
        axes[0, 0].legend(title="training inputs", fontsize=SMALL, title_fontsize=SMALL)
    return figure


def _means_by_units(axis: Any, rows: pd.DataFrame, name: str, **look: Any) -> None:
    """A column's mean for each number of units, with bars of two standard errors."""
    groups = rows[name].astype(float).groupby(rows.units)
    means, bars = groups.mean(), 2 * groups.std() / np.sqrt(groups.count())
    axis.errorbar(means.index, means, bars, fmt="o-", markersize=4, **look)


def filter_angles(angles: Mapping[str, Sequence[np.ndarray]]) -> Figure:
    """Angles to the nearest of four centres: each kind of filters (name to one array a network) as a distribution.

    The kinds are those that the experiment measures; bands of the untrained filters are where chance lies.
    """
    if not angles or not any(len(each) for each in angles.values()):
        return empty(NOTHING)
    looks = {
        "trained": ("trained", BLUE, "-"),
        "untrained": ("untrained", GREY, "-"),
        "centred": ("trained, mean removed", BLUE, ":"),
        "untrained_centred": ("untrained, mean removed", GREY, ":"),
        "spectrum": ("random, trained spectrum", VERMILION, "--"),
    }
    with canvas(1, 1, width=4.6, height=3.4) as (figure, axes):
        axis = axes[0, 0]
        for name, each in angles.items():
            label, colour, line = looks[name]
            values = np.sort(np.concatenate([np.asarray(one, dtype=float) for one in each]))
            axis.plot(values, np.arange(1, len(values) + 1) / len(values), line, color=colour, label=label)
        axis.set(xlabel="angle to the own centre (degrees)", ylabel="share of filters", ylim=(0, 1))
        networks = max(len(each) for each in angles.values())
        axis.set_title(f"n = {networks} networks; grey: chance", fontsize=9)
        figure.legend(fontsize=SMALL, loc="outside lower center", ncols=2)
    return figure


def ticket_accuracies(rows: pd.DataFrame, *, titles: Mapping[str, str], chance: float = 10.0) -> Figure:
    """Accuracy of tickets against what is kept: seeds as points, means joined, a panel for each of `titles`.

    One row a ticket: `group` (a key of `titles`), `seed`, `kept` (share), `arm` (rewound, late, resampled), `accuracy`
    (%), and `unpruned` (%), the accuracy of the whole network, whose mean is the dotted line.
    """
    if rows.empty:
        return empty(NOTHING)
    with canvas(1, len(titles), width=3.3, height=3.0, sharey=True) as (figure, axes):
        for axis, (group, title) in zip(axes[0], titles.items(), strict=True):
            part = rows[rows.group == group]
            for place, (arm, (colour, marker)) in enumerate(ARMS.items()):
                own = part[part.arm == arm]
                if len(own):
                    means = own.groupby("kept").accuracy.mean()
                    axis.plot(
                        own.kept * 1.05 ** (place - 1), own.accuracy, marker, color=colour, markersize=3, alpha=0.5
                    )
                    axis.plot(means.index, means, color=colour, label=ARM_LABELS[arm])
            axis.axhline(part.unpruned.mean(), color="black", linestyle=":", linewidth=1, label="unpruned")
            axis.set(xscale="log", xlabel="share kept")
            axis.set_xticks(sorted(part.kept.unique()), [f"{kept:.2g}" for kept in sorted(part.kept.unique())])
            axis.minorticks_off()
            axis.set_title(f"{title}, n = {part.seed.nunique()}", fontsize=9)
        axes[0, 0].set_ylabel(f"test accuracy (%), chance {chance:g}")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=SMALL)
    return figure


def survivors(
    counts: Mapping[str, Sequence[np.ndarray]], *, fan_in: Mapping[str, int], titles: Mapping[str, str]
) -> Figure:
    """Surviving weights per unit of some layers (name to one array of units a network), and what chance would leave.

    The dashed line is the hypergeometric null: survivors drawn from the layer's weights without any preference.
    """
    if not counts or not any(len(each) for each in counts.values()):
        return empty(NOTHING)
    with canvas(1, len(counts), width=3.3, height=2.8) as (figure, axes):
        for axis, (layer, each) in zip(axes[0], counts.items(), strict=True):
            units, joined = len(each[0]), np.concatenate(each).astype(int)
            kept = round(float(np.mean([one.sum() for one in each])))
            values = np.arange(joined.max() + 2)
            bins = np.linspace(0, joined.max() + 1, min(40, joined.max() + 2)) - 0.5
            axis.hist(joined, bins=bins, density=True, color=BLUE, alpha=0.6, label="tickets")
            null = hypergeom(units * fan_in[layer], fan_in[layer], kept).pmf(values)
            axis.plot(values, null, label="chance", **CHANCE)
            axis.set(xlabel="surviving weights of a unit", ylabel="density")
            axis.set_title(f"{titles[layer]}, n = {len(each)} x {units} units", fontsize=9)
        axes[0, 0].legend(fontsize=SMALL)
    return figure


def unit_shares(
    rows: pd.DataFrame,
    *,
    drops: Sequence[float],
    correlations: Sequence[float],
    shown: Mapping[str, Sequence[int]] = SHOWN,
) -> Figure:
    """Removable (left) and repeated units (right) against width, trained (blue) and untrained (grey).

    One row a network: `width`, `seed`, and lists `trained_removable`, `untrained_removable` (for each of `drops`, in
    points), `trained_repeated`, `untrained_repeated` (for each of `correlations`). Means over seeds; the thresholds at
    the places `shown` of each kind are the lines, the strictest first and the thickest.
    """
    if rows.empty:
        return empty(NOTHING)
    with canvas(1, 2, width=3.3, height=3.0) as (figure, axes):
        for axis, kind, levels in zip(axes[0], ("removable", "repeated"), (drops, correlations), strict=True):
            places = shown[kind]
            for thickness, place in zip((2.2, 1.5, 0.9), places, strict=False):
                for state, (colour, line) in STATES.items():
                    values = rows.assign(share=rows[f"{state}_{kind}"].str[place]).groupby("width").share.mean()
                    axis.plot(values.index, values, line, color=colour, linewidth=thickness, marker="o", markersize=3)
            axis.set(xscale="log", xlabel="units of the first layer", ylim=(-0.02, 1.02), ylabel=f"{kind} units")
            _whole_ticks(axis, rows.width)
            told = ", ".join(f"{levels[place]:g}" for place in places)
            axis.set_title(f"{'drop up to' if kind == 'removable' else 'correlation above'} {told}", fontsize=9)
        for state, (colour, line) in STATES.items():
            axes[0, 1].plot([], [], line, color=colour, label=state)
        axes[0, 1].legend(title=f"n = {rows.seed.nunique()} seeds", fontsize=SMALL, title_fontsize=SMALL)
    return figure


def distance_and_gap(rows: pd.DataFrame, *, layer: str = "fc1") -> Figure:
    """Distance from initialization and generalization gap of networks that fit, against width: seeds, and their mean.

    One row a network: `width`, `seed`, `<layer>_distance`, `<layer>_unit_distance`, `gap` (points) and `steps`.
    """
    if rows.empty:
        return empty(NOTHING)
    panels = {
        f"{layer}_distance": "distance, whole layer",
        f"{layer}_unit_distance": "distance of a unit",
        "gap": "generalization gap (points)",
        "steps": "steps until all is fitted",
    }
    with canvas(2, 2, width=3.3, height=2.6) as (figure, axes):
        for axis, (name, label) in zip(axes.flat, panels.items(), strict=True):
            axis.plot(rows.width, rows[name], "o", color=BLUE, markersize=3, alpha=0.5)
            axis.plot(rows.groupby("width")[name].mean(), color=BLUE)
            axis.set(xscale="log", xlabel="units of the first layer", ylabel=label)
            axis.set_ylim(bottom=0)
            _whole_ticks(axis, rows.width)
        axes[0, 0].set_title(f"n = {rows.seed.nunique()} seeds", fontsize=9)
        axes[1, 0].set_title("0: as good on new images", fontsize=9)
    return figure


def student_errors(rows: pd.DataFrame) -> Figure:
    """Error of students, and how many of their units share a teacher unit's work, against their width.

    One row a student: `units`, `layers` (first or both), `error`, `averaging`. Points are students, lines geometric
    means; sharing as widely as possible would lie on the dashed line.
    """
    if rows.empty:
        return empty(NOTHING)
    with canvas(1, 2, width=3.3, height=3.0) as (figure, axes):
        for place, (layers, (colour, marker, label)) in enumerate(LAYERS.items()):
            part = rows[rows.layers == layers]
            for axis, name in zip(axes[0], ("error", "averaging"), strict=True):
                axis.plot(part.units + 0.2 * place - 0.1, part[name], marker, color=colour, markersize=3, alpha=0.35)
                means = np.exp(np.log(part[name].clip(lower=1e-300)).groupby(part.units).mean())
                axis.plot(means.index, means, color=colour, label=label)
        widths = sorted(rows.units.unique())
        axes[0, 0].set(yscale="log", xlabel="units of the student", ylabel="generalization error", xticks=widths)
        axes[0, 1].set(xlabel="units of the student", ylabel="units that share a teacher unit", xticks=widths)
        axes[0, 1].plot(widths, widths, label="all of them", **CHANCE)
        each = int(rows.groupby(["units", "layers"]).size().max())
        axes[0, 0].set_title(f"n = {each} students a point", fontsize=9)
        axes[0, 0].legend(fontsize=SMALL)
        axes[0, 1].legend(fontsize=SMALL)
    return figure


def student_overlaps(students: Mapping[str, np.ndarray]) -> Figure:
    """Overlaps of a student's units with its teacher's, weighted by the student's outputs: a panel a student.

    Each array is (units, teacher units), title to values. A student that averages has several units of the same sign in
    a column; one that does not has one, and empty rows.
    """
    if not students:
        return empty(NOTHING)
    limit = max(float(np.abs(values).max()) for values in students.values())
    with canvas(1, len(students), width=1.9, height=3.0) as (figure, axes):
        for axis, (title, values) in zip(axes[0], students.items(), strict=True):
            image = axis.imshow(values, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
            axis.set(xticks=range(values.shape[1]), yticks=range(len(values)), xlabel="teacher unit")
            axis.set_xticklabels([str(unit + 1) for unit in range(values.shape[1])])
            axis.set_yticklabels([str(unit + 1) for unit in range(len(values))])
            axis.set_title(f"{title}, n = 1", fontsize=9)
        axes[0, 0].set_ylabel("student unit")
        figure.colorbar(image, ax=axes[0, -1], label="output x overlap; 0: none")
    return figure


def _whole_ticks(axis: Any, column: pd.Series) -> None:
    values = sorted(column.unique().tolist())
    axis.set_xticks(values, [f"{value:g}" for value in values])
    axis.minorticks_off()
