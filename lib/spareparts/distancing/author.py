"""The author's own runs set beside ours: which of his experiments stand for which setting."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from ..stats import BLANK, spread
from .reference import reference
from .rows import TITLES

NETWORKS = ("mobilenet_v2", "resnet_32")  # that he trained
STRENGTHS = {  # 200 epochs with the checkpoint at 100
    0.0: "baseline_short",
    0.1: "strength_e1",
    1.0: "baseline_distance_short",
    10.0: "strength_e2",
    100.0: "strength_e3",
}
WIDTHS = {10.0: "width_e1", 100.0: "width_e2", 10_000.0: "width_e4"}  # 400 epochs; none at 1,000 for as long
SEVERAL = {1.0: "multiple", 10.0: "multiple_f10", 100.0: "multiple_f100"}  # by strength
ENSEMBLES = {  # of five snapshots, by what ours are called
    "snapshots": "ensemble_baseline",
    "snapshots, s = 1": "ensemble_distance",
    "snapshots, s = 10": "ensemble_distance_f10",
    "snapshots, s = 100": "ensemble_distance_f100",
    "snapshots, cosine": "ensemble_baseline_cosine",
}
ALL_AGREE = {  # test images of 10,000 on which all snapshots of MobileNetV2 agree: quoted, in no curve of his
    "snapshots": 7648,
    "snapshots, s = 1": 7658,
    "snapshots, s = 10": 7739,
    "snapshots, s = 100": 7788,
    "snapshots, cosine": 9130,
}


class Setting(NamedTuple):
    """What is compared with and without the push, in our records and among his experiments."""

    title: str
    settings: Mapping[str, Any]  # fields of a Config
    theirs: Mapping[bool, tuple[str, ...]]  # pushed or not: his experiments


PLAIN = Setting("constant", {}, {False: ("baseline",), True: ("baseline_distance",)})
COSINE = Setting("cosine", {"schedule": "cosine"}, {False: ("scheduler_cosine",), True: ("scheduler_cosine_distance",)})
SCHEDULES = (
    PLAIN,
    Setting("step", {"schedule": "step"}, {False: ("scheduler_step",), True: ("scheduler_step_distance",)}),
    COSINE,
)
RATES = (
    COSINE._replace(title="peak 0.01"),
    Setting(
        "peak 0.1",
        {"schedule": "cosine", "learning_rate": 0.1},
        {False: ("scheduler_cosine_lr1",), True: ("scheduler_cosine_lr1_distance", "scheduler_cosine_distance_lr1")},
    ),
)
DECAYS = (
    Setting("weight decay", {}, {True: ("multiple_f100",)}),
    Setting("none", {"weight_decay": 0.0}, {True: ("multiple_f100_noreg",)}),
)


@functools.cache
def runs() -> pd.DataFrame:
    """His runs, but for those that ended before the others of their experiment."""
    found = reference()
    longest = found.groupby(["network", "experiment"]).epochs.transform("max")
    return found[found.epochs.isna() | (found.epochs == longest)]


def theirs(network: str, *experiments: str) -> pd.DataFrame:
    """His whole runs of a network in any of these experiments."""
    found = runs()
    return found[(found.network == network) & found.experiment.isin(experiments)]


def of_settings(network: str, settings: Sequence[Setting]) -> dict[tuple[str, bool], pd.DataFrame]:
    """His runs by setting and push; none where he tried a single one of the settings with this network."""
    found = {
        (each.title, side): part
        for each in settings
        for side, names in each.theirs.items()
        if len(part := theirs(network, *names))
    }
    return found if len({name for name, _ in found}) > 1 else {}


def title(network: str) -> str:
    """What a table or figure calls his runs of a network."""
    return f"{TITLES[network]}, author"


def cells(found: pd.DataFrame) -> dict[str, Any]:
    """His accuracy and squared distance from the first checkpoint, mean (SD), with n, as a line of a table."""
    return {
        "accuracy, %": spread(found.validation_accuracy),
        "squared distance": spread(found.squared_distance_0, digits=0),
        "n": len(found),
        "protocol": "the author's",
    }


def distances(found: pd.DataFrame) -> str:
    """Mean squared distance from each checkpoint at the end."""
    columns = [found[f"squared_distance_{place}"].dropna() for place in range(3)]
    return " / ".join(f"{column.mean():,.0f}" for column in columns if len(column)) or BLANK
