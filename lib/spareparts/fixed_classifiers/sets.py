"""The images of a run: its classes, its training images, in memory or streamed from a folder."""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .. import data
from ..engine.replica import BatchSource
from .choice import choose_classes, renumbered, rows_of, stratified
from .config import LARGE, Config

SIZES = {True: 224, False: 32}  # pixels of a folder's images, for large and for small networks
CLASS_SEED = 20_000  # added to the seed: the choice of classes must not depend on anything else that is drawn


# numbers and labels of the images to take, of all labels and how many are wanted
Choose = Callable[[Tensor, int | None], tuple[Tensor, Tensor]]


@runtime_checkable
class Images(Protocol):
    """Images with labels, wherever they are."""

    labels: Tensor

    def subset(self, rows: Tensor) -> "Images":
        """The images of those numbers."""

    def chunks(self, batch_size: int) -> Iterator[Tensor]:
        """All images in order, as a network takes them."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class StoredImages:
    """Images in memory."""

    images: Float[Tensor, "samples channels height width"]
    labels: Int[Tensor, " samples"]

    def subset(self, rows: Int[Tensor, " chosen"]) -> "StoredImages":
        """The images of those numbers."""
        rows = rows.to(self.labels.device)
        return StoredImages(images=self.images[rows], labels=self.labels[rows])

    def chunks(self, batch_size: int) -> Iterator[Float[Tensor, "batch channels height width"]]:
        """All images in order."""
        yield from self.images.split(batch_size)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sets:
    """What a network is trained and measured on."""

    train: Images
    test: Images
    classes: int
    shape: tuple[int, ...]  # of one image: channels, height, width


def sets_of(config: Config, device: str) -> Sets:
    """The images of a config; those that no draw decides are kept for the next run."""
    drawn = config.classes is not None or config.train_samples is not None
    names = ("dataset", "classes", "class_choice", "train_samples")
    own = {name: getattr(config, name) for name in names} | {"size": SIZES[config.network in LARGE]}
    return _sets(device=device, seed=config.seed if drawn else 0, **own)


@functools.lru_cache(maxsize=1)
def _sets(
    *,
    dataset: str,
    device: str,
    seed: int,
    size: int,
    classes: int | None,
    class_choice: str,
    train_samples: int | None,
) -> Sets:
    total, kept = len(data.classes(dataset)), None
    if classes is not None:
        groups = list(data.superclasses().values()) if dataset == "cifar100" else [[label] for label in range(total)]
        kept = choose_classes(groups, classes, choice=class_choice, generator=data.generator(seed + CLASS_SEED))

    def rows_and_labels(labels: Tensor, samples: int | None) -> tuple[Tensor, Tensor]:
        rows = torch.arange(len(labels)) if kept is None else rows_of(labels, kept).cpu()
        rows = rows if samples is None else rows[stratified(labels.cpu()[rows], samples, seed=seed)]
        taken = labels[rows.to(labels.device)].long()
        return rows, taken if kept is None else renumbered(taken, kept)

    if data.is_folder(dataset):
        train, test = _streamed(dataset, device, size, train_samples, rows_and_labels)
        return Sets(train=train, test=test, classes=classes or total, shape=(3, size, size))
    train, test = _stored(dataset, device, train_samples, rows_and_labels)
    return Sets(train=train, test=test, classes=classes or total, shape=tuple(train.images.shape[1:]))


def _stored(dataset: str, device: str, train_samples: int | None, choose: Choose) -> tuple[StoredImages, StoredImages]:
    """Training and test images in [0, 1], or of colour with mean 0 and deviation 1 in each channel of the former."""
    parts = []
    for split, samples in (("train", train_samples), ("test", None)):
        found = data.load(dataset, split, device=device)
        rows, labels = choose(found.labels, samples)
        parts.append((data.to_float(found.images[rows.to(device)]), labels))
    if parts[0][0].shape[1] == 3:
        mean, deviation = (value.tolist() for value in (parts[0][0].mean((0, 2, 3)), parts[0][0].std((0, 2, 3))))
        parts = [(data.normalize(images, mean, deviation), labels) for images, labels in parts]
    train, test = (StoredImages(images=images, labels=labels) for images, labels in parts)
    return train, test


def _streamed(
    dataset: str, device: str, size: int, train_samples: int | None, choose: Choose
) -> tuple[data.StreamedImages, data.StreamedImages]:
    """Training and test images, read when they are needed."""
    parts = []
    for split, samples in (("train", train_samples), ("test", None)):
        found = data.load_folder(dataset, split, size=size, device=device)
        rows, labels = choose(found.labels, samples)
        parts.append(dataclasses.replace(found.subset(rows), labels=labels))
    return parts[0], parts[1]


def batches_of(images: Images, *, batch_size: int, augment: bool, generator: torch.Generator) -> BatchSource:
    """Endless seeded batches; augmented by crops and flips, of a whole folder's images at several sizes."""
    size = min(batch_size, len(images.labels))
    if isinstance(images, StoredImages):
        change = data.crop_and_flip if augment else None
        return data.Batches(images.images, images.labels, batch_size=size, generator=generator, augment=change)
    return data.StreamedBatches(images, batch_size=size, generator=generator, augment=augment)
