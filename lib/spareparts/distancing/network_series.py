"""Which records the chapter's figures of pairs, ensembles and costs draw, and which of their numbers."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from . import author
from .config import DATASETS, NETWORKS
from .ensemble import WAYS
from .network_verdicts import NAMES
from .rows import TITLES, Line, finished, line_of, lines, on, pushed
from .series import strength_title

CPU = "threads"  # how the name of a device begins to end that is a processor
CALIBRATED = ("error", "chance", "likelihood", "brier")  # of the lists that records have
COMBINED = tuple(f"{weighted}{of}" for of in WAYS for weighted in ("", "weighted_"))
SINGLE = "single"
MOST = 9  # kinds in a figure


class Kind(NamedTuple):
    """Pairs of networks that are compared."""

    title: str
    other: str  # what the journey's end is compared with
    push: bool


PAIRS = (
    Kind("not pushed, to checkpoint", "checkpoint", False),
    Kind("pushed, to checkpoint", "checkpoint", True),
    Kind("pushed, to its twin", "unpushed", True),
    Kind("pushed, to another start", "independent", True),
)


def chosen(rows: pd.DataFrame, network: str, *, longest: bool = False) -> Line | None:
    """The line of a network on which most pairs have been compared, or that of most epochs; None without any."""
    own = [line for line in lines(rows, experiment="pair") if line.network == network]
    kept = finished(rows, "pair")
    return max(own, key=lambda line: (longest * line.length, sum(each == line for each in kept.line)), default=None)


def pairs(rows: pd.DataFrame, network: str, *, longest: bool = False) -> dict[str, pd.DataFrame]:
    """Compared pairs of a network's chosen line by their kind's title."""
    line = chosen(rows, network, longest=longest)
    return {} if line is None else pairs_on(rows, line)


def pairs_on(rows: pd.DataFrame, line: Line) -> dict[str, pd.DataFrame]:
    """Compared pairs of a line by their kind's title; kinds without any are left out."""
    strength = pushed(rows, line)
    found = {
        kind.title: on(rows, line, experiment="pair", other=kind.other, strength=strength if kind.push else 0.0)
        for kind in PAIRS
    }
    return {title: part for title, part in found.items() if len(part)}


def by_line(rows: pd.DataFrame) -> dict[Line, dict[str, pd.DataFrame]]:
    """Compared pairs of every line, by their kind's title; lines without any that the figures show are left out."""
    found = {line: pairs_on(rows, line) for line in lines(rows, experiment="pair")}
    return {line: parts for line, parts in found.items() if parts}


def rises(rows: pd.DataFrame, network: str) -> dict[str, tuple[list[float], np.ndarray]]:
    """Sizes of random steps and the rise of the training loss in each pair, of pushed networks and of their twins."""
    part = pairs(rows, network).get("pushed, to its twin")
    if part is None:
        return {}
    sides = {"not pushed": "second_rises", "pushed": "first_rises"}
    return {title: (part.step_sizes.iloc[0], np.array(part[name].tolist())) for title, name in sides.items()}


def ensembles(rows: pd.DataFrame, *, dataset: str | None = None) -> pd.DataFrame:
    """Ensembles with their `title`, in the order of their kinds: of networks on their own sets, or on another one."""
    kept = finished(rows, "ensemble")
    if kept.empty:
        return pd.DataFrame(columns=["title", "network", "kind", "schedule", "strength", "seed"])
    own = kept.network.map(DATASETS) if dataset is None else pd.Series(dataset, index=kept.index)
    kept = kept[kept.dataset == own]
    order = kept.network.map(NETWORKS.index)
    titled = kept.assign(title=[ensemble_title(row) for _, row in kept.iterrows()], order=order)
    return titled.sort_values(["order", "kind", "schedule", "strength", "seed"], kind="stable").drop(columns="order")


def ensemble_title(row: pd.Series) -> str:
    """What figures and tables call an ensemble."""
    schedule = "" if row.schedule == "constant" else str(row.schedule)
    strength = strength_title(row.strength) if row.strength else ""
    return ", ".join(word for word in (NAMES.get(row.kind, row.kind), schedule, strength) if word)


def of_network(rows: pd.DataFrame, network: str) -> pd.DataFrame:
    """The ensembles of a network."""
    found = ensembles(rows)
    return found[found.network == network]


