"""From configs to results; and the experiment `cost`, the time of the penalty beside that of a training step."""

import functools
from collections.abc import Callable, Iterable

import numpy as np
from torch import nn

from .. import data, engine
from ..records.store import Found
from ..runs import Results, run_each
from .config import Config
from .ensembles import ensemble
from .journeys import journey
from .pairs import pair, ridge
from .penalty import Kernel, Push
from .training import Sets, batches_of, build, optimizer_of, sets_of

COUNTS = (0, 1, 2, 4, 8)  # checkpoints
ROUNDS = 30  # in each of which every number of checkpoints has its turn: load on the machine meets all alike
REPEATS = 5  # of the penalty in a turn


def cost(config: Config, *, progress: bool = True) -> Found:
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
    device, works = sets.train.images.device, [(step, 1)]
    works += [(functools.partial(push, network), REPEATS) for push in pushes]
    rounds = [[engine.elapsed(work, device, repeats=times) for work, times in works] for _ in range(ROUNDS)]
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


EXPERIMENTS = {function.__name__: function for function in (journey, pair, ensemble, cost, ridge)}


def run(configs: Iterable[Config], *, progress: bool = True, workers: int | None = None) -> Results[Config]:
    """Run each config on a core, yielding its result as soon as it is there."""
    yield from run_each(EXPERIMENTS, configs, workers=workers, progress=progress)
