"""From configs to results; and the experiment `cost`, the time of the penalty beside that of a training step."""

import functools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from .. import data, engine
from ..records import Result
from ..runs import run_each
from .config import Config
from .ensembles import ensemble
from .journeys import journey
from .pairs import pair, ridge
from .penalty import Kernel, Push
from .training import Sets, batches_of, build, optimizer_of, sets_of

COUNTS = (0, 1, 2, 4, 8)  # checkpoints
ROUNDS = 30  # in each of which every number of checkpoints has its turn: load on the machine meets all alike
REPEATS = 5  # of the penalty in a turn


def cost(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Seconds of one penalty with its gradient, for each number of checkpoints, and of one training step without any.

    The fastest of all rounds, which load on the machine spares most, are the metrics; all rounds are the arrays.
    """
    sets = sets_of(config, engine.choose_device())
    network = build(config, sets, generator=data.generator(config.seed))
    step = step_of(network, config, sets)
    step()  # the first also allocates
    pushes = [Push(Kernel(config.strength, config.width)) for _ in COUNTS]
    for push, count in zip(pushes, COUNTS, strict=True):
        for _ in range(count):
            push.leave(network)
    works = [(step, 1), *((functools.partial(push, network), REPEATS) for push in pushes)]
    rounds = [[seconds(*each, device=sets.train.images.device) for each in works] for _ in range(ROUNDS)]
    steps, penalties = np.array(rounds, np.float32)[:, 0], np.array(rounds, np.float32)[:, 1:]
    metrics = {
        "counts": list(COUNTS),
        "parameters": sum(value.numel() for value in network.parameters()),
        "step_seconds": float(steps.min()),
        "penalty_seconds": penalties.min(0).tolist(),
    }
    return metrics, {"step_seconds": steps, "penalty_seconds": penalties}


def step_of(network: nn.Module, config: Config, sets: Sets) -> Callable[[], None]:
    """A step of training on one batch, forward and backward included."""
    optimizer, _ = optimizer_of(config, network, steps=1)
    batch = next(batches_of(config, sets, generator=data.generator(config.seed)))

    def step() -> None:
        optimizer.zero_grad()
        engine.cross_entropy(network, batch, {}).backward()
        optimizer.step()

    return step


def seconds(work: Callable[[], None], repeats: int, *, device: torch.device) -> float:
    """Mean wall time of a piece of work, with all that it leaves for the device to do."""
    finish = torch.get_device_module(device).synchronize
    finish()
    started = time.perf_counter()
    for _ in range(repeats):
        work()
    finish()
    return (time.perf_counter() - started) / repeats


EXPERIMENTS = {function.__name__: function for function in (journey, pair, ensemble, cost, ridge)}


def run(
    configs: Iterable[Config], *, progress: bool = True, workers: int | None = None
) -> Iterator[tuple[Config, Result]]:
    """Run each config on a core, yielding its result as soon as it is there."""
    configs = list(configs)
    images = {config.dataset for config in configs}
    yield from run_each(experiment, configs, images=images, workers=workers, progress=progress)


def experiment(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Metrics and arrays of a config's own experiment; raises `Diverged`."""
    return EXPERIMENTS[config.experiment](config, progress=progress)
