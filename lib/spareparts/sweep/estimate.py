"""What a run will cost, by the records of runs like it."""

import collections
import functools
import statistics
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

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
