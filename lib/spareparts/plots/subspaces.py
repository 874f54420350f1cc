"""Figures of a layer's spectrum: singular values over training, noise and signal, what few directions keep."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..style import BLUE, CHANCE, ORANGE, PALETTE, canvas, empty, panel_width, plain_log

FORMS = {"weights": "W", "normalized": "W, rows normalized", "update": "W − Z"}
NOISE = {
    "variance": 0,
    "edge": 1,
    "threshold": 2,
    "outliers": 3,
    "signal": 4,
    "entry_variance": 6,
}  # columns of a record's noise
Arrays = Mapping[str, np.ndarray]


def spectra(arrays: Arrays, *, title: str) -> Figure:
    """Singular values of one layer (n = 1), largest first, at every recorded epoch, dark to light; both axes log.

    The grey dashed lines mark the largest value that noise as strong as the bulk of W would have, at the start and at
    the end.
    """
    if not arrays:
        return empty("no records yet")
    epochs = arrays["epochs"]
    shades = mpl.colormaps["viridis"](np.linspace(0, 0.9, len(epochs)))
    with canvas(2, 2, height=2.6) as (figure, axes):
        for axis, (form, name) in zip(axes.flat, FORMS.items(), strict=False):
            for shade, epoch, values in zip(shades, epochs, arrays[f"spectrum_{form}"].astype(float), strict=True):
                positive = values > 1e-4 * max(values.max(), 1e-30)
                places = np.arange(1, len(values) + 1)[positive]
                axis.plot(places, values[positive], color=shade, label=f"{epoch:g}")
            axis.set(xscale="log", yscale="log", xlabel="direction", title=name)
            plain_log(axis.yaxis)
        for row in arrays["noise"][[0, -1]]:
            axes[0, 0].axhline(np.sqrt(row[NOISE["threshold"]] * _larger_side(arrays)), **CHANCE)
        for axis in axes[:, 0]:
            axis.set_ylabel("singular value")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        ends = [0, len(handles) // 2, -1] if len(handles) > 2 else list(range(len(handles)))
        axes[1, 1].legend([handles[i] for i in ends], [f"epoch {labels[i]}" for i in ends], loc="center")
        axes[1, 1].set_axis_off()
        figure.suptitle(f"{title}, n = 1", fontsize=10)
    return figure


def _larger_side(arrays: Arrays) -> float:
    """Of units and inputs: from the squares of all entries, which the singular values sum up, and their mean."""
    values = arrays["spectrum_weights"][0].astype(float)
    return float((values**2).sum() / (len(values) * arrays["noise"][0, NOISE["entry_variance"]]))


def noise_and_signal(networks: Mapping[str, Sequence[Arrays]]) -> Figure:
    """Noise variance over its first value, outliers beyond the noise, and the norm of the signal, over training.

    One line a network, one colour a title. Dashed: where an untrained layer lies, variance 1 and no outlier.
    """
    networks = {title: found for title, found in networks.items() if found}
    if not networks:
        return empty("no records yet")
    with canvas(2, 2, height=2.6) as (figure, axes):
        for colour, (title, found) in zip(PALETTE, networks.items(), strict=False):
            for number, each in enumerate(found):
                epochs, noise = each["epochs"], each["noise"].astype(float)
                columns = (noise[:, 0] / noise[0, 0], noise[:, NOISE["outliers"]], noise[:, NOISE["signal"]])
                for axis, values in zip(axes.flat, columns, strict=False):
                    label = f"{title}, n = {len(found)}" if number == 0 else None
                    axis.plot(epochs, values, color=colour, linewidth=1, alpha=0.8, label=label)
        names = ("noise variance, over the first", "outliers", "norm of the signal")
        for axis, label in zip(axes.flat, names, strict=False):
            axis.set(xlabel="epoch", title=label, ylim=(0, None))
        axes[0, 0].axhline(1, **CHANCE)
        axes[0, 1].axhline(0, **CHANCE)
        axes[1, 1].legend(*axes[0, 0].get_legend_handles_labels(), loc="center")
        axes[1, 1].set_axis_off()
    return figure


def rank_accuracies(rows: pd.DataFrame, *, models: Mapping[str, str], chance: float) -> Figure:
    """Test accuracy (%) with only the top k directions of a layer, of W and of its change in training.

    Means over the networks of a model, with the range of all. Dashed: the whole layer above, `chance` below.
    """
    shown = {model: title for model, title in models.items() if len(rows) and model in set(rows.model)}
    if not shown:
        return empty("no records yet")
    forms = {
        "rank_accuracy": (BLUE, "o", "W of rank k"),
        "update_rank_accuracy": (ORANGE, "s", "Z + k directions of W − Z"),
    }
    with canvas(1, len(shown), width=panel_width(len(shown)), height=3.1, sharey=True) as (figure, axes):
        for axis, (model, title) in zip(axes[0], shown.items(), strict=True):
            part = rows[rows.model == model]
            for metric, (colour, marker, label) in forms.items():
                values, ranks = np.array(part[metric].tolist()), part.ranks.iloc[0]
                axis.plot(ranks, values.mean(0), color=colour, marker=marker, markersize=4, label=label)
                axis.fill_between(ranks, values.min(0), values.max(0), color=colour, alpha=0.2, linewidth=0)
            axis.axhline(part.accuracy.mean(), **CHANCE)
            axis.axhline(chance, **CHANCE)
            axis.set(title=f"{title}, n = {len(part)}", xlabel="directions kept, k", xscale="log")
            axis.set_xticks([1, 4, 16, 64, 256], ["1", "4", "16", "64", "256"])
            axis.minorticks_off()
        axes[0, 0].set(ylabel="test accuracy, %", ylim=(0, 101))
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8)
    return figure


def elbows(rows: pd.DataFrame, *, metrics: Mapping[str, str]) -> Figure:
    """Directions before the residual's elbow against the number of classes, one dot a network; log axes.

    `metrics` maps columns of `rows`, which has a column `classes`, to labels. Dashed: equal to the number of classes.
    """
    if rows.empty:
        return empty("no records yet")
    with canvas(1, 1, width=4.2) as (figure, axes):
        axis, classes = axes[0, 0], rows.classes.to_numpy(dtype=float)
        for place, ((metric, label), colour) in enumerate(zip(metrics.items(), PALETTE, strict=False)):
            shift = 1.06 ** (place - (len(metrics) - 1) / 2)  # dots of equal classes lie beside each other
            axis.plot(classes * shift, rows[metric], "osD^"[place % 4], color=colour, alpha=0.8, label=label)
        ticks = sorted({int(value) for value in classes})
        axis.plot(ticks, ticks, **CHANCE)
        axis.set(xscale="log", yscale="log", xlabel=f"classes (n = {len(rows)} networks)", ylabel="directions")
        axis.set_xticks(ticks, [str(tick) for tick in ticks])
        axis.minorticks_off()
        axis.legend()
    return figure


def density(eigenvalues: np.ndarray, *, ratio: float, variance: float) -> np.ndarray:
    """Marchenko and Pastur's density: `sqrt((b - x)(x - a)) / (2 pi ratio variance x)` between its ends a and b."""
    low, high = variance * (1 - np.sqrt(ratio)) ** 2, variance * (1 + np.sqrt(ratio)) ** 2
    inside = np.clip((high - eigenvalues) * (eigenvalues - low), 0, None)
    return np.sqrt(inside) / (2 * np.pi * ratio * variance * np.clip(eigenvalues, 1e-300, None))


