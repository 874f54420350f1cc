"""Which records a table or a verdict stands on: journeys of one length on the same images, paired by seed."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .. import records
from ..stats import Pairs
from .config import DATASETS, PUBLISHED, Config
from .penalty import growth_per_step
from .setup import HELD_OUT

TITLES = {"mlp": "MLP", "resnet_20": "ResNet-20", "resnet_32": "ResNet-32", "mobilenet_v2": "MobileNetV2"}
SCALED = 10.0  # strength of a journey whose few steps hardly feel the published one
FELT = 2.0  # growth of a displacement along a journey from which on a strength is felt
IMAGES = {"mnist": 60_000, "cifar10": 50_000}  # training images, those that are held out included
Measure = str | Callable[[pd.Series], float]  # a metric of a record, or what is computed from several
arrays = functools.partial(records.arrays, Config.word)


class Line(NamedTuple):
    """What journeys that are compared with each other share."""

    network: str
    dataset: str
    length: int  # epochs
    mark: int  # epoch of the first checkpoint
    checkpoints: int
    train_samples: int | None  # None: all
    precision: str = "float32"

    @property
    def title(self) -> str:
        """What a table calls it."""
        images = "" if self.train_samples is None else f" of {self.train_samples:,} images"
        several = "" if self.checkpoints == 1 else f", {self.checkpoints} checkpoints"
        coarse = "" if self.precision == Config.precision else f", {self.precision}"
        return f"{TITLES[self.network]}, {self.length} epochs{images}{several}{coarse}"

    @property
    def steps(self) -> int:
        """Training steps from the first checkpoint to the end."""
        images = self.train_samples or IMAGES[self.dataset] - HELD_OUT
        return (self.length - self.mark) * (images // Config.batch_size)

    def growth(self, strength: float, *, width: float = Config.width) -> float:
        """Factor of a displacement along these steps, with the published rate, as though the hill never ended."""
        each = growth_per_step(strength=strength, width=width, learning_rate=Config.learning_rate)
        return math.exp(self.steps * math.log(each))


FIELDS = ("network", "dataset", "train_samples", "checkpoints", "epochs", "checkpoint", "precision")  # that make a line


def finished(rows: pd.DataFrame, experiment: str) -> pd.DataFrame:
    """Finished runs of an experiment, each with its `line`."""
    if rows.empty:
        return rows
    kept = rows[(rows.outcome == "finished") & (rows.experiment == experiment)]
    settings = kept[[name for name in FIELDS if name in kept]]
    return kept.assign(line=[line_of(row) for row in settings.to_dict("records")])


def line_of(row: Mapping[str, Any]) -> Line:
    """The line of a record; one that is older than a field has its default."""
    return _line(**{name: _plain(row[name]) for name in FIELDS if name in row})


@functools.cache
def _line(**settings: Any) -> Line:
    config = Config(**{name: value for name, value in settings.items() if value is not None})
    where = (config.network, config.dataset, config.length, config.marks[0], config.checkpoints)
    return Line(*where, config.train_samples, config.precision)


def _plain(value: Any) -> Any:
    """A column's value as a config holds it: tables turn whole numbers beside missing ones into floats."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return int(value) if isinstance(value, float | np.integer) else value


def lines(rows: pd.DataFrame, *, experiment: str = "journey", several: bool | None = False) -> list[Line]:
    """Lines of networks on their own data sets that have run, with one checkpoint, or with several; None: both."""
    kept = finished(rows, experiment)
    found = set(kept.line) if len(kept) else set()
    wanted = [line for line in found if several is None or several == (line.checkpoints > 1)]
    own = [line for line in wanted if line.dataset == DATASETS[line.network]]
    order = list(TITLES)
    return sorted(own, key=lambda line: (order.index(line.network), line.length, line.title))


def on(
    rows: pd.DataFrame, line: Line, *, experiment: str = "journey", free: Sequence[str] = (), **settings: Any
) -> pd.DataFrame:
    """Finished runs on a line with these settings, all others but the free ones at their default, by seed."""
    kept = finished(rows, experiment)
    if kept.empty:
        return kept
    kept = kept[[each == line for each in kept.line]]
    settings |= {"experiment": experiment}
    found = records.matching(kept, Config, free=("seed", *FIELDS, *free), settings=settings)
    return found.sort_values("seed")


def pushed(rows: pd.DataFrame, line: Line) -> float:
    """The strength that counts on a line: the published one, or `SCALED`, if it ran, where few steps feel that one."""
    if line.growth(Config.strength) >= FELT:
        return Config.strength
    kept = finished(rows, "journey")
    own = kept[[each == line for each in kept.line]] if len(kept) else kept
    return SCALED if len(own) and SCALED in set(own.strength) else Config.strength


def protocol(rows: pd.DataFrame) -> str:
    """`paper` where all of the runs follow the published protocol."""
    return "paper" if len(rows) and (rows.protocol == "paper").all() else "reduced"


def values(rows: pd.DataFrame, measure: Measure) -> pd.Series:
    """One number a run, by its seed; NaN for a metric that a record does not have."""
    found = [row.get(measure, np.nan) if isinstance(measure, str) else measure(row) for _, row in rows.iterrows()]
    return pd.Series(found, index=rows.seed.tolist() if len(rows) else [], dtype=float)


def paired(first: pd.DataFrame, second: pd.DataFrame, measure: Measure) -> Pairs:
    """A measure of two kinds of runs, paired by seed; the mean of a seed's where restarts of several lengths ran."""
    sides = [values(side, measure).groupby(level=0).mean() for side in (first, second)]
    both = pd.concat(sides, axis=1, join="inner").dropna()
    read = "paper" if protocol(first) == protocol(second) == "paper" else "reduced"
    return Pairs(both[0].to_numpy(float), both[1].to_numpy(float), read)


def against(rows: pd.DataFrame, level: float, measure: Measure) -> Pairs:
    """A measure of runs beside a number that it is compared with."""
    found = values(rows, measure).dropna().to_numpy(float)
    return Pairs(np.full(len(found), level), found, protocol(rows))


def relative(pairs: Pairs) -> Pairs:
    """The second values in % of the first ones."""
    return Pairs(np.full(len(pairs.first), 100.0), 100 * pairs.second / pairs.first, pairs.protocol)


def within_seeds(rows: pd.DataFrame, across: Measure, measure: Measure) -> tuple[Pairs, np.ndarray]:
    """Two measures of the same runs, and their seeds, within each of which alone they are compared.

    A seed with a single run would say nothing and only count, so it is left out.
    """
    both = pd.concat([values(rows, across), values(rows, measure)], axis=1).dropna()
    both = both[both.groupby(level=0)[0].transform("size") > 1]
    return Pairs(both[0].to_numpy(float), both[1].to_numpy(float), protocol(rows)), both.index.to_numpy()


def first_distance(row: pd.Series) -> float:
    """Squared distance from the first checkpoint at the end."""
    return row.squared_distance[0]


def early_distance(row: pd.Series, *, share: float = 0.1) -> float:
    """Squared distance from the first checkpoint after a share of the way from there to the end."""
    found = arrays(row["hash"])
    epochs, distances = found["epoch"], found["squared_distance"][:, 0]
    left = epochs[np.isfinite(distances)][0]
    return float(distances[epochs >= left + share * (epochs[-1] - left)][0])


def lacking(rows: pd.DataFrame) -> str:
    """Which published networks have no journeys, as a remark."""
    seen = {line.network for line in lines(rows)}
    missing = [TITLES[name] for name in PUBLISHED if name not in seen]
    return f"not run: {', '.join(missing)}" if missing else ""
