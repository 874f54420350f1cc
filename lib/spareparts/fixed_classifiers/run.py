"""From configs to results: networks on images train side by side where that is faster, the others one by one."""

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Sequence

import torch

from .. import data, engine
from ..records import Result, groups, measured, rounded
from .config import Config
from .costs import heads
from .images import SIDE_BY_SIDE, train_group
from .language import language

OTHERS = {function.__name__: function for function in (heads, language)}
GROUP = 10  # networks that train side by side, at most: what is cut off loses no more


def run(
    configs: Iterable[Config], *, device: str | None = None, workers: int | None = None, progress: bool = True
) -> Iterator[tuple[Config, Result]]:
    """Run each config, yielding its result as soon as it is there.

    On CUDA, which is chosen where there is one, networks on images that differ in seed or scalars only train side by
    side; on a CPU each core runs one at a time (`workers` sets how many, see `engine.each`). All data are loaded
    before, so that a missing set costs nothing. Raises `ValueError` for a device that is not there.
    """
    configs, device = list(configs), engine.choose_device(device)
    check_data(configs)
    if torch.device(device).type == "cuda":
        for group in together(configs):
            with engine.one_thread():
                yield from run_group(group, device=device, progress=progress)
        return
    work = functools.partial(run_one, device=device, progress=progress)
    yield from engine.each(work, configs, workers=workers, progress=progress)


def check_data(configs: Iterable[Config]) -> None:
    """Raise where a data set or text that will be read is not there."""
    for dataset in sorted({config.dataset for config in configs if config.experiment == "images"}):
        if not data.is_folder(dataset):
            data.load(dataset, "train")
    for corpus in sorted({config.corpus for config in configs if config.experiment == "language"}):
        data.load_text(corpus)


def together(configs: Sequence[Config]) -> Iterator[list[Config]]:
    """Networks on images that may train side by side, together; each other config alone."""
    images = [config for config in configs if config.experiment == "images"]
    yield from groups(images, free=SIDE_BY_SIDE, most=GROUP)
    yield from ([config] for config in configs if config.experiment != "images")


def run_one(config: Config, *, device: str, progress: bool = True) -> Result:
    """Run one config."""
    ((_, result),) = run_group([config], device=device, progress=progress)
    return result


def run_group(
    configs: list[Config], *, device: str, progress: bool = True, side_by_side: bool | None = None
) -> Iterator[tuple[Config, Result]]:
    """Run configs that go together."""
    if configs[0].experiment == "images":
        trained = train_group(configs, device=device, progress=progress, side_by_side=side_by_side)
    else:
        trained = ((config, other(config, device=device, progress=progress)) for config in configs)
    for config, result in trained:
        yield config, dataclasses.replace(result, metrics=rounded(result.metrics))


def other(config: Config, *, device: str, progress: bool = True) -> Result:
    """Run an experiment that trains one network or none."""
    work = functools.partial(OTHERS[config.experiment], config, device=device, progress=progress)
    return measured(work, device=engine.describe(device))
