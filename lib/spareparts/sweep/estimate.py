"""What a run will cost, and how durations are written."""

import collections
import functools
import re
import statistics
from collections.abc import Callable, Iterable, Mapping
from typing import Any

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
