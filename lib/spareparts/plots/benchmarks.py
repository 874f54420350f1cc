"""The figure of the performance page."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from ..style import BLUE, CHANCE, GREY, VERMILION, canvas, empty

TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def benchmark_ratios(rows: pd.DataFrame) -> Figure:
    """Ratio of every row (columns name, device, ratio, goal), on a log axis, beside its goal, a bar across.

    Filled circles reach their goal, open squares do not. Devices are told apart in the label where there are several.
    """
    if rows.empty:
        return empty("nothing measured yet")
    rows = rows.sort_values(["ratio", "name"], ascending=False).reset_index(drop=True)
    several = rows.device.nunique() > 1
    labels = [f"{row.name}\n{row.device}" if several else row.name for row in rows.itertuples(index=False)]
    reached, places = rows.ratio >= rows.goal, np.arange(len(rows))
    with canvas(1, 1, width=6.6, height=1.2 + (0.4 if several else 0.17) * len(rows)) as (figure, axes):
        axis = axes[0, 0]
        axis.set_xscale("log")
        axis.axvline(1, **CHANCE)
        axis.hlines(places, np.minimum(rows.ratio, 1), np.maximum(rows.ratio, 1), color=GREY, linewidth=0.8)
        axis.plot(rows.goal, places, "|", color="black", markersize=10, markeredgewidth=2, label="goal")
        axis.plot(rows.ratio[reached], places[reached], "o", color=BLUE, markersize=6, label="reached")
        missed = {"color": VERMILION, "fillstyle": "none", "markersize": 6, "markeredgewidth": 2}
        axis.plot(rows.ratio[~reached], places[~reached], "s", label="not reached", **missed)
        axis.set(yticks=places, ylim=(-0.6, len(rows) - 0.4), xlabel="times as fast as the other side")
        axis.set_yticklabels(labels)
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xticks(TICKS, minor=False)
        axis.set_xlim(min(rows.ratio.min(), rows.goal.min()) / 1.2, max(rows.ratio.max(), rows.goal.max()) * 1.2)
        figure.legend(loc="outside upper center", ncols=3)
    return figure
