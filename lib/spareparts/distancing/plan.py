"""Which runs a notebook's parameters name."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from .config import DATASETS, EXPERIMENTS, NETWORKS, Config


def plan(
    *,
    experiments: Sequence[str] = ("journey",),
    networks: Sequence[str] = ("mlp",),
    datasets: Sequence[str] = (),
    seeds: Sequence[int] = (1,),
    **settings: Any,
) -> list[Config]:
    """The configs that a notebook's parameters name: every experiment, network, data set and seed, and every setting.

    Without `datasets` a network has its own. A setting is a field of `Config`, with one value or a list; none or an
    empty list leaves it at its default. Raises `ValueError` for a repeated or empty list and for what the experiment
    does not use, `TypeError` for an unknown setting.
    """
    _check_lists({"experiments": experiments, "networks": networks, "seeds": seeds})
    for kind, names, known in (("experiments", experiments, EXPERIMENTS), ("networks", networks, NETWORKS)):
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"unknown {kind} {', '.join(map(repr, unknown))}; known: {', '.join(known)}")
    given = {name: _listed(value) for name, value in settings.items() if value is not None and value != []}
    _check_lists(given)
    return [
        Config(experiment=experiment, network=network, dataset=dataset, seed=seed, **choice)
        for experiment in experiments
        for network in networks
        for dataset in datasets or (DATASETS[network],)
        for choice in _choices(given)
        for seed in seeds
    ]


def _check_lists(lists: Mapping[str, Sequence[Any]]) -> None:
    for name, values in lists.items():
        if not values or len(set(values)) != len(values):
            raise ValueError(f"{name} must name at least one value and none twice, got {list(values)}")


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | range) else [value]


def _choices(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of the settings."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
