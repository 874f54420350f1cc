"""Sentences on networks that are compared or combined, and on what checkpoints cost; every number is computed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..stats import Pairs, difference_words, equality_words, not_yet, said
from .journey_verdicts import MARGIN, named
from .mechanism_verdicts import percent_of_a_step
from .network_series import by_line, distance_and_gain, ensembles, of_network, titled
from .network_tables import kinds
from .network_verdicts import BARRIER
from .rows import TITLES, Measure, finished, protocol, values

PUSHED, STILL = "pushed, to checkpoint", "not pushed, to checkpoint"
TWINS, STRANGERS = "pushed, to its twin", "pushed, to another start"


def each_line(rows: pd.DataFrame, *titles: str) -> Iterator[tuple[str, list[pd.DataFrame]]]:
    """Lines that have all of these kinds of pairs: how a sentence begins, and the pairs of each kind."""
    for line, found in by_line(rows).items():
        parts = [found[title] for title in titles if title in found]
        if len(parts) == len(titles):
            yield f"**{named(rows, line)}** ({protocol(pd.concat(parts))} protocol)", parts


def between(first: pd.DataFrame, second: pd.DataFrame, measure: Measure) -> Pairs:
    """A measure of two kinds of pairs, seed by seed."""
    both = pd.concat([values(first, measure), values(second, measure)], axis=1, join="inner").dropna()
    return Pairs(both[0].to_numpy(float), both[1].to_numpy(float), protocol(pd.concat([first, second])))


def mean(runs: pd.DataFrame, measure: Measure) -> float:
    """Mean over the runs that have it."""
    return float(values(runs, measure).mean())


def barriers_found(rows: pd.DataFrame) -> str:
    """Whether a barrier lies between checkpoint and end, with and without the push, on the line and on a curve."""
    sentences = []
    for begin, (still, runs) in each_line(rows, STILL, PUSHED):
        higher = between(still, runs, "line_error_barrier")
        crossed = int((values(runs, "line_error_barrier") > BARRIER).sum())
        sentences.append(
            f"{begin}. On the straight line from the checkpoint to the end the test error rises by "
            f"{mean(runs, 'line_error_barrier'):.2f} points above the line between both ends' own errors with the "
            f"push, by {mean(still, 'line_error_barrier'):.2f} without: {difference_words(higher)}. Above {BARRIER:g} "
            f"points, where one speaks of a barrier, lie {crossed} of the {len(runs)} pushed networks. On the fitted "
            f"curve {mean(runs, 'curve_error_barrier'):.2f} are left, on the line to the checkpoint with its units "
            f"matched {mean(runs, 'matched_error_barrier'):.2f}.{of_names(runs)}"
        )
    return said(*sentences) or not_yet("journeys' ends beside their checkpoints, pushed and not")


def of_names(runs: pd.DataFrame) -> str:
    """What it means that matching removes a barrier; nothing where it does not or where there is none."""
    if not mean(runs, "matched_error_barrier") < BARRIER < mean(runs, "line_error_barrier"):
        return ""
    return " A barrier that matching removes lies between the names of units rather than between valleys."


def strangers_found(rows: pd.DataFrame) -> str:
    """What a barrier looks like where there is one for certain: between networks of other initial weights."""
    sentences = [
        f"{begin}. Between networks of different initial weights (n = {len(runs)}) the error rises by "
        f"{mean(runs, 'line_error_barrier'):.2f} points on the line, by {mean(runs, 'matched_error_barrier'):.2f} once "
        f"their units are matched, by {mean(runs, 'curve_error_barrier'):.2f} on the fitted curve; between a pushed "
        f"network and its twin that was not pushed (n = {len(twins)}) by {mean(twins, 'line_error_barrier'):.2f} on "
        f"the line."
        for begin, (twins, runs) in each_line(rows, TWINS, STRANGERS)
    ]
    return said(*sentences) or not_yet("networks of different initial weights beside pushed ones")


def behaviour_found(rows: pd.DataFrame) -> str:
    """How differently the networks predict, beside the level of chance."""
    sentences = []
    for line, found in by_line(rows).items():
        parts = [
            f"{title} {100 * mean(runs, 'disagreement'):.2f}% (independent draws "
            f"{100 * mean(runs, 'independent_disagreement'):.2f}%), {correlated(runs)} (n = {len(runs)})"
            for title, runs in found.items()
        ]
        how = protocol(pd.concat(found.values()))
        sentences.append(
            f"**{line.title}** ({how} protocol). Images on which two networks disagree: {'; '.join(parts)}."
        )
    return said(*sentences) or not_yet("pairs of networks")


def correlated(runs: pd.DataFrame) -> str:
    """Mean correlation of errors, if any pair has errors on both sides."""
    found = values(runs, "error_correlation").dropna()
    return f"errors correlate {found.mean():.2f}" if len(found) else "errors of one of them are missing"


def matched_found(rows: pd.DataFrame) -> str:
    """How much of the distance is a mere exchange of units."""
    sentences = []
    for begin, (runs,) in each_line(rows, PUSHED):
        left = mean(runs, lambda row: row.matched_squared_distance / row.squared_distance)
        again = mean(runs, lambda row: row.rematched_squared_distance / row.squared_distance)
        sentences.append(
            f"{begin}. From the checkpoint to the pushed end matching units leaves {100 * left:.1f}% of the squared "
            f"distance (n = {len(runs)}). If the units are shuffled first, so that the order they had tells nothing, "
            f"matching finds its way back to {100 * again:.1f}%."
        )
    return said(*sentences) or not_yet("pushed networks matched to their checkpoints")


def flatness_found(rows: pd.DataFrame) -> str:
    """Whether the loss rises less under random steps after a push."""
    sentences = []
    for begin, (runs,) in each_line(rows, TWINS):
        ratio = values(runs, lambda row: 100 * np.mean(row.first_rises) / np.mean(row.second_rises)).to_numpy(float)
        change = Pairs(np.full(len(ratio), 100.0), ratio, protocol(runs))
        sentences.append(
            f"{begin}. Under random steps of the same relative size the training loss of the pushed network rises by "
            f"{mean(runs, lambda row: np.mean(row.first_rises)):.3f} nats, its twin's by "
            f"{mean(runs, lambda row: np.mean(row.second_rises)):.3f}, means over the sizes: "
            f"{difference_words(change, digits=0)} %."
        )
    return said(*sentences) or not_yet("pushed networks beside their twins")


def ensembles_found(rows: pd.DataFrame) -> str:
    """What ensembles of each kind gain over their members."""
    found: dict[str, list[tuple[float, str]]] = {}
    for (line, title), runs in kinds(rows):
        single, together = (mean(runs, name) for name in ("mean_accuracy", "probabilities_accuracy"))
        words = f"{title} {together:.2f}% ({together - single:+.2f}, n = {len(runs)})"
        found.setdefault(f"**{line}** ({protocol(runs)} protocol)", []).append((together, words))
    sentences = [
        f"{line}, accuracy of ensembles, best first, and in brackets over that of their members: {ranked(parts)}."
        for line, parts in found.items()
    ]
    return said(*sentences) or not_yet("ensembles")


def ranked(parts: Sequence[tuple[float, str]]) -> str:
    """Words in the order of their numbers, largest first."""
    return "; ".join(words for _, words in sorted(parts, key=lambda part: -part[0]))


def gain_found(rows: pd.DataFrame) -> str:
    """Both links of the chain from strength to a better ensemble of snapshots: distance, alike errors, accuracy."""
    sentences = []
    for network in TITLES:
        found = distance_and_gain(rows, network)
        if found.title.nunique() < 2:
            continue
        steps = [f"{title}: {gain_step(part)}" for title, part in found.groupby("title", sort=False)]
        sentences.append(
            f"**{TITLES[network]}** ({protocol(of_network(rows, network))} protocol), by strength the mean squared "
            f"distance between members, the correlation of their errors, and the accuracy of their ensemble: "
            f"{'; '.join(steps)}."
        )
    return said(*sentences) or not_yet("ensembles of snapshots by strength")


def gain_step(part: pd.DataFrame) -> str:
    """Means of one strength's ensembles."""
    distance, alike, accuracy = part[["squared_distance", "error_correlation", "accuracy"]].mean()
    return f"{distance:,.1f}, {alike:.2f}, {accuracy:.2f}% (n = {len(part)})"


