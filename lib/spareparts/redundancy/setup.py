"""From a config to what is trained: images, network and optimizer as Figure 1 states them."""

import dataclasses
import functools
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .. import data, models
from .config import Config

HELD_OUT = 5_000  # training images, on which the loss decides which weights are studied; a fifth of smaller sets
GREY = ("mnist", "fashion_mnist", "digits")  # are scaled to [0, 1] only
SHUFFLE_SEED = 10_000  # added to the seed: shuffled labels must not depend on how the images are drawn


class Settings(NamedTuple):
    """How a network is trained."""

    optimizer: str  # sgd, with momentum 0.9, or adam
    learning_rate: float
    batch_size: int
    iterations: int
    precision: str = "float32"  # or bfloat16, tf32
    drops: tuple[float, ...] = ()  # shares of the iterations after which the learning rate is divided by 10


FIGURE_1 = {
    "lenet_300_100": Settings("sgd", 3e-3, 64, 50_000),
    "conv_2": Settings("adam", 2e-4, 64, 20_000),
    "conv_4": Settings("adam", 3e-4, 60, 40_000),
    "conv_6": Settings("adam", 3e-4, 60, 40_000),
    "vgg_19": Settings("sgd", 0.1, 64, 112_000, drops=(0.5, 0.75)),  # when it drops is ours
}
FIGURE_1["vgg_19_bn"] = FIGURE_1["vgg_19"]


class Part(NamedTuple):
    """Images and labels."""

    images: Float[Tensor, "samples *shape"]  # or what a layer is given of them
    labels: Int[Tensor, " samples"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sets:
    """What a network is trained, chosen and measured on."""

    train: Part
    validation: Part
    test: Part
    classes: int


def settings_of(config: Config) -> Settings:
    """Figure 1's settings, with what the config changes."""
    changed = {name: getattr(config, name) for name in ("optimizer", "learning_rate", "iterations", "precision")}
    stated = FIGURE_1[config.model]
    return stated._replace(**{name: value for name, value in changed.items() if value is not None})


@functools.lru_cache(maxsize=2)
def load_sets(
    dataset: str,
    device: str,
    *,
    seed: int,
    classes: int | None = None,
    train_samples: int | None = None,
    shuffled_labels: bool = False,
) -> Sets:
    """The parts of a data set by a seed alone; kept for the next run.

    Images are in [0, 1]; colour ones are normalized to mean 0 and deviation 1 in each channel of those trained on.
    Raises `ValueError` for more training images than there are.
    """
    whole, test = (_part(dataset, split, classes=classes, device=device) for split in ("train", "test"))
    labels = whole.labels
    if shuffled_labels:
        labels = labels[torch.randperm(len(labels), generator=data.generator(seed + SHUFFLE_SEED)).to(device)]
    held_out = min(HELD_OUT, len(labels) // 5)
    order = torch.randperm(len(labels), generator=data.generator(seed)).to(device)
    if train_samples is not None and train_samples > len(labels) - held_out:
        raise ValueError(f"train_samples must be at most {len(labels) - held_out}, got {train_samples}")
    stop = len(labels) if train_samples is None else held_out + train_samples
    rows = {"train": order[held_out:stop], "validation": order[:held_out]}
    parts = {name: Part(data.to_float(whole.images[chosen]), labels[chosen]) for name, chosen in rows.items()}
    parts["test"] = Part(data.to_float(test.images), test.labels)
    if dataset not in GREY:
        parts = normalized(parts)
    return Sets(**parts, classes=classes or len(data.classes(dataset)))


def normalized(parts: dict[str, Part]) -> dict[str, Part]:
    """The parts with mean 0 and deviation 1 in each channel of the images trained on."""
    images = parts["train"].images
    mean, deviation = images.mean((0, 2, 3)).tolist(), images.std((0, 2, 3)).tolist()
    return {name: part._replace(images=data.normalize(part.images, mean, deviation)) for name, part in parts.items()}


class Stored(NamedTuple):
    """Images as they are stored, and labels."""

    images: Tensor
    labels: Tensor


def _part(dataset: str, split: str, *, classes: int | None, device: str) -> Stored:
    found = data.load(dataset, split, device=device)
    if classes is None:
        return Stored(found.images, found.labels.long())
    rows = found.labels < classes
    return Stored(found.images[rows], found.labels[rows].long())


def sets_of(config: Config, device: str) -> Sets:
    """The parts of a config's data set."""
    names = ("seed", "classes", "train_samples", "shuffled_labels")
    return load_sets(config.dataset, device, **{name: getattr(config, name) for name in names})


def build(config: Config, sets: Sets, *, generator: torch.Generator) -> nn.Sequential:
    """The untrained network of a config, for the images of these sets."""
    shape = tuple(sets.train.images.shape[1:])
    initialization = {"glorot": "glorot_normal"}.get(config.initialization, config.initialization)
    common = {"generator": generator, "initialization": initialization, "classes": sets.classes}
    if config.model == "lenet_300_100":
        pixels = shape[0] * shape[1] * shape[2]
        network = models.lenet_300_100(in_features=pixels, width=config.width or 300, **common)
    elif config.model.startswith("vgg_19"):
        network = models.vgg_19(image_shape=shape, batch_norm=config.model == "vgg_19_bn", **common)
    else:
        network = getattr(models, config.model)(image_shape=shape, **common)
    return network.to(sets.train.images.device)


def optimizer_of(network: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """The optimizer of some settings."""
    if settings.optimizer == "adam":
        return torch.optim.Adam(network.parameters(), lr=settings.learning_rate, fused=True)
    return torch.optim.SGD(network.parameters(), lr=settings.learning_rate, momentum=0.9, fused=True)
