"""The experiment `images`: train networks with a head, alone or side by side, and read what came of each."""

import dataclasses
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from .. import engine
from ..records import Result, checkpoint_path, weights_path
from ..records.store import commit
from .config import SCALED, Config
from .growth import growth
from .heads import FixedClassifier
from .sets import Sets, sets_of
from .setup import objective_of, replica, settings_of
from .training import Evaluation, Readings, evaluate, stretch

SIDE_BY_SIDE = ("seed", "initial_scale", "scale_decay", "learning_rate")  # what may differ within a group
ACCURACIES = range(10, 100, 5)  # %, that it takes so many epochs to reach
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)  # of the norms of the training images' features
MOST_PREDICTIONS = 20_000  # that an array beside a record may hold


def train_group(
    configs: Sequence[Config], *, device: str, progress: bool = True, side_by_side: bool | None = None
) -> Iterator[tuple[Config, Result]]:
    """Train configs that differ in what may differ side by side only, then measure each; what was cut off goes on."""
    sets = [sets_of(config, device) for config in configs]
    replicas = [replica(config, own, device) for config, own in zip(configs, sets, strict=True)]
    epoch, epochs = len(replicas[0].batches), settings_of(configs[0]).epochs
    readings = [
        Readings(each.network, own, epoch=epoch, objective=each.objective)
        for each, own in zip(replicas, sets, strict=True)
    ]
    ends = engine.fit(
        [dataclasses.replace(each, callbacks=(own,)) for each, own in zip(replicas, readings, strict=True)],
        steps=epoch * epochs,
        every=stretch(epoch, epochs=epochs),
        precision=configs[0].precision,
        progress=progress,
        side_by_side=side_by_side,
        checkpoint=checkpoint_path(configs),
    )
    described = engine.describe(device)
    for config, trained, own, read, end in zip(configs, replicas, sets, readings, ends, strict=True):
        started = time.perf_counter()
        result = result_of(config, trained.network, own, read, end)
        yield config, dataclasses.replace(result, seconds=end.seconds + time.perf_counter() - started, device=described)


def result_of(config: Config, network: nn.Module, sets: Sets, readings: Readings, end: engine.Outcome) -> Result:
    """Metrics and arrays of a trained network, whose weights go to the cache; of one that diverged its curves."""
    metrics, arrays = about_curves(config, readings, end)
    if end.outcome == "finished":
        engine.save_weights(network, weights_path(config), commit=commit())
        objective = objective_of(config.loss, config.other_target)
        found = {name: evaluate(network, getattr(sets, name), objective=objective) for name in ("train", "test")}
        metrics |= about_errors(found, sets) | about_head(network)
        arrays |= predicted(found["test"], sets)
    return Result(metrics=metrics, arrays=arrays, outcome=end.outcome, diverged_step=end.diverged_step)


def about_errors(found: dict[str, Evaluation], sets: Sets) -> dict[str, Any]:
    """Accuracies (%) and losses on all training and test images, and the first class's share of predictions (%)."""
    errors = {name: each.error(getattr(sets, name).labels) for name, each in found.items()}
    return {
        "accuracy": 100 - errors["test"],
        "train_accuracy": 100 - errors["train"],
        "test_loss": found["test"].loss,
        "train_loss": found["train"].loss,
        "feature_norm": float(found["test"].norms.mean()),
        "first_class_share": 100 * float((found["test"].predictions == 0).double().mean()),
    }


def about_head(network: nn.Module) -> dict[str, Any]:
    """Numbers of parameters, in all and in the head; the head's coherence, and how many classes share their row.

    A learned head whose weights overflowed in their last step has no coherence.
    """
    head: FixedClassifier = network.classifier
    known = bool(head.matrix.isfinite().all())
    counts = [sum(p.numel() for p in part.parameters() if p.requires_grad) for part in (network, head)]
    return {
        "parameters": counts[0],
        "head_parameters": counts[1],
        "max_coherence": head.max_coherence if known else math.nan,
        "coinciding_classes": sum(map(len, head.coinciding_rows)) if known else 0,
    }


def about_curves(
    config: Config, readings: Readings, end: engine.Outcome
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The head's size and its growth, epochs to given accuracies, growth of the features' norms; and all curves."""
    steps, sizes = np.array(readings.steps, dtype=float), np.array(readings.sizes)
    errors, losses = np.array(readings.errors), np.array(readings.losses)
    norms = torch.stack(readings.norms).double()
    size = "scale" if config.head in SCALED else "weight_norm"
    before_drop = steps <= settings_of(config).drops[0] * steps[-1]
    metrics = {
        f"final_{size}": sizes[-1],  # a config has a scale too, and both stand in one row
        f"first_{size}": sizes[0],
        "growth": growth(steps, sizes),
        "growth_before_drop": growth(steps[before_drop], sizes[before_drop]),
        "norm_growth": float((norms[-1] / norms[min(1, len(norms) - 1)]).log().mean()),
        "epochs_to": epochs_to(readings.epochs, 100 - errors[:, 1]),
    }
    arrays = {
        "epochs": np.array(readings.epochs),
        "train_error": errors[:, 0],
        "test_error": errors[:, 1],
        "train_loss": losses[:, 0],
        "test_loss": losses[:, 1],
        "feature_norms": torch.quantile(norms, torch.tensor(QUANTILES).double(), dim=1).T.numpy(),
        "steps": steps,
        "sizes": sizes,
        "batch_loss": np.array(end.losses),
    }
    return metrics, {name: values.astype(np.float32) for name, values in arrays.items()}


def epochs_to(epochs: Sequence[int], accuracies: np.ndarray) -> dict[str, int]:
    """The first epoch at which each of ACCURACIES (%) was reached; those that were never reached are left out."""
    reached = {accuracy: np.flatnonzero(accuracies >= accuracy) for accuracy in ACCURACIES}
    return {str(accuracy): epochs[places[0]] for accuracy, places in reached.items() if len(places)}


def predicted(found: Evaluation, sets: Sets) -> dict[str, np.ndarray]:
    """Each class's accuracy (%, NaN without an image), and what was predicted for each test image, with its label.

    Of many images only whether they were right, as `numpy.packbits` packs it.
    """
    predictions, labels = found.predictions.cpu().numpy(), sets.test.labels.cpu().numpy()
    right = predictions == labels
    hits, counts = (np.bincount(labels, weights=weights, minlength=sets.classes) for weights in (right, None))
    share = np.full(sets.classes, np.nan, dtype=np.float32)
    np.divide(100 * hits, counts, where=counts > 0, out=share, casting="same_kind")
    if sets.classes <= 256 and len(labels) <= MOST_PREDICTIONS:
        stored = {"predictions": predictions.astype(np.uint8), "labels": labels.astype(np.uint8)}
    else:
        stored = {"correct": np.packbits(right)}
    return {"class_accuracy": share} | stored
