"""What the records say about where a pushed network goes, and how well it does there."""

import dataclasses

import numpy as np
import pandas as pd

from ..stats import Pairs, Verdict, beyond, combine, decide_all, not_run, remarked, trend
from .rows import (
    FELT,
    Line,
    early_distance,
    first_distance,
    lacking,
    lines,
    on,
    paired,
    pushed,
    relative,
    within_seeds,
)

MARGIN = 0.5  # points of accuracy within which two count as equal
FURTHER = 10.0  # % of squared distance more that counts as further
SCHEDULES = ("constant", "step", "cosine")  # in the order claimed, worst first
TOO_HIGH = {"learning_rate": 0.1, "schedule": "cosine"}
FEWEST_SETTINGS = 3  # of a grid that shows a trend
FREE = ("period",)  # of restarts: as long as the journey has it


def both(rows: pd.DataFrame, line: Line, **settings: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Runs of a line without the push and with it, under some settings."""
    return tuple(on(rows, line, free=FREE, strength=strength, **settings) for strength in (0.0, pushed(rows, line)))


def ends_further(rows: pd.DataFrame) -> Verdict:
    """Claim 3: at the end a pushed network is further from its checkpoint, by a tenth of the squared distance."""
    parts = {}
    for line in lines(rows):
        pairs = relative(paired(*both(rows, line), first_distance))
        if len(pairs.first):
            parts[named(rows, line)] = beyond(pairs, threshold=FURTHER, expected=+1, unit="%")
    return remarked(combine(parts), lacking(rows)) if parts else not_run()


def named(rows: pd.DataFrame, line: Line) -> str:
    """A line with the strength that counts on it."""
    return f"{line.title}, s = {pushed(rows, line):g}"


def accuracy_recovers(rows: pd.DataFrame) -> Verdict:
    """Claim 4: the last readings' accuracy lies at most half a point below that without the push."""
    parts, remarks = {}, []
    for line in lines(rows):
        sides = both(rows, line)
        pairs = paired(*sides, "late_accuracy")
        if not len(pairs.first):
            continue
        parts[named(rows, line)] = beyond(pairs, threshold=-MARGIN, expected=+1, unit="points")
        dips = [(side.accuracy_before - side.lowest_accuracy).mean() for side in sides]
        dips = [f"{max(0.0, dip):.2f}" for dip in dips]  # some never fall below the checkpoint's accuracy
        remarks.append(f"{named(rows, line)}: after the checkpoint down by {dips[1]}, not pushed {dips[0]}")
    return remarked(combine(parts), *remarks, lacking(rows)) if parts else not_run()


def grids_set_speed_and_distance(rows: pd.DataFrame) -> Verdict:
    """Claim 7: faster and further with strength, further and slower with width; far at the end, fast early on.

    Runs are compared within each seed. How far a width leads is asked of those only whose hill is felt in time.
    """
    plans, remarks = {}, []
    for line in lines(rows):
        grids = {
            "strength": positive(on(rows, line, free=("strength",)), "strength"),
            "width": on(rows, line, free=("width",), strength=pushed(rows, line)),
        }
        for name, runs in grids.items():
            if runs.empty or runs[name].nunique() < FEWEST_SETTINGS:
                continue
            speed = +1 if name == "strength" else -1
            for word, measure, expected in (("further", first_distance, +1), ("early", early_distance, speed)):
                asked = felt(line, runs, strength=pushed(rows, line)) if (word, name) == ("further", "width") else runs
                pairs, seeds = within_seeds(asked, name, measure)
                plans[f"{word} with {name}, {line.title}"] = trend(pairs, expected, blocks=seeds)
        remarks.append(hardly_felt(line, grids["width"], strength=pushed(rows, line)))
    return remarked(combine(decide_all(plans)), *remarks, lacking(rows)) if plans else not_run()


def felt(line: Line, runs: pd.DataFrame, *, strength: float) -> pd.DataFrame:
    """Runs of widths whose hill is steep enough to be felt before the journey ends."""
    return runs[[line.growth(strength, width=width) >= FELT for width in runs.width]]


def hardly_felt(line: Line, runs: pd.DataFrame, *, strength: float) -> str:
    """Which widths have a hill so flat that a journey ends before it has felt the push; nothing for none of several."""
    widths = sorted(set(runs.width)) if len(runs) else []
    flat = [f"{width:g}" for width in widths if line.growth(strength, width=width) < FELT]
    return f"{line.title}: hardly felt in so few steps, width {', '.join(flat)}" if flat and len(widths) > 1 else ""


def positive(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Rows with more than 0 in a column."""
    return rows[rows[column] > 0] if len(rows) else rows


def restarts_win(rows: pd.DataFrame) -> Verdict:
    """Claim 9: accuracy rises from constant over step to cosine; with cosine the push adds less than half a point."""
    plans, parts, remarks = {}, {}, []
    for line in lines(rows, several=None):
        runs = {name: on(rows, line, free=FREE, strength=0.0, schedule=name) for name in SCHEDULES}
        if runs["constant"].empty or runs["cosine"].empty:
            continue
        order = pd.concat([part.assign(order=place) for place, part in enumerate(runs.values()) if len(part)])
        pairs, seeds = within_seeds(order, "order", "accuracy")
        plans[f"order, {line.title}"] = trend(pairs, +1, blocks=seeds)
        gain = paired(*both(rows, line, schedule="cosine"), "accuracy")
        parts[f"push with cosine, {named(rows, line)}"] = beyond(gain, threshold=MARGIN, expected=-1, unit="points")
        means = ", ".join(f"{name} {part.accuracy.mean():.2f}%" for name, part in runs.items() if len(part))
        remarks.append(f"{line.title}: {means}")
    return remarked(combine(decide_all(plans) | parts), *remarks, lacking(rows)) if parts else not_run()


def too_high_a_rate_is_helped(rows: pd.DataFrame) -> Verdict:
    """Claim 11: at a peak rate of 0.1 with cosine restarts the push adds more than half a point.

    A network that loses less than that to the rate itself decides nothing: the rate is not too high for it.
    """
    parts = {}
    for line in lines(rows, several=None):
        none, runs = both(rows, line, **TOO_HIGH)
        pairs = paired(none, runs, "accuracy")
        if len(pairs.first):
            found = beyond(pairs, threshold=MARGIN, expected=+1, unit="points")
            usual = on(rows, line, free=FREE, strength=0.0, schedule=TOO_HIGH["schedule"])
            parts[named(rows, line)] = if_too_high(found, paired(usual, none, "accuracy"))
    if not parts:
        return not_run()
    tried = rows[(rows.experiment == "journey") & (rows.learning_rate == TOO_HIGH["learning_rate"])]
    diverged = int((tried.outcome == "diverged").sum())
    return remarked(combine(parts), f"{diverged} of {len(tried)} runs diverged" if diverged else "", lacking(rows))


def if_too_high(found: Verdict, rates: Pairs) -> Verdict:
    """A verdict on runs at a rate, undecided where this rate, against the usual one, costs too little accuracy."""
    if not len(rates.first):
        return found
    change = float(np.mean(rates.second - rates.first))
    words = f"the rate itself {change:+.2f} points, n = {len(rates.first)}"
    if change < -MARGIN:
        return remarked(found, words)
    note = f"{words}: not too high for this network"
    return dataclasses.replace(found, verdict="undecided", note=f"{found.note}; {note}")


def several_push_further(rows: pd.DataFrame) -> Verdict:
    """Claim 12: with several checkpoints further from the first one than unpushed, and than with that one alone.

    MobileNetV2 is to gain half a point over one checkpoint; for other networks the difference is a remark.
    """
    parts, remarks = {}, []
    for line in lines(rows, several=True):
        single = line._replace(checkpoints=1)
        none, several = both(rows, line)
        one = on(rows, single, strength=pushed(rows, line))
        for name, other in (("unpushed", none), ("one checkpoint", one)):
            pairs = relative(paired(other, several, first_distance))
            if len(pairs.first):
                title = f"{named(rows, line)}, than {name}"
                parts[title] = beyond(pairs, threshold=FURTHER, expected=+1, unit="%")
        gain = paired(one, several, "late_accuracy")
        if line.network == "mobilenet_v2":
            parts[f"accuracy, {line.title}"] = beyond(gain, threshold=MARGIN, expected=+1, unit="points")
        elif len(gain.first):
            remarks.append(f"accuracy over one checkpoint {np.mean(gain.second - gain.first):+.2f} ({line.title})")
    return remarked(combine(parts), *remarks, lacking(rows)) if parts else not_run()
