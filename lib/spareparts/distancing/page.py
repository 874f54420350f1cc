"""Sentences on journeys, whose every number is computed."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..stats import NOTHING, difference_words, equality_words, not_yet, said, verdict_counts
from . import author
from .author import Setting
from .config import EXPERIMENTS, PUBLISHED, Config
from .journey_verdicts import MARGIN, TOO_HIGH, named
from .penalty import growth_per_step
from .rows import TITLES, Line, Measure, finished, first_distance, lines, on, paired, protocol, pushed, relative, values
from .series import by_pushed, chosen, grid
from .setup import MOMENTUM
from .tables import dip
from .watch import FEW

Sides = tuple[pd.DataFrame, pd.DataFrame]


def sides_of(rows: pd.DataFrame, line: Line) -> Sides | None:
    """Runs of a line without the push and with it; None where there are not both, of one seed at least."""
    found = tuple(by_pushed(rows, line, {}).values())
    return found if len(paired(*found, first_distance).first) else None


def headline(rows: pd.DataFrame, *, network: str = "mlp") -> str:
    """The first thing to know: how much further, and at what price."""
    line = chosen(rows, network)
    sides = sides_of(rows, line)
    if sides is None:
        return NOTHING
    distance, accuracy = paired(*sides, first_distance), paired(*sides, "late_accuracy")
    return (
        f"Train {article(TITLES[line.network])} for {line.mark} epochs, leave a checkpoint, and train for "
        f"{line.length - line.mark} more, with a hill in the loss where the checkpoint lies. The network ends at a "
        f"squared distance of **{distance.second.mean():.1f}** from its checkpoint; the same network without the hill "
        f"at **{distance.first.mean():.1f}**. It classifies **{accuracy.second.mean():.2f}%** of the test images "
        f"correctly, the other **{accuracy.first.mean():.2f}%**: a difference of {difference_words(accuracy)} points, "
        f"with Student's 95% interval over pairs of networks. {equality_words(accuracy, margin=MARGIN)} Chance is 10%; "
        f"**{accuracy.protocol} protocol**."
    )


def article(name: str) -> str:
    """A name with its indefinite article; one that is spelt M-L-P begins with a vowel."""
    return f"an {name}" if name == TITLES["mlp"] else f"a {name}"


def counted(ledger: pd.DataFrame) -> str:
    """How many of the thesis's claims have which verdict, from a ledger's column verdict."""
    return f"Of the {len(ledger)} claims that we took from the draft and its final text: **{verdict_counts(ledger)}**."


def journeys_found(rows: pd.DataFrame) -> str:
    """Each line: how much further the push leads, what it costs, and how deep the dip is."""
    sentences = [journey_found(rows, line, sides) for line in lines(rows) if (sides := sides_of(rows, line))]
    return said(*sentences) or not_yet("journeys with and without the push")


def journey_found(rows: pd.DataFrame, line: Line, sides: Sides) -> str:
    """The same of one line."""
    distance, accuracy = relative(paired(*sides, first_distance)), paired(*sides, "late_accuracy")
    share = 100 * MARGIN / (100 - accuracy.first.mean())
    turned, dips = paired(*sides, lambda row: row.normalized_distance[0]), paired(*sides, dip)
    return (
        f"**{named(rows, line)}** ({accuracy.protocol} protocol). The push changes the squared distance by "
        f"{difference_words(distance, digits=0)} percent, and the distance of the filters' "
        f"directions from {turned.first.mean():.3f} to {turned.second.mean():.3f} (unrelated directions have 2). Test "
        f"accuracy changes by {difference_words(accuracy)} points. {equality_words(accuracy, margin=MARGIN)} This "
        f"margin is {share:.0f}% of the errors that networks make without the push. At its lowest after the checkpoint "
        f"accuracy lies {below(dips.second.mean())} the checkpoint's with the push, {below(dips.first.mean())} it "
        "without."
    )


def below(points: float) -> str:
    """So many points below, or above where they are negative."""
    return f"{abs(points):.2f} points {'above' if points < 0 else 'below'}"


def felt_found() -> str:
    """How fast the push can act near a checkpoint with the published settings."""
    each = growth_per_step(strength=Config.strength, width=Config.width, learning_rate=Config.learning_rate)
    return (
        f"With s = {Config.strength:g}, σ² = {Config.width:g}, η = {Config.learning_rate:g} and "
        f"α = {MOMENTUM:g} the factor is 1 + {each - 1:.1g}, so that a thousand steps multiply the "
        f"displacement by {each**1000:.2f}. A short training hardly feels the published strength, and gets a larger "
        "one here."
    )


def grids_found(rows: pd.DataFrame, name: str) -> str:
    """Squared distances and dips over the strengths or widths."""
    sentences = []
    for line in lines(rows):
        parts = {value: runs for value, runs in grid(rows, line, name).items() if value}
        if len(parts) < 3:
            continue
        steps = [f"{value:g}: {grid_step(runs)}" for value, runs in parts.items()]
        how = protocol(pd.concat(parts.values()))
        sentences.append(
            f"**{line.title}** ({how} protocol), by {name} the squared distance at the end, accuracy, and points of "
            f"the dip: {'; '.join(steps)}."
        )
    return said(*sentences) or not_yet(f"journeys of several {name}s")


def grid_step(runs: pd.DataFrame) -> str:
    """Means of one setting's runs."""
    distance, accuracy, lost = (values(runs, measure).mean() for measure in (first_distance, "late_accuracy", dip))
    return f"{distance:,.1f}, {accuracy:.2f}%, {lost:.2f} (n = {len(runs)})"


