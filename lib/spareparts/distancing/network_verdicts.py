"""What the records say about networks on either side of a push: barriers, ensembles, flatness."""

import numpy as np
import pandas as pd

from ..stats import Pairs, Verdict, beyond, combine, decide_all, not_run, remarked, trend, within
from .journey_verdicts import MARGIN, named
from .rows import (
    TITLES,
    against,
    finished,
    lacking,
    lines,
    on,
    paired,
    protocol,
    pushed,
    relative,
    values,
    within_seeds,
)

BARRIER = 2.0  # points of error below which a line counts as without barrier (Frankle et al. 2020)
EQUATION_MARGIN = 10.0  # % of the squared error within which Eq. 1.14 counts as right
FLATTER = 10.0  # % less that the loss must rise
NAMES = {"k_fold": "k folds"}


def barrier_is_crossed(rows: pd.DataFrame) -> Verdict:
    """Claim 5: a barrier on the line from the checkpoint to the pushed end, higher than without the push.

    Points of test error above the line between the ends' own errors. What a fitted curve leaves of it is a remark.
    """
    parts, remarks = {}, []
    for line in lines(rows, experiment="pair"):
        common = {"experiment": "pair", "other": "checkpoint"}
        none, runs = (on(rows, line, strength=each, **common) for each in (0.0, pushed(rows, line)))
        if runs.empty:
            continue
        name = named(rows, line)
        on_line, excess = against(runs, 0.0, "line_error_barrier"), paired(none, runs, "line_error_barrier")
        parts[f"on the line, {name}"] = beyond(on_line, threshold=BARRIER, expected=+1, unit="points")
        parts[f"more than unpushed, {name}"] = beyond(excess, threshold=MARGIN, expected=+1, unit="points")
        remarks.append(f"{name}: {other_barriers(runs)}")
    return remarked(combine(parts), *remarks, lacking(rows)) if parts else not_run()


def other_barriers(runs: pd.DataFrame) -> str:
    """Mean barriers of error on fitted curves and on lines to networks with matched units, and those of the loss."""
    found = {
        "on a fitted curve": ("curve_error_barrier", ""),
        "on the line after matching units": ("matched_error_barrier", ""),
        "of training loss on the line": ("line_barrier", " nats"),
        "and on the curve": ("curve_barrier", " nats"),
    }
    known = {words: (values(runs, name).mean(), unit) for words, (name, unit) in found.items()}
    return ", ".join(f"{words} {value:.2f}{unit}" for words, (value, unit) in known.items() if np.isfinite(value))


def distance_helps_ensembles(rows: pd.DataFrame) -> Verdict:
    """Claim 6: over strengths, the further apart snapshots are, the less their errors correlate and the better they do.

    Snapshots of constant schedules, compared within each seed.
    """
    plans, remarks = {}, []
    for line in lines(rows, experiment="ensemble", several=None):
        runs = on(rows, line, experiment="ensemble", free=("strength", "members"), kind="snapshots")
        if runs.empty or runs.strength.nunique() < 2:
            continue
        for word, measure, expected in (
            ("error correlation", "error_correlation", -1),
            ("accuracy", "probabilities_accuracy", +1),
        ):
            pairs, seeds = within_seeds(runs, "squared_distance", measure)
            plans[f"{word}, {line.title}"] = trend(pairs, expected, blocks=seeds)
    for network, part in ensembles(rows).groupby("network"):
        remarks.append(f"{TITLES[network]}: {accuracies(part)}")
    return remarked(combine(decide_all(plans)), *remarks, lacking(rows)) if plans else not_run()


def ensembles(rows: pd.DataFrame) -> pd.DataFrame:
    """Finished ensembles of networks on their own data sets."""
    kept = finished(rows, "ensemble")
    if kept.empty:
        return pd.DataFrame(columns=["network"])
    own = lines(rows, experiment="ensemble", several=None)
    return kept[[line in own for line in kept.line]]


def accuracies(part: pd.DataFrame) -> str:
    """Mean accuracy of ensembles of each kind."""
    found = []
    for (kind, schedule, strength), runs in part.groupby(["kind", "schedule", "strength"]):
        about = f"s = {strength:g}" if strength else ""
        words = [NAMES.get(kind, kind), "" if schedule == "constant" else schedule, about]
        found.append(f"{' '.join(word for word in words if word)} {runs.probabilities_accuracy.mean():.2f}%")
    return ", ".join(found)


def pairs_predict_ensembles(rows: pd.DataFrame) -> Verdict:
    """Claim 10: the squared error of whole ensembles, as Eq. 1.14 has it from pairs on other images, within a tenth.

    Ensembles of one seed share members, test images or both, so that their means are one observation.
    """
    parts, remarks = {}, []
    for network, part in ensembles(rows).groupby("network"):
        names = ("predicted_errors", "measured_errors", "deviations")
        predicted, measured, deviations = (np.array([each[-1] for each in part[name]]) for name in names)
        means = pd.DataFrame({"predicted": predicted, "measured": measured}).groupby(part.seed.to_numpy()).mean()
        pairs = relative(Pairs(means.predicted.to_numpy(), means.measured.to_numpy(), protocol(part)))
        parts[TITLES[network]] = within(pairs, margin=EQUATION_MARGIN, unit="% of the squared error")
        hits = int((abs(measured - predicted) <= 1.96 * deviations).sum())
        remarks.append(f"{TITLES[network]}: {hits} of {len(part)} within 1.96 deviations over images")
    return remarked(combine(parts), *remarks, lacking(rows)) if parts else not_run()


def minima_are_flatter(rows: pd.DataFrame) -> Verdict:
    """Claim 14: under random steps of the same relative size the loss of a pushed network rises less, by a tenth.

    The rise of the training loss, mean over the sizes, in % of that of the same seed's network that was not pushed.
    """
    parts = {}
    for line in lines(rows, experiment="pair"):
        runs = on(rows, line, experiment="pair", other="unpushed", strength=pushed(rows, line))
        if runs.empty:
            continue
        rises = against(runs, 100.0, lambda row: 100 * np.mean(row.first_rises) / np.mean(row.second_rises))
        parts[named(rows, line)] = beyond(rises, threshold=-FLATTER, expected=-1, unit="%")
    return remarked(combine(parts), lacking(rows)) if parts else not_run()
