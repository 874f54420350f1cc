"""From lists of settings to every combination: what the papers' `plan` have in common."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any


def check_lists(lists: Mapping[str, Sequence[Any]]) -> None:
    """Raise `ValueError` for a list that names nothing, or something twice."""
    for name, values in lists.items():
        if not values or len(set(values)) != len(values):
            raise ValueError(f"{name} must name at least one value and none twice, got {list(values)}")


def given_lists(settings: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The settings that are given, each as a list: None and an empty list leave a setting open.

    Raises `ValueError` for another sequence that is empty, and for a value that is listed twice.
    """
    lists = {
        name: list(value) if isinstance(value, list | tuple | range) else [value]
        for name, value in settings.items()
        if value is not None and value != []
    }
    check_lists(lists)
    return lists


def combinations(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of the settings, the last one changing fastest."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
