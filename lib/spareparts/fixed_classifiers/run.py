"""From configs to results: networks on images train side by side where that is faster, the others one by one."""

import dataclasses
import functools
import math
import time
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from tqdm import tqdm

from .. import data, engine
from ..records import Result
from .config import Config
from .costs import heads
from .images import SIDE_BY_SIDE, train_group
from .language import language

OTHERS = {function.__name__: function for function in (heads, language)}
GROUP = 10  # networks that train side by side, at most: what is cut off loses no more
DIGITS = 5  # significant ones, of the numbers in a record


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
        for group in groups(configs):
            with engine.one_thread():
                yield from run_group(group, device=device, progress=progress)
        return
    work = functools.partial(run_one, device=device, progress=progress)
    with tqdm(total=len(configs), unit="run", disable=not progress or len(configs) < 2, leave=False) as bar:
        for config, result in engine.each(work, configs, workers=workers):
            bar.update()
            yield config, result


def check_data(configs: Iterable[Config]) -> None:
    """Raise where a data set or text that will be read is not there."""
    for dataset in sorted({config.dataset for config in configs if config.experiment == "images"}):
        if not data.is_folder(dataset):
            data.load(dataset, "train")
    for corpus in sorted({config.corpus for config in configs if config.experiment == "language"}):
        data.load_text(corpus)


def groups(configs: Iterable[Config], *, most: int = GROUP) -> Iterator[list[Config]]:
    """Networks on images that may train side by side, together, at most so many at once; each other config alone."""
    alike: dict[Config, list[Config]] = {}
    for config in configs:
        shared = {field.name: field.default for field in dataclasses.fields(config) if field.name in SIDE_BY_SIDE}
        alike.setdefault(dataclasses.replace(config, **shared) if config.experiment == "images" else config, []).append(
            config
        )
    for together in alike.values():
        yield from (together[start : start + most] for start in range(0, len(together), most))


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
    started, described = time.perf_counter(), engine.describe(device)
    try:
        metrics, arrays = OTHERS[config.experiment](config, device=device, progress=progress)
        ended: dict[str, Any] = {}
    except engine.Diverged as error:
        metrics, arrays, ended = {}, {}, {"outcome": "diverged", "diverged_step": error.step}
    return Result(metrics=metrics, arrays=arrays, seconds=time.perf_counter() - started, device=described, **ended)


def rounded(value: Any) -> Any:
    """The same with floats of few digits, in lists and tables too."""
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{DIGITS}g}")
    return value
