"""Figures of units in training: how long they grow, how far they turn, whether they cluster, and what they share."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..style import BLUE, CHANCE, GREEN, GREY, ORANGE, PALETTE, canvas, empty, panel_width, plain_log

CLUSTERING = {"potential": 0, "centred_potential": 1, "spectrum_potential": 2, "nearest": 3, "spectrum_nearest": 4}
QUANTILES = (5, 25, 50, 75, 95)  # % of the units
Arrays = Mapping[str, np.ndarray]


def norms_and_turns(arrays: Arrays, *, title: str) -> Figure:
    """Norms of one layer's units over training (n = 1), and the cosine to the initial weights against the final norm.

    Bands: 5 to 95% and 25 to 75% of the units, line: median. Grey dashed: the 95th percentile of the initial norms.
    """
    if not arrays:
        return empty("no records yet")
    epochs, norms = arrays["epochs"], arrays["unit_norms"].astype(float)
    final, cosines = norms[-1], arrays["unit_cosines"].astype(float)
    low, first, median, third, high = np.percentile(norms, QUANTILES, axis=1)
    limit = np.percentile(norms[0], 95)
    with canvas(1, 2, height=3.0) as (figure, axes):
        axis = axes[0, 0]
        axis.fill_between(epochs, low, high, color=BLUE, alpha=0.15, linewidth=0)
        axis.fill_between(epochs, first, third, color=BLUE, alpha=0.3, linewidth=0)
        axis.plot(epochs, median, color=BLUE)
        axis.axhline(limit, **CHANCE)
        axis.set(xlabel="epoch", ylabel="norm of a unit", ylim=(0, None))
        trained = final > limit
        axes[0, 1].plot(final[~trained], cosines[~trained], "o", color=BLUE, markersize=3, alpha=0.6)
        axes[0, 1].plot(final[trained], cosines[trained], "s", color=ORANGE, markersize=3, alpha=0.7)
        axes[0, 1].axvline(limit, **CHANCE)
        axes[0, 1].set(xlabel="final norm", ylabel="cosine to initial weights", ylim=(None, 1.02))
        figure.suptitle(f"{title}, {len(final)} units, n = 1", fontsize=10)
    return figure


def alignments(arrays: Arrays, *, title: str) -> Figure:
    """Alignment of one layer's units with its inputs against their norm, before training and after it (n = 1).

    Squares: units beyond the 95th percentile of the initial norms after training. Dashed: random directions.
    """
    norms = arrays["unit_norms"].astype(float)
    trained = norms[-1] > np.percentile(norms[0], 95)
    with canvas(1, 2, height=3.0, sharex=True, sharey=True) as (figure, axes):
        for axis, place, when in zip(axes[0], (0, -1), ("before training", "after training"), strict=True):
            values = arrays["unit_alignments"][place]
            axis.plot(norms[place][~trained], values[~trained], "o", color=BLUE, markersize=3, alpha=0.6)
            axis.plot(norms[place][trained], values[trained], "s", color=ORANGE, markersize=3, alpha=0.7)
            axis.axhline(1, **CHANCE)
            axis.set(xlabel="norm of a unit", title=when)
        axes[0, 0].set(ylabel="alignment with the inputs", ylim=(0, None))
        figure.suptitle(f"{title}, {len(trained)} units, n = 1", fontsize=10)
    return figure


def clustering(networks: Mapping[str, Sequence[Arrays]], *, nulls: Mapping[str, float]) -> Figure:
    """Frame potential over training, over that of random rows: as it is, with the mean removed, of the same spectrum.

    `nulls` gives the potential of random rows for each title; the dashed line, 1, is that chance. One line a network;
    logarithmic.
    """
    networks = {title: found for title, found in networks.items() if found}
    if not networks:
        return empty("no records yet")
    looks = {
        "potential": (BLUE, "-", "weights"),
        "centred_potential": (GREEN, "-", "mean removed"),
        "spectrum_potential": (GREY, "-", "random, same spectrum"),
    }
    with canvas(1, len(networks), width=panel_width(len(networks)), height=3.0, sharey=True) as (figure, axes):
        for axis, (title, found) in zip(axes[0], networks.items(), strict=True):
            for number, each in enumerate(found):
                for name, (colour, line, label) in looks.items():
                    values = each["clustering"][:, CLUSTERING[name]].astype(float) / nulls[title]
                    label = label if number == 0 else None
                    axis.plot(each["epochs"], values, color=colour, linestyle=line, linewidth=1.2, label=label)
            axis.axhline(1, **CHANCE)
            axis.set(title=f"{title}, n = {len(found)}", xlabel="epoch", yscale="log")
            plain_log(axis.yaxis)
        axes[0, 0].set_ylabel("frame potential over chance")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8)
    return figure


KINDS = {"weight": "weights", "update": "change of weights", "output": "outputs"}


def resampled(rows: pd.DataFrame) -> Figure:
    """How like its twin's a network's early layers become, when the classifier is drawn anew: one dot a network.

    Similarity of weights (cosine), of their change in training (cosine) and of outputs (correlation), unit by unit;
    beside it an independent network's, its units matched for the largest sum, which is the chance to beat. The rows are
    records of one model.
    """
    if rows.empty:
        return empty("no records yet")
    layers = rows.kept_layers.iloc[0]
    with canvas(1, len(layers), width=panel_width(len(layers)), height=2.8, sharey=True) as (figure, axes):
        for number, (axis, layer) in enumerate(zip(axes[0], layers, strict=True)):
            for place, kind in enumerate(KINDS):
                twin, other = (rows[name].str[number] for name in (f"twin_{kind}", f"independent_{kind}_matched"))
                spread = place + np.linspace(-0.12, 0.12, max(len(rows), 2))[: len(rows)]
                axis.plot(spread, twin, "o", color=ORANGE, label="twin" if place == 0 else None)
                label = "independent network, matched" if place == 0 else None
                axis.plot(spread, other, "s", color=GREY, fillstyle="none", label=label)
            axis.axhline(0, **CHANCE)
            axis.set(title=f"{layer}, n = {len(rows)}", xlim=(-0.5, len(KINDS) - 0.5), ylim=(-0.1, 1.05))
            axis.set_xticks(range(len(KINDS)), [name.replace(" of ", "\nof ") for name in KINDS.values()])
        axes[0, 0].set_ylabel("similarity")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def main_spaces(networks: Mapping[str, Sequence[Arrays]]) -> Figure:
    """Principal angles (degrees) of the main space of the first layer drawn anew with its twin's, smallest first.

    One line a network; squares: an independent network's space. Grey dashed: random spaces of the same size.
    """
    networks = {title: found for title, found in networks.items() if found}
    if not networks:
        return empty("no records yet")
    looks = (("twin", {"color": ORANGE, "marker": "o"}), ("independent", {"color": PALETTE[0], "marker": "s"}))
    with canvas(1, len(networks), width=panel_width(len(networks)), height=2.8, sharey=True) as (figure, axes):
        for axis, (title, found) in zip(axes[0], networks.items(), strict=True):
            for number, each in enumerate(found):
                for name, look in (*looks, ("random", CHANCE)):
                    values = each[f"{name}_angles"].astype(float)
                    label = name if number == 0 else None
                    axis.plot(np.arange(1, len(values) + 1), values, markersize=3, **look, label=label)
            axis.set(title=f"{title}, n = {len(found)}", xlabel="angle, smallest first", ylim=(0, 91))
        axes[0, 0].set_ylabel("degrees")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure
