"""A journey: train, leave checkpoints, be pushed away from them, and see where that leads."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from .. import data, engine
from ..records import Diverged, checkpoint_path, weights_path
from ..records.store import commit
from .config import Config, journey_of
from .directions import Directions
from .journey_plane import grid_around, plane_of, surface
from .penalty import Push, kernel_of
from .setup import Sets, batches_of, build, generator_of, optimizer_of, sets_of
from .watch import Watch, interval_of, measured, scored

LOOKS = 8  # at the step's direction in an epoch
LATE = 10  # readings whose mean the source gives
PICTURES = {True: (17, 13, 1_000), False: (9, 7, 250)}  # columns, rows, images: of the MLP, and of larger networks


def journey(
    config: Config, *, listeners: tuple[Callable[[dict[str, Any]], None], ...] = (), progress: bool = True
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Train along one journey and measure it; weights at its start, checkpoints and end are left in the cache.

    `listeners` are told of every reading, such as `tensorboard.TensorBoard`. Raises `Diverged`.
    """
    sets = sets_of(config, engine.choose_device())

    def keep(network: nn.Module, epoch: int) -> None:
        engine.save_weights(network, left_path(config, epoch), commit=commit())

    going = {"checkpoint": checkpoint_path([config]), "progress": progress}
    network, watch, end = travel(config, sets, keep=keep, listeners=listeners, **going)
    (scores,) = engine.predict(network, sets.test.images)
    metrics = ending(network, scores, watch, sets) | summary(watch)
    arrays = watch.curves() | answers(scores, watch, sets) | picture(config, network, watch, sets)
    return metrics | {"training_seconds": end.seconds}, arrays


def travel(
    config: Config,
    sets: Sets,
    *,
    keep: Callable[[nn.Module, int], None] = lambda network, epoch: None,
    listeners: tuple[Callable[[dict[str, Any]], None], ...] = (),
    checkpoint: Path | None = None,
    progress: bool = True,
) -> tuple[nn.Module, Watch, engine.Outcome]:
    """Train a network along its journey, with what was read on the way; raises `Diverged`."""
    replica, watch = ready(config, sets, keep=keep, listeners=listeners)
    epoch = len(replica.batches)
    watch.visit(replica.network, 0)
    (end,) = engine.fit(
        [replica],
        steps=config.length * epoch,
        every=interval_of(config) * epoch,
        precision=config.precision,
        progress=progress,
        checkpoint=checkpoint,
        opening=None if listeners else opening_of(config, steps=epoch),  # they are told of every reading
    )
    if end.diverged_step is not None:
        raise Diverged(end.diverged_step)
    return replica.network, watch, end


def opening_of(config: Config, *, steps: int) -> engine.Opening | None:
    """What journeys that differ in the penalty only have in common: the way to the reading before the first checkpoint.

    None where there is no such reading; `steps` are those of an epoch.
    """
    last = config.marks[0] - interval_of(config)
    unpushed = {name: getattr(Config, name) for name in ("width", "reduction", "halved_exponent")} | {"strength": 0.0}
    path = checkpoint_path([journey_of(config, **unpushed)]).with_suffix(".opening")
    return engine.Opening(last * steps, path) if last else None


