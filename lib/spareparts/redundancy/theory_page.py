"""Sentences on the theories of overparameterization, whose every number is computed."""

import numpy as np
import pandas as pd

from ..stats import not_yet
from .filters import CENTRES
from .page import apart, interval, span
from .points import student_errors
from .pruning_verdicts import begun, survivors
from .rows import TICKETS, arrays, by_width, chosen, student_runs, ticket_runs, xord_runs
from .theory_rows import xord_layers
from .theory_verdicts import KINDS, LARGE, SMALL, growth, share, xord_pairs


def xord_found(rows: pd.DataFrame) -> str:
    """Small and large layers: how many fit, and what those find and err on where both fit the same inputs."""
    layers = xord_layers(xord_runs(rows), arrays=arrays)
    if layers.empty:
        return not_yet("layers on XORD")
    counts = [layers[layers.units == units].fitted for units in (SMALL, LARGE)]
    fit = (
        f"Of n = {len(counts[0])} training sets, {counts[0].sum()} are fitted with k = {SMALL} and {counts[1].sum()} "
        f"with k = {LARGE}."
    )
    pairs = xord_pairs(rows)
    if pairs.empty:
        return f"{fit} None is fitted with both."
    sides = [
        f"{words} err on {pairs[f'test_error_{side}'].mean():.1f}% of new inputs, and have found "
        f"{pairs[f'found_{side}'].mean():.2f} of 4 patterns"
        for words, side in (("the small layers", "small"), ("the large ones", "large"))
    ]
    return (
        f"{fit} On the {len(pairs)} that both fit, {sides[0]}; {sides[1]}. Before training some filter was near "
        f"{pairs.explored_small.mean():.2f} patterns in the small layers and near {pairs.explored_large.mean():.2f} in "
        "the large ones."
    )


def filters_found(rows: pd.DataFrame) -> str:
    """Angles of filters to their centres, trained and not, and of random filters with the trained spectrum."""
    runs = chosen(rows, experiment="filters")
    if runs.empty:
        return not_yet("convolutions on MNIST")
    return (
        f"n = {len(runs)} networks: the mean angle to their own of {CENTRES} centres goes from "
        f"{runs.untrained_angle.mean():.1f}° to {interval(runs.trained_angle)}°; with the mean filter removed, from "
        f"{runs.untrained_centred_angle.mean():.1f}° to {interval(runs.centred_angle)}°. Random filters with the "
        f"spectrum of the trained ones, which have few directions but no clusters, lie at "
        f"{interval(runs.spectrum_angle)}°. The trained ones lie {apart(runs, 'spectrum_angle', 'trained_angle')}° "
        "from these; only a negative number would speak for clusters."
    )


def tickets_found(rows: pd.DataFrame) -> str:
    """Own weights against new ones, for single weights and for whole units, in both disputed settings."""
    parts = []
    for group in TICKETS:
        for experiment, words in (("tickets", "weights"), ("unit_tickets", "units")):
            runs = ticket_runs(rows, experiment, group)
            if len(runs):
                pairs = begun(runs)
                found = interval(pd.Series(pairs.second - pairs.first), sign="+", digits=2)
                parts.append(f"{words}, {group}: {found}, n = {len(runs)}")
    if not parts:
        return not_yet("tickets of weights and of units")
    return (
        "Test accuracy of tickets with their own first weights less that with weights drawn anew, in points, means "
        f"over the shares kept with 95% intervals: {'; '.join(parts)}."
    )


def survivors_found(rows: pd.DataFrame) -> str:
    """How surviving weights are spread over units."""
    found = survivors(rows)
    if found.empty:
        return not_yet("tickets of weights")
    parts = [f"{part.dispersion.mean():.1f} times ({layer})" for layer, part in found.groupby("layer")]
    return (
        f"With {found.kept.min():.1%} of the weights left, the variance of their number from unit to unit is "
        f"{' and '.join(parts)} that of a draw without preference (n = {found.seed.nunique()} seeds, "
        f"{found.group.nunique()} settings). {100 * found['empty'].mean():.1f}% of the units have none left, by chance "
        f"{100 * found.expected_empty.mean():.1f}%."
    )


def units_found(rows: pd.DataFrame) -> str:
    """Shares of removable and repeated units at both ends of the widths, trained and untrained."""
    runs = by_width(rows)
    if runs.empty:
        return not_yet("networks of several widths")
    parts = []
    for kind in KINDS:
        ends = []
        for width in (runs.width.min(), runs.width.max()):
            part = runs[runs.width == width]
            means = [
                100 * np.mean([share(row, state, kind) for _, row in part.iterrows()])
                for state in ("trained", "untrained")
            ]
            ends.append(f"{means[0]:.0f}% (untrained {means[1]:.0f}%) at {int(width):,} units")
        parts.append(f"{kind}: {' and '.join(ends)}")
    n = span(runs.groupby("width").size())
    return f"Means over all thresholds, n = {n} networks a width: {'; '.join(parts)}."


def distance_found(rows: pd.DataFrame) -> str:
    """Distance from initialization, of the layer and of a unit, and the gap, at both ends of the widths."""
    runs = by_width(rows)
    if runs.empty:
        return not_yet("networks of several widths")
    fitted = runs[runs.train_error == 0]
    if fitted.width.nunique() < 2:
        return not_yet("networks of several widths that fit their training images")
    ends = [fitted[fitted.width == width] for width in (fitted.width.min(), fitted.width.max())]
    names = {"distance of the layer": "fc1_distance", "of a unit": "fc1_unit_distance", "gap in points": "gap"}
    parts = [f"{words} {' and '.join(f'{end[name].mean():.2f}' for end in ends)}" for words, name in names.items()]
    widths = " and ".join(f"{int(end.width.iloc[0]):,}" for end in ends)
    return f"{len(fitted)} of {len(runs)} networks fit. At {widths} units: {'; '.join(parts)}."


def students_found(rows: pd.DataFrame) -> str:
    """How the students' error and sharing grow with their width."""
    table = student_errors(rows)
    if table.empty:
        return not_yet("students of a teacher")
    parts = []
    for layers, words in (("first", "the first layer alone"), ("both", "both layers")):
        powers = {name: pd.Series(growth(table, layers=layers, column=name)) for name in ("error", "averaging")}
        if len(powers["error"]):
            parts.append(
                f"{words}: error {interval(powers['error'], sign='+', digits=2)}, sharing "
                f"{interval(powers['averaging'], sign='+', digits=2)}, n = {len(powers['error'])} teachers"
            )
    noise = student_runs(rows).noise.iloc[0]
    return (
        f"As powers of the width, with 95% intervals: {'; '.join(parts)}. Noise of standard deviation {noise:g} lies "
        "on the teacher's outputs. A power of zero is an error, or a sharing, that does not depend on the width."
    )
