"""From a config to what is trained: images, network, optimizer and schedule as the source states them."""

import dataclasses
import functools
import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, LambdaLR, LRScheduler

from .. import data, models
from .config import Config

Part = data.ImagePart
MOMENTUM = 0.9
MEMBER_SEED = 100_000  # times the member, added to the seed: its weights, batches and subset are its own
AUGMENTED_SEED = 10_000  # added to the seed: crops and flips of the test images must not depend on training


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sets(data.ImageSets):
    """What a journey is trained, chosen and measured on."""

    augmented: Part  #: the test images cropped and flipped once, as the source measured on them


def generator_of(config: Config) -> torch.Generator:
    """Where the journey's weights, batches and subset come from."""
    return data.generator(config.seed + MEMBER_SEED * config.member)


def sets_of(config: Config, device: str) -> Sets:
    """The parts of a config's data set; those held out depend on the seed alone.

    Raises `ValueError` for more training images than there are.
    """
    sets = _whole_sets(config.dataset, device, seed=config.seed, train_samples=config.train_samples)
    if config.subset == "whole":
        return sets
    draw = data.generator(config.seed + MEMBER_SEED * (config.member if config.subset == "bootstrap" else 0))
    count = len(sets.train.labels)
    if config.subset == "bootstrap":
        rows = torch.randint(count, (count,), generator=draw)
    else:
        rows = torch.randperm(count, generator=draw).tensor_split(config.members)[config.member]
    return dataclasses.replace(sets, train=sets.train.subset(rows))


@functools.lru_cache(maxsize=2)
def _whole_sets(dataset: str, device: str, *, seed: int, train_samples: int | None) -> Sets:
    """The parts of a data set, kept for the next run."""
    sets = data.image_sets(dataset, device, seed=seed, train_samples=train_samples)
    images, labels = sets.test
    moved = augment_of(images)(images, generator=data.generator(seed + AUGMENTED_SEED))
    return Sets(**vars(sets), augmented=Part(moved, labels))


def accuracy(predictions: Int[Tensor, " batch"], labels: Int[Tensor, " batch"]) -> float:
    """Images classified correctly, in %."""
    return 100 * float((predictions == labels).double().mean())


def augment_of(images: Float[Tensor, "batch channels height width"]) -> Callable[..., Tensor]:
    """Random crops and flips, with a padding of an eighth of the image: 4 pixels of 32."""
    return functools.partial(data.crop_and_flip, padding=images.shape[-1] // 8)


def build(config: Config, sets: Sets, *, generator: torch.Generator) -> nn.Module:
    """The untrained network of a config, for the images of these sets."""
    channels, height, width = sets.train.images.shape[1:]
    common = {"generator": generator, "classes": sets.classes}
    if config.network == "mlp":
        headed = models.mlp(in_features=channels * height * width, units=512, features=256, **common)
        network: nn.Module = nn.Sequential(*headed.body, headed.classifier)
    elif config.network == "mobilenet_v2":
        network = models.mobilenet_v2(channels=channels, **common)
    else:
        network = models.resnet(int(config.network.removeprefix("resnet_")), channels=channels, **common)
    return network.to(sets.train.images.device)


def batches_of(config: Config, sets: Sets, *, generator: torch.Generator, augmented: bool = False) -> data.Batches:
    """Endless batches of the training images, as they are or `augmented`."""
    size = min(config.batch_size, len(sets.train.labels))
    augment = augment_of(sets.train.images) if augmented else None
    return data.Batches(*sets.train, batch_size=size, generator=generator, augment=augment)


def optimizer_of(config: Config, network: nn.Module, *, steps: int) -> tuple[torch.optim.Optimizer, LRScheduler | None]:
    """SGD with momentum, and its schedule for epochs of so many steps."""
    optimizer = torch.optim.SGD(
        network.parameters(), lr=config.learning_rate, momentum=MOMENTUM, weight_decay=config.weight_decay, fused=True
    )
    schedule = schedule_of(optimizer, config.schedule, period=config.cycle, steps=steps, per_batch=config.per_batch)
    return optimizer, schedule


def step_rate(epoch: int, *, period: int) -> float:
    """Share of the first learning rate in an epoch (from 0): a tenth of it after each third of a cycle."""
    return 0.1 ** (epoch % period // (period // 3))


def cosine_rate(epoch: int, *, period: int) -> float:
    """Share of the first learning rate in an epoch (from 0): `(1 + cos(pi T_cur / T_0)) / 2` (Eq. 1.10, minimum 0)."""
    return (1 + math.cos(math.pi * (epoch % period) / period)) / 2


def schedule_of(
    optimizer: torch.optim.Optimizer, name: str, *, period: int, steps: int, per_batch: bool = False
) -> LRScheduler | None:
    """A schedule that is stepped once a batch, with cycles of `period` epochs of `steps` steps; None where it stays.

    `constant`, `step` (of whole thirds of a period) or `cosine`; the rate changes with the epoch, the cosine's also
    `per_batch`.
    """
    if name == "constant":
        return None
    if per_batch and name == "cosine":
        return CosineAnnealingWarmRestarts(optimizer, T_0=period * steps)
    rate = step_rate if name == "step" else cosine_rate
    return LambdaLR(optimizer, lambda done: rate(done // steps, period=period))
