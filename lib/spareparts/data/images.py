"""Image sets as whole tensors with their fingerprint checked; normalised, cropped and flipped on the device."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int, Shaped, UInt8
from torch import Tensor
from torch.nn.functional import pad

from .. import checks
from .batches import generator
from .files import SPLITS
from .sets import GREY, classes, is_folder, stored

Images = Float[Tensor, "batch channels height width"]
Pixels = Shaped[Tensor, "batch channels height width"]  # of any kind of numbers
HELD_OUT = 5_000  # training images, on which alone anything is chosen; a fifth of smaller sets
SHUFFLE_SEED = 10_000  # added to the seed: shuffled labels must not depend on how the images are drawn


class ImagePart(NamedTuple):
    """Images and labels of one part of a set."""

    images: Shaped[Tensor, "samples *shape"]  #: as stored, or what a layer is given of them
    labels: Int[Tensor, " samples"]

    def first(self, count: int | None) -> "ImagePart":
        """The first so many; None: all."""
        return ImagePart(self.images[:count], self.labels[:count])

    def subset(self, rows: Int[Tensor, " chosen"]) -> "ImagePart":
        """The images of those numbers."""
        rows = rows.to(self.labels.device)
        return ImagePart(self.images[rows], self.labels[rows])

    def chunks(self, batch_size: int) -> tuple[Tensor, ...]:
        """All images in order."""
        return self.images.split(batch_size)


def load(name: str, split: str, *, device: torch.device | str = "cpu") -> ImagePart:
    """A split ("train" or "test") of a known set, or of one's own under `root()`, as stored; nothing is downloaded.

    ValueError for an unknown name or split, DataMissing if it is not there, DataCorrupt if its fingerprint is another.
    """
    if is_folder(name):
        raise ValueError(f"{name!r} is a folder of images, which is streamed: take load_folder")
    checks.one_of(SPLITS, split=split)
    arrays = stored(name, [f"{split}_images", f"{split}_labels"])
    return ImagePart(*(torch.from_numpy(array).to(device) for array in arrays.values()))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageSets:
    """What a network is trained, chosen and measured on."""

    train: ImagePart
    validation: ImagePart
    test: ImagePart
    classes: int


@functools.lru_cache(maxsize=2)
def image_sets(
    dataset: str,
    device: str,
    *,
    seed: int,
    first_classes: int | None = None,
    train_samples: int | None = None,
    shuffled_labels: bool = False,
) -> ImageSets:
    """The parts of a set by a seed alone, as floats in [0, 1]; kept for the next run.

    Colour has mean 0 and deviation 1 in each channel of those trained on. ValueError for too many samples.
    """
    train, test = (load(dataset, split, device=device) for split in SPLITS)
    if first_classes is not None:
        train, test = (part.subset((part.labels < first_classes).nonzero()[:, 0]) for part in (train, test))
    held_out = min(HELD_OUT, (count := len(train.labels)) // 5)
    if shuffled_labels:
        shuffle = torch.randperm(count, generator=generator(seed + SHUFFLE_SEED)).to(device)
        train = train._replace(labels=train.labels[shuffle])
    if train_samples is not None and train_samples > count - held_out:
        raise ValueError(f"train_samples must be at most {count - held_out}, got {train_samples}")
    order = torch.randperm(count, generator=generator(seed))
    stop = count if train_samples is None else held_out + train_samples
    parts = {"train": train.subset(order[held_out:stop]), "validation": train.subset(order[:held_out]), "test": test}
    parts = {name: ImagePart(to_float(part.images), part.labels.long()) for name, part in parts.items()}
    if dataset not in GREY:
        moments = channel_statistics(parts["train"].images)
        parts = {name: part._replace(images=normalize(part.images, *moments)) for name, part in parts.items()}
    return ImageSets(**parts, classes=first_classes or len(classes(dataset)))


def stratified(labels: Int[Tensor, " samples"], count: int, *, seed: int) -> Int[Tensor, " chosen"]:
    """Numbers of `count` samples, of every class its share; the first ones where fewer are left out than classes.

    `ValueError` unless there are classes..samples of them.
    """
    from sklearn.model_selection import train_test_split

    least, total = len(labels.unique()), len(labels)
    if not least <= count <= total:
        raise ValueError(f"train_samples must lie in {least}..{total}, got {count}")
    if total - count < least:  # too few to be drawn by their shares
        return torch.arange(count)
    chosen, _ = train_test_split(range(total), train_size=count, stratify=labels.cpu().numpy(), random_state=seed)
    return torch.tensor(chosen)


def to_float(images: UInt8[Tensor, "batch height width *channels"]) -> Images:
    """Images as stored (grey, or three channels last), scaled from 0..255 to [0, 1], channels first."""
    if images.dtype != torch.uint8 or not (images.dim() == 3 or images.shape[3:] == (3,)):
        raise ValueError(f"images must be uint8, (n, h, w) or (n, h, w, 3), got {images.dtype}, {tuple(images.shape)}")
    first = images.unsqueeze(1) if images.dim() == 3 else images.permute(0, 3, 1, 2)
    return first.to(torch.float32, memory_format=torch.contiguous_format).div_(255)


def normalize(images: Images, mean: Sequence[float], std: Sequence[float]) -> Images:
    """(images - mean) / std in every channel; ValueError unless every std is positive."""
    shift, scale = (torch.tensor(value, dtype=images.dtype).reshape(-1, 1, 1) for value in (mean, std))
    if not (scale > 0).all():
        raise ValueError(f"std must be positive, got {std}")
    return (images - shift.to(images.device)) / scale.to(images.device)


def channel_statistics(images: Images) -> tuple[list[float], list[float]]:
    """Mean and deviation of every channel over all images and pixels, as `normalize` takes them."""
    return images.mean((0, 2, 3)).tolist(), images.std((0, 2, 3)).tolist()


def crop_and_flip(images: Pixels, *, padding: int = 4, generator: torch.Generator) -> Pixels:
    """Each image padded with zeros, cropped to its size at a random place, and half of them mirrored left to right.

    The draws come from the generator alone, per image; with one on the images' device the host never waits.
    """
    checks.whole(0, padding=padding)
    batch, channels, height, width = images.shape
    drawn = {"generator": generator, "device": generator.device}
    top, left = torch.randint(2 * padding + 1, (2, batch, 1), **drawn).to(images.device, non_blocking=True)
    flipped = (torch.rand(batch, 1, **drawn) < 0.5).to(images.device, non_blocking=True)
    across = torch.arange(width, device=images.device)
    rows = top + torch.arange(height, device=images.device)
    columns = left + torch.where(flipped, width - 1 - across, across)
    places = rows[:, :, None] * (width + 2 * padding) + columns[:, None, :]
    padded = pad(images, (padding,) * 4).flatten(2)
    return padded.gather(2, places.flatten(1)[:, None].expand(-1, channels, -1)).view_as(images)