def spectral_density(arrays: Arrays, *, title: str) -> Figure:
    """Eigenvalues of `W W^T` over its larger side, at the start and in the end, beside the law fitted to their bulk.

    One layer, n = 1. Dashed: the law's edge with its margin; eigenvalues beyond it, the outliers, are ticks.
    """
    if not arrays:
        return empty("no records yet")
    small, large = arrays["spectrum_weights"].shape[1], _larger_side(arrays)
    with canvas(1, 2, height=2.8) as (figure, axes):
        for axis, when, place in ((axes[0, 0], "start", 0), (axes[0, 1], "end", -1)):
            noise = arrays["noise"][place].astype(float)
            found = arrays["spectrum_weights"][place].astype(float) ** 2 / large
            bulk, outliers = found[found <= noise[2]], found[found > noise[2]]
            grid = np.linspace(0, noise[1], 400)[1:]
            axis.hist(bulk, bins=30, color=BLUE, alpha=0.4, density=True)
            axis.plot(grid, density(grid, ratio=small / large, variance=noise[0]), color=ORANGE)
            axis.plot(outliers, np.zeros(len(outliers)), "|", color=BLUE, markersize=14, clip_on=False)
            axis.axvline(noise[2], **CHANCE)
            axis.set(title=f"{when}: {len(outliers)} outliers", xlabel="eigenvalue", yticks=[], ylim=(0, None))
            if len(outliers) and outliers.max() > 6 * noise[2]:
                axis.set_xscale("symlog", linthresh=2 * noise[2])
        figure.suptitle(f"{title}, n = 1", fontsize=10)
    return figure


def principal_angles(networks: Mapping[str, Sequence[Arrays]]) -> Figure:
    """Principal angles (degrees) between trained and other units, smallest first, beside those of chance.

    One line a network: of the final weights (orange) and of the initial ones of the same units (blue). Grey dashed:
    random spaces of the same sizes. Networks whose units are all trained have none.
    """
    networks = {title: [each for each in found if "angles_final" in each] for title, found in networks.items()}
    networks = {title: found for title, found in networks.items() if found}
    if not networks:
        return empty("no network has both trained and other units")
    with canvas(1, len(networks), width=panel_width(len(networks)), height=2.8, sharey=True) as (figure, axes):
        for axis, (title, found) in zip(axes[0], networks.items(), strict=True):
            for each in found:
                _angles(axis, each)
            axis.set(title=f"{title}, n = {len(found)}", xlabel="angle, smallest first", ylim=(0, 91))
        axes[0, 0].set_ylabel("degrees")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles[:3], labels[:3], loc="outside lower center", ncols=3)
    return figure


def _angles(axis: Any, each: Arrays) -> None:
    for name, look in (("initial", {"color": BLUE}), ("final", {"color": ORANGE}), ("random", CHANCE)):
        values = each[f"angles_{name}"].astype(float)
        axis.plot(np.arange(1, len(values) + 1), values, **({"linewidth": 1.2, "alpha": 0.7} | look), label=name)
