"""The runs that somebody asked for, in a table and a figure, whatever was varied: the same for every chapter."""

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
from IPython import get_ipython
from IPython.display import HTML, display
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from . import style
from .records import RunConfig, varied
from .stats import mean_sd

PANELS = 3  # metrics that the figure shows, at most


def summary(runs: pd.DataFrame, metrics: Mapping[str, str]) -> pd.DataFrame:
    """Mean (SD) over finished seeds of the metrics (column to heading) for all settings that vary, n and outcomes."""
    names = varied(runs)
    groups = runs.groupby(names, sort=False, dropna=False) if names else [((), runs)]
    lines = {}
    for values, part in groups:
        done = part[part.outcome == "finished"]
        told = {heading: mean_sd(done[metric].astype(float)) for metric, heading in metrics.items() if metric in done}
        counts = {"n": len(done), "diverged": len(part) - len(done), "protocol": ", ".join(sorted(set(part.protocol)))}
        lines[values if len(names) > 1 else (values[0] if names else "all")] = told | counts
    return pd.DataFrame(lines).T.rename_axis(names or None)


def figure(runs: pd.DataFrame, metrics: Mapping[str, str]) -> Figure:
    """Every finished run as a dot: metrics against the setting with most values, or the seed, coloured by the next."""
    done = runs[runs.outcome == "finished"].reset_index(drop=True)  # seaborn would have no row twice
    done = done.astype({name: str for name in varied(done) if done[name].dtype == bool})
    names = sorted(varied(done), key=lambda name: -done[name].nunique())[:2] or ["seed"]
    shown = {metric: heading for metric, heading in metrics.items() if metric in done}
    shown = dict(list(shown.items())[:PANELS])
    with style.canvas(1, len(shown)) as (drawn, axes):
        hue = names[1] if len(names) > 1 else None
        for axis, (metric, heading) in zip(axes[0], shown.items(), strict=True):
            look = {"data": done, "x": names[0], "y": metric, "hue": hue, "ax": axis, "legend": axis is axes[0, 0]}
            sns.scatterplot(**look, alpha=0.6)
            sns.lineplot(**look | {"legend": False}, errorbar=None)
            axis.set(xlabel=names[0].replace("_", " "), ylabel=heading)
            if not pd.api.types.is_numeric_dtype(done[names[0]]):
                plt.setp(axis.get_xticklabels(), rotation=30, ha="right")
    return drawn


def requested(configs: Sequence[RunConfig], runs: pd.DataFrame, metrics: Mapping[str, str]) -> None:
    """Show the section "The runs that you asked for", where a notebook's parameters were given by somebody."""
    if not injected():
        return
    missing = len(configs) - len(runs)
    display(HTML('<h2 id="requested">The runs that you asked for</h2>'))
    if missing:
        display(HTML(f"<p>{missing} of {len(configs)} runs have no record. With MISSING=run they are made.</p>"))
    if len(runs):
        display(summary(runs, metrics))
        if set(metrics) & set(runs):  # a kind of run may have none of them
            display(figure(runs, metrics))
        save = 'asked.drop(columns="settings").to_csv("runs.csv", index=False)'
        display(HTML(f"<p>One row a run, with everything that was recorded: <code>{save}</code></p>"))
    display(HTML("<p>What follows is the chapter on the committed records.</p>"))


def injected() -> bool:
    """Whether parameters were put into this notebook: papermill begins their cell with a comment of its own."""
    shell = get_ipython()
    cells = shell.user_ns.get("In", []) if shell else []
    return any(cell.startswith("# Parameters") for cell in cells)
