"""One look for all figures: Okabe and Ito's colours, which readers with any colour vision tell apart."""

from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib.pyplot as plt
import seaborn as sns
from IPython import get_ipython
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from . import drawn

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, GREY = "#CC79A7", "#56B4E9", "#8C8C8C"
PALETTE = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)
CHANCE = {"color": GREY, "linestyle": "--", "linewidth": 1}

SETTINGS = {
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "figure.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def use() -> None:
    """Make the house's look that of all figures from here on; in a notebook each brings a table of what it draws."""
    if shell := get_ipython():
        shell.display_formatter.mimebundle_formatter.for_type(Figure, drawn.bundle)
    sns.set_theme(
        context="notebook", style="ticks", palette=PALETTE, font_scale=0.85, rc=SETTINGS | {"lines.linewidth": 1.4}
    )


@contextmanager
def canvas(rows: int, columns: int, *, width: float = 3.3, height: float = 3.0, **options) -> Iterator[tuple]:
    """A figure of `rows` x `columns` axes, each `width` x `height` inches, closed so that no cell shows it twice."""
    with sns.axes_style("ticks", SETTINGS), sns.plotting_context("notebook", font_scale=0.85), plt.rc_context(SETTINGS):
        figure, axes = plt.subplots(
            rows, columns, figsize=(width * columns, height * rows), layout="constrained", squeeze=False, **options
        )
        yield figure, axes
        plt.close(figure)


class PlainLog(LogFormatter):
    """0.5 rather than 5e-01, at the places that `LogFormatter` chooses."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """The number, or nothing where it would crowd."""
        return f"{x:g}" if super().__call__(x, pos) else ""


def plain_log(axis: Axis) -> None:
    """Write 0.5, 1 and 2 along a logarithmic axis of a decade or two, where powers of ten would crowd."""
    for formatter in (axis.set_major_formatter, axis.set_minor_formatter):
        formatter(PlainLog(minor_thresholds=(1.5, 0.6)))
    axis.set_tick_params(which="minor", labelsize="small")
