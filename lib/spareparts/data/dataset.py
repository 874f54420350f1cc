"""Image sets as whole tensors with their fingerprint checked."""

from dataclasses import dataclass

import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from .files import SPLITS, check_form
from .sets import check_name, fidelity, fingerprint, in_folders, known_digits, stored


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """One split of a data set: images as stored, labels 0..classes-1, and what identifies the data."""

    name: str
    split: str
    images: UInt8[Tensor, "samples height width *channels"]
    labels: Int[Tensor, " samples"]
    classes: tuple[str, ...]
    fingerprint: str  # sha256 of both splits' arrays, as `digest` computes it, and of one's own set's classes
    fidelity: str  # how the arrays relate to the official files
    coarse_labels: Int[Tensor, " samples"] | None = None  # superclasses, where the set has them (cifar100)


def load(name: str, split: str, *, device: torch.device | str = "cpu") -> Dataset:
    """A split ("train" or "test") of a known set, or of one's own in the same form under `root()`.

    ValueError for an unknown name or split, DataMissing if it has not been fetched, DataCorrupt if it is not the data
    that its fingerprint promises. Nothing is ever downloaded or deleted.
    """
    if in_folders(name):
        raise ValueError(f"{name!r} is a folder of images, which is streamed: take load_folder")
    check_name(name)
    if split not in SPLITS:
        raise ValueError(f'split must be "train" or "test", got {split!r}')
    keys = {"images": f"{split}_images", "labels": f"{split}_labels", "coarse_labels": f"{split}_coarse"}
    arrays, classes = known_digits() if name == "digits" else stored(name, tuple(keys.values()))
    check_form(name, arrays[keys["images"]], arrays[keys["labels"]], len(classes))
    tensors = {field: torch.from_numpy(arrays[key]).to(device) for field, key in keys.items() if key in arrays}
    about = {"classes": classes, "fingerprint": fingerprint(name), "fidelity": fidelity(name)}
    return Dataset(name=name, split=split, **tensors, **about)
