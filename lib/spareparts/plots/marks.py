"""What several figures draw alike: curves over epochs, dots with their mean, chosen ticks, and legends below."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ..stats import bootstrap_interval
from ..style import CHANCE, PALETTE

NOTHING = "no records yet"
SMALL = 9  # points, of legends; half as large on a phone where two panels stand side by side
TITLE = 10  # points, of panels
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
Arrays = Mapping[str, np.ndarray]


def look(place: int) -> dict[str, Any]:
    """Colour and line of the group at this place of a legend; both together tell thirty groups apart."""
    return {"color": PALETTE[place % len(PALETTE)], "linestyle": LINES[place % len(LINES)]}


def dotted(place: int) -> dict[str, Any]:
    """Colour and marker of the group at this place of a legend."""
    return {"color": PALETTE[place % len(PALETTE)], "marker": MARKERS[place % len(MARKERS)]}


def mean_and_range(axis: Any, epochs: np.ndarray, values: np.ndarray, *, label: str, **style: Any) -> None:
    """Mean over runs x readings as a line, with a band from the least to the most; readings that lack are left out."""
    known = np.isfinite(values).all(0)
    axis.plot(epochs[known], values[:, known].mean(0), label=label, **({"linewidth": 1.5} | style))
    if len(values) > 1:
        low, high = values[:, known].min(0), values[:, known].max(0)
        axis.fill_between(epochs[known], low, high, color=style["color"], alpha=0.15, linewidth=0)


def dots(axis: Any, values: ArrayLike, *, height: float, marker: str = "o", apart: float = 0.18, **style: Any) -> None:
    """Values as small dots beside a line of the figure, their mean on it with its 95% interval."""
    values = np.asarray(values, dtype=float)
    if not len(values):
        return
    axis.plot(values, np.full(len(values), height + apart), ".", markersize=4, alpha=0.5, color=style["color"])
    if len(values) > 1:
        axis.plot(bootstrap_interval(values).interval, [height, height], linewidth=2, color=style["color"])
    axis.plot([values.mean()], [height], marker, markersize=5, linestyle="", **style)


def checkpoints(axis: Any, marks: Sequence[int]) -> None:
    """Thin dashed lines at the epochs of checkpoints."""
    for mark in marks:
        axis.axvline(mark, zorder=0, **CHANCE)


def legend_below(figure: Figure, axis: Any, *, columns: int = 2, title: str | None = None) -> None:
    """The labels of one panel below all panels, each once."""
    handles, labels = axis.get_legend_handles_labels()
    found = dict(zip(labels, handles, strict=True))
    figure.legend(
        found.values(),
        found.keys(),
        loc="outside lower center",
        ncols=columns,
        fontsize=SMALL,
        title=title,
        title_fontsize=SMALL,
    )
