"""What is read along a journey: accuracies, distances to checkpoints, the step's direction, and points of the path."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from .. import engine
from .config import Config
from .directions import Directions
from .distances import normalized_distance, squared_distance
from .penalty import Push
from .points import Point, point_of
from .setup import Part, Sets

READINGS = 150  # at most about so many along a journey
FEW = 1_000  # images that a journey on a part of the training images is read on
POINTS = 24  # of the path, at most about so many


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
        readings = config.length // interval_of(config)
        self.thinning = interval_of(config) * -(-readings // POINTS)
        self.readings: list[dict[str, Any]] = []
        self.path: list[Point] = []
        self.path_epochs: list[int] = []
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
        if epoch % self.thinning == 0 or epoch in (*self.config.marks, self.config.length):
            self.path.append({name: value.cpu() for name, value in point_of(network).items()})
            self.path_epochs.append(epoch)
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
        kept = {name: getattr(self, name) for name in ("readings", "path", "path_epochs", "predictions")}
        return kept | {"checkpoints": self.push.checkpoints, "steps": self.directions.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with what a checkpoint of the training kept."""
        for name in ("readings", "path", "path_epochs", "predictions"):
            setattr(self, name, state[name])
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
