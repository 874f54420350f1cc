"""From configs to results; and the experiment `cost`, the time of the penalty beside that of a training step."""

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
from .training import Sets, build, optimizer_of, sets_of

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
    device = sets.train.images.device
    steps, penalties = np.zeros(ROUNDS, np.float32), np.zeros((ROUNDS, len(COUNTS)), np.float32)
    for turn in range(ROUNDS):
        steps[turn] = seconds(step, device=device)
        for place, push in enumerate(pushes):
            penalties[turn, place] = seconds(lambda push=push: push(network), device=device, repeats=REPEATS)
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
    size = min(config.batch_size, len(sets.train.labels))
    batch = next(data.Batches(*sets.train, batch_size=size, generator=data.generator(config.seed)))

    def step() -> None:
        optimizer.zero_grad()
        engine.cross_entropy(network, batch, {}).backward()
        optimizer.step()

    return step


def seconds(work: Callable[[], None], *, device: torch.device, repeats: int = 1) -> float:
    """Mean wall time of a piece of work, with all that it leaves for the device to do."""
    finish = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    finish()
    started = time.perf_counter()
    for _ in range(repeats):
        work()
    finish()
    return (time.perf_counter() - started) / repeats


EXPERIMENTS: dict[str, Callable[..., tuple[dict[str, Any], dict[str, np.ndarray]]]] = {
    function.__name__: function for function in (journey, pair, ensemble, cost, ridge)
}


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
