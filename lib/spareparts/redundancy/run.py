"""From configs to results: every experiment by its name."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .. import data, engine
from ..records import Result, measured
from .config import IMAGES, Config
from .network import network, resample, retrain
from .teacher_student import teacher_student
from .tickets import tickets, unit_tickets
from .widths import width
from .xord import filters, xord

EXPERIMENTS: dict[str, Callable[..., tuple[dict[str, Any], dict[str, np.ndarray]]]] = {
    function.__name__: function
    for function in (network, retrain, resample, tickets, unit_tickets, width, filters, xord, teacher_student)
}


def run(
    configs: Iterable[Config], *, progress: bool = True, workers: int | None = None
) -> Iterator[tuple[Config, Result]]:
    """Run each config on a core (`engine.each`), yielding its result as soon as it is there; data are loaded first."""
    configs = list(configs)
    for dataset in sorted({config.dataset for config in configs if config.experiment in IMAGES}):
        data.load(dataset, "train")
    work = functools.partial(run_one, progress=progress)
    yield from engine.each(work, configs, workers=workers, device=engine.choose_device(), progress=progress)


def run_one(config: Config, *, progress: bool = True) -> Result:
    """Run one config."""
    work = functools.partial(EXPERIMENTS[config.experiment], config, progress=progress)
    return measured(work, device=engine.describe(engine.choose_device()))
