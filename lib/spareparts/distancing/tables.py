"""Small tables of the chapter on journeys: distances and accuracies, the author's beside ours."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import records
from ..records import lined
from ..stats import BLANK, spread
from . import author
from .author import Setting
from .config import Config
from .reference import reference
from .rows import Line, Measure, early_distance, first_distance, lines, protocol, pushed, values
from .series import NOT_PUSHED, by_pushed, by_strength, grid, several_words, strength_title

ACCURACY, DISTANCE = "accuracy, %", "squared distance"
ENDS: dict[str, tuple[Measure, int]] = {  # column to measure and digits
    ACCURACY: ("late_accuracy", 2),
    DISTANCE: (first_distance, 1),
}
OF_ALL = {
    "training loss": ("train_loss", 4),
    "normalized distance": (lambda row: row.normalized_distance[0], 3),
    "length of the weights": ("weight_norm", 2),
}


def dip(row: pd.Series) -> float:
    """Points by which accuracy falls below the checkpoint's at most afterwards."""
    return row.accuracy_before - row.lowest_accuracy


def cells(runs: pd.DataFrame, columns: Mapping[str, tuple[Measure, int]]) -> dict[str, Any]:
    """Mean (SD) of some measures over the runs, with n and protocol."""
    found = {name: spread(values(runs, measure), digits=digits) for name, (measure, digits) in columns.items()}
    return found | {"n": len(runs), "protocol": protocol(runs)}


def ordered(found: Mapping[Any, Mapping[str, Any]], *names: str) -> pd.DataFrame:
    """A table with n and protocol at its end, and dashes for what a line does not have."""
    table = lined(found, *names)
    if "n" not in table:
        return table
    columns = [name for name in table if name not in ("n", "protocol")]
    return table[[*columns, "n", "protocol"]].fillna(BLANK)


def journeys(rows: pd.DataFrame) -> pd.DataFrame:
    """Every line without the push and with it, and the author's: accuracy, distance, and what else there is at the end.

    Accuracies are means of the last readings, of test images as they are.
    """
    found: dict[Any, dict[str, Any]] = {}
    for line in lines(rows):
        sides = by_strength(rows, line)
        for name, runs in sides.items() if len(sides) > 1 else ():
            augmented = {"augmented accuracy, %": ("late_augmented_accuracy", 2)} if coloured(runs) else {}
            found[line.title, name] = cells(runs, ENDS | augmented | OF_ALL | {"dip, points": (dip, 2)})
    for network in author.NETWORKS:
        for side, names in author.PLAIN.theirs.items():
            runs = author.theirs(network, *names)
            theirs = author.cells(runs)
            # his test images were augmented too
            theirs["augmented accuracy, %"] = theirs.pop(ACCURACY)
            found[author.title(network), strength_title(float(side))] = theirs
    return ordered(found, "network", "push").reindex(columns=journey_columns(found))


def coloured(runs: pd.DataFrame) -> bool:
    """Whether networks were also tested on augmented images."""
    return "late_augmented_accuracy" in runs and bool(runs.late_augmented_accuracy.notna().any())


def journey_columns(found: Mapping[Any, Mapping[str, Any]]) -> list[str]:
    """All columns of the table of journeys that any line has, in their order."""
    known = [ACCURACY, "augmented accuracy, %", DISTANCE, *OF_ALL, "dip, points", "n", "protocol"]
    return [name for name in known if any(name in line for line in found.values())]