def ready(config: Config, sets: Sets, **watching: Any) -> tuple[engine.Replica, Watch]:
    """A journey that has not begun, and what reads it."""
    stream = generator_of(config)
    network = build(config, sets, generator=stream)
    batches = batches_of(config, sets, generator=stream)
    optimizer, schedule = optimizer_of(config, network, steps=len(batches))
    push = Push(kernel_of(config))
    directions = Directions(push, every=max(1, len(batches) // LOOKS))
    watch = Watch(config, sets, directions, steps=len(batches), **watching)
    replica = engine.Replica(
        name=f"{config.network}, strength {config.strength:g}, seed {config.seed}",
        network=network,
        objective=objective,
        optimizer=optimizer,
        batches=batches,
        schedule=schedule,
        adjust=directions,
        callbacks=(watch,),
    )
    return replica, watch


def objective(network: nn.Module, batch: data.Batch, settings: Mapping[str, float]) -> Float[Tensor, ""]:
    """Mean cross entropy; the penalty is added to its gradient."""
    return functional.cross_entropy(network(batch.inputs), batch.labels)


def ending(network: nn.Module, scores: Float[Tensor, "batch classes"], watch: Watch, sets: Sets) -> dict[str, Any]:
    """The network at its end on all images, and the last reading: accuracies in %, loss in nats, distances.

    `scores` are its outputs for the test images.
    """
    found = scored(scores, sets.test.labels)
    found["held_out_accuracy"] = measured(network, sets.validation)["accuracy"]
    if watch.augmented is not None:
        found["augmented_accuracy"] = measured(network, sets.augmented)["accuracy"]
    labels = sets.test.labels.cpu()
    found["checkpoint_accuracy"] = [100 * float((each == labels).double().mean()) for each in watch.predictions]
    names = ("train_loss", "squared_distance", "normalized_distance", "weight_norm", "penalty")
    return found | {name: watch.readings[-1][name] for name in names}


def summary(watch: Watch) -> dict[str, Any]:
    """What the curves say: the mean accuracy of the last readings, the dip after the first checkpoint, directions."""
    epochs = np.array([reading["epoch"] for reading in watch.readings])
    curves = watch.curves()
    after = epochs > watch.config.marks[0]
    accuracy = np.array([reading["accuracy"] for reading in watch.readings])
    lowest = int(np.flatnonzero(after)[accuracy[after].argmin()])
    directions = ("cosine", "norm_ratio", "alignment")
    late = {name: float(curves[name][-LATE:].mean()) for name in curves if name.endswith("accuracy")}
    return {
        **{f"late_{name}": value for name, value in late.items()},
        "accuracy_before": float(accuracy[epochs == watch.config.marks[0]][0]),  # on the images of the curve
        "lowest_accuracy": float(accuracy[lowest]),
        "lowest_epoch": int(epochs[lowest]),
        **{f"pushed_{name}": float(np.nanmean(curves[name][after])) for name in directions},
    }


def answers(scores: Float[Tensor, "batch classes"], watch: Watch, sets: Sets) -> dict[str, np.ndarray]:
    """Predicted classes of all test images at each checkpoint and the end, and the end's probabilities.

    These are of the true class and of the predicted one.
    """
    probabilities = scores.softmax(1)
    true = probabilities.gather(1, sets.test.labels[:, None])[:, 0]
    predictions = torch.stack([*watch.predictions, scores.argmax(1).byte().cpu()])
    return {
        "predictions": predictions.numpy(),
        "true_probability": true.half().cpu().numpy(),
        "confidence": probabilities.amax(1).half().cpu().numpy(),
    }


def picture(config: Config, network: nn.Module, watch: Watch, sets: Sets) -> dict[str, np.ndarray]:
    """The path in the plane of its largest spread, and loss and error (%) around it on some training images."""
    columns, rows, images = PICTURES[config.network == "mlp"]
    shown = sets.train.first(images)
    path = [{name: value.to(shown.images.device) for name, value in point.items()} for point in watch.path]
    plane = plane_of(path)
    across, up = grid_around(plane, columns=columns, rows=rows)
    statistics = None if config.network == "mlp" else shown.images
    losses, errors = surface(network, plane, *shown, across=across, up=up, statistics=statistics)
    found = {
        "path": plane.coordinates.cpu(),
        "path_epoch": watch.path_epochs,
        "path_explained": plane.explained,
        "surface_across": across,
        "surface_up": up,
        "surface_loss": losses,
        "surface_error": errors,
    }
    return {name: np.asarray(value, dtype=np.float32) for name, value in found.items()}


def left_path(config: Config, epoch: int) -> Path:
    """Where the weights that a journey leaves after an epoch are cached."""
    path = weights_path(journey_of(config))
    return path.with_stem(f"{path.stem}-{epoch}")


def load_left(config: Config, *, epoch: int | None = None, device: str | None = None) -> nn.Module:
    """The network that a journey left after an epoch: 0, a checkpoint's, or its end's (None).

    Raises `ValueError` for another epoch and for a damaged file, `FileNotFoundError` where the cache has no such
    weights.
    """
    epoch = config.length if epoch is None else epoch
    return engine.load_weights(_empty(config, epoch, device), left_path(config, epoch)).eval()


def cached_left(config: Config, *, epoch: int) -> nn.Module | None:
    """The same where the cache has it whole, else None."""
    network = engine.cached_weights(_empty(config, epoch), left_path(config, epoch))
    return None if network is None else network.eval()


def _empty(config: Config, epoch: int, device: str | None = None) -> nn.Module:
    """The network of a journey with other weights; `ValueError` for an epoch after which none are left."""
    known = (0, *config.marks, config.length)
    if epoch not in known:
        raise ValueError(f"epoch must be one of {', '.join(map(str, known))}, got {epoch}")
    return build(config, sets_of(config, device or engine.choose_device()), generator=generator_of(config))
