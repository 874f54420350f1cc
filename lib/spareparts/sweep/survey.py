"""Which runs the cells of a sweep stand for, recorded or missing, and what the missing ones will cost."""

import collections
import dataclasses
import functools
import importlib
import importlib.util
import inspect
import re
import statistics
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import processor, records
from ..records.config import defaults_of
from .grid import Cell


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One run: its identity, whether it has a record, and the seconds that it took or, by estimate, will take."""

    word: str
    key: str
    config: dict[str, Any]
    recorded: bool
    seconds: float | None  #: None: no record to estimate from
    usual: frozenset[str] = frozenset()  #: names of the settings that are at their default


Survey = dict[Path, list[PlannedRun]]  # by the cell's output; a cell of no plan is not in it


def paper_module(word: str) -> ModuleType | None:
    """The module of a paper by its word, None where there is none that plans and runs."""
    if not word.isidentifier() or importlib.util.find_spec(f"spareparts.{word}") is None:
        return None
    module = importlib.import_module(f"spareparts.{word}")
    # By their names alone: what runs would bring torch, which planning does without.
    return module if {"Config", "plan", "run"} <= set(dir(module)) else None


def planned(module: ModuleType, parameters: dict[str, Any]) -> list[records.RunConfig]:
    """The configs of a notebook: `plan` of the parameters that it, or `Config`, knows; ValueError for unfit ones."""
    for name, value in parameters.items():  # of the notebook itself
        if name == "MISSING" and value not in ("list", "run"):
            raise ValueError(f"MISSING must be list or run, got {value!r}")
        if name.startswith("DEMO_") and isinstance(value, int) and value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    arguments = inspect.signature(module.plan).parameters.values()
    names = {argument.name for argument in arguments if argument.kind is not argument.VAR_KEYWORD}
    if any(argument.kind is argument.VAR_KEYWORD for argument in arguments):
        names |= {field.name for field in dataclasses.fields(module.Config)}
    try:
        return module.plan(**{name.lower(): value for name, value in parameters.items() if name.lower() in names})
    except TypeError as error:
        raise ValueError(f"{module.Config.word}: {error}") from error


def survey(cells: Iterable[Cell]) -> Survey:
    """The runs of every cell whose notebook has a plan."""
    look = functools.cache(_look)  # a paper's records are read once, however many cells there are
    modules = {cell.output: (cell, paper_module(cell.notebook.stem)) for cell in cells}
    return {
        output: [look(module.Config)(config) for config in planned(module, cell.parameters)]
        for output, (cell, module) in modules.items()
        if module
    }


def _look(kind: type[records.RunConfig]) -> Callable[[records.RunConfig], PlannedRun]:
    """A function from a config to its run, by its paper's records."""
    recorded, defaults = records.index(kind.word), dict(defaults_of(kind))
    estimate = estimator(((record["config"], _here(record)) for record in recorded.values()), defaults=defaults)

    @functools.cache
    def look(config: records.RunConfig) -> PlannedRun:
        settings, key = {name: getattr(config, name) for name in defaults}, records.key(config)
        record = recorded.get(key)
        if record:
            records.check_same(config, record["config"])
        return PlannedRun(
            word=config.word,
            key=key,
            config=settings,
            recorded=record is not None,
            seconds=record["seconds"] if record else estimate(settings),
            usual=frozenset(name for name, value in settings.items() if value == defaults[name]),
        )

    return look


def _here(record: Mapping[str, Any]) -> float:
    """The seconds of a run on this machine: the committed ones in bfloat16 had a processor with instructions for it."""
    slow = record["committed"] and in_bfloat16(record["config"]) and processor.lacks_bfloat16()
    return record["seconds"] * (processor.SLOWDOWN if slow else 1)


def in_bfloat16(config: Mapping[str, Any]) -> bool:
    """Whether a run of these settings computes in bfloat16."""
    return config.get("precision") == "bfloat16"


