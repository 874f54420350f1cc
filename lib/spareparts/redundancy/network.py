"""The experiment `network`: train one of Figure 1's networks, then read everything off it."""

import itertools
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor, nn

from .. import data, engine
from ..records import checkpoint_path, weights_path
from ..records.store import commit
from .compact import compact
from .config import Config
from .dynamics import output_similarity
from .frames import dead
from .layer import over_training
from .parts import cut, halves, weighted
from .pruning import measure_pruning
from .ranks import RANKS, rank_accuracies
from .setup import Part, Sets, build, sets_of, settings_of
from .training import Trained, accuracy, train

STUDIED = "fc1"  # the first fully connected layer
SHOWN_EPOCHS = 11  # of the readings, more of them early
TRAIN_IMAGES = 5_000  # on which training accuracy is read
MOST_IMAGES = 10_000  # for the curves of the studied layer
SMALLER = 2_000  # test images for those of other layers
MEASURE_SEED = 0  # of random orders and nulls: the same for every network


def network(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Metrics and arrays of one trained network; its weights go to the cache. Raises `Diverged`."""
    device = engine.choose_device()
    sets = sets_of(config, device)
    trained = train_network(config, sets, progress=progress)
    given = given_to_studied(trained.network, sets.test)
    metrics, arrays = about_training(trained, sets, given)
    for measured in (pruning(config, trained.network, sets, given), subspaces(trained, given), dynamics(trained)):
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
        last=config.shuffled_labels or config.studied == "last",
        name=f"{config.model} {config.dataset} seed {config.seed}",
        checkpoint=checkpoint_path([config]),
        progress=progress,
    )
    engine.save_weights(trained.network, weights_path(config), commit=commit())
    return trained


def given_to_studied(trained: nn.Sequential, part: Part) -> Part:
    """What the studied layer is given of images, at most so many: computed once, since convolutions take long."""
    images, labels = (tensor[:MOST_IMAGES] for tensor in part)
    (inputs,) = engine.predict(halves(trained, STUDIED)[0], images)
    return Part(inputs, labels)


@torch.inference_mode()
def firing(
    network: nn.Sequential, images: Tensor, *, layer: str = STUDIED, batch_size: int = 1000
) -> Bool[Tensor, " units"]:
    """Which units of a layer give anything but 0 for any of the images."""
    parts = cut(network.eval(), layer)
    found = torch.zeros(len(parts.layer.weight), dtype=torch.bool, device=images.device)
    for chunk in images.split(batch_size):
        given = parts.between(parts.head(chunk))
        found |= (given.unflatten(1, (len(found), -1)) != 0).flatten(2).any(2).any(0)
    return found


def about_training(trained: Trained, sets: Sets, given: Part) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Accuracies (%), and the losses of training and validation (nats) at each reading, the first before any step."""
    shown = Part(*(tensor[:TRAIN_IMAGES] for tensor in sets.train))
    metrics = {
        "accuracy": accuracy(halves(trained.network, STUDIED)[1], given),
        "train_accuracy": accuracy(trained.network, shown),
        "validation_loss": trained.validation_losses[trained.steps.index(trained.best_step)],
        "best_step": trained.best_step,
        "dead_units": int(dead(trained.network.get_submodule(STUDIED).weight).sum()),
        "silent_units": int((~firing(trained.network, sets.train.images)).sum()),
        "train_seconds": round(trained.seconds, 2),
    }
    losses = np.array([[np.nan, *trained.losses], trained.validation_losses], dtype=np.float32)
    arrays = {"reading_steps": np.array(trained.steps, dtype=np.int32), "reading_losses": losses}
    return metrics, arrays


def pruning(
    config: Config, trained: nn.Sequential, sets: Sets, given: Part
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Pruning curves of the studied layer, with biases kept too, and of other layers that feed a fully connected one.

    Networks trained on few images are measured on these too (`train_`); with shuffled labels only there.
    """
    back = halves(trained, STUDIED)[1]
    measured: tuple[dict[str, Any], dict[str, np.ndarray]] = {}, {}
    fired = firing(trained, sets.train.images)
    if not fired.all():
        _, curves = _of_layer(compact(back, {STUDIED: fired.nonzero()[:, 0]}), given, STUDIED, prefix="firing_")
        measured = {}, curves
    if config.shuffled_labels or config.train_samples is not None:
        found, curves = _of_layer(back, given_to_studied(trained, sets.train), STUDIED, prefix="train_")
        measured = found, measured[1] | curves
    if config.shuffled_labels:
        return measured
    metrics, arrays = _of_layer(back, given, STUDIED, halves_too=True)
    unmasked = _of_layer(back, given, STUDIED, prefix="unmasked_", masked_bias=False)
    smaller = Part(*(tensor[:SMALLER] for tensor in sets.test))
    each = [_of_layer(trained, smaller, layer, prefix=f"{layer}_") for layer in others(trained)]
    for found, curves in (measured, unmasked, *each):
        metrics |= found
        arrays |= curves
    return metrics, arrays


def _of_layer(
    trained: nn.Sequential,
    part: Part,
    layer: str,
    *,
    prefix: str = "",
    halves_too: bool = False,
    masked_bias: bool = True,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Areas, with those up to half the units where asked for, and curves under names that begin with the prefix."""
    draw = data.generator(MEASURE_SEED)
    found, curves = measure_pruning(trained, part, layer=layer, generator=draw, masked_bias=masked_bias)
    kept = {name: value for name, value in found.items() if halves_too or not name.startswith("half")}
    return tuple({f"{prefix}{name}": value for name, value in each.items()} for each in (kept, curves))


def others(trained: nn.Sequential) -> list[str]:
    """Layers beside the studied one whose units feed a fully connected layer, where a removal is cheap."""
    pairs = itertools.pairwise(weighted(trained))
    feeding = [name for name, after in pairs if isinstance(trained.get_submodule(after), nn.Linear)]
    return [name for name in feeding if name != STUDIED]


def subspaces(trained: Trained, given: Part) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Accuracy against the rank that is kept of the studied layer, of W and of its change in training."""
    back = halves(trained.network, STUDIED)[1]
    ranks = [rank for rank in RANKS if rank < min(back[0].weight.shape)]
    initial = trained.initial.get_submodule(STUDIED).weight.detach()
    kept = {
        "rank_accuracy": rank_accuracies(back, *given, ranks=ranks),
        "update_rank_accuracy": rank_accuracies(back, *given, initial=initial, ranks=ranks),
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
