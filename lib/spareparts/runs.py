"""How experiments that train one network after another are run: each config on a core, measured into a result."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np

from . import data, engine
from .records import Result, RunConfig, measured

Config = TypeVar("Config", bound=RunConfig)
Experiment = Callable[..., tuple[dict[str, Any], dict[str, np.ndarray]]]


def run_each(
    experiment: Experiment, configs: Iterable[Config], *, images: Iterable[str], workers: int | None, progress: bool
) -> Iterator[tuple[Config, Result]]:
    """What `experiment(config, progress=)`, which can be pickled, finds for each config, as soon as it is there.

    The sets of `images` are loaded first, so that a missing one costs nothing; `engine.each` tells who does the work.
    """
    for name in sorted(images):
        data.load(name, "train")
    work = functools.partial(_run_one, experiment, progress=progress)
    yield from engine.each(work, configs, workers=workers, device=engine.choose_device(), progress=progress)


def _run_one(experiment: Experiment, config: RunConfig, *, progress: bool) -> Result:
    work = functools.partial(experiment, config, progress=progress)
    return measured(work, device=engine.describe(engine.choose_device()))