def is_done(cell: Cell, found: Survey) -> bool:
    """Whether nothing is left to do: all runs recorded, the page, if asked for, there; without a plan the notebook."""
    if cell.output in found and cell.parameters.get("MISSING") == "run":
        return all(run.recorded for run in found[cell.output]) and (not cell.pages or cell.output.is_file())
    return cell.output.is_file()


def distinct(found: Survey) -> list[PlannedRun]:
    """Every run once, though several cells may need it."""
    return list({(run.word, run.key): run for runs in found.values() for run in runs}.values())


def cost(runs: Iterable[PlannedRun]) -> float | None:
    """Seconds that the missing runs take one after another; None where one of them cannot be estimated."""
    missing = [run.seconds for run in runs if not run.recorded]
    return None if None in missing else sum(missing)


def grouped(runs: Iterable[PlannedRun], *, lines: int = 50) -> list[tuple[dict[str, Any], list[PlannedRun]]]:
    """Runs under the first settings that vary, but for the seed: as many as make no more than so many groups."""
    runs = list(runs)
    values = {name: {repr(run.config[name]) for run in runs} for name in runs[0].config} if runs else {}
    varied = [name for name, different in values.items() if name != "seed" and len(different) > 1]
    while True:
        groups: dict[tuple, list[PlannedRun]] = collections.defaultdict(list)
        for run in runs:
            groups[tuple(run.config[name] for name in varied)].append(run)
        if len(varied) <= 1 or len(groups) <= lines:
            return [(dict(zip(varied, values, strict=True)), members) for values, members in groups.items()]
        varied.pop()


# What a run will cost, and how durations are written

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> float:
    """Seconds of `90`, `90s`, `10m`, `1.5h` or `2d`; ValueError for anything else, and for no time at all."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if not found or not float(found[1]):
        raise ValueError(f"a duration is written like 90s, 10m or 1.5h, got {text!r}")
    return float(found[1]) * UNITS[found[2] or "s"]


def show_duration(seconds: float | None) -> str:
    """Rounded for reading: `45 s`, `12 min`, `3.4 h`; `unknown` for None."""
    if seconds is None:
        return "unknown"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"


LENGTHS = ("steps", "epochs")
Settings, Items = Mapping[str, Any], frozenset[tuple[str, Any]]


def estimator(recorded: Iterable[tuple[Settings, float]], *, defaults: Settings) -> Callable[[Settings], float | None]:
    """A function from a run's settings to its seconds: the median of the recorded runs that agree in most settings.

    A run that is older than a setting had its default; seconds are scaled by the number of steps and epochs.
    """
    groups: dict[Items, list[float]] = collections.defaultdict(list)  # of runs that differ in nothing but their seed
    for settings, seconds in recorded:
        groups[_items({**defaults, **settings})].append(seconds)

    @functools.cache
    def nearest_seconds(items: Items) -> float | None:
        if not groups:
            return None
        if items in groups:
            return float(statistics.median(groups[items]))
        same = {other: len(items & other) for other in groups}
        most = max(same.values())
        nearest = [other for other, count in same.items() if count == most]
        return float(statistics.median(one * _ratio(items, like) for like in nearest for one in groups[like]))

    # Seeds cost the same: one look at the records serves them all.
    return lambda settings: nearest_seconds(_items(settings))


def _items(settings: Settings) -> Items:
    """Settings without the seed, so that they can be looked up."""
    plain = ((name, tuple(value) if isinstance(value, list) else value) for name, value in settings.items())
    return frozenset(item for item in plain if item[0] != "seed")


def _ratio(items: Items, recorded: Items) -> float:
    """How much longer a run is than a recorded one, by its steps and epochs."""
    ratio, settings, like = 1.0, dict(items), dict(recorded)
    for length in LENGTHS:
        if settings.get(length) is not None and like.get(length) is not None:
            ratio *= settings[length] / like[length]
    return ratio
