"""Figures of what a push changes: runs with and without it, by strength and width, ours beside another author's."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..style import BLUE, CHANCE, GREY, ORANGE, VERMILION, canvas, empty, plain_log
from .marks import NOTHING, SMALL, TITLE, dots, dotted, legend_below, look

SIDES = {False: (BLUE, "o", "not pushed", -0.13), True: (ORANGE, "s", "pushed", 0.13)}  # with the place beside the line
AUTHOR = "author"
BAR = {"color": GREY, "linewidth": 6, "solid_capstyle": "butt", "alpha": 0.6}
TICK = {"color": GREY, "linestyle": "", "marker": "|", "markersize": 11, "markeredgewidth": 2}
ENDS = {  # of journeys, by whose they are
    "ours": {"color": BLUE, "linestyle": "", "marker": "o", "markersize": 5},
    AUTHOR: {"color": VERMILION, "linestyle": "", "marker": "s", "markersize": 5, "fillstyle": "none"},
}


def pushed_and_not(rows: pd.DataFrame, *, label: str, log: bool = False) -> Figure:
    """One line a setting, a panel a network: runs without the push and with it, means with 95% intervals.

    One row a run: `network`, `setting`, `pushed`, `value` (what `label` says), `source` (ours, or author: hollow). An
    arrow leads from one mean to the other.
    """
    rows = rows.dropna(subset="value") if len(rows) else rows
    if rows.empty:
        return empty(NOTHING)
    settings = _lines(rows, "network", "setting")
    with _stacked(settings, line=0.52) as (figure, axes):
        for axis, (name, own) in zip(axes, settings.items(), strict=True):
            part = rows[rows.network == name]
            for place, setting in enumerate(own):
                _compare(axis, part[part.setting == setting], place)
            _finish(axis, part, own, log=log)
        axes[-1].set_xlabel(label)
        _keys(figure, axes[0], rows)
    return figure


def _lines(rows: pd.DataFrame, panel: str, line: str) -> dict[str, list[str]]:
    """The lines of each panel, by the columns that name both, in their order."""
    return {name: list(dict.fromkeys(part[line])) for name, part in rows.groupby(panel, sort=False)}


@contextlib.contextmanager
def _stacked(lines: Mapping[str, Sequence[str]], *, line: float, **options: Any) -> Iterator[tuple[Figure, Any]]:
    """Panels with a title above each other, as high as their lines of so many inches need."""
    ratios = [len(own) + 0.9 for own in lines.values()]
    height = (line * sum(ratios) + 0.6) / len(lines)
    options |= {"gridspec_kw": {"height_ratios": ratios}}
    with canvas(len(lines), 1, width=5.8, height=height, **options) as (figure, axes):
        for axis, name in zip(axes[:, 0], lines, strict=True):
            axis.set_title(name, fontsize=TITLE, loc="left")
        yield figure, axes[:, 0]


def _compare(axis: Any, part: pd.DataFrame, place: int) -> None:
    means = []
    for pushed, (colour, marker, _, beside) in SIDES.items():
        side = part[part.pushed == pushed]
        face = "none" if (side.source == AUTHOR).all() else "full"
        values = side.value.to_numpy(float)
        dots(axis, values, height=place + beside, apart=beside, marker=marker, color=colour, fillstyle=face)
        means.append(values.mean() if len(values) else np.nan)
    if np.isfinite(means).all():
        ends = {"xy": (means[1], place), "xytext": (means[0], place)}
        axis.annotate("", **ends, arrowprops={"arrowstyle": "->", "color": GREY, "shrinkA": 0, "shrinkB": 0})


def _finish(axis: Any, part: pd.DataFrame, settings: list[str], *, log: bool) -> None:
    counts = part.groupby(["setting", "pushed"]).size()
    labels = []
    for setting in settings:
        found = [str(counts.get((setting, pushed), 0)) for pushed in SIDES]
        labels.append(f"{setting}, n = {found[0] if len(set(found)) == 1 else ' and '.join(found)}")
    axis.set_yticks(range(len(settings)), labels, fontsize=SMALL)
    axis.set_ylim(len(settings) - 0.45, -0.55)
    if log:
        axis.set_xscale("log")
        plain_log(axis.xaxis)
    axis.margins(x=0.08)


def _keys(figure: Figure, axis: Any, rows: pd.DataFrame) -> None:
    """What colours and fillings mean."""
    for colour, marker, label, _ in SIDES.values():
        axis.plot([], [], marker, color=colour, label=label, markersize=5)
    if (rows.source == AUTHOR).any():
        axis.plot([], [], "o", color=GREY, label="the author's runs", fillstyle="none", markersize=5)
    legend_below(figure, axis, columns=3)


def resting_places(points: pd.DataFrame) -> Figure:
    """Squared distances at which journeys end, a dot a run, beside where a flat loss would have them come to rest.

    One row a journey: `title` (a panel), `push` (a line of it), `source` (ours, or author: hollow), `shell`, `mirror`
    and `end`. Bars lead from the mean shell to the mean mirror image; a tick is one of them alone. Logarithmic.
    """
    if points.empty:
        return empty(NOTHING)
    pushes = _lines(points, "title", "push")
    with _stacked(pushes, line=0.38, sharex=True) as (figure, axes):
        for axis, (title, own) in zip(axes, pushes.items(), strict=True):
            parts = [points[(points.title == title) & (points.push == push)] for push in own]
            for place, part in enumerate(parts):
                _rest(axis, part, place)
            labels = [f"{push}, n = {len(part)}" for push, part in zip(own, parts, strict=True)]
            axis.set_yticks(range(len(own)), labels, fontsize=SMALL)
            axis.set(xscale="log", ylim=(len(own) - 0.5, -0.5))
        axes[-1].set_xlabel("squared distance from the checkpoint")
        axes[0].plot([], [], label="from the shell to the mirror image", **BAR)
        for who, style in ENDS.items():
            axes[0].plot([], [], label=f"end of a journey, {who}", **style)
        legend_below(figure, axes[0], columns=1)
    return figure


def _rest(axis: Any, part: pd.DataFrame, place: int) -> None:
    """One push: where its journeys would rest, and where they end."""
    places = part[["shell", "mirror"]].mean()
    known = places[np.isfinite(places) & (places > 0)].to_numpy()
    axis.plot(known, np.full(len(known), place), **(BAR if len(known) > 1 else TICK))
    for who, found in part.groupby("source"):
        axis.plot(found.end, np.full(len(found), place), **ENDS[who])


def setting_grid(rows: pd.DataFrame, *, label: str) -> Figure:
    """Squared distance at the end (left) and points of accuracy gained over no push (right) against a setting.

    One row a run: `line`, `value` (of the setting that `label` names, more than 0), `distance`, `gain` (NaN where it is
    not known). Dots: runs; lines join means; logarithmic. Dashed: no gain.
    """
    if rows.empty:
        return empty(NOTHING)
    with canvas(1, 2, width=3.3, height=3.3) as (figure, axes):
        for place, (title, part) in enumerate(rows.groupby("line", sort=False)):
            counts = sorted(set(part.groupby("value").size()))
            name = f"{title}, n = {' to '.join(map(str, (counts[0], counts[-1])[: len(counts)]))}"
            for axis, column in zip(axes[0], ("distance", "gain"), strict=True):
                _by_value(axis, part.dropna(subset=column), column, place, name)
        values = sorted(rows.value.unique())
        for axis, title in zip(axes[0], ("squared distance at the end", "gain in accuracy, points"), strict=True):
            axis.set(xscale="log", xlabel=label)
            axis.set_title(title, fontsize=TITLE)
            axis.set_xticks(values, [f"{value:g}" for value in values])
            axis.xaxis.minorticks_off()
        axes[0, 0].set_yscale("log")
        plain_log(axes[0, 0].yaxis)
        axes[0, 1].axhline(0, zorder=0, **CHANCE)
        legend_below(figure, axes[0, 0])
    return figure


def _by_value(axis: Any, part: pd.DataFrame, column: str, place: int, name: str) -> None:
    style = look(place) | dotted(place)
    means = part.astype({column: float}).groupby("value")[column].mean()
    axis.plot(part.value, part[column].astype(float), ".", color=style["color"], markersize=4, alpha=0.5)
    axis.plot(means.index, means, markersize=5, label=name, **style)
