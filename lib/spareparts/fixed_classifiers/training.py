"""What is read of a network while it trains: errors, losses, the head's size and the features' norms."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .. import data, engine
from .heads import FixedClassifier
from .sets import Images, Sets

READINGS = 100  # of the head's size along training, at least one an epoch
FEWEST = 500  # images on which every epoch is read, or all there are; of test images twice as many
SHOWN = 0.1  # of the training images, if that is more
LISTS = ("epochs", "errors", "losses", "norms", "steps", "sizes")


class Evaluation(NamedTuple):
    """What a network gives for images."""

    predictions: Int[Tensor, " samples"]
    loss: float  # mean, as it was trained on
    norms: Float[Tensor, " samples"]  # of the features

    def error(self, labels: Int[Tensor, " samples"]) -> float:
        """Images classified wrongly, in %."""
        return 100 * float((self.predictions != labels.to(self.predictions.device)).double().mean())


@torch.inference_mode()
def evaluate(network: nn.Module, images: Images, *, objective: Callable, batch_size: int | None = None) -> Evaluation:
    """Predictions, loss and norms of features, in evaluation mode and without augmentation."""
    training, parts, total = network.training, [], 0.0
    batch_size = batch_size or engine.images_at_once(next(network.parameters()).device)
    network.eval()
    labels = iter(images.labels.split(batch_size))
    for chunk in images.chunks(batch_size):
        features = network.features(chunk)
        scores, truth = network.classifier(features), next(labels).to(chunk.device)
        total += float(objective(lambda _, given=scores: given, data.Batch(chunk, truth), {})) * len(truth)
        parts.append((scores.argmax(1), torch.linalg.vector_norm(features, dim=1)))
    network.train(training)
    predictions, norms = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    return Evaluation(predictions, total / len(images.labels), norms)


def spread(images: Images, most: int) -> Images:
    """At most so many of the images, evenly from first to last: in whatever order their classes stand."""
    count = len(images.labels)
    return images.subset(torch.linspace(0, count - 1, min(most, count)).long())


def size_of(head: FixedClassifier) -> float:
    """The scale of a head that normalises, else the Frobenius norm of its matrix."""
    return float(head.matrix.norm() if head.scale is None else head.scale.detach())


class Readings:
    """Callback that reads the head's size at every stretch, and errors, losses and norms of features at every epoch."""

    def __init__(self, network: nn.Module, sets: Sets, *, epoch: int, objective: Callable) -> None:
        self.epoch, self.objective = epoch, objective  # steps of an epoch
        most = max(FEWEST, int(SHOWN * len(sets.train.labels)))
        self.shown = {"train": spread(sets.train, most), "test": spread(sets.test, 2 * most)}
        self.epochs: list[int] = []
        self.errors: list[tuple[float, ...]] = []  # % of the training and the test images shown
        self.losses: list[tuple[float, ...]] = []
        self.norms: list[Tensor] = []  # of the training images' features
        self.steps: list[int] = []
        self.sizes: list[float] = []
        self.read(network, 0)

    def __call__(self, progress: engine.Progress) -> None:
        """Read once."""
        self.read(progress.replica.network, progress.step)

    def read(self, network: nn.Module, step: int) -> None:
        """Note the head's size, and at the end of an epoch all else."""
        self.steps.append(step)
        self.sizes.append(size_of(network.classifier))
        if step % self.epoch:
            return
        found = {name: evaluate(network, images, objective=self.objective) for name, images in self.shown.items()}
        self.epochs.append(step // self.epoch)
        self.errors.append(tuple(each.error(self.shown[name].labels) for name, each in found.items()))
        self.losses.append(tuple(each.loss for each in found.values()))
        self.norms.append(found["train"].norms.cpu())

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {name: list(getattr(self, name)) for name in LISTS}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with what a checkpoint kept."""
        for name in LISTS:
            setattr(self, name, list(state[name]))


def stretch(epoch: int, *, epochs: int) -> int:
    """Steps between two readings: the most that divide an epoch's and give READINGS in all."""
    most = max(1, epoch * epochs // READINGS)
    return max(steps for steps in range(1, epoch + 1) if epoch % steps == 0 and steps <= most)
