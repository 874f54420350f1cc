"""Which runs a notebook's parameters name."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..records.grid import check_lists, combinations, given_lists
from .config import DATASETS, EXPERIMENTS, IMAGES, USERS, Config

LENET = "lenet_300_100"
# What an experiment is run with where nothing else is asked for.
GRIDS: dict[str, Mapping[str, Sequence[Any]]] = {
    "xord": {"units": (2, 4, 8, 16, 60, 120), "train_samples": (6, 12, 25, 100)},
    "width": {
        "width": (30, 100, 300, 1000, 3000),
        "train_samples": (1_000,),
        "learning_rate": (0.03,),
        "iterations": (3_000,),  # at most: training stops once all images are fitted
    },
    "teacher_student": {"units": (2, 3, 4, 6, 8, 10), "layers": ("first", "both"), "noise": (0.1,)},
}


def plan(
    *,
    experiments: Sequence[str] = ("network",),
    models: Sequence[str] = (LENET,),
    datasets: Sequence[str] = (),
    seeds: Sequence[int] = (1,),
    **settings: Any,
) -> list[Config]:
    """The configs that a notebook's parameters name: every experiment, model, data set and seed, and every setting.

    Without `datasets` a model has that of Figure 1. A setting is a field of `Config`, with one value or a list; none or
    an empty list leaves it to the experiment. Raises `ValueError` for a repeated or empty list and for what the
    experiment does not use, `TypeError` for an unknown setting.
    """
    check_lists({"experiments": experiments, "models": models, "seeds": seeds})
    unknown = [name for name in experiments if name not in EXPERIMENTS]
    if unknown:
        raise ValueError(f"unknown experiments {', '.join(map(repr, unknown))}; known: {', '.join(EXPERIMENTS)}")
    given = given_lists(settings)
    return [
        Config(experiment=experiment, seed=seed, **data, **choice)
        for experiment in experiments
        for data in _data(experiment, models, datasets)
        for choice in combinations(dict(GRIDS.get(experiment, {})) | given)
        for seed in seeds
    ]


def _data(experiment: str, models: Sequence[str], datasets: Sequence[str]) -> list[dict[str, Any]]:
    """Models with their data sets; an experiment that has networks or data of its own takes those."""
    chosen = models if experiment in USERS["model"] else (LENET,)
    if experiment not in IMAGES:
        return [{}]
    return [{"model": model, "dataset": name} for model in chosen for name in datasets or (DATASETS[model],)]
