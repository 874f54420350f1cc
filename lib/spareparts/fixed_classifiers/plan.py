"""Which runs a notebook's parameters name."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..records.grid import check_lists, combinations, given_lists
from .config import EMBEDDINGS, EXPERIMENTS, HEAD_USERS, USERS, Config

# What an experiment is run with where nothing else is asked for.
GRIDS: dict[str, Mapping[str, Sequence[Any]]] = {
    "images": {},
    "language": {"embedding": EMBEDDINGS},
    "heads": {"head": ("learned", "orthonormal", "hadamard"), "phase": ("training", "inference")},
}


def plan(
    *,
    experiments: Sequence[str] = ("images",),
    networks: Sequence[str] = ("resnet_56",),
    datasets: Sequence[str] = ("cifar10",),
    heads: Sequence[str] = (),
    seeds: Sequence[int] = (1,),
    **settings: Any,
) -> list[Config]:
    """The configs that a notebook's parameters name: every experiment, network, data set, head and seed, and setting.

    Without `heads` an experiment has its own choice. A setting is a field of `Config`, with one value or a list; none
    or an empty list leaves it to the experiment, and an experiment or head that does not use a setting is run once
    without it. Raises `ValueError` for a repeated or empty list and an unknown experiment, `TypeError` for an unknown
    setting.
    """
    check_lists({"experiments": experiments, "networks": networks, "datasets": datasets, "seeds": seeds})
    unknown = [name for name in experiments if name not in EXPERIMENTS]
    if unknown:
        raise ValueError(f"unknown experiments {', '.join(map(repr, unknown))}; known: {', '.join(EXPERIMENTS)}")
    lists = {"network": networks, "dataset": datasets, "head": heads} | settings
    given = given_lists({name: value for name, value in lists.items() if value != ()})
    found = [
        Config(experiment=experiment, seed=seed, **choice)
        for experiment in experiments
        for choice in _choices(dict(GRIDS[experiment]) | given, experiment)
        for seed in seeds
    ]
    return list(dict.fromkeys(found))


def _choices(grid: Mapping[str, Sequence[Any]], experiment: str) -> list[dict[str, Any]]:
    """Every combination of the settings, each without what its experiment or its head does not use."""
    found = []
    for choice in combinations(grid):
        head = choice.get("head", "learned")
        unused = {name for name, users in USERS.items() if experiment not in users}
        unused |= {name for name, users in HEAD_USERS.items() if head not in users and experiment != "language"}
        found.append({name: value for name, value in choice.items() if name not in unused})
    return found
