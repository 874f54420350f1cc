"""A journey: train, leave checkpoints, be pushed away from them, and read on the way where that leads."""

import copy
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from .. import data, engine
from ..records import Diverged, checkpoint_path, weights_path
from ..records.store import commit
from .config import Config, journey_of
from .measures import normalized_distance, squared_distance
from .penalty import Directions, Push, kernel_of
from .training import Part, Sets, batches_of, build, generator_of, optimizer_of, sets_of

READINGS = 150  # at most about so many along a journey
LATE = 10  # readings whose mean the source gives
LOOKS = 8  # at the step's direction in an epoch
FEW = 1_000  # images that a journey on a part of the training images is read on


def interval_of(config: Config) -> int:
    """Epochs between readings, of which one comes at every checkpoint and one at the end."""
    common = math.gcd(config.length, *config.marks)
    most = max(1, config.length // READINGS)
    return max(number for number in range(1, most + 1) if common % number == 0)


class Watch:
    """Callback that leaves the checkpoints and reads the network; `steps` are those of an epoch.

    `keep(network, epoch)` is called at the start, at each checkpoint and at the end. Each reading is a table of
    numbers, lists having one number a checkpoint; `listeners` are told of it.
    """

    def __init__(
        self,
        config: Config,
        sets: Sets,
        directions: Directions,
        *,
        steps: int,
        keep: Callable[[nn.Module, int], None],
        listeners: tuple[Callable[[dict[str, Any]], None], ...] = (),
    ) -> None:
        self.config, self.directions, self.steps = config, directions, steps
        self.keep, self.listeners = keep, listeners
        few = None if config.train_samples is None else FEW
        self.test, self.validation = sets.test.first(few), sets.validation.first(few)
        self.augmented = sets.augmented.first(few) if config.augmented else None
        self.whole = sets.test
        self.readings: list[dict[str, Any]] = []
        self.predictions: list[Tensor] = []  # of all test images, at each checkpoint

    @property
    def push(self) -> Push:
        """What holds the checkpoints."""
        return self.directions.push

    def __call__(self, progress: engine.Progress) -> None:
        """Read once, and leave a checkpoint where one is due."""
        self.visit(progress.replica.network, progress.step // self.steps, loss=float(progress.losses.mean()))

    def visit(self, network: nn.Module, epoch: int, *, loss: float = math.nan) -> None:
        """Read the network after this epoch."""
        if epoch in self.config.marks:
            self.push.leave(network)
            self.predictions.append(engine.predict(network, self.whole.images)[0].argmax(1).byte().cpu())
        if epoch in (0, *self.config.marks, self.config.length):
            self.keep(network, epoch)
        self.readings.append({"epoch": epoch, "train_loss": loss} | self.read(network))
        for listener in self.listeners:
            listener(self.readings[-1])

    def read(self, network: nn.Module) -> dict[str, Any]:
        """Accuracies in %, loss in nats, distances, penalty, and what the push did to the gradient."""
        found = measured(network, self.test)
        found["held_out_accuracy"] = measured(network, self.validation)["accuracy"]
        if self.augmented is not None:
            found["augmented_accuracy"] = measured(network, self.augmented)["accuracy"]
        return found | self.distances(network) | self.directions.read()

    def distances(self, network: nn.Module) -> dict[str, Any]:
        """Squared and normalized distance to each checkpoint, NaN where it is not left yet; weight norm; penalty."""
        point = {name: value.detach() for name, value in network.named_parameters()}
        left = self.push.checkpoints
        lacking = [math.nan] * (self.config.checkpoints - len(left))
        squared = [squared_distance(point, checkpoint) for checkpoint in left]
        return {
            "squared_distance": squared + lacking,
            "normalized_distance": [normalized_distance(point, checkpoint) for checkpoint in left] + lacking,
            "weight_norm": float(torch.stack(torch._foreach_norm(list(point.values()))).norm()),
            "penalty": self.push.value(squared),
        }

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
        device = self.whole.images.device
        self.push.checkpoints = [
            {name: value.to(device) for name, value in point.items()} for point in state["checkpoints"]
        ]
        self.directions.steps = state["steps"]


def measured(network: nn.Module, part: Part) -> dict[str, float]:
    """Accuracy in % and mean cross entropy in nats."""
    return scored(*engine.predict(network, part.images), part.labels)


def scored(scores: Float[Tensor, "batch classes"], labels: Int[Tensor, " batch"]) -> dict[str, float]:
    """The same of class scores."""
    right = (scores.argmax(1) == labels).double().mean()
    return {"accuracy": 100 * float(right), "test_loss": float(functional.cross_entropy(scores, labels))}


def journey(
    config: Config, *, listeners: tuple[Callable[[dict[str, Any]], None], ...] = (), progress: bool = True
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Train along one journey and measure it; weights at its start, checkpoints and end are left in the cache.

    `listeners` are told of every reading, such as `TensorBoard`. Raises `Diverged`.
    """
    sets = sets_of(config, engine.choose_device())

    def keep(network: nn.Module, epoch: int) -> None:
        engine.save_weights(network, left_path(config, epoch), commit=commit())

    going = {"checkpoint": checkpoint_path([config]), "progress": progress}
    network, watch, end = travel(config, sets, keep=keep, listeners=listeners, **going)
    (scores,) = engine.predict(network, sets.test.images)
    metrics = ending(network, scores, watch, sets) | summary(watch)
    arrays = watch.curves() | answers(scores, watch, sets)
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
    """Predicted classes of all test images at each checkpoint and the end, whose probabilities stand beside them.

    These are of the true class and of the predicted one.
    """
    probabilities = scores.softmax(1)
    found = {
        "true_probability": probabilities.gather(1, sets.test.labels[:, None])[:, 0],
        "confidence": probabilities.amax(1),
    }
    predictions = torch.stack([*watch.predictions, scores.argmax(1).byte().cpu()])
    return {name: value.half().cpu().numpy() for name, value in found.items()} | {"predictions": predictions.numpy()}


def left_path(config: Config, epoch: int) -> Path:
    """Where the weights that a journey leaves after an epoch are cached."""
    path = weights_path(journey_of(config))
    return path.with_stem(f"{path.stem}-{epoch}")


def left_behind(config: Config, *, progress: bool = True) -> list[nn.Module]:
    """The networks that a journey left at its checkpoints and at its end, in this order.

    A journey whose weights are not in the cache, whole, is made again, and leaves them there. Raises `Diverged`.
    """
    epochs, sets = (*config.marks, config.length), sets_of(config, engine.choose_device())
    empty = [build(config, sets, generator=generator_of(config)) for _ in epochs]
    found = [engine.cached_weights(*each) for each in zip(empty, (left_path(config, e) for e in epochs), strict=True)]
    if all(network is not None for network in found):
        return [network.eval() for network in found]
    kept: dict[int, nn.Module] = {}

    def keep(network: nn.Module, epoch: int) -> None:
        engine.save_weights(network, left_path(config, epoch), commit=commit())
        kept[epoch] = copy.deepcopy(network).eval()

    travel(config, sets, keep=keep, progress=progress)
    return [kept[epoch] for epoch in epochs]


class TensorBoard:
    """Listener that writes every number of each reading of a journey, one run a folder; needs the extra `tensorboard`.

    A list has one number a checkpoint. Raises `ModuleNotFoundError` with what to install.
    """

    def __init__(self, folder: Path | str) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("TensorBoard is missing: pip install 'spareparts[tensorboard]'") from error
        self.writer = SummaryWriter(str(folder))

    def __call__(self, reading: dict[str, Any]) -> None:
        """Write one reading."""
        for name, value in reading.items():
            listed = isinstance(value, list)
            for place, number in enumerate(value if listed else [value], start=1):
                self.writer.add_scalar(f"{name}/checkpoint_{place}" if listed else name, number, reading["epoch"])
        self.writer.flush()
