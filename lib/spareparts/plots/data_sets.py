"""Figures of one comparison on many data sets."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scikit_posthocs
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..stats import Ranking
from ..style import BLUE, CHANCE, GREEN, GREY, ORANGE, PALETTE, VERMILION, canvas, empty

SHAPES = ("o", "s", "^", "D")
COLOURS = (BLUE, ORANGE, GREEN, GREY)
SHIFTS = (0.22, 0, -0.22, 0)  # rows hold several shapes
CURVES = (("median", "-", "median"), ("high", "--", "99th percentile"), ("largest", ":", "largest"))
ROW_HEIGHT = 0.19  # inches


def accuracy_differences(table: pd.DataFrame, *, kinds: Mapping[str, str], linear: float = 1.0) -> Figure:
    """Differences of accuracy in points, one row a data set (columns dataset, kind, difference, pairs), best on top.

    `kinds` maps the values of `kind` to titles; a shape each. Blue: above 0, vermilion: below, grey: none. The axis is
    linear up to `linear` points and logarithmic beyond.
    """
    if table.empty:
        return empty("no records yet")
    order = table.groupby("dataset").difference.mean().sort_values().index
    with canvas(1, 1, width=4.7, height=1.5 + ROW_HEIGHT * len(order)) as (figure, axes):
        axis = axes[0, 0]
        axis.axvline(0, **CHANCE)
        for kind, shape, shift in zip(kinds, SHAPES, SHIFTS, strict=False):
            part = table[table.kind == kind]
            places = order.get_indexer(part.dataset) + shift
            colours = np.select([part.difference > 0, part.difference < 0], [BLUE, VERMILION], GREY)
            axis.scatter(part.difference, places, c=colours, marker=shape, s=26, linewidths=0, alpha=0.9)
        axis.set_xscale("symlog", linthresh=linear, linscale=1.2)
        axis.xaxis.set_major_formatter("{x:g}")
        _name_rows(axis, list(order))
        axis.set_xlabel(f"difference of accuracy, points\n{_size(table)}")
        figure.legend(handles=_keys(kinds, ["#444444"] * len(SHAPES)), loc="outside upper center", ncols=len(kinds))
    return figure


def _size(table: pd.DataFrame) -> str:
    """On how much a figure stands."""
    return f"{table.dataset.nunique()} data sets, {table.pairs.sum()} pairs of networks"


def _name_rows(axis: Any, names: Sequence[str]) -> None:
    """Data sets along the vertical axis, with light lines that lead the eye."""
    axis.set(yticks=range(len(names)), ylim=(-0.7, len(names) - 0.3))
    axis.set_yticklabels(names, fontsize=8)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    axis.set_axisbelow(True)


def _keys(kinds: Mapping[str, str], colours: Sequence[str]) -> list[Line2D]:
    """What the shapes (and colours) of a figure stand for."""
    return [
        Line2D([], [], marker=shape, linestyle="", color=colour, label=name)
        for shape, colour, name in zip(SHAPES, colours, kinds.values(), strict=False)
    ]


def specialized_shares(table: pd.DataFrame, *, kinds: Mapping[str, str]) -> Figure:
    """Shares of specialised neurons in % (columns dataset, kind, first, second, ceiling, pairs), a row a set.

    Open: the baseline; filled: with class rates, often within the former; black bars: the ceiling.
    """
    if table.empty:
        return empty("no records yet")
    order = table.groupby("dataset")["first"].mean().sort_values().index
    with canvas(1, 1, width=4.7, height=1.5 + ROW_HEIGHT * len(order)) as (figure, axes):
        axis = axes[0, 0]
        for kind, shape, colour, shift in zip(kinds, SHAPES, COLOURS, SHIFTS, strict=False):
            part = table[table.kind == kind]
            places = order.get_indexer(part.dataset) + shift
            axis.scatter(part["first"], places, marker=shape, s=26, facecolors="none", edgecolors=colour)
            axis.scatter(part["second"], places, marker=shape, s=12, color=colour, linewidths=0)
        ceilings = table.groupby("dataset").ceiling.first().reindex(order)
        axis.plot(ceilings, range(len(order)), "|", color="black", markersize=9, markeredgewidth=1.6)
        _name_rows(axis, list(order))
        axis.set_xlim(-3, 103)
        axis.set_xlabel(f"specialised neurons, %\n{_size(table)}")
        top = Line2D([], [], marker="|", linestyle="", color="black", markersize=9, label="ceiling")
        figure.legend(handles=[*_keys(kinds, COLOURS), top], loc="outside upper center", ncols=4)
    return figure


def critical_differences(ranking: Ranking | None, *, alpha: float = 0.05) -> Figure:
    """Mean ranks (1 is best); bars join methods that Nemenyi's test does not tell apart at `alpha`."""
    if ranking is None:
        return empty("no records yet")
    with canvas(1, 1, width=5.0, height=1.2 + 0.26 * len(ranking.ranks)) as (figure, axes):
        palette = dict.fromkeys(ranking.ranks.index, "#222222")
        scikit_posthocs.critical_difference_diagram(
            ranking.ranks,
            ranking.p,
            ax=axes[0, 0],
            alpha=alpha,
            left_only=True,
            label_fmt_left="{label} ({rank:.2f})",
            label_props={"fontsize": 9},
            crossbar_props={"color": VERMILION, "linewidth": 2.5},
            color_palette=palette,
        )
        axes[0, 0].set_title(
            f"critical difference {ranking.critical_difference:.2f}, {ranking.n} data sets", fontsize=9
        )
    return figure