def paired_gain(runs: pd.DataFrame, first: Measure, second: Measure) -> Pairs:
    """Two measures of the same runs."""
    return Pairs(*(values(runs, each).to_numpy(float) for each in (first, second)), protocol(runs))


def averaging_found(rows: pd.DataFrame) -> str:
    """Logits against probabilities, and weights against none, over all ensembles."""
    runs = ensembles(rows)
    if runs.empty:
        return not_yet("ensembles")
    logits = paired_gain(runs, "probabilities_accuracy", "logits_accuracy")
    weighted = paired_gain(runs, "probabilities_accuracy", "weighted_probabilities_accuracy")
    return (
        f"Over all ensembles, whatever their kind ({protocol(runs)} protocol), averaging logits instead of "
        f"probabilities changes accuracy by {difference_words(logits)} points, fitted weights instead of equal ones by "
        f"{difference_words(weighted)}. {equality_words(logits, margin=MARGIN)}"
    )


def equation_found(rows: pd.DataFrame) -> str:
    """How near Eq. 1.14 comes to the squared errors of whole ensembles."""
    sentences = []
    for network, runs in ensembles(rows).groupby("network", sort=False):
        last = [[each[-1] for each in runs[name]] for name in ("predicted_errors", "measured_errors", "deviations")]
        predicted, measured, deviations = np.array(last, dtype=float)
        apart = Pairs(np.full(len(runs), 100.0), 100 * measured / predicted, protocol(runs))
        hits = int((abs(measured - predicted) <= 1.96 * deviations).sum())
        sentences.append(
            f"**{TITLES[network]}** ({apart.protocol} protocol): measured over predicted squared error, less 100%: "
            f"{difference_words(apart)} %; {hits} of {len(runs)} ensembles lie within 1.96 standard errors of the "
            "images."
        )
    return said(*sentences) or not_yet("ensembles")


