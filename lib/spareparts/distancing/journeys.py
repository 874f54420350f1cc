"""A journey: train, leave checkpoints, be pushed away from them, and read on the way where that leads."""

import copy
import functools
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .. import engine
from ..records.store import Found, checkpoint_path, commit, weights_path
from ..runs import fit
from .config import Config, journey_of
from .measures import normalized_distance, squared_distance
from .paths import point_of
from .penalty import Directions, Push, kernel_of
from .training import Sets, accuracy, batches_of, build, generator_of, optimizer_of, sets_of

READINGS = 150  # at most about so many along a journey
LATE = 10  # readings whose mean is given; the source has the mean of ten epochs
LOOKS = 8  # at the step's direction in an epoch
Keep = Callable[[nn.Module, int], None]  # given a network and the epoch after which it is left
FEW = 1_000  # images that a journey on a part of the training images is read on


def interval_of(config: Config) -> int:
    """Epochs between readings, of which one comes at every checkpoint and one at the end."""
    common = math.gcd(config.length, *config.marks)
    most = max(1, config.length // READINGS)
    return max(number for number in range(1, most + 1) if common % number == 0)


class Watch:
    """Callback that leaves the checkpoints and reads the network; `steps` are those of an epoch.

    `keep(network, epoch)` is called at the start, at each checkpoint and at the end. Each reading is a table of
    numbers, lists having one number a checkpoint.
    """

    def __init__(self, config: Config, sets: Sets, directions: Directions, *, steps: int, keep: Keep) -> None:
        self.config, self.directions, self.push = config, directions, directions.push
        self.steps, self.keep, self.whole = steps, keep, sets.test
        few = None if config.train_samples is None else FEW
        self.parts = {"accuracy": sets.test.first(few), "held_out_accuracy": sets.validation.first(few)}
        if config.augmented:
            self.parts["augmented_accuracy"] = sets.augmented.first(few)
        self.readings: list[dict[str, Any]] = []
        self.predictions: list[Tensor] = []  # of all test images, at each checkpoint

    def __call__(self, progress: engine.Progress) -> None:
        """Read once, and leave a checkpoint where one is due."""
        self.visit(progress.replica.network, progress.step // self.steps, loss=float(progress.losses.mean()))

    def visit(self, network: nn.Module, epoch: int, *, loss: float = math.nan) -> None:
        """Read the network after this epoch.

        That is accuracies in %, distances to each checkpoint (NaN to one that is not left yet), the norm of the
        weights, and what the push did to the gradient.
        """
        if epoch in self.config.marks:
            self.push.leave(network)
            self.predictions.append(engine.predict(network, self.whole.images)[0].argmax(1).byte().cpu())
        if epoch in (0, *self.config.marks, self.config.length):
            self.keep(network, epoch)
        point, left = point_of(network), self.push.checkpoints
        lacking = [math.nan] * (self.config.checkpoints - len(left))
        reading = {
            "epoch": epoch,
            "train_loss": loss,
            **{name: engine.accuracy(network, part) for name, part in self.parts.items()},
            "squared_distance": [squared_distance(point, checkpoint) for checkpoint in left] + lacking,
            "normalized_distance": [normalized_distance(point, checkpoint) for checkpoint in left] + lacking,
            "weight_norm": float(torch.stack(torch._foreach_norm(list(point.values()))).norm()),
            **self.directions.read(),
        }
        self.readings.append(reading)

    def curves(self) -> dict[str, np.ndarray]:
        """All readings, one array a name, the first axis being the readings."""
        names = self.readings[-1].keys()
        return {name: np.array([reading[name] for reading in self.readings], dtype=np.float32) for name in names}

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint of the training keeps."""
        kept = {"readings": self.readings, "predictions": self.predictions}
        return kept | {"checkpoints": self.push.checkpoints, "steps": self.directions.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with what a checkpoint of the training kept."""
        self.readings, self.predictions = state["readings"], state["predictions"]
        device, left = self.whole.images.device, state["checkpoints"]
        self.push.checkpoints = [{name: value.to(device) for name, value in point.items()} for point in left]
        self.directions.steps = state["steps"]


def journey(config: Config, *, progress: bool = True) -> Found:
    """Train along one journey and measure it; weights at its start, checkpoints and end are left in the cache.

    Accuracies are in %, the late ones means of the last readings. The arrays are all readings, predicted classes of all
    test images at each checkpoint and the end, and the probability of the last ones. Raises `Diverged`.
    """
    sets = sets_of(config, engine.choose_device())
    keep = functools.partial(leave, config)
    network, watch, end = travel(config, sets, keep=keep, checkpoint=checkpoint_path([config]), progress=progress)
    (scores,) = engine.predict(network, sets.test.images)
    chosen, curves = scores.argmax(1), watch.curves()
    metrics = {"accuracy": accuracy(chosen, sets.test.labels), "training_seconds": end.seconds}
    if config.augmented:
        metrics["augmented_accuracy"] = engine.accuracy(network, sets.augmented)
    metrics["held_out_accuracy"] = engine.accuracy(network, sets.validation)
    names = ("train_loss", "squared_distance", "normalized_distance", "weight_norm")
    metrics |= {name: watch.readings[-1][name] for name in names}
    metrics |= {f"late_{name}": float(curves[name][-LATE:].mean()) for name in watch.parts}
    before, *after = [reading["accuracy"] for reading in watch.readings if reading["epoch"] >= config.marks[0]]
    metrics |= {"accuracy_before": before, "lowest_accuracy": min(after)}  # at the first checkpoint, and after it
    predictions = torch.stack([*watch.predictions, chosen.byte().cpu()])
    confidence = scores.softmax(1).amax(1).half().cpu()
    return metrics, curves | {"confidence": confidence.numpy(), "predictions": predictions.numpy()}


def travel(
    config: Config,
    sets: Sets,
    *,
    keep: Keep = lambda network, epoch: None,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> tuple[nn.Module, Watch, engine.Outcome]:
    """Train a network along its journey, with what was read on the way; raises `Diverged`."""
    replica, watch = ready(config, sets, keep=keep)
    epoch = len(replica.batches)
    watch.visit(replica.network, 0)
    end = fit(
        replica,
        steps=config.length * epoch,
        every=interval_of(config) * epoch,
        precision=config.precision,
        progress=progress,
        checkpoint=checkpoint,
        opening=opening_of(config, steps=epoch),
    )
    return replica.network, watch, end


def opening_of(config: Config, *, steps: int) -> engine.Opening | None:
    """What journeys that differ in the penalty only have in common: the way to the reading before the first checkpoint.

    None where there is no such reading; `steps` are those of an epoch.
    """
    last = config.marks[0] - interval_of(config)
    unpushed = {name: getattr(Config, name) for name in ("width", "reduction", "halved_exponent")} | {"strength": 0.0}
    path = checkpoint_path([journey_of(config, **unpushed)]).with_suffix(".opening")
    return engine.Opening(last * steps, path) if last else None


def ready(config: Config, sets: Sets, *, keep: Keep) -> tuple[engine.Replica, Watch]:
    """A journey that has not begun, and what reads it; the penalty is added to the gradient of the loss."""
    stream = generator_of(config)
    network = build(config, sets, generator=stream)
    batches = batches_of(config, sets, generator=stream, augmented=config.augmented)
    optimizer, schedule = optimizer_of(config, network, steps=len(batches))
    directions = Directions(Push(kernel_of(config)), every=max(1, len(batches) // LOOKS))
    watch = Watch(config, sets, directions, steps=len(batches), keep=keep)
    replica = engine.Replica(
        name=f"{config.network}, strength {config.strength:g}, seed {config.seed}",
        network=network,
        objective=engine.cross_entropy,
        optimizer=optimizer,
        batches=batches,
        schedule=schedule,
        adjust=directions,
        callbacks=(watch,),
    )
    return replica, watch


def left_path(config: Config, epoch: int) -> Path:
    """Where the weights that a journey leaves after an epoch are cached."""
    path = weights_path(journey_of(config))
    return path.with_stem(f"{path.stem}-{epoch}")


def leave(config: Config, network: nn.Module, epoch: int) -> None:
    """Leave a journey's network after an epoch in the cache."""
    engine.save_weights(network, left_path(config, epoch), commit=commit())


def left_behind(config: Config, *, progress: bool = True) -> list[nn.Module]:
    """The networks that a journey left at its checkpoints and at its end, in this order.

    A journey whose weights are not in the cache, whole, is made again, and leaves them there. Raises `Diverged`.
    """
    epochs, sets = (*config.marks, config.length), sets_of(config, engine.choose_device())
    blank = functools.partial(build, config, sets)
    found = [engine.cached_weights(blank(generator=generator_of(config)), left_path(config, epoch)) for epoch in epochs]
    if all(network is not None for network in found):
        return [network.eval() for network in found]
    kept: dict[int, nn.Module] = {}

    def keep(network: nn.Module, epoch: int) -> None:
        leave(config, network, epoch)
        kept[epoch] = copy.deepcopy(network).eval()

    travel(config, sets, keep=keep, progress=progress)
    return [kept[epoch] for epoch in epochs]