def titled(found: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Ensembles by title, in their order."""
    return {title: found[found.title == title] for title in dict.fromkeys(found.title)}


def few(rows: pd.DataFrame, network: str) -> pd.DataFrame:
    """The ensembles of a network that a figure has room for: of pushed snapshots those of the strength that counts."""
    found = of_network(rows, network)
    if found.title.nunique() <= MOST:
        return found
    line = line_of(found.iloc[0].to_dict())
    return found[found.strength.isin([0.0, pushed(rows, line)])]


def by_size(rows: pd.DataFrame, network: str) -> dict[str, np.ndarray]:
    """Accuracies by the number of members, runs x sizes, by title; of the largest number that a title has."""
    return {title: same_length(part.accuracy_by_size) for title, part in titled(few(rows, network)).items()}


def same_length(lists: pd.Series) -> np.ndarray:
    """The longest of some lists, one a row."""
    most = lists.map(len).max()
    return np.array([each for each in lists if len(each) == most], dtype=float)


def agreements(rows: pd.DataFrame, network: str) -> dict[str, np.ndarray]:
    """Images by how many members agree on them, runs x members, by title."""
    return {title: same_length(part.agreement) for title, part in titled(few(rows, network)).items()}


def combinations(rows: pd.DataFrame, network: str) -> pd.DataFrame:
    """One row a record and way to combine, single members included: `title`, `way`, `accuracy` (%)."""
    found = few(rows, network)
    columns = {SINGLE: "mean_accuracy"} | {way: f"{way}_accuracy" for way in COMBINED}
    return long(found, columns, "accuracy")


def calibrations(rows: pd.DataFrame, network: str) -> pd.DataFrame:
    """The same of calibration: `error` and its level by `chance` (both %), `likelihood`, `brier`."""
    found = few(rows, network)
    columns = {SINGLE: "member_calibration"} | {way: f"{way}_calibration" for way in COMBINED}
    table = long(found, columns, "calibration")
    parts = pd.DataFrame(table.calibration.tolist(), columns=CALIBRATED, index=table.index)
    return table.drop(columns="calibration").join(parts)


def long(found: pd.DataFrame, columns: dict[str, str], name: str) -> pd.DataFrame:
    """One row a record and way."""
    parts = [
        found[["title", "seed"]].assign(way=way, **{name: found[column]})
        for way, column in columns.items()
        if column in found
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["title", "seed", "way", name])


def equation(rows: pd.DataFrame) -> pd.DataFrame:
    """Eq. 1.14: one row an ensemble and number of members from two on: `predicted`, `measured`, `deviation`."""
    names = {"predicted": "predicted_errors", "measured": "measured_errors", "deviation": "deviations"}
    lines_of: list[dict[str, Any]] = [
        {"title": TITLES[row.network], "size": size} | {name: row[column][size - 1] for name, column in names.items()}
        for _, row in ensembles(rows).iterrows()
        for size in range(2, len(row.measured_errors) + 1)
    ]
    return pd.DataFrame(lines_of, columns=["title", "size", *names])


def distance_and_gain(rows: pd.DataFrame, network: str) -> pd.DataFrame:
    """Snapshots of constant schedules by strength, the strength being the `title`; one row a seed.

    Columns `seed`, `squared_distance`, `error_correlation`, `accuracy` of the mean of probabilities (%).
    """
    found = of_network(rows, network)
    found = found[(found.kind == "snapshots") & (found.schedule == "constant")].sort_values(["strength", "seed"])
    columns = ["seed", "squared_distance", "error_correlation", "probabilities_accuracy"]
    names = [strength_title(strength) for strength in found.strength]
    numbers = found.reindex(columns=columns).astype(float).rename(columns={"probabilities_accuracy": "accuracy"})
    return numbers.assign(title=names)


def costs(rows: pd.DataFrame) -> pd.DataFrame:
    """Time of checkpoints in % of a training step without any: `title`, `checkpoints`, `percent`; a row a number."""
    parts = []
    for _, row in finished(rows, "cost").iterrows():
        kind = "CPU" if CPU in row.device else "GPU"
        seconds = np.array(row.penalty_seconds[1:]) - row.penalty_seconds[0]
        found = pd.DataFrame({"checkpoints": row.counts[1:], "percent": 100 * seconds / row.step_seconds})
        parts.append(found.assign(title=f"{TITLES[row.network]}, {kind}"))
    return pd.concat([*parts, *map(author_costs, author.NETWORKS)], ignore_index=True)


def author_costs(network: str) -> pd.DataFrame:
    """The same of the author's runs with one checkpoint, from mean seconds an epoch; those with three mix numbers."""
    none, one = (author.theirs(network, name).epoch_seconds.mean() for name in ("baseline", "baseline_distance"))
    return pd.DataFrame({"checkpoints": [1], "percent": 100 * (one / none - 1), "title": author.title(network)})
