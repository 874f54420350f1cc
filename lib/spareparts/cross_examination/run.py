"""From configs to results: train each network, read every instrument, and hold it against its control."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch

from .. import data, engine
from ..experts.losses import soft_nearest_neighbor_loss
from ..experts.measures import LIVE_LOAD, expert_load
from ..records import Result, measured
from ..redundancy.training import Sets
from .config import Config
from .instruments import IMAGES, against, frozen_cost, instruments, outputs
from .networks import Routed, Trained, sets_of, train, trained_network


def run(
    configs: Iterable[Config], *, progress: bool = True, workers: int | None = None
) -> Iterator[tuple[Config, Result]]:
    """Run each config, yielding its result as soon as it is there; each core runs one at a time (`engine.each`).

    The network that one is held against comes from the cache, or is trained again.
    """
    configs = list(configs)
    for dataset in sorted({config.dataset for config in configs}):
        data.load(dataset, "train")
    work = functools.partial(run_one, progress=progress)
    yield from engine.each(work, configs, workers=workers, device=engine.choose_device(), progress=progress)


def run_one(config: Config, *, progress: bool = True) -> Result:
    """Run one config."""
    return measured(
        functools.partial(examine, config, progress=progress), device=engine.describe(engine.choose_device())
    )


def examine(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Metrics and arrays of one network; raises `Diverged`."""
    sets = sets_of(config, engine.choose_device())
    trained = train(config, sets, progress=progress)
    metrics, arrays = instruments(trained.network, trained.initial, sets)
    metrics |= trained.metrics | at_work(trained, sets) | frozen_cost(trained.network, sets, config, progress=progress)
    if config.reference is not None:
        reference = trained_network(config.reference, sets, progress=progress)
        metrics |= against(trained.network, reference, sets, config)
    return metrics, arrays


@torch.inference_mode()
def at_work(trained: Trained, sets: Sets) -> dict[str, float]:
    """Whether the cures did their work at all: SNNL of the first layer's units, and the experts that are chosen."""
    images, labels = sets.test.images[:IMAGES], sets.test.labels[:IMAGES]
    metrics = {"snnl": float(soft_nearest_neighbor_loss(outputs(trained.network, images), labels))}
    route = trained.network[-1]
    if isinstance(route, Routed):
        chosen, _ = route.split(trained.network[:-1](images))
        metrics["live_experts"] = int((expert_load(chosen, num_experts=len(route.weight)) >= LIVE_LOAD).sum())
    return metrics
