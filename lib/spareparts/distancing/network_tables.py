"""Small tables of the chapter on networks that are compared or combined, and on what checkpoints cost."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from ..stats import BLANK, spread
from . import author
from .mechanism_verdicts import each_costs, percent_of_a_step
from .network_series import COMBINED, by_line, ensembles, of_network, titled
from .rows import TITLES, Measure, finished, line_of, protocol
from .tables import cells, ordered

WAY_TITLES = {
    "single": "single members",
    "probabilities": "mean of probabilities",
    "weighted_probabilities": "weighted probabilities",
    "logits": "mean of logits",
    "weighted_logits": "weighted logits",
}
PATHS = {"line": "line", "curve": "curve", "matched": "line, matched"}


def percent(name: str) -> Measure:
    """A share of a record in %."""
    return lambda row: 100 * row[name]


def barriers(rows: pd.DataFrame) -> pd.DataFrame:
    """Height of the barrier between networks, in points of test error and nats of training loss."""
    columns: dict[str, tuple[Measure, int]] = {
        f"error, {words}": (f"{way}_error_barrier", 2) for way, words in PATHS.items()
    }
    columns |= {f"loss, {words}": (f"{way}_barrier", 3) for way, words in PATHS.items()}
    return by_pair(rows, columns)


def behaviours(rows: pd.DataFrame) -> pd.DataFrame:
    """How differently networks behave, beside the level of chance."""
    return by_pair(
        rows,
        {
            "disagreement, %": (percent("disagreement"), 2),
            "by chance, %": (percent("independent_disagreement"), 2),
            "error correlation": ("error_correlation", 3),
            "divergence, nats": ("divergence", 4),
            "first, accuracy": ("first_accuracy", 2),
            "second, accuracy": ("second_accuracy", 2),
        },
    )


def distances(rows: pd.DataFrame) -> pd.DataFrame:
    """Distances of pairs: as they are, after matching units, and with the units shuffled before they are matched."""
    return by_pair(
        rows,
        {
            "squared": ("squared_distance", 1),
            "matched": ("matched_squared_distance", 1),
            "shuffled": ("shuffled_squared_distance", 1),
            "shuffled, matched": ("rematched_squared_distance", 1),
            "relative": ("relative_distance", 3),
            "normalized": ("normalized_distance", 3),
            "normalized, matched": ("matched_normalized_distance", 3),
        },
    )


def by_pair(rows: pd.DataFrame, columns: dict[str, tuple[Measure, int]]) -> pd.DataFrame:
    """One line for each kind of pair of each line of journeys."""
    found = {
        (line.title, title): cells(part, columns)
        for line, parts in by_line(rows).items()
        for title, part in parts.items()
    }
    return ordered(found, "network", "pair")


def flatness(rows: pd.DataFrame) -> pd.DataFrame:
    """Rise of the training loss (nats) by the relative size of a random step, of pushed networks and their twins."""
    found: dict[Any, dict[str, Any]] = {}
    for line, parts in by_line(rows).items():
        part = parts.get("pushed, to its twin")
        if part is None:
            continue
        for title, side in (("not pushed", "second"), ("pushed", "first")):
            rises, sizes = np.array(part[f"{side}_rises"].tolist()), part.step_sizes.iloc[0]
            columns = {f"step {size:g}": spread(rises[:, place], digits=4) for place, size in enumerate(sizes)}
            about = {"loss": spread(part[f"{side}_loss"], digits=4)} | columns
            found[line.title, title] = about | {"n": len(part), "protocol": protocol(part)}
    return ordered(found, "network", "")


def combined(rows: pd.DataFrame, *, dataset: str | None = None) -> pd.DataFrame:
    """Accuracy (%) of ensembles by kind and by the way to combine them, the author's beside them."""
    columns: dict[str, tuple[Measure, int]] = {"single": ("mean_accuracy", 2)}
    columns |= {WAY_TITLES[way]: (f"{way}_accuracy", 2) for way in COMBINED}
    found = {name: members(part) | cells(part, columns) for name, part in kinds(rows, dataset=dataset)}
    return ordered(found | (author_ensembles() if dataset is None else {}), "network", "ensemble")


