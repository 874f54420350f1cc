"""What a figure draws, as a table: every point, line, bar and cell with its panel and its entry in the legend."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection, PathCollection, PolyCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.legend import Legend

MEDIA = "application/vnd.spareparts.figure+csv"  # of the table beside the picture in an executed notebook
Part = tuple[str, Any, Any, np.ndarray]  # its kind, what drew it, its colour or colours, its points


def table(figure: Figure) -> pd.DataFrame:
    """One row a point: panel, kind (point, line, bar, interval, band or cell), series, and its place on both axes.

    Where ticks are words, `x name` and `y name` have the nearest. A series that the legend does not name has its
    colour. Marks across a whole panel, and text, are left out.
    """
    panels = [axes for axes in figure.axes if not hasattr(axes, "_colorbar")]
    names = _entries([*figure.legends, *filter(None, (axes.get_legend() for axes in panels))])
    rows = []
    for number, axes in enumerate(panels, start=1):
        sides = {"x": _words(axes.xaxis), "y": _words(axes.yaxis)}
        named = {"title": axes.get_title(), "x axis": axes.get_xlabel(), "y axis": axes.get_ylabel()}
        about = {"panel": number} | {name: " ".join(text.split()) for name, text in named.items()}  # on one line
        for part, (kind, artist, colours, points) in enumerate(_parts(axes), start=1):
            shades, label = itertools.cycle(_shades(colours)), str(artist.get_label())
            for place, shade in zip(np.ma.filled(points, np.nan), shades, strict=False):
                row = dict(zip(("x", "y", "value"), place, strict=False))
                row |= {f"{side} name": _nearest(row[side], words) for side, words in sides.items()}
                series = names.get(shade, shade) if label.startswith("_") or not label else label
                rows.append(about | {"kind": kind, "part": part, "series": series} | row)
    return pd.DataFrame(rows).replace("", np.nan).dropna(axis=1, how="all")


def bundle(figure: Figure) -> dict[str, str]:
    """The table as one more output of a notebook's cell."""
    found = table(figure)
    return {MEDIA: found.to_csv(index=False, float_format="%.6g")} if len(found) else {}


def _parts(axes: Axes) -> Iterator[Part]:
    """All that is drawn in a panel from data."""
    for line in axes.lines:
        if line.get_transform() == axes.transData:
            yield "point" if line.get_linestyle() == "None" else "line", line, line.get_color(), line.get_xydata()
    for bars in axes.containers:
        if isinstance(bars, BarContainer) and len(bars):  # a point each: the middle of its side, and how long it is
            x, y, width, height = np.array([bar.get_bbox().bounds for bar in bars]).T
            lying = bars.orientation == "horizontal"
            ends = (width, y + height / 2) if lying else (x + width / 2, height)
            yield "bar", bars, [bar.get_facecolor() for bar in bars], np.stack(ends, 1)
    for drawn in (*axes.collections, *axes.images):
        yield from _collected(axes, drawn)


def _collected(axes: Axes, drawn: Any) -> Iterator[Part]:
    """What is drawn many at a time: dots, intervals, bands and the cells of a heat map (column, row, value)."""
    if isinstance(drawn, PathCollection):
        yield "point", drawn, drawn.get_facecolor(), drawn.get_offsets()
    elif isinstance(drawn, LineCollection) and drawn.get_transform() == axes.transData:
        for segment, shade in zip(drawn.get_segments(), itertools.cycle(drawn.get_color()), strict=False):
            yield "interval", drawn, shade, segment
    elif isinstance(drawn, PolyCollection):
        for path in drawn.get_paths():
            yield "band", drawn, drawn.get_facecolor(), path.vertices
    elif isinstance(drawn, QuadMesh) or hasattr(drawn, "get_extent"):
        cells = np.ma.filled(np.ma.asarray(drawn.get_array(), float), np.nan)
        if cells.ndim == 2:
            (row, column), middle = np.indices(cells.shape), 0.5 * isinstance(drawn, QuadMesh)
            yield "cell", drawn, "black", np.stack([column + middle, row + middle, cells], -1).reshape(-1, 3)


def _shades(colours: Any) -> list[str]:
    """One colour or several as hex numbers, without transparency."""
    if isinstance(colours, str) or np.ndim(colours) == 1:
        return [to_hex(colours)]
    return [to_hex(colour) for colour in colours] or [""]


def _entries(legends: Iterable[Legend]) -> dict[str, str]:
    """What legends say of colours, where each stands for one thing."""
    said: dict[str, set[str]] = {}
    for legend in legends:
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            colour = handle.get_color() if hasattr(handle, "get_color") else handle.get_facecolor()
            said.setdefault(_shades(colour)[0], set()).add(text.get_text())
    return {colour: texts.pop() for colour, texts in said.items() if len(texts) == 1}


def _words(axis: Axis) -> dict[float, str]:
    """The words at an axis's ticks; none where they are numbers."""
    words = [text.get_text() for text in axis.get_majorticklabels()]
    if not any(character.isalpha() for word in words if not word.startswith("$") for character in word):
        return {}
    return dict(zip(map(float, axis.get_majorticklocs()), words, strict=True))


def _nearest(place: float, words: dict[float, str]) -> str:
    """The word at the nearest tick, if it is no further than half a step away."""
    tick = min(words, key=lambda tick: abs(tick - place), default=np.inf)
    return words[tick] if abs(tick - place) <= 0.5 else ""
