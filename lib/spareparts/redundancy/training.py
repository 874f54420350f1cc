"""From a config to a trained network: images, network and optimizer as Figure 1 states them, and the training."""

import copy
import math
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from .. import data, engine, models
from ..runs import fit
from .config import LENET, Config
from .pruning import cut

# Images, networks, optimizers

Part, Sets = data.ImagePart, data.ImageSets
INITIALIZATIONS = {"glorot": "glorot_normal", "pytorch": "pytorch"}  # of a config, as `models.initialize` names them


class Settings(NamedTuple):
    """How a network is trained."""

    optimizer: str  #: sgd, with momentum 0.9, or adam
    learning_rate: float
    batch_size: int
    iterations: int
    precision: str = "float32"  #: or bfloat16, tf32
    drops: tuple[float, ...] = ()  #: shares of the iterations after which the learning rate is divided by 10


FIGURE_1 = {
    LENET: Settings("sgd", 3e-3, 64, 50_000),
    "conv_2": Settings("adam", 2e-4, 64, 20_000),
    "conv_4": Settings("adam", 3e-4, 60, 40_000),
    "conv_6": Settings("adam", 3e-4, 60, 40_000),
    "vgg_19": Settings("sgd", 0.1, 64, 112_000, drops=(0.5, 0.75)),  # when it drops is ours
}
FIGURE_1["vgg_19_bn"] = FIGURE_1["vgg_19"]


def settings_of(config: Config, stated: Settings | None = None) -> Settings:
    """Figure 1's settings, or those that an experiment states, with what the config changes."""
    changed = {name: getattr(config, name) for name in ("optimizer", "learning_rate", "iterations", "precision")}
    stated = stated or FIGURE_1[config.model]
    return stated._replace(**{name: value for name, value in changed.items() if value is not None})


def sets_of(config: Config, device: str) -> Sets:
    """The parts of a config's data set."""
    own = {name: getattr(config, name) for name in ("seed", "train_samples", "shuffled_labels")}
    return data.image_sets(config.dataset, device, first_classes=config.classes, **own)


def build(config: Config, sets: Sets, *, generator: torch.Generator) -> nn.Sequential:
    """The untrained network of a config, for the images of these sets."""
    shape, initialization = tuple(sets.train.images.shape[1:]), INITIALIZATIONS[config.initialization]
    common = {"generator": generator, "initialization": initialization, "classes": sets.classes}
    if config.model == LENET:
        network = models.lenet_300_100(in_features=math.prod(shape), width=config.width or 300, **common)
    elif config.model.startswith("vgg_19"):
        network = models.vgg_19(image_shape=shape, batch_norm=config.model == "vgg_19_bn", **common)
    else:
        network = getattr(models, config.model)(image_shape=shape, **common)
    return network.to(sets.train.images.device)


# Training

READINGS = 10  # at least so many along training, or one an epoch
SHOWN_IMAGES = 500  # first validation images, on which the units' outputs are read


class Watch(engine.Kept):
    """Callback that keeps the weights of smallest validation loss and, at each reading, a layer and its outputs."""

    KEPT = ("steps", "losses", "snapshots", "outputs", "best", "best_step")

    def __init__(self, network: nn.Sequential, validation: Part, *, layer: str | None, last: bool) -> None:
        self.validation, self.layer, self.last = validation, layer, last
        self.steps: list[int] = []  # of the readings, from 0
        self.losses: list[float] = []  # of validation
        self.snapshots: list[Float[Tensor, "units fan_in"]] = []
        self.outputs: list[Float[Tensor, "shown units"]] = []  # after the ReLU, on some validation images
        self.best: dict[str, Tensor] = {}
        self.best_step = 0
        self.read(network, 0)

    def __call__(self, progress: engine.Progress) -> None:
        """Read once."""
        self.read(progress.replica.network, progress.step)

    def read(self, network: nn.Sequential, step: int) -> None:
        """Note the validation loss, and the weights where they are the best so far."""
        (scores,) = engine.predict(network, self.validation.images)
        loss = float(functional.cross_entropy(scores, self.validation.labels))
        if self.last or not self.losses or loss < min(self.losses):
            self.best, self.best_step = copy.deepcopy(network.state_dict()), step
        self.steps.append(step)
        self.losses.append(loss)
        if self.layer is not None:
            parts = cut(network, self.layer)
            self.snapshots.append(parts.layer.weight.detach().flatten(1).cpu().clone())
            front = nn.Sequential(parts.head, parts.between)
            (given,) = engine.predict(front, self.validation.images[:SHOWN_IMAGES])
            self.outputs.append(given.cpu().half())


class Trained(NamedTuple):
    """A trained network, and how it came about."""

    network: nn.Sequential  #: with the weights that are studied, those of `watch.best_step`
    initial: nn.Sequential  #: as it began
    watch: Watch
    epoch: int  #: steps


def train(
    network: nn.Sequential,
    sets: Sets,
    *,
    settings: Settings,
    stream: torch.Generator,
    layer: str | None = None,
    last: bool = False,
    name: str = "network",
    checkpoint: Path | None = None,
    progress: bool = True,
) -> Trained:
    """Train a network, which ends with its weights of smallest validation loss, or the `last` ones; raises `Diverged`.

    The stream orders the batches; `layer` names a fully connected one whose weights are kept along the way.
    """
    initial = copy.deepcopy(network).eval()
    watch = Watch(network, sets.validation, layer=layer, last=last)
    replica = replica_of(network, sets.train, settings=settings, stream=stream, name=name, callbacks=(watch,))
    epoch = len(replica.batches)
    every = max(1, min(epoch, settings.iterations // READINGS))
    how = {"precision": settings.precision, "progress": progress, "checkpoint": checkpoint}
    fit(replica, steps=settings.iterations, every=every, **how)
    network.load_state_dict(watch.best)
    return Trained(network.eval(), initial, watch, epoch)


def replica_of(
    network: nn.Module, part: Part, *, settings: Settings, stream: torch.Generator, name: str, **more: Any
) -> engine.Replica:
    """What the engine trains, on batches that the stream orders; `more` are further fields of the replica."""
    if settings.optimizer == "adam":
        optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, fused=True)
    else:
        optimizer = torch.optim.SGD(network.parameters(), lr=settings.learning_rate, momentum=0.9, fused=True)
    drops = [max(1, round(share * settings.iterations)) for share in settings.drops]
    return engine.Replica(
        name=name,
        network=network,
        objective=engine.cross_entropy,
        optimizer=optimizer,
        batches=data.Batches(*part, batch_size=min(settings.batch_size, len(part.labels)), generator=stream),
        schedule=torch.optim.lr_scheduler.MultiStepLR(optimizer, drops) if drops else None,
        **more,
    )
