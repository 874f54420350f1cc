"""From a config to what is trained: network with its head, optimizer, schedule and batches, from its seed alone."""

import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from .. import data, engine, models
from .binarise import BinarisedClassifier
from .coherence import CoincidingRows
from .config import RESNETS, Config
from .heads import FixedClassifier
from .losses import cosine_loss
from .sets import Sets, batches_of

MOMENTUM = 0.9
HEAD_OPTIONS = {
    "hadamard": ("matrix", "coordinates", "skip_ones"),
    "low_rank": ("rank",),
    "sparse": ("density",),
}
WEIGHT_DECAY = 1e-4  # of weights; none on biases and BatchNorm
HEAD_SEED = 30_000  # added to the seed: all heads stand on the same body and see the same batches


class Settings(NamedTuple):
    """How a network is trained."""

    learning_rate: float
    batch_size: int
    epochs: int
    drops: tuple[float, float]  # shares of the epochs after which the learning rate is divided by 10


SMALL = Settings(0.1, 128, 164, (81 / 164, 122 / 164))
LARGE = Settings(0.1, 256, 90, (1 / 3, 2 / 3))  # ours: the seed gives none
PUBLISHED = {
    "resnet_20": SMALL,
    "resnet_32": SMALL,
    "resnet_56": SMALL,
    "densenet_bc_100_12": Settings(0.1, 64, 300, (0.5, 0.75)),
    "resnet_50": LARGE,
    "densenet_169": LARGE,
    "shufflenet": LARGE,
    "mlp": Settings(0.1, 64, 30, (0.5, 0.75)),  # ours
}


def settings_of(config: Config) -> Settings:
    """The published settings, with what the config changes."""
    changed = {name: getattr(config, name) for name in ("learning_rate", "batch_size", "epochs")}
    return PUBLISHED[config.network]._replace(**{name: value for name, value in changed.items() if value is not None})


def build(config: Config, sets: Sets, *, generator: torch.Generator) -> nn.Module:
    """The untrained network of a config, for the images of these sets; its body comes from the generator."""
    network = body(config, sets, generator=generator)
    features = network.classifier.in_features
    network.classifier = head(config, features, sets.classes)
    return network


def body(config: Config, sets: Sets, *, generator: torch.Generator) -> nn.Module:
    """A network with its own, ordinary classifier."""
    common = {"generator": generator, "classes": sets.classes}
    own = {} if config.features is None else {"features": config.features}
    channels, height, width = sets.shape
    if config.network in RESNETS:
        depth = int(config.network.removeprefix("resnet_"))
        return models.resnet(depth, channels=channels, shortcut=config.shortcut, **common, **own)
    if config.network == "mlp":
        return models.mlp(in_features=channels * height * width, **common, **own)
    if config.network == "densenet_bc_100_12":
        return models.densenet_bc(100, growth=12, channels=channels, **common)
    return models.shufflenet(**common) if config.network == "shufflenet" else models.large(config.network, **common)


def head(config: Config, features: int, classes: int) -> FixedClassifier:
    """The config's classifier; for a cosine loss its scores are the cosines, with neither scale nor bias.

    Whether classes coincide is a result of the run, of which it does not warn.
    """
    bare = config.loss != "cross_entropy"
    options = {name: getattr(config, name) for name in HEAD_OPTIONS.get(config.head, ())}
    made = BinarisedClassifier if config.binarised else FixedClassifier
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CoincidingRows)
        return made(
            features,
            classes,
            kind=config.head,
            generator=data.generator(config.seed + HEAD_SEED),
            scale=1.0 if bare else config.scale,
            initial_scale=config.initial_scale,
            negate=config.negate,
            bias=not bare,
            **options,
        )


def optimizer_of(network: nn.Module, config: Config) -> torch.optim.SGD:
    """SGD with momentum; weight decay on matrices and filters only, and on the head's scale where it is asked for."""
    groups: dict[str, list[nn.Parameter]] = {"weights": [], "others": [], "scale": []}
    for name, value in network.named_parameters():
        kind = "weights" if value.dim() > 1 or name.endswith(".values") else "others"  # a sparse head's are in a row
        if value.requires_grad:
            groups["scale" if name.endswith(".scale") else kind].append(value)
    decays = {"weights": WEIGHT_DECAY, "others": 0.0, "scale": config.scale_decay}
    options = [{"params": values, "weight_decay": decays[name]} for name, values in groups.items() if values]
    return torch.optim.SGD(options, lr=settings_of(config).learning_rate, momentum=MOMENTUM, fused=True)


def schedule_of(optimizer: torch.optim.Optimizer, settings: Settings, *, steps: int) -> Any:
    """The learning rate divided by 10 at each drop."""
    milestones = sorted({max(1, round(share * steps)) for share in settings.drops})
    return torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones)


def replica(config: Config, sets: Sets, device: str) -> engine.Replica:
    """A config ready to be trained; all heads of a seed start on the same body and see the same batches."""
    stream, settings = data.generator(config.seed), settings_of(config)
    network = build(config, sets, generator=stream).to(device)
    augment = sets.shape[0] == 3 if config.augment is None else config.augment
    batches = batches_of(sets.train, batch_size=settings.batch_size, augment=augment, generator=stream)
    optimizer = optimizer_of(network, config)
    return engine.Replica(
        name=f"{config.network} {config.head} {config.dataset} seed {config.seed}",
        network=network,
        objective=objective_of(config.loss, config.other_target),
        optimizer=optimizer,
        batches=batches,
        schedule=schedule_of(optimizer, settings, steps=settings.epochs * len(batches)),
    )


@functools.cache  # networks that train side by side share one objective
def objective_of(loss: str, other_target: float = -1.0) -> Callable:
    """The training loss of a config: mean cross entropy in nats, or a cosine loss."""

    def objective(network: Callable, batch: data.Batch, settings: Mapping[str, Any]) -> Float[Tensor, ""]:
        if loss == "cross_entropy":
            return functional.cross_entropy(network(batch.inputs), batch.labels)
        return cosine_loss(network(batch.inputs), batch.labels, loss=loss, other_target=other_target)

    return objective