def rates_over_training(curves: pd.DataFrame, *, resets: Sequence[int] = ()) -> Figure:
    """Learning rates per weight and class along training (columns step, group, median, high, largest), on a log axis.

    One colour a group: solid the median over weights, dashed the 99th percentile, dotted the largest. Grey: resets.
    """
    if curves.empty:
        return empty("no rates were followed")
    with canvas(1, 1, width=5.0, height=3.2) as (figure, axes):
        axis = axes[0, 0]
        for step in resets:
            axis.axvline(step, color=GREY, linewidth=0.5, alpha=0.5)
        for (group, part), colour in zip(curves.groupby("group"), PALETTE, strict=False):
            for column, line, label in CURVES:
                axis.plot(part.step, part[column], line, color=colour, linewidth=1.4, label=f"{group}, {label}")
        axis.set(yscale="log", xlabel="step", ylabel="rate μ")
        figure.legend(loc="outside upper center", ncols=2, fontsize=8)
    return figure


def remainders(table: pd.DataFrame) -> Figure:
    """Relative remainders against the step size on log axes (columns form, alpha, remainder), one line a proof.

    Dashed grey: a line of slope 1, which is what a remainder of second order shows relative to a first-order term.
    """
    if table.empty:
        return empty("no records yet")
    with canvas(1, 1, width=4.8, height=3.2) as (figure, axes):
        axis = axes[0, 0]
        for (form, part), colour, shape in zip(table.groupby("form"), (BLUE, ORANGE, GREEN), SHAPES, strict=False):
            for number, (_, line) in enumerate(part.groupby("run")):
                look = {"color": colour, "markersize": 4, "linewidth": 0.8, "label": None if number else form}
                axis.plot(line.alpha, line.remainder, f"{shape}-", **look)
        ends = np.array([table.alpha.min(), table.alpha.max()])
        axis.plot(ends, ends * table.remainder.max() / ends[1], label="slope 1", **CHANCE)
        axis.set(xscale="log", yscale="log", ylabel="remainder / growth of μ")
        axis.set_xlabel(f"α ({table.run.nunique()} checks)")
        figure.legend(loc="outside upper center", ncols=4)
    return figure
