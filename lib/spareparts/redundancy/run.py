"""From configs to results: each experiment is a module of its own."""

import functools
import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from .. import data, engine
from ..records import Result
from .config import IMAGES, Config
from .filters import filters
from .network import network
from .resample import resample
from .retrain import retrain
from .teacher_student import teacher_student
from .tickets import tickets
from .unit_tickets import unit_tickets
from .widths import width
from .xord import xord

Experiment = Callable[..., tuple[dict[str, Any], dict[str, np.ndarray]]]
EXPERIMENTS = (network, retrain, resample, tickets, unit_tickets, width, filters, xord, teacher_student)
DIGITS = 5  # significant ones, of the numbers in a record


def run(
    configs: Iterable[Config], *, progress: bool = True, workers: int | None = None
) -> Iterator[tuple[Config, Result]]:
    """Run each config, yielding its result as soon as it is there.

    On a CPU each core runs one at a time (`workers` sets how many, see `engine.each`). All data are loaded before, so
    that a missing set costs nothing.
    """
    configs = list(configs)
    for dataset in sorted({config.dataset for config in configs if config.experiment in IMAGES}):
        data.load(dataset, "train")
    if torch.device(engine.choose_device()).type == "cuda":
        workers = 1
    work = functools.partial(run_one, progress=progress)
    with tqdm(total=len(configs), unit="run", disable=not progress or len(configs) < 2, leave=False) as bar:
        for config, result in engine.each(work, configs, workers=workers):
            bar.update()
            yield config, result


def run_one(config: Config, *, progress: bool = True) -> Result:
    """Run one config."""
    started, described = time.perf_counter(), engine.describe(engine.choose_device())
    try:
        metrics, arrays = experiment_of(config)(config, progress=progress)
        ended: dict[str, Any] = {}
    except engine.Diverged as error:
        metrics, arrays, ended = {}, {}, {"outcome": "diverged", "diverged_step": error.step}
    seconds = time.perf_counter() - started
    return Result(metrics=rounded(metrics), arrays=arrays, seconds=seconds, device=described, **ended)


def experiment_of(config: Config) -> Experiment:
    """The function that runs an experiment, which has its name."""
    return {function.__name__: function for function in EXPERIMENTS}[config.experiment]


def rounded(value: Any) -> Any:
    """The same with floats of few digits, in lists and tables too."""
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{DIGITS}g}")
    return value
