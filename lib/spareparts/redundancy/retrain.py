"""The experiment `retrain`: prune a trained network's layer at once, make it smaller, and train on."""

import itertools
from typing import Any

import numpy as np
from torch import nn

from .. import data, engine
from ..records import weights_path
from .compact import compact
from .config import Config
from .frames import pruning_order, unit_rows
from .network import STUDIED, train_network
from .parts import cut
from .pruning import GREEDY
from .setup import Sets, build, sets_of, settings_of
from .training import accuracy, train

REMOVED = (0.25, 0.5, 0.75, 0.9)  # shares of the units; ours
SHARE = 0.2  # of the iterations; ours
STREAM_SEED = 1_000  # added to the seed: the order of the batches of retraining
CHOICES = (*GREEDY, "random")  # the rows of what is recorded


def retrain(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Test accuracy (%) before and after retraining, for each of `CHOICES` and each share removed.

    The studied network trained on as long, unpruned, stands beside. Retraining takes a fifth of the iterations with the
    same optimizer, begun anew, and the same batches for all. Raises `Diverged`.
    """
    sets = sets_of(config, engine.choose_device())
    trained = studied(config, sets, progress=progress)
    before = np.zeros((len(CHOICES), len(REMOVED)), dtype=np.float32)
    after, steps = np.zeros_like(before), np.zeros(before.shape, dtype=np.int32)
    for (row, choice), (column, share) in itertools.product(enumerate(CHOICES), enumerate(REMOVED)):
        pruned = prune(trained, choice=choice, share=share, seed=config.seed)
        before[row, column] = accuracy(pruned, sets.test)
        after[row, column], steps[row, column] = train_on(pruned, config, sets, progress=progress)
    whole, best = train_on(trained, config, sets, progress=progress)
    metrics = {
        "accuracy": accuracy(trained, sets.test),
        "unpruned_accuracy": whole,
        "unpruned_best_step": best,
        "removed": list(REMOVED),
        "pruned_accuracy": {choice: row.tolist() for choice, row in zip(CHOICES, before.round(2), strict=True)},
        "retrained_accuracy": {choice: row.tolist() for choice, row in zip(CHOICES, after.round(2), strict=True)},
        "best_steps": {choice: row.tolist() for choice, row in zip(CHOICES, steps, strict=True)},
    }
    return metrics, {}


def studied(config: Config, sets: Sets, *, progress: bool) -> nn.Sequential:
    """The trained network of the experiment `network` with these settings, from the cache where it is there."""
    settings = {field: getattr(config, field) for field in ("model", "dataset", "seed", "iterations", "initialization")}
    changed = {field: getattr(config, field) for field in ("train_samples", "optimizer", "learning_rate", "precision")}
    twin = Config(experiment="network", **settings, **changed)
    found = engine.cached_weights(build(twin, sets, generator=data.generator(0)), weights_path(twin))
    return train_network(twin, sets, progress=progress).network if found is None else found.eval()


def prune(network: nn.Sequential, *, choice: str, share: float, seed: int) -> nn.Sequential:
    """The smaller network without a share of the studied layer's units, at least one of which stays."""
    rows = unit_rows(cut(network, STUDIED).layer.weight)
    criterion, _, first = choice.rpartition("_") if choice in GREEDY else ("random", "", "smallest")
    order = pruning_order(rows, criterion=criterion, first=first, generator=data.generator(seed))
    removed = min(round(share * len(rows)), len(rows) - 1)
    return compact(network, {STUDIED: order[removed:]})


def train_on(network: nn.Sequential, config: Config, sets: Sets, *, progress: bool) -> tuple[float, int]:
    """Test accuracy (%) at the smallest validation loss of retraining, and its step; the network given stays."""
    settings = settings_of(config)
    shorter = settings._replace(iterations=max(1, round(SHARE * settings.iterations)), drops=())
    rate = settings.learning_rate / 10 ** len(settings.drops)  # where training had come to
    again = train(
        compact(network, {}),
        sets,
        settings=shorter._replace(learning_rate=rate),
        stream=data.generator(config.seed + STREAM_SEED),
        name=f"retrain seed {config.seed}",
        progress=progress,
    )
    return accuracy(again.network, sets.test), again.best_step
