"""Which runs a notebook's parameters name."""

from collections.abc import Sequence
from typing import Any

from ..records.grid import check_lists, combinations, given_lists
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
    check_lists({"experiments": experiments, "networks": networks, "seeds": seeds})
    for kind, names, known in (("experiments", experiments, EXPERIMENTS), ("networks", networks, NETWORKS)):
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"unknown {kind} {', '.join(map(repr, unknown))}; known: {', '.join(known)}")
    given = given_lists(settings)
    return [
        Config(experiment=experiment, network=network, dataset=dataset, seed=seed, **choice)
        for experiment in experiments
        for network in networks
        for dataset in datasets or (DATASETS[network],)
        for choice in combinations(given)
        for seed in seeds
    ]
