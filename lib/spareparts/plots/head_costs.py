"""Figures of what a classifier costs: time by size, accuracy beside cost, and its share of a network's parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ..style import BLUE, CHANCE, GREEN, ORANGE, PALETTE, VERMILION, canvas, empty

SMALL = 8  # points, of legends
LOOKS = ((BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "^", "-."))
SIDEWAYS = 1.06
MARKS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "h", "d")


def head_times(
    rows: pd.DataFrame, *, heads: Mapping[str, str], crossings: Mapping[tuple[str, int], float | None]
) -> Figure:
    """Milliseconds of a pass against the number of features, with as many classes: phases in columns, batches in rows.

    One row a measured head: `head`, `phase`, `batch`, `features`, `median_milliseconds`. `crossings` says for a phase
    and batch from which size the Hadamard head is faster than the learned one: dashed. Both axes are logarithmic.
    """
    if rows.empty:
        return empty("no records yet")
    batches, phases = sorted(rows.batch.unique(), reverse=True), ("training", "inference")
    with canvas(len(batches), 2, width=3.3, height=2.7, sharex=True) as (figure, axes):
        for line, batch in zip(axes, batches, strict=True):
            for axis, phase in zip(line, phases, strict=True):
                part = rows[(rows.batch == batch) & (rows.phase == phase)]
                _draw_times(axis, part, heads)
                if (found := crossings.get((phase, batch))) is not None:
                    axis.axvline(found, **CHANCE)
                most = part.groupby(["head", "features"]).size().max() if len(part) else 0
                axis.set_title(f"{phase}, batch {batch}, n = {most}", fontsize=9)
                axis.set(xscale="log", yscale="log")
            line[0].set_ylabel("ms")
        for axis in axes[-1]:
            axis.set_xlabel("features and classes")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=SMALL)
    return figure


def _draw_times(axis: Any, part: pd.DataFrame, heads: Mapping[str, str]) -> None:
    for (head, title), (colour, marker, line) in zip(heads.items(), LOOKS, strict=False):
        times = part[part["head"] == head].groupby("features").median_milliseconds.min()
        axis.plot(times.index, times, line, color=colour, marker=marker, markersize=4, label=title)


def cost_and_accuracy(table: pd.DataFrame) -> Figure:
    """What each head changes in accuracy, against its trained parameters (left) and the time of its training step.

    One row a head: `head`, `parameters`, `time` (that of a learned head is 1; NaN where it was not measured), `change`
    (points of accuracy against a learned head, mean), `low`, `high` (its interval) and `n`. Dashed: a learned head.
    On the left marks are spread a little sideways, so that heads with equal numbers can be told apart.
    """
    if table.empty:
        return empty("no records yet")
    with canvas(1, 2, width=3.3, height=4.2, sharey=True) as (figure, axes):
        for axis, column in zip(axes[0], ("parameters", "time"), strict=True):
            known = table.dropna(subset=[column])
            for place, (_, row) in enumerate(table.iterrows()):
                if row["head"] in set(known["head"]):
                    # heads with equal numbers of parameters stand side by side
                    aside = SIDEWAYS ** (place - len(table) / 2) if column == "parameters" else 1
                    _draw_head(axis, row, x=aside * float(row[column]), place=place)
            axis.axhline(0, **CHANCE)
            axis.set(xscale="log")
            axis.margins(x=0.15)
        axes[0, 0].set(xlabel="trained parameters of the head", ylabel="change of accuracy, points")
        axes[0, 1].set(xlabel="time of its training step, learned = 1")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=SMALL)
    return figure


def _draw_head(axis: Any, row: pd.Series, *, x: float, place: int) -> None:
    """A mark with its interval."""
    colour = PALETTE[place % len(PALETTE)]
    axis.plot([x, x], [row.low, row.high], color=colour, linewidth=1.2)
    label = f"{row['head']}, n = {int(row.n)}"
    axis.plot([x], [row.change], MARKS[place % len(MARKS)], color=colour, markersize=6, label=label)


def parameter_shares(names: Sequence[str], ours: Sequence[float], published: Sequence[float | None]) -> Figure:
    """Share (%) of a network's parameters in its classifier: bars as counted, bars across as published.

    For language models the classifier includes the embedding. Counting has no chance level and no n.
    """
    if not names:
        return empty("nothing was counted")
    with canvas(1, 1, width=5.2, height=0.8 + 0.3 * len(names)) as (_, axes):
        axis, places = axes[0, 0], range(len(names))
        axis.barh(places, ours, color=BLUE, alpha=0.75, label="counted")
        known = [(place, share) for place, share in zip(places, published, strict=True) if share is not None]
        axis.plot(
            [share for _, share in known],
            [place for place, _ in known],
            "|",
            color=VERMILION,
            markersize=14,
            markeredgewidth=2.5,
            label="published",
        )
        for place, share, other in zip(places, ours, published, strict=True):
            axis.text(max(share, other or 0) + 1.5, place, f"{share:.3g}", va="center", fontsize=8, color="#555555")
        axis.set(xlim=(0, 105), xlabel="share of the parameters, %")
        axis.set_yticks(places, names)
        axis.invert_yaxis()
        axis.legend(fontsize=SMALL, loc="center right")
    return axis.figure
