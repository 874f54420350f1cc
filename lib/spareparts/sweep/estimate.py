"""What a run will cost, and how durations are written."""

import collections
import functools
import re
import statistics
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

# Durations as people write and read them

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


# By the records of runs like it

LENGTHS = ("steps", "epochs")
Settings = Mapping[str, Any]


def estimator(
    recorded: Iterable[tuple[Settings, float]], *, defaults: Settings | None = None
) -> Callable[[Settings], float | None]:
    """A function from a run's settings to its seconds: the median of the recorded runs that agree in most settings.

    `recorded` has the settings and the seconds of runs; one that is older than a setting had its default. Where the
    number of steps or epochs differs, their seconds are scaled by it, if both are given.
    """
    groups = _groups(recorded, defaults or {})
    members = [(dict(items), seconds) for items, seconds in groups.items()]
    names = list(dict.fromkeys(name for settings, _ in members for name in settings))
    codes: dict[tuple[str, Any], int] = {}
    rows = [[codes.setdefault((name, settings.get(name)), len(codes)) for name in names] for settings, _ in members]
    matrix = np.array(rows, np.int32)

    @functools.cache
    def nearest_seconds(items: tuple[tuple[str, Any], ...]) -> float | None:
        settings = dict(items)
        if not members or not settings.keys() & set(names):
            return None
        if items in groups:
            return float(statistics.median(groups[items]))
        wanted = [codes.get((name, settings.get(name)), -1) if name in settings else -1 for name in names]
        same = (matrix == np.array(wanted, np.int32)).sum(1)
        nearest = [members[place] for place in np.flatnonzero(same == same.max())]
        return float(statistics.median(one * _ratio(settings, like) for like, seconds in nearest for one in seconds))

    # Seeds cost the same: one look at the records serves them all.
    return lambda settings: nearest_seconds(_items(settings))


def _groups(recorded: Iterable[tuple[Settings, float]], defaults: Settings) -> dict[tuple, list[float]]:
    """The seconds of the runs that differ in nothing but their seed, by their settings."""
    groups: dict[tuple, list[float]] = collections.defaultdict(list)
    for settings, seconds in recorded:
        groups[_items({**defaults, **settings})].append(seconds)
    return dict(groups)


def _items(settings: Settings) -> tuple[tuple[str, Any], ...]:
    """Settings without the seed in an order of their own, so that they can be looked up."""
    plain = ((name, tuple(value) if isinstance(value, list) else value) for name, value in settings.items())
    return tuple(sorted(item for item in plain if item[0] != "seed"))


def _ratio(settings: Settings, recorded: Settings) -> float:
    """How much longer a run is than a recorded one, by its steps and epochs."""
    ratio = 1.0
    for length in LENGTHS:
        if settings.get(length) is not None and recorded.get(length) is not None:
            ratio *= settings[length] / recorded[length]
    return ratio
