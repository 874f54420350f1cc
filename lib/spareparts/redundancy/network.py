"""The experiment `network`: train one of Figure 1's networks, then read everything off it."""

import itertools
from typing import Any

import numpy as np
import torch
from torch import nn

from .. import data, engine
from ..records import checkpoint_path, weights_path
from .config import Config
from .dynamics import output_similarity
from .frames import dead
from .layer import over_training
from .parts import halves, weighted
from .pruning import measure_pruning, prefixed
from .ranks import RANKS, rank_accuracies
from .setup import Part, Sets, build, sets_of, settings_of
from .training import Trained, accuracy, train

STUDIED = "fc1"  # the first fully connected layer
SHOWN_EPOCHS = 11  # of the readings, more of them early
TRAIN_IMAGES = 5_000  # on which training accuracy is read
SMALLER = 2_000  # test images for the curves of layers other than the studied one
MEASURE_SEED = 0  # of random orders and nulls: the same for every network


def network(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Metrics and arrays of one trained network; its weights go to the cache. Raises `Diverged`."""
    device = engine.choose_device()
    sets = sets_of(config, device)
    trained = train_network(config, sets, progress=progress)
    metrics, arrays = about_training(trained, sets)
    for measured in (pruning(config, trained.network, sets), subspaces(trained, sets.test), dynamics(trained)):
        metrics |= measured[0]
        arrays |= measured[1]
    return metrics, arrays


def train_network(config: Config, sets: Sets, *, progress: bool = True) -> Trained:
    """Train a config's network from its seed, and keep its weights in the cache.

    Shuffled labels say nothing about the held-out images: there the last weights are studied.
    """
    stream = data.generator(config.seed)
    trained = train(
        build(config, sets, generator=stream),
        sets,
        settings=settings_of(config),
        stream=stream,
        layer=STUDIED,
        last=config.shuffled_labels,
        name=f"{config.model} {config.dataset} seed {config.seed}",
        checkpoint=checkpoint_path([config]),
        progress=progress,
    )
    engine.save_weights(trained.network, weights_path(config))
    return trained


def about_training(trained: Trained, sets: Sets) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Accuracies (%), and the losses of training and validation (nats) at each reading, the first before any step."""
    shown = Part(*(tensor[:TRAIN_IMAGES] for tensor in sets.train))
    metrics = {
        "accuracy": accuracy(trained.network, sets.test),
        "train_accuracy": accuracy(trained.network, shown),
        "validation_loss": trained.validation_losses[trained.steps.index(trained.best_step)],
        "best_step": trained.best_step,
        "dead_units": int(dead(trained.network.get_submodule(STUDIED).weight).sum()),
        "train_seconds": round(trained.seconds, 2),
    }
    losses = np.array([[np.nan, *trained.losses], trained.validation_losses], dtype=np.float32)
    arrays = {"reading_steps": np.array(trained.steps, dtype=np.int32), "reading_losses": losses}
    return metrics, arrays


def pruning(config: Config, trained: nn.Sequential, sets: Sets) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Pruning curves of the studied layer, with biases kept too, and of other layers that feed a fully connected one.

    Networks trained on few images are measured on these too; with shuffled labels only there.
    """
    front, back = halves(trained, STUDIED)
    metrics, arrays = {}, {}
    parts = {} if config.shuffled_labels else {"": sets.test}
    if config.shuffled_labels or config.train_samples is not None:
        parts["train_"] = Part(*(tensor[: len(sets.test.labels)] for tensor in sets.train))
    for prefix, part in parts.items():
        (inputs,) = engine.predict(front, part.images)
        for name, masked_bias in (("", True), ("unmasked_", False)):
            draw = data.generator(MEASURE_SEED)
            found, curves = measure_pruning(
                back, Part(inputs, part.labels), layer=STUDIED, generator=draw, masked_bias=masked_bias
            )
            metrics |= {
                f"{prefix}{name}{key}": value for key, value in found.items() if masked_bias or "half" not in key
            }
            arrays |= {f"{prefix}{name}{key}": value for key, value in curves.items()}
    if not config.shuffled_labels:
        smaller = Part(*(tensor[:SMALLER] for tensor in sets.test))
        for layer in others(trained):
            draw = data.generator(MEASURE_SEED)
            found, curves = measure_pruning(trained, smaller, layer=layer, generator=draw)
            metrics |= prefixed(layer, {key: value for key, value in found.items() if key.startswith("area")})
            arrays |= prefixed(layer, curves)
    return metrics, arrays


def others(trained: nn.Sequential) -> list[str]:
    """Layers beside the studied one whose units feed a fully connected layer, where a removal is cheap."""
    pairs = itertools.pairwise(weighted(trained))
    feeding = [name for name, after in pairs if isinstance(trained.get_submodule(after), nn.Linear)]
    return [name for name in feeding if name != STUDIED]


def subspaces(trained: Trained, part: Part) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Accuracy against the rank that is kept of the studied layer, of W and of its change in training."""
    front, back = halves(trained.network, STUDIED)
    (inputs,) = engine.predict(front, part.images)
    ranks = [rank for rank in RANKS if rank < min(back[0].weight.shape)]
    initial = trained.initial.get_submodule(STUDIED).weight.detach()
    kept = {
        "rank_accuracy": rank_accuracies(back, inputs, part.labels, ranks=ranks),
        "update_rank_accuracy": rank_accuracies(back, inputs, part.labels, initial=initial, ranks=ranks),
    }
    return {"ranks": ranks} | {name: [round(value, 2) for value in values] for name, values in kept.items()}, {}


def dynamics(trained: Trained) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What the studied layer's weights say, along training up to the weights that are studied."""
    end = trained.steps.index(trained.best_step)
    places = np.unique((end * np.linspace(0, 1, SHOWN_EPOCHS) ** 2).round().astype(int))
    outputs = torch.stack([output_similarity(trained.outputs[place]) for place in places])
    return over_training(
        trained.snapshots[torch.from_numpy(places)],
        epochs=[trained.steps[place] / trained.epoch for place in places],
        outputs=outputs,
        generator=data.generator(MEASURE_SEED),
    )