def members(part: pd.DataFrame) -> dict[str, str]:
    """How many members ensembles have."""
    return {"members": ", ".join(map(str, sorted(set(part.member_accuracy.map(len)))))}


def kinds(rows: pd.DataFrame, *, dataset: str | None = None) -> Iterable[tuple[tuple[str, str], pd.DataFrame]]:
    """Ensembles by the title of their journeys and their own."""
    found = ensembles(rows, dataset=dataset)
    if found.empty:
        return ()
    lines = [single_title(row) for row in found.to_dict("records")]
    parts = found.assign(line_title=lines).groupby(["line_title", "title"], sort=False)
    return [(name, part) for name, part in parts]


def single_title(row: dict[str, Any]) -> str:
    """The journeys of an ensemble's members, whatever number of checkpoints they leave."""
    return line_of(row)._replace(checkpoints=1).title


def author_ensembles() -> dict[Any, dict[str, Any]]:
    """The author's ensembles of five snapshots, whose logits were averaged."""
    found: dict[Any, dict[str, Any]] = {}
    for network in author.NETWORKS:
        for title, experiment in author.ENSEMBLES.items():
            runs = author.theirs(network, experiment)
            if len(runs):
                about = {
                    "single": spread(runs.validation_accuracy),
                    WAY_TITLES["logits"]: spread(runs.ensemble_accuracy),
                }
                about |= {"n": len(runs), "protocol": "the author's"}
                found[author.title(network), title] = {"members": "5"} | about
    return found


def diversity(rows: pd.DataFrame) -> pd.DataFrame:
    """How different the members of ensembles are: distance, disagreement, error correlation, images they agree on."""
    columns: dict[str, tuple[Measure, int]] = {
        "squared distance": ("squared_distance", 1),
        "normalized": ("normalized_distance", 3),
        "disagreement, %": (percent("disagreement"), 2),
        "error correlation": ("error_correlation", 3),
        "all agree, %": (all_agree, 2),
    }
    found: dict[Any, dict[str, Any]] = {name: cells(part, columns) for name, part in kinds(rows)}
    for title, images in author.ALL_AGREE.items():
        about = {"all agree, %": f"{images / 100:.2f}", "n": BLANK, "protocol": "the author's"}
        found[author.title("mobilenet_v2"), title] = about
    return ordered(found, "network", "ensemble")


def all_agree(row: pd.Series) -> float:
    """Images on which all members predict the same class, in %."""
    return 100 * row.agreement[-1] / sum(row.agreement)


def calibrations(rows: pd.DataFrame, network: str) -> pd.DataFrame:
    """Calibration of single members and of ensembles: expected error and its level by chance in %, and scores."""
    found = {}
    for title, part in titled(of_network(rows, network)).items():
        for way, words in WAY_TITLES.items():
            name = "member_calibration" if way == "single" else f"{way}_calibration"
            read = {
                "error, %": (at(name, 0), 2),
                "by chance, %": (at(name, 1), 2),
                "negative log likelihood": (at(name, 2), 4),
                "Brier score": (at(name, 3), 4),
            }
            found[title, words] = cells(part, read)
    return ordered(found, "ensemble", "combined by")


def at(name: str, place: int) -> Measure:
    """One number of a list that records have."""
    return lambda row: row[name][place]


def costs(rows: pd.DataFrame) -> pd.DataFrame:
    """Milliseconds of a training step and of each checkpoint more, the first two and the last six."""
    columns: dict[str, tuple[Measure, int]] = {
        "parameters": ("parameters", 0),
        "training step, ms": (lambda row: 1e3 * row.step_seconds, 1),
        "each of the first two, ms": (lambda row: 1e3 * each_costs(row, begin=0, end=2), 3),
        "each of the last six, ms": (lambda row: 1e3 * each_costs(row, begin=2, end=8), 3),
        "% of a step": (percent_of_a_step, 2),
    }
    runs = finished(rows, "cost")
    parts = runs.groupby(["network", "device"], sort=False) if len(runs) else ()
    found = {(TITLES[network], device): cells(part, columns) for (network, device), part in parts}
    return ordered(found, "network", "device")