def grids(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Journeys by `strength` or `width`, and the author's: at the end, after a tenth of the way, and the dip."""
    more = {"after a tenth of the way": (early_distance, 2), "dip, points": (dip, 2)}
    found: dict[Any, dict[str, Any]] = {}
    for line in lines(rows):
        parts = grid(rows, line, name)
        for value, runs in parts.items() if len(parts) > 2 else ():
            found[line.title, f"{value:g}"] = cells(runs, ENDS | more)
    for network in author.NETWORKS:
        for value, experiment in {"strength": author.STRENGTHS, "width": author.WIDTHS}[name].items():
            found[author.title(network), f"{value:g}"] = author.cells(author.theirs(network, experiment))
    return ordered(found, "network", name)


def compared(rows: pd.DataFrame, settings: Sequence[Setting], first: str) -> pd.DataFrame:
    """Settings with and without the push where more than one has run, and the author's, `first` naming the settings."""
    found: dict[Any, dict[str, Any]] = {}
    for line in lines(rows, several=None):
        parts = {each.title: by_pushed(rows, line, each.settings) for each in settings}
        if sum(any(map(len, sides.values())) for sides in parts.values()) < 2:
            continue
        for title, sides in parts.items():
            for side, runs in sides.items():
                if len(runs):
                    name = strength_title(pushed(rows, line)) if side else NOT_PUSHED
                    end = {"accuracy at the end, %": ("accuracy", 2)}
                    found[line.title, title, name] = cells(runs, ENDS | end)
    for network in author.NETWORKS:
        for (title, side), runs in author.of_settings(network, settings).items():
            strength = runs.strength.iloc[0] if side else 0.0
            found[author.title(network), title, strength_title(strength)] = author.cells(runs)
    return ordered(found, "network", first, "push")


def schedules(rows: pd.DataFrame) -> pd.DataFrame:
    """Constant, step and cosine."""
    return compared(rows, author.SCHEDULES, "schedule")


def rates(rows: pd.DataFrame) -> pd.DataFrame:
    """Cosine restarts from the usual rate and from one that is too high."""
    return compared(rows, author.RATES, "rate")


def decays(rows: pd.DataFrame) -> pd.DataFrame:
    """With weight decay and without."""
    return compared(rows, author.DECAYS, "decay")


def several(rows: pd.DataFrame) -> pd.DataFrame:
    """Journeys with several checkpoints by strength, those with one beside them: distance to each, and accuracy."""
    found: dict[Any, dict[str, Any]] = {}
    for line in lines(rows, several=True):
        for own in (line._replace(checkpoints=1), line):
            for strength, runs in grid(rows, own, "strength").items():
                found[short(own), several_words(own.checkpoints), strength_title(strength)] = of_several(runs)
    for network in author.NETWORKS:
        for strength, experiment in author.SEVERAL.items():
            runs = author.theirs(network, experiment)
            theirs = author.cells(runs) | {"squared distances": author.distances(runs)}
            theirs.pop(DISTANCE)
            found[author.title(network), several_words(3), strength_title(strength)] = theirs
    return ordered(found, "network", "checkpoints", "push")


def short(line: Line) -> str:
    """A line's title but for its number of checkpoints."""
    return line._replace(checkpoints=1).title


def of_several(runs: pd.DataFrame) -> dict[str, Any]:
    """Accuracy and the mean squared distance from each checkpoint."""
    distances = np.array(runs.squared_distance.tolist(), dtype=float).mean(0)
    found = cells(runs, {ACCURACY: ("late_accuracy", 2)})
    return found | {"squared distances": " / ".join(f"{each:,.1f}" for each in distances)}


def directions(rows: pd.DataFrame) -> pd.DataFrame:
    """What the penalty does to the gradient after the checkpoint, by strength: cosine, length, alignment."""
    columns: dict[str, tuple[Measure, int]] = {
        "cosine of full and loss gradient": ("pushed_cosine", 4),
        "length, full over loss": ("pushed_norm_ratio", 3),
        "cosine of push and loss gradient": ("pushed_alignment", 3),
    }
    found = {}
    for line in lines(rows):
        for strength, runs in grid(rows, line, "strength").items():
            if strength:
                found[line.title, strength_title(strength)] = cells(runs, columns)
    return ordered(found, "network", "push")


def author_runs() -> pd.DataFrame:
    """All of the author's experiments by the names that he gave them, with the runs that he cut short among them."""
    found: dict[Any, dict[str, Any]] = {}
    for (network, experiment), runs in reference().groupby(["network", "experiment"], sort=False):
        found[author.title(network), experiment] = {
            "epochs": ", ".join(f"{each:g}" for each in sorted(runs.epochs.dropna().unique())) or BLANK,
            "augmented accuracy, %": spread(runs.validation_accuracy),
            "ensemble, %": spread(runs.ensemble_accuracy),
            "squared distances": author.distances(runs),
            "seconds an epoch": spread(runs.epoch_seconds, digits=1),
            "n": len(runs),
            "protocol": "the author's",
        }
    return ordered(found, "network", "experiment")


def asked(rows: pd.DataFrame, configs: Iterable[Config]) -> pd.DataFrame:
    """What a notebook's parameters ask for, how much of it has a record, and the test accuracy (%) of that."""
    told = {ACCURACY: lambda found: spread(found.get("accuracy", ()))}
    return records.asked(rows, configs, about=_about, told=told)


def _about(config: Config) -> dict[str, str]:
    return {"experiment": config.experiment, "network": config.network, "data": config.dataset}
