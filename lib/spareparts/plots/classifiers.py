"""Figures of classifiers that are fixed while a network learns: errors, scales, norms, and what fixing costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..style import BLUE, CHANCE, GREEN, GREY, ORANGE, PALETTE, PURPLE, SKY, VERMILION, canvas, empty, panel_width
from .marks import NOTHING, dots

SMALL = 8  # points, of legends
Arrays = Mapping[str, np.ndarray]
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
FITS = ((VERMILION, "-"), (GREEN, "--"), (PURPLE, "-."), (SKY, ":"))
MIDDLE, QUARTERS = 2, (1, 3)  # columns of the recorded quantiles of norms: the median, and 25 and 75%


def error_curves(groups: Mapping[str, Sequence[Arrays]], *, chance: float) -> Figure:
    """Training (left) and test error (%) after each epoch, mean over the runs of each title, bands from least to most.

    Each run has arrays `epochs`, `train_error` and `test_error`; `chance` is the error of guessing in %.
    """
    groups = {title: runs for title, runs in groups.items() if runs}
    if not groups:
        return empty(NOTHING)
    with canvas(1, 2, width=3.3, height=3.4, sharey=True) as (figure, axes):
        for axis, part, title in zip(axes[0], ("train", "test"), ("training", "test"), strict=True):
            for place, (name, runs) in enumerate(groups.items()):
                values = np.stack([each[f"{part}_error"] for each in runs]).astype(float)
                look = {"color": PALETTE[place % 6], "linestyle": LINES[place % 5]}
                axis.plot(runs[0]["epochs"], values.mean(0), label=f"{name}, n = {len(runs)}", linewidth=1.5, **look)
                axis.fill_between(
                    runs[0]["epochs"], values.min(0), values.max(0), color=look["color"], alpha=0.15, linewidth=0
                )
            axis.axhline(chance, **CHANCE)
            axis.set(title=f"{title} images", xlabel="epoch", ylim=(0, None))
            axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes[0, 0].set_ylabel("error, %")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=SMALL)
    return figure


def size_growth(groups: Mapping[str, Mapping[str, Any]]) -> Figure:
    """How large a head grows, against time on a logarithmic axis, a panel a title, with curves fitted to the mean.

    Each has `steps`, `sizes` (runs x times), `first`, `fits` (name to values) and `explained` (name to a share of the
    variance). Grey: runs. Dashed: the value before training.
    """
    if not groups:
        return empty(NOTHING)
    with canvas(1, len(groups), width=panel_width(len(groups)), height=3.4) as (figure, axes):
        for axis, (title, found) in zip(axes[0], groups.items(), strict=True):
            axis.plot(found["steps"], found["sizes"].T, color=GREY, linewidth=0.8, alpha=0.7)
            axis.plot(found["steps"], found["sizes"].mean(0), color="black", linewidth=1.8)
            for (name, values), (colour, line) in zip(found["fits"].items(), FITS, strict=False):
                label = f"{name}: {found['explained'][name]:.3f}"
                axis.plot(found["steps"], values, color=colour, linestyle=line, linewidth=1.3, label=label)
            axis.axhline(found["first"], **CHANCE)
            highest = found["sizes"].max()
            axis.set(
                xscale="log", xlabel="training step", ylim=(None, highest + 0.6 * (highest - found["sizes"].min()))
            )
            axis.set_title(f"{title}, n = {len(found['sizes'])}", fontsize=9)
            axis.legend(fontsize=7, title="variance explained", title_fontsize=7, loc="upper left")
        axes[0, 0].set_ylabel("norm or scale")
    return figure


def feature_growth(groups: Mapping[str, Sequence[Arrays]]) -> Figure:
    """Norms of the training images' features over those after the first epoch: medians, mean over runs; logarithmic.

    Bands: the middle half of the images. Each run has `epochs` and `feature_norms` (epochs x quantiles). Dashed: no
    growth.
    """
    groups = {title: runs for title, runs in groups.items() if runs}
    if not groups:
        return empty(NOTHING)
    with canvas(1, 1, width=4.6, height=3.4) as (figure, axes):
        axis = axes[0, 0]
        for place, (name, runs) in enumerate(groups.items()):
            norms = np.stack([each["feature_norms"] for each in runs]).astype(float)
            norms = (norms / norms[:, 1:2, MIDDLE : MIDDLE + 1]).mean(0)
            look = {"color": PALETTE[place % 6], "linestyle": LINES[place % 5]}
            axis.plot(runs[0]["epochs"], norms[:, MIDDLE], label=f"{name}, n = {len(runs)}", **look)
            low, high = norms[:, QUARTERS].T
            axis.fill_between(runs[0]["epochs"], low, high, color=look["color"], alpha=0.15, linewidth=0)
        axis.axhline(1, **CHANCE)
        axis.set(xlabel="epoch", ylabel="norm of the features, relative", yscale="log")
        axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter("{x:g}")
        axis.tick_params(axis="y", which="minor", labelsize=7)
        figure.legend(loc="outside lower center", ncols=2, fontsize=SMALL)
    return figure


def class_prices(numbers: pd.DataFrame, likeness: pd.DataFrame) -> Figure:
    """Points of accuracy that fixing costs, against the number of classes (left) and by how alike they are (right).

    One row a pair of networks: `price`, `seed`, and `classes` or `choice` (across, within). Dots: pairs; line: their
    mean; on the right lines join the choices of a seed. Dashed: fixing costs nothing.
    """
    if numbers.empty and likeness.empty:
        return empty(NOTHING)
    with canvas(1, 2, width=3.3, height=3.0, sharey=True) as (figure, axes):
        left, right = axes[0]
        for axis, found in zip(axes[0], (numbers, likeness), strict=True):
            axis.axhline(0, **CHANCE)
            axis.set_title(f"n = {found.seed.nunique()} seeds" if len(found) else "not run yet, n = 0", fontsize=9)
        if len(numbers):
            _draw_numbers(left, numbers)
        if len(likeness):
            _draw_likeness(right, likeness)
        left.set_ylabel("price of fixing, points")
    return figure


def _draw_numbers(axis: Any, found: pd.DataFrame) -> None:
    axis.plot(found.classes, found.price.astype(float), "o", color=BLUE, markersize=4, alpha=0.5)
    means = found.groupby("classes").price.mean()
    axis.plot(means.index, means, color=BLUE)
    axis.set(xscale="log", xlabel="classes of CIFAR-100")
    axis.set_xticks(means.index, [f"{classes}" for classes in means.index])
    axis.minorticks_off()


def _draw_likeness(axis: Any, found: pd.DataFrame) -> None:
    choices = {"across": (GREEN, "o"), "within": (ORANGE, "s")}
    table = found.pivot_table(index="seed", columns="choice", values="price").reindex(columns=list(choices))
    axis.plot([0, 1], table.T.to_numpy(float), color=GREY, linewidth=0.8)
    for place, (choice, (colour, marker)) in enumerate(choices.items()):
        axis.plot([place] * len(table), table[choice], marker, color=colour, markersize=5)
    axis.set(xlim=(-0.5, 1.5), xticks=[0, 1], xlabel=f"{found.classes.iloc[0]} classes by superclass")
    axis.set_xticklabels(list(choices))


def feature_accuracies(rows: pd.DataFrame, *, chance: float, classes: int) -> Figure:
    """Test accuracy (%) of learned and fixed heads with fewer features than classes: seeds, and their means.

    One row a pair of networks: `features`, `seed`, `learned`, `fixed`. Dashed: `chance`, in %.
    """
    if rows.empty:
        return empty(NOTHING)
    looks = {"learned": (BLUE, "o", "-"), "fixed": (ORANGE, "s", "--")}
    with canvas(1, 1, width=4.6, height=3.0) as (_, axes):
        axis = axes[0, 0]
        for name, (colour, marker, line) in looks.items():
            axis.plot(rows.features, rows[name].astype(float), marker, color=colour, markersize=4, alpha=0.5)
            means = rows.groupby("features")[name].mean()
            axis.plot(means.index, means, line, color=colour, label=f"{name} head")
        axis.axhline(chance, **CHANCE)
        ticks = sorted(rows.features.unique())
        axis.set(xscale="log", xlabel=f"features, for {classes} classes", ylabel="test accuracy, %", ylim=(0, None))
        axis.set_xticks(ticks, [str(each) for each in ticks])
        axis.minorticks_off()
        axis.legend(fontsize=SMALL, title=f"n = {rows.seed.nunique()} seeds", title_fontsize=SMALL)
    return axis.figure


def word_perplexities(groups: Mapping[str, np.ndarray], *, unigram: float) -> Figure:
    """Test perplexity by the kind of word vectors: a dot a model, a mark at the mean with its 95% interval.

    Logarithmic. Dashed: `unigram`, what knows the frequency of each word and no context.
    """
    groups = {title: values for title, values in groups.items() if len(values)}
    if not groups:
        return empty(NOTHING)
    with canvas(1, 1, width=5.2, height=2.8) as (_, axes):
        axis = axes[0, 0]
        for place, (values, colour) in enumerate(zip(groups.values(), PALETTE, strict=False)):
            dots(axis, values, height=place, color=colour)
        axis.axvline(unigram, **CHANCE)
        axis.set(xscale="log", xlabel="test perplexity", ylim=(len(groups) - 0.5, -0.5))
        axis.set_yticks(range(len(groups)), [f"{title}, n = {len(values)}" for title, values in groups.items()])
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter("{x:g}")
        axis.tick_params(axis="x", which="minor", labelsize=7)
    return axis.figure
