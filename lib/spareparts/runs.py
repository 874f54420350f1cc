"""How experiments that train one network after another are run: each config on a core, measured into a result."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from . import data, engine
from .records import Diverged, Result, RunConfig, measured
from .records.store import Found

Config = TypeVar("Config", bound=RunConfig)
Experiment = Callable[..., Found]
Results = Iterator[tuple[Config, Result]]


def run_each(
    experiments: Mapping[str, Experiment],
    configs: Iterable[Config],
    *,
    images: Iterable[str] | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Results[Config]:
    """What each config's experiment, by its name, finds for it, as soon as it is there.

    An experiment is called with its config and `progress`. The sets of `images` (None: of all configs) are loaded
    first, so that a missing one costs nothing; `engine.each` tells who does the work.
    """
    configs = list(configs)
    for name in sorted({config.dataset for config in configs} if images is None else images):
        data.load(name, "train")
    work = functools.partial(_run_one, experiments, progress=progress)
    yield from engine.each(work, configs, workers=workers, device=engine.choose_device(), progress=progress)


def _run_one(experiments: Mapping[str, Experiment], config: RunConfig, *, progress: bool) -> Result:
    work = functools.partial(experiments[config.experiment], config, progress=progress)
    return measured(work, device=engine.describe(engine.choose_device()))


def fit(replica: engine.Replica, *, steps: int, **how: Any) -> engine.Outcome:
    """Train a replica for so many steps; raises `Diverged`."""
    (end,) = engine.fit([replica], steps=steps, **how)
    if end.diverged_step is not None:
        raise Diverged(end.diverged_step)
    return end
