"""From configs to results: train each network, read every instrument, and hold it against its control."""

from collections.abc import Iterable

import torch

from .. import engine
from ..experts.losses import soft_nearest_neighbor_loss
from ..experts.measures import LIVE_LOAD, expert_load
from ..records.store import Found
from ..runs import Results, run_each
from .config import Config
from .instruments import IMAGES, against, frozen_cost, instruments, outputs
from .networks import Routed, sets_of, train, trained_network


def run(configs: Iterable[Config], *, progress: bool = True, workers: int | None = None) -> Results[Config]:
    """Run each config on a core, yielding its result as soon as it is there."""
    yield from run_each({"examine": examine}, configs, workers=workers, progress=progress)


def examine(config: Config, *, progress: bool = True) -> Found:
    """Metrics of one network; raises `Diverged`."""
    sets = sets_of(config, engine.choose_device())
    trained = train(config, sets, progress=progress)
    network, (images, labels) = trained.network, sets.test.first(IMAGES)
    metrics = instruments(network, trained.initial, sets) | trained.metrics
    with torch.inference_mode():  # whether the cures did their work at all
        metrics["snnl"] = float(soft_nearest_neighbor_loss(outputs(network, images), labels))
        if isinstance(network[-1], Routed):
            chosen, _ = network[-1].split(network[:-1](images))
            load = expert_load(chosen, num_experts=len(network[-1].weight))
            metrics["live_experts"] = int((load >= LIVE_LOAD).sum())
    metrics |= frozen_cost(network, sets, config, progress=progress)
    if config.reference is not None:
        reference = trained_network(config.reference, sets, progress=progress)
        metrics |= against(network, reference, sets, config)
    return metrics, {}