def calibration_found(rows: pd.DataFrame, network: str) -> str:
    """Whether ensembles know better than their members how sure they may be."""
    runs = ensembles(rows)
    parts = [
        f"{title} {at(part, 'member', 0):.2f} (chance {at(part, 'member', 1):.2f}) single, "
        f"{at(part, 'probabilities', 0):.2f} ({at(part, 'probabilities', 1):.2f}) together (n = {len(part)})"
        for title, part in titled(runs[runs.network == network]).items()
    ]
    if not parts:
        return not_yet("ensembles")
    return (
        f"Expected calibration error in %, and in brackets what a perfectly calibrated predictor would have on as many "
        f"images, {TITLES[network]} ({protocol(runs[runs.network == network])} protocol): {'; '.join(parts)}."
    )


def at(part: pd.DataFrame, way: str, place: int) -> float:
    """Mean of one number of calibration."""
    return float(np.mean([each[place] for each in part[f"{way}_calibration"]]))


def costs_found(rows: pd.DataFrame) -> str:
    """What a checkpoint costs, of a training step."""
    runs = finished(rows, "cost")
    if runs.empty:
        return not_yet("the cost of checkpoints")
    parts = [
        f"{TITLES[network]} {mean(part, percent_of_a_step):.2g}% (n = {len(part)}, {device})"
        for (network, device), part in runs.groupby(["network", "device"], sort=False)
    ]
    return f"A checkpoint costs, of a training step: {'; '.join(parts)}."


def benchmarks_found(benchmarks: Sequence[Mapping[str, Any]]) -> str:
    """What `make bench` measured of the penalty, for each network and device."""
    found = [row for row in benchmarks if row["name"].startswith("penalty_")]
    if not found:
        return not_yet("the rows `penalty_resnet32` and `penalty_mobilenetv2` of `make bench`")
    return said(
        *(
            f"`{row['name']}` on {row['device']}: {row['ours']:.3g} {row['unit']} against {row['other']:.3g}, "
            f"**{row['ratio']:.2f} times as fast**. {row['note']}"
            for row in found
        )
    )