def compared_found(
    rows: pd.DataFrame,
    settings: Sequence[Setting],
    measure: Measure,
    *,
    what: str,
    unit: str = "points",
    digits: int = 2,
) -> str:
    """What the push changes under each setting, on every line on which more than one has run."""
    sentences = []
    for line in lines(rows, several=None):
        found = {each.title: tuple(by_pushed(rows, line, each.settings).values()) for each in settings}
        if sum(any(map(len, sides)) for sides in found.values()) < 2:
            continue
        parts = [f"{title}: {change(sides, measure, digits)}" for title, sides in found.items() if len(sides[0])]
        how = protocol(pd.concat([side for sides in found.values() for side in sides]))
        sentences.append(f"**{named(rows, line)}** ({how} protocol), {unit}: {'; '.join(parts)}.")
    return said(*sentences) or not_yet(what)


def change(sides: Sides, measure: Measure, digits: int) -> str:
    """The mean without the push, and by how much it changes with it."""
    pairs = paired(*sides, measure)
    first = f"{values(sides[0], measure).mean():,.{digits}f}"
    return f"{first} without the push, with it {difference_words(pairs, digits=digits)}"


def schedules_found(rows: pd.DataFrame) -> str:
    """Accuracies by schedule."""
    return compared_found(rows, author.SCHEDULES, "accuracy", what="restarts", unit="accuracy at the end in %")


def rates_found(rows: pd.DataFrame) -> str:
    """Accuracies of restarts from the usual and from too high a rate, and how many of the latter diverged."""
    found = compared_found(rows, author.RATES, "accuracy", what="restarts from too high a rate", unit="accuracy in %")
    tried = (
        rows[(rows.experiment == "journey") & (rows.learning_rate == TOO_HIGH["learning_rate"])] if len(rows) else rows
    )
    if tried.empty:
        return found
    return said(found, f"Of the {len(tried)} journeys at the high rate {(tried.outcome == 'diverged').sum()} diverged.")


def decays_found(rows: pd.DataFrame) -> str:
    """Distances with and without weight decay."""
    what = "journeys without weight decay"
    return compared_found(rows, author.DECAYS, first_distance, what=what, unit="squared distance", digits=1)


def several_found(rows: pd.DataFrame) -> str:
    """Distance from the first checkpoint, and accuracy, with several checkpoints against one."""
    sentences = []
    for line in lines(rows, several=True):
        one, several = (on(rows, each, strength=pushed(rows, line)) for each in (line._replace(checkpoints=1), line))
        distance, accuracy = relative(paired(one, several, first_distance)), paired(one, several, "late_accuracy")
        if not len(distance.first):
            continue
        sentences.append(
            f"**{named(rows, line)}** ({distance.protocol} protocol), against one checkpoint: squared distance from "
            f"the first {difference_words(distance, digits=0)} %, accuracy {difference_words(accuracy)} points."
        )
    return said(*sentences) or not_yet("journeys with several checkpoints beside those with one")


def directions_found(rows: pd.DataFrame) -> str:
    """Whether the push turns the gradient or makes it longer."""
    sentences = []
    for line in lines(rows):
        sides = sides_of(rows, line)
        sentences += [direction_found(named(rows, line), sides[1])] if sides else []
    return said(*sentences) or not_yet("journeys with the push")


def direction_found(title: str, runs: pd.DataFrame) -> str:
    """The same of one line."""
    cosine, ratio, alignment = (
        float(values(runs, f"pushed_{name}").mean()) for name in ("cosine", "norm_ratio", "alignment")
    )
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    side = "along" if alignment > 0 else "against"
    return (
        f"**{title}** (n = {len(runs)}, {protocol(runs)} protocol). After the checkpoint the full gradient is "
        f"{ratio:.3f} times as long as the loss's, and makes a cosine of {cosine:.4f} with it, {angle:.1f} degrees. "
        f"The push itself has a cosine of {alignment:+.3f} with the loss's gradient: it points {side} it, on average "
        "over the steps that were looked at."
    )


def protocol_note(rows: pd.DataFrame) -> str:
    """Sentences that call a reduced protocol reduced, and name the thesis's networks that have not run."""
    sentences = []
    for line in lines(rows, several=None):
        runs = finished(rows, "journey")
        own = runs[[each == line for each in runs.line]]
        sentences.append(f"{line.title}: **{protocol(own)} protocol**, n = {len(own)} journeys.")
        if line.train_samples is not None:
            sentences.append(f"Their curves and late accuracies are of the first {FEW:,} test images.")
    absent = [TITLES[name] for name in PUBLISHED if name not in {line.network for line in lines(rows, several=None)}]
    if absent:
        sentences.append(f"Not run yet, of the thesis's networks: {', '.join(absent)}.")
    return " ".join(sentences)


def sources(rows: pd.DataFrame) -> pd.DataFrame:
    """All runs with a column `part`, the experiment and its network and data, in the chapter's order."""
    if rows.empty:
        return rows
    parts = rows.experiment + ", " + rows.network.map(TITLES) + " on " + rows.dataset
    order = rows.experiment.map({name: place for place, name in enumerate(EXPERIMENTS)})
    return rows.assign(part=parts, order=order).sort_values(["order", "part", "seed"]).drop(columns="order")
